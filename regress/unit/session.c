/*
 * Control connections over a socket pair: negotiation (P1 to P5), enhanced
 * mode (P10 to P18, P31, P42) and how a session ends (P30, P32); what policy,
 * auth and the parent would say is said by the test.
 */
#include "control_stub.h"

#define F_MC	(SOCKS_F_MULTICAST)
#define F_R	(SOCKS_F_RECEIVE)
#define F_S	(SOCKS_F_SEND)

static const uint8_t	 only_none[] = { SOCKS_METHOD_NONE };
static const uint8_t	 only_login[] = { SOCKS_METHOD_USERPASS };
static uint64_t		 sid = 1000, grants = 1000;
static uint8_t		 got[8192];	/* what the client has read */

static int
setup(void **state)
{
	(void)state;
	stub_configure(1, only_none);
	nread = nsent = 0;
	stub_join_fails = 0;
	return 0;
}

/* Whatever is left ends; nothing may be left over then. */
static int
teardown(void **state)
{
	(void)state;
	session_close_all(END_CLIENT);
	stub_run();
	return engine.stat[STAT_SESSIONS] == 0 &&
	    engine.stat[STAT_ASSOCIATIONS] == 0 && stub_receivers == 0 &&
	    stub_senders == 0 && stub_refs[SOCK_RELAY] == 0 ? 0 : -1;
}

static void
say(int fd, const void *data, size_t n)
{
	assert_int_equal(write(fd, data, n), n);
	stub_run();
}

#define SAY(fd, ...)	do {						\
	const uint8_t	 say_[] = { __VA_ARGS__ };			\
	say(fd, say_, sizeof(say_));					\
} while (0)

/* Exactly these octets have come so far. */
static void
hear(int fd, const void *data, size_t n)
{
	ssize_t		 r;

	stub_run();
	r = read(fd, got, sizeof(got));
	assert_int_equal(r, n);
	assert_memory_equal(got, data, n);
}

#define HEAR(fd, ...)	do {						\
	const uint8_t	 hear_[] = { __VA_ARGS__ };			\
	hear(fd, hear_, sizeof(hear_));					\
} while (0)

