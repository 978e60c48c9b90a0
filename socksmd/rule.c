/*
 * rule.c: evaluation of rules, as pf does it: the last that matches decides,
 * quick at once, no rule means no; it runs in policy.
 */

#include <sys/queue.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "protect.h"
#include "rule.h"
#include "rule_index.h"

/* A side of a question, and what was found out about it on the way. */
struct side {
	struct addr		 a;
	uint16_t		 port;
	uint8_t			 self;
	const struct table	*table;		/* the last that was asked */
	int			 in_table;
};

/* A question with all that does not depend on the rule worked out once. */
struct asked {
	const struct ruleset	*rs;
	const struct question	*q;
	struct side		 from;
	struct side		 to;
	uint8_t			 guarded;	/* P45 */
	uint8_t			 local_group;	/* P43 */
	uint8_t			 user_known;
	const struct user_node	*user;
};

void
ruleset_init(struct ruleset *rs)
{
	memset(rs, 0, sizeof(*rs));
	TAILQ_INIT(&rs->rules);
	TAILQ_INIT(&rs->tables);
	TAILQ_INIT(&rs->users);
}

void
ruleset_clear(struct ruleset *rs)
{
	struct rule_node	*n;
	struct table		*t;
	struct user_node	*u;

	rule_index_free(rs->index);
	rule_index_free(rs->deliver);
	while ((n = TAILQ_FIRST(&rs->rules)) != NULL) {
		TAILQ_REMOVE(&rs->rules, n, entry);
		free(n);
	}
	while ((t = TAILQ_FIRST(&rs->tables)) != NULL) {
		TAILQ_REMOVE(&rs->tables, t, entry);
		table_free(t);
	}
	while ((u = TAILQ_FIRST(&rs->users)) != NULL) {
		TAILQ_REMOVE(&rs->users, u, entry);
		free(u);
	}
	free(rs->own);
	ruleset_init(rs);
}

int
ruleset_own(struct ruleset *rs, const struct prefix *net, const char *ifname)
{
	struct own_addr	*o;
	uint32_t	 i;

	for (i = 0; i < rs->nown; i++)
		if (addr_eq(&rs->own[i].net.addr, &net->addr) &&
		    strcmp(rs->own[i].ifname, ifname) == 0)
			return 0;
	o = reallocarray(rs->own, rs->nown + 1, sizeof(*o));
	if (o == NULL)
		return -1;
	rs->own = o;
	o = &rs->own[rs->nown++];
	o->net = *net;
	(void)strlcpy(o->ifname, ifname, sizeof(o->ifname));
	return 0;
}

struct rule_node *
rule_add(struct rule_list *l, const struct rule *r)
{
	struct rule_node	*n, *last = TAILQ_LAST(l, rule_list);

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return NULL;
	n->rule = *r;
	n->rule.nr = last == NULL ? 0 : last->rule.nr + 1;
	TAILQ_INSERT_TAIL(l, n, entry);
	return n;
}

static void
side_init(const struct ruleset *rs, struct side *s, const struct addr *a,
    uint16_t port)
{
	memset(s, 0, sizeof(*s));
	s->a = *a;
	s->port = port;
	addr_unmap(&s->a);
	s->self = (uint8_t)protect_self(rs, &s->a);
}

/* P45 is about destinations, and about groups only outside multicast. */
static int
is_guarded(const struct ruleset *rs, uint8_t command, const struct addr *to)
{
	if (command == CMD_DELIVER)
		return 0;
	if (command & (CMD_RECEIVE | CMD_SEND) && addr_is_multicast(to))
		return 0;
	return protect_addr(rs, to);
}

static void
asked_init(struct asked *as, const struct ruleset *rs, const struct question *q)
{
	memset(as, 0, sizeof(*as));
	as->rs = rs;
	as->q = q;
	side_init(rs, &as->from, &q->from, q->fport);
	side_init(rs, &as->to, &q->to.addr, q->to.port);
	as->guarded = (uint8_t)is_guarded(rs, q->command, &as->to.a);
	as->local_group = q->command & (CMD_RECEIVE | CMD_SEND) &&
	    addr_is_multicast_local(&as->to.a);
}

