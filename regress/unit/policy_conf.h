/*
 * policy_conf.h: a small configuration for the tests of policy's files, sent
 * the way the parent sends it.
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

#endif
