/*
 * relay_io_linux.c: relay_io.h by recvmmsg(2) with UDP_GRO and sendmmsg(2)
 * with UDP_SEGMENT; it runs in the engine.
 *
 * Fan-out is transposed: not each datagram to all receivers, but all datagrams
 * of a burst to each receiver, as one message that the kernel cuts into
 * datagrams after a single walk through the stack (performance.md).
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <linux/sock_diag.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "engine.h"
#include "log.h"
#include "relay_io.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

#define MAX_SEGMENTS	64		/* UDP_MAX_SEGMENTS of old kernels */

/*
 * No datagram, nor what UDP_GRO makes of many, exceeds 65,535 octets. Without
 * the octets beyond, the first lines of all buffers would share a cache set.
 */
#define BUFFER_SIZE	(65536 + 1344)

/* One receive's worth of messages, and how far io_next() is. */
static struct {
	struct mmsghdr		 msg[IO_MESSAGES];
	struct iovec		 iov[IO_MESSAGES];
	struct sockaddr_storage	 from[IO_MESSAGES];
	union {
		struct cmsghdr	 align;
		uint8_t		 buf[128];
	} control[IO_MESSAGES];
	uint8_t			 buffer[IO_MESSAGES][BUFFER_SIZE];
	int			 n;
	int			 at;		/* message being cut up */
	int			 open;		/* next is valid for it */
	size_t			 offset;
	size_t			 segment;	/* size of its datagrams */
	struct dgram		 next;
} in;

union out_control {
	struct cmsghdr	 align;
	uint8_t		 buf[CMSG_SPACE(sizeof(int)) +
			    CMSG_SPACE(sizeof(uint16_t))];
};

/* Consecutive payloads that can go as one message. */
struct chunk {
	int			 first;
	int			 n;
	size_t			 controllen;
	union out_control	 control;	/* TTL, UDP_SEGMENT */
};

/* The plan for a burst: the same for all of its destinations. */
static struct {
	struct chunk		 chunk[IO_BURST];
	int			 nchunk;
	struct chunk		 plain;		/* control of a single one */
	const struct io_path	*path;
	const struct iovec	*payload;
} plan;

/* Messages on their way to sendmmsg(2). */
static struct {
	struct mmsghdr		 msg[IO_MESSAGES];
	struct slot {
		struct io_dest	*dest;
		int		 first;		/* payload */
		int		 n;
	} slot[IO_MESSAGES];
	struct sockaddr_storage	 to[IO_MESSAGES];
	struct iovec		 iov[IO_MESSAGES * MAX_SEGMENTS];
	int			 n;
	int			 niov;
	struct sockaddr_storage	*to_last;	/* of dest_last, or NULL */
	socklen_t		 tolen_last;
	struct io_dest		*dest_last;
} out;

#define OUT_IOV		(int)(sizeof(out.iov) / sizeof(out.iov[0]))

static void
in_prepare(int max)
{
	struct msghdr	*h;
	int		 i;

	for (i = 0; i < max; i++) {
		in.iov[i].iov_base = in.buffer[i];
		in.iov[i].iov_len = sizeof(in.buffer[i]);
		h = &in.msg[i].msg_hdr;
		h->msg_name = &in.from[i];
		h->msg_namelen = sizeof(in.from[i]);
		h->msg_iov = &in.iov[i];
		h->msg_iovlen = 1;
		h->msg_control = in.control[i].buf;
		h->msg_controllen = sizeof(in.control[i].buf);
		h->msg_flags = 0;
	}
}

int
io_receive(int fd, int max)
{
	static struct log_rate	 rate;

	if (max > IO_MESSAGES)
		max = IO_MESSAGES;
	in_prepare(max);
	in.at = in.open = 0;
	in.n = recvmmsg(fd, in.msg, max, MSG_DONTWAIT, NULL);
	if (in.n >= 0)
		return in.n;
	in.n = 0;
	/* Reading an error clears it; the event comes again if there is more. */
	if (errno != EAGAIN && !io_transient(errno) &&
	    log_ok(&rate, 3, "receive errors"))
		log_warn("relay: recvmmsg");
	return 0;
}

/* What the kernel says beside a message: where it went, how it is cut. */
static void
in_control(struct cmsghdr *c)
{
	struct in_pktinfo	 v4;
	struct in6_pktinfo	 v6;
	int			 size;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&v4, CMSG_DATA(c), sizeof(v4));
		addr_v4(&in.next.dst, &v4.ipi_addr);
		in.next.ifindex = v4.ipi_ifindex;
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
	    c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&v6, CMSG_DATA(c), sizeof(v6));
		addr_v6(&in.next.dst, &v6.ipi6_addr, v6.ipi6_ifindex);
		in.next.ifindex = v6.ipi6_ifindex;
	} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		if (size > 0)
			in.segment = size;
	}
}

