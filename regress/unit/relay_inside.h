/*
 * relay_inside.h: the half of relay.c's tests that is about datagrams from
 * clients.
 */

#ifndef RELAY_INSIDE_H
#define RELAY_INSIDE_H

static int	 observer;	/* hears what goes to the group */

static void
observe(void)
{
	/* Two sockets on one port get a copy each. */
	observer = member_socket(group->bound.port, NULL);
	if (SEGMENTS)
		stub_option(observer, IPPROTO_UDP, 104 /* UDP_GRO */, 0);
}

/* The next datagram that the group hears. */
static void
expect_multicast(int nr, size_t len, int ttl)
{
	union {
		struct cmsghdr	 align;
		uint8_t		 buf[256];
	} control;
	struct iovec		 iov = { buf, sizeof(buf) };
	struct msghdr		 h = { .msg_iov = &iov, .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
	struct cmsghdr		*c;
	int			 seen = 0;

	assert_int_equal(recvmsg(observer, &h, 0), (ssize_t)len);
	assert_memory_equal(buf, pattern(nr, len), len);
	for (c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL)
			memcpy(&seen, CMSG_DATA(c), sizeof(seen));
	assert_int_equal(seen, ttl);
}

static void
raw(int i, const char *octets, size_t len)
{
	send_to(client[i], &relay->bound, octets, len);
	relay_inside();
}

/* P26, each with its own counter, on whom it can be told to. */
static void
malformed(void **state)
{
	struct assoc	*a = member(SOCKS_F_SEND);
	struct assoc	*tcp, *receiver, *elsewhere;
	uint64_t	*drops = a->counters.drops;

	(void)state;
	receiver = member(SOCKS_F_RECEIVE);
	tcp = member(SOCKS_F_SEND);
	tcp->flags |= SOCKS_F_TCP;
	elsewhere = member(SOCKS_F_SEND);
	elsewhere->relay = relay_make();
	observe();
	raw(0, "", 0);
	raw(0, "\0\0\0\0\0\0\3", 7);
	assert_int_equal(engine.lost.drops[DROP_SHORT], 2);
	raw(0, "\1\0\0\0\0\0\3\350data", 12);
	assert_int_equal(drops[DROP_RSV], 1);
	raw(0, "\0\201\0\0\0\0\3\350data", 12);
	assert_int_equal(drops[DROP_FRAG], 1);
	raw(0, "\0\0\0\0\0\0\7\320data", 12);
	raw(0, "\0\0\0\0\0\0\0\0data", 12);
	raw(0, "\0\0\0\0\377\377\377\377data", 12);
	assert_int_equal(engine.lost.drops[DROP_AID], 3);
	raw(1, "\0\0\0\0\0\0\3\350data", 12);		/* not its LOCAL */
	assert_int_equal(drops[DROP_SOURCE], 1);
	raw(1, "\0\0\0\0\0\0\3\351data", 12);
	assert_int_equal(receiver->counters.drops[DROP_DIRECTION], 1);
	raw(2, "\0\0\0\0\0\0\3\352data", 12);
	assert_int_equal(tcp->counters.drops[DROP_MODE], 1);
	raw(3, "\0\0\0\0\0\0\3\353data", 12);
	assert_int_equal(elsewhere->counters.drops[DROP_SOURCE], 1);
	expect_nothing(observer);
	expect_nothing(client[0]);
	expect_nothing(client[1]);
	assert_int_equal(engine.stat[STAT_TX_CALLS], 0);
	close(observer);
}

/* P20: a receiver's datagram teaches the port, and is dropped. */
static void
learning(void **state)
{
	struct assoc	*a = member(SOCKS_F_RECEIVE);

	(void)state;
	a->local.port = 0;
	from_outside(1, 100);
	relay_group();
	assert_int_equal(a->counters.drops[DROP_UNLEARNT], 1);
	raw(0, "\0\0\0\0\0\0\3\350", 8);
	assert_int_equal(a->counters.drops[DROP_DIRECTION], 1);
	assert_int_equal(a->local.port, client_ep[0].port);
	from_outside(2, 100);
	relay_group();
	expect_relayed(0, 2, 100);
}

/* P37: to the group and to the others, never back. */
static void
outward(void **state)
{
	struct assoc	*a = member(SOCKS_F_SEND | SOCKS_F_RECEIVE);
	int		 i, k;

	(void)state;
	for (i = 1; i < 5; i++)
		(void)member(SOCKS_F_RECEIVE);
	observe();
	for (k = 0; k < 10; k++)
		from_client(0, 1000, k, k < 9 ? 700 : 0);
	relay_inside();
	for (k = 0; k < 10; k++) {
		expect_multicast(k, k < 9 ? 700 : 0, 7);
		for (i = 1; i < 5; i++)
			expect_relayed(i, k, k < 9 ? 700 : 0);
	}
	expect_nothing(observer);
	expect_nothing(client[0]);
	assert_int_equal(a->counters.out_dgrams, 10);
	assert_int_equal(a->counters.out_octets, 6300);
	assert_int_equal(a->counters.in_dgrams, 0);
	assert_int_equal(group->group->counters.out_dgrams, 10);
	close(observer);
}

/* DATA of 65,499 at most reaches us by UDP; members get all of it. */
static void
outward_sizes(void **state)
{
	static const size_t	 size[] = { 65499, 0, 0, 5, 5, 0, 40000 };
	size_t			 k;

	(void)state;
	(void)member(SOCKS_F_SEND);
	(void)member(SOCKS_F_RECEIVE);
	observe();
	for (k = 0; k < nitems(size); k++)
		from_client(0, 1000, k, size[k]);
	relay_inside();
	for (k = 0; k < nitems(size); k++) {
		expect_multicast(k, size[k], 7);
		expect_relayed(1, k, size[k]);
	}
	close(observer);
}

/* Two senders, bad datagrams between theirs: order and accounts hold. */
static void
runs(void **state)
{
	struct assoc	*a = member(SOCKS_F_SEND | SOCKS_F_RECEIVE);
	struct assoc	*b = member(SOCKS_F_SEND | SOCKS_F_RECEIVE);
	int		 k;

	(void)state;
	b->ttl = 9;
	observe();
	for (k = 0; k < 12; k++) {
		if (k % 3 == 0)
			from_client(0, 7, k, 50);	/* no such AID */
		from_client(k / 2 % 2, 1000 + k / 2 % 2, k, 50);
	}
	relay_inside();
	for (k = 0; k < 12; k++) {
		expect_multicast(k, 50, k / 2 % 2 ? 9 : 7);
		expect_relayed(!(k / 2 % 2), k, 50);
	}
	expect_nothing(client[0]);
	expect_nothing(client[1]);
	assert_int_equal(a->counters.out_dgrams, 6);
	assert_int_equal(b->counters.in_dgrams, 6);
	assert_int_equal(engine.lost.drops[DROP_AID], 4);
	close(observer);
}

#endif
