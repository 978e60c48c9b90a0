/*
 * rule.c: tests of the rules' evaluation: what matches, what decides, what is
 * granted, and what careless rules do not cover (P20, P33, P34, P43, P45).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "conf_text.h"
#include "protect.h"
#include "rule.h"

static struct ruleset	 rs;
static struct verdict	 v;

static void
own(const char *prefix, const char *iface)
{
	struct prefix	 p;
	char		 addr[64];

	/* The address itself, with the length of its network. */
	assert_int_equal(prefix_parse(&p, prefix), 0);
	(void)strlcpy(addr, prefix, sizeof(addr));
	addr[strcspn(addr, "/")] = '\0';
	assert_int_equal(addr_parse(&p.addr, addr), 0);
	assert_int_equal(ruleset_own(&rs, &p, iface), 0);
}

/* Loads rules as the parser reads them; our addresses are always the same. */
static void
rules(const char *text)
{
	char		 all[8192];
	struct conf	*c;

	(void)snprintf(all, sizeof(all),
	    "listen on em1 port 1080 auth none\negress on em0\n%s\n", text);
	if ((c = conf_text(all)) == NULL)
		fail_msg("%s", conf_text_err);
	ruleset_clear(&rs);
	rs.settings = c->settings;
	TAILQ_CONCAT(&rs.rules, &c->rules, entry);
	TAILQ_CONCAT(&rs.tables, &c->tables, entry);
	TAILQ_CONCAT(&rs.users, &c->users, entry);
	conf_free(c);
	own("198.51.100.1/24", "em0");
	own("10.0.0.1/8", "em1");
	own("2001:db8::1/64", "em0");
}

static int
ask_all(uint8_t command, const char *from, uint16_t fport, const char *to,
    uint16_t port, const char *user, uint8_t ttl)
{
	struct question	 q;

	memset(&q, 0, sizeof(q));
	q.command = command;
	q.ttl = ttl;
	q.fport = fport;
	q.to.port = port;
	q.user = user;
	q.listener = "";
	assert_int_equal(addr_parse(&q.from, from), 0);
	assert_int_equal(addr_parse(&q.to.addr, to), 0);
	rule_eval(&rs, &q, &v);
	return v.pass;
}

static int
ask(uint8_t command, const char *from, const char *to, uint16_t port)
{
	return ask_all(command, from, 4000, to, port, NULL, 1);
}

static int
connects(const char *to)
{
	return ask(CMD_CONNECT, "10.0.0.5", to, 80);
}

static void
no_rule_is_no(void **state)
{
	(void)state;
	rules("");
	assert_false(connects("192.0.2.1"));
	assert_false(v.matched);
	assert_int_equal(v.modes, MODE_MU | MODE_MM);
	assert_int_equal(v.mode, MODE_MU);
	assert_int_equal(v.ttl_max, 15);
	assert_int_equal(v.idle, 3600);
}

static void
last_match_decides(void **state)
{
	(void)state;
	rules("pass connect to any\nblock connect to 192.0.2.0/24\n"
	    "pass connect to 192.0.2.9");
	assert_true(connects("203.0.113.1"));
	assert_int_equal(v.rule, 0);
	assert_false(connects("192.0.2.1"));
	assert_true(v.matched);
	assert_int_equal(v.rule, 1);
	assert_true(connects("192.0.2.9"));
	assert_int_equal(v.rule, 2);
}

static void
quick_decides_at_once(void **state)
{
	(void)state;
	rules("pass connect to any\nblock quick connect to 192.0.2.0/24\n"
	    "pass connect to any");
	assert_false(connects("192.0.2.1"));
	assert_int_equal(v.rule, 1);
	assert_true(connects("192.0.3.1"));
	assert_int_equal(v.rule, 2);
}

