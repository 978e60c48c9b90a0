/*
 * relay.c: takes datagrams from the clients to their group and from a group
 * to its receivers; it runs in the engine, and is its hot path.
 *
 * Nothing here closes an association, a group or a socket, and nothing it
 * calls does: so pointers to them hold for the whole of an event. No
 * allocation, log line or message is made for a datagram, but for sources that
 * policy has still to judge (source.c).
 */

#include <sys/types.h>
#include <sys/uio.h>

#include <stdint.h>
#include <string.h>

#include "echo.h"
#include "egress.h"
#include "engine.h"
#include "group.h"
#include "relay_io.h"
#include "source.h"

/*
 * One socket may not keep the others waiting: an event ends after so many
 * deliveries, and the more receivers there are, the smaller a burst is.
 */
#define DELIVERIES	8192	/* about 10 ms */
#define BURST_MIN	16	/* UDP_SEGMENT has paid by then */

#define FANS		4	/* relay sockets served side by side */

/* Bits of assoc->no_segment. */
#define NO_SEGMENT_IN	0x01
#define NO_SEGMENT_OUT	0x02

/* Consecutive datagrams that go the same way. */
struct run {
	struct assoc	*assoc;		/* who sent them; NULL: outside */
	struct iovec	 payload[IO_BURST];
	int		 n;
};

/* Receivers of one burst that are served from the same relay socket. */
struct fan {
	struct sock	*relay;
	struct io_dest	 dest[IO_DESTS];
	int		 n;
};

static struct dgram	 burst[IO_BURST];
static struct fan	 fans[FANS];

/* How much one event may do, learnt from the last one of its kind. */
struct budget {
	uint32_t	 width;		/* receivers of a datagram, at most */
	uint32_t	 per_message;	/* datagrams, by UDP_GRO */
	uint32_t	 done;		/* deliveries of this event */
};
static struct budget	 inside;

void
relay_init(void)
{
	echo_init();
}

/* Messages to receive at a time. */
static int
budget_messages(const struct budget *b)
{
	uint32_t	 n = DELIVERIES / (b->width + 1);

	if (n > IO_MESSAGES)
		n = IO_MESSAGES;
	if (n < BURST_MIN)
		n = BURST_MIN;
	return b->per_message > 1 ? (n + b->per_message - 1) / b->per_message :
	    n;
}

/* So many messages held so many datagrams; 1: enough for this event. */
static int
budget_spent(struct budget *b, int messages, int dgrams)
{
	if (messages == 0)
		return 1;
	b->per_message = dgrams / messages;
	b->done += dgrams * (b->width + 1);
	return b->done >= DELIVERIES;
}

static void
run_add(struct run *r, const struct dgram *d, size_t skip)
{
	/* The kernel only reads from it. */
	r->payload[r->n].iov_base = (void *)(uintptr_t)(d->data + skip);
	r->payload[r->n].iov_len = d->len - skip;
	r->n++;
}

static void
dest_account(const struct io_dest *d, struct assoc *a)
{
	a->counters.drops[DROP_SIZE] += d->faults[IO_SIZE];
	a->counters.drops[DROP_BUFFER] += d->faults[IO_BUFFER];
	a->counters.drops[DROP_SYSTEM] += d->faults[IO_SYSTEM];
	if (d->sent > 0)
		assoc_touch(a);
}

/*
 * To receivers.
 */

static void
fan_flush(struct fan *f, const struct iovec *payload, int n)
{
	const struct io_path	 path = {
		.fd = f->relay->fd,
		.mtu = f->relay->mtu,
		.family = f->relay->key.addr.af,
		.hdrlen = SOCKS_DGRAM_HDR
	};
	struct assoc		*a;
	int			 i;

	io_send(&path, payload, n, f->dest, f->n);
	for (i = 0; i < f->n; i++) {
		a = f->dest[i].assoc;
		a->counters.in_dgrams += f->dest[i].sent;
		a->counters.in_octets += f->dest[i].octets;
		if (f->dest[i].no_segment)
			a->no_segment |= NO_SEGMENT_IN;
		dest_account(&f->dest[i], a);
	}
	f->n = 0;
}

/* The fan of a relay socket; the last one makes room where there is none. */
static struct fan *
fan_find(struct sock *relay, const struct iovec *payload, int n)
{
	struct fan	*f;

	for (f = fans; f < fans + FANS; f++) {
		if (f->n > 0 && f->relay != relay)
			continue;
		if (f->n == IO_DESTS)
			fan_flush(f, payload, n);
		f->relay = relay;
		return f;
	}
	fan_flush(--f, payload, n);
	f->relay = relay;
	return f;
}

