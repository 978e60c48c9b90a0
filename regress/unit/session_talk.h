/*
 * session_talk.h: what the tests of control connections have in common: the
 * client's end, what it says and what it hears.
 */
#ifndef SESSION_TALK_H
#define SESSION_TALK_H

#include "control_run.h"
#include "egress.h"

#define F_MC	(SOCKS_F_MULTICAST)
#define F_R	(SOCKS_F_RECEIVE)
#define F_S	(SOCKS_F_SEND)

static const uint8_t	 only_none[] = { SOCKS_METHOD_NONE };
static uint64_t		 sid = 1000, grants = 1000;
static uint8_t		 got[8192];	/* what the client has read */

static inline int
setup(void **state)
{
	(void)state;
	stub_configure(1, only_none);
	nread = nsent = 0;
	stub_join_fails = 0;
	return 0;
}

/* Whatever is left ends; nothing may be left over then. */
static inline int
teardown(void **state)
{
	(void)state;
	session_close_all(END_CLIENT);
	stub_run();
	return engine.stat[STAT_SESSIONS] == 0 &&
	    engine.stat[STAT_ASSOCIATIONS] == 0 && stub_receivers == 0 &&
	    stub_senders == 0 && stub_refs[SOCK_RELAY] == 0 &&
	    egress_number() == 0 ? 0 : -1;
}

static inline void
say(int fd, const void *data, size_t n)
{
	assert_int_equal(write(fd, data, n), n);
	stub_run();
}

#define SAY(fd, ...)	do {						\
	const uint8_t	 say_[] = { __VA_ARGS__ };			\
	say(fd, say_, sizeof(say_));					\
} while (0)

/* Exactly these octets have come so far. */
static inline void
hear(int fd, const void *data, size_t n)
{
	ssize_t		 r;

	stub_run();
	r = read(fd, got, sizeof(got));
	assert_int_equal(r, n);
	assert_memory_equal(got, data, n);
}

#define HEAR(fd, ...)	do {						\
	const uint8_t	 hear_[] = { __VA_ARGS__ };			\
	hear(fd, hear_, sizeof(hear_));					\
} while (0)

static inline void
hear_nothing(int fd)
{
	stub_run();
	assert_int_equal(read(fd, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
}

/* End of file, not an error: no RST has destroyed anything. */
static inline void
hear_end(int fd)
{
	stub_run();
	assert_int_equal(read(fd, got, sizeof(got)), 0);
	close(fd);
	stub_run();
}

/* Runs until the client hears something, at most two seconds more than ms. */
static inline long long
wait_for(int fd, int ms)
{
	long long	 from = clock_ms();
	uint8_t		 c;

	while (recv(fd, &c, 1, MSG_PEEK) == -1) {
		assert_true(clock_ms() - from < ms + 2000);
		usleep(2000);
		event_loop(EVLOOP_NONBLOCK);
	}
	return clock_ms() - from;
}

static inline struct msg_end *
ended(enum end_reason reason)
{
	struct sent	*e;

	stub_run();
	e = stub_next(M_END);
	assert_non_null(e);
	assert_int_equal(e->m.end.sid, sid);
	assert_int_equal(e->m.end.reason, reason);
	return &e->m.end;
}

#endif
