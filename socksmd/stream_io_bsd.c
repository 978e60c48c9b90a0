/*
 * stream_io_bsd.c: the octets of a stream by read(2) and write(2), for systems
 * without splice(2); it runs in the engine.
 */

#include <sys/types.h>

#include <stdlib.h>

#include "stream_io.h"

enum lane_state
lane_take(struct lane *l, int source, int sink)
{
	return lane_copy(l, source, sink);
}

enum lane_state
lane_push(struct lane *l, int sink)
{
	return lane_push_rest(l, sink);
}

void
lane_close(struct lane *l)
{
	free(l->rest);
	l->rest = NULL;
	l->held = 0;
}
