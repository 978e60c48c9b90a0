/*
 * CONNECT in the engine (P4 to P6), over loopback: what policy and the parent
 * would say is said by the test.
 */
#include <sys/resource.h>
#include <signal.h>

#include "stream_talk.h"

static int
open_fds(void)
{
	int		 fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* P4, P6: the address, or the name as it is. */
static void
test_asks(void **state)
{
	struct msg_ask	 ask;
	int		 fd = stub_client(++sid, 1);

	(void)state;
	ask = ask_connect(fd);
	assert_int_equal(ask.remote.port, 80);
	assert_int_equal(ask.remote.addr.af, ADDR_V4);
	assert_memory_equal(ask.remote.addr.b, "\300\0\2\7", 4);
	assert_string_equal(ask.name, "");
	/* No socket waits for it, however long it may take. */
	assert_int_equal(request_oldest(), request_newest() + 1);
	deny(&ask, SOCKS_REFUSED, 0);
	hear_failure(fd, SOCKS_REFUSED);
	ended(END_REFUSED);
	assert_null(stub_next(M_RELEASED));
	fd = stub_client(++sid, 1);
	SAY(fd, 5, 1, 0, 5, 1, 0, 3, 4, 'a', '.', 'b', '.', 1, 187);
	tcp_hear(fd, "\5", 2);
	ask = *asked(ASK_CONNECT);
	assert_string_equal(ask.name, "a.b");
	assert_int_equal(ask.remote.port, 443);
	assert_int_equal(ask.remote.addr.af, ADDR_NONE);
	deny(&ask, SOCKS_HOSTUNREACH, 0);
	hear_failure(fd, SOCKS_HOSTUNREACH);
}

/* Both ways, then both ends: the client's comes first. */
static void
test_relays(void **state)
{
	const struct msg_released	*r;
	uint64_t			 before = engine.stat[STAT_STREAMS_TOTAL];
	int				 fd, remote, fds = open_fds();

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	assert_int_equal(engine.stat[STAT_STREAMS], 1);
	assert_int_equal(engine.stat[STAT_STREAMS_TOTAL], before + 1);
	assert_int_equal(engine.stat[STAT_PENDING], 0);
	SAY(fd, 'a', 'b', 'c');
	tcp_hear(remote, "abc", 3);
	SAY(remote, 'd', 'e', 'f', 'g');
	tcp_hear(fd, "defg", 4);
	shutdown(fd, SHUT_WR);
	tcp_hear_fin(remote);
	assert_non_null(session_find(sid));
	SAY(remote, 'h');		/* half-closed goes on */
	tcp_hear(fd, "h", 1);
	close(remote);
	tcp_hear_fin(fd);
	close(fd);
	r = released(grants, END_CLIENT);
	assert_int_equal(r->counters.out_octets, 3);
	assert_int_equal(r->counters.in_octets, 5);
	assert_int_equal(ended(END_CLIENT)->in_octets, 16);
	assert_int_equal(sent[nread - 1].m.end.out_octets, 17);
	assert_int_equal(engine.stat[STAT_STREAMS], 0);
	assert_int_equal(open_fds(), fds);
}

/* The remote half-closes first: the client may go on. */
static void
test_remote_first(void **state)
{
	int		 fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	shutdown(remote, SHUT_WR);
	tcp_hear_fin(fd);
	SAY(fd, 'x', 'y');
	tcp_hear(remote, "xy", 2);
	close(fd);
	tcp_hear_fin(remote);
	close(remote);
	released(grants, END_REMOTE);
	ended(END_REMOTE);
}

/* P5: what came behind the request goes first, more than a buffer, and FIN. */
static void
test_early(void **state)
{
	static uint8_t		 octets[13 + 6000] = { CONNECT_OCTETS };
	struct sockaddr_in	 sin;
	struct msg_ask		 ask;
	size_t			 i;
	int			 l = tcp_listen(&sin, 8), remote;
	int			 fd = tcp_client();

	(void)state;
	for (i = 13; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7 + i / 256);
	say(fd, octets, sizeof(octets));
	shutdown(fd, SHUT_WR);
	tcp_hear(fd, "\5", 2);
	ask = *asked(ASK_CONNECT);
	assert_non_null(session_find(sid));
	answer(&ask, ++grants, 0, tcp_connect(&sin), 0);
	remote = tcp_accept(l);
	tcp_hear(fd, "\5\0\0\1\300\0\2\1\x1e\x61", 10);
	tcp_hear(remote, octets + 13, 6000);
	tcp_hear_fin(remote);
	close(remote);
	tcp_hear_fin(fd);
	close(fd);
	close(l);
	assert_int_equal(released(grants, END_CLIENT)->counters.out_octets,
	    6000);
	assert_int_equal(ended(END_CLIENT)->in_octets, sizeof(octets));
}

/* P5, P6: a FIN behind a pipelined login and request is half a close, too. */
static void
test_early_login(void **state)
{
	static const uint8_t	 octets[] = { 5, 1, 2, 1, 1, 'a', 1, 'b', 5, 1,
				    0, 1, 192, 0, 2, 7, 0, 80, 'x' };
	static const uint8_t	 login[] = { SOCKS_METHOD_USERPASS };
	struct msg_authed	 m = { .ok = 1 };
	int			 fd;

	(void)state;
	stub_configure(1, login);
	fd = tcp_client();
	say(fd, octets, sizeof(octets));
	shutdown(fd, SHUT_WR);
	tcp_hear(fd, "\5\2", 2);
	assert_non_null(session_find(sid));
	m.sid = sid;
	session_on_authed(PROC_AUTH, &m, -1);
	tcp_hear(fd, "\1", 2);
	deny(asked(ASK_CONNECT), SOCKS_CONNREFUSED, 0);
	hear_failure(fd, SOCKS_CONNREFUSED);
}

/* P6: an RST as an RST, whoever sends it, and both leave nothing. */
static void
test_reset(void **state)
{
	int		 fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	SAY(fd, 'a');
	tcp_hear(remote, "a", 1);
	tcp_reset(remote);
	tcp_hear_reset(fd);
	released(grants, END_RESET);
	ended(END_RESET);
	fd = stream_stands(tcp_client(), &remote);
	SAY(remote, 'a');
	tcp_hear(fd, "a", 1);
	tcp_reset(fd);
	tcp_hear_reset(remote);
	released(grants, END_RESET);
	ended(END_RESET);
}

/* P6: errors of socket(2) and connect(2) in the parent. */
static void
test_codes(void **state)
{
	static const struct {
		int		 error;
		uint8_t		 code;
		enum end_reason	 reason;
	} t[] = {
		{ ENETUNREACH, 3, END_REFUSED },
		{ EHOSTUNREACH, 4, END_REFUSED },
		{ ENETDOWN, 4, END_REFUSED },
		{ EHOSTDOWN, 4, END_REFUSED },
		{ ECONNREFUSED, 5, END_REFUSED },
		{ ETIMEDOUT, 6, END_TIMEOUT },
		{ EACCES, 2, END_REFUSED },
		{ EPERM, 2, END_REFUSED },
		{ EMFILE, 1, END_FAILED },
		{ EADDRNOTAVAIL, 1, END_FAILED },
		{ 0, 1, END_FAILED }		/* lost on the way */
	};
	struct msg_ask	 ask;
	size_t		 i;
	int		 fd;

	(void)state;
	/* What the system refuses is answered, `drop' is for the rules. */
	engine.settings.block_drop = 1;
	for (i = 0; i < nitems(t); i++) {
		fd = tcp_client();
		ask = ask_connect(fd);
		answer(&ask, ++grants, 0, -1, t[i].error);
		hear_failure(fd, t[i].code);
		released(grants, t[i].reason);
		assert_int_equal(ended(t[i].reason)->refused, 1);
	}
}

/* P4: `set block-policy drop'. */
static void
test_drop(void **state)
{
	struct msg_ask	 ask;
	int		 fd = tcp_client();

	(void)state;
	engine.settings.block_drop = 1;
	ask = ask_connect(fd);
	deny(&ask, SOCKS_REFUSED, 0);
	tcp_hear_fin(fd);
	close(fd);
	ended(END_REFUSED);
	fd = tcp_client();
	ask = ask_connect(fd);
	deny(&ask, SOCKS_HOSTUNREACH, 0);
	hear_failure(fd, SOCKS_HOSTUNREACH);
}

/* A port nobody listens on. */
static struct sockaddr_in
dead_port(void)
{
	struct sockaddr_in	 sin;

	close(tcp_listen(&sin, 1));
	return sin;
}

static void
test_connect_refused(void **state)
{
	struct sockaddr_in	 dead = dead_port();
	struct msg_ask		 ask;
	int			 fd = tcp_client(), fds = open_fds();

	(void)state;
	ask = ask_connect(fd);
	answer(&ask, ++grants, 0, tcp_connect(&dead), 0);
	hear_failure(fd, SOCKS_CONNREFUSED);
	released(grants, END_REFUSED);
	assert_int_equal(open_fds(), fds - 2);
}

/* P6: the addresses of a name in order, one NEXT for each that fails. */
static void
test_next(void **state)
{
	struct sockaddr_in	 sin, dead = dead_port();
	struct msg_ask		 ask;
	struct sent		*n;
	int			 l = tcp_listen(&sin, 8), remote;
	int			 fd = tcp_client();

	(void)state;
	ask = ask_connect(fd);
	answer(&ask, ++grants, 2, tcp_connect(&dead), 0);
	hear_nothing(fd);
	assert_non_null(n = stub_next(M_NEXT));
	assert_int_equal(n->m.next.req, ask.req);
	assert_int_equal(n->m.next.sid, sid);
	assert_int_equal(engine.stat[STAT_PENDING], 1);
	answer(&ask, grants, 1, -1, ENETUNREACH);
	assert_non_null(stub_next(M_NEXT));
	answer(&ask, grants, 0, tcp_connect(&sin), 0);
	remote = tcp_accept(l);
	tcp_hear(fd, "\5\0\0\1\300\0\2\1\x1e\x61", 10);
	assert_int_equal(stub_count(M_RELEASED), 0);
	SAY(fd, 'a');
	tcp_hear(remote, "a", 1);
	close(fd);
	close(remote);
	close(l);
	run_until_ended(0);
	released(grants, END_CLIENT);
	assert_null(stub_next(M_RELEASED));
}

/* The last real error counts; policy may refuse what is left. */
static void
test_next_fails(void **state)
{
	struct sockaddr_in	 dead = dead_port();
	struct msg_ask		 ask;
	int			 fd = tcp_client();

	(void)state;
	ask = ask_connect(fd);
	answer(&ask, ++grants, 1, tcp_connect(&dead), 0);
	hear_nothing(fd);
	answer(&ask, grants, 0, -1, ENETUNREACH);
	hear_failure(fd, SOCKS_NETUNREACH);
	released(grants, END_REFUSED);
	fd = tcp_client();
	ask = ask_connect(fd);
	answer(&ask, ++grants, 1, -1, ECONNREFUSED);
	deny(&ask, SOCKS_REFUSED, 0);
	hear_failure(fd, SOCKS_REFUSED);
	released(grants, END_REFUSED);
	ended(END_REFUSED);
}

/* Neither accepts nor refuses. */
static int
swallowing(struct sockaddr_in *sin, int *full)
{
	int		 l = tcp_listen(sin, 0);

	*full = tcp_connect(sin);
	return l;
}

/* P6: X'06' when the time is over, and a slice of it for each address. */
static void
test_timeout(void **state)
{
	struct sockaddr_in	 sin;
	struct msg_ask		 ask;
	long long		 from;
	int			 full, l = swallowing(&sin, &full);
	int			 fd = tcp_client();

	(void)state;
	engine.settings.timeout[TIMEOUT_CONNECT] = 1;
	ask = ask_connect(fd);
	answer(&ask, ++grants, 0, tcp_connect(&sin), 0);
	/* While it connects nothing is asked: it takes nobody's place. */
	assert_int_equal(engine.stat[STAT_PENDING], 0);
	assert_in_range(wait_for(fd, 1000), 900, 1300);
	hear_failure(fd, SOCKS_TTLEXPIRED);
	released(grants, END_TIMEOUT);
	ended(END_TIMEOUT);
	fd = tcp_client();
	from = clock_ms();
	ask = ask_connect(fd);
	answer(&ask, ++grants, 3, tcp_connect(&sin), 0);
	while (stub_count(M_NEXT) == 0) {
		event_loop(EVLOOP_NONBLOCK);
		assert_true(clock_ms() - from < 500);
		usleep(1000);
	}
	assert_in_range(clock_ms() - from, 240, 400);
	/* What an address answered says more than the silence of another. */
	answer(&ask, grants, 1, -1, ECONNREFUSED);
	answer(&ask, grants, 0, tcp_connect(&sin), 0);
	wait_for(fd, 1000);
	assert_in_range(clock_ms() - from, 900, 1300);
	hear_failure(fd, SOCKS_CONNREFUSED);
	close(full);
	close(l);
}

/* A client that leaves takes its attempt along. */
static void
test_leaves(void **state)
{
	struct sockaddr_in	 sin;
	struct msg_ask		 ask;
	int			 full, l = swallowing(&sin, &full);
	int			 fds = open_fds(), fd = tcp_client();

	(void)state;
	ask = ask_connect(fd);
	answer(&ask, ++grants, 0, tcp_connect(&sin), 0);
	tcp_reset(fd);
	run_until_ended(0);
	released(grants, END_RESET);
	ended(END_RESET);
	assert_int_equal(open_fds(), fds);
	close(full);
	close(l);
}

/* What comes for a session that is no more is closed, and told behind END. */
static void
test_late_answer(void **state)
{
	struct sockaddr_in	 sin;
	struct msg_ask		 ask;
	int			 l = tcp_listen(&sin, 8), fds = open_fds();
	int			 fd = tcp_client();

	(void)state;
	ask = ask_connect(fd);
	tcp_reset(fd);
	run_until_ended(0);
	ended(END_RESET);
	assert_int_equal(engine.stat[STAT_PENDING], 1);
	answer(&ask, ++grants, 1, tcp_connect(&sin), 0);
	released(grants, END_CLIENT);
	assert_int_equal(engine.stat[STAT_PENDING], 0);
	assert_int_equal(open_fds(), fds);
	/* One that is behind NEXT has been released already. */
	fd = tcp_client();
	ask = ask_connect(fd);
	answer(&ask, ++grants, 1, -1, ECONNREFUSED);
	tcp_reset(fd);
	run_until_ended(0);
	released(grants, END_RESET);
	ended(END_RESET);
	answer(&ask, grants, 0, tcp_connect(&sin), 0);
	assert_null(stub_next(M_RELEASED));
	assert_int_equal(open_fds(), fds);
	close(l);
}

static void
revoked(uint64_t grant)
{
	struct msg_revoke	 m = { .sid = sid, .grant = grant,
				    .reason = END_REVOKED };

	request_on_revoked(PROC_PARENT, &m, -1);
}

/* At once, and as an RST: nobody may take it for the end of the octets. */
static void
test_revoked(void **state)
{
	struct msg_ask	 ask;
	int		 fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	revoked(grants + 5);		/* another */
	SAY(fd, 'a');
	tcp_hear(remote, "a", 1);
	revoked(grants);
	released(grants, END_REVOKED);
	ended(END_REVOKED);
	tcp_hear_reset(fd);
	tcp_hear_reset(remote);
	/* While the next address is asked for; the answer comes later. */
	fd = tcp_client();
	ask = ask_connect(fd);
	answer(&ask, ++grants, 1, -1, ECONNREFUSED);
	revoked(0);
	hear_failure(fd, SOCKS_REFUSED);
	released(grants, END_REVOKED);
	ended(END_REVOKED);
	deny(&ask, SOCKS_REFUSED, 0);
	assert_int_equal(engine.stat[STAT_PENDING], 0);
}

static void
test_idle(void **state)
{
	long long	 from;
	int		 fd, remote;

	(void)state;
	granted_idle = 1;
	fd = stream_stands(tcp_client(), &remote);
	granted_idle = 30;
	usleep(600000);
	from = clock_ms();
	SAY(remote, 'a');		/* is used, and re-arms */
	tcp_hear(fd, "a", 1);
	run_until_ended(1000);
	assert_in_range(clock_ms() - from, 950, 1500);
	released(grants, END_IDLE);
	tcp_hear_reset(fd);
	tcp_hear_reset(remote);
}

static void
test_half_closed_timeout(void **state)
{
	long long	 from = clock_ms();
	int		 fd, remote;

	(void)state;
	engine.settings.timeout[TIMEOUT_HALF_CLOSED] = 1;
	fd = stream_stands(tcp_client(), &remote);
	shutdown(remote, SHUT_WR);
	tcp_hear_fin(fd);
	run_until_ended(1000);
	assert_in_range(clock_ms() - from, 950, 1500);
	released(grants, END_TIMEOUT);
	tcp_hear_reset(remote);
	close(fd);
}

/* So much from one end to the other, the reader slower; every octet right. */
static void
pour(int from, int to, size_t total)
{
	static uint8_t	 buf[65536];
	size_t		 in = 0, out = 0, i;
	ssize_t		 n;

	while (out < total) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = (uint8_t)((in + i) * 31 + (in + i) / 251);
		n = total - in < sizeof(buf) ? (ssize_t)(total - in) :
		    (ssize_t)sizeof(buf);
		if (n > 0 && (n = write(from, buf, (size_t)n)) > 0)
			in += (size_t)n;
		event_loop(EVLOOP_NONBLOCK);
		if ((n = read(to, buf, 30000)) <= 0)
			continue;
		for (i = 0; i < (size_t)n; i++)
			if (buf[i] != (uint8_t)((out + i) * 31 +
			    (out + i) / 251))
				fail_msg("octet %zu is wrong", out + i);
		out += (size_t)n;
	}
	assert_int_equal(in, out);
}

