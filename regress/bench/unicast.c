/*
 * unicast.c: the load generator sends bursts through unicast associations,
 * each to a remote of its own, one way or there and back.
 *
 * All remotes are addresses of one socket (a local route in the namespace
 * outside), all clients one socket: what grows with the associations is the
 * server's work alone.
 */

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define FAR		0xc6120000	/* 198.18.0.0/15, RFC 2544 */
#define WINDOW		32		/* datagrams on their way, if mixed */
#define BINDS		16		/* UDP BINDs on their way */

static struct {
	struct sockaddr_in	 relay;		/* what clients send to */
	struct sockaddr_in	 local;
	struct in_addr		 egress;	/* what remotes send to */
	struct assoc {
		uint32_t	 aid;
		uint16_t	 egress;	/* port */
	}			*assoc;
	uint32_t		 n, next;
	uint16_t		 port;		/* of the remotes */
	int			 client, far;
	int			 client_epoll, far_epoll;
} uni;

static struct in_addr
far_addr(uint32_t i)
{
	const struct in_addr	 a = { htonl(FAR + 1 + i) };

	return a;
}

static void
uni_ask(int fd, uint32_t i)
{
	const struct sockaddr_in	 remote = net_addr(far_addr(i),
					    uni.port);

	proxy_bind(fd, SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST, &uni.local,
	    &remote);
}

static void
uni_answer(int fd, uint32_t i)
{
	struct endpoint	 ep;
	uint8_t		 code;

	code = proxy_bound(fd, &uni.assoc[i].aid, &ep);
	if (code != SOCKS_OK)
		errx(1, "association %u was refused: X'%02X'", i + 1, code);
	uni.assoc[i].egress = ep.port;
	memcpy(&uni.egress, ep.addr.b, sizeof(uni.egress));
}

static void
uni_join(void)
{
	uint32_t	 i;
	int		 fd = proxy_enhanced(&uni.relay);

	for (i = 0; i < uni.n + BINDS; i++) {
		if (i < uni.n)
			uni_ask(fd, i);
		if (i >= BINDS)
			uni_answer(fd, i - BINDS);
	}
}

/* The stub knows them by the same rule (stub_unicast.c). */
static void
uni_assume(in_port_t egress)
{
	uint32_t	 i;

	uni.relay = load.server;
	uni.egress.s_addr = htonl(0xc0000201);	/* 192.0.2.1 */
	for (i = 0; i < uni.n; i++) {
		uni.assoc[i].aid = (i + 1) * 2654435761U;
		uni.assoc[i].egress = egress;
	}
}

/* PORT CLIENT-PORT EGRESS-PORT N */
static void
uni_prepare(char **arg)
{
	const struct in_addr	 any = { htonl(INADDR_ANY) };

	uni.port = net_number(arg[0], 1024, 65535);
	uni.local = net_addr(load.client, net_number(arg[1], 1024, 65535));
	uni.n = net_number(arg[3], 1, 130000);
	if ((uni.assoc = calloc(uni.n, sizeof(*uni.assoc))) == NULL)
		err(1, NULL);
	uni.client = net_udp(load.in, load.client,
	    ntohs(uni.local.sin_port));
	uni.far = net_udp(load.out, any, uni.port);
	uni.client_epoll = dgram_epoll(&uni.client, 1);
	uni.far_epoll = dgram_epoll(&uni.far, 1);
	if (load.bare)
		uni_assume(net_number(arg[2], 1024, 65535));
	else
		uni_join();
}

static void
uni_out(uint32_t i, int width)
{
	struct burst	 b = { .fd = uni.client, .to = uni.relay, .n = width };

	burst_aid(&b, uni.assoc[i].aid);
	dgram_send(&b);
}

static void
uni_back(uint32_t i, int width)
{
	struct burst	 b = { .fd = uni.far, .from = far_addr(i),
			    .to = net_addr(uni.egress, uni.assoc[i].egress),
			    .n = width };

	dgram_send(&b);
}

/* One burst, or single datagrams, each through the next association. */
static int
uni_send(void (*one)(uint32_t, int), int width)
{
	int		 sent, window = width > 1 ? width : WINDOW;
	uint32_t	 at = uni.next;

	for (sent = 0; sent < window; sent += width) {
		one(at, width);
		at = (at + 1) % uni.n;
	}
	return sent;
}

/* There, and perhaps back; how many arrived. */
static int
uni_window(const struct ask *ask)
{
	int	 sent, got, each = ask->width > 1 ? 1 : WINDOW;

	sent = uni_send(uni_out, ask->width);
	got = dgram_await(uni.far_epoll, sent);
	if (ask->round && got == sent) {
		sent = uni_send(uni_back, ask->width);
		got = dgram_await(uni.client_epoll, sent);
	}
	uni.next = (uni.next + each) % uni.n;
	load.lost += sent - got;
	return got;
}

static uint64_t
uni_run(const struct ask *ask)
{
	uint64_t	 done = 0;
	uint64_t	 lost;
	int		 bad = 0;

	while (done + load.lost < ask->n && bad < LOST_MAX) {
		lost = load.lost;
		done += uni_window(ask);
		bad += load.lost > lost;
	}
	return done;
}

const struct work	work_unicast = {
	"unicast", 4, "port client-port egress-port associations",
	uni_prepare, uni_run
};
