/*
 * pipe.c: the loops of socksmc(1) between a group and a standard stream, until
 * a signal, a count, a silence or the end.
 */

#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"

#include <vis.h>

#include "socksm.h"
#include "socksmc.h"

#define BURST		64	/* datagrams between two looks at signals */
#define LINGER_NS	250000000LL
#define SECOND_NS	1000000000LL
#define FOREVER		INT64_MAX

/* Goes on; everything else is an exit code. */
#define GO_ON		(-1)

static volatile sig_atomic_t	 quit;
static sigset_t			 waiting;	/* the mask while waiting */

static void
on_signal(int sig)
{
	(void)sig;
	quit = 1;
}

/*
 * SIGINT and SIGTERM end cleanly, a second one at once. They are let in only
 * while waiting, so that none is missed, and while standard output blocks. A
 * closed pipe is an error of write(2).
 */
void
pipe_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	(void)sigprocmask(SIG_SETMASK, NULL, &waiting);
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESETHAND;
	if (sigaction(SIGINT, &sa, NULL) == -1 ||
	    sigaction(SIGTERM, &sa, NULL) == -1 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(EXIT_LOCAL, "sigaction");
}

static int64_t
now_ns(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(EXIT_LOCAL, "clock_gettime");
	return (int64_t)ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/* ppoll(2) until deadline; a signal that came before it ends it at once. */
static int
wait_for(struct pollfd *pfd, nfds_t n, int64_t deadline)
{
	struct timespec	 ts;
	sigset_t	 block;
	int64_t		 left;
	int		 ret = -1, saved;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, NULL);
	left = deadline == FOREVER ? 0 : deadline - now_ns();
	if (left < 0)
		left = 0;
	ts.tv_sec = (time_t)(left / SECOND_NS);
	ts.tv_nsec = (long)(left % SECOND_NS);
	saved = EINTR;
	if (!quit) {
		ret = ppoll(pfd, n, deadline == FOREVER ? NULL : &ts,
		    &waiting);
		saved = errno;
	}
	(void)sigprocmask(SIG_SETMASK, &waiting, NULL);
	errno = saved;
	return ret;
}

/* EPIPE is how a reader such as head(1) says that it has enough. */
static int
write_all(const char *p, size_t len)
{
	ssize_t		 n;

	while (len > 0) {
		n = write(STDOUT_FILENO, p, len);
		if (n == -1 && errno == EINTR && !quit)
			continue;
		if (n == -1) {
			if (errno == EINTR)
				return EXIT_DONE;
			if (errno != EPIPE)
				warn("cannot write to standard output");
			return EXIT_LOCAL;
		}
		p += n;
		len -= (size_t)n;
	}
	return GO_ON;
}

/* Wall-clock time and length in place of the octets (-v). */
static int
write_line(size_t len)
{
	struct timespec	 ts;
	char		 line[64];
	int		 n;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		err(EXIT_LOCAL, "clock_gettime");
	n = snprintf(line, sizeof(line), "%lld.%06ld %zu\n",
	    (long long)ts.tv_sec, ts.tv_nsec / 1000, len);
	return write_all(line, (size_t)n);
}

/* A stranger's octets must not steer a terminal. */
static int
write_octets(const char *data, size_t len)
{
	static char	 vis[4 * SOCKSM_DATA_MAX + 1];
	static int	 tty = -1;

	if (tty == -1)
		tty = isatty(STDOUT_FILENO);
	if (!tty)
		return write_all(data, len);
	(void)strvisx(vis, data, len, 0);
	return write_all(vis, strlen(vis));
}

