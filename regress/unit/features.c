/*
 * LIST-FEATURES over a socket pair (P9): the octets of its list, whether the
 * connection is kept, and answers that nobody waits for or that fail.
 */
#include "session_grant.h"

#define NONE	0, 1, 0, 0, 0, 0, 0, 0
#define HEAD(k)	5, 0, k, 1, 0, 0, 0, 0, 0, 0, 0, 16, 2, 1, 2, 1, 5, 0, \
		    2, 1, 0, 2, 3, 0
#define TAIL	4, 16, 1, 1, 4, 4, 2, 1, 2, 255, 0, 0

/* The answer as policy and the parent give it: no grant, no socket. */
static void
answer(uint16_t flags, int err)
{
	struct msg_ask		*ask = asked(ASK_FEATURES);
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.sid = ask->sid;
	m.grant.req = ask->req;
	m.grant.parts = 1;
	m.grant.flags = flags;
	m.grant.key.kind = SOCK_NONE;
	m.err = err;
	request_on_socket(PROC_PARENT, &m, -1);
}

static int
lists(uint8_t keep)
{
	int		 fd = stub_client(++sid, 1);

	SAY(fd, 5, 1, 0, 5, 0x10, keep, 1, 0, 0, 0, 0, 0, 0);
	HEAR(fd, 5, 0);
	return fd;
}

static void
test_list(void **state)
{
	int		 fd = lists(0);

	(void)state;
	answer(0, 0);
	HEAR(fd, HEAD(0), 3, 0, 0, TAIL);
	hear_end(fd);
	assert_int_equal(ended(END_DONE)->requests, 1);
	fd = lists(0);
	answer(ASK_MAY_CONNECT | ASK_MAY_BIND | ASK_MAY_ASSOCIATE |
	    ASK_MAY_IPV6, 0);
	HEAR(fd, HEAD(0), 2, 4, 0, 3, 0, 0, 4, 1, 0, 4, 2, 0, 4, 3, 0, TAIL);
	hear_end(fd);
	ended(END_DONE);
}

/* P44 */
static void
test_extensions(void **state)
{
	int		 fd;

	(void)state;
	engine.settings.extensions = EXT_BASE;
	fd = lists(0);
	answer(0, 0);
	HEAR(fd, HEAD(0), 3, 0, 0, 4, 16, 1, 1, 4, 4, 1, 1, 255, 0, 0);
	close(fd);
	engine.settings.extensions = EXT_MULTICAST;
	fd = lists(0);
	answer(0, 0);
	HEAR(fd, HEAD(0), 3, 0, 0, 4, 16, 1, 1, 4, 4, 1, 2, 255, 0, 0);
	close(fd);
	engine.settings.extensions = 0;
	fd = lists(0);
	answer(0, 0);
	HEAR(fd, HEAD(0), 3, 0, 0, 4, 16, 1, 1, 255, 0, 0);
	close(fd);
}

/* The longest there can be fits. */
static void
test_eight_methods(void **state)
{
	static const uint8_t	 eight[] = { 0, 1, 2, 3, 5, 6, 7, 8 };
	int			 fd;

	(void)state;
	stub_configure(sizeof(eight), eight);
	fd = lists(0);
	answer(0xffff, 0);
	HEAR(fd, HEAD(0), 2, 4, 0, 3, 0, 0, 3, 1, 0, 3, 2, 0, 3, 3, 0, 3, 5, 0,
	    3, 6, 0, 3, 7, 0, 3, 8, 0, 4, 1, 0, 4, 2, 0, 4, 3, 0, TAIL);
	hear_end(fd);
	ended(END_DONE);
}

static void
test_kept(void **state)
{
	int		 fd = lists(1);

	(void)state;
	answer(0, 0);
	HEAR(fd, HEAD(1), 3, 0, 0, TAIL);
	SAY(fd, 5, 0x10, 0xff, 1, 0, 0, 0, 0, 0, 0, 5, 4, NONE);
	answer(0, 0);
	HEAR(fd, HEAD(1), 3, 0, 0, TAIL);
	grant_part(asked(ASK_ENHANCED), ++grants, SOCK_RELAY, 0, 1, 0);
	HEAR(fd, 1, 0, 0, 1, 192, 0, 2, 1, 0x1e, 0x61);
	close(fd);
	assert_int_equal(ended(END_CLIENT)->requests, 3);
}

/* It has the time of a handshake for its next request, and no more. */
static void
test_kept_for_a_while(void **state)
{
	int		 fd;

	(void)state;
	engine.settings.timeout[TIMEOUT_HANDSHAKE] = 1;
	fd = lists(1);
	answer(0, 0);
	HEAR(fd, HEAD(1), 3, 0, 0, TAIL);
	assert_in_range(wait_for(fd, 1000), 900, 2000);
	hear_end(fd);
	ended(END_TIMEOUT);
}

/* P5, P6: the FIN behind a CONNECT that waits is half a close. */
static void
test_connect_behind(void **state)
{
	int		 fd = stub_client(++sid, 1);

	(void)state;
	SAY(fd, 5, 1, 0, 5, 0x10, 1, 1, 0, 0, 0, 0, 0, 0,
	    5, 1, 0, 1, 192, 0, 2, 77, 0, 80);
	HEAR(fd, 5, 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	stub_run();
	answer(0, 0);
	HEAR(fd, HEAD(1), 3, 0, 0, TAIL);
	deny(asked(ASK_CONNECT), SOCKS_REFUSED, 0);
	HEAR(fd, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0);
	hear_end(fd);
	ended(END_REFUSED);
}

/* Nothing was given, so policy hears of no grant that has ended. */
static void
test_gone(void **state)
{
	int		 fd = lists(1);

	(void)state;
	close(fd);
	stub_run();
	answer(0, 0);
	assert_int_equal(stub_count(M_RELEASED), 0);
	ended(END_CLIENT);
}

static void
test_failed(void **state)
{
	int		 fd = lists(1);

	(void)state;
	answer(0, ESTALE);
	HEAR(fd, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0);
	hear_end(fd);
	assert_int_equal(stub_count(M_RELEASED), 0);
	assert_int_equal(ended(END_FAILED)->refused, 1);
	fd = lists(1);
	deny(asked(ASK_FEATURES), SOCKS_FAILURE, 0);
	HEAR(fd, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0);
	hear_end(fd);
	ended(END_FAILED);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_list),
		T(test_extensions),
		T(test_eight_methods),
		T(test_kept),
		T(test_kept_for_a_while),
		T(test_connect_behind),
		T(test_gone),
		T(test_failed),
	};

	alarm(120);			/* whatever hangs has failed */
	stub_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
