/*
 * connect.c: tests of CONNECT in policy, and of the names that its questions
 * wait for: each address judged, granted in its turn, and never another.
 */

#include "policy_ask.h"

#define HOST	"192.0.2.10"
#define OTHER	"192.0.2.11"
#define BLOCKED	"192.0.2.66"

static void
conf_own(const char *net, const char *ifname)
{
	struct msg_addr	 m;
	struct prefix	 p;

	memset(&m, 0, sizeof(m));
	assert_int_equal(prefix_parse(&p, net), 0);
	m.generation = conf_generation;
	m.net = p;
	m.net.addr = ip("192.0.2.1");
	strlcpy(m.ifname, ifname, sizeof(m.ifname));
	policy_on_addr(PROC_PARENT, &m, -1);
}

static void
rules_begin(void)
{
	struct rule	 r;

	conf_begin();
	conf_own("192.0.2.0/24", "em0");
	memset(&r, 0, sizeof(r));
	strlcpy(r.label, "web", sizeof(r.label));
	r.idle = 77;
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "192.0.2.0/24");	/* 0 */
	memset(&r, 0, sizeof(r));
	conf_rule(&r, RULE_BLOCK, CMD_CONNECT, BLOCKED);	/* 1 */
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "198.51.100.0/24");
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em7", sizeof(r.via));	/* 3: not there */
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "198.51.100.7");
	memset(&r, 0, sizeof(r));
	strlcpy(r.domain, "*.wide.test", sizeof(r.domain));
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "203.0.113.0/24");
	conf_pass(CMD_CONNECT, "0.0.0.0");			/* 5 */
	conf_pass(CMD_CONNECT, "239.1.1.1");
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));
	conf_rule(&r, RULE_PASS, CMD_CONNECT, "127.0.0.1");
	conf_pass(CMD_RECEIVE, "239.1.0.0/16");
	conf_pass(CMD_CONNECT, "2001:db8::/32");
}

static int
setup(void **state)
{
	(void)state;
	stub_reset();
	rules_begin();
	conf_end();
	return 0;
}

static struct msg_ask
connect_msg(uint64_t sid, const char *to, uint16_t port)
{
	struct msg_ask	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.req = ++last_req;
	m.op = ASK_CONNECT;
	m.remote.port = port;
	if (to != NULL)
		m.remote = ep(to, port);
	return m;
}

static struct msg_ask
name_msg(uint64_t sid, const char *name, uint16_t port)
{
	struct msg_ask	 m = connect_msg(sid, NULL, port);

	strlcpy(m.name, name, sizeof(m.name));
	return m;
}

static const struct msg_grant *
granted(const struct stub_msg *s, const char *to, uint8_t left)
{
	struct addr	 a = ip(to);

	assert_int_equal(s->type, M_GRANT);
	assert_int_equal(s->peer, PROC_PARENT);
	assert_int_equal(s->u.grant.key.kind, SOCK_CONNECT);
	assert_true(addr_eq(&s->u.grant.key.addr, &a));
	assert_true(addr_eq(&s->u.grant.remote.addr, &a));
	assert_int_equal(s->u.grant.key.port, s->u.grant.remote.port);
	assert_int_equal(s->u.grant.left, left);
	assert_int_equal(s->u.grant.parts, 1);
	assert_int_equal(s->u.grant.reuse, 0);
	return &s->u.grant;
}

/* Asks for a name; the token of what the resolver is sent. */
static uint64_t
resolving(const struct msg_ask *m)
{
	const struct stub_msg	*s = asked(m);

	assert_int_equal(s->type, M_RESOLVE);
	assert_int_equal(s->peer, PROC_RESOLVER);
	assert_string_equal(s->u.resolve.name, m->name);
	return s->u.resolve.token;
}

static const struct stub_msg *
resolved(uint64_t token, const char *const *addr)
{
	struct msg_resolved	 m;
	uint32_t		 before = nsent;

	memset(&m, 0, sizeof(m));
	m.token = token;
	while (addr != NULL && addr[m.n] != NULL) {
		m.addr[m.n] = ip(addr[m.n]);
		m.n++;
	}
	lookup_on_resolved(PROC_RESOLVER, &m, -1);
	return nsent > before ? &sent[nsent - 1] : NULL;
}

#define LIST(...)	((const char *const[]){ __VA_ARGS__, NULL })

static void
assert_deny(const struct stub_msg *s, uint64_t req, uint8_t code)
{
	assert_non_null(s);
	assert_int_equal(s->type, M_DENY);
	assert_int_equal(s->peer, PROC_ENGINE);
	assert_int_equal(s->u.deny.req, req);
	assert_int_equal(s->u.deny.code, code);
	assert_int_equal(s->u.deny.flags, 0);
}