/* P27: from the LOCAL of the reply, with the receiver's AID, FRAG, DGID 0. */
static void
fan_add(struct fan *f, struct assoc *a)
{
	const struct socks_dgram	 header = { .aid = a->aid };
	struct io_dest			*d = &f->dest[f->n++];

	memset(d, 0, sizeof(*d));
	d->to = a->local;
	d->assoc = a;
	d->no_segment = (a->no_segment & NO_SEGMENT_IN) != 0;
	socks_build_dgram(d->header, &header);
}

/* MM-mode and TCP encapsulation have other ways, not there yet. */
static int
receiver_ready(struct assoc *a, int n)
{
	if (a->relay == NULL || (a->flags & (SOCKS_F_TCP | SOCKS_F_MM))) {
		a->counters.drops[DROP_MODE] += n;
		return 0;
	}
	if (a->local.port == 0) {		/* P20 */
		a->counters.drops[DROP_UNLEARNT] += n;
		return 0;
	}
	return 1;
}

void
relay_deliver(struct group *g, const struct iovec *payload, int n,
    const struct assoc *but)
{
	struct assoc	*a;
	struct fan	*f;
	uint32_t	 i;

	if (n == 0)
		return;
	for (i = 0; i < g->n; i++) {
		a = g->receivers[i];
		if (a != but && receiver_ready(a, n))
			fan_add(fan_find(a->relay, payload, n), a);
	}
	for (f = fans; f < fans + FANS; f++)
		if (f->n > 0)
			fan_flush(f, payload, n);
}

/*
 * From clients.
 */

static void
inside_drop(struct assoc *a, enum drop why)
{
	if (a != NULL)
		a->counters.drops[why]++;
	else
		engine.lost.drops[why]++;
}

/* P26, in its order; fragments (P28) are not taken yet. */
static enum drop
inside_judge(const struct sock *s, struct assoc *a, const struct socks_dgram *h,
    const struct dgram *d)
{
	if (h->rsv != 0)
		return DROP_RSV;
	if (h->frag != 0)
		return DROP_FRAG;
	if (a == NULL)
		return DROP_AID;
	/* Before the port is learnt: a datagram does not teach these. */
	if (a->flags & (SOCKS_F_TCP | SOCKS_F_MM))
		return DROP_MODE;
	if (a->relay != s || (d->dst.af != ADDR_NONE &&
	    !addr_is_any(&s->bound.addr) && !addr_eq(&d->dst, &s->bound.addr)))
		return DROP_SOURCE;
	if (assoc_learn(a, &d->src) == -1)
		return DROP_SOURCE;
	if (a->send == NULL || !(a->flags & SOCKS_F_SEND))
		return DROP_DIRECTION;
	return d->truncated ? DROP_SIZE : DROP_MAX;
}

/* Whose it is, or NULL where it is dropped. */
static struct assoc *
inside_check(const struct sock *s, const struct dgram *d)
{
	struct socks_dgram	 h;
	struct assoc		*a;
	enum drop		 why;

	if (socks_parse_dgram(d->data, d->len, &h) == -1) {
		inside_drop(NULL, DROP_SHORT);
		return NULL;
	}
	a = assoc_find(h.aid);
	if ((why = inside_judge(s, a, &h, d)) == DROP_MAX)
		return a;
	inside_drop(a, why);
	return NULL;
}

/* P37: with the association's TTL. */
static void
run_to_group(struct run *r)
{
	struct assoc		*a = r->assoc;
	const struct io_path	 path = {
		.fd = a->send->fd,
		.mtu = a->send->mtu,
		.family = a->remote.addr.af,
		.ttl = a->ttl
	};
	struct io_dest		 d;

	memset(&d, 0, sizeof(d));
	d.to = a->remote;
	d.no_segment = (a->no_segment & NO_SEGMENT_OUT) != 0;
	io_send(&path, r->payload, r->n, &d, 1);
	a->counters.out_dgrams += d.sent;
	a->counters.out_octets += d.octets;
	if (d.no_segment)
		a->no_segment |= NO_SEGMENT_OUT;
	dest_account(&d, a);
}

/* P40: known again should another relay send it back. */
static void
run_remember(const struct run *r, struct group *g, long long now)
{
	const struct iovec	*p;

	for (p = r->payload; p < r->payload + r->n; p++) {
		g->counters.out_dgrams++;
		g->counters.out_octets += p->iov_len;
		if (p->iov_len >= ECHO_MIN)
			echo_remember(&g->echo, echo_hash(p->iov_base,
			    p->iov_len), now);
	}
}

