/*
 * stream_io_linux.c: the octets of a stream by splice(2), through a pipe that
 * is lent while there is something in it; it runs in the engine.
 *
 * A direction that moves little is copied: that costs two calls as well, and
 * no pipe. One that fills the buffer at once gets a pipe for its next turn.
 */

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipe.h"
#include "stream_io.h"

/* Below that a turn is copied as well. */
#define BULK_MIN	4096

static void
lane_return(struct lane *l)
{
	pipe_return(l->pipe);
	l->pipe = NULL;
}

static enum lane_state
lane_push_pipe(struct lane *l, int sink)
{
	ssize_t		 n;

	while (l->held > 0) {
		n = splice(l->pipe->out, NULL, sink, NULL, l->held,
		    PIPE_SPLICE);
		if (n <= 0)
			return n == 0 ? LANE_SINK :
			    lane_fault(n, LANE_SINK);
		l->held -= (size_t)n;
		l->moved += (uint64_t)n;
	}
	lane_return(l);
	return LANE_IDLE;
}

static enum lane_state
lane_take_pipe(struct lane *l, int source, int sink)
{
	enum lane_state	 state;
	ssize_t		 n;

	n = splice(source, NULL, l->pipe->in, NULL, l->pipe->room,
	    PIPE_SPLICE);
	if (n <= 0) {
		/* A descriptor that cannot be spliced is copied. */
		l->bulk = 0;
		state = n == -1 && errno == EINVAL ?
		    lane_copy(l, source, sink) : lane_fault(n, LANE_SOURCE);
		lane_return(l);
		return state;
	}
	l->taken += (uint64_t)n;
	l->held = (size_t)n;
	l->bulk = n >= BULK_MIN;
	return lane_push_pipe(l, sink);
}

enum lane_state
lane_take(struct lane *l, int source, int sink)
{
	if (l->bulk && (l->pipe = pipe_lend()) != NULL)
		return lane_take_pipe(l, source, sink);
	return lane_copy(l, source, sink);
}

enum lane_state
lane_push(struct lane *l, int sink)
{
	return l->pipe != NULL ? lane_push_pipe(l, sink) :
	    lane_push_rest(l, sink);
}

/* A pipe with octets in it would give them to the next. */
void
lane_close(struct lane *l)
{
	if (l->pipe != NULL)
		pipe_close(l->pipe);
	free(l->rest);
	l->pipe = NULL;
	l->rest = NULL;
	l->held = 0;
}