static void
in_open(void)
{
	struct msghdr	*h = &in.msg[in.at].msg_hdr;
	struct cmsghdr	*c;

	memset(&in.next, 0, sizeof(in.next));
	(void)endpoint_from_sockaddr(&in.next.src, h->msg_name);
	in.next.truncated = (h->msg_flags & MSG_TRUNC) != 0;
	in.segment = in.msg[in.at].msg_len;
	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c))
		in_control(c);
	in.offset = 0;
	in.open = 1;
}

int
io_next(struct dgram *burst, int max)
{
	size_t		 left;
	int		 n;

	for (n = 0; n < max && in.at < in.n; n++) {
		if (!in.open)
			in_open();
		left = in.msg[in.at].msg_len - in.offset;
		in.next.data = in.buffer[in.at] + in.offset;
		in.next.len = left < in.segment ? left : in.segment;
		in.offset += in.next.len;
		burst[n] = in.next;
		/* An empty message is one empty datagram. */
		if (in.offset >= in.msg[in.at].msg_len) {
			in.at++;
			in.open = 0;
		}
	}
	engine.stat[STAT_RX_DGRAMS] += n;
	return n;
}

/* How many of n payloads can be one message: equal ones, the last shorter. */
static int
run_length(const struct io_path *path, const struct iovec *p, int n)
{
	size_t		 mtu = path->mtu != 0 ? path->mtu : 1500;
	size_t		 ip = path->family == ADDR_V6 ? 48 : 28;
	size_t		 size = p[0].iov_len + path->hdrlen;
	size_t		 total = size, len;
	int		 k;

	if (size == 0 || size + ip > mtu)
		return 1;
	for (k = 1; k < n && k < MAX_SEGMENTS; k++) {
		len = p[k].iov_len + path->hdrlen;
		if (len == 0 || len > size || total + len > IO_PAYLOAD_MAX)
			break;
		total += len;
		if (len < size)
			return k + 1;
	}
	return k;
}

static void
control_add(struct chunk *c, int level, int type, const void *data, size_t len)
{
	struct cmsghdr	*m = (struct cmsghdr *)(c->control.buf +
			    c->controllen);

	m->cmsg_level = level;
	m->cmsg_type = type;
	m->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(m), data, len);
	c->controllen += CMSG_SPACE(len);
}