static void
commands(void **state)
{
	uint8_t		 bit;

	(void)state;
	rules("pass { connect, udp } to any");
	for (bit = CMD_CONNECT; bit <= CMD_UDP; bit <<= 1)
		assert_int_equal(ask(bit, "10.0.0.5", "192.0.2.1", 1),
		    bit == CMD_CONNECT || bit == CMD_UDP);
	rules("pass");
	for (bit = CMD_CONNECT; bit <= CMD_UDP; bit <<= 1)
		assert_true(ask(bit, "10.0.0.5", "192.0.2.1", 1));
	assert_true(ask(CMD_RECEIVE, "10.0.0.5", "239.1.1.1", 1));
	assert_true(ask(CMD_SEND, "10.0.0.5", "239.1.1.1", 1));
}

static void
ports(void **state)
{
	static const struct {
		const char	*text;
		uint16_t	 port;
		int		 yes;
	} t[] = {
		{ "80", 80, 1 }, { "80", 81, 0 }, { "= 80", 80, 1 },
		{ "!= 80", 80, 0 }, { "!= 80", 81, 1 },
		{ "< 80", 79, 1 }, { "< 80", 80, 0 },
		{ "<= 80", 80, 1 }, { "<= 80", 81, 0 },
		{ "> 80", 81, 1 }, { "> 80", 80, 0 },
		{ ">= 80", 80, 1 }, { ">= 80", 79, 0 },
		{ "80:90", 80, 1 }, { "80:90", 90, 1 }, { "80:90", 79, 0 },
		{ "80:90", 91, 0 }, { "0", 0, 1 }, { "65535", 65535, 1 }
	};
	char		 text[128];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		(void)snprintf(text, sizeof(text), "pass udp to any port %s",
		    t[i].text);
		rules(text);
		assert_int_equal(ask(CMD_UDP, "10.0.0.5", "192.0.2.1",
		    t[i].port), t[i].yes);
		(void)snprintf(text, sizeof(text), "pass udp from any port %s",
		    t[i].text);
		rules(text);
		assert_int_equal(ask_all(CMD_UDP, "10.0.0.5", t[i].port,
		    "192.0.2.1", 9, NULL, 0), t[i].yes);
	}
}

static void
addresses(void **state)
{
	static const struct {
		const char	*text;
		const char	*from;
		int		 yes;
	} t[] = {
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "10.0.0.0/8", "11.0.0.0", 0 },
		{ "0.0.0.0/0", "11.0.0.0", 1 }, { "0.0.0.0/0", "::1", 0 },
		{ "10.0.0.0/8", "::ffff:10.0.0.1", 1 },
		{ "10.0.0.4 - 10.0.0.9", "10.0.0.4", 1 },
		{ "10.0.0.4 - 10.0.0.9", "10.0.0.9", 1 },
		{ "10.0.0.4 - 10.0.0.9", "10.0.0.3", 0 },
		{ "10.0.0.4 - 10.0.0.9", "10.0.0.10", 0 },
		{ "10.0.0.4 - 10.0.0.9", "a00:5::", 0 },
		{ "! 10.0.0.4 - 10.0.0.9", "10.0.0.10", 1 },
		{ "! 10.0.0.0/8", "10.1.1.1", 0 },
		{ "! 10.0.0.0/8", "11.1.1.1", 1 },
		{ "! 10.0.0.0/8", "2001:db8::9", 0 },
		{ "2001:db8::/65", "2001:db8::7fff:0:0:1", 1 },
		{ "2001:db8::/65", "2001:db8::8000:0:0:1", 0 },
		{ "<t>", "172.16.0.1", 1 }, { "<t>", "172.17.0.1", 0 },
		{ "! <t>", "172.17.0.1", 1 }, { "! <t>", "2001:db8::9", 1 },
		{ "self", "10.0.0.1", 1 }, { "self", "10.0.0.2", 0 },
		{ "self", "127.0.0.5", 1 }, { "self", "::1", 1 },
		{ "! self", "10.0.0.2", 1 }, { "! self", "10.0.0.1", 0 },
		{ "any", "fe80::1", 1 }
	};
	char		 text[256];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		(void)snprintf(text, sizeof(text), "table <t> { 172.16.0.0/12, "
		    "!172.17.0.0/16 }\npass udp from %s", t[i].text);
		rules(text);
		if (ask(CMD_UDP, t[i].from, "192.0.2.1", 1) != t[i].yes)
			fail_msg("from %s: %s", t[i].text, t[i].from);
	}
}

