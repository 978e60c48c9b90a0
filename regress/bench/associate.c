/*
 * associate.c: the load generator sends bursts through a UDP ASSOCIATE of
 * RFC 1928 to one remote, one way or there and back.
 */

#include <sys/socket.h>
#include <arpa/inet.h>
#include <err.h>
#include <string.h>

#include "load.h"

#define LEARN_TRIES	5

static struct burst	 out, back;
static int		 client_epoll, far_epoll;

/* RSV, FRAG 0, then whom it is for (RFC 1928 7). */
static void
associate_header(const struct sockaddr_in *to)
{
	out.hdrlen = 3 + 1 + 4 + 2;
	memset(out.header, 0, sizeof(out.header));
	out.header[3] = SOCKS_ATYP_V4;
	memcpy(out.header + 4, &to->sin_addr, 4);
	memcpy(out.header + 8, &to->sin_port, 2);
}

static void
associate_relay(void)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in	 none;
	struct endpoint		 ep;
	int			 fd = proxy_dial();

	memset(&none, 0, sizeof(none));
	none.sin_family = AF_INET;
	proxy_hello(fd);
	proxy_hello_end(fd);
	proxy_ask(fd, SOCKS_ASSOCIATE, &none);
	ep = proxy_answer(fd, SOCKS_VERSION);
	if (endpoint_to_sockaddr(&ep, &ss) != sizeof(out.to))
		errx(1, "no IPv4 address for the relay");
	memcpy(&out.to, &ss, sizeof(out.to));
}

/* What the relay sends from is known when the first datagram has come. */
static void
associate_learn(void)
{
	struct sockaddr_in	 from;
	socklen_t		 len = sizeof(from);
	uint8_t			 octet;
	int			 i;

	out.n = 1;
	for (i = 0; i < LEARN_TRIES; i++) {
		dgram_send(&out);
		if (dgram_ready(far_epoll) &&
		    recvfrom(back.fd, &octet, 1, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &len) != -1) {
			back.to = from;
			return;
		}
	}
	errx(1, "no datagram arrived");
}

static void
associate_prepare(char **arg)
{
	struct sockaddr_in	 far;
	socklen_t		 len = sizeof(far);

	(void)arg;
	out.fd = net_udp(load.in, load.client, 0);
	back.fd = net_udp(load.out, load.outside, 0);
	if (getsockname(back.fd, (struct sockaddr *)&far, &len) == -1)
		err(1, "getsockname");
	client_epoll = dgram_epoll(&out.fd, 1);
	far_epoll = dgram_epoll(&back.fd, 1);
	associate_header(&far);
	associate_relay();
	associate_learn();
}

static uint64_t
associate_run(const struct ask *ask)
{
	uint64_t	 done = 0;
	int		 got, bad = 0;

	out.n = back.n = ask->width;
	while (done + load.lost < ask->n && bad < LOST_MAX) {
		dgram_send(&out);
		got = dgram_await(far_epoll, out.n);
		if (ask->round && got == out.n) {
			dgram_send(&back);
			got = dgram_await(client_epoll, back.n);
		}
		done += got;
		load.lost += out.n - got;
		bad += got < out.n;
	}
	return done;
}

const struct work	work_associate = {
	"associate", 0, "", associate_prepare, associate_run
};
