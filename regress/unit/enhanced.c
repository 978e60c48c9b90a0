/*
 * Enhanced mode over a socket pair (P10 to P18, P31, P42): the order of
 * faults, questions in flight and their answers; what policy and the parent
 * would say is said by the test.
 */
#include "session_grant.h"

/* P16, P18, P20 to P22: what is asked and what is replied. */
static void
test_bind(void **state)
{
	struct msg_ask	*ask;
	uint32_t	 aid;
	int		 fd = enhanced();

	(void)state;
	send_bind(fd, SOCKS_F_DIRECTIONS | F_MC | 0x8000, 9, 77, 0);
	ask = asked(ASK_BIND);
	assert_int_equal(ask->flags, SOCKS_F_DIRECTIONS | F_MC);
	assert_int_equal(ask->ttl, 9);
	assert_int_equal(ask->grant, 0);
	assert_int_equal(ask->local.port, 6000);
	grant_part(ask, ++grants, SOCK_GROUP, 0, 2, 0);
	hear_nothing(fd);
	grant_part(ask, grants, SOCK_SEND, 1, 2, 0);
	aid = reply(fd, 0, SOCKS_F_DIRECTIONS | F_MC | SOCKS_F_MU, 77);
	assert_memory_equal(got + 13, "\1\300\0\2\1\036\141"
	    "\1\357\1\2\3\023\210", 14);
	assert_non_null(assoc_find(aid));
	assert_int_equal(stub_receivers, 1);
	assert_int_equal(stub_senders, 1);
	close(fd);
	ended(END_CLIENT);
	assert_null(assoc_find(aid));
	assert_int_equal(stub_receivers, 0);
}

/* P13: the reply that needs no question waits for the one before it. */
static void
test_order(void **state)
{
	struct msg_ask	*first, *second;
	int		 fd = enhanced();

	(void)state;
	send_bind(fd, F_R | F_MC, 0, 1, 0);
	send_bind(fd, F_R | F_MC, 0, 2, 0);
	send_short(fd, SOCKS_SET_TTL, 0, 9, 3, 0x99);
	first = asked(ASK_BIND);
	second = asked(ASK_BIND);
	deny(second, SOCKS_NORECEIVE, 0);
	hear_nothing(fd);
	deny(first, SOCKS_NORECEIVE, F_R);
	assert_int_equal(reply(fd, SOCKS_NORECEIVE, F_R, 1), 0);
	assert_int_equal(reply(fd, SOCKS_NORECEIVE, 0, 2), 0);
	assert_int_equal(reply(fd, SOCKS_BADAID, 0, 3), 0x99);
	close(fd);
}

/* P14 to P16, P18, P23, P24, P44: what is judged without the ruleset. */
static void
test_faults(void **state)
{
	static const struct {
		uint8_t	 code;
		uint16_t flags;
		uint32_t aid;
		uint8_t	 group;
		uint16_t port;
	} t[] = {
		{ 0x07, F_MC, 0, 239, 5000 },
		{ 0x07, F_MC, 9, 10, 0 },
		{ 0x07, F_R | 0x0c | F_MC, 0, 239, 5000 },
		{ 0x07, F_R | 0x48 | F_MC, 0, 239, 5000 },
		{ 0x07, F_R | 0x68 | F_MC, 0, 239, 5000 },
		{ 0x07, F_R | 0x08, 0, 10, 5000 },
		{ 0x10, F_R, 9, 10, 5000 },
		{ 0x14, F_R, 0, 239, 5000 },
		{ 0x07, F_R | 0x08 | F_MC, 0, 239, 5000 },
		{ 0x10, F_R | F_MC, 9, 239, 5000 },
		{ 0x10, F_R | F_MC, 9, 10, 5000 },
		{ 0x14, F_R | F_MC, 0, 10, 5000 },
		{ 0x14, F_R | F_MC, 0, 239, 0 },
		{ 0x14, F_R | F_MC, 0, 0, 5000 }
	};
	uint8_t		 p[27];
	size_t		 i;
	int		 fd = enhanced();

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		packet(p, SOCKS_UDP_BIND, t[i].flags, 1, (uint16_t)i, t[i].aid,
		    0, t[i].group, t[i].port);
		say(fd, p, sizeof(p));
		assert_int_equal(reply(fd, t[i].code, 0, (uint16_t)i), 0);
	}
	engine.settings.extensions = EXT_BASE;
	send_bind(fd, F_R | F_MC, 0, 99, 0);
	reply(fd, SOCKS_BADCOMMAND, 0, 99);
	assert_null(stub_next(M_ASK));
	close(fd);
	assert_int_equal(ended(END_CLIENT)->refused, nitems(t) + 1);
}

