/*
 * rules_check.c: warns of rules that can never match, or never decide; it
 * runs in the parent.
 */

#include <sys/queue.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"
#include "rule_print.h"

/*
 * Each rule is compared with each. The parent does this, so it takes no more
 * than a moment: of more rules than these, or when that many pairs had to be
 * looked at closely, the rest is not compared.
 */
#define RULES_COMPARED	8192
#define PAIRS_COMPARED	500000

/* The first and the last address of a side; 0: it is no such block. */
static int
side_bounds(const struct rule_addr *ra, struct addr *lo, struct addr *hi)
{
	unsigned int	 i, max = ra->a.af == ADDR_V4 ? 32 : 128;

	if (ra->neg)
		return 0;
	*lo = *hi = ra->a;
	if (ra->type == RULE_RANGE)
		*hi = ra->b;
	else if (ra->type != RULE_PREFIX)
		return 0;
	else
		for (i = ra->plen; i < max; i++) {
			lo->b[i / 8] &= (uint8_t)~(0x80 >> (i % 8));
			hi->b[i / 8] |= (uint8_t)(0x80 >> (i % 8));
		}
	return 1;
}

static int
side_same(const struct rule_addr *a, const struct rule_addr *b)
{
	return a->type == b->type && a->neg == b->neg && a->plen == b->plen &&
	    a->host == b->host && strcmp(a->name, b->name) == 0 &&
	    addr_eq(&a->a, &b->a) && addr_eq(&a->b, &b->b);
}

/* Whether whatever b matches, a matches as well. */
static int
side_covers(const struct rule_addr *a, const struct rule_addr *b)
{
	struct addr	 alo, ahi, blo, bhi;

	if (a->type == RULE_ANY || side_same(a, b))
		return 1;
	return a->a.af == b->a.af && side_bounds(a, &alo, &ahi) &&
	    side_bounds(b, &blo, &bhi) &&
	    memcmp(alo.b, blo.b, sizeof(alo.b)) <= 0 &&
	    memcmp(bhi.b, ahi.b, sizeof(ahi.b)) <= 0;
}

static int
port_bounds(const struct rule_port *rp, int *lo, int *hi)
{
	*lo = 0;
	*hi = UINT16_MAX;
	if (rp->op == OP_EQ || rp->op == OP_GE || rp->op == OP_RANGE)
		*lo = rp->lo;
	if (rp->op == OP_GT)
		*lo = rp->lo + 1;
	if (rp->op == OP_EQ || rp->op == OP_LE)
		*hi = rp->lo;
	if (rp->op == OP_LT)
		*hi = rp->lo - 1;
	if (rp->op == OP_RANGE)
		*hi = rp->hi;
	return rp->op != OP_NE;
}

static int
port_covers(const struct rule_port *a, const struct rule_port *b)
{
	int	 alo, ahi, blo, bhi;

	if (a->op == OP_NE)
		return b->op == OP_NE ? a->lo == b->lo :
		    port_bounds(b, &blo, &bhi) && (a->lo < blo || a->lo > bhi);
	if (!port_bounds(b, &blo, &bhi))
		return a->op == OP_NONE;
	(void)port_bounds(a, &alo, &ahi);
	return alo <= blo && bhi <= ahi;
}

static int
text_covers(const char *a, const char *b)
{
	return a[0] == '\0' || strcmp(a, b) == 0;
}

static int
domain_covers(const char *a, const char *b)
{
	size_t	 alen = strlen(a), blen = strlen(b);

	if (text_covers(a, b))
		return 1;
	return a[0] == '*' && blen >= alen &&
	    strcmp(b + blen - (alen - 1), a + 1) == 0;
}

/*
 * P45: what a pass rule covers depends on how the destination is named, and
 * on addresses that are not known here; only the clear cases count.
 */
static int
pass_covers(const struct rule *a, const struct rule *b)
{
	const uint8_t	 groups = CMD_RECEIVE | CMD_SEND;
	unsigned int	 max = b->to.a.af == ADDR_V4 ? 32 : 128;
	struct prefix	 p = { .addr = b->to.a, .len = b->to.plen };
	int		 same = side_same(&a->to, &b->to);
	int		 block = b->to.type == RULE_PREFIX && !b->to.neg;

	if (a->action != RULE_PASS)
		return 1;
	if (b->action != RULE_PASS)	/* "any" is more there than here */
		return same && block && p.len == max;
	if (same || b->to.type == RULE_ANY)
		return 1;
	return block && p.len < (max == 32 ? 24 : 16) &&
	    ((b->commands & ~groups) == 0 || !prefix_is_protected(&p));
}

