/*
 * echo.c: tests of the echo filter (P40): what a member sent is known for a
 * second, its source is ignored for a minute, nothing else is.
 */

#include <sys/types.h>
#include <sys/uio.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "echo.h"
#include "log.h"

#define NOW	5000000LL

static struct endpoint	 group;
static struct addr	 relay, other;

static char		 line[256];	/* the last one logged */
static int		 lines;

void
log_warnx(const char *fmt, ...)
{
	va_list		 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	lines++;
}

int
log_ok(struct log_rate *rate, unsigned burst, const char *what)
{
	(void)rate;
	(void)burst;
	(void)what;
	return 1;
}

static int
setup(void **state)
{
	(void)state;
	memset(&group, 0, sizeof(group));
	assert_int_equal(addr_parse(&group.addr, "239.1.1.1"), 0);
	group.port = 5000;
	assert_int_equal(addr_parse(&relay, "192.0.2.1"), 0);
	assert_int_equal(addr_parse(&other, "192.0.2.2"), 0);
	return 0;
}

static int
heard(struct echo *e, const struct addr *src, const char *text, long long now)
{
	struct iovec	 iov = { (void *)(uintptr_t)text, strlen(text) };

	return echo_heard(e, &group, src, &iov, now);
}

static void
sent(struct echo **e, const char *text, long long now)
{
	echo_remember(e, echo_hash(text, strlen(text)), now);
}

/*
 * CPython 3.11 and later hash with the same function; the key is 0 here. The
 * words are the machine's, so these are for little-endian ones.
 */
static void
hash_vectors(void **state)
{
	uint8_t		 buf[64];
	size_t		 i;
	static const struct {
		size_t		 len;
		uint64_t	 hash;
	} vector[] = {
		{ 1, 0x68a914128e01e473 },
		{ 7, 0x2f098ab0c751325a },
		{ 8, 0xead411e67ebe2eea },
		{ 15, 0xf30eb725bb91c9ea },
		{ 16, 0x8972188433a5c5b7 },
		{ 17, 0x4883c49a2c009c1d },
		{ 23, 0x37332b1389daa4ff },
		{ 63, 0x385d3e39e5f37359 },
		{ 64, 0x75e05fd5bbc870c6 },
	};

	(void)state;
	if (htons(1) == 1)
		skip();
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = i;
	for (i = 0; i < sizeof(vector) / sizeof(vector[0]); i++)
		assert_true(echo_hash(buf, vector[i].len) == vector[i].hash);
}

static void
key_is_drawn(void **state)
{
	uint64_t	 before = echo_hash("0123456789abcdef", 16);

	(void)state;
	echo_init();
	assert_true(before != echo_hash("0123456789abcdef", 16));
}

static void
nobody_sent(void **state)
{
	(void)state;
	assert_int_equal(heard(NULL, &relay, "sixteen octets..", NOW), 0);
	echo_free(NULL);
}

static void
second_then_gone(void **state)
{
	struct echo	*e = NULL;

	(void)state;
	sent(&e, "sixteen octets..", NOW);
	assert_int_equal(heard(e, &relay, "sixteen octets, other", NOW), 0);
	assert_int_equal(heard(e, &relay, "sixteen octets..",
	    NOW + ECHO_WINDOW + 1), 0);
	sent(&e, "another payload of a member", NOW + 900);
	assert_int_equal(heard(e, &relay, "sixteen octets..",
	    NOW + ECHO_WINDOW + 1), 0);
	assert_int_equal(heard(e, &relay, "sixteen octets..",
	    NOW + ECHO_WINDOW), 1);
	echo_free(e);
}

/* The last one counts, the filter does not forget because of others. */
static void
sent_again(void **state)
{
	struct echo	*e = NULL;

	(void)state;
	sent(&e, "sixteen octets..", NOW);
	sent(&e, "sixteen octets..", NOW + 800);
	sent(&e, "another payload of a member", NOW + 1500);
	assert_int_equal(heard(e, &relay, "sixteen octets..", NOW + 1700), 1);
	echo_free(e);
}

static void
minute_of_silence(void **state)
{
	struct echo	*e = NULL;

	(void)state;
	lines = 0;
	sent(&e, "sixteen octets..", NOW);
	assert_int_equal(heard(e, &relay, "sixteen octets..", NOW + 5), 1);
	assert_string_equal(line, "group 239.1.1.1:5000: loop via 192.0.2.1, "
	    "ignored for 60 seconds");
	assert_int_equal(heard(e, &relay, "its own, quite different", NOW + 6),
	    1);
	assert_int_equal(heard(e, &other, "its own, quite different", NOW + 6),
	    0);
	assert_int_equal(heard(e, &relay, "tiny", NOW + 5 + ECHO_IGNORE - 1),
	    1);
	assert_int_equal(heard(e, &relay, "tiny", NOW + 5 + ECHO_IGNORE), 0);
	assert_int_equal(lines, 1);
	echo_free(e);
}

static void
short_ones_pass(void **state)
{
	struct echo	*e = NULL;

	(void)state;
	sent(&e, "fifteen octets.", NOW);
	assert_int_equal(heard(e, &relay, "fifteen octets.", NOW), 0);
	echo_free(e);
}

/* More than it holds: bounded, and the latest are known. */
static void
many(void **state)
{
	struct echo	*e = NULL;
	char		 text[32];
	long long	 i;
	int		 known = 0;

	(void)state;
	for (i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "payload number %08lld", i);
		sent(&e, text, NOW);
	}
	for (i = 99900; i < 100000; i++) {
		snprintf(text, sizeof(text), "payload number %08lld", i);
		known += heard(e, &relay, text, NOW + ECHO_IGNORE * i);
		sent(&e, text, NOW + ECHO_IGNORE * i);
	}
	assert_int_equal(known, 0);	/* far too late */
	snprintf(text, sizeof(text), "payload number %08d", 99999);
	assert_int_equal(heard(e, &relay, text, NOW + ECHO_IGNORE * 99999LL),
	    1);
	echo_free(e);
}

/* Seventeen sources: the one whose time is up first makes room. */
static void
ignored_bounded(void **state)
{
	struct echo	*e = NULL;
	struct addr	 src;
	uint8_t		 b[4] = { 10, 0, 0, 0 };
	int		 i;

	(void)state;
	for (i = 0; i < 17; i++) {
		b[3] = i;
		addr_v4(&src, b);
		sent(&e, "sixteen octets..", NOW + i);
		assert_int_equal(heard(e, &src, "sixteen octets..", NOW + i),
		    1);
	}
	for (i = 0; i < 17; i++) {
		b[3] = i;
		addr_v4(&src, b);
		assert_int_equal(heard(e, &src, "tiny", NOW + 20), i != 0);
	}
	echo_free(e);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(hash_vectors),
		cmocka_unit_test(key_is_drawn),
		cmocka_unit_test(nobody_sent),
		cmocka_unit_test(second_then_gone),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(minute_of_silence),
		cmocka_unit_test(short_ones_pass),
		cmocka_unit_test(many),
		cmocka_unit_test(ignored_bounded),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
