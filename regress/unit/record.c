/*
 * record.c: tests of the lines that say what happened: their keys, what is
 * quoted, and that what is summed is all there (P47).
 */

#include "policy_ask.h"

#define RECV	SOCKS_F_RECEIVE
#define SEND	SOCKS_F_SEND

static int
setup_with(uint8_t level)
{
	struct rule	 r;

	stub_reset();
	stub_now += 10000;
	conf_begin();
	memset(&r, 0, sizeof(r));
	strlcpy(r.label, "big studio", sizeof(r.label));
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, "239.1.0.0/16");	/* 0 */
	memset(&r, 0, sizeof(r));
	strlcpy(r.via, "em1", sizeof(r.via));
	conf_rule(&r, RULE_PASS, CMD_SEND, "239.1.0.0/16");	/* 1 */
	conf_pass(CMD_RECEIVE, "239.2.0.0/16");			/* 2 */
	memset(&r, 0, sizeof(r));
	r.log = 1;
	conf_rule(&r, RULE_BLOCK, CMD_RECEIVE, "239.3.0.0/16");	/* 3 */
	memset(&r, 0, sizeof(r));
	r.log = 1;
	conf_rule(&r, RULE_PASS, CMD_RECEIVE, "239.4.0.0/16");	/* 4 */
	conf_settings.log = level;
	conf_end();
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	return setup_with(LOG_SESSIONS);
}

static int
setup_none(void **state)
{
	(void)state;
	return setup_with(LOG_NONE);
}

static int
setup_blocked(void **state)
{
	(void)state;
	return setup_with(LOG_BLOCKED);
}

static int
setup_all(void **state)
{
	(void)state;
	return setup_with(LOG_ALL);
}

