/*
 * question.c: tests of policy's judgement: each fault in its rank with its
 * code and FLAGS, each grant with its socket, and what an engine that lies is
 * answered with.
 */

#include "policy_ask.h"

#define RECV	SOCKS_F_RECEIVE
#define SEND	SOCKS_F_SEND
#define BOTH	(RECV | SEND)
#define G	"239.1.1.1"

static int
setup(void **state)
{
	struct rule	 r;

	(void)state;
	stub_reset();
	conf_begin();
	conf_pass(CMD_RECEIVE, "239.1.0.0/16");		/* 0 */
	conf_pass(CMD_SEND, "239.1.0.0/16");
	conf_pass(CMD_RECEIVE, "239.2.0.0/16");		/* 2: no sending */
	conf_pass(CMD_SEND, "239.3.0.0/16");		/* 3: no receiving */
	memset(&r, 0, sizeof(r));
	r.local_any = 1;				/* 4 */
	conf_rule(&r, RULE_PASS, CMD_RECEIVE | CMD_SEND, "239.4.0.0/16");
	memset(&r, 0, sizeof(r));
	r.modes = MODE_MM;				/* 5 */
	conf_rule(&r, RULE_PASS, CMD_RECEIVE | CMD_SEND, "239.5.0.0/16");
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));		/* 6 */
	strlcpy(r.label, "studio", sizeof(r.label));
	r.idle = 77;
	r.ttl_set = 1;
	r.ttl = 32;
	conf_rule(&r, RULE_PASS, CMD_RECEIVE | CMD_SEND, "239.6.0.0/16");
	conf_pass(CMD_RECEIVE | CMD_SEND, "232.0.0.0/8");	/* 7 */
	memset(&r, 0, sizeof(r));
	strlcpy(r.user, "alice", sizeof(r.user));	/* 8 */
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, "239.8.0.0/16");
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em7", sizeof(r.via));		/* 9: not there */
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, "239.9.0.0/16");
	conf_pass(CMD_RECEIVE | CMD_SEND, "ff15::/16");
	conf_end();
	return 0;
}

static void
test_enhanced(void **state)
{
	uint64_t	 a = session_new(1), b = session_new(1);
	struct msg_ask	 m = ask_msg(a, 0, G);

	(void)state;
	m.op = ASK_ENHANCED;
	(void)assert_granted(&m);
	assert_int_equal(sent[0].u.grant.key.kind, SOCK_RELAY);
	assert_int_equal(sent[0].u.grant.key.ifindex, 9);
	assert_int_equal(sent[0].u.grant.reuse, 0);
	assert_true(addr_eq(&sent[0].u.grant.key.addr, &(struct addr){
	    .af = ADDR_V4, .b = { 10, 0, 0, 254 } }));
	assert_denied(&m, SOCKS_FAILURE, 0);	/* once is enough */
	m.sid = b;
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 1);
	ended(a);
	ended(b);
	m.sid = session_new(1);
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 0);
}

static void
test_both_directions(void **state)
{
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m = ask_msg(sid, BOTH, G);
	const struct msg_grant	*g;

	(void)state;
	(void)assert_granted(&m);
	assert_int_equal(nsent, 2);
	g = &sent[0].u.grant;
	assert_int_equal(g->part, 0);
	assert_int_equal(g->parts, 2);
	assert_int_equal(g->key.kind, SOCK_GROUP);
	assert_int_equal(g->key.port, 5000);
	assert_int_equal(g->key.ifindex, EM0);
	assert_int_equal(g->filter, 0);
	assert_int_equal(g->buffer, conf_settings.group_buffer);
	assert_int_equal(g->idle, conf_settings.timeout[TIMEOUT_IDLE]);
	assert_int_equal(g->flags, BOTH | SOCKS_F_MULTICAST | SOCKS_F_MU);
	g = &sent[1].u.grant;
	assert_int_equal(g->part, 1);
	assert_int_equal(g->grant, sent[0].u.grant.grant);
	assert_int_equal(g->key.kind, SOCK_SEND);
	assert_int_equal(g->key.port, 0);
	assert_int_equal(g->key.addr.af, ADDR_V4);
	assert_int_equal(g->key.addr.b[0], 0);
	assert_int_equal(g->ttl, 4);
	assert_int_equal(g->local.port, 6000);
	assert_true(addr_eq(&g->local.addr, &identity_find(sid)->peer.addr));
}

