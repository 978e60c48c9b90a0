/*
 * Control connections over a socket pair: negotiation (P1 to P5, P10) and how
 * a session waits, idles and ends (P30, P32); what policy, auth and the parent
 * would say is said by the test.
 */
#include "session_grant.h"

static const uint8_t	 only_login[] = { SOCKS_METHOD_USERPASS };

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
		{ 0x07, 10, { 5, 2, 0, 1, 192, 0, 2, 7, 0, 80 } },
		{ 0x07, 10, { 5, 3, 0, 1, 0, 0, 0, 0, 0, 0 } },
		{ 0x08, 5, { 5, 0x10, 1, 9, 0 } },
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
