/*
 * idmap.h: a map from a number (AID, grant, sid, question) to an object.
 */

#ifndef IDMAP_H
#define IDMAP_H

#include <sys/types.h>
#include <stdint.h>

struct idmap_slot {
	uint64_t	 id;
	void		*obj;		/* NULL: the slot is free */
};

/* All zero is an empty map. */
struct idmap {
	struct idmap_slot *slots;
	size_t		 size;		/* 0 or a power of two */
	size_t		 n;
	uint64_t	 seed;
};

/* The id must not be there yet. 0, or -1 without memory. */
int	 idmap_put(struct idmap *, uint64_t id, void *obj);
void	*idmap_get(const struct idmap *, uint64_t id);	/* or NULL */
void	*idmap_del(struct idmap *, uint64_t id);	/* what was there */
void	 idmap_clear(struct idmap *);

#endif
