/*
 * revalidate.c: tests of what a reload does to what lives: who is revoked,
 * who stays, and how much of that is done at a time.
 */

#include "policy_ask.h"

#define TURN	500		/* looked at in one turn of the event loop */

static int
setup(void **state)
{
	(void)state;
	stub_reset();
	conf_begin();
	conf_pass(CMD_RECEIVE | CMD_SEND, NULL);
	conf_end();
	return 0;
}

static void
conf_user(const char *name)
{
	struct msg_user	 u;

	memset(&u, 0, sizeof(u));
	u.generation = conf_generation;
	strlcpy(u.name, name, sizeof(u.name));
	policy_on_user(PROC_PARENT, &u, -1);
}

/* One turn; how many were revoked in it. */
static uint32_t
one_turn(void)
{
	uint32_t	 i, n = 0;

	nsent = 0;
	event_loop(EVLOOP_ONCE | EVLOOP_NONBLOCK);
	for (i = 0; i < nsent; i++) {
		assert_int_equal(sent[i].type, M_REVOKE);
		assert_int_equal(sent[i].peer, PROC_PARENT);
		assert_int_equal(sent[i].u.revoke.reason, END_REVOKED);
		n++;
	}
	return n;
}

/* The parent says that all use the generation that was committed. */
static uint32_t
reloaded(int ok)
{
	struct msg_reload	 m;

	memset(&m, 0, sizeof(m));
	m.ok = ok;
	revalidate_on_reloaded(PROC_PARENT, &m, -1);
	return one_turn();
}

static uint64_t
receiving(uint64_t sid, const char *group)
{
	struct msg_ask	 m = ask_msg(sid, SOCKS_F_RECEIVE, group);

	return assert_granted(&m);
}

static uint64_t
sending(uint64_t sid, const char *group, uint8_t ttl)
{
	struct msg_ask	 m = ask_msg(sid, SOCKS_F_SEND, group);

	m.ttl = ttl;
	return assert_granted(&m);
}

static void
test_still_allowed(void **state)
{
	uint64_t	 sid = session_new(1);

	(void)state;
	(void)receiving(sid, "239.1.1.1");
	(void)sending(sid, "239.1.1.2", 4);
	conf_begin();
	conf_pass(CMD_RECEIVE, "239.1.1.1");
	conf_pass(CMD_SEND, "239.1.1.2");
	conf_end();
	assert_int_equal(reloaded(1), 0);
}

static void
test_not_allowed(void **state)
{
	uint64_t	 sid = session_new(1), g;

	(void)state;
	(void)receiving(sid, "239.1.1.1");
	g = receiving(sid, "239.1.1.2");
	conf_begin();
	conf_pass(CMD_RECEIVE, "239.1.1.1");
	conf_end();
	assert_int_equal(reloaded(1), 1);
	assert_true(sent[0].u.revoke.grant == g);
	assert_true(sent[0].u.revoke.sid == sid);
	/* What is on its way is not sent twice. */
	assert_int_equal(reloaded(1), 0);
	released(sid, g, 0);
	assert_non_null(strstr(lines[nlines - 1], "reason="));
}

static void
test_failed_or_keep(void **state)
{
	(void)state;
	(void)receiving(session_new(1), "239.1.1.1");
	conf_begin();
	conf_settings.reload_keep = 1;
	conf_end();			/* no rule: nothing is allowed */
	assert_int_equal(reloaded(1), 0);
	conf_begin();
	conf_end();
	assert_int_equal(reloaded(0), 0);
	assert_int_equal(reloaded(1), 1);
}

/* One direction that is not allowed takes the other along. */
static void
test_one_direction(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1),
			    SOCKS_F_RECEIVE | SOCKS_F_SEND, "239.1.1.1");

	(void)state;
	(void)asked(&m);
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	conf_end();
	assert_int_equal(reloaded(1), 1);
}

static void
test_ttl_lowered(void **state)
{
	uint64_t	 sid = session_new(1), g;
	struct rule	 r;

	(void)state;
	(void)sending(sid, "239.1.1.1", 4);
	g = sending(sid, "239.1.1.2", 9);
	conf_begin();
	memset(&r, 0, sizeof(r));
	r.ttl_set = 1;
	r.ttl = 8;
	conf_rule(&r, RULE_PASS, CMD_SEND, NULL);
	conf_end();
	assert_int_equal(reloaded(1), 1);
	assert_true(sent[0].u.revoke.grant == g);
}

/* The socket is where it is: a rule that wants another interface is a no. */
static void
test_interface(void **state)
{
	struct rule	 r;

	(void)state;
	(void)receiving(session_new(1), "239.1.1.1");	/* via em0 */
	conf_begin();
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em0", sizeof(r.via));
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, NULL);
	conf_end();
	assert_int_equal(reloaded(1), 0);
	conf_begin();
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, NULL);
	conf_end();
	assert_int_equal(reloaded(1), 1);
}

/* P20 */
static void
test_local_any(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m;
	struct rule	 r;

	(void)state;
	conf_begin();
	memset(&r, 0, sizeof(r));
	r.local_any = 1;
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, NULL);
	conf_end();
	(void)receiving(sid, "239.1.1.1");
	m = ask_msg(sid, SOCKS_F_RECEIVE, "239.1.1.2");
	m.local = ep("10.0.0.77", 6000);
	(void)assert_granted(&m);
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	conf_end();
	assert_int_equal(reloaded(1), 1);
}

