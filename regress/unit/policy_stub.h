/*
 * policy_stub.h: what policy and auth need around them, for their tests: a
 * clock that is set by hand, channels as lists of what was sent on them and
 * of what is still on its way, the log as a list of lines, and a fatal that
 * comes back to the test.
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
#include "log.h"
#include "proc.h"

#define SENT		512
#define LINES		128

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
		char			 octets[4096];
	} u;
};

static long long	 stub_now = 1000000;
static struct stub_msg	 sent[SENT];
static uint32_t		 nsent;
static struct stub_msg	 coming[16];	/* handled when it is drained */
static uint32_t		 ncoming;
static char		 lines[LINES][MSG_LOGLEN];
static uint32_t		 nlines;
static char		 fatal_text[MSG_LOGLEN];
static jmp_buf		 fatal_jump;
static int		 fatal_expected;
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

static void
stub_line(const char *fmt, va_list ap)
{
	assert_true(nlines < LINES);
	vsnprintf(lines[nlines++], MSG_LOGLEN, fmt, ap);
}

#define LOG_STUB(name)					\
void							\
name(const char *fmt, ...)				\
{							\
	va_list	 ap;					\
							\
	va_start(ap, fmt);				\
	stub_line(fmt, ap);				\
	va_end(ap);					\
}
LOG_STUB(log_info)
LOG_STUB(log_warn)
LOG_STUB(log_warnx)
LOG_STUB(log_debug)

#define FATAL_STUB(name)				\
void							\
name(const char *fmt, ...)				\
{							\
	va_list	 ap;					\
							\
	va_start(ap, fmt);				\
	vsnprintf(fatal_text, sizeof(fatal_text), fmt, ap); \
	va_end(ap);					\
	if (!fatal_expected)				\
		fail_msg("%s", fatal_text);		\
	longjmp(fatal_jump, 1);				\
}
FATAL_STUB(fatal)
FATAL_STUB(fatalx)

/* The statement must end in fatal, with a text that has this in it. */
#define assert_fatal(statement, part) do {		\
	fatal_expected = 1;				\
	if (setjmp(fatal_jump) == 0) {			\
		statement;				\
		fatal_expected = 0;			\
		fail_msg("not fatal: %s", #statement);	\
	}						\
	fatal_expected = 0;				\
	assert_non_null(strstr(fatal_text, part));	\
} while (0)

int
log_ok(struct log_rate *r, unsigned burst, const char *what)
{
	(void)r;
	(void)burst;
	(void)what;
	return 1;
}

long long
clock_ms(void)
{
	return stub_now;
}

static inline void
stub_reset(void)
{
	nsent = ncoming = nlines = 0;
	stub_left = UINT64_MAX;
}

#endif