/* inet and inet6 are about the destination: a proxy joins families. */
static void
families(void **state)
{
	(void)state;
	rules("pass connect inet6 from 10.0.0.0/8");
	assert_true(ask(CMD_CONNECT, "10.0.0.5", "2001:db8:1::1", 80));
	assert_false(ask(CMD_CONNECT, "10.0.0.5", "192.0.2.1", 80));
	rules("pass connect inet");
	assert_false(ask(CMD_CONNECT, "10.0.0.5", "2001:db8:1::1", 80));
	assert_true(ask(CMD_CONNECT, "2001:db8::5", "::ffff:192.0.2.1", 80));
}

static void
add_user(const char *name, const char *group)
{
	struct user_node	*u = calloc(1, sizeof(*u));

	assert_non_null(u);
	(void)strlcpy(u->name, name, sizeof(u->name));
	(void)strlcpy(u->groups[0], "all", RULE_NAMELEN);
	(void)strlcpy(u->groups[1], group, RULE_NAMELEN);
	u->ngroups = 2;
	TAILQ_INSERT_TAIL(&rs.users, u, entry);
}

static int
user(const char *name)
{
	return ask_all(CMD_CONNECT, "10.0.0.5", 1, "192.0.2.1", 80, name, 0);
}

static void
users(void **state)
{
	(void)state;
	rules("pass connect to any user { alice, bob }");
	assert_true(user("alice"));
	assert_true(user("bob"));
	assert_false(user("carol"));
	assert_false(user("alic"));
	assert_false(user(NULL));
	rules("pass connect to any group staff");
	add_user("alice", "staff");
	add_user("bob", "guests");
	assert_true(user("alice"));
	assert_false(user("bob"));
	assert_false(user("dave"));
	assert_false(user(NULL));
	rules("pass connect to any user bob group staff");
	add_user("alice", "staff");
	add_user("bob", "guests");
	assert_false(user("alice"));
	assert_false(user("bob"));
}

static int
sends(uint8_t ttl)
{
	return ask_all(CMD_SEND, "10.0.0.5", 1, "239.1.1.1", 5000, NULL, ttl);
}

/* P33: only the TTL stood in the way. */
static void
ttl(void **state)
{
	(void)state;
	rules("pass send to any");
	assert_true(sends(15));
	assert_false(sends(16));
	assert_true(v.ttl_refused);
	assert_int_equal(v.ttl_max, 15);
	assert_false(sends(0));
	assert_true(v.ttl_refused);
	rules("pass send to any ttl <= 4\nmatch send to any ttl <= 9");
	assert_true(sends(4));
	assert_false(sends(5));
	assert_true(v.ttl_refused);
	/* The TTL does not keep the last rule from deciding. */
	rules("pass send to any ttl <= 64\npass send to 239.1.1.1 ttl <= 2");
	assert_false(sends(3));
	assert_true(v.ttl_refused);
	assert_int_equal(v.rule, 1);
	rules("match send to any ttl <= 9\npass send to any");
	assert_true(sends(9));
	assert_false(sends(10));
	rules("pass send to any ttl <= 64\nblock send to 239.1.1.1");
	assert_false(sends(1));
	assert_false(v.ttl_refused);
}

static void
grants(void **state)
{
	(void)state;
	rules("pass receive to any");
	rs.settings.multicast_mode = MODE_MM;
	assert_true(ask(CMD_RECEIVE, "10.0.0.5", "239.1.1.1", 5000));
	assert_int_equal(v.modes, MODE_MU | MODE_MM);
	assert_int_equal(v.mode, MODE_MM);
	assert_false(v.local_any);
	assert_string_equal(v.via, "");
	rules("match log receive to any via em7 label x mode mm local any\n"
	    "pass receive to any mode mu via em2");
	rs.settings.multicast_mode = MODE_MM;
	assert_true(ask(CMD_RECEIVE, "10.0.0.5", "239.1.1.1", 5000));
	assert_int_equal(v.modes, MODE_MU);
	assert_int_equal(v.mode, MODE_MU);
	assert_true(v.local_any);
	assert_true(v.log);
	assert_string_equal(v.via, "em2");
	assert_string_equal(v.label, "x");
	/* A match rule behind the decision of quick is not evaluated. */
	rules("pass quick receive to any\nmatch receive to any label late");
	assert_true(ask(CMD_RECEIVE, "10.0.0.5", "239.1.1.1", 5000));
	assert_string_equal(v.label, "");
}

