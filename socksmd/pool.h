/*
 * pool.h: which of a few unconnected sockets each unicast REMOTE gets, so that
 * the engine can tell by source whose a datagram is; in policy.
 */

#ifndef POOL_H
#define POOL_H

#include "policy.h"

/*
 * The first slot (sock_key.port) of this pool, whatever its own, on which the
 * remote collides with nobody's; -1: there is none.
 */
int	 pool_slot(const struct sock_key *pool, const struct endpoint *remote);
void	 pool_add(struct grant *);	/* its socket is held, and is its own */
void	 pool_remove(struct grant *);	/* before its socket is let go */
/* The socket of a unicast association, or NULL. */
const struct sock_key *pool_key(const struct grant *);

#endif
