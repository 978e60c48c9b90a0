/*
 * proc.c: tests of the ring's dispatcher: what is not in the table, not of
 * its size, not from its sender or with a descriptor too many is fatal with a
 * line that says which; order, draining, and the count of what has left.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <event.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "compat.h"
#include "imsg.h"

#include "log.h"
#include "proc.h"

#define ENDED	77	/* exit status of a child that lived */

static int	 handled, last_fd;
static uint64_t	 last_sid;

static void
on_authed(enum proc_role from, const void *data, int fd)
{
	assert_int_equal(from, PROC_AUTH);
	last_sid = ((const struct msg_authed *)data)->sid;
	last_fd = fd;
	handled++;
}

static void
on_client(enum proc_role from, const void *data, int fd)
{
	(void)from;
	last_sid = ((const struct msg_session *)data)->sid;
	last_fd = fd;
	handled++;
}

/* Handling this one drains another channel, as policy does. */
static void
on_deny(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)data;
	(void)fd;
	proc_drain(PROC_AUTH);
	proc_drain(PROC_POLICY);	/* busy: must come straight back */
	handled = handled * 10;
}

static const struct msg_desc table[] = {
	{ M_AUTHED, PROC_AUTH, PROC_ENGINE, FD_NONE,
	    sizeof(struct msg_authed), "AUTHED", on_authed },
	{ M_CLIENT, PROC_PARENT, PROC_ENGINE, FD_MAY,
	    sizeof(struct msg_session), "CLIENT", on_client },
	{ M_DENY, PROC_POLICY, PROC_ENGINE, FD_NONE, sizeof(struct msg_deny),
	    "DENY", on_deny },
	{ M_AUTH, PROC_ENGINE, PROC_AUTH, FD_NONE, sizeof(struct msg_auth),
	    "AUTH", NULL },
};

static struct imsgbuf	 peers[PROC_MAX];	/* the other ends */
static struct event_base *base;

static void
start(void)
{
	int	 i, sv[2];

	handled = 0;
	last_fd = -2;
	base = event_init();
	proc_init(PROC_ENGINE, table, nitems(table));
	for (i = 0; i < PROC_MAX; i++) {
		if (i == PROC_ENGINE)
			continue;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
		assert_int_equal(imsgbuf_init(&peers[i], sv[0]), 0);
		imsgbuf_allow_fdpass(&peers[i]);
		proc_attach(i, sv[1]);
	}
}

static void
stop(void)
{
	int	 i;

	for (i = 0; i < PROC_MAX; i++) {
		if (i == PROC_ENGINE)
			continue;
		proc_detach(i);
		imsgbuf_clear(&peers[i]);
		close(peers[i].fd);
	}
	event_base_free(base);
}

static void
say(enum proc_role from, uint32_t type, const void *data, size_t len, int fd)
{
	assert_int_equal(imsg_compose(&peers[from], type, 0, 0, fd, data, len),
	    1);
	assert_int_equal(imsgbuf_write(&peers[from]), 0);
}

/*
 * In a child: the message is sent and read. The line that it died with, or
 * the empty string if it lived.
 */
static void
outcome(enum proc_role from, uint32_t type, size_t len, int with_fd,
    char *line, size_t size)
{
	static const char	 zero[4096];
	int			 p[2], status;
	ssize_t			 n;
	pid_t			 pid;

	assert_int_equal(pipe(p), 0);
	if ((pid = fork()) == 0) {
		dup2(p[1], STDERR_FILENO);
		start();
		say(from, type, zero, len, with_fd ? dup(p[0]) : -1);
		proc_drain(from);
		_exit(ENDED);
	}
	close(p[1]);
	n = read(p[0], line, size - 1);
	line[n > 0 ? n : 0] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), n > 0 ? 1 : ENDED);
}

static void
test_right_message_is_handled(void **state)
{
	struct msg_authed	 msg = { .sid = 42, .ok = 1 };

	(void)state;
	start();
	say(PROC_AUTH, M_AUTHED, &msg, sizeof(msg), -1);
	proc_drain(PROC_AUTH);
	assert_int_equal(handled, 1);
	assert_int_equal(last_sid, 42);
	assert_int_equal(last_fd, -1);
	stop();
}

