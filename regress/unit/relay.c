/*
 * relay.c: tests of the datagram path over real sockets on loopback: what goes
 * where, octet by octet, and under which reason the rest is counted (P20, P26,
 * P27, P36, P37, P40). relay_bsd.c runs the same over the portable back end.
 */

#include "engine_stub.h"
#include "relay_io.h"

#ifndef SEGMENTS
#define SEGMENTS	1		/* the back end has UDP_SEGMENT */
#endif
#define GROUP		"239.255.77.1"
#define MSS		"127.0.0.2"	/* the server */
#define MSC		"127.0.0.1"	/* its clients */
#define SOURCE		"127.0.0.3"	/* outside */

static uint8_t		 buf[65536];
static int		 client[ASSOCS];	/* sockets */
static struct endpoint	 client_ep[ASSOCS];
static int		 nclients;
static struct sock	*relay, *group, *sender;
static int		 outside;
static uint32_t		 lo;

static struct sock *
install(enum sock_kind kind, const struct endpoint *ep, int fd)
{
	struct msg_socket	 m = stub_message(kind, ep, lo);
	struct sock		*s;

	s = sock_install(&m, fd);
	assert_non_null(s);
	sock_ref(s);
	return s;
}

static struct sock *
relay_make(void)
{
	struct endpoint	 ep;
	int		 fd = stub_socket(MSS, 0, &ep);

	stub_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return install(SOCK_RELAY, &ep, fd);
}

static int
multicast_socket(const char *addr)
{
	struct ip_mreqn	 mreq = { .imr_ifindex = lo };
	int		 fd = stub_socket(addr, 0, NULL);

	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq,
	    sizeof(mreq)), 0);
	stub_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	return fd;
}

static int
member_socket(uint16_t port, struct endpoint *ep)
{
	struct ip_mreqn	 mreq = { .imr_ifindex = lo };
	int		 fd = stub_socket(GROUP, port, ep);

	mreq.imr_multiaddr.s_addr = inet_addr(GROUP);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)), 0);
	stub_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	stub_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	stub_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
	if (SEGMENTS)
		stub_option(fd, IPPROTO_UDP, 104 /* UDP_GRO */, 1);
	return fd;
}

static int
setup(void **state)
{
	struct endpoint	 ep;
	int		 fd;

	stub_setup(state);
	lo = if_nametoindex("lo");
	relay = relay_make();
	fd = member_socket(0, &ep);
	group = install(SOCK_GROUP, &ep, fd);
	sender = install(SOCK_SEND, &ep, multicast_socket(MSS));
	outside = multicast_socket(SOURCE);
	nclients = 0;
	return 0;
}

static int
teardown(void **state)
{
	while (nclients > 0)
		close(client[--nclients]);
	close(outside);
	group->group->n = 0;
	return stub_teardown(state);
}

/* An association of a client of its own; AID is its number + 1000. */
static struct assoc *
member(uint16_t directions)
{
	int		 i = nclients++;
	struct assoc	*a = &stub_assoc[i];

	client[i] = stub_socket(MSC, 0, &client_ep[i]);
	a->aid = 1000 + i;
	a->flags = directions | SOCKS_F_MULTICAST | SOCKS_F_MU;
	a->ttl = 7;
	a->local = client_ep[i];
	a->remote = group->bound;
	a->relay = relay;
	if (directions & SOCKS_F_SEND)
		a->send = sender;
	if (directions & SOCKS_F_RECEIVE) {
		a->recv = group;
		assert_int_equal(group_join(group->group, a), 0);
	}
	return a;
}

static void
send_to(int fd, const struct endpoint *ep, const void *data, size_t len)
{
	struct sockaddr_storage	 ss;
	socklen_t		 sslen = endpoint_to_sockaddr(ep, &ss);

	assert_int_equal(sendto(fd, data, len, 0, (struct sockaddr *)&ss,
	    sslen), (ssize_t)len);
}

/* Octets that tell which datagram they are of, and where in it. */
static const void *
pattern(int nr, size_t len)
{
	static uint8_t	 p[65536];
	size_t		 i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(nr * 31 + i * 7 + (i >> 8));
	return p;
}

