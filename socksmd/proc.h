/*
 * proc.h: the channels of one process to its peers, and the dispatcher.
 */

#ifndef PROC_H
#define PROC_H

#include <sys/types.h>
#include <stdint.h>

#include "msg.h"
#include "types.h"

/*
 * The handler of a message owns fd (-1: none came, or it was lost on the way).
 * data has exactly the size of the table; all strings in it are to be checked
 * with msg_string() before use.
 */
typedef void (*msg_handler)(enum proc_role from, const void *data, int fd);

enum msg_fd { FD_NONE, FD_MAY /* or lost */ };

struct msg_desc {
	uint8_t		 type;
	uint8_t		 from;		/* enum proc_role */
	uint8_t		 to;
	uint8_t		 fd;		/* enum msg_fd */
	uint16_t	 size;
	const char	*name;
	msg_handler	 handler;
};

extern const struct msg_desc	msg_table[];	/* msg.c, ends with M_NONE */
extern const size_t		msg_table_len;

void	 proc_init(enum proc_role self, const struct msg_desc *, size_t n);
enum proc_role proc_self(void);
void	 proc_attach(enum proc_role peer, int fd);
void	 proc_detach(enum proc_role peer);
int	 proc_attached(enum proc_role peer);

/*
 * Queues a message of the size that the table says; fd (or -1) is closed once
 * it is sent. Never fails for a peer that is there: out of memory is fatal.
 * Returns the number of this message on its channel.
 */
uint64_t proc_send(enum proc_role to, enum msg_type, const void *data, int fd);
/*
 * Has message number seq left our queue for the kernel? Tries to write, but
 * calls nobody back: the caller may be walking a list of its own.
 */
int	 proc_left(enum proc_role to, uint64_t seq);
/* Called from the event loop when the queue to the peer has become shorter. */
void	 proc_on_drain(enum proc_role to, void (*)(void));
uint32_t proc_queued(enum proc_role to);	/* messages not yet written */
uint32_t proc_queued_fds(enum proc_role to);	/* of these with descriptor */
/* Reads and dispatches what a peer has sent up to now; bounded. */
void	 proc_drain(enum proc_role from);
/* Writes what is queued, waiting at most ms; 0 if all of it went. */
int	 proc_flush(enum proc_role to, int ms);
/* The peer closed its end: default is fatal; a process may set its own. */
void	 proc_on_close(enum proc_role peer, void (*)(enum proc_role));

/* NUL-terminated within n octets? Fatal if not: corruption between us. */
const char *msg_string(const char *s, size_t n, const char *what);

/* The event loop of every process: writes what is queued, then waits. */
__attribute__((__noreturn__)) void	proc_run(void);

/* main of each child; argument: its channel to the parent. */
__attribute__((__noreturn__)) void	child_main(enum proc_role);
void	 engine_init(void);	/* before the sandbox closes */
void	 policy_init(void);
void	 auth_init(void);
void	 resolver_init(void);

#endif
