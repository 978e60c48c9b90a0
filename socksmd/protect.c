/*
 * protect.c: which destinations are protected (P45), the server's own included;
 * it runs in policy.
 */

#include <netinet/in.h>

#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "protect.h"
#include "rule.h"

static int
octets_eq(const struct addr *a, const struct addr *b)
{
	/* A link-local address of ours is ours with any scope or none. */
	return a->af == b->af && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/*
 * All host bits zero: in IPv6 the address of whoever routes there, which may
 * be us (RFC 4291 2.6.1).
 */
static int
is_anycast(const struct prefix *net, const struct addr *a)
{
	unsigned int	 i;

	if (net->addr.af != ADDR_V6 || net->len == 0 || net->len > 126 ||
	    !prefix_match(net, a))
		return 0;
	for (i = net->len; i < 128; i++)
		if (a->b[i / 8] & 0x80 >> i % 8)
			return 0;
	return 1;
}

/* The last address of an IPv4 network, and its first, which some still use. */
static int
is_broadcast(const struct prefix *net, const struct addr *a)
{
	uint32_t	 n, v, host;

	if (net->addr.af != ADDR_V4 || a->af != ADDR_V4 || net->len == 0 ||
	    net->len > 30)
		return 0;
	memcpy(&n, net->addr.b, sizeof(n));
	memcpy(&v, a->b, sizeof(v));
	host = 0xffffffffU >> net->len;
	n = ntohl(n);
	v = ntohl(v);
	return v == (n | host) || v == (n & ~host);
}

static int
is_own(const struct ruleset *rs, const struct addr *a)
{
	uint32_t	 i;

	for (i = 0; i < rs->nown; i++)
		if (octets_eq(&rs->own[i].net.addr, a))
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
		if (octets_eq(&rs->own[i].net.addr, a) ||
		    is_broadcast(&rs->own[i].net, a) ||
		    is_anycast(&rs->own[i].net, a))
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
