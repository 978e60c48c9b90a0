/*
 * pool.c: tests of unicast associations in policy: which slot of the pool each
 * REMOTE gets, what is refused with which code and FLAGS (P14 to P24), and
 * what the grant says.
 */

#include "policy_ask.h"

#define RECV	SOCKS_F_RECEIVE
#define SEND	SOCKS_F_SEND
#define BOTH	(RECV | SEND)
#define UNI	SOCKS_F_UNICAST

static uint64_t		 sid;

static int
setup(void **state)
{
	struct rule	 r;

	(void)state;
	stub_reset();
	conf_begin();
	conf_settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 8000;
	conf_settings.limit[LIMIT_ASSOCIATIONS] = 8000;
	conf_pass(CMD_UDP, "198.51.100.0/24");
	memset(&r, 0, sizeof(r));
	r.port.op = OP_RANGE;
	r.port.lo = 5000;
	r.port.hi = 5010;
	conf_rule(&r, RULE_PASS, CMD_UDP, "203.0.113.0/24");
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));
	strlcpy(r.label, "far", sizeof(r.label));
	r.idle = 77;
	conf_rule(&r, RULE_PASS, CMD_UDP, "203.0.112.0/24");
	memset(&r, 0, sizeof(r));
	r.dedicated = 1;
	conf_rule(&r, RULE_PASS, CMD_UDP, "203.0.111.0/24");
	memset(&r, 0, sizeof(r));
	r.local_any = 1;
	conf_rule(&r, RULE_PASS, CMD_UDP, "203.0.110.0/24");
	conf_end();
	sid = session_new(1);
	return 0;
}

static struct msg_ask
bind_msg(uint16_t flags, const char *remote, uint16_t port)
{
	struct msg_ask	 m = ask_msg(sid, flags | UNI, remote);

	m.flags &= ~SOCKS_F_MULTICAST;
	m.ttl = 0;
	m.remote.port = port;
	return m;
}

/* The last grant's socket; its slot. */
static int
slot(uint16_t flags, const char *remote, uint16_t port, uint64_t *grant)
{
	struct msg_ask		 m = bind_msg(flags, remote, port);
	const struct msg_grant	*g = &sent[0].u.grant;

	nsent = 0;
	*grant = assert_granted(&m);
	assert_int_equal(nsent, 1);
	assert_int_equal(g->parts, 1);
	assert_int_equal(g->flags, flags | UNI);
	assert_int_equal(g->key.kind, SOCK_EGRESS);
	assert_int_equal(g->key.addr.af, ADDR_V4);
	assert_true(addr_is_any(&g->key.addr));
	assert_int_equal(g->remote.port, port);
	return g->key.port;
}

/* One socket for all that differ; another where a remote is taken. */
static void
test_slots(void **state)
{
	uint64_t	 a, b, c, g;

	(void)state;
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &a), 0);
	assert_int_equal(sent[0].u.grant.reuse, 0);
	assert_int_equal(slot(RECV, "198.51.100.1", 54, &g), 0);
	assert_int_equal(sent[0].u.grant.reuse, 1);
	assert_int_equal(slot(SEND, "198.51.100.2", 53, &g), 0);
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &b), 1);
	assert_int_equal(sent[0].u.grant.reuse, 0);
	assert_int_equal(slot(SEND, "198.51.100.1", 53, &c), 2);
	released(sid, b, 0);
	assert_int_equal(slot(RECV, "198.51.100.1", 53, &b), 1);
	assert_int_equal(slot(RECV, "198.51.100.1", 53, &g), 3);
	/* One direction of it is as good as both. */
	released(sid, a, SEND);
	assert_int_equal(slot(RECV, "198.51.100.1", 53, &g), 4);
	released(sid, a, 0);
	assert_int_equal(slot(RECV, "198.51.100.1", 53, &g), 0);
}

/* P24: port 0 has its host to itself, before others and after them. */
static void
test_any_port(void **state)
{
	uint64_t	 any, g, one;

	(void)state;
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &one), 0);
	assert_int_equal(slot(RECV, "198.51.100.1", 0, &any), 1);
	assert_int_equal(slot(BOTH, "198.51.100.1", 54, &g), 0);
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &g), 2);
	assert_int_equal(slot(RECV, "198.51.100.1", 0, &g), 3);
	assert_int_equal(slot(RECV, "198.51.100.2", 0, &g), 0);
	assert_int_equal(slot(BOTH, "198.51.100.2", 9, &g), 1);
	released(sid, any, 0);
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &g), 1);
}

/* Pools of different interfaces know nothing of each other. */
static void
test_via(void **state)
{
	struct msg_ask		 m = bind_msg(BOTH, "203.0.112.1", 53);
	const struct msg_grant	*g = &sent[0].u.grant;
	const struct grant	*grant;

	(void)state;
	nsent = 0;
	grant = grant_find(assert_granted(&m));
	assert_int_equal(g->key.ifindex, EM1);
	assert_int_equal(g->key.port, 0);
	assert_int_equal(g->idle, 77);
	assert_string_equal(grant->basis[DIR_SEND].via, "em1");
	assert_string_equal(grant->basis[DIR_RECEIVE].label, "far");
	assert_int_equal(grant->command, CMD_UDP);
	/* Two egress interfaces: the routing table has the choice. */
	m = bind_msg(BOTH, "198.51.100.1", 53);
	nsent = 0;
	(void)assert_granted(&m);
	assert_int_equal(g->key.ifindex, 0);
}