static void
test_unknown_type(void **state)
{
	char	 line[512];

	(void)state;
	outcome(PROC_AUTH, 4711, 0, 0, line, sizeof(line));
	assert_string_equal(line, "engine: message 4711 from auth: unknown, "
	    "or not its to send\n");
	outcome(PROC_AUTH, M_NONE, 0, 0, line, sizeof(line));
	assert_non_null(strstr(line, "message 0 from auth: unknown"));
	outcome(PROC_AUTH, M_MAX, 0, 0, line, sizeof(line));
	assert_non_null(strstr(line, "from auth: unknown"));
}

static void
test_wrong_sender(void **state)
{
	char	 line[512];

	(void)state;
	outcome(PROC_POLICY, M_AUTHED, sizeof(struct msg_authed), 0, line,
	    sizeof(line));
	assert_non_null(strstr(line, "from policy: unknown, or not its"));
	outcome(PROC_AUTH, M_CLIENT, sizeof(struct msg_session), 0, line,
	    sizeof(line));
	assert_non_null(strstr(line, "from auth: unknown, or not its"));
	/* its own to send, not to receive */
	outcome(PROC_AUTH, M_AUTH, sizeof(struct msg_auth), 0, line,
	    sizeof(line));
	assert_non_null(strstr(line, "from auth: unknown, or not its"));
}

static void
test_wrong_size(void **state)
{
	char	 line[512];

	(void)state;
	outcome(PROC_AUTH, M_AUTHED, sizeof(struct msg_authed) - 1, 0, line,
	    sizeof(line));
	assert_non_null(strstr(line, "message AUTHED from auth: 15 octets, "
	    "expected 16"));
	outcome(PROC_AUTH, M_AUTHED, sizeof(struct msg_authed) + 1, 0, line,
	    sizeof(line));
	assert_non_null(strstr(line, "17 octets, expected 16"));
	outcome(PROC_AUTH, M_AUTHED, 0, 0, line, sizeof(line));
	assert_non_null(strstr(line, "0 octets, expected 16"));
	outcome(PROC_AUTH, M_AUTHED, sizeof(struct msg_authed), 0, line,
	    sizeof(line));
	assert_string_equal(line, "");
}

static void
test_descriptor_that_does_not_belong(void **state)
{
	char	 line[512];

	(void)state;
	outcome(PROC_AUTH, M_AUTHED, sizeof(struct msg_authed), 1, line,
	    sizeof(line));
	assert_non_null(strstr(line, "AUTHED from auth: carries a "
	    "descriptor"));
}