/* A unicast association with 10.1.2.3 port 5000, or a direction more. */
static uint32_t
unicast(int fd, uint16_t dirs, uint32_t aid, uint8_t kind, uint16_t flags)
{
	struct msg_ask	*ask;
	uint8_t		 p[27];

	packet(p, SOCKS_UDP_BIND, dirs | flags, 0, 3, aid, 6000, 10, 5000);
	say(fd, p, sizeof(p));
	ask = asked(ASK_BIND);
	assert_int_equal(ask->flags, dirs | SOCKS_F_UNICAST);
	if (aid == 0)
		++grants;
	ask->op = ASK_MAX;		/* no mode */
	grant_part(ask, grants, kind, 0, 1, 0);
	return reply(fd, 0, dirs | SOCKS_F_UNICAST, 3);
}

/* P15, P16, P18, P22: one socket for both directions, told as REMOTE. */
static void
test_unicast(void **state)
{
	static const uint8_t	 kinds[] = { SOCK_EGRESS, SOCK_DEDICATED };
	struct assoc		*a;
	uint32_t		 aid;
	size_t			 i;
	int			 fd = enhanced();

	(void)state;
	for (i = 0; i < nitems(kinds); i++) {
		aid = unicast(fd, F_R, 0, kinds[i], 0);
		a = assoc_find(aid);
		assert_non_null(a->recv);
		assert_null(a->send);
		assert_int_equal(got[25] << 8 | got[26], 7777);
		assert_int_equal(unicast(fd, F_S, aid, SOCK_NONE,
		    SOCKS_F_UNICAST | SOCKS_F_MU), aid);
		assert_ptr_equal(a->send, a->recv);
		assert_int_equal(stub_refs[kinds[i]], 2);
		send_short(fd, SOCKS_SET_TTL, 0, 3, 4, aid);
		reply(fd, SOCKS_BADCONTEXT, 0, 4);
		send_short(fd, SOCKS_UDP_RELEASE, F_R, 0, 5, aid);
		reply(fd, 0, F_R, 5);
		assert_null(a->recv);
		assert_int_equal(stub_refs[kinds[i]], 1);
		send_bind(fd, F_R | F_MC, 0, 6, aid);
		reply(fd, SOCKS_BADCONTEXT, 0, 6);
		send_short(fd, SOCKS_UDP_RELEASE, 3, 0, 7, aid);
		reply(fd, 0, 3, 7);
		assert_null(assoc_find(aid));
		assert_int_equal(stub_refs[kinds[i]], 0);
		assert_int_equal(egress_number(), 0);
		aid = unicast(fd, F_R, 0, kinds[i], 0);
		send_short(fd, SOCKS_UDP_RELEASE, 3, 0, 8, aid);
		reply(fd, 0, 3, 8);
		assert_int_equal(egress_number(), 0);
	}
	assert_int_equal(stub_receivers + stub_senders, 0);
	close(fd);
}