static void
test_refused(void **state)
{
	struct msg_ask	 m;

	(void)state;
	m = bind_msg(BOTH, "192.0.2.1", 53);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m = bind_msg(BOTH, "203.0.113.1", 4999);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m = bind_msg(BOTH, "239.1.1.1", 53);
	assert_denied(&m, SOCKS_BADGROUP, 0);
	m = bind_msg(BOTH, "0.0.0.0", 53);
	assert_denied(&m, SOCKS_HOSTUNREACH, 0);
	m = bind_msg(0, "198.51.100.1", 53);
	assert_denied(&m, SOCKS_BADCOMMAND, 0);
	m = bind_msg(BOTH, "127.0.0.1", 53);
	assert_denied(&m, SOCKS_REFUSED, 0);
	/* P24 */
	m = bind_msg(BOTH, "198.51.100.1", 0);
	assert_denied(&m, SOCKS_REFUSED, RECV);
	m = bind_msg(SEND, "198.51.100.1", 0);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m = bind_msg(RECV, "203.0.113.1", 0);
	assert_denied(&m, SOCKS_REFUSED, 0);
	/* P20 */
	m = bind_msg(BOTH, "198.51.100.1", 53);
	m.local = ep("10.0.0.7", 6000);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m = bind_msg(BOTH, "203.0.110.1", 53);
	m.local = ep("10.0.0.7", 6000);
	(void)assert_granted(&m);
	assert_int_equal(grant_associations(), 1);
}

static void
test_no_base(void **state)
{
	struct msg_ask	 m;

	(void)state;
	conf_begin();
	conf_settings.extensions = EXT_MULTICAST;
	conf_pass(CMD_UDP, "198.51.100.0/24");
	conf_end();
	m = bind_msg(BOTH, "198.51.100.1", 53);
	assert_denied(&m, SOCKS_BADCOMMAND, 0);		/* P44 */
}

/* P18: the socket stays; what stands succeeds and asks no rule. */
static void
test_extend(void **state)
{
	const struct msg_grant	*g = &sent[0].u.grant;
	struct msg_ask		 m;
	uint64_t		 id, other;

	(void)state;
	assert_int_equal(slot(BOTH, "198.51.100.1", 53, &other), 0);
	assert_int_equal(slot(RECV, "198.51.100.1", 53, &id), 1);
	m = bind_msg(BOTH, "198.51.100.1", 53);
	m.grant = id;
	nsent = 0;
	assert_int_equal(assert_granted(&m), id);
	assert_int_equal(g->key.port, 1);
	assert_int_equal(g->reuse, 1);
	assert_int_equal(g->flags, BOTH | UNI);
	assert_int_equal(grant_find(id)->flags & BOTH, BOTH);
	nsent = 0;
	m = bind_msg(RECV, "198.51.100.1", 53);
	m.grant = id;
	assert_int_equal(assert_granted(&m), id);
	assert_int_equal(g->reuse, 1);
	m.remote.port = 54;
	assert_denied(&m, SOCKS_BADCONTEXT, 0);
	m = bind_msg(RECV, "198.51.100.1", 53);
	m.grant = id;
	m.flags |= SOCKS_F_MULTICAST;
	assert_denied(&m, SOCKS_BADCONTEXT, 0);
	assert_int_equal(grant_associations(), 2);
}

static void
test_dedicated(void **state)
{
	const struct msg_grant	*g = &sent[0].u.grant;
	struct msg_ask		 m = bind_msg(RECV, "203.0.111.1", 53);
	uint64_t		 id;

	(void)state;
	nsent = 0;
	id = assert_granted(&m);
	assert_int_equal(g->key.kind, SOCK_DEDICATED);
	assert_int_equal(g->key.port, 53);
	assert_int_equal(g->key.addr.b[2], 111);
	assert_int_equal(g->reuse, 0);
	nsent = 0;
	m = bind_msg(RECV, "203.0.111.1", 53);
	(void)assert_granted(&m);
	assert_int_equal(g->reuse, 0);
	nsent = 0;
	m = bind_msg(BOTH, "203.0.111.1", 53);
	m.grant = id;
	assert_int_equal(assert_granted(&m), id);
	assert_int_equal(g->key.kind, SOCK_NONE);
	released(sid, id, 0);
	assert_int_equal(grant_associations(), 1);
}

static void
test_limits(void **state)
{
	struct msg_ask	 m;
	uint64_t	 g;
	int		 i;

	(void)state;
	for (i = 0; i < EGRESS_SLOTS; i++)
		assert_int_equal(slot(BOTH, "198.51.100.1", 53, &g), i);
	m = bind_msg(BOTH, "198.51.100.1", 53);
	assert_denied(&m, SOCKS_REFUSED, BOTH);
	assert_int_equal(slot(BOTH, "198.51.100.2", 53, &g), 0);
	for (i = EGRESS_SLOTS + 1; i < 8000; i++)
		(void)slot(BOTH, "198.51.100.3", (uint16_t)i, &g);
	m = bind_msg(BOTH, "198.51.100.4", 53);
	assert_denied(&m, SOCKS_REFUSED, 0);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, conf_teardown)
	const struct CMUnitTest	 tests[] = {
		T(test_slots),
		T(test_any_port),
		T(test_via),
		T(test_refused),
		T(test_no_base),
		T(test_extend),
		T(test_dedicated),
		T(test_limits)
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