static void
test_rule_options(void **state)
{
	struct msg_ask		 m = ask_msg(session_new(1), BOTH,
				    "239.6.1.1");
	const struct msg_grant	*g = &sent[0].u.grant;
	const struct grant	*grant;

	(void)state;
	m.ttl = 32;
	m.flags |= SOCKS_F_TCP;
	grant = grant_find(assert_granted(&m));
	assert_int_equal(g->key.ifindex, EM1);
	assert_int_equal(g->idle, 77);
	assert_int_equal(g->flags, BOTH | SOCKS_F_TCP | SOCKS_F_MULTICAST |
	    SOCKS_F_MU);
	assert_string_equal(grant->basis[DIR_SEND].label, "studio");
	assert_int_equal(grant->basis[DIR_RECEIVE].rule, 6);
	assert_int_equal(grant->stand_in.port, 40000);	/* P48 */
}

static void
test_refused_directions(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m;

	(void)state;
	m = ask_msg(sid, BOTH, "239.2.1.1");
	assert_denied(&m, SOCKS_NOSEND, RECV);
	m = ask_msg(sid, BOTH, "239.3.1.1");
	assert_denied(&m, SOCKS_NORECEIVE, SEND);
	m = ask_msg(sid, BOTH, "239.99.1.1");
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	m = ask_msg(sid, SEND, "239.99.1.1");
	assert_denied(&m, SOCKS_NOSEND, 0);
	m = ask_msg(sid, BOTH, "239.5.1.1");	/* insists on MM */
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	m = ask_msg(sid, BOTH, "232.1.1.1");	/* no single source */
	assert_denied(&m, SOCKS_NORECEIVE, SEND);
	assert_int_equal(grant_associations(), 0);
}

static void
test_ttl(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, BOTH, G);

	(void)state;
	m.ttl = 0;
	assert_denied(&m, SOCKS_BADTTL, RECV);
	m.ttl = conf_settings.max_ttl + 1;
	assert_denied(&m, SOCKS_BADTTL, RECV);
	m = ask_msg(sid, BOTH, "239.3.1.1");	/* X'11' comes before X'15' */
	m.ttl = 0;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	m = ask_msg(sid, RECV, G);
	m.ttl = 0;				/* nobody looks at it */
	(void)assert_granted(&m);
}

static void
test_faults_in_order(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m;

	(void)state;
	m = ask_msg(sid, BOTH, G);
	m.flags &= ~SOCKS_F_MULTICAST;
	assert_denied(&m, SOCKS_BADGROUP, 0);
	m = ask_msg(sid, BOTH, G);
	m.flags |= SOCKS_F_MM | SOCKS_F_TCP;
	assert_denied(&m, SOCKS_BADCOMMAND, 0);
	m = ask_msg(sid, BOTH, "10.9.9.9");
	assert_denied(&m, SOCKS_BADGROUP, 0);
	m = ask_msg(sid, BOTH, G);
	m.remote.port = 0;
	assert_denied(&m, SOCKS_BADGROUP, 0);
	m = ask_msg(sid, RECV, "239.9.1.1");	/* its interface is not there */
	assert_denied(&m, SOCKS_NETUNREACH, RECV);
}

static void
test_extension_off(void **state)
{
	struct msg_ask	 m;

	(void)state;
	conf_begin();
	conf_pass(CMD_SIX, NULL);
	conf_settings.extensions = EXT_BASE;
	conf_end();
	m = ask_msg(session_new(1), BOTH, G);
	assert_denied(&m, SOCKS_BADCOMMAND, 0);		/* P44 */
}

static void
test_local(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	m.local = ep("10.0.0.1", 7000);
	(void)assert_granted(&m);
	m.local = ep("0.0.0.0", 7001);
	(void)assert_granted(&m);
	m.local = ep("10.0.0.2", 7002);
	assert_denied(&m, SOCKS_REFUSED, 0);		/* P20 */
	m.remote = ep("239.4.1.1", 5000);		/* local any */
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.local.port, 7002);
	m.local = ep("127.0.0.1", 7003);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m.local = ep("239.1.1.1", 7003);
	assert_denied(&m, SOCKS_REFUSED, 0);
	m.local = ep("2001:db8::1", 7003);
	assert_denied(&m, SOCKS_REFUSED, 0);
}

