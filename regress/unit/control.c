/*
 * control.c: tests of the control socket over a real one: whole listings, a
 * client that does not read, figures that come from the engine, and requests
 * that are none.
 */

#include "control_client.h"

#define WINDOW	128		/* figures asked of the engine at a time */

/* The engine's answers to all that it has been asked up to now. */
static uint32_t	 answered;

static uint32_t
answer(void)
{
	struct msg_counters	 m;
	uint32_t		 n = 0, end = nsent;

	for (; answered < end; answered++) {
		if (sent[answered].type != M_COUNT)
			continue;
		memset(&m, 0, sizeof(m));
		m.token = sent[answered].u.count.token;
		m.what = sent[answered].u.count.what;
		m.grant = sent[answered].u.count.grant;
		m.found = 1;
		m.aid = 77;
		m.counters.drops[DROP_SHORT] = 1;
		control_on_counters(PROC_ENGINE, &m, -1);
		n++;
	}
	memmove(sent, sent + answered, (nsent - answered) * sizeof(*sent));
	nsent -= answered;
	answered = 0;
	return n;
}

static struct ctl_request	 plain = { .version = CTL_VERSION };

static void
associations(uint32_t n)
{
	struct msg_ask	 m = ask_msg(session_new(1), SOCKS_F_SEND,
			    "239.1.1.1");
	uint32_t	 i;

	for (i = 0; i < n; i++) {
		m.remote.port = 1 + i;
		(void)assert_granted(&m);
		nsent = 0;
	}
	answered = 0;
}

static void
test_sessions(void **state)
{
	struct imsgbuf	 b;
	uint32_t	 rows[CTL_MAX] = { 0 }, i;
	int		 closed = 0;

	(void)state;
	for (i = 0; i < 3000; i++)
		(void)session_new(1);
	client(&b, CTL_SHOW_SESSIONS, &plain, sizeof(plain));
	for (i = 0; i < 200 && !closed; i++) {
		turn();
		closed = client_read(&b, rows);
	}
	assert_int_equal(closed, 1);
	assert_int_equal(rows[CTL_SESSION], 3000);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
	for (i = 0; i < 3000; i++) {	/* as many as the stub keeps */
		ended(last_sid - i);
		nsent = 0;
	}
}

/* What the engine is asked for has a bound, whatever a client reads. */
static void
test_figures(void **state)
{
	struct imsgbuf	 b;
	uint32_t	 rows[CTL_MAX] = { 0 }, i, n, total = 0;
	int		 closed = 0;

	(void)state;
	associations(3000);
	client(&b, CTL_SHOW_ASSOCIATIONS, &plain, sizeof(plain));
	for (i = 0; i < 200; i++) {		/* nobody reads */
		turn();
		n = answer();
		assert_true(n <= WINDOW);
		total += n;
	}
	assert_true(total < 3000);
	for (i = 0; i < 200 && !closed; i++) {
		turn();
		closed = client_read(&b, rows);
		total += answer();
	}
	assert_int_equal(closed, 1);
	assert_int_equal(total, 3000);
	assert_int_equal(rows[CTL_ASSOCIATION], 3000);
	assert_int_equal(rows[CTL_DROP], 3000);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
}

/* What ends while its figures are on their way is left out, and that is all. */
static void
test_end_in_between(void **state)
{
	struct imsgbuf	 b;
	uint32_t	 rows[CTL_MAX] = { 0 };

	(void)state;
	associations(10);
	client(&b, CTL_SHOW_ASSOCIATIONS, &plain, sizeof(plain));
	turn();
	assert_int_equal(nsent, 10);
	released(last_sid, sent[3].u.count.grant, 0);
	assert_int_equal(answer(), 10);
	turn();
	assert_int_equal(client_read(&b, rows), 1);
	assert_int_equal(rows[CTL_ASSOCIATION], 9);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
}

static void
test_client_goes_away(void **state)
{
	struct imsgbuf	 b;

	(void)state;
	associations(10);
	client(&b, CTL_SHOW_ASSOCIATIONS, &plain, sizeof(plain));
	turn();
	assert_int_equal(nsent, 10);
	client_done(&b);
	turn();
	assert_int_equal(answer(), 10);		/* dropped, not fatal */
}

static void
test_figures_nobody_asked(void **state)
{
	struct msg_counters	 m;
	struct imsgbuf		 b;

	(void)state;
	memset(&m, 0, sizeof(m));
	assert_fatal(control_on_counters(PROC_ENGINE, &m, -1), "nobody asked");
	m.token = UINT64_MAX;
	assert_fatal(control_on_counters(PROC_ENGINE, &m, -1), "nobody asked");
	associations(2);
	client(&b, CTL_SHOW_ASSOCIATIONS, &plain, sizeof(plain));
	turn();
	m.token = sent[1].u.count.token;
	assert_fatal(control_on_counters(PROC_ENGINE, &m, -1), "out of turn");
	client_done(&b);
}