static void
test_pours(void **state)
{
	int		 fd, remote, fds = open_fds();

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	pour(fd, remote, 8 << 20);
	pour(remote, fd, 8 << 20);
	close(fd);
	close(remote);
	run_until_ended(0);
	assert_int_equal(released(grants, END_CLIENT)->counters.out_octets,
	    8 << 20);
	/* Some pipes stay for the next, not more than the pool keeps. */
	assert_in_range(open_fds() - fds, 0, 16);
}

/* Without descriptors left for pipes it goes by way of memory. */
static void
test_no_pipes(void **state)
{
	struct rlimit	 old, few;
	int		 fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &few);
	pour(fd, remote, 4 << 20);
	setrlimit(RLIMIT_NOFILE, &old);
	close(fd);
	close(remote);
	run_until_ended(0);
}

/* A reader that does not read holds the writer back; nothing is lost. */
static void
test_slow_reader(void **state)
{
	static uint8_t	 buf[65536];
	struct stream	*st;
	size_t		 in = 0, out = 0, k;
	ssize_t		 n;
	int		 i, fd, remote;

	(void)state;
	for (k = 0; k < sizeof(buf); k++)
		buf[k] = (uint8_t)(k % 251);
	fd = stream_stands(tcp_client(), &remote);
	st = session_find(sid)->stream;
	for (i = 0; i < 200; i++) {
		while ((n = write(remote, buf + in % 251, 65000)) > 0)
			in += (size_t)n;
		stub_run();
		usleep(500);
	}
	/* Three kernels' buffers and the pipe. */
	assert_true(in < 40 << 20);
	assert_true(st->flow[FLOW_IN].lane.held > 0);
	assert_true(st->flow[FLOW_IN].lane.held <= 1 << 20);
	/* It does not spin meanwhile: there is nothing to be told. */
	assert_int_equal(st->side[SIDE_REMOTE].reading, 0);
	shutdown(remote, SHUT_WR);
	/* The other direction is free. */
	SAY(fd, 'a');
	tcp_hear(remote, "a", 1);
	while ((n = tcp_read(fd, buf, sizeof(buf))) > 0)
		for (k = 0; k < (size_t)n; k++, out++)
			if (buf[k] != out % 251)
				fail_msg("octet %zu is wrong", out);
	assert_int_equal(n, 0);
	assert_int_equal(in, out);
	close(fd);
	close(remote);
	run_until_ended(0);
}

