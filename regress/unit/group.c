/*
 * group.c: tests of groups and the verdicts on their sources: places of
 * receivers, ports held, senders, and that questions, waiting datagrams and
 * remembered sources keep within their bounds (P35, P40, P41, P48).
 */

#include "engine_stub.h"
#include "handlers.h"
#include "relay_io.h"

static struct sock	 sock;
static struct group	*g;

static int
setup(void **state)
{
	stub_setup(state);
	memset(&sock, 0, sizeof(sock));
	sock.key.kind = SOCK_GROUP;
	sock.key.addr = stub_endpoint("239.1.1.1", 0).addr;
	sock.key.port = 5000;
	sock.key.ifindex = 3;
	g = sock.group = group_new(&sock);
	assert_non_null(g);
	return 0;
}

static int
teardown(void **state)
{
	group_free(g);
	return stub_teardown(state);
}

static struct dgram
dgram(const char *src, uint16_t port, const char *text)
{
	struct dgram	 d;

	memset(&d, 0, sizeof(d));
	d.src = stub_endpoint(src, port);
	d.data = (const uint8_t *)text;
	d.len = strlen(text);
	return d;
}

static int
judge(const char *src, uint16_t port)
{
	struct dgram	 d = dgram(src, port, "some payload");

	return source_judge(g, &d, stub_now);
}

static void
answer(uint32_t question, int pass)
{
	struct msg_source	 m = stub_answer(question, pass);

	group_on_sourced(PROC_POLICY, &m, -1);
}

static void
places(void **state)
{
	struct assoc	*a = stub_assoc;
	int		 i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(group_join(g, &a[i]), 0);
	assert_int_equal(g->n, 100);
	group_leave(g, &a[0]);
	assert_ptr_equal(g->receivers[0], &a[99]);
	assert_int_equal(a[99].slot, 0);
	group_leave(g, &a[0]);			/* is not in it */
	assert_int_equal(g->n, 99);
	group_leave(g, &a[98]);			/* the last one */
	assert_int_equal(g->n, 98);
	for (i = 1; i < 98; i++)
		group_leave(g, &a[i]);
	assert_int_equal(g->n, 1);
	group_leave(g, &a[99]);
	assert_int_equal(g->n, 0);
}

static void
ports_held(void **state)
{
	struct endpoint	 ep = stub_endpoint("10.0.0.1", 7000);
	struct sock	 other = sock;
	struct assoc	*a = stub_assoc;

	(void)state;
	a[0].local = ep;
	assert_int_equal(group_join(g, &a[0]), 0);
	assert_int_equal(group_port_held(g, &ep, &a[0]), 0);
	assert_int_equal(group_port_held(g, &ep, &a[1]), 1);
	/* Held, too, when the other socket has a source filter (P41). */
	other.key.source = stub_endpoint("192.0.2.1", 0).addr;
	other.group = group_new(&other);
	assert_int_equal(group_port_held(other.group, &ep, &a[1]), 1);
	group_free(other.group);
	/* But not on another interface. */
	other.key.ifindex = 4;
	other.group = group_new(&other);
	assert_int_equal(group_port_held(other.group, &ep, &a[1]), 0);
	group_free(other.group);
	ep.port++;
	assert_int_equal(group_port_held(g, &ep, &a[1]), 0);
}

static void
relays_apart(void **state)
{
	struct endpoint	 ep = stub_endpoint("239.1.1.1", 5000);
	struct sock	 other = sock;
	uint32_t	 ifindex;

	(void)state;
	assert_ptr_equal(group_first(&ep, 3), g);
	assert_null(group_next(g));
	for (ifindex = 4; ifindex < 100000; ifindex++)
		assert_null(group_first(&ep, ifindex));
	ep.port = 5001;
	assert_null(group_first(&ep, 3));
	ep = stub_endpoint("239.1.1.2", 5000);
	assert_null(group_first(&ep, 3));
	other.key.source = stub_endpoint("192.0.2.1", 0).addr;
	other.group = group_new(&other);
	ep = stub_endpoint("239.1.1.1", 5000);
	assert_ptr_equal(group_first(&ep, 3), other.group);
	assert_ptr_equal(group_next(other.group), g);
	assert_int_equal(group_number(), 2);
	assert_int_equal(engine.stat[STAT_GROUPS], 2);
	group_free(other.group);
}