static void
hear_nothing(int fd)
{
	stub_run();
	assert_int_equal(read(fd, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
}

/* End of file, not an error: no RST has destroyed anything. */
static void
hear_end(int fd)
{
	stub_run();
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	stub_run();
}

/* Runs until the client hears something, at most two seconds more than ms. */
static long long
wait_for(int fd, int ms)
{
	long long	 from = clock_ms();
	uint8_t		 c;

	while (recv(fd, &c, 1, MSG_PEEK) == -1) {
		assert_true(clock_ms() - from < ms + 2000);
		usleep(2000);
		event_loop(EVLOOP_NONBLOCK);
	}
	return clock_ms() - from;
}

static struct msg_end *
ended(enum end_reason reason)
{
	struct sent	*e;

	stub_run();
	e = stub_next(M_END);
	assert_non_null(e);
	assert_int_equal(e->m.end.sid, sid);
	assert_int_equal(e->m.end.reason, reason);
	return &e->m.end;
}

static void
deny(const struct msg_ask *ask, uint8_t code, uint16_t flags)
{
	struct msg_deny	 m = { .sid = ask->sid, .req = ask->req,
			    .code = code, .flags = flags };

	request_on_deny(PROC_POLICY, &m, -1);
}

/* One part of a grant, or of its failure. */
static void
grant_part(const struct msg_ask *ask, uint64_t grant, uint8_t kind, int part,
    int parts, int err)
{
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.sid = ask->sid;
	m.grant.req = ask->req;
	m.grant.grant = grant;
	m.grant.part = (uint8_t)part;
	m.grant.parts = (uint8_t)parts;
	m.grant.flags = ask->flags | (ask->op == ASK_BIND ? SOCKS_F_MU : 0);
	m.grant.ttl = ask->ttl;
	m.grant.key.kind = kind;
	m.grant.local = ask->local;
	m.grant.remote = ask->remote;
	m.bound = stub_endpoint("0.0.0.0", 7777);
	m.err = err;
	request_on_socket(PROC_PARENT, &m, err != 0 || kind == SOCK_NONE ? -1 :
	    open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static struct msg_ask *
asked(enum ask_op op)
{
	struct sent	*s = stub_next(M_ASK);

	assert_non_null(s);
	assert_int_equal(s->m.ask.op, op);
	return &s->m.ask;
}

/* A client in enhanced mode. */
static int
enhanced(void)
{
	int		 fd = stub_client(++sid, 1);

	SAY(fd, 5, 1, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0);
	HEAR(fd, 5, 0);
	grant_part(asked(ASK_ENHANCED), ++grants, SOCK_RELAY, 0, 1, 0);
	HEAR(fd, 1, 0, 0, 1, 192, 0, 2, 1, 0x1e, 0x61);
	return fd;
}

/* A control packet with both addresses in IPv4: 27 octets. */
static void
packet(uint8_t *p, uint8_t cmd, uint16_t flags, uint8_t rsvd, uint16_t tid,
    uint32_t aid, uint16_t lport, uint8_t group, uint16_t port)
{
	const uint8_t	 octets[27] = { 1, 0, 27, cmd, (uint8_t)(flags >> 8),
	    (uint8_t)flags, rsvd, (uint8_t)(tid >> 8), (uint8_t)tid,
	    (uint8_t)(aid >> 24), (uint8_t)(aid >> 16), (uint8_t)(aid >> 8),
	    (uint8_t)aid, 1, 0, 0, 0, 0, (uint8_t)(lport >> 8),
	    (uint8_t)lport, 1, group, 1, 2, 3, (uint8_t)(port >> 8),
	    (uint8_t)port };

	memcpy(p, octets, sizeof(octets));
}

static void
send_bind(int fd, uint16_t flags, uint8_t ttl, uint16_t tid, uint32_t aid)
{
	uint8_t		 p[27];

	packet(p, SOCKS_UDP_BIND, flags, ttl, tid, aid, 6000, 239, 5000);
	say(fd, p, sizeof(p));
}

static void
send_short(int fd, uint8_t cmd, uint16_t flags, uint8_t rsvd, uint16_t tid,
    uint32_t aid)
{
	uint8_t		 p[27];

	packet(p, cmd, flags, rsvd, tid, aid, 0, 0, 0);
	p[2] = SOCKS_CTL_FIXED;
	say(fd, p, SOCKS_CTL_FIXED);
}

/* P13: the next reply, in its full form; returns its AID. */
static uint32_t
reply(int fd, uint8_t code, uint16_t flags, uint16_t tid)
{
	stub_run();
	assert_int_equal(read(fd, got, 27), 27);
	assert_int_equal(got[0], SOCKS_PKT_REPLY);
	assert_int_equal(got[1] << 8 | got[2], 27);
	assert_int_equal(got[3], code);
	assert_int_equal(got[4] << 8 | got[5], flags);
	assert_int_equal(got[6], 0);
	assert_int_equal(got[7] << 8 | got[8], tid);
	return (uint32_t)got[9] << 24 | (uint32_t)got[10] << 16 |
	    (uint32_t)got[11] << 8 | got[12];
}

/* An association that stands; its grant is `grants'. */
static uint32_t
associated(int fd, uint16_t dirs)
{
	struct msg_ask	*ask;

	send_bind(fd, dirs | F_MC, 5, 0x4242, 0);
	ask = asked(ASK_BIND);
	++grants;
	if (dirs == SOCKS_F_DIRECTIONS)
		grant_part(ask, grants, SOCK_GROUP, 0, 2, 0);
	grant_part(ask, grants, dirs == F_R ? SOCK_GROUP : SOCK_SEND,
	    dirs == SOCKS_F_DIRECTIONS, 1 + (dirs == SOCKS_F_DIRECTIONS), 0);
	return reply(fd, 0, dirs | F_MC | SOCKS_F_MU, 0x4242);
}

/* P1 */
static void
test_not_socks(void **state)
{
	int		 fd = stub_client(++sid, 1);

	(void)state;
	SAY(fd, 4, 1, 0, 80, 1, 2, 3, 4, 0);
	hear_end(fd);
	ended(END_PROTOCOL);
}

/* P1, P2 */
static void
test_methods(void **state)
{
	static const uint8_t	 both[] = { 2, 0 };
	int			 fd = stub_client(++sid, 1);

	(void)state;
	SAY(fd, 5, 0);
	HEAR(fd, 5, 0xff);
	hear_end(fd);
	ended(END_METHOD);
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 2, 1, 2);
	HEAR(fd, 5, 0xff);
	hear_end(fd);
	stub_configure(2, both);
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 2, 0, 2);
	HEAR(fd, 5, 2);
	close(fd);
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 1, 0);
	HEAR(fd, 5, 0);
	close(fd);
}

/* P5: one octet a segment. */
static void
test_octets(void **state)
{
	static const uint8_t	 all[] = { 5, 1, 0, 5, 4, 0, 0, 0, 0, 0, 0, 0,
				    0 };
	int			 fd = stub_client(++sid, 1);
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(all); i++) {
		assert_null(stub_next(M_ASK));
		say(fd, all + i, 1);
	}
	HEAR(fd, 5, 0);
	deny(asked(ASK_ENHANCED), SOCKS_REFUSED, 0);
	HEAR(fd, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0);
	hear_end(fd);
	assert_int_equal(ended(END_REFUSED)->refused, 1);
}