/* What is held when a stream ends goes with it, again and again. */
static void
test_ends_blocked(void **state)
{
	static uint8_t	 buf[65536];
	int		 i, fd, remote, fds = open_fds();

	(void)state;
	for (i = 0; i < 20; i++) {
		fd = stream_stands(tcp_client(), &remote);
		while (session_find(sid)->stream->flow[FLOW_IN].lane.held ==
		    0) {
			if (write(remote, buf, sizeof(buf)) == -1)
				assert_int_equal(errno, EAGAIN);
			event_loop(EVLOOP_NONBLOCK);
		}
		tcp_reset(fd);
		tcp_reset(remote);
		run_until_ended(0);
	}
	assert_in_range(open_fds(), 0, fds + 16);
}

static void
test_count(void **state)
{
	struct msg_count	 m = { .token = 9, .what = COUNT_GRANT };
	struct msg_counters	*c;
	int			 fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	SAY(fd, 'a', 'b');
	tcp_hear(remote, "ab", 2);
	m.grant = grants;
	engine_on_count(PROC_POLICY, &m, -1);
	c = &stub_next(M_COUNTERS)->m.counters;
	assert_int_equal(c->found, 1);
	assert_int_equal(c->counters.out_octets, 2);
	assert_int_equal(c->local.port, 40000);
	close(fd);
	close(remote);
	run_until_ended(0);
	engine_on_count(PROC_POLICY, &m, -1);
	assert_int_equal(stub_next(M_COUNTERS)->m.counters.found, 0);
}

