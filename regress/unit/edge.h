/*
 * edge.h: memory whose end is the end of what may be read, for tests of
 * parsers and builders: one octet too far ends the program.
 */

#ifndef EDGE_H
#define EDGE_H

#include <sys/types.h>
#include <sys/mman.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define ROOM	4096

static uint8_t	*edge;			/* the first octet nobody may read */

/* A group set-up of cmocka. */
static int
edge_setup(void **state)
{
	long		 page = sysconf(_SC_PAGESIZE);
	size_t		 room = page > ROOM ? (size_t)page : ROOM;
	uint8_t		*p;

	(void)state;
	p = mmap(NULL, room + (size_t)page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	edge = p + room;
	return mprotect(edge, (size_t)page, PROT_NONE);
}

/* len octets with nothing readable behind them. */
static const uint8_t *
at_edge(const void *data, size_t len)
{
	assert_true(len <= ROOM);
	memcpy(edge - len, data, len);
	return edge - len;
}

#endif
