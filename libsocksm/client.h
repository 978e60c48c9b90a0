/*
 * client.h: what the files of the client library share; not installed.
 */

#ifndef CLIENT_H
#define CLIENT_H

#include <sys/types.h>
#include <sys/socket.h>
#include <stdint.h>

#include "addr.h"
#include "socks.h"
#include "socksm.h"

/* One association as granted. */
struct client_assoc {
	uint32_t		 aid;
	uint16_t		 flags;		/* directions that stand */
	struct endpoint		 relay;		/* LOCAL of the reply */
	struct sockaddr_storage	 ss;		/* the same, for sendmsg(2) */
	socklen_t		 sslen;
	char			 name[SOCKS_NAME_MAX + 10];	/* group:port */
};

struct socksm {
	char			 host[SOCKS_NAME_MAX + 2];
	char			 port[32];
	char			 user[256];	/* "" for none */
	char			 pass[256];
	int			 timeout;	/* milliseconds */

	int			 ctl;		/* -1 when not connected */
	int			 udp;
	struct endpoint		 server;	/* of the control connection */
	uint16_t		 tid;
	uint8_t			 in[UINT16_MAX + 1];	/* a packet fits */
	size_t			 inlen;

	struct client_assoc	*assoc;
	size_t			 nassoc;
	uint64_t		 drops;

	enum socksm_class	 class;
	uint8_t			 code;
	char			 error[1024];
};

/* client.c */
int	 client_fail(struct socksm *, enum socksm_class, int error,
	    const char *fmt, ...) __attribute__((__format__(printf, 4, 5)));
int	 client_refuse(struct socksm *, uint8_t code, const char *fmt, ...)
	    __attribute__((__format__(printf, 3, 4)));
int64_t	 client_now(void);			/* milliseconds, monotonic */
int64_t	 client_deadline(const struct socksm *);

/* client_net.c: the control connection; deadlines are of client_now(). */
int	 client_wait(int fd, short events, int64_t deadline);
int	 client_write(struct socksm *, const void *, size_t, int64_t deadline);
int	 client_fill(struct socksm *, int64_t deadline);
int	 client_too_late(struct socksm *);	/* -1, ETIMEDOUT */
void	 client_consume(struct socksm *, size_t);
int	 client_reach(struct socksm *, int64_t deadline);
int	 client_open_udp(struct socksm *);

/* client_v5.c: from the first octet to enhanced mode. */
int	 client_negotiate(struct socksm *, int64_t deadline);

/* client_group.c */
struct client_assoc *client_assoc(struct socksm *, uint32_t aid);

#endif