/* P3, P5: login, request and first packet in one segment. */
static void
test_pipelined(void **state)
{
	static const uint8_t	 all[] = { 5, 1, 2, 1, 3, 'a', 'n', 'n', 2,
				    'p', 'w', 5, 4, 0, 1, 0, 0, 0, 0, 0, 0,
				    1, 0, 13, 9, 0, 0, 0, 0x12, 0x34, 0, 0, 0,
				    0 };
	struct msg_authed	 m = { .ok = 1 };
	struct sent		*auth;
	int			 fd;

	(void)state;
	stub_configure(1, only_login);
	fd = stub_client(++sid, 1);
	say(fd, all, sizeof(all));
	HEAR(fd, 5, 2);
	assert_non_null(auth = stub_next(M_AUTH));
	assert_string_equal(auth->m.auth.user, "ann");
	assert_string_equal(auth->m.auth.pass, "pw");
	assert_null(stub_next(M_ASK));
	nread = nsent;
	m.sid = sid;
	session_on_authed(PROC_AUTH, &m, -1);
	HEAR(fd, 1, 0);
	grant_part(asked(ASK_ENHANCED), ++grants, SOCK_RELAY, 0, 1, 0);
	stub_run();
	assert_int_equal(read(fd, got, 10), 10);
	assert_int_equal(reply(fd, SOCKS_BADCOMMAND, 0, 0x1234), 0);
	close(fd);
	ended(END_CLIENT);
}

/*
 * P3: X'01 01' at the fixed time, whenever auth answered and whatever the
 * client says meanwhile.
 */
static void
login_fails(int late)
{
	static const uint8_t	 more[3000];
	struct msg_authed	 m = { .ok = 0 };
	long long		 took;
	int			 fd = stub_client(++sid, 1);

	SAY(fd, 5, 1, 2, 1, 1, 'a', 1, 'b');
	HEAR(fd, 5, 2);
	assert_non_null(stub_next(M_AUTH));
	say(fd, more, sizeof(more));
	m.sid = sid;
	took = clock_ms();
	if (late)
		usleep(1100000);
	session_on_authed(PROC_AUTH, &m, -1);
	wait_for(fd, 2000);
	took = clock_ms() - took;
	assert_in_range(took, late ? 1990 : 990, late ? 2200 : 1200);
	HEAR(fd, 1, 1);
	hear_end(fd);
	ended(END_AUTH);
}

static void
test_login_fails(void **state)
{
	(void)state;
	stub_configure(1, only_login);
	engine.settings.timeout[TIMEOUT_AUTH_FAILURE] = 1;
	login_fails(0);
	login_fails(1);
}

