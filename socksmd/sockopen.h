/*
 * sockopen.h: the only place where sockets come from; parent only. Each
 * function gives a non-blocking, close-on-exec descriptor, fully configured,
 * or -1 with errno.
 */

#ifndef SOCKOPEN_H
#define SOCKOPEN_H

#include "addr.h"
#include "msg.h"

/* Marks for the packet filter (SO_MARK); etc/ has rules that use them. */
#define SOCKOPEN_MARK_INSIDE	0x736f6301
#define SOCKOPEN_MARK_EGRESS	0x736f6302

/* sets *what to the step that failed */
int	 sockopen_listen(const struct endpoint *, const char **what);
int	 sockopen_control(const char *path, const char **what);
/*
 * The socket that key names; source: address to send from, or ADDR_NONE;
 * buffer in octets. bound tells its local address.
 */
int	 sockopen_key(const struct sock_key *, const struct addr *source,
	    uint32_t buffer, struct endpoint *bound);
/*
 * The address from which the system would send there, out of that interface
 * if it is not 0; ADDR_NONE: there is no way.
 */
void	 sockopen_route(const struct addr *to, uint32_t ifindex,
	    struct addr *from);

#endif
