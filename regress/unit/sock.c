/*
 * sock.c: tests of the engine's sockets: what is taken over, kept, replaced
 * and refused, and that none is closed while an answer may still mean it.
 */

#include <errno.h>
#include <fcntl.h>

#include "engine_stub.h"

static int
any_fd(void)
{
	return stub_socket("127.0.0.1", 0, NULL);
}

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static struct msg_socket
message(enum sock_kind kind, uint16_t port)
{
	struct endpoint	 ep = stub_endpoint(kind == SOCK_GROUP ? "239.1.1.1" :
			    "127.0.0.1", port);

	return stub_message(kind, &ep, 1);
}

static void
installed(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	struct sock		*s;
	int			 fd = any_fd();

	(void)state;
	assert_null(sock_find(&m.grant.key));
	assert_non_null(s = sock_install(&m, fd));
	assert_ptr_equal(sock_find(&m.grant.key), s);
	assert_int_equal(s->fd, fd);
	assert_int_equal(s->mtu, 65536);
	assert_int_equal(s->refs, 0);
	assert_non_null(s->group);
	assert_int_equal(group_number(), 1);
	m.grant.key.source = stub_endpoint("192.0.2.1", 0).addr;
	assert_null(sock_find(&m.grant.key));
	m = message(SOCK_SEND, 0);
	assert_non_null(s = sock_install(&m, any_fd()));
	assert_null(s->group);
}

static void
failed(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	int			 fd = any_fd();

	(void)state;
	assert_null(sock_install(&m, -1));	/* lost on the way */
	m.err = ENOBUFS;
	assert_null(sock_install(&m, -1));
	assert_null(sock_install(&m, fd));
	assert_false(is_open(fd));
	m.err = 0;
	m.grant.reuse = 1;
	assert_null(sock_install(&m, -1));	/* of what is not there */
	assert_int_equal(group_number(), 0);
}

static void
reused(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	struct sock		*s = sock_install(&m, any_fd());
	int			 fd = any_fd();

	(void)state;
	m.grant.reuse = 1;
	assert_ptr_equal(sock_install(&m, -1), s);
	assert_ptr_equal(sock_install(&m, fd), s);
	assert_false(is_open(fd));
}

/* Another for the same key: the one with users stays. */
static void
replaced(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	int			 first = any_fd(), second, third;
	struct sock		*s = sock_install(&m, first);

	(void)state;
	second = any_fd();
	s = sock_install(&m, second);
	assert_non_null(s);
	assert_int_equal(s->fd, second);
	assert_false(is_open(first));
	sock_ref(s);
	third = any_fd();
	assert_ptr_equal(sock_install(&m, third), s);
	assert_false(is_open(third));
	assert_true(is_open(second));
	assert_int_equal(group_number(), 1);
}

static void
collected(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	struct sock		*s;

	(void)state;
	stub_newest = 10;
	stub_oldest = 8;
	s = sock_install(&m, any_fd());
	sock_collect(stub_oldest);
	assert_ptr_equal(sock_find(&m.grant.key), s);
	sock_ref(s);
	stub_newest = 12;
	sock_collect(100);			/* has a user */
	assert_ptr_equal(sock_find(&m.grant.key), s);
	sock_unref(s);
	sock_collect(12);			/* number 12 may say reuse */
	assert_ptr_equal(sock_find(&m.grant.key), s);
	sock_collect(13);
	assert_null(sock_find(&m.grant.key));
}

/* All of them in the end, a few at a time. */
static void
many_idle(void **state)
{
	struct msg_socket	 m;
	struct sock		*s[100];
	int			 i, rounds;

	(void)state;
	for (i = 0; i < 100; i++) {
		m = message(SOCK_GROUP, 5000 + i);
		assert_non_null(s[i] = sock_install(&m, any_fd()));
		sock_ref(s[i]);
	}
	for (i = 0; i < 100; i++)
		sock_unref(s[i]);
	sock_collect(stub_oldest);
	assert_in_range(group_number(), 1, 99);
	for (rounds = 0; rounds < 100 && group_number() > 0; rounds++)
		event_loop(EVLOOP_ONCE);
	assert_int_equal(group_number(), 0);
	assert_in_range(rounds, 2, 20);
}

/* Nobody calls sock_collect(), and an answer is late. */
static void
by_timer(void **state)
{
	struct msg_socket	 m = message(SOCK_GROUP, 5000);
	struct sock		*s = sock_install(&m, any_fd());

	(void)state;
	stub_newest = 1;
	stub_oldest = 1;
	sock_ref(s);
	sock_unref(s);
	event_loop(EVLOOP_ONCE);
	assert_non_null(sock_find(&m.grant.key));
	stub_oldest = 2;
	event_loop(EVLOOP_ONCE);
	assert_null(sock_find(&m.grant.key));
}

static void
try_kind(uint8_t kind, const char *addr, uint16_t port)
{
	struct msg_socket	 m;

	m = message(SOCK_RELAY, port);
	m.grant.key.kind = kind;
	m.grant.key.addr = stub_endpoint(addr, 0).addr;
	expect_assert_failure((void)sock_install(&m, -1));
}

static void
corrupt(void **state)
{
	struct msg_socket	 m = message(SOCK_RELAY, 1);

	(void)state;
	try_kind(SOCK_NONE, "127.0.0.1", 1);
	try_kind(SOCK_MAX, "127.0.0.1", 1);
	try_kind(SOCK_GROUP, "127.0.0.1", 1);
	try_kind(SOCK_GROUP, "239.1.1.1", 0);
	m.grant.key.addr.af = 5;
	expect_assert_failure((void)sock_install(&m, -1));
}

static int
setup(void **state)
{
	return stub_setup(state);
}

static int
teardown(void **state)
{
	stub_teardown(state);
	event_loop(EVLOOP_NONBLOCK);
	return 0;
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(installed),
		TEST(failed),
		TEST(reused),
		TEST(replaced),
		TEST(collected),
		TEST(many_idle),
		TEST(by_timer),
		TEST(corrupt),
	};

	event_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
