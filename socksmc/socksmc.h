/*
 * socksmc.h: what the files of socksmc(1) share.
 */

#ifndef SOCKSMC_H
#define SOCKSMC_H

#include <sys/types.h>
#include <stdint.h>

struct socksm;

/* Exit codes, documented in socksmc(1). */
#define EXIT_DONE		0
#define EXIT_LOCAL		1
#define EXIT_UNREACHABLE	2
#define EXIT_AUTH		3
#define EXIT_REFUSED		4
#define EXIT_LOST		5
#define EXIT_SILENCE		6

struct options {
	char		 host[256];
	char		 port[32];
	const char	*user;
	const char	*passfile;
	char		 group[256];
	uint16_t	 gport;
	uint8_t		 ttl;
	int		 verbose;
	size_t		 length;	/* octets of a datagram sent */
	uint64_t	 count;		/* datagrams to stop after, 0 none */
	uint64_t	 rate;		/* kbit/s, 0 none */
	int		 wait;		/* seconds without any, 0 none */
};

/* socksmc.c */
int	 failed(const struct socksm *);	/* says why, gives the exit code */

/* pipe.c: the work itself; all give the exit code. */
void	 pipe_signals(void);
int	 pipe_recv(struct socksm *, const struct options *);
int	 pipe_send(struct socksm *, uint32_t aid, const struct options *);

#endif
