/*
 * dns.c: tests of DNS messages: what is asked, what counts as its answer, and
 * that no answer, however broken, is read beyond its end.
 */

#include <sys/types.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compat.h"

#include "dns.h"

#define MAX	16

static struct dns_question	 q;
static uint8_t			 buf[2048];
static size_t			 len;
static struct addr		 found[MAX];
static uint8_t			 nfound;

static void
ask(const char *name, uint16_t type)
{
	memset(&q, 0, sizeof(q));
	assert_int_equal(dns_name(&q, name), 0);
	q.id = 0x1234;
	q.type = type;
	q.edns = 1;
}

static void
put(const void *p, size_t n)
{
	assert_true(len + n <= sizeof(buf));
	memcpy(buf + len, p, n);
	len += n;
}

#define PUT(s)	put(s, sizeof(s) - 1)

/* An answer without records yet. */
static void
answer(uint16_t flags, uint16_t count)
{
	struct dns_question	 plain = q;
	uint8_t			 query[DNS_QUERYLEN];

	plain.edns = 0;
	len = 0;
	put(query, dns_build(&plain, query));
	buf[2] = flags >> 8;
	buf[3] = flags & 0xff;
	buf[6] = count >> 8;
	buf[7] = count & 0xff;
}

static enum dns_result
parse(void)
{
	uint8_t		*exact = malloc(len > 0 ? len : 1);
	enum dns_result	 r;

	assert_non_null(exact);		/* so that a sanitizer sees the end */
	memcpy(exact, buf, len);
	memset(found, 0, sizeof(found));
	nfound = 0;
	r = dns_parse(&q, exact, len, found, &nfound, MAX);
	free(exact);
	return r;
}

/* A record of what was asked (a pointer to it), class IN. */
#define RR(type, n)	"\300\014\0" type "\0\1\0\0\0\74\0" n
#define A_RECORD(a)	RR("\1", "\4") a
#define ONE		"\300\0\2\12"
#define TWO		"\300\0\2\13"

static void
assert_found(const char *text)
{
	struct addr	 a;

	assert_int_equal(parse(), DNS_FOUND);
	assert_int_equal(nfound, 1);
	assert_int_equal(addr_parse(&a, text), 0);
	assert_true(addr_eq(&a, &found[0]));
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".", "a..b", ".a", "a." };
	char			 name[300];
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++)
		assert_int_equal(dns_name(&q, bad[i]), -1);
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	assert_int_equal(dns_name(&q, name), -1);
	name[63] = '\0';
	assert_int_equal(dns_name(&q, name), 0);
	assert_int_equal(q.len, 65);
	for (i = 0; i < sizeof(name); i++)
		name[i] = i % 64 == 63 ? '.' : 'a';
	name[254] = '\0';
	assert_int_equal(dns_name(&q, name), -1);
	name[253] = '\0';
	assert_int_equal(dns_name(&q, name), 0);
	assert_int_equal(q.len, 255);
	assert_int_equal(dns_build(&q, buf), 12 + 255 + 4);
}

static void
test_question(void **state)
{
	static const uint8_t	 want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1"
	    "\3www\7example\3org\0\0\34\0\1\0\0\51\4\320\0\0\0\0\0\0";

	(void)state;
	ask("www.example.org", DNS_AAAA);
	assert_int_equal(dns_build(&q, buf), sizeof(want) - 1);
	assert_memory_equal(buf, want, sizeof(want) - 1);
}

/* All letters come in both cases, and nothing else changes. */
static void
test_mix(void **state)
{
	static const uint8_t	 plain[] = "\3a-1\2zz";
	int			 i, upper = 0;
	uint8_t			 n;

	(void)state;
	ask("a-1.zz", DNS_A);
	for (i = 0; i < 200; i++) {
		dns_mix(&q);
		for (n = 0; n < q.len; n++) {
			upper += q.name[n] != plain[n];
			if (q.name[n] != plain[n])
				assert_int_equal(q.name[n] | 0x20, plain[n]);
		}
	}
	assert_in_range(upper, 200, 400);
}

static void
test_answers(void **state)
{
	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 1);
	PUT(A_RECORD(ONE));
	assert_found("192.0.2.10");
	answer(0x8180, 2);
	PUT(A_RECORD(ONE) A_RECORD(TWO));
	assert_int_equal(parse(), DNS_FOUND);
	assert_int_equal(nfound, 2);
	answer(0x8180, 0);
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8183, 0);
	assert_int_equal(parse(), DNS_NXNAME);
	answer(0x8182, 0);
	assert_int_equal(parse(), DNS_FAILED);
	answer(0x8185, 0);
	assert_int_equal(parse(), DNS_FAILED);
	answer(0x8181, 0);
	assert_int_equal(parse(), DNS_PLAIN);
	q.edns = 0;
	assert_int_equal(parse(), DNS_FAILED);
}