/* P4, P14, P23: names. */
static void
test_names(void **state)
{
	static const uint8_t	 bad[] = { 1, 0, 29, 5, 0, 0x11, 0, 0, 5, 0, 0,
	    0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 5, '1', '2', '7', '.', '1', 0, 9 };
	static const uint8_t	 good[] = { 1, 0, 27, 5, 0, 0x11, 0, 0, 6, 0, 0,
	    0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 3, 'a', '.', 'b', 0, 9 };
	static const uint8_t	 local[] = { 1, 0, 27, 5, 0, 0, 0, 0, 7, 0, 0,
	    0, 0, 3, 3, 'a', '.', 'b', 0, 0, 1, 239, 1, 2, 3, 0, 9 };
	struct msg_ask		*ask;
	int			 fd = enhanced();

	(void)state;
	say(fd, bad, sizeof(bad));
	reply(fd, SOCKS_HOSTUNREACH, 0, 5);
	say(fd, local, sizeof(local));
	reply(fd, SOCKS_BADATYP, 0, 7);
	say(fd, good, sizeof(good));
	ask = asked(ASK_BIND);
	assert_string_equal(ask->name, "a.b");
	assert_int_equal(ask->remote.addr.af, ADDR_NONE);
	assert_int_equal(ask->remote.port, 9);
	deny(ask, SOCKS_HOSTUNREACH, 0);
	reply(fd, SOCKS_HOSTUNREACH, 0, 6);
	close(fd);
}

/* P18: a direction more, on the same terms only. */
static void
test_extend(void **state)
{
	struct msg_ask		*ask;
	uint8_t			 p[27];
	uint32_t		 aid;
	int			 fd = enhanced();

	(void)state;
	aid = associated(fd, F_R);
	packet(p, SOCKS_UDP_BIND, F_S | F_MC, 9, 1, aid, 6001, 239, 5000);
	say(fd, p, sizeof(p));
	reply(fd, SOCKS_BADCONTEXT, 0, 1);
	packet(p, SOCKS_UDP_BIND, F_S | F_MC, 9, 2, aid, 0, 238, 5000);
	say(fd, p, sizeof(p));
	reply(fd, SOCKS_BADCONTEXT, 0, 2);
	packet(p, SOCKS_UDP_BIND, F_S | F_MC, 9, 3, aid, 0, 239, 5000);
	say(fd, p, sizeof(p));
	ask = asked(ASK_BIND);
	assert_int_equal(ask->grant, grants);
	grant_part(ask, grants, SOCK_SEND, 0, 1, 0);
	assert_int_equal(reply(fd, 0, F_S | F_MC | SOCKS_F_MU, 3), aid);
	assert_int_equal(assoc_find(aid)->flags & SOCKS_F_DIRECTIONS,
	    SOCKS_F_DIRECTIONS);
	assert_int_equal(assoc_find(aid)->ttl, 9);
	send_bind(fd, F_S | F_MC, 3, 4, aid);
	grant_part(asked(ASK_BIND), grants, SOCK_NONE, 0, 1, 0);
	assert_int_equal(reply(fd, 0, F_S | F_MC | SOCKS_F_MU, 4), aid);
	assert_int_equal(assoc_find(aid)->ttl, 3);
	close(fd);
}

/* P16, P17: a part that fails leaves all as it was, and policy knows. */
static void
test_parts_fail(void **state)
{
	struct msg_released	*m;
	struct msg_ask		*ask;
	uint32_t		 aid;
	int			 fd = enhanced();

	(void)state;
	send_bind(fd, SOCKS_F_DIRECTIONS | F_MC, 4, 1, 0);
	ask = asked(ASK_BIND);
	grant_part(ask, ++grants, SOCK_GROUP, 0, 2, ENOBUFS);
	grant_part(ask, grants, SOCK_SEND, 1, 2, 0);
	assert_int_equal(reply(fd, SOCKS_FAILURE, SOCKS_F_DIRECTIONS, 1), 0);
	m = &stub_next(M_RELEASED)->m.released;
	assert_int_equal(m->grant, grants);
	assert_int_equal(m->stands, 0);
	assert_int_equal(m->reason, END_FAILED);
	assert_int_equal(stub_refs[SOCK_SEND], 0);
	aid = associated(fd, F_R);
	send_bind(fd, F_S | F_MC, 4, 2, aid);
	grant_part(asked(ASK_BIND), grants, SOCK_SEND, 0, 1, EAGAIN);
	assert_int_equal(reply(fd, SOCKS_FAILURE, F_S, 2), 0);
	m = &stub_next(M_RELEASED)->m.released;
	assert_int_equal(m->grant, grants);
	assert_int_equal(m->stands, F_R);
	assert_non_null(assoc_find(aid));
	/* A grant without the socket that it needs is no better. */
	send_bind(fd, F_S | F_MC, 4, 3, aid);
	grant_part(asked(ASK_BIND), grants, SOCK_NONE, 0, 1, 0);
	assert_int_equal(reply(fd, SOCKS_FAILURE, F_S, 3), 0);
	assert_int_equal(stub_next(M_RELEASED)->m.released.stands, F_R);
	close(fd);
}

