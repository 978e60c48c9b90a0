/*
 * relay_unicast_drops.h: what relay.c's tests of unicast associations say of
 * datagrams that are not relayed, and of a connected socket.
 */

#ifndef RELAY_UNICAST_DROPS_H
#define RELAY_UNICAST_DROPS_H

#include "relay_unicast.h"

/* P20, P25, P26, P29: each under its reason, on whom it can be told to. */
static void
unicast_drops(void **state)
{
	struct assoc	*a, *out;
	struct endpoint	 any;

	(void)state;
	egress_make(SOCK_EGRESS);
	a = unicast(SOCKS_F_RECEIVE);
	out = unicast(SOCKS_F_SEND);
	send_to(outside, &egress->bound, "stranger", 8);
	send_to(peer[1], &egress->bound, "not asked for", 13);
	send_to(peer[0], &egress->bound, pattern(0, 65500), 65500);
	raw(0, "\0\0\0\0\0\0\3\350data", 12);
	relay_egress();
	assert_int_equal(engine.lost.drops[DROP_REMOTE], 1);
	assert_int_equal(out->counters.drops[DROP_DIRECTION], 1);
	assert_int_equal(a->counters.drops[DROP_SIZE], 1);
	assert_int_equal(a->counters.drops[DROP_DIRECTION], 1);
	a->local.port = 0;
	send_to(peer[0], &egress->bound, "too early", 9);
	relay_egress();
	assert_int_equal(a->counters.drops[DROP_UNLEARNT], 1);
	expect_nothing(client[0]);
	expect_nothing(client[1]);
	expect_nothing(peer[0]);
	/* Port 0 is any port of the host (P24). */
	a->local = client_ep[0];
	egress_leave(egress, a);
	any = a->remote;
	any.port = 0;
	a->remote = any;
	a->recv = NULL;
	assert_int_equal(egress_join(egress, a), 0);
	a->recv = egress;
	send_to(outside, &egress->bound, pattern(3, 40), 40);
	relay_egress();
	expect_relayed(0, 3, 40);
	unicast_end(2);
}

/* A connected socket is told no address. */
static void
unicast_dedicated(void **state)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;

	(void)state;
	egress_make(SOCK_DEDICATED);
	(void)unicast(SOCKS_F_DIRECTIONS);
	len = endpoint_to_sockaddr(&peer_ep[0], &ss);
	assert_int_equal(connect(egress->fd, (struct sockaddr *)&ss, len), 0);
	egress->key.port = peer_ep[0].port;
	from_client(0, 1000, 1, 100);
	relay_inside();
	expect_out(0, 1, 100);
	send_to(peer[0], &egress->bound, pattern(2, 100), 100);
	relay_egress();
	expect_relayed(0, 2, 100);
	unicast_end(1);
}

#endif
