/*
 * forbid.h: what the calls tried in a sandbox and the program that tries them
 * share.
 */

#ifndef FORBID_H
#define FORBID_H

#include <netinet/in.h>
#include <sys/types.h>

#define ENGINE	0x01
#define POLICY	0x02
#define AUTH	0x04
#define RESOLVER 0x08
#define EACH	(ENGINE | POLICY | AUTH | RESOLVER)
#define NOT_ENGINE (EACH & ~ENGINE)

#define OR_SEGV	0x01		/* SIGSEGV will do as well */

/*
 * try() does one thing and returns whether it worked; it is asked for roles
 * that are in forbidden (it must not come back) or in allowed (it must return
 * true).
 */
struct call {
	const char	*name;
	unsigned	 forbidden;
	unsigned	 allowed;
	unsigned	 flags;
	int		(*try)(void);
};

extern const struct call	calls[];	/* ends with name NULL */

/* What a child holds before its sandbox closes. */
extern struct hands {
	int			 udp;		/* bound on the loopback */
	int			 tcp;		/* listening */
	int			 ctl;		/* listening, unix */
	int			 waiting;	/* connected to ctl */
	int			 stream;	/* one end of a pair ... */
	int			 peer;		/* ... and the other */
	int			 null;		/* /dev/null */
	pid_t			 parent;
	struct sockaddr_in	 to;		/* loopback, port 9 */
} hands;

#endif
