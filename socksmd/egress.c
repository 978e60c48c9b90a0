/*
 * egress.c: whose a datagram from outside is: (socket, remote address, remote
 * port) finds the association, in an open-addressed table with deletion by
 * backward shift; it runs in the engine.
 *
 * A slot is one pointer: what it is sought by stands in the association.
 * Clients choose their REMOTEs, so the hash has a key that nobody knows.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "egress.h"

#define EGRESS_MIN	64

static struct {
	struct assoc	**slots;
	size_t		  size;		/* 0 or a power of two */
	size_t		  n;
	uint64_t	  key[4];
} map;

struct sock *
egress_sock(const struct assoc *a)
{
	if (a->flags & SOCKS_F_MULTICAST)
		return NULL;
	return a->recv != NULL ? a->recv : a->send;
}

size_t
egress_number(void)
{
	return map.n;
}

static uint64_t
egress_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/* The scope is the socket's affair. */
static size_t
egress_hash(const struct sock *s, const struct addr *a, uint16_t port)
{
	uint64_t	 w[2], h;

	memcpy(w, a->b, sizeof(w));
	h = egress_mix(map.key[0], w[0] ^ map.key[1]);
	h = egress_mix(h, w[1] ^ map.key[2]);
	h = egress_mix(h, (uint64_t)port << 8 | a->af);
	return (size_t)egress_mix(h ^ map.key[3], (uintptr_t)s);
}

static int
egress_is(const struct assoc *a, const struct sock *s,
    const struct addr *host, uint16_t port)
{
	return a->remote.port == port && egress_sock(a) == s &&
	    a->remote.addr.af == host->af &&
	    memcmp(a->remote.addr.b, host->b, sizeof(host->b)) == 0;
}

/* Where it is, or the free slot where it would be put. */
static size_t
egress_slot(const struct sock *s, const struct addr *host, uint16_t port)
{
	size_t		 mask = map.size - 1;
	size_t		 i = egress_hash(s, host, port) & mask;

	while (map.slots[i] != NULL && !egress_is(map.slots[i], s, host, port))
		i = (i + 1) & mask;
	return i;
}

static size_t
egress_home(const struct assoc *a)
{
	return egress_hash(egress_sock(a), &a->remote.addr, a->remote.port) &
	    (map.size - 1);
}

static int
egress_grow(void)
{
	struct assoc	**old = map.slots;
	size_t		  n = map.size, i, at;

	map.slots = calloc(n == 0 ? EGRESS_MIN : n * 2, sizeof(*map.slots));
	if (map.slots == NULL) {
		map.slots = old;
		return -1;
	}
	if (n == 0)
		arc4random_buf(map.key, sizeof(map.key));
	map.size = n == 0 ? EGRESS_MIN : n * 2;
	for (i = 0; i < n; i++) {
		if (old[i] == NULL)
			continue;
		at = egress_home(old[i]);
		while (map.slots[at] != NULL)
			at = (at + 1) & (map.size - 1);
		map.slots[at] = old[i];
	}
	free(old);
	return 0;
}

static struct assoc *
egress_get(const struct sock *s, const struct addr *host, uint16_t port)
{
	return map.n == 0 ? NULL : map.slots[egress_slot(s, host, port)];
}

struct assoc *
egress_find(const struct sock *s, const struct endpoint *src)
{
	struct assoc	*a = egress_get(s, &src->addr, src->port);

	return a != NULL ? a : egress_get(s, &src->addr, 0);
}

/* At most half full. Before a->recv or a->send is set. */
int
egress_join(struct sock *s, struct assoc *a)
{
	size_t		 i;

	if (map.n >= map.size / 2 && egress_grow() == -1)
		return -1;
	i = egress_slot(s, &a->remote.addr, a->remote.port);
	if (map.slots[i] != NULL)
		return -1;
	map.slots[i] = a;
	map.n++;
	return 0;
}

/* The slots behind move up where their search would else end at the gap. */
static void
egress_close_gap(size_t gap)
{
	size_t		 i, home, mask = map.size - 1;

	for (i = (gap + 1) & mask; map.slots[i] != NULL; i = (i + 1) & mask) {
		home = egress_home(map.slots[i]);
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		map.slots[gap] = map.slots[i];
		gap = i;
	}
	map.slots[gap] = NULL;
}

/* While a->recv or a->send still is that socket; one not there is no fault. */
void
egress_leave(const struct sock *s, const struct assoc *a)
{
	size_t		 i;

	if (map.n == 0)
		return;
	i = egress_slot(s, &a->remote.addr, a->remote.port);
	if (map.slots[i] != a)
		return;
	egress_close_gap(i);
	map.n--;
}