/* What is granted beyond the answer: the deciding rule's, or a match rule's. */
static void
options(void **state)
{
	(void)state;
	rules("pass udp to any");
	assert_true(ask(CMD_UDP, "10.0.0.5", "192.0.2.1", 1));
	assert_false(v.dedicated);
	assert_int_equal(v.idle, 3600);
	rules("match to any timeout idle 7\npass udp to any egress dedicated");
	assert_true(ask(CMD_UDP, "10.0.0.5", "192.0.2.1", 1));
	assert_true(v.dedicated);
	assert_int_equal(v.idle, 7);
	rules("match to any timeout idle 7\n"
	    "pass connect to any timeout idle 9 via em3");
	assert_true(connects("192.0.2.1"));
	assert_int_equal(v.idle, 9);
	assert_string_equal(v.via, "em3");
}

static struct question	 who;

/* As connects(), with all that a question may say of who asks. */
static int
connects_who(const char *domain, uint8_t method, const char *listener)
{
	memset(&who, 0, sizeof(who));
	who.command = CMD_CONNECT;
	who.to.port = 80;
	who.user = "alice";
	who.method = method;
	who.listener = listener;
	who.domain = domain;
	assert_int_equal(addr_parse(&who.from, "10.0.0.5"), 0);
	assert_int_equal(addr_parse(&who.to.addr, "192.0.2.1"), 0);
	rule_eval(&rs, &who, &v);
	return v.pass;
}

static void
domains(void **state)
{
	static const struct {
		const char	*domain;
		const char	*name;
		int		 yes;
	} t[] = {
		{ "example.org", "example.org", 1 },
		{ "example.org", "EXAMPLE.Org", 1 },
		{ "Example.ORG", "example.org", 1 },
		{ "example.org", "example.org.", 1 },
		{ "example.org.", "example.org", 1 },
		{ "example.org", "www.example.org", 0 },
		{ "example.org", "xample.org", 0 },
		{ "example.org", "wexample.org", 0 },
		{ "example.org", NULL, 0 }, { "example.org", "", 0 },
		{ "\"*.example.org\"", "www.example.org", 1 },
		{ "\"*.example.org\"", "a.b.EXAMPLE.org.", 1 },
		{ "\"*.example.org\"", "example.org", 0 },
		{ "\"*.example.org\"", ".example.org", 0 },
		{ "\"*.example.org\"", "wexample.org", 0 },
		{ "\"*.example.org\"", NULL, 0 },
		{ "localhost", "localhost", 1 }
	};
	char		 text[128];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		(void)snprintf(text, sizeof(text), "pass connect to any "
		    "domain %s", t[i].domain);
		rules(text);
		if (connects_who(t[i].name, 0, "") != t[i].yes)
			fail_msg("%s: %s", t[i].domain, t[i].name ?
			    t[i].name : "no name");
	}
}

static void
methods_and_listeners(void **state)
{
	(void)state;
	rules("pass connect to any method userpass");
	assert_true(connects_who(NULL, 2, ""));
	assert_false(connects_who(NULL, 0, ""));
	rules("pass connect to any method none");
	assert_true(connects_who(NULL, 0, ""));
	assert_false(connects_who(NULL, 2, ""));
	rules("pass connect to any method { none userpass }");
	assert_true(connects_who(NULL, 0, ""));
	assert_true(connects_who(NULL, 2, ""));
	assert_false(connects_who(NULL, 1, ""));
	rules("pass connect to any listener { one, two }");
	assert_true(connects_who(NULL, 0, "two"));
	assert_false(connects_who(NULL, 0, ""));
	assert_false(connects_who(NULL, 0, "three"));
}

