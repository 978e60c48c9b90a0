/*
 * rule_index.c: tests that the index gives the same answers as walking all
 * rules, and that it passes over nearly all of thousands.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "rule.h"
#include "rule_index.h"

#define ROUNDS		60
#define QUESTIONS	400

static struct ruleset	 rs;
static uint32_t		 seed;

/* The same on every run. */
static uint32_t
any(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static int
one_in(uint32_t n)
{
	return any(n) == 0;
}

/* Few addresses, close together, so that much matches. */
static void
an_addr(struct addr *a)
{
	static const char *const heads[] = { "10.0.0.", "10.0.1.", "239.1.1.",
	    "224.0.0.", "127.0.0.", "2001:db8::", "2001:db8:0:0:1::",
	    "ff05::", "::ffff:10.0.0." };
	char		 text[64];

	(void)snprintf(text, sizeof(text), "%s%u",
	    heads[any(nitems(heads))], any(8));
	assert_int_equal(addr_parse(a, text), 0);
	addr_unmap(a);
}

static void
a_range(struct rule_addr *ra)
{
	struct addr	 t;

	do
		an_addr(&ra->b);
	while (ra->b.af != ra->a.af);
	ra->type = RULE_RANGE;
	if (memcmp(ra->a.b, ra->b.b, sizeof(t.b)) > 0) {
		t = ra->a;
		ra->a = ra->b;
		ra->b = t;
	}
}

static void
a_side(struct rule_addr *ra)
{
	static const uint8_t types[] = { RULE_ANY, RULE_PREFIX, RULE_PREFIX,
	    RULE_PREFIX, RULE_RANGE, RULE_TABLE, RULE_SELF, RULE_IFACE };
	unsigned int	 max;

	memset(ra, 0, sizeof(*ra));
	ra->type = types[any(nitems(types))];
	ra->neg = ra->type != RULE_ANY && one_in(8);
	if (ra->type == RULE_TABLE)
		(void)strlcpy(ra->name, one_in(2) ? "one" : "two",
		    sizeof(ra->name));
	if (ra->type == RULE_IFACE)
		(void)strlcpy(ra->name, "em1", sizeof(ra->name));
	if (ra->type != RULE_PREFIX && ra->type != RULE_RANGE)
		return;
	an_addr(&ra->a);
	max = ra->a.af == ADDR_V4 ? 32 : 128;
	ra->plen = (uint8_t)(one_in(2) ? max : one_in(8) ? 0 : max - any(12));
	if (ra->type == RULE_RANGE)
		a_range(ra);
}

static void
a_port(struct rule_port *rp)
{
	memset(rp, 0, sizeof(*rp));
	rp->op = (uint8_t)(one_in(2) ? OP_NONE : any(OP_RANGE + 1));
	rp->lo = (uint16_t)(one_in(20) ? UINT16_MAX * any(2) : any(12));
	rp->hi = (uint16_t)(rp->lo + any(UINT16_MAX - rp->lo < 6 ? 1 : 6));
}

static const char *
a_word(const char *const *words, size_t n)
{
	return one_in(2) ? "" : words[any((uint32_t)n)];
}

static const char *const users[] = { "alice", "bob", "carol", "dave" };
static const char *const groups[] = { "staff", "studio", "crew" };
static const char *const labels[] = { "in", "out" };
static const char *const domains[] = { "example.org", "*.example.org",
    "a.example.org", "*.a.example.org", "*.org", "org" };
static const char *const asked_domains[] = { "example.org", "A.EXAMPLE.org",
    "b.a.example.org.", "org", "x.org", "notexample.org" };

static void
a_rule(void)
{
	struct rule	 r;

	memset(&r, 0, sizeof(r));
	r.action = (uint8_t)any(3);
	r.quick = one_in(6);
	r.commands = (uint8_t)(one_in(3) ? CMD_DELIVER : 1 + any(CMD_SIX));
	if (one_in(4))
		r.af = one_in(2) ? ADDR_V4 : ADDR_V6;
	a_side(&r.from);
	a_side(&r.to);
	a_port(&r.port);
	if (one_in(4))
		a_port(&r.fport);
	if (one_in(3))
		(void)strlcpy(r.user, a_word(users, nitems(users)),
		    sizeof(r.user));
	if (one_in(3))
		(void)strlcpy(r.group, a_word(groups, nitems(groups)),
		    sizeof(r.group));
	if (one_in(3))
		(void)strlcpy(r.listener, a_word(labels, nitems(labels)),
		    sizeof(r.listener));
	if (one_in(3))
		(void)strlcpy(r.domain, a_word(domains, nitems(domains)),
		    sizeof(r.domain));
	if (one_in(8))
		r.methods = (uint8_t)(1 + any(3));
	r.idle = any(5);
	assert_non_null(rule_add(&rs.rules, &r));
}

static void
a_question(struct question *q)
{
	static const uint8_t commands[] = { CMD_CONNECT, CMD_BIND,
	    CMD_ASSOCIATE, CMD_UDP, CMD_RECEIVE, CMD_SEND, CMD_DELIVER };

	memset(q, 0, sizeof(*q));
	q->command = commands[any(nitems(commands))];
	q->ttl = (uint8_t)any(20);
	an_addr(&q->from);
	an_addr(&q->to.addr);
	q->fport = (uint16_t)any(14);
	q->to.port = (uint16_t)(one_in(20) ? UINT16_MAX : any(18));
	q->user = one_in(3) ? NULL : one_in(8) ? "nobody" :
	    users[any(nitems(users))];
	q->method = q->user == NULL ? 0 : 2;
	q->listener = one_in(3) ? "" : labels[any(nitems(labels))];
	q->domain = one_in(3) ? NULL :
	    asked_domains[any(nitems(asked_domains))];
}

static void
a_table(const char *name)
{
	struct table		*t = table_new(name);
	struct table_entry	 e;
	int			 i;

	assert_non_null(t);
	for (i = 0; i < 6; i++) {
		memset(&e, 0, sizeof(e));
		an_addr(&e.prefix.addr);
		e.prefix.len = (uint8_t)(one_in(2) ? 32 : 24);
		e.neg = one_in(3);
		(void)table_add(t, &e);
	}
	TAILQ_INSERT_TAIL(&rs.tables, t, entry);
}

static void
add_user(const char *name, const char *group, const char *other)
{
	struct user_node	*u = calloc(1, sizeof(*u));

	assert_non_null(u);
	(void)strlcpy(u->name, name, sizeof(u->name));
	(void)strlcpy(u->groups[u->ngroups++], group, RULE_NAMELEN);
	if (other != NULL)
		(void)strlcpy(u->groups[u->ngroups++], other, RULE_NAMELEN);
	TAILQ_INSERT_TAIL(&rs.users, u, entry);
}

static void
start(void)
{
	struct prefix	 p;

	ruleset_clear(&rs);
	settings_default(&rs.settings);
	assert_int_equal(prefix_parse(&p, "10.0.0.1/32"), 0);
	assert_int_equal(ruleset_own(&rs, &p, "em1"), 0);
	a_table("one");
	a_table("two");
	add_user("alice", "staff", NULL);
	add_user("bob", "studio", "staff");
	add_user("carol", "crew", "studio");
}

/* What a set of rules makes of the same questions, with and without. */
struct outcome {
	struct verdict	 v[QUESTIONS];
	int		 any[QUESTIONS];
	uint64_t	 matches[512];
	uint64_t	 passes[512];
	uint64_t	 evaluations[512];
};

static void
outcome(struct outcome *o, struct ruleset *s)
{
	struct rule_node	*n;
	struct question		 q;
	int			 i;

	memset(o, 0, sizeof(*o));
	TAILQ_FOREACH(n, &s->rules, entry)
		n->evaluations = n->matches = n->passes = 0;
	for (i = 0; i < QUESTIONS; i++) {
		a_question(&q);
		rule_eval(s, &q, &o->v[i]);
		o->any[i] = rule_deliver_any(s, &q.to);
	}
	TAILQ_FOREACH(n, &s->rules, entry) {
		o->evaluations[n->rule.nr] = n->evaluations;
		o->matches[n->rule.nr] = n->matches;
		o->passes[n->rule.nr] = n->passes;
	}
}

static void
same_answers(void **state)
{
	static struct outcome	 with, without;
	struct ruleset		 plain;
	uint32_t		 s;
	int			 round, i, n;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		seed = (uint32_t)round * 7919 + 1;
		start();
		n = RULE_INDEX_MIN + (int)any(200);
		for (i = 0; i < n; i++)
			a_rule();
		assert_int_equal(ruleset_index(&rs), 0);
		assert_non_null(rs.index);
		s = seed;
		outcome(&with, &rs);
		plain = rs;
		plain.index = plain.deliver = NULL;
		seed = s;
		outcome(&without, &plain);
		assert_memory_equal(with.v, without.v, sizeof(with.v));
		assert_memory_equal(with.any, without.any, sizeof(with.any));
		assert_memory_equal(with.matches, without.matches,
		    sizeof(with.matches));
		assert_memory_equal(with.passes, without.passes,
		    sizeof(with.passes));
		for (i = 0; i < n; i++)
			assert_in_range(with.evaluations[i], 0,
			    without.evaluations[i]);
	}
	ruleset_clear(&rs);
}

