/*
 * parser.c: tests of socksmctl's command words: abbreviations, filters, and
 * what is said about words that are none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compat.h"

#include "parser.h"

static struct command	 c;
static char		 said[1024];

/* Words with blanks between them. */
static int
parse(const char *line)
{
	char	 buf[256], *argv[32], *p = buf, *err = NULL;
	size_t	 len;
	int	 argc = 0, error;
	FILE	*f;

	strlcpy(buf, line, sizeof(buf));
	while ((argv[argc] = strsep(&p, " ")) != NULL)
		argc++;
	assert_non_null(f = open_memstream(&err, &len));
	error = parse_words(argc, argv, &c, f);
	fclose(f);
	strlcpy(said, err, sizeof(said));
	free(err);
	return error;
}

static void
test_listings(void **state)
{
	static const struct {
		const char	*line;
		uint32_t	 type;
	} t[] = {
		{ "show summary", CTL_SHOW_SUMMARY },
		{ "show sessions", CTL_SHOW_SESSIONS },
		{ "show associations", CTL_SHOW_ASSOCIATIONS },
		{ "show groups", CTL_SHOW_GROUPS },
		{ "show rules", CTL_SHOW_RULES },
		{ "show tables", CTL_SHOW_TABLES },
		{ "show users", CTL_SHOW_USERS },
		{ "show statistics", CTL_SHOW_STATISTICS },
		{ "show processes", CTL_SHOW_PROCESSES },
		{ "s a", CTL_SHOW_ASSOCIATIONS },
		{ "sh sum", CTL_SHOW_SUMMARY },
		{ "sho stat", CTL_SHOW_STATISTICS },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		assert_int_equal(parse(t[i].line), 0);
		assert_int_equal(c.type, t[i].type);
		assert_int_equal(c.req.version, CTL_VERSION);
		assert_string_equal(said, "");
	}
}

static void
test_filters(void **state)
{
	struct addr	 a;

	(void)state;
	assert_int_equal(parse("show assoc user alice g 239.1.1.1 label x"),
	    0);
	assert_string_equal(c.req.user, "alice");
	assert_string_equal(c.req.label, "x");
	assert_int_equal(addr_parse(&a, "239.1.1.1"), 0);
	assert_true(addr_eq(&a, &c.req.group));
	assert_int_equal(parse("show sess listener in"), 0);
	assert_string_equal(c.req.label, "in");
}

static void
test_wrong(void **state)
{
	(void)state;
	assert_int_equal(parse("show s"), -1);
	assert_string_equal(said, "ambiguous word: s\n"
	    "valid: sessions statistics summary\n");
	assert_int_equal(parse("frob"), -1);
	assert_string_equal(said, "unknown word: frob\nvalid: explain kill log "
	    "monitor reload reset show\n");
	assert_int_equal(parse("show summaryx"), -1);
	assert_non_null(strstr(said, "valid: associations groups"));
	assert_int_equal(parse("show"), -1);
	assert_non_null(strstr(said, "not complete"));
	assert_int_equal(parse("show summary now"), -1);
	assert_string_equal(said, "unknown word: now\n");
	assert_int_equal(parse("show associations group"), -1);
	assert_string_equal(said, "group: expected: <address>\n");
	assert_int_equal(parse("show associations group 10.0.0.1"), -1);
	assert_int_equal(parse("show associations user "), -1);
	assert_int_equal(parse(""), -1);
	assert_int_equal(parse("show associations user "
	    "0123456789012345678901234567890123456789012345678901234567890123"),
	    -1);
}

static void
test_commands(void **state)
{
	static const struct {
		const char	*line;
		uint32_t	 type;
		uint64_t	 number;
	} t[] = {
		{ "reload", CTL_RELOAD, 0 },
		{ "rel", CTL_RELOAD, 0 },
		{ "mon", CTL_MONITOR, 0 },
		{ "kill session 7", CTL_KILL_SESSION, 7 },
		{ "k a 0000beef", CTL_KILL_ASSOCIATION, 0xbeef },
		{ "k a 0x0000beef", CTL_KILL_ASSOCIATION, 0xbeef },
		{ "k g 18446744073709551615", CTL_KILL_GRANT, UINT64_MAX },
		{ "kill host 10.0.0.1", CTL_KILL_HOST, 0 },
		{ "kill user alice", CTL_KILL_USER, 0 },
		{ "kill label x", CTL_KILL_LABEL, 0 },
		{ "log brief", CTL_LOG_BRIEF, 0 },
		{ "log v", CTL_LOG_VERBOSE, 0 },
		{ "reset st", CTL_RESET_STATISTICS, 0 },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		assert_int_equal(parse(t[i].line), 0);
		assert_int_equal(c.type, t[i].type);
		assert_true(c.req.number == t[i].number);
	}
}

static void
test_explain(void **state)
{
	struct addr	 a;

	(void)state;
	assert_int_equal(parse("exp send from 10.0.0.1 to 239.1.1.1 port 5000 "
	    "user alice method userpass ttl 7 listener in domain a.example"),
	    0);
	assert_int_equal(c.type, CTL_EXPLAIN);
	assert_string_equal(c.req.question.command, "send");
	assert_int_equal(addr_parse(&a, "10.0.0.1"), 0);
	assert_true(addr_eq(&a, &c.req.question.from));
	assert_int_equal(addr_parse(&a, "239.1.1.1"), 0);
	assert_true(addr_eq(&a, &c.req.question.to.addr));
	assert_int_equal(c.req.question.to.port, 5000);
	assert_int_equal(c.req.question.ttl, 7);
	assert_int_equal(c.req.question.method, 2);
	assert_string_equal(c.req.user, "alice");
	assert_string_equal(c.req.label, "in");
	assert_string_equal(c.req.question.domain, "a.example");
	assert_int_equal(parse("explain send from 10.0.0.1"), -1);
	assert_int_equal(parse("explain send from x to 239.1.1.1"), -1);
	assert_int_equal(parse("explain send to 239.1.1.1"), -1);
	assert_int_equal(parse("explain fly from ::1 to ::1"), -1);
	assert_int_equal(parse("explain udp from ::1 to ::1 port 65536"), -1);
	assert_int_equal(parse("explain udp from ::1 to ::1 ttl 256"), -1);
	assert_int_equal(parse("explain udp from ::1 to ::1 method x"), -1);
}

static void
test_numbers(void **state)
{
	(void)state;
	assert_int_equal(parse("kill session x"), -1);
	assert_string_equal(said, "session: expected: <number>\n");
	assert_int_equal(parse("kill session -1"), -1);
	assert_int_equal(parse("kill session 18446744073709551616"), -1);
	assert_int_equal(parse("kill association 100000000"), -1);
	assert_int_equal(parse("kill association 12g"), -1);
	assert_int_equal(parse("kill host alice"), -1);
	assert_int_equal(parse("kill"), -1);
	assert_int_equal(parse("kill user"), -1);
	assert_int_equal(parse("reload now"), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_listings),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
