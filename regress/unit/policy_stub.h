/*
 * policy_stub.h: what policy and auth need around them, for their tests:
 * channels as lists of what was sent on them and of what is still on its way.
 */

#ifndef POLICY_STUB_H
#define POLICY_STUB_H

#include <sys/types.h>
#include <event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compat.h"

#include "handlers.h"
#include "log_stub.h"
#include "proc.h"

#define SENT		512

struct stub_msg {
	enum proc_role	 peer;
	enum msg_type	 type;
	msg_handler	 handler;	/* of one that is on its way */
	union {
		uint64_t		 align;
		struct msg_generation	 generation;
		struct msg_grant	 grant;
		struct msg_deny		 deny;
		struct msg_identity	 identity;
		struct msg_authed	 authed;
		struct msg_ended	 ended;
		struct msg_source	 source;
		struct msg_count	 count;
		struct msg_resolve	 resolve;
		struct msg_revoke	 revoke;
		struct msg_verbose	 verbose;
		char			 octets[4096];
	} u;
};

static struct stub_msg	 sent[SENT];
static uint32_t		 nsent;
static struct stub_msg	 coming[16];	/* handled when it is drained */
static uint32_t		 ncoming;
static uint64_t		 stub_left = UINT64_MAX;	/* written up to here */
static void		(*stub_on_drain)(void);
static void		(*stub_on_close)(enum proc_role);

static size_t
stub_size(enum msg_type type)
{
	static const size_t	 size[M_MAX] = {
		[M_CONF_ACK] = sizeof(struct msg_generation),
		[M_GRANT] = sizeof(struct msg_grant),
		[M_DENY] = sizeof(struct msg_deny),
		[M_IDENTITY] = sizeof(struct msg_identity),
		[M_AUTHED] = sizeof(struct msg_authed),
		[M_ENDED] = sizeof(struct msg_ended),
		[M_SOURCED] = sizeof(struct msg_source),
		[M_COUNT] = sizeof(struct msg_count),
		[M_RESOLVE] = sizeof(struct msg_resolve),
		[M_REVOKE] = sizeof(struct msg_revoke),
		[M_VERBOSE] = sizeof(struct msg_verbose),
	};

	return size[type];
}

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	assert_int_equal(fd, -1);
	assert_true(nsent < SENT);
	sent[nsent].peer = to;
	sent[nsent].type = type;
	if (data != NULL)
		memcpy(sent[nsent].u.octets, data, stub_size(type));
	return ++nsent;
}

int
proc_left(enum proc_role to, uint64_t seq)
{
	(void)to;
	return seq <= stub_left;
}

void
proc_on_drain(enum proc_role to, void (*f)(void))
{
	(void)to;
	stub_on_drain = f;
}

void
proc_on_close(enum proc_role peer, void (*f)(enum proc_role))
{
	assert_int_equal(peer, PROC_ENGINE);
	stub_on_close = f;
}

int
proc_attached(enum proc_role peer)
{
	(void)peer;
	return 1;
}

/* Something the peer has written and nobody has read yet. */
static inline void
stub_coming(enum proc_role from, msg_handler handler, const void *data,
    size_t len)
{
	assert_true(ncoming < nitems(coming));
	coming[ncoming].peer = from;
	coming[ncoming].handler = handler;
	memcpy(coming[ncoming++].u.octets, data, len);
}

void
proc_drain(enum proc_role from)
{
	struct stub_msg	 m;
	uint32_t	 i = 0;

	while (i < ncoming) {
		if (coming[i].peer != from) {
			i++;
			continue;
		}
		m = coming[i];
		memmove(&coming[i], &coming[i + 1],
		    (--ncoming - i) * sizeof(m));
		m.handler(from, &m.u, -1);
	}
}

const char *
msg_string(const char *s, size_t n, const char *what)
{
	if (memchr(s, '\0', n) == NULL)
		fatalx("%s is not terminated", what);
	return s;
}

static inline void
stub_reset(void)
{
	nsent = ncoming = nlines = 0;
	stub_left = UINT64_MAX;
}

#endif
