/*
 * scratch.c: memory that lives as long as one parse, so that no action of the
 * grammar can leak or free too early; it runs in the parent.
 */

#include <sys/queue.h>
#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "lex.h"

struct block {
	SLIST_ENTRY(block)	 entry;
	max_align_t		 data[];
};

static SLIST_HEAD(, block)	 blocks = SLIST_HEAD_INITIALIZER(blocks);

void *
scratch_alloc(size_t size)
{
	struct block	*b;

	/* Nothing that a file says can make this much; the system is out. */
	if ((b = calloc(1, sizeof(*b) + size)) == NULL)
		err(1, "reading the configuration");
	SLIST_INSERT_HEAD(&blocks, b, entry);
	return b->data;
}

char *
scratch_strndup(const char *s, size_t len)
{
	char	*p = scratch_alloc(len + 1);

	memcpy(p, s, len);
	return p;
}

void
scratch_free(void)
{
	struct block	*b;

	while ((b = SLIST_FIRST(&blocks)) != NULL) {
		SLIST_REMOVE_HEAD(&blocks, entry);
		free(b);
	}
}

struct item *
item_new(struct word *w)
{
	struct item	*i = scratch_alloc(sizeof(*i));

	i->word = w;
	return i;
}

struct items *
items_new(struct item *i)
{
	return items_add(scratch_alloc(sizeof(struct items)), i);
}

struct items *
items_add(struct items *l, struct item *i)
{
	if (i == NULL)
		return l;
	if (l->first == NULL)
		l->first = i;
	else
		l->last->next = i;
	l->last = i;
	l->n++;
	return l;
}

struct items *
items_join(struct items *l, struct items *more)
{
	if (more->first == NULL)
		return l;
	if (l->first == NULL)
		l->first = more->first;
	else
		l->last->next = more->first;
	l->last = more->last;
	l->n += more->n;
	return l;
}
