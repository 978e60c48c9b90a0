/*
 * policy_ask.h: for the tests of policy's files, sessions that begin, ask and
 * end, and what must come of their questions.
 */

#ifndef POLICY_ASK_H
#define POLICY_ASK_H

#include "policy_conf.h"

static uint64_t		 last_sid;
static uint64_t		 last_req;

static inline struct msg_session
session_msg(uint32_t listener)
{
	struct msg_session	 m;

	memset(&m, 0, sizeof(m));
	m.sid = ++last_sid;
	m.generation = conf_generation;
	m.listener = listener;
	m.nmethods = 1;
	m.methods[0] = listener == 1 ? SOCKS_METHOD_NONE :
	    SOCKS_METHOD_USERPASS;
	if (listener == 3)
		m.methods[m.nmethods++] = SOCKS_METHOD_NONE;
	strlcpy(m.label, listener == 1 ? "open" : listener == 2 ? "login" :
	    "either", sizeof(m.label));
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
