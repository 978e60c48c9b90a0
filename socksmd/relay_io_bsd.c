/*
 * relay_io_bsd.c: relay_io.h by one recvmsg(2) and one sendmsg(2) for each
 * datagram, for OpenBSD, FreeBSD and whatever else; it runs in the engine.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#ifdef IP_RECVIF
#include <net/if.h>
#include <net/if_dl.h>
#endif

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "engine.h"
#include "log.h"
#include "relay_io.h"

#define BUFFER_SIZE	65536

/* One datagram at a time, but a burst of them stays valid. */
static struct {
	uint8_t		 buffer[IO_MESSAGES][BUFFER_SIZE];
	struct dgram	 dgram[IO_MESSAGES];
	int		 n;
	int		 at;
} in;

union control {
	struct cmsghdr	 align;
	uint8_t		 buf[256];
};

/* IPv6 is the same everywhere (RFC 3542). */
static void
in_control6(struct dgram *d, struct cmsghdr *c)
{
	struct in6_pktinfo	 info;

	if (c->cmsg_type != IPV6_PKTINFO)
		return;
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	addr_v6(&d->dst, &info.ipi6_addr, info.ipi6_ifindex);
	d->ifindex = info.ipi6_ifindex;
}

#ifdef IP_RECVDSTADDR
static void
in_control4(struct dgram *d, struct cmsghdr *c)
{
	struct sockaddr_dl	 sdl;

	if (c->cmsg_type == IP_RECVDSTADDR)
		addr_v4(&d->dst, CMSG_DATA(c));
	if (c->cmsg_type == IP_RECVIF) {
		memset(&sdl, 0, sizeof(sdl));
		memcpy(&sdl, CMSG_DATA(c), offsetof(struct sockaddr_dl,
		    sdl_index) + sizeof(sdl.sdl_index));
		d->ifindex = sdl.sdl_index;
	}
}
#else
static void
in_control4(struct dgram *d, struct cmsghdr *c)
{
	struct in_pktinfo	 info;

	if (c->cmsg_type != IP_PKTINFO)
		return;
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	addr_v4(&d->dst, &info.ipi_addr);
	d->ifindex = info.ipi_ifindex;
}
#endif

static void
in_describe(struct dgram *d, struct msghdr *h)
{
	struct cmsghdr	*c;

	(void)endpoint_from_sockaddr(&d->src, h->msg_name);
	d->truncated = (h->msg_flags & MSG_TRUNC) != 0;
	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			in_control4(d, c);
		else if (c->cmsg_level == IPPROTO_IPV6)
			in_control6(d, c);
	}
}

/* 0, or -1 if none is there. */
static int
in_one(int fd, struct dgram *d, uint8_t *buffer)
{
	struct sockaddr_storage	 from;
	union control		 control;
	struct iovec		 iov = { buffer, BUFFER_SIZE };
	struct msghdr		 h;
	ssize_t			 len;

	memset(d, 0, sizeof(*d));
	memset(&h, 0, sizeof(h));
	memset(&from, 0, sizeof(from));
	h.msg_name = &from;
	h.msg_namelen = sizeof(from);
	h.msg_iov = &iov;
	h.msg_iovlen = 1;
	h.msg_control = control.buf;
	h.msg_controllen = sizeof(control.buf);
	if ((len = recvmsg(fd, &h, MSG_DONTWAIT)) == -1)
		return -1;
	d->data = buffer;
	d->len = len;
	in_describe(d, &h);
	return 0;
}

int
io_receive(int fd, int max)
{
	static struct log_rate	 rate;

	in.at = 0;
	for (in.n = 0; in.n < max && in.n < IO_MESSAGES; in.n++)
		if (in_one(fd, &in.dgram[in.n], in.buffer[in.n]) == -1)
			break;
	/* Reading an error clears it; the event comes again if there is more. */
	if (in.n == 0 && errno != EAGAIN && !io_transient(errno) &&
	    log_ok(&rate, 3, "receive errors"))
		log_warn("relay: recvmsg");
	return in.n;
}

int
io_next(struct dgram *burst, int max)
{
	int		 n;

	for (n = 0; n < max && in.at < in.n; n++)
		burst[n] = in.dgram[in.at++];
	engine.stat[STAT_RX_DGRAMS] += n;
	return n;
}

static void
control_int(struct msghdr *h, int level, int type, int value)
{
	struct cmsghdr	*c = CMSG_FIRSTHDR(h);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(c), &value, sizeof(value));
	h->msg_controllen = CMSG_SPACE(sizeof(value));
}

/*
 * OpenBSD and FreeBSD have no message for the TTL of one IPv4 datagram; there
 * the parent makes one socket per TTL.
 */
static void
control_ttl(struct msghdr *h, union control *control,
    const struct io_path *path)
{
	h->msg_control = control->buf;
	h->msg_controllen = sizeof(control->buf);
	if (path->ttl != 0 && path->family == ADDR_V6) {
		control_int(h, IPPROTO_IPV6, IPV6_HOPLIMIT, path->ttl);
		return;
	}
#ifndef IP_RECVDSTADDR
	if (path->ttl != 0) {
		control_int(h, IPPROTO_IP, IP_TTL, path->ttl);
		return;
	}
#endif
	h->msg_control = NULL;
	h->msg_controllen = 0;
}

static int
out_one(int fd, const struct msghdr *h)
{
	int		 tries = 0;

	do {
		engine.stat[STAT_TX_CALLS]++;
		if (sendmsg(fd, h, MSG_DONTWAIT) != -1)
			return 0;
	} while (io_transient(errno) && tries++ < 2);
	return -1;
}

static void
out_dest(const struct io_path *path, const struct iovec *payload, int n,
    struct io_dest *d)
{
	struct sockaddr_storage	 to;
	union control		 control;
	struct iovec		 iov[2];
	struct msghdr		 h;
	int			 i;

	memset(&h, 0, sizeof(h));
	h.msg_namelen = endpoint_to_sockaddr(&d->to, &to);
	h.msg_name = h.msg_namelen != 0 ? &to : NULL;
	h.msg_iov = path->hdrlen != 0 ? iov : iov + 1;
	h.msg_iovlen = path->hdrlen != 0 ? 2 : 1;
	control_ttl(&h, &control, path);
	iov[0].iov_base = d->header;
	iov[0].iov_len = path->hdrlen;
	for (i = 0; i < n; i++) {
		if (io_too_long(path, &payload[i]))
			continue;
		iov[1] = payload[i];
		if (out_one(path->fd, &h) == -1)
			io_failed(d, 1, errno);
		else
			io_sent(d, &payload[i], 1);
	}
}

void
io_send(const struct io_path *path, const struct iovec *payload, int n,
    struct io_dest *dest, int ndest)
{
	int		 i;

	for (i = 0; i < ndest; i++)
		out_dest(path, payload, n, &dest[i]);
	io_count_too_long(path, payload, n, dest, ndest);
}

void
io_send_runs(const struct io_path *path, const struct iovec *payload,
    struct io_run *run, int nruns)
{
	int		 i;

	for (i = 0; i < nruns; i++)
		io_send(path, payload + run[i].first, run[i].n, &run[i].dest,
		    1);
}

/* Only netstat(1) knows. */
uint32_t
io_kernel_drops(int fd)
{
	(void)fd;
	return 0;
}