/* While its association is asked about, a packet waits, and all behind it. */
static void
test_pending(void **state)
{
	struct msg_ask	*ask;
	uint32_t	 aid;
	int		 fd = enhanced();

	(void)state;
	aid = associated(fd, F_R);
	send_bind(fd, F_S | F_MC, 4, 1, aid);
	send_short(fd, SOCKS_UDP_RELEASE, 3, 0, 2, aid);
	send_bind(fd, F_R | F_MC, 0, 3, 0);
	ask = asked(ASK_BIND);
	assert_null(stub_next(M_ASK));
	nread = nsent;
	assert_non_null(assoc_find(aid));
	grant_part(ask, grants, SOCK_SEND, 0, 1, 0);
	assert_int_equal(reply(fd, 0, F_S | F_MC | SOCKS_F_MU, 1), aid);
	assert_int_equal(reply(fd, 0, 3, 2), aid);
	assert_null(assoc_find(aid));
	deny(asked(ASK_BIND), SOCKS_NORECEIVE, 0);
	reply(fd, SOCKS_NORECEIVE, 0, 3);
	close(fd);
}

/* P31 */
static void
test_release(void **state)
{
	uint32_t	 aid;
	int		 fd = enhanced();

	(void)state;
	aid = associated(fd, F_R);
	send_short(fd, SOCKS_UDP_RELEASE, 0x10, 0, 1, aid);
	assert_int_equal(reply(fd, SOCKS_BADCONTEXT, 0x10, 1), aid);
	send_short(fd, SOCKS_UDP_RELEASE, 0x8002, 0, 2, aid);
	assert_int_equal(reply(fd, 0, 0x8002, 2), aid);
	assert_non_null(assoc_find(aid));
	send_short(fd, SOCKS_UDP_RELEASE, 3, 0, 3, aid);
	assert_int_equal(reply(fd, 0, 3, 3), aid);
	assert_null(assoc_find(aid));
	send_short(fd, SOCKS_UDP_RELEASE, 3, 0, 4, aid);
	assert_int_equal(reply(fd, SOCKS_BADAID, 3, 4), aid);
	close(fd);
}

/* P18, P32: an AID of another connection is none. */
static void
test_foreign(void **state)
{
	uint32_t	 aid;
	int		 one = enhanced(), two = enhanced();

	(void)state;
	aid = associated(one, SOCKS_F_DIRECTIONS);
	send_short(two, SOCKS_UDP_RELEASE, 3, 0, 1, aid);
	reply(two, SOCKS_BADAID, 3, 1);
	send_short(two, SOCKS_SET_TTL, 0, 3, 2, aid);
	reply(two, SOCKS_BADAID, 0, 2);
	send_bind(two, F_R | F_MC, 0, 3, aid);
	reply(two, SOCKS_BADAID, 0, 3);
	close(two);
	stub_run();
	assert_non_null(assoc_find(aid));
	close(one);
	stub_run();
	assert_null(assoc_find(aid));
}

/* P42 */
static void
test_set_ttl(void **state)
{
	struct msg_ask	*ask;
	uint32_t	 in, out;
	int		 fd = enhanced();

	(void)state;
	in = associated(fd, F_R);
	out = associated(fd, F_S);
	send_short(fd, SOCKS_SET_TTL, 0, 9, 1, in);
	assert_int_equal(reply(fd, SOCKS_BADCONTEXT, 0, 1), in);
	send_short(fd, SOCKS_SET_TTL, 0, 0, 2, out);
	assert_int_equal(reply(fd, SOCKS_BADTTL, 0, 2), out);
	send_short(fd, SOCKS_SET_TTL, 3, 99, 3, out);
	ask = asked(ASK_TTL);
	assert_int_equal(ask->ttl, 99);
	deny(ask, SOCKS_BADTTL, 0);
	assert_int_equal(reply(fd, SOCKS_BADTTL, 0, 3), out);
	assert_int_equal(assoc_find(out)->ttl, 5);
	send_short(fd, SOCKS_SET_TTL, 0, 9, 4, out);
	grant_part(asked(ASK_TTL), grants, SOCK_NONE, 0, 1, 0);
	assert_int_equal(reply(fd, 0, 0, 4), out);
	assert_int_equal(assoc_find(out)->ttl, 9);
	close(fd);
}