static uint64_t
word64(const uint8_t *b)
{
	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 |
	    (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 |
	    (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
	    (uint64_t)b[6] << 8 | b[7];
}

/* IPv4 stands in the first octets, so that one comparison does for both. */
static int
bits_eq(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	uint64_t	 d = word64(a) ^ word64(b);

	if (len <= 64)
		return len == 0 || d >> (64 - len) == 0;
	return d == 0 && (word64(a + 8) ^ word64(b + 8)) >> (128 - len) == 0;
}

static int
range_match(const struct rule_addr *ra, const struct addr *a)
{
	return memcmp(a->b, ra->a.b, sizeof(a->b)) >= 0 &&
	    memcmp(a->b, ra->b.b, sizeof(a->b)) <= 0;
}

static int
iface_match(const struct ruleset *rs, const char *name, const struct addr *a)
{
	uint32_t	 i;

	for (i = 0; i < rs->nown; i++)
		if (rs->own[i].net.addr.af == a->af &&
		    strcmp(rs->own[i].ifname, name) == 0 &&
		    memcmp(rs->own[i].net.addr.b, a->b, sizeof(a->b)) == 0)
			return 1;
	return 0;
}

/* Rules that name one table often follow each other: keep the last answer. */
static int
side_in_table(const struct ruleset *rs, struct side *s, const char *name,
    struct table **cache)
{
	/* The lists of a ruleset are its own; only the search needs this. */
	struct table_list	*l = (struct table_list *)(uintptr_t)&rs->tables;

	if (*cache == NULL && (*cache = table_find(l, name)) == NULL)
		return 0;
	if (s->table != *cache) {
		s->table = *cache;
		s->in_table = table_match(*cache, &s->a);
	}
	return s->in_table;
}

/*
 * As in pf, an address tells its family: "! 10.0.0.0/8" is IPv4 only, "! <t>"
 * and "! self" are both.
 */
static int
side_match(const struct ruleset *rs, const struct rule_addr *ra,
    struct side *s, struct table **cache)
{
	int		 m;

	switch (ra->type) {
	case RULE_ANY:
		return 1;
	case RULE_PREFIX:
		if (ra->a.af != s->a.af)
			return 0;
		m = bits_eq(ra->a.b, s->a.b, ra->plen);
		break;
	case RULE_RANGE:
		if (ra->a.af != s->a.af)
			return 0;
		m = range_match(ra, &s->a);
		break;
	case RULE_TABLE:
		m = side_in_table(rs, s, ra->name, cache);
		break;
	case RULE_SELF:
		m = s->self;
		break;
	case RULE_IFACE:
		m = iface_match(rs, ra->name, &s->a);
		break;
	default:
		return 0;
	}
	return ra->neg ? !m : m;
}

static int
port_match(const struct rule_port *rp, uint16_t port)
{
	switch (rp->op) {
	case OP_NONE:
		return 1;
	case OP_EQ:
		return port == rp->lo;
	case OP_NE:
		return port != rp->lo;
	case OP_LT:
		return port < rp->lo;
	case OP_LE:
		return port <= rp->lo;
	case OP_GT:
		return port > rp->lo;
	case OP_GE:
		return port >= rp->lo;
	case OP_RANGE:
		return port >= rp->lo && port <= rp->hi;
	default:
		return 0;
	}
}

static const struct user_node *
asked_user(struct asked *as)
{
	if (!as->user_known)
		as->user = rule_index_user(as->rs, as->q->user);
	as->user_known = 1;
	return as->user;
}

static int
user_match(struct asked *as, const struct rule *r)
{
	const struct user_node	*u;
	uint8_t			 i;

	if (as->q->user == NULL)
		return 0;
	if (r->user[0] != '\0' && strcmp(r->user, as->q->user) != 0)
		return 0;
	if (r->group[0] == '\0')
		return 1;
	if ((u = asked_user(as)) == NULL)
		return 0;
	for (i = 0; i < u->ngroups && i < nitems(u->groups); i++)
		if (strcmp(u->groups[i], r->group) == 0)
			return 1;
	return 0;
}

/* Whether "to" names a protected destination well enough (P43, P45). */
static int
rule_covers(const struct asked *as, const struct rule *r)
{
	const struct rule_addr	*to = &r->to;
	struct prefix		 p = { .addr = to->a, .len = to->plen };

	if (r->action != RULE_PASS || (!as->guarded && !as->local_group))
		return 1;
	if (to->neg || to->named)
		return 0;
	if (as->local_group)
		return to->type == RULE_PREFIX &&
		    p.len >= (to->a.af == ADDR_V4 ? 24 : 16);
	if (to->type == RULE_SELF || to->type == RULE_IFACE)
		return 1;
	return to->type == RULE_PREFIX &&
	    (p.len == (to->a.af == ADDR_V4 ? 32 : 128) ||
	    protect_prefix(as->rs, &p));
}

/* The host part is lower case, and may begin with "*." (subdomains only). */
static int
domain_match(const char *domain, const char *name)
{
	size_t		 len, dlen = strlen(domain);

	if (name == NULL)
		return 0;
	len = strlen(name);
	if (len > 0 && name[len - 1] == '.')	/* P4 allows one */
		len--;
	if (domain[0] != '*')
		return len == dlen && strncasecmp(name, domain, len) == 0;
	dlen--;					/* ".example.org" */
	return len > dlen &&
	    strncasecmp(name + len - dlen, domain + 1, dlen) == 0;
}

static int
method_match(const struct rule *r, uint8_t method)
{
	/* As on the wire (RFC 1928 3): 0 none, 2 user name and password. */
	return r->methods & (method == 0 ? RULE_METHOD_NONE :
	    method == 2 ? RULE_METHOD_USERPASS : 0);
}

/* The criteria that few rules have. */
static const char *
rule_differs_who(const struct rule *r, struct asked *as)
{
	if ((r->user[0] != '\0' || r->group[0] != '\0') && !user_match(as, r))
		return as->q->user != NULL && r->group[0] != '\0' &&
		    (r->user[0] == '\0' || strcmp(r->user, as->q->user) == 0) ?
		    "group" : "user";
	if (r->methods != 0 && !method_match(r, as->q->method))
		return "method";
	if (r->listener[0] != '\0' &&
	    strcmp(r->listener, as->q->listener) != 0)
		return "listener";
	return NULL;
}

/* The client's side of a question (P9). */
static const char *
rule_differs_client(const struct rule *r, struct table **from,
    struct asked *as)
{
	if (!port_match(&r->fport, as->from.port))
		return "from port";
	if (!side_match(as->rs, &r->from, &as->from, from))
		return "from";
	return rule_differs_who(r, as);
}

/* What of a rule but its command a question does not meet, cheapest first. */
static const char *
rule_differs(const struct rule *r, struct table **from, struct table **to,
    struct asked *as)
{
	const char	*who;

	if (r->af != ADDR_NONE && r->af != as->to.a.af)
		return r->af == ADDR_V4 ? "inet" : "inet6";
	if (!port_match(&r->port, as->to.port))
		return "port";
	if (!port_match(&r->fport, as->from.port))
		return "from port";
	if (!side_match(as->rs, &r->from, &as->from, from))
		return "from";
	if (!side_match(as->rs, &r->to, &as->to, to))
		return "to";
	if ((who = rule_differs_who(r, as)) != NULL)
		return who;
	if (r->domain[0] != '\0' && !domain_match(r->domain, as->q->domain))
		return "domain";
	return rule_covers(as, r) ? NULL : "protected";
}

const char *
rule_mismatch(const struct ruleset *rs, const struct rule *r,
    const struct question *q)
{
	struct asked		 as;
	struct table		*from = NULL, *to = NULL;

	if ((r->commands & q->command) == 0)
		return "command";
	asked_init(&as, rs, q);
	return rule_differs(r, &from, &to, &as);
}

/* Few ask what there is, so all rules are walked. */
int
rule_may(const struct ruleset *rs, const struct question *q)
{
	const struct rule_node	*n;
	struct asked		 as;
	struct table		*from;

	asked_init(&as, rs, q);
	TAILQ_FOREACH(n, &rs->rules, entry) {
		from = n->from_table;
		if (n->rule.action == RULE_PASS &&
		    (n->rule.commands & q->command) != 0 &&
		    rule_differs_client(&n->rule, &from, &as) == NULL)
			return 1;
	}
	return 0;
}

static void
verdict_init(struct verdict *v, const struct settings *s)
{
	memset(v, 0, sizeof(*v));
	v->modes = MODE_MU | MODE_MM;
	v->mode = s->multicast_mode == MODE_MM ? MODE_MM : MODE_MU;
	v->ttl_max = s->max_ttl;
	v->idle = s->timeout[TIMEOUT_IDLE];
}

/* What a rule grants; what it does not say stays as it is. */
static void
verdict_options(struct verdict *v, const struct rule *r)
{
	if (r->log)
		v->log = 1;
	if (r->modes != 0)
		v->modes = r->modes;
	if (r->ttl_set)
		v->ttl_max = r->ttl;
	if (r->local_any)
		v->local_any = 1;
	if (r->dedicated)
		v->dedicated = 1;
	if (r->idle != 0)
		v->idle = r->idle;
	if (r->via[0] != '\0')
		(void)strlcpy(v->via, r->via, sizeof(v->via));
	if (r->label[0] != '\0')
		(void)strlcpy(v->label, r->label, sizeof(v->label));
}

static void
verdict_decide(struct verdict *v, const struct question *q,
    struct rule_node *n)
{
	verdict_options(v, &n->rule);
	v->matched = 1;
	v->rule = n->rule.nr;
	v->pass = n->rule.action == RULE_PASS;
	if (v->pass && q->command == CMD_SEND &&
	    (q->ttl == 0 || q->ttl > v->ttl_max)) {
		v->pass = 0;
		v->ttl_refused = 1;
	}
	n->passes += v->pass;
}

/* All rules in their order, or of them what the index does not pass over. */
static struct rule_node *
walk_next(struct rule_cursor *c, struct rule_node *n)
{
	return c->index != NULL ? rule_cursor_next(c) : TAILQ_NEXT(n, entry);
}

static struct rule_node *
walk_first(struct rule_cursor *c, struct asked *as)
{
	struct rule_key		 key = { .q = as->q, .from = &as->from.a,
				    .to = &as->to.a };

	c->index = as->rs->index;
	if (c->index == NULL)
		return TAILQ_FIRST(&as->rs->rules);
	if (as->q->user != NULL && rule_index_groups(c->index))
		key.user = asked_user(as);
	rule_cursor_init(c, as->rs->index, &key);
	return rule_cursor_next(c);
}

/* The rule that decides, with what match rules before it grant. */
static struct rule_node *
rule_decider(struct asked *as, struct verdict *v)
{
	struct rule_cursor	 c;
	struct rule_node	*n, *decider = NULL;

	for (n = walk_first(&c, as); n != NULL; n = walk_next(&c, n)) {
		if ((n->rule.commands & as->q->command) == 0)
			continue;
		n->evaluations++;
		if (rule_differs(&n->rule, &n->from_table, &n->to_table,
		    as) != NULL)
			continue;
		n->matches++;
		if (n->rule.action == RULE_MATCH) {
			verdict_options(v, &n->rule);
			continue;
		}
		decider = n;
		if (n->rule.quick)
			break;
	}
	return decider;
}

void
rule_eval(struct ruleset *rs, const struct question *q, struct verdict *v)
{
	struct asked		 as;
	struct rule_node	*decider;

	asked_init(&as, rs, q);
	verdict_init(v, &rs->settings);
	if ((decider = rule_decider(&as, v)) != NULL)
		verdict_decide(v, q, decider);
	else if (q->command == CMD_DELIVER)
		v->pass = 1;
	if ((v->modes & v->mode) == 0)
		v->mode = v->modes;		/* P34: the rule's only one */
}

int
rule_deliver(struct ruleset *rs, const struct endpoint *group,
    const struct endpoint *source)
{
	struct question	 q;
	struct verdict	 v;

	memset(&q, 0, sizeof(q));
	q.command = CMD_DELIVER;
	q.from = source->addr;
	q.fport = source->port;
	q.to = *group;
	q.listener = "";
	rule_eval(rs, &q, &v);
	return v.pass;
}

static int
deliver_may_match(const struct ruleset *rs, struct rule_node *n,
    struct side *to)
{
	if ((n->rule.commands & CMD_DELIVER) == 0 ||
	    (n->rule.af != ADDR_NONE && n->rule.af != to->a.af))
		return 0;
	return port_match(&n->rule.port, to->port) &&
	    side_match(rs, &n->rule.to, to, &n->to_table);
}

int
rule_deliver_any(struct ruleset *rs, const struct endpoint *group)
{
	struct question		 q = { .command = CMD_DELIVER, .to = *group };
	struct side		 to;
	struct rule_cursor	 c;
	struct rule_key		 key = { .q = &q, .from = &q.from, .to = &to.a };
	struct rule_node	*n;

	side_init(rs, &to, &group->addr, group->port);
	if ((c.index = rs->deliver) == NULL)
		n = TAILQ_FIRST(&rs->rules);
	else {
		rule_cursor_init(&c, rs->deliver, &key);
		n = rule_cursor_next(&c);
	}
	for (; n != NULL; n = walk_next(&c, n))
		if (deliver_may_match(rs, n, &to))
			return 0;
	return 1;
}