static uint32_t
rows_of(uint32_t type, uint32_t row)
{
	struct imsgbuf	 b;
	uint32_t	 rows[CTL_MAX] = { 0 };

	answered = nsent;
	client(&b, type, &plain, sizeof(plain));
	turn();
	(void)answer();
	turn();
	assert_int_equal(client_read(&b, rows), 1);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
	return rows[row];
}

static void
test_each_listing(void **state)
{
	(void)state;
	associations(3);
	assert_int_equal(rows_of(CTL_SHOW_SUMMARY, CTL_SUMMARY), 1);
	assert_int_equal(rows_of(CTL_SHOW_SESSIONS, CTL_SESSION), 1);
	assert_int_equal(rows_of(CTL_SHOW_ASSOCIATIONS, CTL_ASSOCIATION), 3);
	assert_int_equal(rows_of(CTL_SHOW_GROUPS, CTL_GROUP), 0);
	assert_int_equal(rows_of(CTL_SHOW_RULES, CTL_RULE), 1);
	assert_int_equal(rows_of(CTL_SHOW_TABLES, CTL_TABLE), 0);
	assert_int_equal(rows_of(CTL_SHOW_USERS, CTL_USER), 0);
	assert_int_equal(rows_of(CTL_SHOW_STATISTICS, CTL_STATISTIC),
	    3 + STAT_MAX + DROP_MAX);
}

static void
test_filters(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), SOCKS_F_RECEIVE,
			    "239.1.1.1");

	(void)state;
	(void)assert_granted(&m);
	m.remote = ep("239.1.1.2", 5000);
	(void)assert_granted(&m);
	plain.group = ip("239.1.1.2");
	assert_int_equal(rows_of(CTL_SHOW_ASSOCIATIONS, CTL_ASSOCIATION), 1);
	assert_int_equal(rows_of(CTL_SHOW_GROUPS, CTL_GROUP), 1);
	memset(&plain.group, 0, sizeof(plain.group));
	assert_int_equal(rows_of(CTL_SHOW_GROUPS, CTL_GROUP), 2);
	strlcpy(plain.user, "alice", sizeof(plain.user));
	assert_int_equal(rows_of(CTL_SHOW_ASSOCIATIONS, CTL_ASSOCIATION), 0);
	plain.user[0] = '\0';
}

static void
test_not_a_request(void **state)
{
	struct imsgbuf		 b;
	struct ctl_request	 r = plain;
	uint32_t		 rows[CTL_MAX] = { 0 };

	(void)state;
	client(&b, CTL_SHOW_SESSIONS, &r, sizeof(r) - 1);	/* its size */
	turn();
	assert_int_equal(client_read(&b, rows), 1);
	assert_int_equal(rows[CTL_END], 0);
	client_done(&b);
	memset(r.user, 'x', sizeof(r.user));			/* no NUL */
	client(&b, CTL_SHOW_SESSIONS, &r, sizeof(r));
	turn();
	assert_int_equal(client_read(&b, rows), 1);
	assert_int_equal(rows[CTL_END], 0);
	client_done(&b);
	client(&b, CTL_REQUEST_MAX, &plain, sizeof(plain));	/* unknown */
	turn();
	assert_int_equal(client_read(&b, rows), 1);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
}

/* The seventeenth waits for nobody: it is told at once. */
static void
test_bounded_clients(void **state)
{
	struct imsgbuf	 b[17];
	uint32_t	 rows[CTL_MAX] = { 0 };
	int		 i;

	(void)state;
	for (i = 0; i < 17; i++) {
		client(&b[i], 0, NULL, 0);
		turn();
	}
	assert_int_equal(client_read(&b[16], rows), 1);
	assert_int_equal(client_read(&b[15], rows), 0);
	client_done(&b[0]);
	turn();
	assert_int_equal(rows_of(CTL_SHOW_SUMMARY, CTL_SUMMARY), 1);
	for (i = 1; i < 17; i++)
		client_done(&b[i]);
	turn();
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_sessions),
		T(test_figures),
		T(test_end_in_between),
		T(test_client_goes_away),
		T(test_figures_nobody_asked),
		T(test_each_listing),
		T(test_filters),
		T(test_not_a_request),
		T(test_bounded_clients),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
