/*
 * pipe.h: the pool of pipes for splice(2), Linux only; see pipe.c.
 */

#ifndef PIPE_H
#define PIPE_H

#include <sys/queue.h>
#include <fcntl.h>
#include <stddef.h>

/* Exactly what the sandbox allows. */
#define PIPE_SPLICE	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
#define PIPE_FLAGS	(O_CLOEXEC | O_NONBLOCK)

struct pipe {
	LIST_ENTRY(pipe) entry;		/* of those not lent */
	int		 in;		/* written to */
	int		 out;		/* read from */
	size_t		 room;		/* octets to put into it at a time */
	int		 large;
};

struct pipe *pipe_lend(void);		/* empty; NULL: there is none */
void	 pipe_return(struct pipe *);	/* empty again */
void	 pipe_close(struct pipe *);	/* one that is lent, not empty */
unsigned pipe_number(void);		/* all that there are */

#endif