/* P11, P12: SIZE alone frames, whatever the content was. */
static void
test_framing(void **state)
{
	static uint8_t	 big[65535] = { 1, 0xff, 0xff, 5, 0, 0x11, 0, 0, 8 };
	static uint8_t	 data[65535] = { 3, 0xff, 0xff, 0, 0, 0, 9 };
	static uint8_t	 own[7] = { 3, 0, 7 };
	uint64_t	 lost = engine.lost.drops[DROP_AID];
	uint32_t	 aid;
	size_t		 i;
	int		 fd = enhanced();

	(void)state;
	for (i = 0; i < sizeof(big); i += 13107)
		say(fd, big + i, 13107);
	reply(fd, SOCKS_BADATYP, 0, 8);
	for (i = 0; i < sizeof(data); i += 13107)
		say(fd, data + i, 13107);
	assert_int_equal(engine.lost.drops[DROP_AID], lost + 1);
	aid = associated(fd, F_S);
	own[3] = (uint8_t)(aid >> 24);
	own[4] = (uint8_t)(aid >> 16);
	own[5] = (uint8_t)(aid >> 8);
	own[6] = (uint8_t)aid;
	for (i = 0; i < sizeof(own); i++)
		say(fd, own + i, 1);
	assert_int_equal(assoc_find(aid)->counters.drops[DROP_MODE], 1);
	send_short(fd, SOCKS_UDP_BIND, 3, 0, 9, 0);
	reply(fd, SOCKS_FAILURE, 0, 9);
	close(fd);
}

/* P11: the framing is lost. */
static void
test_framing_lost(void **state)
{
	static const uint8_t	 bad[][13] = {
		{ 4 }, { 2, 0, 13 }, { 1, 0, 12 }, { 3, 0, 6 }, { 5, 4, 0 }
	};
	uint32_t		 aid;
	size_t			 i;
	int			 fd;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		fd = enhanced();
		aid = associated(fd, F_R);
		say(fd, bad[i], sizeof(bad[i]));
		assert_null(assoc_find(aid));
		hear_end(fd);
		ended(END_PROTOCOL);
	}
}

/* The answer for a session that has ended: closed and released. */
static void
test_ended_while_asked(void **state)
{
	struct msg_released	*m;
	struct msg_ask		 ask;
	int			 fd = enhanced();

	(void)state;
	send_bind(fd, F_R | F_MC, 0, 1, 0);
	ask = *asked(ASK_BIND);
	assert_int_equal(request_oldest(), ask.req);
	close(fd);
	ended(END_CLIENT);
	assert_int_equal(request_oldest(), ask.req);
	grant_part(&ask, ++grants, SOCK_GROUP, 0, 1, 0);
	m = &stub_next(M_RELEASED)->m.released;
	assert_int_equal(m->sid, ask.sid);
	assert_int_equal(m->grant, grants);
	assert_int_equal(m->stands, 0);
	assert_int_equal(stub_refs[SOCK_GROUP], 0);
	assert_int_equal(request_oldest(), request_newest() + 1);
	assert_int_equal(engine.stat[STAT_PENDING], 0);
}