/* P44 */
static void
test_extension_off(void **state)
{
	(void)state;
	(void)receiving(session_new(1), "239.1.1.1");
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	conf_settings.extensions = EXT_BASE;
	conf_end();
	assert_int_equal(reloaded(1), 1);
}

static void
test_relay_is_left_alone(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), 0, "239.1.1.1");

	(void)state;
	m.op = ASK_ENHANCED;
	(void)assert_granted(&m);
	conf_begin();
	conf_end();
	assert_int_equal(reloaded(1), 0);
}

static uint64_t
alices_session(void)
{
	struct msg_identity	 id = identity_msg(session_new(2), 1, "alice");

	identity_on_identity(PROC_AUTH, &id, -1);
	return id.sid;
}

static void
test_user_gone(void **state)
{
	uint64_t	 sid = alices_session();

	(void)state;
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	conf_user("alice");
	conf_end();
	assert_int_equal(reloaded(1), 0);
	(void)receiving(sid, "239.1.1.1");
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	conf_user("bob");
	conf_end();
	assert_int_equal(reloaded(1), 1);	/* all of it, once */
	assert_true(sent[0].u.revoke.sid == sid);
	assert_true(sent[0].u.revoke.grant == 0);
}

/* What auth said before it had the new users is looked at, too. */
static void
test_login_on_its_way(void **state)
{
	struct msg_identity	 id = identity_msg(session_new(2), 1, "alice");

	(void)state;
	conf_begin();
	conf_user("bob");
	conf_end();
	stub_coming(PROC_AUTH, identity_on_identity, &id, sizeof(id));
	assert_int_equal(reloaded(1), 1);
	assert_true(sent[0].u.revoke.sid == id.sid);
}

/* conf_begin has listeners 1 to 3; this generation has only these. */
static void
conf_only(uint32_t id, uint8_t method)
{
	struct msg_generation	 gen = { ++conf_generation };

	conf_rules = 0;
	policy_on_begin(PROC_PARENT, &gen, -1);
	conf_listener(id, "new", 1, method, 0);
	conf_iface("em0", EM0, IFACE_EGRESS);
	conf_pass(CMD_RECEIVE, NULL);
	conf_user("alice");
	conf_end();
}

static void
test_listener_gone(void **state)
{
	uint64_t	 open = session_new(1);

	(void)state;
	(void)alices_session();
	(void)receiving(open, "239.1.1.1");
	conf_only(2, SOCKS_METHOD_USERPASS);
	assert_int_equal(reloaded(1), 1);
	assert_true(sent[0].u.revoke.sid == open);
	assert_string_equal(identity_find(last_sid)->label, "new");
}

static void
test_method_gone(void **state)
{
	uint64_t	 by_none = session_new(3), waits = session_new(3);

	(void)state;
	(void)receiving(by_none, "239.1.1.1");
	conf_only(3, SOCKS_METHOD_USERPASS);
	assert_int_equal(reloaded(1), 2);
	assert_true(sent[0].u.revoke.sid == by_none);
	/* It could still choose the one that is not offered any more. */
	assert_true(sent[1].u.revoke.sid == waits);
}

/* A session for each 100 associations, so that no record is summed. */
static void
many(uint32_t n)
{
	struct msg_ask	 m;
	uint32_t	 i;

	for (i = 0; i < n; i++) {
		if (i % 100 == 0)
			m = ask_msg(session_new(1), SOCKS_F_SEND,
			    "239.1.1.1");
		m.req = ++last_req;
		m.remote.port = 1 + i % 100;
		(void)assert_granted(&m);
		nsent = 0;
	}
}

static void
test_in_turns(void **state)
{
	uint32_t	 n, total = 0, turns = 0;

	(void)state;
	conf_begin();
	conf_pass(CMD_RECEIVE | CMD_SEND, NULL);
	conf_settings.log = LOG_NONE;
	conf_end();
	many(2000);
	conf_begin();
	conf_settings.log = LOG_NONE;
	conf_end();
	for (n = reloaded(1); n > 0; n = one_turn()) {
		assert_true(n <= TURN);
		total += n;
		turns++;
	}
	assert_int_equal(total, 2000);
	assert_true(turns >= 4);
}

/* Another reload before the first has been looked through: from the start. */
static void
test_again_in_between(void **state)
{
	uint32_t	 n, total = 0;

	(void)state;
	conf_begin();
	conf_pass(CMD_RECEIVE | CMD_SEND, NULL);
	conf_settings.log = LOG_NONE;
	conf_end();
	many(1200);
	assert_int_equal(reloaded(1), 0);
	conf_begin();
	conf_settings.log = LOG_NONE;
	conf_end();
	for (n = reloaded(1); n > 0; n = one_turn())
		total += n;
	assert_int_equal(total, 1200);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, conf_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_still_allowed),
		T(test_not_allowed),
		T(test_failed_or_keep),
		T(test_one_direction),
		T(test_ttl_lowered),
		T(test_interface),
		T(test_local_any),
		T(test_extension_off),
		T(test_relay_is_left_alone),
		T(test_user_gone),
		T(test_login_on_its_way),
		T(test_listener_gone),
		T(test_method_gone),
		T(test_in_turns),
		T(test_again_in_between),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
