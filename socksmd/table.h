/*
 * table.h: tables of addresses, as rules name them; the parent fills them and
 * sends their entries to policy, which has copies.
 */

#ifndef TABLE_H
#define TABLE_H

#include <sys/queue.h>
#include <stdint.h>

#include "addr.h"

#define TABLE_NAMELEN	32

/* Tables: longest prefix decides, as in pf; "!" entries say no. */
struct table_entry {
	struct prefix	 prefix;
	uint8_t		 neg;
	uint8_t		 from_file;	/* not to be printed */
	uint8_t		 pad[2];
};
struct table;
TAILQ_HEAD(table_list, table);

struct table {
	TAILQ_ENTRY(table)	 entry;
	char			 name[TABLE_NAMELEN];
	uint8_t			 is_const;
	uint8_t			 persist;
	char			*file;		/* or NULL; the parent's only */
	struct table_entry	*e;		/* in the order they came */
	uint32_t		 n, size;
	/* The index, table.c's own. */
	uint32_t		*index;
	uint32_t		 nindex;
	uint64_t		 lens4[1];	/* prefix lengths that occur */
	uint64_t		 lens6[3];
};

struct table	*table_new(const char *name);
void		 table_free(struct table *);
struct table	*table_find(struct table_list *, const char *name);
int		 table_add(struct table *, const struct table_entry *);
				/* 0; 1 already there; -1 no memory */
/* 1 if the most specific entry that covers the address is not a "!" one. */
int		 table_match(const struct table *, const struct addr *);

#endif
