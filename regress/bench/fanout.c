/*
 * fanout.c: the load generator sends bursts to a group and counts what its
 * many receivers get, burst after burst.
 */

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>

#include "load.h"

#define PER_SESSION	500	/* associations of one control connection */

static struct {
	struct burst	 burst;
	int		*fd;
	int		 n;
	int		 epoll;
} fan;

/* Each on a port of its own (P48), at the address and port it names. */
static void
fan_join(uint16_t base)
{
	struct sockaddr_in	 relay, local;
	int			 i, control = -1;

	for (i = 0; i < fan.n; i++) {
		if (i % PER_SESSION == 0)
			control = proxy_enhanced(&relay);
		local = net_addr(load.client, base + i);
		proxy_bind(control, SOCKS_F_RECEIVE | SOCKS_F_MULTICAST |
		    SOCKS_F_MU, &local, &fan.burst.to);
		if (proxy_bound(control, NULL, NULL) != SOCKS_OK)
			errx(1, "receiver %d was refused", i + 1);
	}
}

/* GROUP PORT BASE N */
static void
fan_prepare(char **arg)
{
	struct in_addr	 group;
	uint16_t	 base = net_number(arg[2], 1024, 60000);
	int		 i;

	if (inet_pton(AF_INET, arg[0], &group) != 1)
		errx(1, "%s: no IPv4 address", arg[0]);
	fan.n = net_number(arg[3], 1, 4000);
	fan.burst.to = net_addr(group, net_number(arg[1], 1, 65535));
	if ((fan.fd = calloc(fan.n, sizeof(*fan.fd))) == NULL)
		err(1, NULL);
	for (i = 0; i < fan.n; i++)
		fan.fd[i] = net_udp(load.in, load.client, base + i);
	fan.epoll = dgram_epoll(fan.fd, fan.n);
	fan.burst.fd = net_udp(load.out, load.outside, 0);
	net_option(fan.burst.fd, IPPROTO_IP, IP_MULTICAST_TTL, 4);
	if (!load.bare)
		fan_join(base);
}

static uint64_t
fan_run(const struct ask *ask)
{
	uint64_t	 done = 0;
	int		 got, want = fan.n * ask->width, bad = 0;

	fan.burst.n = ask->width;
	while (done + load.lost < ask->n && bad < LOST_MAX) {
		dgram_send(&fan.burst);
		got = dgram_await(fan.epoll, want);
		done += got;
		if (got < want) {
			load.lost += want - got;
			bad++;
		}
	}
	return done;
}

const struct work	work_fanout = {
	"fanout", 4, "group port base receivers", fan_prepare, fan_run
};
