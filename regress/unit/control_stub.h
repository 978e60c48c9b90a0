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

/* Sockets: a new one each time, freed with its last user. */
struct sock *
sock_install(const struct msg_socket *m, int fd)
{
	struct sock	*s;

	if (fd != -1)
		close(fd);
	if (m->err != 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	s->key = m->grant.key;
	s->bound = m->bound;
	return s;
}

void
sock_ref(struct sock *s)
{
	s->refs++;
	stub_refs[s->key.kind]++;
}

void
sock_unref(struct sock *s)
{
	assert_true(s->refs > 0);
	stub_refs[s->key.kind]--;
	if (--s->refs == 0)
		free(s);
}

void
sock_collect(uint64_t oldest)
{
	(void)oldest;
	stub_collected++;
}

void
sock_close_all(void)
{
}

void
sock_kernel_drops_all(void)
{
}

int
group_join(struct group *g, struct assoc *a)
{
	(void)g;
	(void)a;
	if (stub_join_fails)
		return -1;
	stub_receivers++;
	return 0;
}

void
group_leave(struct group *g, struct assoc *a)
{
	(void)g;
	(void)a;
	stub_receivers--;
}

void
group_sender(const struct assoc *a, int on)
{
	assert_non_null(a->send);
	stub_senders += on ? 1 : -1;
}

int
group_port_held(const struct group *g, const struct endpoint *local,
    const struct assoc *but)
{
	(void)g;
	(void)local;
	(void)but;
	return stub_port_held;
}

void
group_filter(struct group *g, int on)
{
	(void)g;
	(void)on;
}

void
group_count(const struct sock_key *key, struct msg_counters *c)
{
	(void)key;
	c->found = 1;
	c->receivers = 7;
}

uint32_t
group_number(void)
{
	return 3;
}

void
relay_init(void)
{
}

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

/* A configuration as the parent sends it: listener 1, these methods. */
static inline void
stub_configure(uint8_t nmethods, const uint8_t *methods)
{
	static uint32_t		 generation;
	struct msg_generation	 g = { .generation = ++generation };
	struct msg_settings	 set;
	struct msg_listener	 l;
	struct msg_addr		 a;
	int			 i;

	memset(&set, 0, sizeof(set));
	memset(&l, 0, sizeof(l));
	memset(&a, 0, sizeof(a));
	set.generation = l.generation = a.generation = generation;
	for (i = 0; i < LIMIT_MAX; i++)
		set.settings.limit[i] = 200000;
	for (i = 0; i < TIMEOUT_MAX; i++)
		set.settings.timeout[i] = 30;
	set.settings.extensions = EXT_BASE | EXT_MULTICAST;
	l.id = 1;
	l.nmethods = nmethods;
	memcpy(l.methods, methods, nmethods);
	a.net.addr = stub_endpoint("192.0.2.1", 0).addr;
	a.net.len = 24;
	engine_on_begin(PROC_PARENT, &g, -1);
	engine_on_settings(PROC_PARENT, &set, -1);
	engine_on_listener(PROC_PARENT, &l, -1);
	engine_on_addr(PROC_PARENT, &a, -1);
	engine_on_prepare(PROC_PARENT, &g, -1);
	engine_on_commit(PROC_PARENT, &g, -1);
}

/* A session from 192.0.2.9; the test's end of it, or -1: came without one. */
static inline int
stub_client(uint64_t sid, int with_fd)
{
	struct msg_session	 m;
	int			 fds[2] = { -1, -1 };

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.listener = 1;
	m.ifindex = 2;
	m.mtu = 1500;
	m.peer = stub_endpoint("192.0.2.9", 40000);
	m.local = stub_endpoint("192.0.2.1", 1080);
	if (with_fd)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fds), 0);
	session_on_client(PROC_PARENT, &m, fds[0]);
	return fds[1];
}

/* All that can happen now happens. */
static inline void
stub_run(void)
{
	int		 i;

	for (i = 0; i < 8; i++)
		event_loop(EVLOOP_NONBLOCK);
}

static inline void
stub_init(void)
{
	static const uint8_t	 none = SOCKS_METHOD_NONE;

	event_init();
	engine_init();
	stub_configure(1, &none);
}

#endif
