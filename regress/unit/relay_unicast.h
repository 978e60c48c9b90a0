/*
 * relay_unicast.h: the part of relay.c's tests that is about unicast
 * associations: out by one socket to many, and back to each its own.
 */

#ifndef RELAY_UNICAST_H
#define RELAY_UNICAST_H

#include "egress.h"

#define PEERS	8

static struct sock	*egress;
static int		 peer[PEERS];		/* sockets outside */
static struct endpoint	 peer_ep[PEERS];

static void
egress_make(enum sock_kind kind)
{
	struct endpoint	 ep;
	int		 fd = stub_socket(MSS, 0, &ep);

	stub_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (SEGMENTS)
		stub_option(fd, IPPROTO_UDP, 104 /* UDP_GRO */, 1);
	egress = install(kind, &ep, fd);
}

/* A client of its own and a peer of its own. */
static struct assoc *
unicast(uint16_t directions)
{
	int		 i = nclients;
	struct assoc	*a = member(0);

	peer[i] = stub_socket(SOURCE, 0, &peer_ep[i]);
	a->flags = directions | SOCKS_F_UNICAST;
	a->remote = peer_ep[i];
	assert_int_equal(egress_join(egress, a), 0);
	if (directions & SOCKS_F_RECEIVE)
		a->recv = egress;
	if (directions & SOCKS_F_SEND)
		a->send = egress;
	return a;
}

static void
unicast_end(int n)
{
	int	 i;

	for (i = 0; i < n; i++) {
		egress_leave(egress, &stub_assoc[i]);
		close(peer[i]);
	}
}

static void
relay_egress(void)
{
	uint64_t	 before;

	do {
		before = engine.stat[STAT_RX_DGRAMS];
		relay_egress_event(egress->fd, EV_READ, egress);
	} while (engine.stat[STAT_RX_DGRAMS] != before);
}

/* The next datagram of a peer, from the egress socket. */
static void
expect_out(int i, int nr, size_t len)
{
	struct sockaddr_storage	 ss;
	socklen_t		 sslen = sizeof(ss);
	struct endpoint		 src;

	assert_int_equal(recvfrom(peer[i], buf, sizeof(buf), 0,
	    (struct sockaddr *)&ss, &sslen), (ssize_t)len);
	assert_int_equal(endpoint_from_sockaddr(&src, (struct sockaddr *)&ss),
	    0);
	assert_true(endpoint_eq(&src, &egress->bound));
	assert_memory_equal(buf, pattern(nr, len), len);
}

/* What stands side by side is of one, what does not is in order all the same. */
static void
unicast_both_ways(void **state)
{
	static const size_t	 size[] = { 700, 700, 700, 300, 0, 1, 1, 65499 };
	size_t			 k;
	int			 i;

	(void)state;
	egress_make(SOCK_EGRESS);
	for (i = 0; i < PEERS; i++)
		(void)unicast(SOCKS_F_DIRECTIONS);
	for (k = 0; k < nitems(size); k++)
		for (i = 0; i < PEERS; i++)
			from_client(i, 1000 + i, k + i, size[k]);
	for (i = 0; i < 6; i++)
		from_client(0, 1000, i, 500);
	relay_inside();
	for (i = 0; i < PEERS; i++)
		for (k = 0; k < nitems(size); k++)
			expect_out(i, k + i, size[k]);
	for (i = 0; i < 6; i++)
		expect_out(0, i, 500);
	for (k = 0; k < nitems(size); k++)
		for (i = 0; i < PEERS; i++)
			send_to(peer[i], &egress->bound, pattern(k + i,
			    size[k]), size[k]);
	relay_egress();
	for (i = 0; i < PEERS; i++) {
		for (k = 0; k < nitems(size); k++)
			expect_relayed(i, k + i, size[k]);
		expect_nothing(client[i]);
	}
	assert_int_equal(stub_assoc[0].counters.out_dgrams, 14);
	assert_int_equal(stub_assoc[1].counters.out_dgrams, 8);
	assert_int_equal(stub_assoc[1].counters.in_dgrams, 8);
	assert_int_equal(stub_assoc[1].counters.in_octets, 67901);
	assert_int_equal(stub_assoc[1].last, stub_now);
	unicast_end(PEERS);
}

/* One message for what one association sends in a row. */
static void
unicast_segments(void **state)
{
	int	 i, k;

	(void)state;
	egress_make(SOCK_EGRESS);
	for (i = 0; i < 2; i++)
		(void)unicast(SOCKS_F_DIRECTIONS);
	for (i = 0; i < 2; i++)
		for (k = 0; k < 10; k++)
			from_client(i, 1000 + i, k, 700);
	relay_inside();
	for (i = 0; i < 2; i++)
		for (k = 0; k < 10; k++)
			expect_out(i, k, 700);
	if (SEGMENTS) {
		assert_int_equal(engine.stat[STAT_TX_CALLS], 1);
		assert_int_equal(engine.stat[STAT_TX_SEGMENTED], 20);
	}
	unicast_end(2);
}

#endif
