/*
 * guard.c: the parent's own look at unicast destinations: whether one is
 * protected (P45), and named by a rule all the same; independent of policy's.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "iface.h"
#include "log.h"
#include "parent.h"

#define GUARD_FRESH	1000	/* ms for which our addresses count as known */

/* The "to" of a pass rule that can name a protected destination. */
struct guard_rule {
	uint8_t			 commands;
	struct rule_addr	 to;
};

struct guard {
	struct guard_rule	*rule;
	size_t			 n;
};

static struct guard	 now, last;	/* this generation and the last */

/* ifname NULL: of any interface. */
static int
is_own(const struct addr *a, const char *ifname)
{
	const struct iface_addr	*i;

	TAILQ_FOREACH(i, &iface_addrs, entry)
		if (addr_same(&i->net.addr, a) &&
		    (ifname == NULL || strcmp(i->ifname, ifname) == 0))
			return 1;
	return 0;
}

static int
is_ours(const struct addr *a)
{
	const struct iface_addr	*i;
	struct addr		 v4;

	if (addr_embedded(a, &v4))
		return is_own(a, NULL) || is_ours(&v4);
	TAILQ_FOREACH(i, &iface_addrs, entry)
		if (addr_same(&i->net.addr, a) ||
		    prefix_is_reserved(&i->net, a))
			return 1;
	return 0;
}

static int
rule_may_name(const struct rule *r)
{
	return r->action == RULE_PASS && !r->to.neg && !r->to.named &&
	    (r->to.type == RULE_PREFIX || r->to.type == RULE_SELF ||
	    r->to.type == RULE_IFACE);
}

void
guard_load(const struct conf *conf)
{
	const struct rule_node	*r;
	size_t			 n = 0;

	free(last.rule);
	last = now;
	TAILQ_FOREACH(r, &conf->rules, entry)
		n += rule_may_name(&r->rule);
	now.n = 0;
	if ((now.rule = calloc(n + 1, sizeof(*now.rule))) == NULL)
		fatal("parent: rules that name protected destinations");
	TAILQ_FOREACH(r, &conf->rules, entry)
		if (rule_may_name(&r->rule)) {
			now.rule[now.n].commands = r->rule.commands;
			now.rule[now.n++].to = r->rule.to;
		}
}

/*
 * Only that single address or a prefix wholly inside the protected block; 6to4
 * forms of our own have 80 bits behind what is ours.
 */
static int
prefix_names(const struct rule_addr *to, const struct addr *a)
{
	struct prefix	 p = { .addr = to->a, .len = to->plen };

	if (!prefix_match(&p, a))
		return 0;
	if (p.len == (a->af == ADDR_V4 ? 32 : 128) || prefix_is_protected(&p))
		return 1;
	return a->af == ADDR_V6 && p.len >= 48 && p.addr.b[0] == 0x20 &&
	    p.addr.b[1] == 0x02 && is_ours(&p.addr);
}

static int
rule_names(const struct rule_addr *to, const struct addr *a)
{
	switch (to->type) {
	case RULE_SELF:
		return addr_is_loopback(a) || is_own(a, NULL);
	case RULE_IFACE:
		return is_own(a, to->name);
	default:
		return prefix_names(to, a);
	}
}

/*
 * Addresses come and go while we run: leases, privacy addresses, those that
 * two servers share. Policy knows those of the last reload, we what there are.
 */
static int
guard_look(void)
{
	static long long	 looked;
	long long		 t = clock_ms();

	if (looked != 0 && t - looked < GUARD_FRESH)
		return 0;
	if (iface_load() == -1)
		return -1;
	looked = t;
	return 0;
}

int
guard_passes(const struct addr *a, uint8_t command, int of_last)
{
	const struct guard	*g = of_last ? &last : &now;
	size_t			 i;

	if (guard_look() == -1)
		return 0;
	if (!addr_is_protected(a) && !is_ours(a))
		return 1;
	for (i = 0; i < g->n; i++)
		if ((g->rule[i].commands & command) &&
		    rule_names(&g->rule[i].to, a))
			return 1;
	return 0;
}
