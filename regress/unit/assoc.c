/*
 * Associations: their identifiers, which rest for 120 s (P19), the maps they
 * are found by, the directions that stand, idle time and learning (P20).
 */
#include "control_run.h"

#include "aid.h"
#include "idmap.h"

static struct session	*session;
static int		 client;
static uint64_t		 grants = 100;

static int
setup(void **state)
{
	static uint64_t	 sid;

	(void)state;
	client = stub_client(++sid, 1);
	session = session_find(sid);
	session->state = SESSION_ENHANCED;
	nread = nsent = 0;
	stub_port_held = stub_join_fails = 0;
	return session == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	session_close(session, END_CLIENT);
	close(client);
	return stub_receivers == 0 && stub_senders == 0 &&
	    stub_refs[SOCK_GROUP] == 0 && stub_refs[SOCK_SEND] == 0 ? 0 : -1;
}

static struct sock *
a_socket(uint8_t kind)
{
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.key.kind = kind;
	return sock_install(&m, -1);
}

/* As the answer to a UDP BIND makes it. */
static struct assoc *
an_assoc(uint16_t dirs, uint32_t idle)
{
	struct sock		*in = NULL, *out = NULL;
	struct msg_grant	 g;
	struct assoc		*a;

	memset(&g, 0, sizeof(g));
	g.grant = ++grants;
	g.flags = dirs | SOCKS_F_MULTICAST | SOCKS_F_MU;
	g.idle = idle;
	g.ttl = 5;
	g.local = stub_endpoint("192.0.2.9", 0);
	g.remote = stub_endpoint("239.1.2.3", 5000);
	if (dirs & SOCKS_F_RECEIVE)
		sock_ref(in = a_socket(SOCK_GROUP));
	if (dirs & SOCKS_F_SEND)
		sock_ref(out = a_socket(SOCK_SEND));
	a = assoc_open(session, &g, in, out);
	if (in != NULL)
		sock_unref(in);
	if (out != NULL)
		sock_unref(out);
	return a;
}

/* Each id has its own object, whatever went before and whatever came. */
static void
test_map(void **state)
{
	static char	 object[5000];
	struct idmap	 m = { 0 };
	uint64_t	 i;

	(void)state;
	for (i = 0; i < nitems(object); i++)
		assert_int_equal(idmap_put(&m, i * 7919, &object[i]), 0);
	for (i = 0; i < nitems(object); i += 3)
		assert_ptr_equal(idmap_del(&m, i * 7919), &object[i]);
	for (i = 0; i < nitems(object); i++)
		assert_ptr_equal(idmap_get(&m, i * 7919),
		    i % 3 == 0 ? NULL : &object[i]);
	assert_null(idmap_del(&m, 1));
	assert_int_equal(m.n, nitems(object) - (nitems(object) + 2) / 3);
	idmap_clear(&m);
	assert_null(idmap_get(&m, 7919));
}

/* Deletion at random against a plain array. */
static void
test_map_random(void **state)
{
	static char	*in[512];
	struct idmap	 m = { 0 };
	uint32_t	 i, id;

	(void)state;
	memset(in, 0, sizeof(in));
	for (i = 0; i < 200000; i++) {
		id = arc4random_uniform(nitems(in));
		assert_ptr_equal(idmap_get(&m, id), in[id]);
		if (in[id] != NULL) {
			assert_ptr_equal(idmap_del(&m, id), in[id]);
			in[id] = NULL;
		} else {
			in[id] = (char *)&in[id];
			assert_int_equal(idmap_put(&m, id, in[id]), 0);
		}
	}
	idmap_clear(&m);
}

/* P19: a freed AID rests for 120 s, then it is free. */
static void
test_rest(void **state)
{
	struct assoc	*a = an_assoc(SOCKS_F_RECEIVE, 0);
	uint32_t	 aid = a->aid;

	(void)state;
	assert_int_not_equal(aid, 0);
	assert_ptr_equal(assoc_find(aid), a);
	assert_false(aid_resting(aid));
	assoc_close(a, END_RELEASE);
	assert_null(assoc_find(aid));
	assert_true(aid_resting(aid));
	stub_skew += 119500;
	assert_true(aid_resting(aid));
	stub_skew += 1000;
	assert_false(aid_resting(aid));
}

