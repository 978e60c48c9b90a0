/*
 * reload.c: tests of how the parent reloads: what is told to whom, what is
 * given up when something is wrong, and that one goes on at a time.
 */

#include <sys/types.h>
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
#include "iface.h"
#include "log_stub.h"
#include "parent.h"

struct parent		 parent;

/* What the parts of the parent are to say, and what they were asked. */
static int		 says_lines;	/* of conf_parse, -1: NULL as well */
static int		 says_check, says_listen, says_iface, stopping;
static int		 parses, opens, give_ups, starts;
static struct conf	*freed, *started;
static void		(*committed)(void);
static void		(*named)(int);
static struct conf	 scratch[8];

static struct msg_reload results[8];
static int		 nresults, nsent_lines;
static char		 first_line[512];

struct conf *
conf_parse(const char *file, FILE *err)
{
	int	 i;

	assert_string_equal(file, "conf");
	for (i = 0; i < abs(says_lines); i++)
		fprintf(err, "conf:%d: wrong\n", i + 1);
	return says_lines < 0 ? NULL : &scratch[parses++];
}

void
conf_free(struct conf *c)
{
	freed = c;
}

int
iface_load(void)
{
	return says_iface;
}

void
names_resolve(struct conf *c, FILE *err, void (*done)(int))
{
	assert_non_null(c);
	assert_non_null(err);
	named = done;
}

int
distribute_check(const struct conf *c, FILE *err)
{
	(void)c;
	if (says_check == -1)
		fprintf(err, "conf:9: no such interface\n");
	return says_check;
}

int
listen_open(const struct conf *c, FILE *err)
{
	(void)c;
	opens++;
	if (says_listen == -1)
		fprintf(err, "conf:9: taken\n");
	return says_listen;
}

void
listen_give_up(void)
{
	give_ups++;
}

uint32_t
listen_count(void)
{
	return 1;
}

void
distribute_start(struct conf *c, void (*done)(void))
{
	started = c;
	committed = done;
	starts++;
}

int
parent_stopping(void)
{
	return stopping;
}

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	const struct msg_reload	*m = data;

	assert_int_equal(to, PROC_POLICY);
	assert_int_equal(fd, -1);
	if (type == M_RELOAD_LINE) {
		if (nsent_lines++ == 0)
			strlcpy(first_line, m->text, sizeof(first_line));
		return 1;
	}
	assert_int_equal(type, M_RELOADED);
	assert_true(nresults < (int)nitems(results));
	results[nresults++] = *m;
	return 1;
}

static int
setup(void **state)
{
	(void)state;
	says_lines = says_check = says_listen = says_iface = stopping = 0;
	parses = opens = give_ups = starts = nresults = nsent_lines = 0;
	nlines = 0;
	freed = started = NULL;
	named = NULL;
	return 0;
}

static void
resolved(int ok)
{
	void	(*f)(int) = named;

	assert_non_null(f);
	named = NULL;
	f(ok);
}

static void
by_socksmctl(void)
{
	reload_on_reload(PROC_POLICY, NULL, -1);
}

/* The first of all: a signal that comes while the daemon starts waits. */
static void
test_while_starting(void **state)
{
	(void)state;
	reload_signal();
	reload_signal();
	assert_int_equal(parses, 0);
	reload_up();
	assert_int_equal(parses, 1);
	resolved(1);
	committed();
	assert_int_equal(parses, 1);
	assert_int_equal(nresults, 1);
}

static void
test_good(void **state)
{
	(void)state;
	by_socksmctl();
	assert_int_equal(opens, 0);	/* names first */
	resolved(1);
	assert_ptr_equal(started, &scratch[0]);
	assert_int_equal(nresults, 0);	/* not before all use it */
	committed();
	assert_int_equal(nresults, 1);
	assert_int_equal(results[0].ok, 1);
	assert_int_equal(results[0].asked, 1);
	assert_null(freed);
	assert_int_equal(give_ups, 0);
}

static void
test_bad_file(void **state)
{
	(void)state;
	says_lines = -3;
	by_socksmctl();
	assert_int_equal(opens + starts, 0);
	assert_int_equal(nsent_lines, 3);
	assert_string_equal(first_line, "conf:1: wrong");
	assert_int_equal(results[0].ok, 0);
	assert_string_equal(results[0].text, "nothing has changed");
	assert_string_equal(lines[0], "conf:1: wrong");
}

/* A signal's errors are for the log; policy is told of the end anyway. */
static void
test_bad_file_by_signal(void **state)
{
	(void)state;
	says_lines = -3;
	reload_signal();
	assert_int_equal(nsent_lines, 0);
	assert_int_equal(nresults, 1);
	assert_int_equal(results[0].asked, 0);
	assert_string_equal(lines[2], "conf:3: wrong");
}

static void
test_warnings(void **state)
{
	(void)state;
	says_lines = 2;
	by_socksmctl();
	resolved(1);
	committed();
	assert_int_equal(nsent_lines, 2);
	assert_int_equal(results[0].ok, 1);
}

static void
test_lines_bounded(void **state)
{
	(void)state;
	says_lines = -10000;
	nlines = 0;
	by_socksmctl();
	assert_int_equal(nsent_lines, 101);
	assert_non_null(strstr(lines[100], "9900 more lines left out"));
}

static void
test_names_fail(void **state)
{
	(void)state;
	by_socksmctl();
	resolved(0);
	assert_int_equal(opens + starts, 0);
	assert_ptr_equal(freed, &scratch[0]);
	assert_int_equal(results[0].ok, 0);
}

/* New listeners are closed again if anything else is wrong. */
static void
test_system(void **state)
{
	(void)state;
	says_check = -1;
	by_socksmctl();
	resolved(1);
	assert_int_equal(give_ups, 1);
	assert_int_equal(starts, 0);
	assert_int_equal(nsent_lines, 1);
	assert_ptr_equal(freed, &scratch[0]);
	says_listen = -1;		/* both are told */
	by_socksmctl();
	resolved(1);
	assert_int_equal(give_ups, 1);	/* listen_open did */
	assert_int_equal(nsent_lines, 3);
	says_iface = -1;
	by_socksmctl();
	assert_int_equal(nsent_lines, 4);
	assert_int_equal(nresults, 3);
}

/* Many ask while one goes on: one more, for all of them. */
static void
test_one_at_a_time(void **state)
{
	(void)state;
	reload_signal();
	reload_signal();
	by_socksmctl();
	reload_signal();
	assert_int_equal(parses, 1);
	resolved(1);
	by_socksmctl();
	assert_int_equal(parses, 1);
	committed();
	assert_int_equal(parses, 2);
	assert_int_equal(results[0].asked, 0);
	resolved(1);
	committed();
	assert_int_equal(parses, 2);
	assert_int_equal(nresults, 2);
	assert_int_equal(results[1].asked, 1);
}

static void
test_stopping(void **state)
{
	(void)state;
	stopping = 1;
	reload_signal();
	by_socksmctl();
	assert_int_equal(parses, 0);
	stopping = 0;
	reload_signal();
	assert_int_equal(parses, 1);
	resolved(1);
	committed();
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_while_starting),
		T(test_good),
		T(test_bad_file),
		T(test_bad_file_by_signal),
		T(test_warnings),
		T(test_lines_bounded),
		T(test_names_fail),
		T(test_system),
		T(test_one_at_a_time),
		T(test_stopping),
	};

	parent.foreground = 1;
	reload_init("conf");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