static void
from_outside(int nr, size_t len)
{
	send_to(outside, &group->bound, pattern(nr, len), len);
}

static void
from_client(int i, uint32_t aid, int nr, size_t len)
{
	const struct socks_dgram	 h = { .aid = aid };

	memcpy(buf + SOCKS_DGRAM_HDR, pattern(nr, len), len);
	socks_build_dgram(buf, &h);
	send_to(client[i], &relay->bound, buf, SOCKS_DGRAM_HDR + len);
}

/* As long as something comes. */
static void
relay_group(void)
{
	uint64_t	 before;

	do {
		before = engine.stat[STAT_RX_DGRAMS];
		relay_group_event(group->fd, EV_READ, group);
	} while (engine.stat[STAT_RX_DGRAMS] != before);
}

static void
relay_inside(void)
{
	uint64_t	 before;

	do {
		before = engine.stat[STAT_RX_DGRAMS];
		relay_inside_event(relay->fd, EV_READ, relay);
	} while (engine.stat[STAT_RX_DGRAMS] != before);
}

/* The next datagram of client i is this one, from its association's relay. */
static void
expect_relayed(int i, int nr, size_t len)
{
	const struct socks_dgram	 h = { .aid = 1000 + i };
	uint8_t				 header[SOCKS_DGRAM_HDR];
	struct sockaddr_storage		 ss;
	socklen_t			 sslen = sizeof(ss);
	struct endpoint			 src;

	socks_build_dgram(header, &h);
	assert_int_equal(recvfrom(client[i], buf, sizeof(buf), 0,
	    (struct sockaddr *)&ss, &sslen), (ssize_t)len + SOCKS_DGRAM_HDR);
	assert_int_equal(endpoint_from_sockaddr(&src, (struct sockaddr *)&ss),
	    0);
	assert_true(endpoint_eq(&src, &stub_assoc[i].relay->bound));
	assert_memory_equal(buf, header, sizeof(header));
	assert_memory_equal(buf + SOCKS_DGRAM_HDR, pattern(nr, len), len);
}

static void
expect_nothing(int fd)
{
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), -1);
}

/* P36: equal ones, the last shorter; one message each where there can be. */
static void
fan_out(void **state)
{
	int		 i, k;

	(void)state;
	for (i = 0; i < 100; i++)
		(void)member(SOCKS_F_RECEIVE);
	for (k = 0; k < 20; k++)
		from_outside(k, k < 19 ? 1316 : 500);
	relay_group();
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 20; k++)
			expect_relayed(i, k, k < 19 ? 1316 : 500);
		expect_nothing(client[i]);
		assert_int_equal(stub_assoc[i].counters.in_dgrams, 20);
		assert_int_equal(stub_assoc[i].counters.in_octets,
		    19 * 1316 + 500);
		assert_int_equal(stub_assoc[i].last, stub_now);
	}
	assert_int_equal(group->group->counters.in_dgrams, 20);
	assert_int_equal(engine.stat[STAT_RX_DGRAMS], 20);
	assert_int_equal(engine.stat[STAT_TX_DGRAMS], 2000);
	if (SEGMENTS) {
		assert_int_equal(engine.stat[STAT_TX_SEGMENTED], 2000);
		assert_int_equal(engine.stat[STAT_TX_CALLS], 2);
	}
}

/* Any size in any order, empty ones too; 65,499 is what fits (P29). */
static void
sizes(void **state)
{
	static const size_t	 size[] = { 0, 0, 1, 100, 100, 200, 0, 65499,
				    100, 65500, 65507, 20000, 20000, 20000,
				    20000, 3, 2, 1, 0 };
	struct assoc		*a = member(SOCKS_F_RECEIVE);
	size_t			 k;

	(void)state;
	(void)member(SOCKS_F_RECEIVE);
	for (k = 0; k < nitems(size); k++)
		from_outside(k, size[k]);
	relay_group();
	for (k = 0; k < nitems(size); k++)
		if (size[k] <= 65499) {
			expect_relayed(0, k, size[k]);
			expect_relayed(1, k, size[k]);
		}
	expect_nothing(client[0]);
	assert_int_equal(a->counters.drops[DROP_SIZE], 2);
	assert_int_equal(a->counters.in_dgrams, nitems(size) - 2);
	assert_int_equal(a->no_segment, 0);	/* no sum was too large */
}