static const struct stub_msg *
next(uint64_t sid, uint64_t req)
{
	struct msg_next	 m = { sid, req };
	uint32_t	 before = nsent;

	connect_on_next(PROC_ENGINE, &m, -1);
	return nsent > before ? &sent[nsent - 1] : NULL;
}

static void
test_address(void **state)
{
	static const struct {
		const char	*to;
		uint16_t	 port;
		uint8_t		 code;
	} no[] = {
		{ BLOCKED, 80, SOCKS_REFUSED },
		{ "203.0.113.1", 80, SOCKS_REFUSED },	/* by name alone */
		{ "192.0.2.1", 80, SOCKS_REFUSED },	/* our own, P45 */
		{ "192.0.2.255", 80, SOCKS_REFUSED },
		{ "0.0.0.0", 80, SOCKS_REFUSED },	/* though named */
		{ "239.1.1.1", 80, SOCKS_REFUSED },
		{ "10.1.1.1", 80, SOCKS_REFUSED },
		{ HOST, 0, SOCKS_CONNREFUSED },
		{ "198.51.100.7", 80, SOCKS_NETUNREACH },
	};
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(no); i++) {
		m = connect_msg(sid, no[i].to, no[i].port);
		assert_deny(asked(&m), m.req, no[i].code);
	}
	m = connect_msg(sid, NULL, 80);
	assert_deny(asked(&m), m.req, SOCKS_FAILURE);
	assert_int_equal(grant_associations(), 0);
	m = connect_msg(sid, "::ffff:192.0.2.10", 80);
	assert_int_equal(granted(asked(&m), HOST, 0)->key.port, 80);
}

/* Which way: the rule's, the only egress, the routing table, none at all. */
static void
test_interface(void **state)
{
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m = connect_msg(sid, HOST, 80);
	const struct msg_grant	*g = granted(asked(&m), HOST, 0);

	(void)state;
	assert_int_equal(g->key.ifindex, 0);		/* of two */
	assert_int_equal(g->idle, 77);
	m = connect_msg(sid, "198.51.100.1", 80);
	assert_int_equal(granted(asked(&m), "198.51.100.1", 0)->key.ifindex,
	    EM1);
	m = connect_msg(sid, "127.0.0.1", 80);
	assert_int_equal(granted(asked(&m), "127.0.0.1", 0)->key.ifindex, 0);
}

static void
test_name(void **state)
{
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m = name_msg(sid, "www.example.org", 80);
	const struct msg_grant	*g;
	uint64_t		 token = resolving(&m), grant;

	(void)state;
	assert_int_equal(grant_associations(), 0);	/* nothing yet */
	g = granted(resolved(token, LIST(BLOCKED, HOST, "10.9.9.9", OTHER,
	    "192.0.2.12")), HOST, 2);
	grant = g->grant;
	assert_int_equal(g->req, m.req);
	assert_int_equal(grant_associations(), 1);
	g = granted(next(sid, m.req), OTHER, 1);
	assert_int_equal(g->grant, grant);
	assert_int_equal(g->req, m.req);
	(void)granted(next(sid, m.req), "192.0.2.12", 0);
	assert_int_equal(grant_associations(), 1);
	assert_fatal(next(sid, m.req), "NEXT without a question");
}

static void
test_name_refused(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = name_msg(sid, "www.example.org", 80);

	(void)state;
	assert_deny(resolved(resolving(&m), LIST(BLOCKED, "127.0.0.2")),
	    m.req, SOCKS_REFUSED);
	m = name_msg(sid, "www.example.org", 80);
	assert_deny(resolved(resolving(&m), NULL), m.req,
	    SOCKS_HOSTUNREACH);
	m = name_msg(sid, "www.example.org", 0);
	assert_deny(resolved(resolving(&m), LIST(HOST)), m.req,
	    SOCKS_CONNREFUSED);
	assert_int_equal(grant_associations(), 0);
}

/* A family that this host has no address of comes only where it is alone. */
static void
test_families(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = name_msg(sid, "www.example.org", 80);

	(void)state;
	(void)granted(resolved(resolving(&m), LIST("2001:db8::1", HOST)),
	    HOST, 0);
	m = name_msg(sid, "www.example.org", 80);
	(void)granted(resolved(resolving(&m), LIST("2001:db8::1", BLOCKED)),
	    "2001:db8::1", 0);
	m = name_msg(sid, "www.example.org", 80);
	(void)granted(resolved(resolving(&m), LIST("::ffff:192.0.2.10")),
	    HOST, 0);
}

