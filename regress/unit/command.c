/*
 * command.c: tests of what socksmctl changes and watches, over a real socket:
 * reloads that are shared, kills, explanations, events, and who may.
 */

#include "control_client.h"

static struct ctl_request	 req;

/* One request; all that comes of it is kept in rows and the last of each. */
static uint32_t			 rows[CTL_MAX];
static union {
	struct ctl_killed	 killed;
	struct ctl_verdict	 verdict;
	struct ctl_explained	 explained[8];
	struct ctl_end		 end;
} last;
static struct ctl_end		 end;

static int
begin(void **state)
{
	memset(&req, 0, sizeof(req));
	req.version = CTL_VERSION;
	memset(rows, 0, sizeof(rows));
	return setup(state);
}

static void
keep(struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);

	if (type == CTL_KILLED)
		assert_int_equal(imsg_get_data(imsg, &last.killed,
		    sizeof(last.killed)), 0);
	else if (type == CTL_EXPLAINED)
		assert_int_equal(imsg_get_data(imsg,
		    &last.explained[rows[type] % 8],
		    sizeof(last.explained[0])), 0);
	else if (type == CTL_END)
		assert_int_equal(imsg_get_data(imsg, &end, sizeof(end)), 0);
	rows[type]++;
}

/* What has come; 1 once the daemon has closed. */
static int
read_rows(struct imsgbuf *b)
{
	struct imsg	 imsg;
	int		 n, i;

	for (i = 0; i < 50; i++) {
		n = imsgbuf_read(b);
		while (imsgbuf_get(b, &imsg) == 1) {
			keep(&imsg);
			imsg_free(&imsg);
		}
		if (n != 1)
			return 1;
	}
	return 0;
}

static void
ask(uint32_t type)
{
	struct imsgbuf	 b;

	memset(rows, 0, sizeof(rows));
	client(&b, type, &req, sizeof(req));
	turn();
	turn();
	assert_int_equal(read_rows(&b), 1);
	assert_int_equal(rows[CTL_END], 1);
	client_done(&b);
}

static void
reloaded(int ok, const char *line)
{
	struct msg_reload	 m;

	memset(&m, 0, sizeof(m));
	if (line != NULL) {
		strlcpy(m.text, line, sizeof(m.text));
		control_on_reload(PROC_PARENT, &m, -1);
	}
	memset(&m, 0, sizeof(m));
	m.ok = ok;
	m.asked = 1;
	strlcpy(m.text, ok ? "" : "nothing has changed", sizeof(m.text));
	revalidate_on_reloaded(PROC_PARENT, &m, -1);
	turn();
}

static uint32_t
reloads(void)
{
	uint32_t	 i, n = 0;

	for (i = 0; i < nsent; i++)
		n += sent[i].type == M_RELOAD && sent[i].peer == PROC_PARENT;
	return n;
}

static void
test_reload(void **state)
{
	struct imsgbuf	 b;

	(void)state;
	client(&b, CTL_RELOAD, &req, sizeof(req));
	turn();
	assert_int_equal(reloads(), 1);
	assert_int_equal(read_rows(&b), 0);	/* not before it is over */
	reloaded(1, "conf:3: warning: this");
	assert_int_equal(read_rows(&b), 1);
	assert_int_equal(rows[CTL_LINE], 1);
	assert_int_equal(rows[CTL_RELOADED], 1);
	assert_int_equal(end.error, 0);
	client_done(&b);
}

static void
test_reload_fails(void **state)
{
	struct imsgbuf	 b;

	(void)state;
	client(&b, CTL_RELOAD, &req, sizeof(req));
	turn();
	reloaded(0, "conf:3: syntax error");
	assert_int_equal(read_rows(&b), 1);
	assert_int_equal(rows[CTL_LINE], 1);
	assert_int_equal(end.error, EINVAL);
	assert_string_equal(end.text, "nothing has changed");
	client_done(&b);
}

/* Who asks while one goes on shares the next, and sees nothing of the first. */
static void
test_reload_shared(void **state)
{
	struct imsgbuf	 b[4];
	int		 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		client(&b[i], CTL_RELOAD, &req, sizeof(req));
		turn();
	}
	assert_int_equal(reloads(), 1);
	reloaded(0, "conf:3: syntax error");
	assert_int_equal(read_rows(&b[0]), 1);
	assert_int_equal(rows[CTL_LINE], 1);
	assert_int_equal(read_rows(&b[1]), 0);
	assert_int_equal(rows[CTL_LINE], 1);
	assert_int_equal(reloads(), 2);
	client_done(&b[2]);
	turn();
	reloaded(1, NULL);
	assert_int_equal(read_rows(&b[1]), 1);
	assert_int_equal(read_rows(&b[3]), 1);
	assert_int_equal(end.error, 0);
	assert_int_equal(reloads(), 2);
	client_done(&b[0]);
	client_done(&b[1]);
	client_done(&b[3]);
}