static void
test_direction_more(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	id = assert_granted(&m);
	m = ask_msg(sid, BOTH, G);
	m.grant = id;
	nsent = 0;
	assert_int_equal(assert_granted(&m), id);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].u.grant.key.kind, SOCK_SEND);
	assert_int_equal(sent[0].u.grant.flags & BOTH, BOTH);
	assert_int_equal(grant_associations(), 1);
	/* What stands: nothing new but the TTL. */
	m.ttl = 9;
	assert_int_equal(assert_granted(&m), id);
	assert_int_equal(sent[nsent - 1].u.grant.key.kind, SOCK_NONE);
	assert_int_equal(sent[nsent - 1].u.grant.ttl, 9);
	m.ttl = 99;
	assert_denied(&m, SOCKS_BADTTL, RECV);
	assert_int_equal(grant_find(id)->ttl, 9);
	m.ttl = 9;
	m.remote.port = 5001;
	assert_denied(&m, SOCKS_BADCONTEXT, 0);
	m.remote.port = 5000;
	m.flags |= SOCKS_F_TCP;
	assert_denied(&m, SOCKS_BADCONTEXT, 0);
}

static void
test_set_ttl(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	id = assert_granted(&m);
	m.op = ASK_TTL;
	m.grant = id;
	assert_denied(&m, SOCKS_BADCONTEXT, 0);
	m = ask_msg(sid, SEND, G);
	m.grant = id;
	(void)assert_granted(&m);
	m.op = ASK_TTL;
	m.ttl = 15;
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.ttl, 15);
	assert_int_equal(sent[nsent - 1].u.grant.key.kind, SOCK_NONE);
	m.ttl = 16;
	assert_denied(&m, SOCKS_BADTTL, 0);
	m.ttl = 0;
	assert_denied(&m, SOCKS_BADTTL, 0);
	assert_int_equal(grant_find(id)->ttl, 15);
	released(sid, id, 0);
	m.ttl = 1;
	assert_denied(&m, SOCKS_BADAID, 0);
}

static void
test_sockets_are_shared(void **state)
{
	uint64_t	 a = session_new(1), b = session_new(1), ga, gb;
	struct msg_ask	 m = ask_msg(a, RECV, G);

	(void)state;
	ga = assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 0);
	m.sid = b;
	m.local.port = 6001;
	gb = assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 1);
	assert_int_equal(grant_groups(), 1);
	released(a, ga, 0);
	m.sid = a;
	m.local.port = 6002;
	ga = assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 1);
	released(a, ga, 0);
	released(b, gb, 0);
	assert_int_equal(grant_groups(), 0);
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 0);
	m.remote.port = 5001;			/* P41: another relay */
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 0);
}

static void
test_one_receiver_each(void **state)
{
	uint64_t	 a = session_new(1), b = session_new(1), id;
	struct msg_ask	 m = ask_msg(a, RECV, G);

	(void)state;
	id = assert_granted(&m);
	m.sid = b;
	assert_denied(&m, SOCKS_NORECEIVE, 0);		/* P48 */
	m.flags |= SEND;
	assert_denied(&m, SOCKS_NORECEIVE, SEND);
	m.flags &= ~SEND;
	m.local.port = 0;		/* stands for the connection's 40000 */
	(void)assert_granted(&m);
	m.sid = a;
	m.local.port = 40000;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	released(a, id, 0);
	m.local.port = 6000;
	(void)assert_granted(&m);
}

static void
test_receivers_per_host(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, RECV, G);
	uint32_t	 i;

	(void)state;
	for (i = 0; i < conf_settings.limit[LIMIT_RECEIVERS_PER_HOST]; i++) {
		m.local.port = 6000 + i;
		(void)assert_granted(&m);
	}
	m.local.port = 7000;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	m.flags |= SEND;
	assert_denied(&m, SOCKS_NORECEIVE, SEND);
	m.remote.port = 5001;			/* the group is its address */
	assert_denied(&m, SOCKS_NORECEIVE, SEND);
	m.remote = ep("239.1.1.2", 5000);
	(void)assert_granted(&m);
}