/* More relay sockets than are served side by side. */
static void
many_relays(void **state)
{
	int		 i, k;

	(void)state;
	for (i = 0; i < 28; i++)
		member(SOCKS_F_RECEIVE)->relay = relay_make();
	for (i = 0; i < 28; i++)
		stub_assoc[i].relay = stub_assoc[i % 7].relay;
	for (k = 0; k < 5; k++)
		from_outside(k, 200);
	relay_group();
	for (i = 0; i < 28; i++)
		for (k = 0; k < 5; k++)
			expect_relayed(i, k, 200);
}

/* One that the kernel refuses, one not learnt, one of another mode. */
static void
nobody_else_suffers(void **state)
{
	int		 i, k;

	(void)state;
	for (i = 0; i < 5; i++)
		(void)member(SOCKS_F_RECEIVE);
	stub_assoc[0].local = stub_endpoint("255.255.255.255", 9);
	stub_assoc[2].local.port = 0;
	stub_assoc[3].flags |= SOCKS_F_TCP;
	for (k = 0; k < 5; k++)
		from_outside(k, 200);
	relay_group();
	for (k = 0; k < 5; k++) {
		expect_relayed(1, k, 200);
		expect_relayed(4, k, 200);
	}
	assert_int_equal(stub_assoc[0].counters.drops[DROP_SYSTEM], 5);
	assert_int_equal(stub_assoc[2].counters.drops[DROP_UNLEARNT], 5);
	assert_int_equal(stub_assoc[3].counters.drops[DROP_MODE], 5);
	assert_int_equal(stub_assoc[0].last, 0);
}

/* P40, P41. */
static void
not_ours(void **state)
{
	struct group	*g = group->group;
	uint64_t	*drops = g->counters.drops;

	(void)state;
	(void)member(SOCKS_F_RECEIVE);
	stub_own = stub_endpoint(SOURCE, 0).addr;
	engine.generation++;
	group_filter(g, 0);
	from_outside(1, 100);
	relay_group();
	assert_int_equal(drops[DROP_SELF], 1);
	stub_own.af = ADDR_NONE;
	engine.generation++;
	group_filter(g, 0);
	group->key.ifindex++;
	from_outside(2, 100);
	relay_group();
	group->key.ifindex--;
	assert_int_equal(drops[DROP_GROUP], 1);
	group->key.addr.b[3]++;
	from_outside(3, 100);
	relay_group();
	group->key.addr.b[3]--;
	assert_int_equal(drops[DROP_GROUP], 2);
	group->key.source = stub_endpoint(MSS, 0).addr;
	from_outside(4, 100);
	relay_group();
	group->key.source.af = ADDR_NONE;
	assert_int_equal(drops[DROP_BLOCKED], 1);
	expect_nothing(client[0]);
	from_outside(5, 100);
	relay_group();
	expect_relayed(0, 5, 100);
	assert_int_equal(g->counters.in_dgrams, 1);
}

/* Datagrams that waited for the verdict on their source come first. */
static void
waiting_in_order(void **state)
{
	struct msg_source	 m;
	int			 k;

	(void)state;
	(void)member(SOCKS_F_RECEIVE);
	group_filter(group->group, 1);
	for (k = 0; k < 6; k++)
		from_outside(k, k * 10);
	relay_group();
	expect_nothing(client[0]);
	assert_int_equal(stub_nasked, 1);
	m = stub_answer(0, 1);
	source_answer(group->group, &m.source, m.pass, m.generation);
	from_outside(6, 60);
	relay_group();
	for (k = 0; k < 7; k++)
		expect_relayed(0, k, k * 10);
}

#include "relay_inside.h"
#include "relay_unicast_drops.h"

