/*
 * log_stub.h: for tests, a log that is a list of lines, a clock that is set
 * by hand, and a fatal that comes back to the test.
 */

#ifndef LOG_STUB_H
#define LOG_STUB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "log.h"
#include "types.h"

#define LINES		128

static long long	 stub_now = 1000000;
static char		 lines[LINES][MSG_LOGLEN];
static uint32_t		 nlines;
static char		 fatal_text[MSG_LOGLEN];
static jmp_buf		 fatal_jump;
static int		 fatal_expected;

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

#endif