/* Interfaces stand for their addresses, which are ours: named, so covered. */
static void
interfaces(void **state)
{
	(void)state;
	rules("pass connect from em1");
	assert_true(ask(CMD_CONNECT, "10.0.0.1", "192.0.2.1", 80));
	assert_false(connects("192.0.2.1"));
	rules("pass connect from ! em1");
	assert_false(ask(CMD_CONNECT, "10.0.0.1", "192.0.2.1", 80));
	assert_true(connects("192.0.2.1"));
	rules("pass connect to em0");
	assert_true(connects("198.51.100.1"));
	assert_true(connects("2001:db8::1"));
	assert_false(connects("10.0.0.1"));
	assert_false(connects("127.0.0.1"));
}

/* What a name resolves to is not named: it covers nothing protected (P45). */
static void
names_cover_nothing(void **state)
{
	(void)state;
	rules("pass connect to { 127.0.0.1, 192.0.2.1 }");
	assert_true(connects("127.0.0.1"));
	TAILQ_FIRST(&rs.rules)->rule.to.named = 1;
	assert_false(connects("127.0.0.1"));
	assert_true(connects("192.0.2.1"));
	TAILQ_LAST(&rs.rules, rule_list)->rule.to.named = 1;
	assert_true(connects("192.0.2.1"));
	/* A block rule needs no name. */
	rules("pass connect to 127.0.0.1\nblock connect to 127.0.0.1");
	TAILQ_LAST(&rs.rules, rule_list)->rule.to.named = 1;
	assert_false(connects("127.0.0.1"));
}

static void
mismatches(void **state)
{
	static const struct {
		const char	*rule;
		const char	*why;
	} t[] = {
		{ "pass udp to any", "command" },
		{ "pass connect inet6 to any", "inet6" },
		{ "pass connect to any port 81", "port" },
		{ "pass connect from any port 1 to any", "from port" },
		{ "pass connect from 10.0.0.6 to any", "from" },
		{ "pass connect to 192.0.2.2", "to" },
		{ "pass connect to any user bob", "user" },
		{ "pass connect to any group staff", "group" },
		{ "pass connect to any user alice group staff", "group" },
		{ "pass connect to any user bob group staff", "user" },
		{ "pass connect to any method userpass", "method" },
		{ "pass connect to any listener x", "listener" },
		{ "pass connect to any domain x.example", "domain" },
		{ "pass connect to any", NULL },
		{ "block connect to any user alice", NULL },
		{ "match connect to any timeout idle 3", NULL }
	};
	const char	*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		rules(t[i].rule);
		(void)connects_who(NULL, 0, "");
		why = rule_mismatch(&rs, &TAILQ_FIRST(&rs.rules)->rule, &who);
		if (why != t[i].why && (why == NULL || t[i].why == NULL ||
		    strcmp(why, t[i].why) != 0))
			fail_msg("%s: %s", t[i].rule, why ? why : "none");
	}
	rules("pass connect to any");
	assert_int_equal(addr_parse(&who.to.addr, "127.0.0.1"), 0);
	assert_string_equal(rule_mismatch(&rs,
	    &TAILQ_FIRST(&rs.rules)->rule, &who), "protected");
}

