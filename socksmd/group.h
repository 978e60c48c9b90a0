/*
 * group.h: a group on a port and interface, which is one relay (P41); in the
 * engine.
 */

#ifndef GROUP_H
#define GROUP_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <stdint.h>

#include "engine.h"
#include "source.h"

struct echo;

struct group {
	LIST_ENTRY(group) entry;	/* by group, port and interface */
	struct sock	 *sock;		/* of kind SOCK_GROUP, owns us */
	struct assoc	**receivers;	/* assoc->slot is the index */
	uint32_t	  n, size;
	uint32_t	  per_message;	/* datagrams in one, lately */
	uint32_t	  generation;	/* when filter was said */
	uint8_t		  filter;	/* ask for each source */
	struct echo	 *echo;
	struct sources	  sources;
	struct counters	  counters;	/* out: what members sent */
};

/*
 * Two sockets may serve one relay, when their source filters differ: all of
 * them, one after the other, NULL at the end.
 */
struct group *group_first(const struct endpoint *group, uint32_t ifindex);
struct group *group_next(const struct group *);
struct endpoint group_endpoint(const struct group *);
/* Counts n drops, on the group and in engine.lost. */
void	 group_drop(struct group *, enum drop, uint32_t n);

/* relay.c: to every receiver but one (or NULL), n payloads in order. */
void	 relay_deliver(struct group *, const struct iovec *, int n,
	    const struct assoc *but);

#endif