/* The explanation and the evaluation never differ. */
static void
mismatch_agrees(void **state)
{
	struct rule_node	*n;
	struct question		 q;
	struct verdict		 v;
	int			 i;
	unsigned int		 agreed[2] = { 0, 0 };

	(void)state;
	seed = 4711;
	start();
	for (i = 0; i < 300; i++)
		a_rule();
	TAILQ_FOREACH(n, &rs.rules, entry)
		n->rule.quick = 0;
	for (i = 0; i < QUESTIONS; i++) {
		a_question(&q);
		TAILQ_FOREACH(n, &rs.rules, entry)
			n->matches = 0;
		rule_eval(&rs, &q, &v);
		TAILQ_FOREACH(n, &rs.rules, entry) {
			assert_int_equal(n->matches != 0,
			    rule_mismatch(&rs, &n->rule, &q) == NULL);
			agreed[n->matches != 0]++;
		}
	}
	assert_in_range(agreed[0], 1000, 1000000);
	assert_in_range(agreed[1], 100, 1000000);
	ruleset_clear(&rs);
}

/* Makes rule i of a kind. */
static void
many_rule(struct rule *r, const char *kind, uint32_t i)
{
	struct rule_addr	*side = strcmp(kind, "from") == 0 ||
				    strcmp(kind, "deliver") == 0 ? &r->from :
				    &r->to;
	uint8_t			 a[4];

	memset(r, 0, sizeof(*r));
	r->action = RULE_PASS;
	r->commands = strcmp(kind, "deliver") == 0 ? CMD_DELIVER : CMD_SIX;
	a[0] = 11;
	a[1] = (uint8_t)(i >> 16);
	a[2] = (uint8_t)(i >> 8);
	a[3] = (uint8_t)i;
	/* What all share is no help to find one. */
	(void)strlcpy(r->listener, "in", sizeof(r->listener));
	if (strcmp(kind, "user") == 0)
		(void)snprintf(r->user, sizeof(r->user), "user%u", i);
	else if (strcmp(kind, "domain") == 0)
		(void)snprintf(r->domain, sizeof(r->domain),
		    "*.d%u.example.org", i);
	else if (strcmp(kind, "shared") == 0) {
		/* The destination is that of all; the port tells. */
		r->port.op = OP_EQ;
		r->port.lo = (uint16_t)i;
		addr_v4(&r->to.a, a);
		r->to.type = RULE_PREFIX;
		r->to.plen = 8;
	} else if (strcmp(kind, "port") == 0) {
		r->port.op = OP_EQ;
		r->port.lo = (uint16_t)i;
	} else if (strcmp(kind, "ports") == 0) {
		r->port.op = OP_RANGE;
		r->port.lo = (uint16_t)(i * 5);
		r->port.hi = (uint16_t)(i * 5 + 4);
	} else {
		addr_v4(&side->a, a);
		side->type = RULE_PREFIX;
		side->plen = 32;
		if (strcmp(kind, "range") == 0) {
			side->type = RULE_RANGE;
			a[1] = (uint8_t)(i * 8 >> 16);
			a[2] = (uint8_t)(i * 8 >> 8);
			a[3] = (uint8_t)(i * 8);
			addr_v4(&side->a, a);
			a[3] |= 7;
			addr_v4(&side->b, a);
		}
	}
}