static void
protected_destinations(void **state)
{
	static const char *const careless[] = { "any", "! 192.0.2.1",
	    "0.0.0.0/0", "! 2001:db8:9::9", "::/0", "0.0.0.0 - 255.255.255.255",
	    ":: - ffff::", "<all>", "! <none>", "126.0.0.0/7", "2000::/3",
	    "198.51.100.0/24", "10.0.0.0/8", "2001:db8::/64", "64:ff9b::/96",
	    "2002::/16", "2002:c633:6400::/40" };
	static const char *const guarded[] = { "127.0.0.1", "::1",
	    "198.51.100.1", "10.0.0.1", "2001:db8::1", "198.51.100.255",
	    "10.255.255.255", "169.254.1.1", "fe80::1", "0.0.0.0", "::",
	    "255.255.255.255", "240.0.0.1", "224.1.1.1", "ff0e::1",
	    "2001:db8::",		/* whoever routes there */
	    "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
	    "64:ff9b::c633:6401", "2002:7f00:1::", "2002:c633:6401::5" };
	char		 text[256];
	size_t		 i, j;

	(void)state;
	for (i = 0; i < nitems(careless); i++) {
		(void)snprintf(text, sizeof(text), "table <all> { 0.0.0.0/0, "
		    "::/0, 127.0.0.1, ::1 }\ntable <none>\n"
		    "pass connect to %s", careless[i]);
		rules(text);
		for (j = 0; j < nitems(guarded); j++)
			if (connects(guarded[j]))
				fail_msg("%s covers %s", careless[i],
				    guarded[j]);
	}
	for (j = 0; j < nitems(guarded); j++) {
		(void)snprintf(text, sizeof(text), "pass connect to %s",
		    guarded[j]);
		rules(text);
		if (!connects(guarded[j]))
			fail_msg("%s does not cover itself", guarded[j]);
		(void)snprintf(text, sizeof(text), "pass connect to %s\n"
		    "block connect to any", guarded[j]);
		rules(text);
		if (connects(guarded[j]))
			fail_msg("block any does not cover %s", guarded[j]);
	}
}

static void
protected_named(void **state)
{
	(void)state;
	rules("pass connect to self");
	assert_true(connects("127.0.0.1"));
	assert_true(connects("198.51.100.1"));
	assert_true(connects("2001:db8::1"));
	assert_false(connects("198.51.100.255"));
	assert_false(connects("192.0.2.1"));
	assert_false(connects("64:ff9b::7f00:1"));
	rules("pass connect to { 127.0.0.0/8, 224.0.0.0/4, fe80::/10, "
	    "64:ff9b::7f00:0/104, 2002:c633:6401::/48 }");
	assert_true(connects("127.9.9.9"));
	assert_true(connects("239.1.1.1"));
	assert_true(connects("fe80::9"));
	assert_true(connects("64:ff9b::7f09:1"));
	assert_true(connects("2002:c633:6401::9"));
	/* Unprotected ones are no trouble. */
	rules("pass connect to any");
	assert_true(connects("198.51.100.2"));
	assert_true(connects("10.0.0.2"));
	assert_true(connects("2001:db8::2"));
	assert_true(connects("64:ff9b::c000:201"));
}

/* An interface's name is not in the grammar yet, but in the rules. */
static void
protected_interface(void **state)
{
	struct rule_node	*n;

	(void)state;
	rules("pass connect to any");
	n = TAILQ_FIRST(&rs.rules);
	n->rule.to.type = RULE_IFACE;
	(void)strlcpy(n->rule.to.name, "em0", sizeof(n->rule.to.name));
	assert_true(connects("198.51.100.1"));
	assert_true(connects("2001:db8::1"));
	assert_false(connects("10.0.0.1"));
	assert_false(connects("127.0.0.1"));
}

static int
receives(const char *group)
{
	return ask(CMD_RECEIVE, "10.0.0.5", group, 5000) &&
	    ask(CMD_SEND, "10.0.0.5", group, 5000);
}

/* P43, and P45 without its multicast part. */
static void
local_groups(void **state)
{
	(void)state;
	rules("table <t> { 224.0.0.251 }\npass { receive, send } to { any, "
	    "224.0.0.0/23, 224.0.0.0/4, ff00::/8, ff00::/15, "
	    "224.0.0.1 - 224.0.0.255, <t>, ! 239.1.1.1 }");
	assert_true(receives("224.0.1.1"));
	assert_true(receives("239.1.1.2"));
	assert_true(receives("ff0e::1"));
	assert_true(receives("ff05::1"));
	assert_false(receives("224.0.0.251"));
	assert_false(receives("ff02::fb"));
	assert_false(receives("ff11::1"));
	assert_false(receives("ff30::1"));
	assert_false(receives("127.0.0.1"));
	rules("pass { receive, send } to { 224.0.0.251, 224.0.0.0/28, "
	    "ff02::fb, ff12::/16 }");
	assert_true(receives("224.0.0.251"));
	assert_true(receives("224.0.0.5"));
	assert_false(receives("224.0.0.16"));
	assert_true(receives("ff02::fb"));
	assert_true(receives("ff12::5"));
	assert_false(receives("ff02::1"));
}