static void
test_ipv6(void **state)
{
	(void)state;
	ask("www.example.org", DNS_AAAA);
	answer(0x8180, 1);
	PUT(RR("\34", "\20") "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1");
	assert_found("2001:db8::1");
	answer(0x8180, 1);
	PUT(A_RECORD(ONE));		/* not what was asked for */
	assert_int_equal(parse(), DNS_NODATA);
}

/* Cut off: what is there will do, and nothing is no answer. */
static void
test_truncated(void **state)
{
	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8380, 1);
	PUT(A_RECORD(ONE));
	assert_found("192.0.2.10");
	answer(0x8380, 0);
	assert_int_equal(parse(), DNS_FAILED);
}

static void
test_foreign(void **state)
{
	size_t	 i;

	(void)state;
	ask("www.example.org", DNS_A);
	for (i = 0; i < 12 + 17 + 4; i++) {
		if ((i >= 6 && i < 12) || i == 3)
			continue;	/* counts, and the code */
		answer(0x8180, 1);
		PUT(A_RECORD(ONE));
		buf[i] ^= i == 2 ? 0x80 : 0x20;
		assert_int_equal(parse(), DNS_FOREIGN);
	}
	answer(0x8180, 1);
	for (len = 0; len < 12 + 17 + 4; len++)
		assert_int_equal(parse(), DNS_FOREIGN);
}

/* Of another name, another class, another length: not the answer. */
static void
test_other_records(void **state)
{
	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 4);
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" TWO);
	PUT("\300\14\0\1\0\3\0\0\0\74\0\4" TWO);
	PUT(RR("\1", "\5") TWO "\1");
	PUT("\3WWW\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_found("192.0.2.10");
}

static void
test_aliases(void **state)
{
	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 2);
	PUT(RR("\5", "\6") "\3ftp\300\20");
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_found("192.0.2.10");
	answer(0x8180, 2);		/* the other way round */
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	PUT(RR("\5", "\6") "\3ftp\300\20");
	assert_found("192.0.2.10");
	answer(0x8180, 1);		/* of itself */
	PUT(RR("\5", "\2") "\300\14");
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8180, 2);		/* a name that ends before its record */
	PUT(RR("\5", "\7") "\3ftp\300\20\0");
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8180, 1);		/* a name that goes on behind its end */
	PUT(RR("\5", "\4") "\3ftp\300\20");
	assert_int_equal(parse(), DNS_NODATA);
}

static void
test_pointers(void **state)
{
	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 1);		/* to itself */
	PUT("\300\41\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8180, 1);		/* forwards */
	PUT("\300\50\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8180, 1);		/* beyond the end */
	PUT("\377\377\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_int_equal(parse(), DNS_NODATA);
	answer(0x8180, 1);		/* a kind of label that is not */
	PUT("\200\14\0\1\0\1\0\0\0\74\0\4" ONE);
	assert_int_equal(parse(), DNS_NODATA);
}

/* Wherever an answer ends, what is behind is not there. */
static void
test_every_end(void **state)
{
	size_t	 full;

	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 3);
	PUT(RR("\5", "\6") "\3ftp\300\20");
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" TWO);
	full = len;
	assert_int_equal(parse(), DNS_FOUND);
	assert_int_equal(nfound, 2);
	for (len = 12 + 17 + 4; len < full; len++) {
		(void)parse();
		assert_int_equal(nfound, len >= full - 20 ? 1 : 0);
	}
}

static void
test_more_than_fit(void **state)
{
	int	 i;

	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 40);
	for (i = 0; i < 40; i++)
		PUT(A_RECORD(ONE));
	assert_int_equal(parse(), DNS_FOUND);
	assert_int_equal(nfound, MAX);
}

/* Broken at random; a sanitizer's build says whether that goes well. */
static void
test_random(void **state)
{
	uint8_t	 whole[2048];
	size_t	 n, i;
	int	 round;

	(void)state;
	ask("www.example.org", DNS_A);
	answer(0x8180, 3);
	PUT(RR("\5", "\6") "\3ftp\300\20");
	PUT("\3ftp\300\20\0\1\0\1\0\0\0\74\0\4" ONE);
	PUT(A_RECORD(TWO));
	memcpy(whole, buf, n = len);
	for (round = 0; round < 50000; round++) {
		memcpy(buf, whole, n);
		len = 33 + arc4random_uniform((uint32_t)(n - 33) + 1);
		for (i = arc4random_uniform(6); i > 0; i--)
			buf[33 + arc4random_uniform((uint32_t)n - 33)] =
			    (uint8_t)arc4random();
		(void)parse();
		assert_true(nfound <= MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_other_records),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_every_end),
		cmocka_unit_test(test_more_than_fit),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