static int
rule_covers(const struct rule *a, const struct rule *b)
{
	if (b->commands & ~a->commands)
		return 0;
	if (a->af != ADDR_NONE && a->af != b->af && a->af != b->to.a.af)
		return 0;
	return side_covers(&a->from, &b->from) && side_covers(&a->to, &b->to) &&
	    port_covers(&a->port, &b->port) &&
	    port_covers(&a->fport, &b->fport) &&
	    text_covers(a->user, b->user) && text_covers(a->group, b->group) &&
	    text_covers(a->listener, b->listener) &&
	    domain_covers(a->domain, b->domain) && (a->methods == 0 ||
	    (b->methods != 0 && !(b->methods & ~a->methods))) &&
	    pass_covers(a, b);
}

static void
rule_warn(const struct rule *r, const char *why)
{
	struct word	 at = { .file = r->file, .line = r->line };

	word_warn(&at, "%s", why);
}

static void
place_print(const struct rule *at, const struct rule *r, char *buf,
    size_t size)
{
	if (strcmp(at->file, r->file) == 0)
		(void)snprintf(buf, size, "line %u", at->line);
	else
		(void)snprintf(buf, size, "%s:%u", at->file, at->line);
}

static void
warn_covered(const struct rule *r, const struct rule *by, const char *what)
{
	char	 why[256], place[RULE_FILELEN + 16];

	place_print(by, r, place, sizeof(place));
	(void)snprintf(why, sizeof(why), "this rule %s: all that it is about "
	    "is in %s, which %s", what, place, by->quick ?
	    "decides at once" : "stands behind it");
	rule_warn(r, why);
}

static const struct rule_node	*warned;	/* the last rule, of its line */

/* A line may stand for many rules: one warning for each. */
static int
same_line(const struct rule_node *a, const struct rule_node *b)
{
	return a != NULL && b != NULL && a->rule.line == b->rule.line &&
	    strcmp(a->rule.file, b->rule.file) == 0;
}

/* What tells most pairs apart, close together for thousands of them. */
struct brief {
	const struct rule_node	*n;
	uint64_t		 lo[2];		/* to and from, first bits */
	uint64_t		 hi[2];
	int			 port_lo;
	int			 port_hi;
	uint8_t			 user[4];	/* its first octets */
};

static uint64_t
addr_head(const struct addr *a)
{
	uint64_t	 v = 0;
	int		 i;

	for (i = 0; i < 8; i++)
		v = v << 8 | a->b[i];
	return v;
}

static void
brief_side(struct brief *b, int i, const struct rule_addr *ra)
{
	struct addr	 lo, hi;

	b->lo[i] = 0;
	b->hi[i] = UINT64_MAX;
	if (!side_bounds(ra, &lo, &hi))
		return;
	b->lo[i] = addr_head(&lo);
	b->hi[i] = addr_head(&hi);
}

static void
brief_init(struct brief *b, const struct rule_node *n)
{
	b->n = n;
	brief_side(b, 0, &n->rule.to);
	brief_side(b, 1, &n->rule.from);
	(void)port_bounds(&n->rule.port, &b->port_lo, &b->port_hi);
	memcpy(b->user, n->rule.user, sizeof(b->user));
}

/* 0: a does not cover b, for sure. */
static int
brief_may_cover(const struct brief *a, const struct brief *b)
{
	return a->lo[0] <= b->lo[0] && b->hi[0] <= a->hi[0] &&
	    a->lo[1] <= b->lo[1] && b->hi[1] <= a->hi[1] &&
	    a->port_lo <= b->port_lo && b->port_hi <= a->port_hi &&
	    (a->user[0] == '\0' ||
	    memcmp(a->user, b->user, sizeof(a->user)) == 0);
}

static int
brief_covers(const struct brief *a, const struct brief *b, uint32_t *pairs)
{
	if (*pairs == 0)
		return 0;
	(*pairs)--;
	return !same_line(a->n, b->n) && rule_covers(&a->n->rule, &b->n->rule);
}

/* A rule before r that decides at once whatever r is about, or NULL. */
static const struct rule *
rule_shadow(const struct brief *all, const struct brief *r, uint32_t *pairs)
{
	const struct brief	*q;

	for (q = all; q < r; q++)
		if (brief_may_cover(q, r) && q->n->rule.quick &&
		    q->n->rule.action != RULE_MATCH &&
		    brief_covers(q, r, pairs))
			return &q->n->rule;
	return NULL;
}

/* One behind r that says the opposite of all that r says, or NULL. */
static const struct rule *
rule_overruler(const struct brief *r, const struct brief *end, uint32_t *pairs)
{
	const struct brief	*q;
	const uint8_t		 action = r->n->rule.action;

	if (r->n->rule.quick || action == RULE_MATCH)
		return NULL;
	for (q = r + 1; q < end; q++)
		if (brief_may_cover(q, r) && q->n->rule.action != RULE_MATCH &&
		    q->n->rule.action != action && brief_covers(q, r, pairs))
			return &q->n->rule;
	return NULL;
}

