/*
 * stub.c: the bare programs' beginning, and their datagrams: recvmmsg(2) with
 * UDP_GRO, sendmmsg(2) with UDP_SEGMENT; each runs in place of the daemon.
 */

#include <netinet/udp.h>
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#ifndef UDP_GRO
#define UDP_GRO		104
#endif

#define BUFFER		(65536 + 1344)

static const struct stub {
	const char	*name;
	int		 nargs;
	const char	*args;
	void		(*run)(char **);
} stubs[] = {
	{ "fanout", 6, "group port interface to base receivers",
	    stub_fanout },
	{ "unicast", 7, "relay port egress egress-port far-port client-port "
	    "associations", stub_unicast },
	{ "stream", 2, "address port", stub_stream },
};

union control {
	struct cmsghdr	 align;
	uint8_t		 buf[CMSG_SPACE(sizeof(int))];
};

static struct {
	struct mmsghdr		 msg[MESSAGES];
	struct iovec		 iov[MESSAGES];
	union control		 control[MESSAGES];
	struct sockaddr_in	 from[MESSAGES];
	uint8_t			 buf[MESSAGES][BUFFER];
} in;

static struct {
	struct mmsghdr		 msg[MESSAGES];
	struct iovec		 iov[MESSAGES * SEGMENTS * 2];
	union control		 control[MESSAGES];
	struct sockaddr_in	 to[MESSAGES];
	int			 fd, n, niov;
} out;

struct sockaddr_in
stub_addr(const char *addr, const char *port)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(stub_port(port));
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		errx(1, "%s: no IPv4 address", addr);
	return sin;
}

uint16_t
stub_port(const char *text)
{
	int	 port = atoi(text);

	if (port < 1 || port > 65535)
		errx(1, "%s: no port", text);
	return port;
}

int
stub_udp(const struct sockaddr_in *sin)
{
	int	 fd, on = 1, size = 4 << 20;

	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) == -1 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == -1 ||
	    bind(fd, (const struct sockaddr *)sin, sizeof(*sin)) == -1)
		err(1, "socket for port %u", ntohs(sin->sin_port));
	return fd;
}

static void
stub_read(struct message *m, int i)
{
	struct msghdr	*h = &in.msg[i].msg_hdr;
	struct cmsghdr	*c;
	int		 size;

	m->from = in.from[i];
	m->data = in.buf[i];
	m->len = m->segment = in.msg[i].msg_len;
	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			m->segment = size;
		}
}

int
stub_receive(int fd, struct message *m)
{
	struct msghdr	*h;
	int		 i, n;

	for (i = 0; i < MESSAGES; i++) {
		in.iov[i] = (struct iovec){ in.buf[i], BUFFER };
		h = &in.msg[i].msg_hdr;
		h->msg_name = &in.from[i];
		h->msg_namelen = sizeof(in.from[i]);
		h->msg_iov = &in.iov[i];
		h->msg_iovlen = 1;
		h->msg_control = in.control[i].buf;
		h->msg_controllen = sizeof(in.control[i].buf);
	}
	if ((n = recvmmsg(fd, in.msg, MESSAGES, MSG_WAITFORONE, NULL)) == -1)
		err(1, "recvmmsg");
	for (i = 0; i < n; i++)
		stub_read(&m[i], i);
	return n;
}

void
stub_begin(int fd)
{
	out.fd = fd;
	out.n = out.niov = 0;
}

/* Several segments are one size, told by the first; one needs not be cut. */
static void
stub_cut(int i)
{
	struct msghdr	*h = &out.msg[i].msg_hdr;
	struct cmsghdr	*c = &out.control[i].align;
	uint16_t	 size = h->msg_iov[0].iov_len;

	if (size == HEADER)
		size += h->msg_iov[1].iov_len;
	h->msg_control = c;
	h->msg_controllen = CMSG_SPACE(sizeof(size));
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
}

void
stub_flush(void)
{
	struct msghdr	*h;
	int		 i, n, done = 0;

	for (i = 0; i < out.n; i++) {
		h = &out.msg[i].msg_hdr;
		if (h->msg_iovlen > 2 || (h->msg_iovlen == 2 &&
		    h->msg_iov[0].iov_len != HEADER))
			stub_cut(i);
	}
	while (done < out.n) {
		n = sendmmsg(out.fd, out.msg + done, out.n - done, 0);
		if (n == -1 && errno != ECONNREFUSED)
			err(1, "sendmmsg");
		done += n == -1 ? 1 : n;
	}
	out.n = out.niov = 0;
}

void
stub_message(const struct sockaddr_in *to)
{
	struct msghdr	*h;

	if (out.n == MESSAGES)
		stub_flush();
	h = &out.msg[out.n].msg_hdr;
	memset(h, 0, sizeof(*h));
	out.to[out.n] = *to;
	h->msg_name = &out.to[out.n++];
	h->msg_namelen = sizeof(*to);
	h->msg_iov = out.iov + out.niov;
}

void
stub_segment(const uint8_t *header, const uint8_t *data, size_t len)
{
	struct msghdr	*h = &out.msg[out.n - 1].msg_hdr;

	if (header != NULL)
		out.iov[out.niov++] = (struct iovec){
		    (void *)(uintptr_t)header, HEADER };
	out.iov[out.niov++] = (struct iovec){ (void *)(uintptr_t)data, len };
	h->msg_iovlen = out.iov + out.niov - h->msg_iov;
}

int
main(int argc, char **argv)
{
	size_t	 i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++)
		if (argc > 1 && strcmp(argv[1], stubs[i].name) == 0 &&
		    argc - 2 == stubs[i].nargs) {
			stubs[i].run(argv + 2);
			return 0;
		}
	for (i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++)
		fprintf(stderr, "usage: stub %s %s\n", stubs[i].name,
		    stubs[i].args);
	return 1;
}
