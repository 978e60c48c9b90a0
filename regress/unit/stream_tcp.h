/*
 * stream_tcp.h: connections over loopback for the tests of streams.
 */
#ifndef STREAM_TCP_H
#define STREAM_TCP_H

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "session_grant.h"

/* A listener on loopback; backlog 0 and one waiting: it swallows the rest. */
static inline int
tcp_listen(struct sockaddr_in *sin, int backlog)
{
	socklen_t	 len = sizeof(*sin);
	int		 fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
			    SOCK_NONBLOCK, 0);

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)sin, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)sin, &len), 0);
	return fd;
}

/* As the parent does it: connecting, or connected already. */
static inline int
tcp_connect(const struct sockaddr_in *sin)
{
	int		 on = 1, fd = socket(AF_INET, SOCK_STREAM |
			    SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) == -1)
		assert_int_equal(errno, EINPROGRESS);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static inline int
tcp_accept(int listener)
{
	int		 fd = -1, i;

	for (i = 0; i < 1000 && fd == -1; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC |
		    SOCK_NONBLOCK);
		if (fd == -1)
			usleep(1000);
	}
	assert_int_not_equal(fd, -1);
	return fd;
}

static inline void
tcp_reset(int fd)
{
	struct linger	 l = { 1, 0 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l,
	    sizeof(l)), 0);
	close(fd);
}

/* A session over TCP; the test's end of it. */
static inline int
tcp_client(void)
{
	struct sockaddr_in	 sin;
	int			 l = tcp_listen(&sin, 8), fd, far;

	fd = tcp_connect(&sin);
	far = tcp_accept(l);
	close(l);
	stub_session(++sid, far);
	return fd;
}

/* Runs until there is something to read, or an end, at most two seconds. */
static inline ssize_t
tcp_read(int fd, void *buf, size_t n)
{
	ssize_t		 r;
	int		 i;

	for (i = 0; i < 2000; i++) {
		stub_run();
		if ((r = read(fd, buf, n)) != -1 || errno != EAGAIN)
			return r;
		usleep(1000);
	}
	fail_msg("nothing came");
	return -1;
}

/* Exactly these octets, whatever they are cut into. */
static inline void
tcp_hear(int fd, const void *data, size_t n)
{
	uint8_t		 buf[8192];
	size_t		 len = 0;
	ssize_t		 r;

	assert_true(n <= sizeof(buf));
	while (len < n) {
		r = tcp_read(fd, buf + len, n - len);
		assert_true(r > 0);
		len += (size_t)r;
	}
	assert_memory_equal(buf, data, n);
}

static inline void
tcp_hear_fin(int fd)
{
	uint8_t		 c;

	assert_int_equal(tcp_read(fd, &c, 1), 0);
}

static inline void
tcp_hear_reset(int fd)
{
	uint8_t		 c;

	assert_int_equal(tcp_read(fd, &c, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

#endif