/* P3: what cannot be a login is asked as one that fails. */
static void
test_login_unsound(void **state)
{
	static const uint8_t	 bad[][8] = {
		{ 1, 0, 1, 'b' }, { 1, 1, 'a', 0 }, { 5, 1, 0, 1, 0 },
		{ 1, 1, 0, 1, 'b' }
	};
	size_t			 i;
	int			 fd;

	(void)state;
	stub_configure(1, only_login);
	for (i = 0; i < nitems(bad); i++) {
		struct sent	*auth;

		fd = stub_client(++sid, 1);
		SAY(fd, 5, 1, 2);
		HEAR(fd, 5, 2);
		say(fd, bad[i], 5);
		assert_non_null(auth = stub_next(M_AUTH));
		assert_string_equal(auth->m.auth.user, "");
		assert_string_equal(auth->m.auth.pass, "");
		hear_nothing(fd);
		close(fd);
		ended(END_CLIENT);
	}
}

/* P4: failed requests are answered, and the answer survives what follows. */
static void
test_requests(void **state)
{
	static const struct {
		uint8_t	 code;
		uint8_t	 n;
		uint8_t	 octets[16];
	} t[] = {
		{ 0x07, 10, { 5, 1, 0, 1, 192, 0, 2, 7, 0, 80 } },
		{ 0x07, 10, { 5, 2, 0, 1, 192, 0, 2, 7, 0, 80 } },
		{ 0x07, 10, { 5, 3, 0, 1, 0, 0, 0, 0, 0, 0 } },
		{ 0x07, 10, { 5, 0x10, 1, 1, 0, 0, 0, 0, 0, 0 } },
		{ 0x07, 10, { 5, 9, 0, 1, 0, 0, 0, 0, 0, 0 } },
		{ 0x07, 5, { 5, 9, 0, 9, 0 } },
		{ 0x08, 10, { 5, 1, 0, 2, 192, 0, 2, 7, 0, 80 } },
		{ 0x01, 7, { 5, 1, 0, 3, 0, 0, 80 } },
		{ 0x04, 12, { 5, 1, 0, 3, 5, '1', '2', '7', '.', '1', 0,
		    80 } }
	};
	static const uint8_t	 more[30000];
	size_t			 i;
	int			 fd;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fd = stub_client(++sid, 1);
		SAY(fd, 5, 1, 0);
		HEAR(fd, 5, 0);
		say(fd, t[i].octets, t[i].n);
		say(fd, more, sizeof(more));
		HEAR(fd, 5, t[i].code, 0, 1, 0, 0, 0, 0, 0, 0);
		hear_end(fd);
		assert_int_equal(ended(END_REFUSED)->requests, 1);
	}
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 1, 0, 4, 1, 0, 1);
	HEAR(fd, 5, 0);
	hear_end(fd);
	ended(END_PROTOCOL);
}

/* Every CLIENT has its END. */
static void
test_lost(void **state)
{
	(void)state;
	stub_client(++sid, 0);
	ended(END_LIMIT);
}

static void
test_handshake_timeout(void **state)
{
	int		 fd;

	(void)state;
	engine.settings.timeout[TIMEOUT_HANDSHAKE] = 1;
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 1);
	assert_in_range(wait_for(fd, 1000), 900, 1300);
	hear_end(fd);
	ended(END_TIMEOUT);
}

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
		{ 0x07, F_R, 0, 10, 5000 },
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

/* P30: replies nobody reads are bounded, and end the connection in time. */
static void
test_stalled(void **state)
{
	uint8_t		 p[27];
	uint32_t	 aid;
	int		 i, fd;

	(void)state;
	engine.settings.timeout[TIMEOUT_STALLED] = 1;
	fd = enhanced();
	aid = associated(fd, F_R);
	packet(p, 0x55, 0, 0, 0, 0, 0, 0, 0);
	for (i = 0; i < 100000 && write(fd, p, sizeof(p)) == sizeof(p); i++)
		event_loop(EVLOOP_NONBLOCK);
	assert_true(i < 100000);
	assert_non_null(assoc_find(aid));
	assert_int_equal(session_find(sid)->in_len, SESSION_IN);
	for (i = 0; i < 2000 && session_find(sid) != NULL; i++) {
		usleep(1000);
		event_loop(EVLOOP_NONBLOCK);
	}
	assert_true(i < 2000);
	assert_null(assoc_find(aid));
	ended(END_STALLED);
	close(fd);
}

