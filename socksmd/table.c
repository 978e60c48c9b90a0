/*
 * table.c: tables of addresses, where the most specific entry decides; it runs
 * in the parent, which fills them, and in policy, which asks them.
 */

#include <sys/queue.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "table.h"

#define TABLE_MININDEX	16

/*
 * Entries stay in the order in which they came. An index hashes (prefix,
 * length) to entry number + 1, and two bitmaps tell which lengths occur: a
 * question is one probe for each of those, longest first, whatever the number
 * of entries.
 */

struct table *
table_new(const char *name)
{
	struct table	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	(void)strlcpy(t->name, name, sizeof(t->name));
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	free(t->e);
	free(t->index);
	free(t->file);
	free(t);
}

struct table *
table_find(struct table_list *l, const char *name)
{
	struct table	*t;

	TAILQ_FOREACH(t, l, entry)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	return h;
}

static uint32_t
prefix_hash(const struct prefix *p)
{
	uint64_t	 w[2];

	memcpy(w, p->addr.b, sizeof(w));
	w[0] = mix(w[0] + p->len * 0x9e3779b97f4a7c15ULL + p->addr.af);
	return (uint32_t)mix(w[0] ^ (w[1] * 0xff51afd7ed558ccdULL));
}

/* Scopes do not count: a table knows no interfaces. */
static int
prefix_same(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && a->addr.af == b->addr.af &&
	    memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b)) == 0;
}

/* The slot of a prefix, or the free one where it belongs. */
static uint32_t *
index_slot(const struct table *t, const struct prefix *p)
{
	uint32_t	 i = prefix_hash(p) & (t->nindex - 1);

	while (t->index[i] != 0 &&
	    !prefix_same(&t->e[t->index[i] - 1].prefix, p))
		i = (i + 1) & (t->nindex - 1);
	return &t->index[i];
}

/* At most half full, so that a probe is short. */
static int
index_grow(struct table *t)
{
	uint32_t	*old = t->index, oldn = t->nindex;
	uint32_t	 i, n = oldn ? oldn * 2 : TABLE_MININDEX;

	if ((t->index = calloc(n, sizeof(*t->index))) == NULL) {
		t->index = old;
		return -1;
	}
	t->nindex = n;
	for (i = 0; i < t->n; i++)
		*index_slot(t, &t->e[i].prefix) = i + 1;
	free(old);
	return 0;
}

static int
entries_grow(struct table *t)
{
	struct table_entry	*e;
	uint32_t		 size = t->size ? t->size * 2 : 8;

	if ((e = reallocarray(t->e, size, sizeof(*e))) == NULL)
		return -1;
	t->e = e;
	t->size = size;
	return 0;
}

static uint64_t *
table_lens(struct table *t, uint8_t af)
{
	return af == ADDR_V4 ? t->lens4 : t->lens6;
}

/* Keeps the octets of a that len covers; octet by octet, in any byte order. */
static void
prefix_cut(struct prefix *p, const struct addr *a, unsigned int len)
{
	unsigned int	 full = len / 8;

	memset(p, 0, sizeof(*p));
	p->addr.af = a->af;
	p->len = (uint8_t)len;
	memcpy(p->addr.b, a->b, full);
	if (len % 8 != 0)
		p->addr.b[full] = a->b[full] & (uint8_t)(0xff00 >> (len % 8));
}

int
table_add(struct table *t, const struct table_entry *new)
{
	struct table_entry	 e = *new;
	uint32_t		*slot;
	unsigned int		 max = e.prefix.addr.af == ADDR_V4 ? 32 : 128;

	if (e.prefix.len > max)
		e.prefix.len = (uint8_t)max;
	prefix_cut(&e.prefix, &new->prefix.addr, e.prefix.len);
	if (t->n >= t->nindex / 2 && index_grow(t) == -1)
		return -1;
	if (*(slot = index_slot(t, &e.prefix)) != 0)
		return 1;
	if (t->n == t->size && entries_grow(t) == -1)
		return -1;
	t->e[t->n++] = e;
	*slot = t->n;
	table_lens(t, e.prefix.addr.af)[e.prefix.len / 64] |=
	    1ULL << (e.prefix.len % 64);
	return 0;
}

/* The entry of exactly this length that covers a, or NULL. */
static const struct table_entry *
table_probe(const struct table *t, const struct addr *a, unsigned int len)
{
	struct prefix	 p;
	uint32_t	 n;

	prefix_cut(&p, a, len);
	n = *index_slot(t, &p);
	return n == 0 ? NULL : &t->e[n - 1];
}

int
table_match(const struct table *t, const struct addr *addr)
{
	const struct table_entry	*e;
	const uint64_t			*lens;
	struct addr			 a = *addr;
	int				 w;
	unsigned int			 bit;
	uint64_t			 left;

	addr_unmap(&a);
	if (t->n == 0 || a.af == ADDR_NONE)
		return 0;
	lens = a.af == ADDR_V4 ? t->lens4 : t->lens6;
	for (w = a.af == ADDR_V4 ? 0 : 2; w >= 0; w--) {
		for (left = lens[w]; left != 0; left &= ~(1ULL << bit)) {
			bit = 63 - (unsigned int)__builtin_clzll(left);
			e = table_probe(t, &a, (unsigned int)w * 64 + bit);
			if (e != NULL)
				return !e->neg;
		}
	}
	return 0;
}
