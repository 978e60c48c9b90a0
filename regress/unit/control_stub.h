/*
 * control_stub.h: what the engine's control side (sessions, requests,
 * associations) needs of the rest, for its tests: messages sent are kept in a
 * list, sockets and groups only count, and the clock may be set by hand.
 */

#ifndef CONTROL_STUB_H
#define CONTROL_STUB_H

#include <sys/types.h>
#include <sys/socket.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "compat.h"

#include "assoc.h"
#include "engine.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "request.h"
#include "session.h"

#define SENT_MAX	8192

struct sent {
	enum msg_type	 type;
	union {
		struct msg_ask		 ask;
		struct msg_auth		 auth;
		struct msg_end		 end;
		struct msg_released	 released;
		struct msg_counters	 counters;
		struct msg_next		 next;
	} m;
};

static struct sent	*sent;
static int		 nsent, nread;	/* nread: looked at by the test */
static long long	 stub_skew;	/* the clock is ahead by that much */
static int		 stub_refs[SOCK_MAX];
static int		 stub_receivers, stub_senders, stub_collected;
static int		 stub_join_fails, stub_port_held;

long long
clock_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000 + stub_skew;
}

static size_t
stub_size(enum msg_type type)
{
	switch (type) {
	case M_ASK:
		return sizeof(struct msg_ask);
	case M_NEXT:
		return sizeof(struct msg_next);
	case M_AUTH:
		return sizeof(struct msg_auth);
	case M_END:
		return sizeof(struct msg_end);
	case M_RELEASED:
		return sizeof(struct msg_released);
	case M_COUNTERS:
		return sizeof(struct msg_counters);
	default:
		return 0;
	}
}

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	(void)to;
	assert_int_equal(fd, -1);
	if (sent == NULL)
		sent = calloc(SENT_MAX, sizeof(*sent));
	assert_true(nsent < SENT_MAX);
	sent[nsent].type = type;
	if (data != NULL)
		memcpy(&sent[nsent].m, data, stub_size(type));
	return (uint64_t)++nsent;
}

uint32_t
proc_queued(enum proc_role to)
{
	(void)to;
	return 1;			/* so that the engine does not exit */
}

void
proc_on_drain(enum proc_role to, void (*f)(void))
{
	(void)to;
	(void)f;
}

const char *
msg_string(const char *s, size_t n, const char *what)
{
	(void)what;
	assert_non_null(memchr(s, '\0', n));
	return s;
}

void
fatalx(const char *fmt, ...)
{
	mock_assert(0, fmt, __FILE__, __LINE__);
	abort();
}

void
fatal(const char *fmt, ...)
{
	mock_assert(0, fmt, __FILE__, __LINE__);
	abort();
}

#include "control_sock.h"

/* The next message of that kind which the test has not looked at yet. */
static inline struct sent *
stub_next(enum msg_type type)
{
	while (nread < nsent)
		if (sent[nread++].type == type)
			return &sent[nread - 1];
	return NULL;
}

static inline int
stub_count(enum msg_type type)
{
	int		 i, n = 0;

	for (i = nread; i < nsent; i++)
		n += sent[i].type == type;
	return n;
}

static inline struct endpoint
stub_endpoint(const char *addr, uint16_t port)
{
	struct endpoint	 ep;

	memset(&ep, 0, sizeof(ep));
	assert_int_equal(addr_parse(&ep.addr, addr), 0);
	ep.port = port;
	return ep;
}

#endif