/* P40: what a member sent comes back from outside. */
static void
echoes(void **state)
{
	uint64_t	*drops = group->group->counters.drops;

	(void)state;
	(void)member(SOCKS_F_SEND | SOCKS_F_RECEIVE);
	from_client(0, 1000, 1, 100);
	relay_inside();
	stub_own = stub_endpoint(MSS, 0).addr;	/* lo brings it back itself */
	engine.generation++;
	group_filter(group->group, 0);
	relay_group();
	assert_int_equal(drops[DROP_SELF], 1);
	from_outside(2, 100);
	relay_group();
	expect_relayed(0, 2, 100);
	from_outside(1, 100);
	from_outside(3, 100);
	relay_group();
	expect_nothing(client[0]);
	assert_int_equal(drops[DROP_ECHO], 2);
	stub_now += 60000;
	from_outside(4, 100);
	relay_group();
	expect_relayed(0, 4, 100);
}

#if SEGMENTS
/* What a source sends with UDP_SEGMENT comes as one message, cut up again. */
static void
received_in_one(void **state)
{
	int		 i, k;
	uint32_t	 aside = 0;

	(void)state;
	for (i = 0; i < 3; i++)
		(void)member(SOCKS_F_RECEIVE);
	stub_option(outside, IPPROTO_UDP, 103 /* UDP_SEGMENT */, 500);
	send_to(outside, &group->bound, pattern(1, 30000), 30000);
	send_to(outside, &group->bound, pattern(2, 10), 10);
	send_to(outside, &group->bound, pattern(1, 30003), 30003);
	relay_group();
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 122; k++)
			if (recv(client[i], buf, sizeof(buf), 0) !=
			    (k == 60 ? 18 : k == 121 ? 11 : 508))
				aside++;
		expect_nothing(client[i]);
	}
	assert_int_equal(aside, 0);
	assert_int_equal(engine.stat[STAT_RX_DGRAMS], 122);
}

/* A socket without checksums may not be segmented: EINVAL. */
static void
falls_back(void **state)
{
	int		 i, k, round;

	(void)state;
	for (i = 0; i < 4; i++)
		(void)member(SOCKS_F_RECEIVE);
	stub_option(relay->fd, SOL_SOCKET, SO_NO_CHECK, 1);
	for (round = 0; round < 2; round++) {
		for (k = 0; k < 10; k++)
			from_outside(k, k < 5 ? 300 : 200);
		relay_group();
		for (i = 0; i < 4; i++)
			for (k = 0; k < 10; k++)
				expect_relayed(i, k, k < 5 ? 300 : 200);
		assert_int_equal(stub_assoc[0].no_segment, 1);
		assert_int_equal(stub_assoc[3].no_segment, 1);
	}
	assert_int_equal(engine.stat[STAT_TX_SEGMENTED], 0);
	assert_int_equal(stub_assoc[3].counters.in_dgrams, 20);
}

static void
outward_falls_back(void **state)
{
	struct assoc	*a = member(SOCKS_F_SEND);
	int		 k;

	(void)state;
	observe();
	stub_option(sender->fd, SOL_SOCKET, SO_NO_CHECK, 1);
	for (k = 0; k < 4; k++)
		from_client(0, 1000, k, 100);
	relay_inside();
	for (k = 0; k < 4; k++)
		expect_multicast(k, 100, 7);
	assert_int_equal(a->no_segment, 2);	/* outward only */
	assert_int_equal(a->counters.out_dgrams, 4);
	close(observer);
}
#endif

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(fan_out),
		TEST(sizes),
		TEST(many_relays),
		TEST(nobody_else_suffers),
		TEST(not_ours),
		TEST(waiting_in_order),
		TEST(malformed),
		TEST(learning),
		TEST(outward),
		TEST(outward_sizes),
		TEST(runs),
		TEST(echoes),
		TEST(unicast_both_ways),
		TEST(unicast_segments),
		TEST(unicast_drops),
		TEST(unicast_dedicated),
#if SEGMENTS
		TEST(received_in_one),
		TEST(falls_back),
		TEST(outward_falls_back),
#endif
	};

	event_init();
	relay_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
