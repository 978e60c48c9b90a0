/*
 * dgram.c: the load generator's datagrams: bursts in one call, and counting
 * what comes without looking at it.
 *
 * A burst leaves as one message that the kernel cuts (UDP_SEGMENT), so that it
 * also arrives as a burst and what is measured does not hang on how two cores
 * happen to overtake each other.
 */

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/udp.h>
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <string.h>

#include "load.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define TAKE	64		/* datagrams, and sockets, at a time */

union control {
	struct cmsghdr	 align;
	uint8_t		 buf[CMSG_SPACE(sizeof(struct in_pktinfo)) +
			    CMSG_SPACE(sizeof(uint16_t))];
};

static void
control_add(struct msghdr *h, int level, int type, const void *data,
    size_t len)
{
	struct cmsghdr	*c = (struct cmsghdr *)((uint8_t *)h->msg_control +
			    h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	h->msg_controllen += CMSG_SPACE(len);
}

void
burst_aid(struct burst *b, uint32_t aid)
{
	const struct socks_dgram	 header = { .aid = aid };

	socks_build_dgram(b->header, &header);
	b->hdrlen = SOCKS_DGRAM_HDR;
}

/* Header and payload, as often as the burst is long. */
static size_t
burst_fill(const struct burst *b, uint8_t *buf)
{
	size_t	 at = 0;
	int	 i;

	for (i = 0; i < b->n; i++) {
		memcpy(buf + at, b->header, b->hdrlen);
		at += b->hdrlen + PAYLOAD;
	}
	return at;
}

void
dgram_send(const struct burst *b)
{
	static uint8_t		 buf[SEGMENTS * (HEADER_MAX + PAYLOAD)];
	struct iovec		 iov = { buf, burst_fill(b, buf) };
	struct in_pktinfo	 from;
	struct msghdr		 h;
	union control		 control;
	uint16_t		 segment = iov.iov_len / b->n;

	memset(&h, 0, sizeof(h));
	memset(&control, 0, sizeof(control));
	h.msg_name = (void *)(uintptr_t)&b->to;
	h.msg_namelen = sizeof(b->to);
	h.msg_iov = &iov;
	h.msg_iovlen = 1;
	h.msg_control = control.buf;
	if (b->n > 1)
		control_add(&h, IPPROTO_UDP, UDP_SEGMENT, &segment,
		    sizeof(segment));
	if (b->from.s_addr != INADDR_ANY) {
		memset(&from, 0, sizeof(from));
		from.ipi_spec_dst = b->from;
		control_add(&h, IPPROTO_IP, IP_PKTINFO, &from, sizeof(from));
	}
	if (h.msg_controllen == 0)
		h.msg_control = NULL;
	if (sendmsg(b->fd, &h, 0) == -1)
		err(1, "sendmsg");
}

/* One octet of each: the rest needs not be copied. */
int
dgram_take(int fd)
{
	static struct mmsghdr	 msg[TAKE];
	static struct iovec	 iov;
	static uint8_t		 octet;
	int			 i, n;

	iov.iov_base = &octet;
	iov.iov_len = 1;
	for (i = 0; i < TAKE; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, msg, TAKE, MSG_DONTWAIT, NULL);
	if (n == -1 && errno != EAGAIN)
		err(1, "recvmmsg");
	return n == -1 ? 0 : n;
}

int
dgram_epoll(const int *fds, int n)
{
	struct epoll_event	 ev;
	int			 i, ep;

	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	for (i = 0; i < n; i++) {
		ev.events = EPOLLIN;
		ev.data.fd = fds[i];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev) == -1)
			err(1, "epoll_ctl");
	}
	return ep;
}

int
dgram_ready(int ep)
{
	struct epoll_event	 ev;

	return epoll_wait(ep, &ev, 1, GRACE) == 1;
}

int
dgram_await(int ep, int want)
{
	struct epoll_event	 ev[TAKE];
	int			 i, n, got = 0;

	while (got < want) {
		n = epoll_wait(ep, ev, TAKE, GRACE);
		if (n == -1 && errno != EINTR)
			err(1, "epoll_wait");
		if (n == 0)
			break;
		for (i = 0; i < n; i++)
			got += dgram_take(ev[i].data.fd);
	}
	return got;
}