/* segment 0: the message is one datagram. */
static void
control_set(struct chunk *c, const struct io_path *path, size_t segment)
{
	uint16_t	 size = segment;
	int		 ttl = path->ttl;

	c->controllen = 0;
	if (ttl != 0 && path->family == ADDR_V6)
		control_add(c, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	else if (ttl != 0)
		control_add(c, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (segment != 0)
		control_add(c, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
}

static void
plan_begin(const struct io_path *path, const struct iovec *payload)
{
	plan.path = path;
	plan.payload = payload;
	plan.nchunk = 0;
	control_set(&plan.plain, path, 0);
}

static void
plan_add(int first, int n)
{
	const struct iovec	*p = plan.payload;
	struct chunk		*c;
	int			 i;

	for (i = first; i < first + n; i += c->n) {
		c = &plan.chunk[plan.nchunk];
		c->first = i;
		c->n = 1;
		if (io_too_long(plan.path, &p[i]))
			continue;
		c->n = run_length(plan.path, p + i, first + n - i);
		control_set(c, plan.path, c->n > 1 ?
		    p[i].iov_len + plan.path->hdrlen : 0);
		plan.nchunk++;
	}
}

/* The datagrams of a message the kernel would not cut up, one by one. */
static void
out_plain(int i)
{
	struct slot	*s = &out.slot[i];
	struct msghdr	 h = out.msg[i].msg_hdr;
	int		 k, each = h.msg_iovlen / s->n;

	h.msg_iovlen = each;
	h.msg_control = plan.plain.control.buf;
	h.msg_controllen = plan.plain.controllen;
	for (k = 0; k < s->n; k++, h.msg_iov += each) {
		engine.stat[STAT_TX_CALLS]++;
		if (sendmsg(plan.path->fd, &h, MSG_DONTWAIT) == -1) {
			io_failed(s->dest, 1, errno);
			continue;
		}
		io_sent(s->dest, plan.payload + s->first + k, 1);
		s->dest->no_segment = 1;	/* it was the cutting */
	}
}

static void
out_sent(int i)
{
	struct slot	*s = &out.slot[i];

	io_sent(s->dest, plan.payload + s->first, s->n);
	if (s->n > 1)
		engine.stat[STAT_TX_SEGMENTED] += s->n;
}

static void
out_failed(int i, int error)
{
	struct slot	*s = &out.slot[i];

	if (s->n > 1 &&
	    (error == EMSGSIZE || error == EINVAL || error == EIO))
		out_plain(i);
	else
		io_failed(s->dest, s->n, error);
}

/*
 * sendmmsg(2) stops at the first message that fails and tells why only if
 * that is the first of all: so go on there, and step over it.
 */
static void
out_flush(void)
{
	int		 done = 0, tries = 0, n;

	while (done < out.n) {
		n = sendmmsg(plan.path->fd, out.msg + done, out.n - done,
		    MSG_DONTWAIT);
		engine.stat[STAT_TX_CALLS]++;
		if (n == -1 && io_transient(errno) && tries++ < 2)
			continue;
		tries = 0;
		if (n <= 0)
			out_failed(done++, n == -1 ? errno : EIO);
		for (; n > 0; n--)
			out_sent(done++);
	}
	out.n = out.niov = 0;
	out.dest_last = NULL;
}

static void
out_address(struct io_dest *d)
{
	if (out.dest_last == d)
		return;
	out.dest_last = d;
	out.to_last = &out.to[out.n];
	out.tolen_last = endpoint_to_sockaddr(&d->to, out.to_last);
}

/* One message: payloads first to first + n - 1, each behind its header. */
static void
out_add(struct io_dest *d, const struct chunk *control, int first, int n)
{
	struct msghdr	*h;
	struct iovec	*iov;
	int		 i;

	if (out.n == IO_MESSAGES || out.niov + 2 * n > OUT_IOV)
		out_flush();
	out_address(d);
	iov = out.iov + out.niov;
	for (i = first; i < first + n; i++) {
		if (plan.path->hdrlen != 0) {
			iov->iov_base = d->header;
			iov++->iov_len = plan.path->hdrlen;
		}
		*iov++ = plan.payload[i];
	}
	h = &out.msg[out.n].msg_hdr;
	h->msg_name = out.tolen_last != 0 ? out.to_last : NULL;
	h->msg_namelen = out.tolen_last;
	h->msg_iov = out.iov + out.niov;
	h->msg_iovlen = iov - h->msg_iov;
	h->msg_control = control->controllen != 0 ?
	    (void *)(uintptr_t)control->control.buf : NULL;
	h->msg_controllen = control->controllen;
	out.slot[out.n++] = (struct slot){ d, first, n };
	out.niov = iov - out.iov;
}

/* The chunks from the given one on. */
static void
out_dest(struct io_dest *d, int from)
{
	const struct chunk	*c;
	int			 k;

	for (c = plan.chunk + from; c < plan.chunk + plan.nchunk; c++) {
		if (c->n == 1 || !d->no_segment) {
			out_add(d, c, c->first, c->n);
			continue;
		}
		for (k = 0; k < c->n; k++)
			out_add(d, &plan.plain, c->first + k, 1);
	}
}

void
io_send(const struct io_path *path, const struct iovec *payload, int n,
    struct io_dest *dest, int ndest)
{
	int		 i;

	plan_begin(path, payload);
	plan_add(0, n);
	for (i = 0; i < ndest; i++)
		out_dest(&dest[i], 0);
	out_flush();
	io_count_too_long(path, payload, n, dest, ndest);
}

void
io_send_runs(const struct io_path *path, const struct iovec *payload,
    struct io_run *run, int nruns)
{
	int		 i, from;

	plan_begin(path, payload);
	for (i = 0; i < nruns; i++) {
		from = plan.nchunk;
		plan_add(run[i].first, run[i].n);
		out_dest(&run[i].dest, from);
	}
	out_flush();
	for (i = 0; i < nruns; i++)
		io_count_too_long(path, payload + run[i].first, run[i].n,
		    &run[i].dest, 1);
}

uint32_t
io_kernel_drops(int fd)
{
	uint32_t	 info[SK_MEMINFO_VARS];
	socklen_t	 len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == -1 ||
	    len < (SK_MEMINFO_DROPS + 1) * sizeof(info[0]))
		return 0;
	return info[SK_MEMINFO_DROPS];
}
