/*
 * stream_io.c: octets of a stream by way of memory, for systems and moments
 * that have nothing better; it runs in the engine.
 *
 * All streams share one buffer; only what a sink did not take is kept, in
 * memory of its own, and nothing more is read before it is gone.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream_io.h"

static uint8_t	 chunk[LANE_CHUNK];

/* What a call that moved nothing means; wait: it may be tried again. */
enum lane_state
lane_fault(ssize_t n, enum lane_state fault)
{
	if (n == 0)
		return LANE_EOF;
	if (errno == EAGAIN || errno == EINTR)
		return fault == LANE_SINK ? LANE_BLOCKED : LANE_IDLE;
	return fault;
}

static enum lane_state
lane_keep(struct lane *l, const uint8_t *p, size_t n)
{
	if ((l->rest = malloc(n)) == NULL)
		return LANE_MEMORY;
	memcpy(l->rest, p, n);
	l->off = 0;
	l->held = n;
	return LANE_BLOCKED;
}

void
lane_give(struct lane *l, uint8_t *p, size_t n)
{
	l->rest = p;
	l->off = 0;
	l->held = n;
}

enum lane_state
lane_copy(struct lane *l, int source, int sink)
{
	ssize_t		 n, out;

	if ((n = read(source, chunk, sizeof(chunk))) <= 0)
		return lane_fault(n, LANE_SOURCE);
	l->taken += (uint64_t)n;
	l->bulk = n == sizeof(chunk);
	if ((out = write(sink, chunk, (size_t)n)) == -1) {
		if (lane_fault(out, LANE_SINK) == LANE_SINK)
			return LANE_SINK;
		out = 0;
	}
	l->moved += (uint64_t)out;
	return out == n ? LANE_IDLE :
	    lane_keep(l, chunk + out, (size_t)(n - out));
}

enum lane_state
lane_push_rest(struct lane *l, int sink)
{
	ssize_t		 n;

	if ((n = write(sink, l->rest + l->off, l->held)) == -1)
		return lane_fault(n, LANE_SINK);
	l->moved += (uint64_t)n;
	l->off += (size_t)n;
	l->held -= (size_t)n;
	if (l->held > 0)
		return LANE_BLOCKED;
	free(l->rest);
	l->rest = NULL;
	return LANE_IDLE;
}