static void
senders(void **state)
{
	struct sock		 send;
	struct msg_counters	 m;
	struct assoc		*a = stub_assoc;

	(void)state;
	memset(&send, 0, sizeof(send));
	send.key.kind = SOCK_SEND;
	send.key.ifindex = 3;
	a[0].send = a[1].send = &send;
	a[0].remote = a[1].remote = stub_endpoint("239.9.9.9", 5000);
	group_sender(&a[0], 1);
	group_sender(&a[1], 1);
	memset(&m, 0, sizeof(m));
	sock.key.addr = a[0].remote.addr;	/* nobody receives from it */
	group_count(&sock.key, &m);
	assert_int_equal(m.found, 1);
	assert_int_equal(m.senders, 2);
	group_sender(&a[0], 0);
	group_sender(&a[1], 0);
	memset(&m, 0, sizeof(m));
	group_count(&sock.key, &m);
	assert_int_equal(m.found, 0);
	sock.key.addr = stub_endpoint("239.1.1.1", 0).addr;
}

static void
unfiltered_are_counted(void **state)
{
	int		 i;

	(void)state;
	for (i = 0; i < 300; i++) {
		assert_int_equal(judge("192.0.2.1", i + 1), 1);
		assert_int_equal(judge("192.0.2.1", 1), 1);
	}
	assert_int_equal(g->sources.n, SOURCES_MAX);
	assert_int_equal(stub_nasked, 0);
}

static void
asked_once(void **state)
{
	(void)state;
	group_filter(g, 1);
	assert_int_equal(judge("192.0.2.1", 1), 0);
	assert_int_equal(judge("192.0.2.1", 1), 0);
	assert_int_equal(stub_nasked, 1);
	assert_int_equal(stub_asked[0].ifindex, 3);
	assert_int_equal(stub_asked[0].group.port, 5000);
	assert_true(addr_eq(&stub_asked[0].group.addr, &sock.key.addr));
	assert_int_equal(stub_asked[0].source.port, 1);
	answer(0, 1);
	assert_int_equal(g->counters.in_dgrams, 2);
	assert_int_equal(g->counters.in_octets, 24);
	assert_int_equal(judge("192.0.2.1", 1), 1);
	/* Another port is another question: rules may name ports. */
	assert_int_equal(judge("192.0.2.1", 2), 0);
	assert_int_equal(stub_nasked, 2);
	answer(1, 0);
	assert_int_equal(g->counters.drops[DROP_BLOCKED], 1);
	assert_int_equal(judge("192.0.2.1", 2), 0);
	assert_int_equal(g->counters.drops[DROP_BLOCKED], 2);
	assert_int_equal(engine.lost.drops[DROP_BLOCKED], 2);
	assert_int_equal(stub_nasked, 2);
}