/* An association revoked, then the session by its relay's grant. */
static void
test_revoked(void **state)
{
	struct msg_revoke	 m = { .reason = END_REVOKED };
	struct msg_ask		*ask;
	uint32_t		 aid;
	int			 fd = enhanced();
	uint64_t		 relay = grants;

	(void)state;
	aid = associated(fd, F_R);
	send_bind(fd, F_S | F_MC, 4, 1, aid);
	ask = asked(ASK_BIND);
	m.sid = sid;
	m.grant = grants;
	request_on_revoked(PROC_PARENT, &m, -1);
	assert_null(assoc_find(aid));
	assert_int_equal(stub_next(M_RELEASED)->m.released.reason,
	    END_REVOKED);
	grant_part(ask, grants, SOCK_SEND, 0, 1, 0);
	assert_int_equal(reply(fd, SOCKS_BADAID, 0, 1), 0);
	assert_int_equal(stub_refs[SOCK_SEND], 0);
	assert_null(stub_next(M_RELEASED));
	nread = nsent;
	m.grant = relay;
	request_on_revoked(PROC_PARENT, &m, -1);
	assert_int_equal(stub_next(M_RELEASED)->m.released.grant, relay);
	hear_end(fd);
	ended(END_REVOKED);
}

/* 16 of one session are asked, the rest waits and loses nothing. */
static void
test_sixteen(void **state)
{
	struct msg_ask	 asks[40];
	uint16_t	 i;
	int		 fd = enhanced();

	(void)state;
	for (i = 0; i < nitems(asks); i++)
		send_bind(fd, F_R | F_MC, 0, i, 0);
	assert_int_equal(stub_count(M_ASK), SESSION_REQUESTS);
	for (i = 0; i < nitems(asks); i++) {
		asks[i] = *asked(ASK_BIND);
		deny(&asks[i], SOCKS_NORECEIVE, 0);
	}
	for (i = 0; i < nitems(asks); i++)
		reply(fd, SOCKS_NORECEIVE, 0, i);
	close(fd);
}

/* Answers the oldest question; tells whose it was. */
static uint64_t
refuse_one(void)
{
	struct msg_ask	 ask = *asked(ASK_BIND);

	deny(&ask, SOCKS_NORECEIVE, 0);
	return ask.sid;
}

/* 1,024 of all; then each session that waits is served in its turn. */
static void
test_thousand(void **state)
{
	enum { FULL = REQUEST_MAX / SESSION_REQUESTS, N = FULL + 16,
	    EACH = SESSION_REQUESTS + 4 };
	int		 fds[N], asks[N], i, j, n;
	uint64_t	 first = sid + 1;

	(void)state;
	memset(asks, 0, sizeof(asks));
	for (i = 0; i < N; i++)
		fds[i] = enhanced();
	for (i = 0; i < N; i++)
		for (j = 0; j < EACH; j++)
			send_bind(fds[i], F_R | F_MC, 0, (uint16_t)j, 0);
	assert_int_equal(stub_count(M_ASK), REQUEST_MAX);
	/* Sixteen places become free, and those without any take one each. */
	n = nsent;
	for (i = 0; i < N - FULL; i++)
		asks[refuse_one() - first]++;
	assert_int_equal(stub_count(M_ASK), REQUEST_MAX);
	for (i = FULL; i < N; i++, n++) {
		assert_int_equal(sent[n].type, M_ASK);
		assert_int_equal(sent[n].m.ask.sid, first + i);
	}
	while (stub_count(M_ASK) > 0)
		asks[refuse_one() - first]++;
	for (i = 0; i < N; i++) {
		assert_int_equal(asks[i], EACH);
		for (j = 0; j < EACH; j++)
			reply(fds[i], SOCKS_NORECEIVE, 0, (uint16_t)j);
		close(fds[i]);
	}
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	 tests[] = {
		T(test_bind),
		T(test_order),
		T(test_faults),
		T(test_unicast),
		T(test_names),
		T(test_extend),
		T(test_parts_fail),
		T(test_pending),
		T(test_release),
		T(test_foreign),
		T(test_set_ttl),
		T(test_framing),
		T(test_framing_lost),
		T(test_ended_while_asked),
		T(test_revoked),
		T(test_sixteen),
		T(test_thousand)
	};

	alarm(120);			/* whatever hangs has failed */
	stub_init();
	return cmocka_run_group_tests_name("enhanced", tests, NULL, NULL);
}
