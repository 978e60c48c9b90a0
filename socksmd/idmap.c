/*
 * idmap.c: an open-addressed table from numbers to objects, linear probing,
 * deletion by backward shift; it runs in the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>

#include "compat.h"
#include "idmap.h"

#define IDMAP_MIN	16

/*
 * Numbers that a peer could influence (none today) must not collide at will:
 * hence the seed.
 */
static size_t
slot_home(const struct idmap *m, uint64_t id)
{
	id ^= m->seed;
	id ^= id >> 33;
	id *= 0xff51afd7ed558ccdULL;
	id ^= id >> 33;
	return (size_t)id & (m->size - 1);
}

/* Where id is, or the free slot where it would be put. */
static size_t
slot_of(const struct idmap *m, uint64_t id)
{
	size_t		 i = slot_home(m, id);

	while (m->slots[i].obj != NULL && m->slots[i].id != id)
		i = (i + 1) & (m->size - 1);
	return i;
}

static void
slot_fill(struct idmap *m, uint64_t id, void *obj)
{
	size_t		 i = slot_of(m, id);

	m->slots[i].id = id;
	m->slots[i].obj = obj;
}

static int
idmap_grow(struct idmap *m)
{
	struct idmap	 old = *m;
	size_t		 i;

	m->size = old.size == 0 ? IDMAP_MIN : old.size * 2;
	if ((m->slots = calloc(m->size, sizeof(*m->slots))) == NULL) {
		*m = old;
		return -1;
	}
	if (old.size == 0)
		arc4random_buf(&m->seed, sizeof(m->seed));
	for (i = 0; i < old.size; i++)
		if (old.slots[i].obj != NULL)
			slot_fill(m, old.slots[i].id, old.slots[i].obj);
	free(old.slots);
	return 0;
}

/* At most half full, so that a search that fails is short as well. */
int
idmap_put(struct idmap *m, uint64_t id, void *obj)
{
	if (m->n >= m->size / 2 && idmap_grow(m) == -1)
		return -1;
	slot_fill(m, id, obj);
	m->n++;
	return 0;
}

void *
idmap_get(const struct idmap *m, uint64_t id)
{
	return m->size == 0 ? NULL : m->slots[slot_of(m, id)].obj;
}

/*
 * The slots behind a freed one move up where their search would else end at
 * the gap: all but those whose home lies between the gap and themselves.
 */
static void
slot_close_gap(struct idmap *m, size_t gap)
{
	size_t		 i, mask = m->size - 1;

	for (i = (gap + 1) & mask; m->slots[i].obj != NULL;
	    i = (i + 1) & mask) {
		size_t	 home = slot_home(m, m->slots[i].id);

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		m->slots[gap] = m->slots[i];
		gap = i;
	}
	m->slots[gap].obj = NULL;
}

void *
idmap_del(struct idmap *m, uint64_t id)
{
	void		*obj;
	size_t		 i;

	if (m->size == 0)
		return NULL;
	i = slot_of(m, id);
	if ((obj = m->slots[i].obj) == NULL)
		return NULL;
	slot_close_gap(m, i);
	m->n--;
	return obj;
}

void
idmap_clear(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ 0 };
}