/* 64 of a source wait, the rest is dropped; the end drops them all. */
static void
waiting_bounded(void **state)
{
	int		 i;

	(void)state;
	group_filter(g, 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(judge("192.0.2.1", 1), 0);
	assert_int_equal(g->counters.drops[DROP_PENDING], 36);
	sources_free(g);
	assert_int_equal(g->counters.drops[DROP_PENDING], 100);
	answer(0, 1);				/* for a group gone since */
	assert_int_equal(g->counters.in_dgrams, 0);
}

static void
questions_bounded(void **state)
{
	int		 i;

	(void)state;
	group_filter(g, 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(judge("192.0.2.1", i + 1), 0);
	assert_int_equal(stub_nasked, SOURCES_ASKED);
	assert_int_equal(g->sources.n, SOURCES_ASKED);
	assert_int_equal(g->counters.drops[DROP_PENDING], 100 - SOURCES_ASKED);
	/* However fast the answers are. */
	for (i = 0; i < 1000; i++) {
		while (g->sources.asked > 0)
			answer(stub_nasked - g->sources.asked, 0);
		(void)judge("192.0.2.2", i + 1);
	}
	assert_int_equal(stub_nasked, SOURCES_RATE);
	stub_now += 1000;
	assert_int_equal(judge("192.0.2.3", 1), 0);
	assert_int_equal(stub_nasked, SOURCES_RATE + 1);
}

/* Made-up sources that get no question do not push out judged ones. */
static void
judged_stay(void **state)
{
	int		 i;

	(void)state;
	group_filter(g, 1);
	(void)judge("192.0.2.1", 1);
	answer(0, 1);
	for (i = 0; i < 10000; i++)
		(void)judge("192.0.2.2", i + 1);
	assert_int_equal(judge("192.0.2.1", 1), 1);
}

/* After a reload the old verdict holds until the new one is there. */
static void
reload(void **state)
{
	(void)state;
	group_filter(g, 1);
	(void)judge("192.0.2.1", 1);
	answer(0, 1);
	engine.generation++;
	assert_int_equal(judge("192.0.2.1", 1), 1);
	assert_int_equal(judge("192.0.2.1", 1), 1);
	assert_int_equal(stub_nasked, 2);
	answer(1, 0);
	assert_int_equal(judge("192.0.2.1", 1), 0);
	assert_int_equal(g->counters.drops[DROP_BLOCKED], 1);
	assert_int_equal(stub_nasked, 2);
}

/* An answer by rules older than ours is used, and asked for again. */
static void
old_answer(void **state)
{
	(void)state;
	group_filter(g, 1);
	(void)judge("192.0.2.1", 1);
	engine.generation++;
	answer(0, 1);
	assert_int_equal(judge("192.0.2.1", 1), 1);
	assert_int_equal(stub_nasked, 2);
}

/* No deliver rule when the group was joined; the reload may bring one. */
static void
reload_brings_rules(void **state)
{
	(void)state;
	assert_int_equal(judge("192.0.2.1", 1), 1);
	engine.generation++;
	assert_int_equal(judge("192.0.2.1", 1), 1);
	assert_int_equal(stub_nasked, 1);
	assert_int_equal(judge("192.0.2.2", 1), 0);	/* never judged */
	assert_int_equal(stub_nasked, 2);
	answer(0, 0);
	assert_int_equal(judge("192.0.2.1", 1), 0);
	group_filter(g, 0);
	assert_int_equal(judge("192.0.2.1", 1), 1);
}

/* Octets wait within bounds, per source and in all groups together. */
static void
budget(void **state)
{
	static uint8_t	 big[65507];
	struct dgram	 d = dgram("192.0.2.1", 1, "");
	int		 i;

	(void)state;
	group_filter(g, 1);
	d.data = big;
	d.len = sizeof(big);
	for (i = 0; i < 128; i++) {
		d.src.port = 1 + i / 8;
		assert_int_equal(source_judge(g, &d, stub_now), 0);
		if (i == 7)
			assert_int_equal(g->counters.drops[DROP_PENDING],
			    8 - SOURCE_OCTETS / sizeof(big));
	}
	assert_int_equal(g->counters.drops[DROP_PENDING],
	    128 - SOURCE_BUDGET / sizeof(big));
	while (g->sources.asked > 0)
		answer(stub_nasked - g->sources.asked, 0);
	d.src.port = 500;
	(void)source_judge(g, &d, stub_now);
	assert_int_equal(g->counters.drops[DROP_PENDING],
	    128 - SOURCE_BUDGET / sizeof(big));
}

static void
stray_answer(void **state)
{
	struct msg_source	 m;

	(void)state;
	memset(&m, 0, sizeof(m));
	group_on_sourced(PROC_POLICY, &m, -1);
	m.group = stub_endpoint("239.1.1.1", 5000);
	m.ifindex = 3;
	m.source = stub_endpoint("192.0.2.1", 1);
	group_on_sourced(PROC_POLICY, &m, -1);
	assert_int_equal(g->sources.n, 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(places),
		TEST(ports_held),
		TEST(relays_apart),
		TEST(senders),
		TEST(unfiltered_are_counted),
		TEST(asked_once),
		TEST(waiting_bounded),
		TEST(questions_bounded),
		TEST(judged_stay),
		TEST(reload),
		TEST(old_answer),
		TEST(reload_brings_rules),
		TEST(budget),
		TEST(stray_answer),
	};

	event_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
