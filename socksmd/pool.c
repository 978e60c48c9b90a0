/*
 * pool.c: which slot of a pool of egress sockets a unicast REMOTE gets; runs
 * in policy.
 *
 * A pool is all that has the same egress address and interface. On one slot of
 * it a remote (address and port) is one association's at most, and a remote
 * with port 0 (P24) has its host to itself there. Then the engine knows by
 * the source alone whose a datagram is, and 100,000 associations with
 * different remotes need one socket.
 */

#include <sys/types.h>
#include <string.h>

#include "compat.h"

#include "pool.h"

RB_HEAD(pooled, grant);
RB_PROTOTYPE(pooled, grant, by_remote, pooled_cmp)

static struct pooled	 pooled = RB_INITIALIZER(&pooled);
static uint8_t		 taken[(EGRESS_SLOTS + 7) / 8];

const struct sock_key *
pool_key(const struct grant *g)
{
	const struct sockref	*s = g->basis[DIR_RECEIVE].sock;

	if (s == NULL)
		s = g->basis[DIR_SEND].sock;
	return s == NULL ? NULL : &s->key;
}

static int
pool_cmp(const struct sock_key *a, const struct sock_key *b)
{
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return addr_cmp(&a->addr, &b->addr);
}

/* By host, then port: what may collide stands side by side. */
static int
pooled_cmp(const struct grant *a, const struct grant *b)
{
	const struct sock_key	*ka, *kb;
	int			 c;

	if ((c = addr_cmp(&a->remote.addr, &b->remote.addr)) != 0)
		return c;
	if (a->remote.port != b->remote.port)
		return a->remote.port < b->remote.port ? -1 : 1;
	ka = pool_key(a);
	kb = pool_key(b);
	if ((c = pool_cmp(ka, kb)) != 0)
		return c;
	return ka->port < kb->port ? -1 : ka->port > kb->port;
}

RB_GENERATE(pooled, grant, by_remote, pooled_cmp)

/* Marks the slots that this port of the host has, or any port. */
static void
pool_mark(const struct sock_key *pool, const struct addr *host, uint16_t port,
    int any)
{
	static struct grant	 from;
	static struct sockref	 first;
	const struct sock_key	*k;
	struct grant		*g;

	from.remote.addr = *host;
	from.remote.port = port;
	from.basis[DIR_RECEIVE].sock = &first;	/* sorts before all others */
	for (g = RB_NFIND(pooled, &pooled, &from); g != NULL &&
	    addr_eq(&g->remote.addr, host) && (any || g->remote.port == port);
	    g = RB_NEXT(pooled, &pooled, g)) {
		k = pool_key(g);
		if (pool_cmp(k, pool) == 0)
			taken[k->port / 8] |= 1 << (k->port % 8);
	}
}

int
pool_slot(const struct sock_key *pool, const struct endpoint *remote)
{
	int	 slot;

	memset(taken, 0, sizeof(taken));
	pool_mark(pool, &remote->addr, 0, remote->port == 0);
	if (remote->port != 0)
		pool_mark(pool, &remote->addr, remote->port, 0);
	for (slot = 0; slot < EGRESS_SLOTS; slot++)
		if ((taken[slot / 8] & (1 << (slot % 8))) == 0)
			return slot;
	return -1;
}

void
pool_add(struct grant *g)
{
	g->is_pooled = 1;
	RB_INSERT(pooled, &pooled, g);
}

void
pool_remove(struct grant *g)
{
	if (!g->is_pooled)
		return;
	g->is_pooled = 0;
	RB_REMOVE(pooled, &pooled, g);
}
