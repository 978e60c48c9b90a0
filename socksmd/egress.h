/*
 * egress.h: whose a datagram from outside is, and the datagrams of unicast
 * associations; in the engine.
 */

#ifndef EGRESS_H
#define EGRESS_H

#include "engine.h"

struct dgram;

/* egress.c: (socket, remote address, remote port) -> association. */
int	 egress_join(struct sock *, struct assoc *);	/* -1: taken, memory */
void	 egress_leave(const struct sock *, const struct assoc *);
/*
 * Of exactly that source, else of its host with port 0 (P24); without either
 * NULL.
 */
struct assoc *egress_find(const struct sock *, const struct endpoint *src);
struct sock *egress_sock(const struct assoc *);	/* or NULL: a group's */
size_t	 egress_number(void);	/* associations in the table */

/* relay_egress.c: a client's datagram, sent by egress_flush() at the latest. */
void	 egress_send(struct assoc *, const struct dgram *);
void	 egress_flush(void);

#endif