static void
test_limits(void **state)
{
	uint64_t	 sid;
	struct msg_ask	 m;

	(void)state;
	conf_begin();
	conf_pass(CMD_RECEIVE | CMD_SEND, NULL);
	conf_settings.limit[LIMIT_GROUPS] = 1;
	conf_settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 2;
	conf_settings.limit[LIMIT_ASSOCIATIONS] = 3;
	conf_end();
	sid = session_new(1);
	m = ask_msg(sid, BOTH, G);
	(void)assert_granted(&m);
	m = ask_msg(sid, BOTH, "239.1.1.2");
	assert_denied(&m, SOCKS_NORECEIVE, SEND);	/* a second group */
	m = ask_msg(sid, SEND, "239.1.1.2");
	(void)assert_granted(&m);
	m = ask_msg(sid, SEND, "239.1.1.3");
	m.ttl = 0;				/* comes behind, P14 */
	assert_denied(&m, SOCKS_NOSEND, 0);		/* of the session */
	m.ttl = 1;
	sid = session_new(1);
	m = ask_msg(sid, SEND, "239.1.1.3");
	(void)assert_granted(&m);
	assert_denied(&m, SOCKS_NOSEND, 0);		/* of all */
}

static void
test_parts_of_release(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, BOTH, G);

	(void)state;
	id = assert_granted(&m);
	released(sid, id, SEND);
	assert_int_equal(grant_groups(), 0);
	assert_int_equal(grant_associations(), 1);
	assert_int_equal(grant_find(id)->flags & BOTH, SEND);
	assert_fatal(released(sid, id, BOTH), "more than it was given");
	m = ask_msg(sid, RECV, G);
	m.grant = id;
	(void)assert_granted(&m);
	released(sid, id, 0);
	assert_null(grant_find(id));
	assert_fatal(released(sid, id, 0), "does not have");
}

static void
test_identity_on_its_way(void **state)
{
	struct msg_session	 s = session_msg(2);
	struct msg_identity	 id = identity_msg(s.sid, 1, "alice");
	struct msg_ask		 m = ask_msg(s.sid, RECV, "239.8.1.1");

	(void)state;
	stub_coming(PROC_AUTH, identity_on_identity, &id, sizeof(id));
	stub_coming(PROC_PARENT, identity_on_session, &s, sizeof(s));
	(void)assert_granted(&m);		/* alice's rule */
	assert_int_equal(ncoming, 0);
}

/* auth may be ahead of the parent, too. */
static void
test_identity_before_session(void **state)
{
	struct msg_session	 s = session_msg(2);
	struct msg_identity	 id = identity_msg(s.sid, 1, "bob");
	struct msg_ask		 m = ask_msg(s.sid, RECV, "239.8.1.1");

	(void)state;
	stub_coming(PROC_PARENT, identity_on_session, &s, sizeof(s));
	identity_on_identity(PROC_AUTH, &id, -1);
	assert_denied(&m, SOCKS_NORECEIVE, 0);	/* not alice */
}

static void
test_no_identity(void **state)
{
	struct msg_ask		 m = ask_msg(session_new(3), RECV, G);
	struct msg_identity	 id;

	(void)state;
	(void)assert_granted(&m);		/* anonymous */
	id = identity_msg(m.sid, 1, "alice");	/* too late */
	assert_fatal(identity_on_identity(PROC_AUTH, &id, -1), "out of turn");
	m.sid = session_new(2);
	assert_fatal(asked(&m), "unauthenticated");
	m.sid = session_new(3);
	id = identity_msg(m.sid, 0, "alice");	/* tried, and failed */
	identity_on_identity(PROC_AUTH, &id, -1);
	assert_fatal(asked(&m), "unauthenticated");
	id = identity_msg(session_new(1), 1, "alice");
	assert_fatal(identity_on_identity(PROC_AUTH, &id, -1), "out of turn");
}

static void
test_sessions_that_are_not(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	ended(sid);
	assert_int_equal(sent[nsent - 1].type, M_ENDED);
	nsent = 0;
	question_on_ask(PROC_ENGINE, &m, -1);
	assert_int_equal(nsent, 0);		/* ignored */
	assert_fatal(ended(sid), "twice");
	m.sid = last_sid + 5;
	assert_fatal(asked(&m), "never was");
	m.sid = 0;
	assert_fatal(asked(&m), "never was");
}

static void
test_lies_of_an_engine(void **state)
{
	uint64_t	 a = session_new(1), b = session_new(1), id;
	struct msg_ask	 m = ask_msg(a, RECV, G);

	(void)state;
	id = assert_granted(&m);
	m.sid = b;
	m.grant = id;
	assert_fatal(asked(&m), "does not have");
	m.grant = id + 100;
	assert_fatal(asked(&m), "does not have");
	assert_fatal(released(b, id, 0), "does not have");
	assert_fatal(released(a, id + 100, 0), "does not have");
	m = ask_msg(a, RECV, G);
	m.op = ASK_MAX;
	assert_fatal(asked(&m), "question");
	m = ask_msg(a, RECV | 0x8000, G);
	assert_fatal(asked(&m), "flags");
	m = ask_msg(a, RECV, G);
	m.remote.addr.af = 5;
	assert_fatal(asked(&m), "family");
	m = ask_msg(a, RECV, G);
	memset(m.name, 'x', sizeof(m.name));
	assert_fatal(asked(&m), "not terminated");
	/* Dirt behind an address makes no other socket of it. */
	m = ask_msg(a, RECV, G);
	m.remote.addr.b[9] = m.remote.addr.pad[1] = 0xff;
	m.local.port = 6001;
	(void)assert_granted(&m);
	assert_int_equal(sent[nsent - 1].u.grant.reuse, 1);
}