/* One that was caused by a signal ends nobody's waiting. */
static void
test_reload_by_signal(void **state)
{
	struct msg_reload	 m;
	struct imsgbuf		 b;

	(void)state;
	client(&b, CTL_RELOAD, &req, sizeof(req));
	turn();
	memset(&m, 0, sizeof(m));
	m.ok = 1;
	revalidate_on_reloaded(PROC_PARENT, &m, -1);
	turn();
	assert_int_equal(read_rows(&b), 0);
	assert_int_equal(rows[CTL_END], 0);
	reloaded(1, NULL);
	assert_int_equal(read_rows(&b), 1);
	client_done(&b);
}

static uint64_t
association(uint64_t sid, const char *group)
{
	struct msg_ask	 m = ask_msg(sid, SOCKS_F_RECEIVE, group);

	return assert_granted(&m);
}

static uint32_t
revokes(uint64_t sid, uint64_t grant)
{
	uint32_t	 i, n = 0;

	for (i = 0; i < nsent; i++)
		n += sent[i].type == M_REVOKE && sent[i].u.revoke.sid == sid &&
		    sent[i].u.revoke.grant == grant;
	return n;
}

static void
test_kill_sessions(void **state)
{
	uint64_t		 one = session_new(1), two = session_new(2);
	struct msg_identity	 id = identity_msg(two, 1, "alice");

	(void)state;
	identity_on_identity(PROC_AUTH, &id, -1);
	req.number = one;
	ask(CTL_KILL_SESSION);
	assert_int_equal(last.killed.sessions, 1);
	assert_int_equal(revokes(one, 0), 1);
	ask(CTL_KILL_SESSION);			/* is under way */
	assert_int_equal(last.killed.sessions, 0);
	assert_int_equal(revokes(one, 0), 1);
	strlcpy(req.user, "alice", sizeof(req.user));
	ask(CTL_KILL_USER);
	assert_int_equal(last.killed.sessions, 1);
	assert_int_equal(revokes(two, 0), 1);
	one = session_new(1);
	two = session_new(1);
	req.host = ip("10.0.0.2");
	ask(CTL_KILL_HOST);
	assert_int_equal(last.killed.sessions, 0);
	req.host = ip("10.0.0.1");
	ask(CTL_KILL_HOST);
	assert_int_equal(last.killed.sessions, 2);
	assert_int_equal(revokes(one, 0), 1);
	assert_int_equal(revokes(two, 0), 1);
}

static void
test_kill_grant(void **state)
{
	uint64_t	 sid = session_new(1), g = association(sid, "239.1.1.1");
	struct msg_ask	 m = ask_msg(sid, 0, "239.1.1.1");

	(void)state;
	m.op = ASK_ENHANCED;
	req.number = assert_granted(&m);
	ask(CTL_KILL_GRANT);			/* the relay's: goes with all */
	assert_int_equal(last.killed.associations, 0);
	req.number = g;
	ask(CTL_KILL_GRANT);
	assert_int_equal(last.killed.associations, 1);
	assert_int_equal(revokes(sid, g), 1);
	req.number = 123456;
	ask(CTL_KILL_GRANT);
	assert_int_equal(last.killed.associations, 0);
}

static void
test_kill_label(void **state)
{
	struct rule	 r;
	uint64_t	 sid = session_new(1), g;

	(void)state;
	(void)association(sid, "239.1.1.1");
	conf_begin();
	memset(&r, 0, sizeof(r));
	strlcpy(r.label, "studio", sizeof(r.label));
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, NULL);
	conf_end();
	g = association(sid, "239.1.1.2");
	strlcpy(req.label, "studio", sizeof(req.label));
	ask(CTL_KILL_LABEL);
	assert_int_equal(last.killed.associations, 1);
	assert_int_equal(revokes(sid, g), 1);
}

/* The engine is asked for the AID of each. */
static void
test_kill_association(void **state)
{
	uint64_t		 sid = session_new(1), g;
	struct msg_counters	 m;
	struct imsgbuf		 b;
	uint32_t		 i, n;

	(void)state;
	(void)association(sid, "239.1.1.1");
	g = association(sid, "239.1.1.2");
	nsent = 0;
	req.number = 0xbeef;
	client(&b, CTL_KILL_ASSOCIATION, &req, sizeof(req));
	turn();
	n = nsent;
	assert_int_equal(n, 2);
	for (i = 0; i < n; i++) {
		memset(&m, 0, sizeof(m));
		m.token = sent[i].u.count.token;
		m.found = 1;
		m.aid = sent[i].u.count.grant == g ? 0xbeef : 1;
		control_on_counters(PROC_ENGINE, &m, -1);
	}
	turn();
	assert_int_equal(read_rows(&b), 1);
	assert_int_equal(rows[CTL_KILLED], 1);
	assert_int_equal(last.killed.associations, 1);
	assert_int_equal(revokes(sid, g), 1);
	client_done(&b);
}

static void
explain(const char *command, const char *from, const char *to)
{
	strlcpy(req.question.command, command, sizeof(req.question.command));
	req.question.from = ip(from);
	req.question.to = ep(to, 5000);
	req.question.ttl = 1;
	ask(CTL_EXPLAIN);
}

