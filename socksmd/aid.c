/*
 * aid.c: makes association identifiers and lets freed ones rest, so that no
 * late datagram meets a new owner (P19); it runs in the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>

#include "compat.h"
#include "aid.h"
#include "idmap.h"
#include "log.h"

struct resting {
	uint32_t	 aid;
	long long	 since;
};

/* A ring, oldest first; all entries rest equally long. */
static struct resting	*ring;
static size_t		 ring_size, ring_head, ring_n;
static struct idmap	 resting;

static void
ring_drop(void)
{
	(void)idmap_del(&resting, ring[ring_head].aid);
	ring_head = (ring_head + 1) & (ring_size - 1);
	ring_n--;
}

static void
ring_expire(long long now)
{
	while (ring_n > 0 && now - ring[ring_head].since >= AID_REST_MS)
		ring_drop();
}

static int
ring_grow(void)
{
	struct resting	*p;
	size_t		 i, size = ring_size == 0 ? 64 : ring_size * 2;

	if ((p = calloc(size, sizeof(*p))) == NULL)
		return -1;
	for (i = 0; i < ring_n; i++)
		p[i] = ring[(ring_head + i) & (ring_size - 1)];
	free(ring);
	ring = p;
	ring_size = size;
	ring_head = 0;
	return 0;
}

/* Room for one more, at the worst by letting the oldest go. */
static int
ring_room(void)
{
	if (ring_n < ring_size)
		return 0;
	if (ring_size < AID_REST_MAX && ring_grow() == 0)
		return 0;
	if (ring_n == 0)
		return -1;
	ring_drop();
	return 0;
}

/* Without memory the AID just does not rest: 2^32 others are likelier. */
void
aid_rest(uint32_t aid)
{
	struct resting	*r;
	long long	 now = clock_ms();

	ring_expire(now);
	if (ring_room() == -1)
		return;
	r = &ring[(ring_head + ring_n) & (ring_size - 1)];
	if (idmap_put(&resting, aid, r) == -1)
		return;
	r->aid = aid;
	r->since = now;
	ring_n++;
}

int
aid_resting(uint32_t aid)
{
	ring_expire(clock_ms());
	return idmap_get(&resting, aid) != NULL;
}

uint32_t
aid_make(void)
{
	uint32_t	 aid;

	do {
		aid = arc4random();
	} while (aid == 0 || aid_resting(aid));
	return aid;
}
