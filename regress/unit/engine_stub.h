/*
 * engine_stub.h: what the engine's datagram files need of its control side,
 * for their tests: a clock that is set by hand, associations in an array,
 * policy as a list of the questions it got, and sockets on loopback.
 */

#ifndef ENGINE_STUB_H
#define ENGINE_STUB_H

#include <sys/types.h>
#include <event.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "compat.h"

#include "engine.h"
#include "group.h"
#include "log.h"
#include "loopback.h"
#include "proc.h"

#define ASSOCS	128

struct engine		 engine;
static long long	 stub_now = 1000000;
static struct addr	 stub_own;		/* the one own address */
static struct assoc	 stub_assoc[ASSOCS];	/* AID is the index + 1000 */
static struct msg_source stub_asked[512];
static uint32_t		 stub_nasked;
static uint64_t		 stub_newest, stub_oldest = 1;

int
engine_own_addr(const struct addr *a)
{
	return addr_eq(a, &stub_own);
}

long long
engine_now(void)
{
	return stub_now;
}

uint64_t
request_newest(void)
{
	return stub_newest;
}

uint64_t
request_oldest(void)
{
	return stub_oldest;
}

struct assoc *
assoc_find(uint32_t aid)
{
	if (aid < 1000 || aid >= 1000 + ASSOCS ||
	    stub_assoc[aid - 1000].aid != aid)
		return NULL;
	return &stub_assoc[aid - 1000];
}

void
assoc_touch(struct assoc *a)
{
	a->last = stub_now;
}

int
assoc_learn(struct assoc *a, const struct endpoint *src)
{
	if (!addr_eq(&a->local.addr, &src->addr))
		return -1;
	if (a->local.port == 0)
		a->local.port = src->port;
	return a->local.port == src->port ? 0 : -1;
}

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	assert_int_equal(to, PROC_POLICY);
	assert_int_equal(type, M_SOURCE);
	assert_int_equal(fd, -1);
	assert_true(stub_nasked < nitems(stub_asked));
	memcpy(&stub_asked[stub_nasked++], data, sizeof(stub_asked[0]));
	return stub_nasked;
}

void
log_warn(const char *fmt, ...)
{
	(void)fmt;
}

void
log_warnx(const char *fmt, ...)
{
	(void)fmt;
}

int
log_ok(struct log_rate *rate, unsigned burst, const char *what)
{
	(void)rate;
	(void)burst;
	(void)what;
	return 0;
}

/* expect_assert_failure() sees it. */
void
fatalx(const char *fmt, ...)
{
	mock_assert(0, fmt, __FILE__, __LINE__);
	abort();
}

/* A message of the parent that brings a socket. */
static inline struct msg_socket
stub_message(enum sock_kind kind, const struct endpoint *ep, uint32_t ifindex)
{
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.key.kind = kind;
	m.grant.key.addr = ep->addr;
	m.grant.key.port = ep->port;
	m.grant.key.ifindex = ifindex;
	m.bound = *ep;
	m.mtu = 65536;
	return m;
}

/* Policy's answer to a question. */
static inline struct msg_source
stub_answer(uint32_t question, int pass)
{
	struct msg_source	 m = stub_asked[question];

	m.pass = pass;
	return m;
}

static inline int
stub_setup(void **state)
{
	(void)state;
	memset(&engine, 0, sizeof(engine));
	memset(stub_assoc, 0, sizeof(stub_assoc));
	memset(&stub_own, 0, sizeof(stub_own));
	stub_nasked = 0;
	stub_newest = 0;
	stub_oldest = 1;
	return 0;
}

static inline int
stub_teardown(void **state)
{
	(void)state;
	sock_close_all();
	assert_int_equal(group_number(), 0);
	assert_int_equal(engine.stat[STAT_GROUPS], 0);
	return 0;
}

#endif
