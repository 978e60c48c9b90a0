/*
 * egress.c: tests of the table that finds the association of a datagram from
 * outside: against a plain list, through growth and deletion.
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

#include "egress.h"

#define N	3000

static struct sock	 sock[2];
static struct assoc	 assoc[N];

static struct endpoint
host(uint32_t n, uint16_t port)
{
	const uint8_t	 b[4] = { 192, 0, (uint8_t)(n >> 8), (uint8_t)n };
	struct endpoint	 ep;

	memset(&ep, 0, sizeof(ep));
	addr_v4(&ep.addr, b);
	ep.port = port;
	return ep;
}

/* It receives, sends, or both: the socket is where it stands. */
static int
join(struct assoc *a, struct sock *s, struct endpoint remote, int both)
{
	memset(a, 0, sizeof(*a));
	a->remote = remote;
	if (egress_join(s, a) == -1)
		return -1;
	a->recv = s;
	if (both)
		a->send = s;
	return 0;
}

static void
leave(struct assoc *a)
{
	egress_leave(egress_sock(a), a);
	a->recv = a->send = NULL;
}

static void
test_exact(void **state)
{
	struct endpoint	 ep = host(1, 7), other = host(1, 8);

	(void)state;
	assert_null(egress_find(&sock[0], &ep));
	assert_int_equal(join(&assoc[0], &sock[0], ep, 0), 0);
	assert_ptr_equal(egress_find(&sock[0], &ep), &assoc[0]);
	assert_null(egress_find(&sock[1], &ep));
	assert_null(egress_find(&sock[0], &other));
	other = host(2, 7);
	assert_null(egress_find(&sock[0], &other));
	/* Taken on this socket, free on another. */
	assert_int_equal(join(&assoc[1], &sock[0], ep, 0), -1);
	assert_int_equal(join(&assoc[1], &sock[1], ep, 1), 0);
	assert_ptr_equal(egress_find(&sock[1], &ep), &assoc[1]);
	leave(&assoc[0]);
	assert_null(egress_find(&sock[0], &ep));
	leave(&assoc[1]);
	assert_null(egress_find(&sock[1], &ep));
}

/* P24: port 0 has what is nobody else's; the scope of a source is no part. */
static void
test_any_port(void **state)
{
	struct endpoint	 any = host(1, 0), one = host(1, 7), two = host(1, 8);
	struct endpoint	 v6;
	const uint8_t	 b[16] = { 0xfe, 0x80, [15] = 1 };

	(void)state;
	assert_int_equal(join(&assoc[0], &sock[0], any, 0), 0);
	assert_int_equal(join(&assoc[1], &sock[0], one, 0), 0);
	assert_ptr_equal(egress_find(&sock[0], &one), &assoc[1]);
	assert_ptr_equal(egress_find(&sock[0], &two), &assoc[0]);
	leave(&assoc[1]);
	assert_ptr_equal(egress_find(&sock[0], &one), &assoc[0]);
	leave(&assoc[0]);
	memset(&v6, 0, sizeof(v6));
	addr_v6(&v6.addr, b, 0);
	v6.port = 7;
	assert_int_equal(join(&assoc[0], &sock[0], v6, 0), 0);
	addr_v6(&v6.addr, b, 3);
	assert_ptr_equal(egress_find(&sock[0], &v6), &assoc[0]);
	leave(&assoc[0]);
}

/* A group's association is none of ours; to leave twice is no fault. */
static void
test_strangers(void **state)
{
	struct assoc	 a;
	struct endpoint	 ep = host(1, 7);

	(void)state;
	assert_int_equal(join(&assoc[0], &sock[0], ep, 0), 0);
	memset(&a, 0, sizeof(a));
	a.remote = ep;
	a.flags = SOCKS_F_MULTICAST;
	a.recv = &sock[0];
	assert_null(egress_sock(&a));
	egress_leave(&sock[0], &a);
	assert_ptr_equal(egress_find(&sock[0], &ep), &assoc[0]);
	leave(&assoc[0]);
	egress_leave(&sock[0], &assoc[0]);
	assert_null(egress_find(&sock[0], &ep));
}

static void
check(const uint8_t *in)
{
	struct endpoint	 ep;
	int		 i;

	for (i = 0; i < N; i++) {
		ep = host(i / 2, 5000);
		assert_ptr_equal(egress_find(&sock[i % 2], &ep),
		    in[i] ? &assoc[i] : NULL);
	}
}

/* Any order of coming and going; then all that is left is found. */
static void
test_churn(void **state)
{
	static uint8_t	 in[N];
	int		 i, k, round;

	(void)state;
	srandom(4711);
	for (round = 0; round < 8; round++) {
		for (k = 0; k < 2 * N; k++) {
			i = random() % N;
			if (in[i])
				leave(&assoc[i]);
			else
				assert_int_equal(join(&assoc[i], &sock[i % 2],
				    host(i / 2, 5000), i % 3), 0);
			in[i] = !in[i];
		}
		check(in);
	}
	for (i = 0; i < N; i++)
		if (in[i])
			leave(&assoc[i]);
	memset(in, 0, sizeof(in));
	check(in);
	assert_int_equal(egress_number(), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_any_port),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_churn)
	};

	return cmocka_run_group_tests_name("egress", tests, NULL, NULL);
}