static void
test_eight_addresses(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = name_msg(sid, "www.example.org", 80);
	int		 i;

	(void)state;
	(void)granted(resolved(resolving(&m), LIST(BLOCKED, HOST, HOST, HOST,
	    HOST, HOST, HOST, HOST, HOST, OTHER)), HOST, 7);
	for (i = 6; i >= 0; i--)
		(void)granted(next(sid, m.req), HOST, i);
}

static void
test_bad_names(void **state)
{
	static const char *const bad[] = { " ", "a b", "a\tb", "\177", "\xe4" };
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		m = name_msg(sid, bad[i], 80);
		assert_deny(asked(&m), m.req, SOCKS_FAILURE);
	}
	memset(m.name, 'x', sizeof(m.name) - 1);
	m.name[sizeof(m.name) - 1] = '\0';
	assert_deny(asked(&m), m.req, SOCKS_FAILURE);
}

static void
test_domain(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = name_msg(sid, "a.wide.test", 80);

	(void)state;
	(void)granted(resolved(resolving(&m), LIST("203.0.113.9")),
	    "203.0.113.9", 0);
	m = name_msg(sid, "wide.test", 80);
	assert_deny(resolved(resolving(&m), LIST("203.0.113.9")), m.req,
	    SOCKS_REFUSED);
}

/* 16 of one session, 1,024 in all; each is free again when it is answered. */
static void
test_bounded(void **state)
{
	uint64_t	 sid, first = 0, sids[64];
	struct msg_ask	 m;
	int		 i, s;

	(void)state;
	for (s = 0; s < 64; s++) {
		sid = sids[s] = session_new(1);
		for (i = 0; i < 16; i++) {
			m = name_msg(sid, "www.example.org", 80);
			if (first == 0)
				first = resolving(&m);
			else
				(void)resolving(&m);
			nsent = 0;
		}
		m = name_msg(sid, "www.example.org", 80);
		assert_deny(asked(&m), m.req, SOCKS_FAILURE);
	}
	sid = session_new(1);
	m = name_msg(sid, "www.example.org", 80);
	assert_deny(asked(&m), m.req, SOCKS_FAILURE);
	assert_non_null(resolved(first, NULL));
	m = name_msg(sid, "www.example.org", 80);
	(void)resolving(&m);
	for (s = 0; s < 64; s++) {
		nsent = nlines = 0;
		ended(sids[s]);
		assert_int_equal(nsent, 17 - (s == 0));	/* with ENDED */
	}
}

static void
test_session_ends(void **state)
{
	uint64_t	 sid = session_new(1), other = session_new(1);
	struct msg_ask	 m = name_msg(sid, "a.test", 80);
	struct msg_ask	 o = name_msg(other, "b.test", 80);
	uint64_t	 token = resolving(&m), theirs = resolving(&o);

	(void)state;
	nsent = 0;
	ended(sid);
	assert_deny(&sent[0], m.req, SOCKS_HOSTUNREACH);	/* every ASK */
	assert_null(resolved(token, LIST(HOST)));
	(void)granted(resolved(theirs, LIST(HOST)), HOST, 0);
	assert_null(resolved(theirs, LIST(HOST)));	/* only once */
	assert_null(next(sid, m.req));
}

static void
test_resolver_lies(void **state)
{
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m = name_msg(sid, "a.test", 80);
	struct msg_resolved	 r;

	(void)state;
	memset(&r, 0, sizeof(r));
	r.token = resolving(&m) + 1;
	assert_fatal(lookup_on_resolved(PROC_RESOLVER, &r, -1), "RESOLVED");
	r.token = 0;
	assert_fatal(lookup_on_resolved(PROC_RESOLVER, &r, -1), "RESOLVED");
	r.token = 1;
	r.n = RESOLVE_ADDRS + 1;
	assert_fatal(lookup_on_resolved(PROC_RESOLVER, &r, -1), "RESOLVED");
	r.n = 1;
	r.addr[0].af = 5;
	assert_fatal(lookup_on_resolved(PROC_RESOLVER, &r, -1), "family 5");
}

/* Half of the time for connecting, then X'04'; what comes later is late. */
static void
test_resolver_is_silent(void **state)
{
	uint64_t	 sid, token;
	struct msg_ask	 m;

	(void)state;
	rules_begin();
	conf_settings.timeout[TIMEOUT_CONNECT] = 1;
	conf_end();
	sid = session_new(1);
	m = name_msg(sid, "a.test", 80);
	token = resolving(&m);
	nsent = 0;
	stub_now += 499;
	(void)event_loop(EVLOOP_ONCE);
	assert_int_equal(nsent, 0);
	stub_now += 1;
	(void)event_loop(EVLOOP_ONCE);
	assert_int_equal(nsent, 1);
	assert_deny(&sent[0], m.req, SOCKS_HOSTUNREACH);
	assert_null(resolved(token, LIST(HOST)));
}