static void
rule_compare(const struct brief *all, const struct brief *r,
    const struct brief *end, uint32_t *pairs)
{
	const struct rule	*by;

	if ((by = rule_shadow(all, r, pairs)) != NULL)
		warn_covered(&r->n->rule, by, "can never match");
	else if ((by = rule_overruler(r, end, pairs)) != NULL)
		warn_covered(&r->n->rule, by, "never decides");
	else
		return;
	warned = r->n;
}

static void
rules_compare(const struct conf *c, uint32_t n)
{
	const struct rule_node	*r;
	struct brief		*all = scratch_alloc(n * sizeof(*all));
	uint32_t		 i = 0, pairs = PAIRS_COMPARED;

	warned = NULL;
	TAILQ_FOREACH(r, &c->rules, entry)
		brief_init(&all[i++], r);
	for (i = 0; i < n; i++)
		if (!same_line(all[i].n, warned))
			rule_compare(all, &all[i], all + n, &pairs);
}

static int
has_groups(const struct addr *lo, const struct addr *hi)
{
	return lo->af == ADDR_V4 ? hi->b[0] >= 224 && lo->b[0] < 240 :
	    hi->b[0] == 0xff;
}

/* Groups only where groups are meant, and the other way round. */
static const char *
check_group(const struct rule *r)
{
	const uint8_t	 groups = CMD_RECEIVE | CMD_SEND | CMD_DELIVER;
	struct addr	 lo, hi;

	if (!side_bounds(&r->to, &lo, &hi))
		return NULL;
	if ((r->commands & ~groups) == 0 && !has_groups(&lo, &hi))
		return "is about groups, and what follows \"to\" is none";
	if ((r->commands & groups) == 0 && addr_is_multicast(&lo) &&
	    addr_is_multicast(&hi))
		return "is not about groups, and what follows \"to\" is one";
	return NULL;
}

static const char *
check_port(const struct rule *r)
{
	int	 lo, hi;

	if (port_bounds(&r->port, &lo, &hi) && lo > hi)
		return "is about no port";
	if (port_bounds(&r->fport, &lo, &hi) && lo > hi)
		return "is about no port of a client";
	/* P6, P23: nobody can ask for that. */
	if ((r->commands & ~(CMD_CONNECT | CMD_RECEIVE | CMD_SEND)) == 0 &&
	    r->port.op == OP_EQ && r->port.lo == 0)
		return "is about port 0";
	return NULL;
}

static uint8_t
methods_offered(const struct conf *c, const char *label)
{
	const struct conf_listener	*l;
	uint8_t				 i, methods = 0;

	TAILQ_FOREACH(l, &c->listeners, entry)
		for (i = 0; i < l->nmethods; i++)
			if (label[0] == '\0' || strcmp(l->label, label) == 0)
				methods |= l->methods[i] ==
				    CONF_METHOD_NONE ? RULE_METHOD_NONE :
				    RULE_METHOD_USERPASS;
	return methods;
}

static const char *
check_method(const struct conf *c, const struct rule *r)
{
	uint8_t	 offered = methods_offered(c, r->listener);

	if (offered == 0)
		return NULL;		/* no such label: said already */
	if ((r->user[0] != '\0' || r->group[0] != '\0') &&
	    !(offered & RULE_METHOD_USERPASS))
		return "names users, and no listener asks who it is";
	if ((r->user[0] != '\0' || r->group[0] != '\0') &&
	    r->methods == RULE_METHOD_NONE)
		return "names users, and a method that asks for none";
	if (r->methods != 0 && !(r->methods & offered))
		return "is about a method that no listener offers";
	return NULL;
}

static void
rule_check(const struct conf *c, const struct rule *r)
{
	const char	*what;
	char		 why[256];

	if ((what = check_group(r)) == NULL && (what = check_port(r)) == NULL &&
	    (what = check_method(c, r)) == NULL)
		return;
	(void)snprintf(why, sizeof(why), "this rule can never match: it %s",
	    what);
	rule_warn(r, why);
}

void
rules_check(struct conf *c)
{
	const struct rule_node	*r, *last = TAILQ_LAST(&c->rules, rule_list);

	TAILQ_FOREACH(r, &c->rules, entry)
		if (!same_line(r, TAILQ_PREV(r, rule_list, entry)))
			rule_check(c, &r->rule);
	if (last != NULL && last->rule.nr < RULES_COMPARED)
		rules_compare(c, last->rule.nr + 1);
}