/* P37: also to every other receiver of the group, never to the sender. */
static void
run_send(struct run *r)
{
	struct group	*g;
	long long	 now;

	if (r->n == 0)
		return;
	run_to_group(r);
	g = group_first(&r->assoc->remote, r->assoc->send->key.ifindex);
	now = g != NULL ? engine_now() : 0;
	for (; g != NULL; g = group_next(g)) {
		run_remember(r, g, now);
		relay_deliver(g, r->payload, r->n, r->assoc);
		if (g->n > inside.width)
			inside.width = g->n;
	}
	r->n = 0;
}

static void
inside_burst(const struct sock *s, int n)
{
	struct run	 r;
	struct assoc	*a;
	int		 i;

	r.n = 0;
	for (i = 0; i < n; i++) {
		if ((a = inside_check(s, &burst[i])) == NULL)
			continue;
		if (!(a->flags & SOCKS_F_MULTICAST)) {
			egress_send(a, &burst[i]);
			continue;
		}
		if (r.n > 0 && r.assoc != a)
			run_send(&r);
		r.assoc = a;
		run_add(&r, &burst[i], SOCKS_DGRAM_HDR);
	}
	run_send(&r);
	egress_flush();
}

void
relay_inside_event(int fd, short what, void *arg)
{
	int		 n, total, got, max;

	(void)what;
	max = budget_messages(&inside);
	inside.width = inside.done = 0;
	do {
		got = io_receive(fd, max);
		for (total = 0; (n = io_next(burst, IO_BURST)) > 0; total += n)
			inside_burst(arg, n);
	} while (!budget_spent(&inside, got, total) && got == max);
}

/*
 * From outside.
 */

/* P40, P41: the interface and destination are its group's. */
static int
outside_is_ours(const struct sock_key *k, const struct dgram *d)
{
	return d->ifindex == k->ifindex && d->dst.af == k->addr.af &&
	    memcmp(d->dst.b, k->addr.b, sizeof(k->addr.b)) == 0;
}

/* engine_own_addr(), asked once for each row of datagrams from one source. */
static int
outside_is_self(const struct addr *src)
{
	static struct addr	 last;
	static uint32_t		 generation;
	static int		 own;

	if (generation != engine.generation || !addr_eq(src, &last)) {
		generation = engine.generation;
		last = *src;
		own = engine_own_addr(src);
	}
	return own;
}

/* 1: to be delivered now. */
static int
outside_check(struct group *g, const struct dgram *d, long long now)
{
	const struct sock_key	*k = &g->sock->key;
	const struct iovec	 payload = { (void *)(uintptr_t)d->data,
				    d->len };
	struct endpoint		 ep;
	enum drop		 why;

	if (!outside_is_ours(k, d))
		why = DROP_GROUP;
	else if (d->truncated)
		why = DROP_SIZE;
	else if (outside_is_self(&d->src.addr))
		why = DROP_SELF;
	else if (k->source.af != ADDR_NONE && !addr_eq(&k->source,
	    &d->src.addr))
		why = DROP_BLOCKED;	/* not every system filters */
	else {
		ep = group_endpoint(g);
		if (!echo_heard(g->echo, &ep, &d->src.addr, &payload, now))
			return source_judge(g, d, now);
		why = DROP_ECHO;
	}
	group_drop(g, why, 1);
	return 0;
}

static void
outside_burst(struct group *g, int n, long long now)
{
	struct run	 r;
	int		 i;

	r.n = 0;
	for (i = 0; i < n; i++)
		if (outside_check(g, &burst[i], now)) {
			run_add(&r, &burst[i], 0);
			g->counters.in_octets += burst[i].len;
		}
	g->counters.in_dgrams += r.n;
	relay_deliver(g, r.payload, r.n, NULL);
}

/* A socket that lost its last receiver is emptied until it is closed. */
void
relay_group_event(int fd, short what, void *arg)
{
	struct sock	*s = arg;
	struct group	*g = s->group;
	struct budget	 b = { g->n, g->per_message, 0 };
	long long	 now = engine_now();
	int		 n, total, got, max = budget_messages(&b);

	(void)what;
	do {
		got = io_receive(fd, max);
		for (total = 0; (n = io_next(burst, IO_BURST)) > 0; total += n)
			if (g->n > 0)
				outside_burst(g, n, now);
	} while (!budget_spent(&b, got, total) && got == max);
	g->per_message = b.per_message;
}