/* After a reload NEXT goes by the new rules; the engine ends what is left. */
static void
test_next_after_reload(void **state)
{
	uint64_t		 sid = session_new(1);
	struct msg_ask		 m = name_msg(sid, "a.test", 80);
	const struct stub_msg	*s;
	uint64_t		 grant;

	(void)state;
	grant = granted(resolved(resolving(&m), LIST(HOST, OTHER,
	    "192.0.2.12", OTHER)), HOST, 3)->grant;
	conf_begin();
	conf_own("192.0.2.0/24", "em0");
	conf_pass(CMD_CONNECT, "192.0.2.12");
	conf_end();
	s = next(sid, m.req);
	assert_int_equal(granted(s, "192.0.2.12", 1)->generation,
	    conf_generation);
	assert_deny(next(sid, m.req), m.req, SOCKS_REFUSED);
	assert_int_equal(grant_associations(), 1);
	released(sid, grant, 0);
	assert_int_equal(grant_associations(), 0);
}

static void
test_limit(void **state)
{
	uint64_t	 sid;
	struct msg_ask	 m;

	(void)state;
	rules_begin();
	conf_settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 1;
	conf_end();
	sid = session_new(1);
	m = connect_msg(sid, HOST, 80);
	(void)granted(asked(&m), HOST, 0);
	m = connect_msg(sid, HOST, 80);
	assert_deny(asked(&m), m.req, SOCKS_REFUSED);
	sid = session_new(1);
	m = connect_msg(sid, HOST, 80);
	(void)granted(asked(&m), HOST, 0);
}

/* Two streams to one place are two sockets, and each leaves a record. */
static void
test_record(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 a = name_msg(sid, "www.example.org", 80);
	struct msg_ask	 b = connect_msg(sid, HOST, 80);
	uint64_t	 one, two;

	(void)state;
	one = granted(resolved(resolving(&a), LIST(HOST)), HOST, 0)->grant;
	two = granted(asked(&b), HOST, 0)->grant;
	assert_true(one != two);
	assert_int_equal(grant_associations(), 2);
	nlines = 0;
	released(sid, one, 0);
	assert_int_equal(grant_associations(), 1);
	assert_non_null(strstr(lines[0], " command=connect "
	    "remote=192.0.2.10:80 name=www.example.org via=\"\" rule=0 "
	    "label=web duration="));
	assert_null(strstr(lines[0], "group="));
	assert_null(strstr(lines[0], "mode="));
	released(sid, two, 0);
	assert_null(strstr(lines[1], "name="));
	assert_int_equal(policy_rule(conf_generation, 0)->octets, 2000);
}

static void
test_record_blocked(void **state)
{
	uint64_t	 sid;
	struct msg_ask	 m;

	(void)state;
	rules_begin();
	conf_settings.log = LOG_ALL;
	conf_end();
	sid = session_new(1);
	m = name_msg(sid, "x\"y.test", 80);
	nlines = 0;
	assert_deny(resolved(resolving(&m), LIST(BLOCKED)), m.req,
	    SOCKS_REFUSED);
	assert_int_equal(nlines, 1);
	assert_non_null(strstr(lines[0], "blocked sid="));
	assert_non_null(strstr(lines[0], " command=connect "
	    "remote=192.0.2.66:80 name=\"x\\042y.test\" rule=1 label=\"\" "
	    "code=0x02"));
}

/* P23: a UDP BIND waits for its name as well. */
static void
test_bind_by_name(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, SOCKS_F_RECEIVE, "239.1.1.1");
	const struct stub_msg *s;

	(void)state;
	memset(&m.remote.addr, 0, sizeof(m.remote.addr));
	strlcpy(m.name, "group.test", sizeof(m.name));
	s = resolved(resolving(&m), LIST("239.9.9.9", "239.1.2.3"));
	assert_int_equal(s->type, M_GRANT);
	assert_int_equal(s->u.grant.key.kind, SOCK_GROUP);
	m.req = ++last_req;
	assert_deny(resolved(resolving(&m), NULL), m.req, SOCKS_HOSTUNREACH);
	m.req = ++last_req;
	assert_deny(resolved(resolving(&m), LIST(HOST)), m.req,
	    SOCKS_BADGROUP);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, conf_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_address),
		T(test_interface),
		T(test_name),
		T(test_name_refused),
		T(test_families),
		T(test_eight_addresses),
		T(test_bad_names),
		T(test_domain),
		T(test_bounded),
		T(test_session_ends),
		T(test_resolver_lies),
		T(test_resolver_is_silent),
		T(test_next_after_reload),
		T(test_limit),
		T(test_record),
		T(test_record_blocked),
		T(test_bind_by_name),
	};

	event_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
