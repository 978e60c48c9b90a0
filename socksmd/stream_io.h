/*
 * stream_io.h: how the engine moves the octets of one direction of a stream,
 * the same on every system; behind it stands stream_io_linux.c or
 * stream_io_bsd.c.
 */

#ifndef STREAM_IO_H
#define STREAM_IO_H

#include <sys/types.h>
#include <stdint.h>

struct pipe;

#define LANE_CHUNK	16384	/* octets copied at a time */

/* One direction: what was taken from its source and is not delivered yet. */
struct lane {
	struct pipe	*pipe;		/* lent while it holds octets */
	uint8_t		*rest;		/* or these, in memory */
	size_t		 off;		/* of rest that is delivered */
	size_t		 held;		/* octets in pipe or rest */
	uint64_t	 taken;		/* from the source, in all */
	uint64_t	 moved;		/* to the sink, in all */
	uint8_t		 bulk;		/* moves much: worth a pipe */
};

enum lane_state {
	LANE_IDLE,	/* all that was taken is delivered */
	LANE_BLOCKED,	/* the sink takes no more: held is not 0 */
	LANE_EOF,	/* the source has ended */
	LANE_SOURCE,	/* an error of the source */
	LANE_SINK,	/* an error of the sink */
	LANE_MEMORY
};

/*
 * Takes what is there from the source, one system call's worth, and delivers
 * what the sink takes of it. Nothing may be held.
 */
enum lane_state lane_take(struct lane *, int source, int sink);
/* Delivers what is held. */
enum lane_state lane_push(struct lane *, int sink);
/* The sink gets these first: memory of malloc, which the lane frees. */
void	 lane_give(struct lane *, uint8_t *, size_t);
void	 lane_close(struct lane *);

/* stream_io.c: by way of memory, where there is nothing better. */
enum lane_state lane_copy(struct lane *, int source, int sink);
enum lane_state lane_push_rest(struct lane *, int sink);
enum lane_state lane_fault(ssize_t, enum lane_state);

#endif
