/*
 * control_run.h: the engine as the tests of its control side run it:
 * configured, with clients, until nothing more happens.
 */
#ifndef CONTROL_RUN_H
#define CONTROL_RUN_H

#include "control_stub.h"

static struct msg_listener	 stub_listener;

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
	stub_listener = l;
	engine_on_addr(PROC_PARENT, &a, -1);
	engine_on_prepare(PROC_PARENT, &g, -1);
	engine_on_commit(PROC_PARENT, &g, -1);
}

/* A session from 192.0.2.9 on that connection, -1: it came without one. */
static inline void
stub_session(uint64_t sid, int fd)
{
	struct msg_session	 m;

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	m.listener = stub_listener.id;
	m.nmethods = stub_listener.nmethods;
	memcpy(m.methods, stub_listener.methods, sizeof(m.methods));
	m.ifindex = 2;
	m.mtu = 1500;
	m.peer = stub_endpoint("192.0.2.9", 40000);
	m.local = stub_endpoint("192.0.2.1", 1080);
	session_on_client(PROC_PARENT, &m, fd);
}

/* The test's end of it, or -1. */
static inline int
stub_client(uint64_t sid, int with_fd)
{
	int			 fds[2] = { -1, -1 };

	if (with_fd)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK, 0, fds), 0);
	stub_session(sid, fds[0]);
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
