/* What ibuf.fd may hold besides a descriptor; for ibuf.c and imsg.c only. */
#ifndef COMPAT_IBUF_FD_H
#define COMPAT_IBUF_FD_H

#define IBUF_FD_NONE		(-1)
#define IBUF_FD_BORROWED	(-2)	/* the octets are someone else's */
#define IBUF_FD_LOST		(-3)	/* one was sent and did not arrive */

#endif /* COMPAT_IBUF_FD_H */