static struct endpoint
ep(const char *a, uint16_t port)
{
	struct endpoint	 e;

	memset(&e, 0, sizeof(e));
	assert_int_equal(addr_parse(&e.addr, a), 0);
	e.port = port;
	return e;
}

static void
deliver(void **state)
{
	struct endpoint	 g = ep("232.1.1.1", 5000), h = ep("239.1.1.1", 5000);
	struct endpoint	 s = ep("192.0.2.10", 9), o = ep("192.0.2.11", 9);
	struct endpoint	 l = ep("127.0.0.1", 9);

	(void)state;
	rules("block all\npass receive to any");
	assert_true(rule_deliver_any(&rs, &g));
	assert_true(rule_deliver(&rs, &g, &s));
	rules("block deliver to 232.1.1.1\n"
	    "pass deliver from 192.0.2.10 to 232.1.1.1");
	assert_false(rule_deliver_any(&rs, &g));
	assert_true(rule_deliver_any(&rs, &h));
	assert_true(rule_deliver(&rs, &g, &s));
	assert_false(rule_deliver(&rs, &g, &o));
	assert_true(rule_deliver(&rs, &h, &o));
	rules("block deliver\npass deliver to any port 5000");
	assert_true(rule_deliver(&rs, &g, &l));
	rules("block deliver from any to any port 5001");
	assert_true(rule_deliver_any(&rs, &g));
	assert_true(rule_deliver(&rs, &g, &s));
}

static void
counters(void **state)
{
	struct rule_node	*a, *b;

	(void)state;
	rules("block connect to any\npass connect to 192.0.2.1\npass udp");
	assert_true(connects("192.0.2.1"));
	assert_false(connects("192.0.2.2"));
	a = TAILQ_FIRST(&rs.rules);
	b = TAILQ_NEXT(a, entry);
	assert_int_equal(a->evaluations, 2);
	assert_int_equal(a->matches, 2);
	assert_int_equal(a->passes, 0);
	assert_int_equal(b->evaluations, 2);
	assert_int_equal(b->matches, 1);
	assert_int_equal(b->passes, 1);
	assert_int_equal(TAILQ_NEXT(b, entry)->evaluations, 0);
}

static int
clear(void **state)
{
	(void)state;
	ruleset_clear(&rs);
	return 0;
}

static int
start(void **state)
{
	(void)state;
	ruleset_init(&rs);
	return 0;
}

/* A firewall may have thousands of addresses; all are its own, once each. */
static void
own_addresses_are_many(void **state)
{
	char		 addr[32];
	uint32_t	 i;

	(void)state;
	rules("pass connect to any");
	for (i = 0; i < 2 * 1000; i++) {
		(void)snprintf(addr, sizeof(addr), "10.9.%u.%u/8",
		    i % 1000 / 250, i % 250 + 1);
		own(addr, "em1");
	}
	assert_int_equal(rs.nown, 3 + 1000);
	assert_false(connects("10.9.0.1"));
	assert_false(connects("10.9.3.250"));
	assert_true(connects("10.9.4.1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rule_is_no),
		cmocka_unit_test(last_match_decides),
		cmocka_unit_test(quick_decides_at_once),
		cmocka_unit_test(commands),
		cmocka_unit_test(ports),
		cmocka_unit_test(addresses),
		cmocka_unit_test(families),
		cmocka_unit_test(users),
		cmocka_unit_test(ttl),
		cmocka_unit_test(grants),
		cmocka_unit_test(options),
		cmocka_unit_test(domains),
		cmocka_unit_test(methods_and_listeners),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(names_cover_nothing),
		cmocka_unit_test(mismatches),
		cmocka_unit_test(protected_destinations),
		cmocka_unit_test(protected_named),
		cmocka_unit_test(protected_interface),
		cmocka_unit_test(own_addresses_are_many),
		cmocka_unit_test(local_groups),
		cmocka_unit_test(deliver),
		cmocka_unit_test(counters)
	};

	return cmocka_run_group_tests_name("rule", tests, start, clear);
}