static uint64_t
many_evaluations(const char *kind, uint32_t n)
{
	struct rule_node	*r;
	struct question		 q;
	struct verdict		 v;
	uint64_t		 sum = 0;
	uint32_t		 i;
	char			 user[32], name[64];

	memset(&q, 0, sizeof(q));
	q.command = strcmp(kind, "deliver") == 0 ? CMD_DELIVER : CMD_CONNECT;
	q.listener = "in";
	for (i = 0; i < n; i++) {
		const uint8_t	 a[4] = { 11, 0, (uint8_t)(i >> 8),
					  (uint8_t)i };

		addr_v4(&q.from, a);
		addr_v4(&q.to.addr, a);
		q.to.port = (uint16_t)i;
		(void)snprintf(user, sizeof(user), "user%u", i);
		(void)snprintf(name, sizeof(name), "www.d%u.example.org", i);
		q.user = user;
		q.domain = name;
		rule_eval(&rs, &q, &v);
		if (!v.pass || !v.matched)
			fail_msg("%s %u", kind, i);
	}
	TAILQ_FOREACH(r, &rs.rules, entry)
		sum += r->evaluations;
	return sum;
}

/* Of 10,000 rules hardly any are looked at, whatever they differ in. */
static void
thousands(void **state)
{
	static const struct {
		const char	*kind;
		unsigned int	 most;		/* rules for a question */
	} t[] = { { "to", 1 }, { "from", 1 }, { "user", 1 }, { "port", 1 },
	    { "domain", 1 }, { "range", 17 }, { "ports", 17 },
	    { "deliver", 1 }, { "shared", 1 } };
	struct rule	 r;
	size_t		 k;
	uint32_t	 i;
	uint64_t	 n;

	(void)state;
	for (k = 0; k < nitems(t); k++) {
		start();
		for (i = 0; i < 10000; i++) {
			many_rule(&r, t[k].kind, i);
			assert_non_null(rule_add(&rs.rules, &r));
		}
		assert_int_equal(ruleset_index(&rs), 0);
		n = many_evaluations(t[k].kind, 1000);
		if (n < 1000 || n > 1000 * t[k].most)
			fail_msg("%s: %llu", t[k].kind, (unsigned long long)n);
	}
	ruleset_clear(&rs);
}

/* Few rules are all counted, as in pf. */
static void
few_are_walked(void **state)
{
	struct rule	 r;
	int		 i;

	(void)state;
	start();
	for (i = 0; i < RULE_INDEX_MIN - 1; i++) {
		many_rule(&r, "to", (uint32_t)i);
		assert_non_null(rule_add(&rs.rules, &r));
	}
	assert_int_equal(ruleset_index(&rs), 0);
	assert_null(rs.index);
	ruleset_clear(&rs);
	assert_int_equal(ruleset_index(&rs), 0);
	assert_null(rs.index);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(same_answers),
		cmocka_unit_test(mismatch_agrees),
		cmocka_unit_test(thousands),
		cmocka_unit_test(few_are_walked)
	};

	ruleset_init(&rs);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