static void
test_descriptor_arrives(void **state)
{
	struct msg_session	 msg = { .sid = 7 };
	int			 p[2];

	(void)state;
	start();
	assert_int_equal(pipe(p), 0);
	say(PROC_PARENT, M_CLIENT, &msg, sizeof(msg), p[1]);
	proc_drain(PROC_PARENT);
	assert_int_equal(handled, 1);
	assert_true(last_fd >= 0);
	assert_int_equal(fcntl(last_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(last_fd, "x", 1), 1);
	close(last_fd);
	close(p[0]);
	stop();
}

/* What is sent to a peer that is gone costs nothing and keeps nothing. */
static void
test_send_to_a_peer_that_is_gone(void **state)
{
	struct msg_auth	 msg = { .sid = 1 };

	(void)state;
	start();
	proc_detach(PROC_AUTH);
	proc_send(PROC_AUTH, M_AUTH, &msg, -1);
	assert_int_equal(proc_queued(PROC_AUTH), 0);
	assert_int_equal(proc_left(PROC_AUTH, 1), 1);
	stop();
}

/* What a peer said before it died is heard, though writing to it fails. */
static void
test_last_words(void **state)
{
	struct msg_authed	 last = { .sid = 9, .ok = 1 };
	struct msg_auth		 msg = { .sid = 1 };

	(void)state;
	start();
	say(PROC_AUTH, M_AUTHED, &last, sizeof(last), -1);
	assert_int_equal(shutdown(peers[PROC_AUTH].fd, SHUT_RDWR), 0);
	assert_int_equal(proc_left(PROC_AUTH,
	    proc_send(PROC_AUTH, M_AUTH, &msg, -1)), 1);
	assert_int_equal(proc_queued(PROC_AUTH), 0);
	proc_send(PROC_AUTH, M_AUTH, &msg, -1);
	proc_drain(PROC_AUTH);
	assert_int_equal(handled, 1);
	assert_int_equal(last_sid, 9);
	assert_false(proc_attached(PROC_AUTH));
	stop();
}

/* proc_left() tells about the one message, however many are behind it. */
static void
test_left(void **state)
{
	struct msg_auth	 msg = { .sid = 1 };
	uint64_t	 first, last = 0;
	int		 i;

	(void)state;
	start();
	first = proc_send(PROC_AUTH, M_AUTH, &msg, -1);
	assert_int_equal(proc_queued(PROC_AUTH), 1);
	for (i = 0; i < 4000; i++)
		last = proc_send(PROC_AUTH, M_AUTH, &msg, -1);
	assert_int_equal(last, first + 4000);
	assert_int_equal(proc_left(PROC_AUTH, first), 1);
	assert_int_equal(proc_left(PROC_AUTH, last), 0);
	assert_true(proc_queued(PROC_AUTH) > 0);
	for (i = 0; i < 10000 && !proc_left(PROC_AUTH, last); i++)
		assert_int_equal(imsgbuf_read(&peers[PROC_AUTH]), 1);
	assert_int_equal(proc_left(PROC_AUTH, last), 1);
	stop();
}

static void
test_drain_inside_a_handler(void **state)
{
	struct msg_authed	 authed = { .sid = 5, .ok = 1 };
	struct msg_deny		 deny = { .sid = 5 };

	(void)state;
	start();
	say(PROC_AUTH, M_AUTHED, &authed, sizeof(authed), -1);
	say(PROC_AUTH, M_AUTHED, &authed, sizeof(authed), -1);
	say(PROC_POLICY, M_DENY, &deny, sizeof(deny), -1);
	proc_drain(PROC_POLICY);
	assert_int_equal(handled, 20);	/* both AUTHED, then DENY went on */
	stop();
}

static int
readable(enum proc_role from)
{
	struct pollfd	 pfd = { peers[from].fd, POLLIN, 0 };

	return poll(&pfd, 1, 0) == 1;
}

static int	 drained_calls;

/* In the event loop, not in proc_left(), whose caller walks its own list. */
static void
drained(void)
{
	drained_calls++;
}

static void
test_drained_is_told(void **state)
{
	struct msg_auth	 msg = { .sid = 1 };

	(void)state;
	start();
	proc_on_drain(PROC_AUTH, drained);
	drained_calls = 0;
	assert_int_equal(proc_left(PROC_AUTH,
	    proc_send(PROC_AUTH, M_AUTH, &msg, -1)), 1);
	assert_int_equal(drained_calls, 0);
	while (proc_left(PROC_AUTH, proc_send(PROC_AUTH, M_AUTH, &msg, -1)))
		;
	while (imsgbuf_read(&peers[PROC_AUTH]) == 1 && readable(PROC_AUTH))
		;
	event_loop(EVLOOP_ONCE);
	assert_int_equal(drained_calls, 1);
	proc_on_drain(PROC_AUTH, NULL);
	stop();
}

static void
test_string_without_end(void **state)
{
	char	 line[256], text[4] = { 'a', 'b', 'c', 'd' };
	int	 p[2], status;
	ssize_t	 n;
	pid_t	 pid;

	(void)state;
	assert_int_equal(pipe(p), 0);
	if ((pid = fork()) == 0) {
		dup2(p[1], STDERR_FILENO);
		start();
		msg_string(text, sizeof(text), "the name");
		_exit(ENDED);
	}
	close(p[1]);
	n = read(p[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	close(p[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_string_equal(line, "engine: the name is not terminated\n");
}

/* What a child writes looks like no other's line, and like no record. */
static void
test_a_childs_line(void **state)
{
	char	 text[512];
	int	 p[2], old = dup(STDERR_FILENO);
	ssize_t	 n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	dup2(p[1], STDERR_FILENO);
	log_child(PROC_POLICY, 6, "association sid=1");
	log_child(PROC_ENGINE, 0, "association sid=2");
	log_child(PROC_ENGINE, 6, "engine: one\nassociation sid=3\033[2J\377");
	log_child(PROC_AUTH, UINT32_MAX, "auth");
	dup2(old, STDERR_FILENO);
	close(old);
	n = read(p[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(p[0]);
	close(p[1]);
	assert_string_equal(text, "association sid=1\n"
	    "engine: association sid=2\n"
	    "engine: one?association sid=3?[2J?\nauth: auth\n");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_right_message_is_handled),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_wrong_sender),
		cmocka_unit_test(test_wrong_size),
		cmocka_unit_test(test_descriptor_that_does_not_belong),
		cmocka_unit_test(test_descriptor_arrives),
		cmocka_unit_test(test_send_to_a_peer_that_is_gone),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_drain_inside_a_handler),
		cmocka_unit_test(test_drained_is_told),
		cmocka_unit_test(test_string_without_end),
		cmocka_unit_test(test_a_childs_line),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