/* line must have this, as a word of its own. */
static void
has(uint32_t line, const char *word)
{
	const char	*p = line < nlines ? lines[line] : "";
	size_t		 n = strlen(word);

	for (; (p = strstr(p, word)) != NULL; p++)
		if ((p == lines[line] || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return;
	fail_msg("line %u lacks %s: %s", line, word,
	    line < nlines ? lines[line] : "(no such line)");
}

/* A number that key has in all lines of a kind, added up. */
static uint64_t
total(const char *kind, const char *key)
{
	uint64_t	 n = 0;
	uint32_t	 i;
	char		 word[64];
	const char	*p;

	snprintf(word, sizeof(word), " %s=", key);
	for (i = 0; i < nlines; i++) {
		if (strncmp(lines[i], kind, strlen(kind)) != 0)
			continue;
		if ((p = strstr(lines[i], word)) != NULL)
			n += strtoull(p + strlen(word), NULL, 10);
		else if (strcmp(key, "count") == 0)
			n++;
	}
	return n;
}

static void
test_association(void **state)
{
	uint64_t	 sid = session_new(3), id;
	struct msg_identity who = identity_msg(sid, 1, "alice");
	struct msg_ask	 m = ask_msg(sid, RECV | SEND, "239.1.1.1");
	char		 word[64];

	(void)state;
	identity_on_identity(PROC_AUTH, &who, -1);
	id = assert_granted(&m);
	stub_now += 1234;
	released(sid, id, SEND);	/* one direction: no record yet */
	assert_int_equal(nlines, 0);
	released(sid, id, 0);
	assert_int_equal(nlines, 1);
	snprintf(word, sizeof(word), "sid=%llu", (unsigned long long)sid);
	assert_ptr_equal(strstr(lines[0], "association sid="), lines[0]);
	has(0, word);
	has(0, "user=alice");
	has(0, "client=10.0.0.1:40000");
	has(0, "dir=receive,send");
	has(0, "group=239.1.1.1:5000");
	has(0, "local=10.0.0.1:6000");
	has(0, "via=em0,em1");
	has(0, "mode=mu");
	has(0, "encap=udp");
	has(0, "rule=0,1");
	has(0, "label=\"big studio\"");
	has(0, "duration=1.234");
	has(0, "in-datagrams=10");
	has(0, "in-octets=1000");
	has(0, "out-datagrams=0");
	has(0, "drops=3");
	has(0, "reason=release");
	has(0, "drop-reasons=short:2,size:1");
}

static void
test_session(void **state)
{
	uint64_t	 sid = session_new(3);
	struct msg_identity who = identity_msg(sid, 0, "a \"b\"\n=\\");

	(void)state;
	identity_on_identity(PROC_AUTH, &who, -1);
	ended(sid);
	assert_int_equal(nlines, 1);
	has(0, "session");
	has(0, "user=\"\"");
	has(0, "tried=\"a \\042b\\042\\012=\\134\"");
	has(0, "listener=either");
	has(0, "local=10.0.0.254:1080");
	has(0, "method=userpass");
	has(0, "requests=3");
	has(0, "refused=1");
	has(0, "in-octets=90");
	has(0, "out-octets=70");
	has(0, "reason=client");
}

/*
 * Whoever connects and goes at will fills no log: twenty a second have their
 * own line, the rest one for each reason; a session that asked has its own.
 */
static void
test_strangers_are_summed(void **state)
{
	uint64_t	 sid;
	struct msg_ask	 m;
	int		 i;

	(void)state;
	for (i = 0; i < 50; i++)
		ended(session_new(3));
	assert_int_equal(nlines, 20);
	sid = session_new(1);
	m = ask_msg(sid, RECV, "239.9.1.1");
	question_on_ask(PROC_ENGINE, &m, -1);
	ended(sid);
	assert_int_equal(nlines, 21);
	has(20, "requests=3");
	record_flush();
	assert_int_equal(nlines, 22);
	has(21, "session");
	has(21, "reason=client");
	has(21, "count=30");
}

/* The longest name there can be neither ends the line nor loses its quote. */
static void
test_long_name(void **state)
{
	uint64_t	 sid = session_new(3);
	struct msg_identity who = identity_msg(sid, 0, "");

	(void)state;
	memset(who.user, 1, sizeof(who.user) - 1);
	identity_on_identity(PROC_AUTH, &who, -1);
	ended(sid);
	assert_non_null(strstr(lines[0], "\\001\\001\" local="));
	has(0, "reason=client");
}

static void
test_value(void **state)
{
	char	 buf[16];

	(void)state;
	assert_string_equal(record_value("abc-1.2", buf, sizeof(buf)),
	    "abc-1.2");
	assert_string_equal(record_value("", buf, sizeof(buf)), "\"\"");
	assert_string_equal(record_value("a=b", buf, sizeof(buf)), "\"a=b\"");
	assert_string_equal(record_value("\303\251", buf, sizeof(buf)),
	    "\"\\303\\251\"");
	assert_string_equal(record_value("aaaaaaaaaaaaaaaaaaaaaaaa", buf,
	    sizeof(buf)), "\"aaaaaaaaaa\"");
	assert_string_equal(record_value("\1\1\1\1\1\1", buf, sizeof(buf)),
	    "\"\\001\\001\\001\"");
}

/* What is left at the end of a session has its record, with what was told. */
static void
test_end_records_the_rest(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV | SEND, "239.1.1.1");

	(void)state;
	id = assert_granted(&m);
	released(sid, id, RECV);
	ended(sid);
	assert_int_equal(nlines, 2);
	has(0, "association");
	has(0, "in-datagrams=10");
	has(0, "reason=client");
	has(1, "session");
}

/* Above 20 in a second: one line per rule, and nothing is lost. */
static void
test_summed(void **state)
{
	uint64_t	 sid = session_new(1);
	uint64_t	 id[50];
	struct msg_ask	 m = ask_msg(sid, RECV, "239.1.1.1");
	int		 i;

	(void)state;
	conf_settings.limit[LIMIT_RECEIVERS_PER_HOST] = 100;
	for (i = 0; i < 50; i++) {
		char	 group[32];

		snprintf(group, sizeof(group), "239.%d.1.%d", 1 + i % 2, i);
		m.remote = ep(group, 5000);
		id[i] = assert_granted(&m);
	}
	for (i = 0; i < 50; i++)
		released(sid, id[i], 0);
	assert_int_equal(nlines, 20);
	stub_now += 1000;
	record_flush();
	assert_int_equal(nlines, 22);
	has(20, "rule=0");
	has(20, "label=\"big studio\"");
	has(20, "count=15");
	has(20, "in-datagrams=150");
	has(20, "drops=45");
	has(20, "drop-reasons=short:30,size:15");
	has(21, "rule=2");
	assert_int_equal(total("association", "count"), 50);
	assert_int_equal(total("association", "in-octets"), 50000);
	record_flush();
	assert_int_equal(nlines, 22);
}

/* A session that ends takes its sums along, before its own record. */
static void
test_sums_before_the_session(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, SEND, "239.1.1.1");
	int		 i;

	(void)state;
	for (i = 0; i < 30; i++) {
		m.remote.port = 5000 + i;
		(void)assert_granted(&m);
	}
	ended(sid);
	assert_int_equal(nlines, 22);
	has(20, "count=10");
	has(20, "rule=1");
	has(21, "session");
}