/* Takes what is there, some of it: GO_ON or an exit code. */
static int
recv_burst(struct socksm *s, const struct options *o, uint64_t *count)
{
	static char	 buf[SOCKSM_DATA_MAX + 8];
	ssize_t		 n;
	int		 i, ret;

	for (i = 0; i < BURST && !quit; i++) {
		if ((n = socksm_recv(s, buf, sizeof(buf), NULL, 0)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				return GO_ON;
			return failed(s);
		}
		ret = o->verbose ? write_line((size_t)n) :
		    write_octets(buf, (size_t)n);
		if (ret != GO_ON)
			return ret;
		if (++*count == o->count)
			return EXIT_DONE;
	}
	return GO_ON;
}

static int64_t
silence_ends(const struct options *o)
{
	return o->wait == 0 ? FOREVER : now_ns() + o->wait * SECOND_NS;
}

static int
recv_loop(struct socksm *s, const struct options *o, uint64_t *count)
{
	struct pollfd	 pfd[2] = {
		{ .fd = socksm_udp_fd(s), .events = POLLIN },
		{ .fd = socksm_control_fd(s), .events = POLLIN }
	};
	int64_t		 deadline = silence_ends(o);
	uint64_t	 before;
	int		 n, ret;

	while ((n = wait_for(pfd, 2, deadline)) != 0) {
		if (quit)
			return EXIT_DONE;
		if (n == -1 && errno != EINTR)
			err(EXIT_LOCAL, "poll");
		before = *count;
		if ((ret = recv_burst(s, o, count)) != GO_ON)
			return ret;
		if (*count != before)
			deadline = silence_ends(o);
	}
	return o->count != 0 ? EXIT_SILENCE : EXIT_DONE;
}

int
pipe_recv(struct socksm *s, const struct options *o)
{
	uint64_t	 count = 0;
	int		 ret = recv_loop(s, o, &count);

	if (o->verbose)
		warnx("%llu datagrams received, %llu dropped",
		    (unsigned long long)count,
		    (unsigned long long)socksm_drops(s));
	return ret;
}

/* Waits for standard input (fd 0) or only for the time (fd -1). */
static int
send_wait(struct socksm *s, int fd, int64_t deadline)
{
	struct pollfd	 pfd[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = socksm_control_fd(s), .events = POLLIN }
	};
	int		 n;

	for (;;) {
		n = wait_for(pfd, 2, deadline);
		if (quit)
			return EXIT_DONE;
		if (n == -1 && errno != EINTR)
			err(EXIT_LOCAL, "poll");
		if (n > 0 && pfd[1].revents != 0 && socksm_check(s) == -1)
			return failed(s);
		if (n == 0 || (n > 0 && pfd[0].revents != 0))
			return GO_ON;
	}
}

/* When the next datagram may go, len octets after this one at the rate. */
static int64_t
pace(const struct options *o, int64_t due, size_t len)
{
	int64_t		 now = now_ns();

	if (o->rate == 0)
		return now;
	if (due < now - SECOND_NS)	/* input paused: no burst to catch up */
		due = now;
	return due + (int64_t)(len * 8 * 1000000 / o->rate);
}

static int
send_loop(struct socksm *s, uint32_t aid, const struct options *o,
    uint64_t *count)
{
	static char	 buf[SOCKSM_DATA_MAX];
	int64_t		 due = now_ns();
	ssize_t		 n;
	int		 ret;

	for (;;) {
		if (o->rate != 0 && (ret = send_wait(s, -1, due)) != GO_ON)
			return ret;
		if ((ret = send_wait(s, STDIN_FILENO, FOREVER)) != GO_ON)
			return ret;
		n = read(STDIN_FILENO, buf, o->length);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == -1)
			err(EXIT_LOCAL, "cannot read standard input");
		if (n == 0)
			return EXIT_DONE;
		if (socksm_send(s, aid, buf, (size_t)n) == -1)
			return failed(s);
		if (++*count == o->count)
			return EXIT_DONE;
		due = pace(o, due, (size_t)n);
	}
}

/*
 * What was sent last may still be on its way when the release arrives on the
 * other connection, so that waits a moment.
 */
int
pipe_send(struct socksm *s, uint32_t aid, const struct options *o)
{
	uint64_t	 count = 0;
	int		 ret = send_loop(s, aid, o, &count);

	if (ret == EXIT_DONE && count > 0 && !quit)
		ret = send_wait(s, -1, now_ns() + LINGER_NS);
	if (o->verbose)
		warnx("%llu datagrams sent", (unsigned long long)count);
	return ret == GO_ON ? EXIT_DONE : ret;
}