/* The list of those that rest is bounded: the oldest leaves early. */
static void
test_rest_bound(void **state)
{
	uint32_t	 i;

	(void)state;
	stub_skew += 2 * AID_REST_MS;
	for (i = 1; i <= AID_REST_MAX + 10; i++)
		aid_rest(i);
	assert_false(aid_resting(10));
	assert_true(aid_resting(11));
	assert_true(aid_resting(AID_REST_MAX + 10));
	stub_skew += AID_REST_MS;
	assert_false(aid_resting(11));
	assert_false(aid_resting(AID_REST_MAX + 10));
}

/* 100,000 of them, each found by AID and by grant; all end with the session. */
static void
test_many(void **state)
{
	static struct assoc	*all[100000];
	uint64_t		 first = grants + 1;
	uint32_t		 i;

	(void)state;
	for (i = 0; i < nitems(all); i++)
		assert_non_null(all[i] = an_assoc(SOCKS_F_RECEIVE, 3600));
	for (i = 0; i < nitems(all); i++) {
		assert_ptr_equal(assoc_find(all[i]->aid), all[i]);
		assert_ptr_equal(assoc_by_grant(first + i), all[i]);
	}
	assert_int_equal(stub_receivers, nitems(all));
	assert_int_equal(session->nassocs, nitems(all));
	for (i = 0; i < nitems(all); i += 2) {
		nsent = 0;
		assoc_close(all[i], END_RELEASE);
	}
	for (i = 1; i < nitems(all); i += 2)
		assert_ptr_equal(assoc_find(all[i]->aid), all[i]);
	for (i = 1; i < nitems(all); i += 2) {
		nsent = 0;
		assoc_close(all[i], END_RELEASE);
	}
	assert_int_equal(stub_receivers, 0);
	assert_int_equal(engine.stat[STAT_ASSOCIATIONS], 0);
}

static void
test_limits(void **state)
{
	(void)state;
	engine.settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 2;
	assert_non_null(an_assoc(SOCKS_F_RECEIVE, 0));
	assert_non_null(an_assoc(SOCKS_F_RECEIVE, 0));
	assert_null(an_assoc(SOCKS_F_RECEIVE, 0));
	engine.settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 200000;
	engine.settings.limit[LIMIT_ASSOCIATIONS] = 2;
	assert_null(an_assoc(SOCKS_F_RECEIVE, 0));
	engine.settings.limit[LIMIT_ASSOCIATIONS] = 200000;
}

/* P31: one direction goes, policy hears which one stands; then the other. */
static void
test_directions(void **state)
{
	struct assoc		*a = an_assoc(SOCKS_F_DIRECTIONS, 0);
	struct msg_released	*m;
	uint32_t		 aid = a->aid;

	(void)state;
	a->counters.in_dgrams = 5;
	assert_int_equal(a->ttl, 5);
	assoc_drop_direction(a, SOCKS_F_RECEIVE);
	m = &stub_next(M_RELEASED)->m.released;
	assert_int_equal(m->grant, a->grant);
	assert_int_equal(m->stands, SOCKS_F_SEND);
	assert_int_equal(m->ttl, 5);
	assert_int_equal(m->reason, END_RELEASE);
	assert_int_equal(m->counters.in_dgrams, 5);
	assert_int_equal(stub_receivers, 0);
	assert_int_equal(stub_refs[SOCK_GROUP], 0);
	assert_int_equal(stub_senders, 1);
	assoc_drop_direction(a, SOCKS_F_RECEIVE);
	assert_null(stub_next(M_RELEASED));
	assert_ptr_equal(assoc_find(aid), a);
	assoc_drop_direction(a, SOCKS_F_DIRECTIONS);
	assert_int_equal(stub_next(M_RELEASED)->m.released.stands, 0);
	assert_null(assoc_find(aid));
}

