/*
 * protect.c: which destinations are protected (P45), the server's own included;
 * it runs in policy.
 */

#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "protect.h"
#include "rule.h"

static int
is_own(const struct ruleset *rs, const struct addr *a)
{
	uint32_t	 i;

	for (i = 0; i < rs->nown; i++)
		if (addr_same(&rs->own[i].net.addr, a))
			return 1;
	return 0;
}

/* Our own address or a broadcast of ours, plain or embedded. */
static int
is_ours(const struct ruleset *rs, const struct addr *a)
{
	struct addr	 v4;
	uint32_t	 i;

	if (addr_embedded(a, &v4))
		return is_ours(rs, &v4) || is_own(rs, a);
	for (i = 0; i < rs->nown; i++)
		if (addr_same(&rs->own[i].net.addr, a) ||
		    prefix_is_reserved(&rs->own[i].net, a))
			return 1;
	return 0;
}

/* As in pf: the server's own addresses and loopback. */
int
protect_self(const struct ruleset *rs, const struct addr *a)
{
	return addr_is_loopback(a) || is_own(rs, a);
}

int
protect_addr(const struct ruleset *rs, const struct addr *a)
{
	return addr_is_protected(a) || is_ours(rs, a);
}

/*
 * True if all of the prefix is protected. Of our own addresses only forms that
 * embed one can be wider than an address: 6to4 has 80 bits left behind it.
 */
int
protect_prefix(const struct ruleset *rs, const struct prefix *p)
{
	unsigned int	 bits = p->addr.af == ADDR_V4 ? 32 : 128;

	if (prefix_is_protected(p))
		return 1;
	if (p->len < bits && !(bits == 128 && p->len >= 48 &&
	    p->addr.b[0] == 0x20 && p->addr.b[1] == 0x02))
		return 0;
	return is_ours(rs, &p->addr);
}
