/*
 * may.c: tests of what policy says to LIST-FEATURES (P9): a command is there
 * if a pass rule may match who asks, whatever follows.
 */

#include "policy_ask.h"

static int
setup(void **state)
{
	(void)state;
	stub_reset();
	conf_begin();
	return 0;
}

static struct rule
rule_zero(void)
{
	struct rule	 r;

	memset(&r, 0, sizeof(r));
	return r;
}

static void
rule_from(struct rule *r, const char *from)
{
	struct prefix	 p;

	assert_int_equal(prefix_parse(&p, from), 0);
	r->from.type = RULE_PREFIX;
	r->from.a = p.addr;
	r->from.plen = p.len;
}

/* The answer: no grant, nothing to make a socket of. */
static uint16_t
features(uint64_t sid)
{
	struct msg_ask		 m;
	const struct stub_msg	*s;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.req = ++last_req;
	m.op = ASK_FEATURES;
	s = asked(&m);
	assert_int_equal(s->type, M_GRANT);
	assert_int_equal(s->peer, PROC_PARENT);
	assert_int_equal(s->u.grant.key.kind, SOCK_NONE);
	assert_int_equal(s->u.grant.req, m.req);
	assert_int_equal(s->u.grant.grant, 0);
	assert_int_equal(s->u.grant.parts, 1);
	assert_int_equal(s->u.grant.generation, conf_generation);
	return s->u.grant.flags;
}

static uint64_t
session_of(const char *from, uint32_t listener)
{
	struct msg_session	 m = session_msg(listener);

	m.peer = ep(from, 40000);
	identity_on_session(PROC_PARENT, &m, -1);
	return m.sid;
}

static void
test_nothing(void **state)
{
	struct rule	 r = rule_zero();

	(void)state;
	conf_rule(&r, RULE_MATCH, CMD_SIX, NULL);
	r = rule_zero();
	conf_rule(&r, RULE_BLOCK, CMD_SIX, NULL);
	conf_pass(CMD_RECEIVE | CMD_SEND | CMD_UDP, NULL);
	conf_end();
	assert_int_equal(features(session_new(1)), 0);
}

/* What is behind the client's side counts for nothing. */
static void
test_whatever_follows(void **state)
{
	struct rule	 r = rule_zero();

	(void)state;
	r.port.op = OP_EQ;
	r.port.lo = 80;
	r.af = ADDR_V6;
	strlcpy(r.domain, "*.example.org", sizeof(r.domain));
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "2001:db8::1");
	r = rule_zero();
	r.quick = 1;
	conf_rule(&r, RULE_BLOCK, CMD_SIX, NULL);
	conf_end();
	assert_int_equal(features(session_new(1)), ASK_MAY_CONNECT);
}

static void
test_who_asks(void **state)
{
	struct rule		 from = rule_zero(), listener = rule_zero(),
				 method = rule_zero(), port = rule_zero();
	struct msg_identity	 m;
	uint64_t		 sid;

	(void)state;
	rule_from(&from, "10.0.7.0/24");
	conf_rule(&from, RULE_PASS, CMD_CONNECT, NULL);
	rule_from(&listener, "10.0.8.0/24");
	strlcpy(listener.listener, "open", sizeof(listener.listener));
	conf_rule(&listener, RULE_PASS, CMD_CONNECT, NULL);
	rule_from(&method, "10.0.9.0/24");
	method.methods = RULE_METHOD_USERPASS;
	strlcpy(method.user, "alice", sizeof(method.user));
	conf_rule(&method, RULE_PASS, CMD_CONNECT, NULL);
	rule_from(&port, "10.0.6.0/24");
	port.fport.op = OP_LT;
	port.fport.lo = 1024;
	conf_rule(&port, RULE_PASS, CMD_CONNECT, NULL);
	conf_end();
	assert_int_equal(features(session_of("10.0.7.9", 1)),
	    ASK_MAY_CONNECT);
	assert_int_equal(features(session_of("10.0.1.9", 1)), 0);
	assert_int_equal(features(session_of("10.0.6.9", 1)), 0);
	assert_int_equal(features(session_of("10.0.8.9", 1)),
	    ASK_MAY_CONNECT);
	assert_int_equal(features(session_of("10.0.8.9", 3)), 0);
	assert_int_equal(features(session_of("10.0.9.9", 1)), 0);
	sid = session_of("10.0.9.9", 2);
	m = identity_msg(sid, 1, "alice");
	identity_on_identity(PROC_AUTH, &m, -1);
	assert_int_equal(features(sid), ASK_MAY_CONNECT);
	sid = session_of("10.0.9.9", 2);
	m = identity_msg(sid, 1, "bob");
	identity_on_identity(PROC_AUTH, &m, -1);
	assert_int_equal(features(sid), 0);
}

/* P44: what the daemon does not serve is not there, whatever rules say. */
static void
test_served(void **state)
{
	(void)state;
	conf_pass(CMD_BIND | CMD_ASSOCIATE, NULL);
	conf_end();
	assert_int_equal(features(session_new(1)), 0);
}

static void
own(const char *text)
{
	struct msg_addr	 m;

	memset(&m, 0, sizeof(m));
	m.generation = conf_generation;
	m.net.addr = ip(text);
	m.net.len = m.net.addr.af == ADDR_V4 ? 24 : 64;
	strlcpy(m.ifname, "em0", sizeof(m.ifname));
	policy_on_addr(PROC_PARENT, &m, -1);
}

/* Loopback leads nowhere. */
static void
test_ipv6(void **state)
{
	(void)state;
	own("192.0.2.1");
	own("::1");
	conf_end();
	assert_int_equal(features(session_new(1)), 0);
	own("2001:db8::1");
	assert_int_equal(features(session_new(1)), ASK_MAY_IPV6);
}

/* Nothing is held that the end of the session would have to end. */
static void
test_no_grant(void **state)
{
	uint64_t	 sid;

	(void)state;
	conf_pass(CMD_CONNECT, NULL);
	conf_end();
	sid = session_new(1);
	assert_int_equal(features(sid), ASK_MAY_CONNECT);
	assert_int_equal(features(sid), ASK_MAY_CONNECT);
	assert_null(grant_next(0));
	ended(sid);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, conf_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_nothing),
		T(test_whatever_follows),
		T(test_who_asks),
		T(test_served),
		T(test_ipv6),
		T(test_no_grant),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
