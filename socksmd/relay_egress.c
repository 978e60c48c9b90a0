/*
 * relay_egress.c: takes the datagrams of unicast associations to their REMOTE
 * and back; it runs in the engine, and is its hot path like relay.c.
 *
 * What leaves by one socket is gathered from a burst, whoever it is for, and
 * goes in one system call; what stands side by side of one association is one
 * message where the system can cut it up. Nothing here closes anything.
 */

#include <sys/types.h>
#include <sys/uio.h>

#include <stdint.h>
#include <string.h>

#include "egress.h"
#include "engine.h"
#include "relay_io.h"

#define EVENT_DGRAMS	4096	/* then the other sockets have their turn */

/* Bits of assoc->no_segment, as in relay.c. */
#define NO_SEGMENT_IN	0x01
#define NO_SEGMENT_OUT	0x02

/* Datagrams that leave by one socket, outward or inward. */
struct batch {
	struct sock	*sock;
	int		 outward;
	struct iovec	 payload[IO_BURST];
	struct io_run	 run[IO_BURST];
	int		 n;
	int		 nruns;
};

static struct batch	 out = { .outward = 1 }, in;
static struct dgram	 burst[IO_BURST];

static void
run_account(const struct io_run *r, int outward)
{
	const struct io_dest	*d = &r->dest;
	struct assoc		*a = d->assoc;

	if (outward) {
		a->counters.out_dgrams += d->sent;
		a->counters.out_octets += d->octets;
	} else {
		a->counters.in_dgrams += d->sent;
		a->counters.in_octets += d->octets;
	}
	if (d->no_segment)
		a->no_segment |= outward ? NO_SEGMENT_OUT : NO_SEGMENT_IN;
	a->counters.drops[DROP_SIZE] += d->faults[IO_SIZE];
	a->counters.drops[DROP_BUFFER] += d->faults[IO_BUFFER];
	a->counters.drops[DROP_SYSTEM] += d->faults[IO_SYSTEM];
	if (d->sent > 0)
		assoc_touch(a);
}

static void
batch_flush(struct batch *b)
{
	struct io_path	 path;
	int		 i;

	if (b->n == 0)
		return;
	memset(&path, 0, sizeof(path));
	path.fd = b->sock->fd;
	path.mtu = b->sock->mtu;
	path.family = b->sock->key.addr.af;
	path.hdrlen = b->outward ? 0 : SOCKS_DGRAM_HDR;
	io_send_runs(&path, b->payload, b->run, b->nruns);
	for (i = 0; i < b->nruns; i++)
		run_account(&b->run[i], b->outward);
	b->n = b->nruns = 0;
}

/* P27: inward with the AID, FRAG and DGID 0, to LOCAL; else to REMOTE. */
static void
run_start(struct batch *b, struct assoc *a)
{
	const struct socks_dgram	 header = { .aid = a->aid };
	struct io_run			*r = &b->run[b->nruns++];

	memset(r, 0, sizeof(*r));
	r->first = b->n;
	r->dest.assoc = a;
	r->dest.no_segment = (a->no_segment &
	    (b->outward ? NO_SEGMENT_OUT : NO_SEGMENT_IN)) != 0;
	if (!b->outward) {
		r->dest.to = a->local;
		socks_build_dgram(r->dest.header, &header);
	} else if (b->sock->key.kind != SOCK_DEDICATED || b->sock->key.port == 0)
		r->dest.to = a->remote;
}

static void
batch_add(struct batch *b, struct sock *s, struct assoc *a,
    const struct dgram *d, size_t skip)
{
	if (b->n == IO_BURST || (b->n > 0 && b->sock != s))
		batch_flush(b);
	b->sock = s;
	if (b->nruns == 0 || b->run[b->nruns - 1].dest.assoc != a)
		run_start(b, a);
	/* The kernel only reads from it. */
	b->payload[b->n].iov_base = (void *)(uintptr_t)(d->data + skip);
	b->payload[b->n++].iov_len = d->len - skip;
	b->run[b->nruns - 1].n++;
}

void
egress_send(struct assoc *a, const struct dgram *d)
{
	batch_add(&out, a->send, a, d, SOCKS_DGRAM_HDR);
}

void
egress_flush(void)
{
	batch_flush(&out);
}

/*
 * P25: from exactly REMOTE, and to us: a socket without an address may hear
 * groups that others have joined.
 */
static enum drop
outside_judge(const struct assoc *a, const struct dgram *d)
{
	if (addr_is_multicast(&d->dst))
		return DROP_REMOTE;
	if (a->recv == NULL)
		return DROP_DIRECTION;
	if (d->truncated)
		return DROP_SIZE;
	if (a->relay == NULL || (a->flags & SOCKS_F_TCP))
		return DROP_MODE;		/* TCP: not there yet */
	return a->local.port == 0 ? DROP_UNLEARNT : DROP_MAX;
}

static void
outside_burst(const struct sock *s, int n)
{
	struct assoc	*a;
	enum drop	 why;
	int		 i;

	for (i = 0; i < n; i++) {
		if ((a = egress_find(s, &burst[i].src)) == NULL)
			engine.lost.drops[DROP_REMOTE]++;
		else if ((why = outside_judge(a, &burst[i])) != DROP_MAX)
			a->counters.drops[why]++;
		else
			batch_add(&in, a->relay, a, &burst[i], 0);
	}
	batch_flush(&in);
}

void
relay_egress_event(int fd, short what, void *arg)
{
	int		 n, got, total = 0;

	(void)what;
	do {
		got = io_receive(fd, IO_MESSAGES);
		while ((n = io_next(burst, IO_BURST)) > 0) {
			outside_burst(arg, n);
			total += n;
		}
	} while (got == IO_MESSAGES && total < EVENT_DGRAMS);
}