/* The next second has its own twenty. */
static void
test_next_second(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, SEND, "239.1.1.1");
	int		 i;

	(void)state;
	for (i = 0; i < 30; i++) {
		released(sid, assert_granted(&m), 0);
		nsent = 0;
	}
	stub_now += 1000;
	for (i = 0; i < 20; i++) {
		released(sid, assert_granted(&m), 0);
		nsent = 0;
	}
	assert_int_equal(nlines, 41);
	assert_int_equal(total("association", "count"), 50);
}

static void
test_blocked(void **state)
{
	uint64_t	 sid = session_new(1);
	struct msg_ask	 m = ask_msg(sid, RECV | SEND, "239.9.1.1");
	int		 i;

	(void)state;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	assert_int_equal(nlines, 1);
	has(0, "blocked");
	has(0, "dir=receive,send");
	has(0, "group=239.9.1.1:5000");
	has(0, "rule=default");
	has(0, "code=0x11");
	for (i = 0; i < 99; i++)
		assert_denied(&m, SOCKS_NORECEIVE, 0);
	assert_int_equal(nlines, 20);
	record_flush();
	assert_int_equal(nlines, 21);
	has(20, "count=80");
	assert_int_equal(total("blocked", "count"), 100);
	ended(sid);
	assert_int_equal(nlines, 21);		/* no records of sessions */
}

/* Refusals of one rule with two codes are two sums. */
static void
test_blocked_by_code(void **state)
{
	struct msg_ask	 r = ask_msg(session_new(1), RECV, "239.9.1.1");
	struct msg_ask	 s = ask_msg(r.sid, SEND, "239.9.1.1");
	int		 i;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_denied(&r, SOCKS_NORECEIVE, 0);
		assert_denied(&s, SOCKS_NOSEND, 0);
	}
	record_flush();
	assert_int_equal(nlines, 22);
	has(20, "code=0x11");
	has(20, "count=10");
	has(21, "code=0x12");
	has(21, "count=10");
}

static void
test_only_records(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), RECV, "239.9.1.1");

	(void)state;
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	assert_int_equal(nlines, 0);
	m.remote = ep("239.3.1.1", 5000);	/* block log */
	assert_denied(&m, SOCKS_NORECEIVE, 0);
	assert_int_equal(nlines, 1);
	has(0, "rule=3");
	m.remote = ep("239.4.1.1", 5000);	/* pass log */
	(void)assert_granted(&m);
	assert_int_equal(nlines, 2);
	has(1, "granted");
	has(1, "rule=4");
	has(1, "ttl=0");
}

static void
test_all(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), SEND, "239.1.1.1");

	(void)state;
	(void)assert_granted(&m);
	has(0, "granted");
	has(0, "via=em1");
	has(0, "ttl=4");
	m.remote = ep("239.9.1.1", 5000);
	assert_denied(&m, SOCKS_NOSEND, 0);
	has(1, "blocked");
	ended(m.sid);
	has(2, "association");
	has(3, "session");
}

static void
test_none(void **state)
{
	struct msg_ask	 m = ask_msg(session_new(1), SEND, "239.1.1.1");

	(void)state;
	(void)assert_granted(&m);
	ended(m.sid);
	assert_int_equal(nlines, 0);
}

/* What an association carried counts for its rules, in this generation. */
static void
test_rules_count(void **state)
{
	uint64_t	 sid = session_new(1), id;
	struct msg_ask	 m = ask_msg(sid, RECV, "239.2.1.1");

	(void)state;
	id = assert_granted(&m);
	released(sid, id, 0);
	assert_int_equal(policy_rule(conf_generation, 2)->dgrams, 10);
	assert_int_equal(policy_rule(conf_generation, 2)->octets, 1000);
	id = assert_granted(&m);
	(void)setup(NULL);
	released(sid, id, 0);
	assert_int_equal(policy_rule(conf_generation, 2)->dgrams, 0);
}

#define T(f, s)	cmocka_unit_test_setup_teardown(f, s, conf_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_association, setup),
		T(test_session, setup),
		T(test_strangers_are_summed, setup),
		T(test_long_name, setup),
		T(test_value, setup),
		T(test_end_records_the_rest, setup),
		T(test_summed, setup),
		T(test_sums_before_the_session, setup),
		T(test_next_second, setup),
		T(test_blocked, setup_blocked),
		T(test_blocked_by_code, setup_blocked),
		T(test_only_records, setup),
		T(test_all, setup_all),
		T(test_none, setup_none),
		T(test_rules_count, setup),
	};

	event_init();
	policy_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
