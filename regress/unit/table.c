/*
 * table.c: tests of tables: the most specific entry decides, duplicates do no
 * harm, and every answer equals that of a search through all entries.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "table.h"

/* "!" in front makes it a no. */
static int
add(struct table *t, const char *s)
{
	struct table_entry	 e;

	memset(&e, 0, sizeof(e));
	e.neg = *s == '!';
	assert_int_equal(prefix_parse(&e.prefix, s + e.neg), 0);
	return table_add(t, &e);
}

static int
ask(const struct table *t, const char *s)
{
	struct addr	 a;

	assert_int_equal(addr_parse(&a, s), 0);
	return table_match(t, &a);
}

static void
most_specific(void **state)
{
	struct table	*t = table_new("t");

	(void)state;
	assert_int_equal(ask(t, "10.0.0.1"), 0);
	assert_int_equal(add(t, "10.0.0.0/8"), 0);
	assert_int_equal(add(t, "!10.1.0.0/16"), 0);
	assert_int_equal(add(t, "10.1.2.0/24"), 0);
	assert_int_equal(add(t, "!10.1.2.3"), 0);
	assert_int_equal(ask(t, "10.255.255.255"), 1);
	assert_int_equal(ask(t, "11.0.0.0"), 0);
	assert_int_equal(ask(t, "9.255.255.255"), 0);
	assert_int_equal(ask(t, "10.1.0.1"), 0);
	assert_int_equal(ask(t, "10.1.2.255"), 1);
	assert_int_equal(ask(t, "10.1.2.3"), 0);
	assert_int_equal(ask(t, "::ffff:10.0.0.1"), 1);
	table_free(t);
}

static void
families(void **state)
{
	struct table	*t = table_new("t");

	(void)state;
	assert_int_equal(add(t, "0.0.0.0/0"), 0);
	assert_int_equal(ask(t, "255.255.255.255"), 1);
	assert_int_equal(ask(t, "::"), 0);
	assert_int_equal(add(t, "::/0"), 0);
	assert_int_equal(ask(t, "::1"), 1);
	assert_int_equal(add(t, "!2001:db8::/33"), 0);
	assert_int_equal(ask(t, "2001:db8:7fff::"), 0);
	assert_int_equal(ask(t, "2001:db8:8000::"), 1);
	assert_int_equal(add(t, "2001:db8::1"), 0);
	assert_int_equal(ask(t, "2001:db8::1"), 1);
	table_free(t);
}

static void
duplicates(void **state)
{
	struct table	*t = table_new("t");

	(void)state;
	assert_int_equal(add(t, "10.0.0.0/8"), 0);
	assert_int_equal(add(t, "10.1.2.3/8"), 1);
	assert_int_equal(add(t, "!10.0.0.0/8"), 1);
	assert_int_equal(t->n, 1);
	assert_int_equal(ask(t, "10.0.0.1"), 1);
	/* The same octets with another length or family are another entry. */
	assert_int_equal(add(t, "10.0.0.0/9"), 0);
	assert_int_equal(add(t, "a00::/8"), 0);
	assert_int_equal(t->n, 3);
	table_free(t);
}

static int
slow_match(const struct table *t, const struct addr *a)
{
	const struct table_entry	*best = NULL;
	uint32_t			 i;

	for (i = 0; i < t->n; i++)
		if (prefix_match(&t->e[i].prefix, a) && (best == NULL ||
		    t->e[i].prefix.len > best->prefix.len))
			best = &t->e[i];
	return best != NULL && !best->neg;
}

static uint32_t
next(uint32_t *seed)
{
	return *seed = *seed * 1664525 + 1013904223;
}

/* Clustered, so that entries nest; the same every time. */
static void
random_addr(uint32_t *seed, struct addr *a)
{
	uint8_t		 b[16];
	size_t		 i;

	for (i = 0; i < sizeof(b); i++)
		b[i] = (next(seed) >> 24) & (i < 2 ? 0x01 : 0x83);
	if (next(seed) >> 31)
		addr_v4(a, b);
	else
		addr_v6(a, b, 0);
}

static void
as_the_slow_way(void **state)
{
	struct table		*t = table_new("t");
	struct table_entry	 e;
	struct addr		 a;
	uint32_t		 i, seed = 1, yes = 0;

	(void)state;
	for (i = 0; i < 3000; i++) {
		memset(&e, 0, sizeof(e));
		random_addr(&seed, &e.prefix.addr);
		e.prefix.len = (uint8_t)((next(&seed) >> 16) %
		    (e.prefix.addr.af == ADDR_V4 ? 33 : 129));
		e.neg = next(&seed) >> 31;
		assert_true(table_add(t, &e) >= 0);
	}
	for (i = 0; i < 5000; i++) {
		random_addr(&seed, &a);
		assert_int_equal(table_match(t, &a), slow_match(t, &a));
		yes += (uint32_t)table_match(t, &a);
	}
	assert_in_range(yes, 500, 4500);
	table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_specific),
		cmocka_unit_test(families),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(as_the_slow_way)
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