/* P17: where the group cannot be joined nothing has come to stand. */
static void
test_join_fails(void **state)
{
	uint32_t	 n = session->nassocs;

	(void)state;
	stub_join_fails = 1;
	assert_null(an_assoc(SOCKS_F_DIRECTIONS, 0));
	assert_int_equal(session->nassocs, n);
	assert_int_equal(stub_refs[SOCK_SEND], 0);
	assert_null(stub_next(M_RELEASED));
}

/* The wheel turns once a second of the real clock; ours is ahead of it. */
static void
turn_wheel(long long skew)
{
	stub_skew += skew;
	event_loop(EVLOOP_ONCE);
}

/* P48: idle means without a datagram, for so many seconds. */
static void
test_idle(void **state)
{
	struct assoc	*never = an_assoc(SOCKS_F_RECEIVE, 0);
	struct assoc	*busy = an_assoc(SOCKS_F_RECEIVE, 30);
	struct assoc	*slow = an_assoc(SOCKS_F_RECEIVE, 3600);
	uint32_t	 idle = an_assoc(SOCKS_F_RECEIVE, 30)->aid;
	uint32_t	 aid = busy->aid;

	(void)state;
	engine.settings.timeout[TIMEOUT_HANDSHAKE] = 0;
	turn_wheel(20000);
	assert_non_null(assoc_find(idle));
	assoc_touch(busy);
	turn_wheel(15000);
	assert_null(assoc_find(idle));
	assert_int_equal(stub_next(M_RELEASED)->m.released.reason, END_IDLE);
	assert_ptr_equal(assoc_find(aid), busy);
	turn_wheel(40000);
	assert_null(assoc_find(aid));
	assert_non_null(assoc_find(slow->aid));
	turn_wheel(3500000);
	assert_non_null(assoc_find(slow->aid));
	turn_wheel(600000);
	assert_int_equal(session->nassocs, 1);
	assert_ptr_equal(TAILQ_FIRST(&session->assocs), never);
}

/* Of two rules that let it be idle, the longer one holds from then on. */
static void
test_idle_of_another_direction(void **state)
{
	struct assoc		*a = an_assoc(SOCKS_F_RECEIVE, 30);
	struct sock		*out = a_socket(SOCK_SEND);
	struct msg_grant	 g;
	uint32_t		 aid = a->aid;

	(void)state;
	memset(&g, 0, sizeof(g));
	g.flags = SOCKS_F_SEND | SOCKS_F_RECEIVE;
	g.idle = 3600;
	sock_ref(out);
	assert_int_equal(assoc_extend(a, &g, NULL, out), 0);
	sock_unref(out);
	session->deadline = 0;
	turn_wheel(3500000);
	assert_ptr_equal(assoc_find(aid), a);
	turn_wheel(110000);
	assert_null(assoc_find(aid));
}

/* P20: the port is learnt once, from the right host, if nobody holds it. */
static void
test_learn(void **state)
{
	struct endpoint	 other = stub_endpoint("192.0.2.10", 6000);
	struct endpoint	 right = stub_endpoint("192.0.2.9", 6000);
	struct endpoint	 late = stub_endpoint("192.0.2.9", 6001);
	struct assoc	*a = an_assoc(SOCKS_F_RECEIVE, 0);

	(void)state;
	assert_int_equal(assoc_learn(a, &other), -1);
	stub_port_held = 1;
	assert_int_equal(assoc_learn(a, &right), -1);
	assert_int_equal(a->local.port, 0);
	stub_port_held = 0;
	assert_int_equal(assoc_learn(a, &right), 0);
	assert_int_equal(a->local.port, 6000);
	assert_int_equal(assoc_learn(a, &late), -1);
	assert_int_equal(assoc_learn(a, &right), 0);
	assert_true(assoc_session_alive(a));
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	 tests[] = {
		T(test_map),
		T(test_map_random),
		T(test_rest),
		T(test_rest_bound),
		T(test_many),
		T(test_limits),
		T(test_directions),
		T(test_join_fails),
		T(test_idle_of_another_direction),
		T(test_idle),
		T(test_learn)
	};

	stub_init();
	return cmocka_run_group_tests_name("assoc", tests, NULL, NULL);
}