/* A client that reads only when nothing else goes gets every reply. */
static void
test_reads_late(void **state)
{
	uint8_t		 p[27];
	int		 i, n = 0, fd = enhanced();

	(void)state;
	packet(p, 0x55, 0, 0, 0, 0, 0, 0, 0);
	for (i = 0; i < 20000; i++) {
		p[7] = (uint8_t)(i >> 8);
		p[8] = (uint8_t)i;
		while (write(fd, p, sizeof(p)) != sizeof(p)) {
			event_loop(EVLOOP_NONBLOCK);
			reply(fd, SOCKS_BADCOMMAND, 0, (uint16_t)n++);
		}
	}
	while (n < 20000)
		reply(fd, SOCKS_BADCOMMAND, 0, (uint16_t)n++);
	close(fd);
}

static void
test_idle(void **state)
{
	int		 fd;

	(void)state;
	engine.settings.timeout[TIMEOUT_IDLE] = 1;
	fd = enhanced();
	assert_in_range(wait_for(fd, 1000), 900, 1300);
	hear_end(fd);
	ended(END_IDLE);
}

static void
test_count(void **state)
{
	struct msg_count	 m = { .token = 5, .what = COUNT_GRANT };
	struct msg_counters	*c;
	uint32_t		 aid;
	int			 fd = enhanced();

	(void)state;
	aid = associated(fd, F_S);
	m.grant = grants;
	engine_on_count(PROC_POLICY, &m, -1);
	c = &stub_next(M_COUNTERS)->m.counters;
	assert_int_equal(c->token, 5);
	assert_int_equal(c->found, 1);
	assert_int_equal(c->aid, aid);
	assert_int_equal(c->ttl, 5);
	m.grant = 1;
	engine_on_count(PROC_POLICY, &m, -1);
	assert_int_equal(stub_next(M_COUNTERS)->m.counters.found, 0);
	m.what = COUNT_ENGINE;
	engine_on_count(PROC_POLICY, &m, -1);
	c = &stub_next(M_COUNTERS)->m.counters;
	assert_int_equal(c->stat[STAT_SESSIONS], 1);
	assert_int_equal(c->stat[STAT_GROUPS], 3);
	close(fd);
}

/* Own addresses and listeners are the committed generation's. */
static void
test_configured(void **state)
{
	struct addr	 own = stub_endpoint("192.0.2.1", 0).addr;
	struct addr	 net = stub_endpoint("192.0.2.0", 0).addr;

	(void)state;
	assert_true(engine_own_addr(&own));
	assert_false(engine_own_addr(&net));
	assert_non_null(engine_listener(1));
	assert_null(engine_listener(2));
}

/* The last of the tests: nothing comes after it. */
static void
test_shutdown(void **state)
{
	struct msg_ask	 ask;
	int		 fd = enhanced();

	(void)state;
	associated(fd, F_R);
	send_bind(fd, F_R | F_MC, 0, 1, 0);
	ask = *asked(ASK_BIND);
	engine_on_shutdown(PROC_PARENT, NULL, -1);
	assert_int_equal(stub_next(M_RELEASED)->m.released.reason,
	    END_SHUTDOWN);
	assert_int_equal(stub_next(M_END)->m.end.reason, END_SHUTDOWN);
	assert_non_null(stub_next(M_DONE));
	deny(&ask, SOCKS_NORECEIVE, 0);
	grant_part(&ask, ++grants, SOCK_GROUP, 0, 1, 0);
	assert_int_equal(nread, nsent);
	hear_end(fd);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	 tests[] = {
		T(test_not_socks),
		T(test_methods),
		T(test_octets),
		T(test_pipelined),
		T(test_login_fails),
		T(test_login_unsound),
		T(test_requests),
		T(test_lost),
		T(test_handshake_timeout),
		T(test_bind),
		T(test_order),
		T(test_faults),
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
		T(test_thousand),
		T(test_stalled),
		T(test_reads_late),
		T(test_idle),
		T(test_count),
		T(test_configured),
		T(test_shutdown)
	};

	alarm(120);			/* whatever hangs has failed */
	stub_init();
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