static void
test_explain(void **state)
{
	struct rule	 r;
	uint64_t	 before;

	(void)state;
	conf_begin();
	memset(&r, 0, sizeof(r));
	conf_rule(&r, RULE_BLOCK, CMD_SIX, NULL);
	conf_pass(CMD_RECEIVE, "239.2.0.0/16");
	memset(&r, 0, sizeof(r));
	r.quick = 1;
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, "239.1.0.0/16");
	conf_pass(CMD_SEND, NULL);
	conf_pass(CMD_RECEIVE, NULL);
	conf_end();
	before = policy.conf->index[2]->passes;
	explain("receive", "10.0.0.1", "239.1.1.1");
	assert_int_equal(end.error, 0);
	assert_int_equal(rows[CTL_VERDICT], 1);
	assert_int_equal(rows[CTL_EXPLAINED], 5);
	assert_string_equal(last.explained[0].what, "overruled");
	assert_string_equal(last.explained[1].what, "differs");
	assert_string_equal(last.explained[1].why, "to");
	assert_string_equal(last.explained[2].what, "decides");
	assert_string_equal(last.explained[3].what, "not reached");
	assert_string_equal(last.explained[4].what, "not reached");
	assert_int_equal(policy.conf->index[2]->passes, before);
	assert_int_equal(policy.conf->index[0]->evaluations, 0);
	explain("send", "10.0.0.1", "239.1.1.1");
	assert_string_equal(last.explained[1].why, "command");
	assert_string_equal(last.explained[3].what, "decides");
	explain("fly", "10.0.0.1", "239.1.1.1");
	assert_int_equal(end.error, EINVAL);
}

static void
test_monitor(void **state)
{
	struct imsgbuf	 b;
	struct msg_ask	 m;
	uint64_t	 sid;
	int		 before;

	(void)state;
	client(&b, CTL_MONITOR, &req, sizeof(req));
	turn();
	sid = session_new(1);
	(void)association(sid, "239.1.1.1");
	m = ask_msg(sid, SOCKS_F_RECEIVE, "239.1.1.1");	/* P48: twice */
	(void)asked(&m);
	turn();
	before = read_rows(&b);
	assert_int_equal(before, 0);
	assert_int_equal(rows[CTL_EVENT], 3);
	ended(sid);
	turn();
	assert_int_equal(read_rows(&b), 0);
	assert_int_equal(rows[CTL_EVENT], 5);
	reloaded(1, NULL);
	assert_int_equal(read_rows(&b), 0);
	assert_int_equal(rows[CTL_EVENT], 6);
	client_done(&b);
	turn();
}

/* Who does not read is dropped, and costs no more than the queue's mark. */
static void
test_monitor_asleep(void **state)
{
	struct ctl_client	*c;
	struct imsgbuf		 b;
	int			 i;

	(void)state;
	conf_begin();
	conf_settings.log = LOG_NONE;
	conf_end();
	client(&b, CTL_MONITOR, &req, sizeof(req));
	turn();
	for (i = 0; i < 3000; i++) {
		ended(session_new(1));
		nsent = 0;
		c = control_next(NULL);
		if (c != NULL)
			assert_true(imsgbuf_queuelen(&c->ibuf) < 300);
		if (i % 10 == 0)
			event_loop(EVLOOP_NONBLOCK);
	}
	turn();
	assert_null(control_next(NULL));
	client_done(&b);
}

static void
test_root_only(void **state)
{
	static const uint32_t	 types[] = { CTL_RELOAD, CTL_KILL_SESSION,
	    CTL_KILL_ASSOCIATION, CTL_KILL_GRANT, CTL_KILL_USER, CTL_KILL_HOST,
	    CTL_KILL_LABEL, CTL_LOG_BRIEF, CTL_LOG_VERBOSE,
	    CTL_RESET_STATISTICS };
	struct imsgbuf		 b;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(types); i++) {
		memset(rows, 0, sizeof(rows));
		client(&b, 0, NULL, 0);
		turn();
		control_next(NULL)->uid = 12345;
		assert_int_equal(imsg_compose(&b, types[i], 0, 0, -1, &req,
		    sizeof(req)), 1);
		assert_int_equal(imsgbuf_write(&b), 0);
		turn();
		assert_int_equal(read_rows(&b), 1);
		assert_int_equal(end.error, EPERM);
		assert_int_equal(nsent, 0);
		client_done(&b);
	}
}

static void
test_log(void **state)
{
	(void)state;
	ask(CTL_LOG_VERBOSE);
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].type, M_VERBOSE);
	assert_int_equal(sent[0].u.verbose.verbose, 1);
	ask(CTL_LOG_BRIEF);
	assert_int_equal(sent[1].u.verbose.verbose, 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, begin, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_reload),
		T(test_reload_fails),
		T(test_reload_shared),
		T(test_reload_by_signal),
		T(test_kill_sessions),
		T(test_kill_grant),
		T(test_kill_label),
		T(test_kill_association),
		T(test_explain),
		T(test_monitor),
		T(test_monitor_asleep),
		T(test_root_only),
		T(test_log),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