/* Given while the session was ending: released behind its END. */
static void
test_release_behind_end(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	id = assert_granted(&m);
	ended(sid);
	assert_int_equal(grant_groups(), 0);
	released(sid, id, 0);
}

static void
test_sources(void **state)
{
	struct msg_source	 m;
	struct rule		 r;
	struct msg_ask		 ask;

	(void)state;
	conf_begin();
	conf_pass(CMD_RECEIVE, NULL);
	memset(&r, 0, sizeof(r));
	r.from.type = RULE_PREFIX;
	r.from.a = ip("192.0.2.1");
	r.from.plen = 32;
	conf_rule(&r, RULE_BLOCK, CMD_DELIVER, G "/32");
	conf_end();
	ask = ask_msg(session_new(1), RECV, G);
	(void)assert_granted(&ask);
	assert_int_equal(sent[0].u.grant.filter, 1);
	ask = ask_msg(ask.sid, RECV, "239.1.1.2");
	(void)assert_granted(&ask);
	assert_int_equal(sent[1].u.grant.filter, 0);
	memset(&m, 0, sizeof(m));
	m.group = ep(G, 5000);
	m.source = ep("192.0.2.1", 9);
	question_on_source(PROC_ENGINE, &m, -1);
	assert_int_equal(sent[2].type, M_SOURCED);
	assert_int_equal(sent[2].u.source.pass, 0);
	assert_int_equal(sent[2].u.source.generation, conf_generation);
	m.source = ep("192.0.2.2", 9);
	question_on_source(PROC_ENGINE, &m, -1);
	assert_int_equal(sent[3].u.source.pass, 1);
	m.group = m.source;
	assert_fatal(question_on_source(PROC_ENGINE, &m, -1), "no group");
}

static void
test_ipv6(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), BOTH, "ff15::1");

	(void)state;
	(void)assert_granted(&m);
	assert_int_equal(sent[0].u.grant.key.addr.af, ADDR_V6);
	assert_int_equal(sent[1].u.grant.key.addr.af, ADDR_V6);
	assert_int_equal(sent[1].u.grant.key.addr.b[0], 0);
}

/* A reload leaves what was granted; what comes after is judged anew. */
static void
test_reload(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV, G);

	(void)state;
	id = assert_granted(&m);
	conf_begin();
	conf_end();
	assert_non_null(grant_find(id));
	m.local.port = 6001;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	released(sid, id, 0);
}

static void
test_configuration_out_of_turn(void **state)
{
	struct msg_generation	 gen = { conf_generation + 1 };
	struct rule		 r;

	(void)state;
	assert_fatal(policy_on_commit(PROC_PARENT, &gen, -1), "generation");
	conf_begin();
	gen.generation = conf_generation;
	assert_fatal(policy_on_commit(PROC_PARENT, &gen, -1), "not prepared");
	memset(&r, 0, sizeof(r));
	r.nr = 3;
	assert_fatal(policy_on_rule(PROC_PARENT, &r, -1), "out of turn");
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, conf_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_enhanced),
		T(test_both_directions),
		T(test_rule_options),
		T(test_refused_directions),
		T(test_ttl),
		T(test_faults_in_order),
		T(test_extension_off),
		T(test_local),
		T(test_direction_more),
		T(test_set_ttl),
		T(test_sockets_are_shared),
		T(test_one_receiver_each),
		T(test_receivers_per_host),
		T(test_limits),
		T(test_parts_of_release),
		T(test_identity_on_its_way),
		T(test_identity_before_session),
		T(test_no_identity),
		T(test_sessions_that_are_not),
		T(test_lies_of_an_engine),
		T(test_release_behind_end),
		T(test_sources),
		T(test_ipv6),
		T(test_reload),
		T(test_configuration_out_of_turn),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