/* An idle stream: two descriptors, and no buffer. */
static void
test_idle_costs(void **state)
{
	struct session	*s;
	int		 fds = open_fds(), fd, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	SAY(fd, 'a');
	tcp_hear(remote, "a", 1);
	s = session_find(sid);
	assert_int_equal(open_fds(), fds + 4);	/* two are the test's */
	assert_null(s->in);
	assert_null(s->out);
	assert_null(s->stream->flow[FLOW_OUT].lane.pipe);
	assert_null(s->stream->flow[FLOW_OUT].lane.rest);
	assert_true(sizeof(*s) + sizeof(*s->stream) < 3072);
	close(fd);
	close(remote);
	run_until_ended(0);
}

/* The last of the tests: nothing comes after it. */
static void
test_shutdown(void **state)
{
	struct msg_ask	 ask;
	int		 fd, fd2, remote;

	(void)state;
	fd = stream_stands(tcp_client(), &remote);
	fd2 = tcp_client();
	ask = ask_connect(fd2);
	engine_on_shutdown(PROC_PARENT, NULL, -1);
	released(grants, END_SHUTDOWN);
	assert_int_equal(stub_count(M_END), 2);
	assert_int_equal(engine.stat[STAT_STREAMS], 0);
	tcp_hear_reset(fd);
	tcp_hear_reset(remote);
	answer(&ask, ++grants, 0, -1, ECONNREFUSED);
	tcp_hear_fin(fd2);
	close(fd2);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	 tests[] = {
		T(test_asks),
		T(test_relays),
		T(test_remote_first),
		T(test_early),
		T(test_early_login),
		T(test_reset),
		T(test_codes),
		T(test_drop),
		T(test_connect_refused),
		T(test_next),
		T(test_next_fails),
		T(test_timeout),
		T(test_leaves),
		T(test_late_answer),
		T(test_revoked),
		T(test_idle),
		T(test_half_closed_timeout),
		T(test_no_pipes),	/* before there are any */
		T(test_pours),
		T(test_ends_blocked),
		T(test_slow_reader),
		T(test_count),
		T(test_idle_costs),
		T(test_shutdown)
	};

	alarm(120);			/* whatever hangs has failed */
	signal(SIGPIPE, SIG_IGN);
	stub_init();
	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
