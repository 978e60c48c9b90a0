/*
 * load.h: what the files of the load generator share; it runs beside the
 * servers it loads, in namespaces of regress/bench/run.
 *
 * A work is prepared once and then run as often as asked: each line on the
 * standard input, "N [word ...]", is N units, and is answered by a line with
 * the units that were done, those that were lost, and the seconds it took.
 */

#ifndef LOAD_H
#define LOAD_H

#include <sys/types.h>
#include <netinet/in.h>
#include <stdint.h>

#include "socks.h"

#define PAYLOAD		1316	/* seven packets of a transport stream */
#define HEADER_MAX	10	/* RFC 1928 7, with an IPv4 address */
#define SEGMENTS	48	/* datagrams of one call: below 64 KiB */
#define PATIENCE	10	/* seconds for an answer */
#define GRACE		250	/* ms without a datagram: the rest is lost */
#define LOST_MAX	8	/* rounds with losses, then a run ends */

struct load {
	const char		*in;	/* namespaces */
	const char		*out;
	struct in_addr		 client;/* addresses there */
	struct in_addr		 outside;
	struct sockaddr_in	 server;
	int			 bare;	/* a stub: nothing is negotiated */
	uint64_t		 lost;	/* of this run */
};
extern struct load	load;

/* What a run is asked for, beside the number of units. */
struct ask {
	uint64_t	 n;
	int		 round;		/* "round": there and back */
	int		 width;		/* datagrams of a burst, or streams */
};

struct work {
	const char	*name;
	int		 nargs;
	const char	*args;
	void		(*prepare)(char **);
	uint64_t	(*run)(const struct ask *);	/* units done */
};
extern const struct work	work_fanout, work_unicast, work_associate,
				work_connect, work_tcp, work_sessions,
				work_associations, work_ask;

/* net.c: sockets in a namespace; none of these returns without one. */
int	 net_udp(const char *ns, struct in_addr, uint16_t port);
int	 net_listen(const char *ns, struct in_addr, struct sockaddr_in *is);
int	 net_connect(const char *ns, struct in_addr from,
	    const struct sockaddr_in *to);
int	 net_accept(int);
void	 net_option(int fd, int level, int name, int value);
struct sockaddr_in net_addr(struct in_addr, unsigned port);
struct endpoint	 net_endpoint(const struct sockaddr_in *);
void	 net_write(int fd, const void *, size_t);
void	 net_read(int fd, void *, size_t);	/* exactly so much */
/* Numbers of an argument, within bounds, or the program ends. */
long	 net_number(const char *, long min, long max);

/* proxy.c: a client's side of SOCKS V5, step by step. */
int	 proxy_dial(void);			/* TCP to the server */
void	 proxy_hello(int fd);			/* offers method none */
void	 proxy_hello_end(int fd);
void	 proxy_ask(int fd, uint8_t cmd, const struct sockaddr_in *dst);
struct endpoint	 proxy_answer(int fd, uint8_t version);
int	 proxy_connect(const struct sockaddr_in *dst);	/* all of it */
int	 proxy_enhanced(struct sockaddr_in *relay);	/* all of it */
void	 proxy_bind(int fd, uint16_t flags, const struct sockaddr_in *local,
	    const struct sockaddr_in *remote);
/* The code of the answer; fills aid and the reply's REMOTE unless NULL. */
uint8_t	 proxy_bound(int fd, uint32_t *aid, struct endpoint *remote);

/* dgram.c */
struct burst {
	int			 fd;
	struct sockaddr_in	 to;
	struct in_addr		 from;		/* INADDR_ANY: the socket's */
	uint8_t			 header[HEADER_MAX];
	size_t			 hdrlen;
	int			 n;
};
void	 burst_aid(struct burst *, uint32_t aid);	/* header of P26 */
void	 dgram_send(const struct burst *);	/* as one message */
int	 dgram_take(int fd);			/* how many came, at most 64 */
int	 dgram_epoll(const int *fds, int n);
int	 dgram_ready(int epoll);		/* within GRACE? */
/* Takes until so many came or none does for GRACE; how many came. */
int	 dgram_await(int epoll, int want);

#endif
