/*
 * assoc.h: what the control side of the engine does with associations; what
 * the relay side needs stands in engine.h.
 */

#ifndef ASSOC_H
#define ASSOC_H

#include "engine.h"

void	 assoc_init(void);
struct assoc *assoc_by_grant(uint64_t grant);
/*
 * The answer to a UDP BIND: a new association, or a direction or a TTL more.
 * The references that come to stand are taken. 0, or -1 and all is as it was.
 * Of a unicast one recv and send are the same, or NULL if it has its socket.
 */
struct assoc *assoc_open(struct session *, const struct msg_grant *,
	    struct sock *recv, struct sock *send);	/* or NULL */
int	 assoc_extend(struct assoc *, const struct msg_grant *,
	    struct sock *recv, struct sock *send);
void	 assoc_close_all(struct session *, enum end_reason);
/* Tells policy how it stands; stands 0: ended. */
void	 assoc_released(const struct assoc *, uint16_t stands,
	    enum end_reason);
void	 assoc_released_grant(uint64_t sid, uint64_t grant, enum end_reason);

#endif
