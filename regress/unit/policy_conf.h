/*
 * policy_conf.h: a small configuration for the tests of policy's files, sent
 * the way the parent sends it, and the messages of a session.
 */

#ifndef POLICY_CONF_H
#define POLICY_CONF_H

#include "policy_stub.h"

#include "control.h"
#include "policy.h"
#include "socks.h"

#define EM0	3		/* the egress interfaces' numbers */
#define EM1	4

static uint32_t		 conf_generation;
static uint32_t		 conf_rules;
static struct settings	 conf_settings;
static uint64_t		 last_sid;
static uint64_t		 last_req;

static inline struct addr
ip(const char *text)
{
	struct addr	 a;

	assert_int_equal(addr_parse(&a, text), 0);
	return a;
}

static inline struct endpoint
ep(const char *text, uint16_t port)
{
	struct endpoint	 e;

	memset(&e, 0, sizeof(e));
	e.addr = ip(text);
	e.port = port;
	return e;
}

static inline void
conf_listener(uint32_t id, const char *label, uint8_t n, uint8_t first,
    uint8_t second)
{
	struct msg_listener	 l;

	memset(&l, 0, sizeof(l));
	l.generation = conf_generation;
	l.id = id;
	l.nmethods = n;
	l.methods[0] = first;
	l.methods[1] = second;
	strlcpy(l.label, label, sizeof(l.label));
	policy_on_listener(PROC_PARENT, &l, -1);
}

static inline void
conf_iface(const char *name, uint32_t ifindex, uint8_t role)
{
	struct msg_iface	 f;

	memset(&f, 0, sizeof(f));
	f.generation = conf_generation;
	f.ifindex = ifindex;
	f.role = role;
	strlcpy(f.name, name, sizeof(f.name));
	policy_on_iface(PROC_PARENT, &f, -1);
}

/* A rule to a prefix, or to any; the caller may have filled in more. */
static inline void
conf_rule(struct rule *r, uint8_t action, uint8_t commands, const char *to)
{
	struct prefix	 p;

	r->nr = conf_rules++;
	r->action = action;
	r->commands = commands;
	r->to.type = RULE_ANY;
	if (to != NULL) {
		assert_int_equal(prefix_parse(&p, to), 0);
		r->to.type = RULE_PREFIX;
		r->to.a = p.addr;
		r->to.plen = p.len;
	}
	policy_on_rule(PROC_PARENT, r, -1);
}

static inline void
conf_pass(uint8_t commands, const char *to)
{
	struct rule	 r;

	memset(&r, 0, sizeof(r));
	conf_rule(&r, RULE_PASS, commands, to);
}

static inline void
conf_begin(void)
{
	struct msg_generation	 gen = { ++conf_generation };

	conf_rules = 0;
	settings_default(&conf_settings);
	policy_on_begin(PROC_PARENT, &gen, -1);
	conf_listener(1, "open", 1, SOCKS_METHOD_NONE, 0);
	conf_listener(2, "login", 1, SOCKS_METHOD_USERPASS, 0);
	conf_listener(3, "either", 2, SOCKS_METHOD_USERPASS,
	    SOCKS_METHOD_NONE);
	conf_iface("em9", 9, IFACE_INSIDE);
	conf_iface("em0", EM0, IFACE_EGRESS);
	conf_iface("em1", EM1, IFACE_EGRESS);
}

static inline void
conf_end(void)
{
	struct msg_generation	 gen = { conf_generation };
	struct msg_settings	 set;

	memset(&set, 0, sizeof(set));
	set.generation = conf_generation;
	set.settings = conf_settings;
	policy_on_settings(PROC_PARENT, &set, -1);
	policy_on_prepare(PROC_PARENT, &gen, -1);
	policy_on_commit(PROC_PARENT, &gen, -1);
	nsent = 0;
}

static inline struct msg_session
session_msg(uint32_t listener)
{
	struct msg_session	 m;

	memset(&m, 0, sizeof(m));
	m.sid = ++last_sid;
	m.generation = conf_generation;
	m.listener = listener;
	m.ifindex = 9;
	m.peer = ep("10.0.0.1", 40000);
	m.local = ep("10.0.0.254", 1080);
	return m;
}

static inline uint64_t
session_new(uint32_t listener)
{
	struct msg_session	 m = session_msg(listener);

	identity_on_session(PROC_PARENT, &m, -1);
	return m.sid;
}

static inline struct msg_identity
identity_msg(uint64_t sid, int ok, const char *user)
{
	struct msg_identity	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.ok = ok;
	m.method = SOCKS_METHOD_USERPASS;
	strlcpy(m.user, user, sizeof(m.user));
	return m;
}

static inline struct msg_ask
ask_msg(uint64_t sid, uint16_t flags, const char *group)
{
	struct msg_ask	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.req = ++last_req;
	m.op = ASK_BIND;
	m.ttl = 4;
	m.flags = flags | SOCKS_F_MULTICAST;
	m.local.port = 6000;
	m.remote = ep(group, 5000);
	return m;
}

/* The answer is what was sent last. */
static inline const struct stub_msg *
asked(const struct msg_ask *m)
{
	uint32_t	 before = nsent;

	question_on_ask(PROC_ENGINE, m, -1);
	assert_true(nsent > before);
	return &sent[nsent - 1];
}

#define assert_denied(ask, c, f) do {			\
	const struct stub_msg *d_ = asked(ask);		\
	assert_int_equal(d_->type, M_DENY);		\
	assert_int_equal(d_->peer, PROC_ENGINE);	\
	assert_int_equal(d_->u.deny.code, c);		\
	assert_int_equal(d_->u.deny.flags, f);		\
} while (0)

/* The grant's number. */
static inline uint64_t
assert_granted(const struct msg_ask *m)
{
	const struct stub_msg	*s = asked(m);

	assert_int_equal(s->type, M_GRANT);
	assert_int_equal(s->peer, PROC_PARENT);
	assert_int_equal(s->u.grant.part + 1, s->u.grant.parts);
	assert_int_equal(s->u.grant.req, m->req);
	return s->u.grant.grant;
}

static inline void
released(uint64_t sid, uint64_t grant, uint16_t stands)
{
	struct msg_released	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.grant = grant;
	m.stands = stands;
	m.reason = END_RELEASE;
	m.counters.in_dgrams = 10;
	m.counters.in_octets = 1000;
	m.counters.drops[DROP_SHORT] = 2;
	m.counters.drops[DROP_SIZE] = 1;
	grant_on_released(PROC_ENGINE, &m, -1);
}

static inline void
ended(uint64_t sid)
{
	struct msg_end	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.requests = 3;
	m.refused = 1;
	m.in_octets = 70;
	m.out_octets = 90;
	identity_on_end(PROC_ENGINE, &m, -1);
}

static inline int
conf_teardown(void **state)
{
	(void)state;
	nsent = nlines = 0;
	identity_close_all(END_SHUTDOWN);
	record_flush();
	assert_int_equal(grant_associations(), 0);
	assert_int_equal(grant_groups(), 0);
	assert_null(grant_next(0));
	return 0;
}

#endif
