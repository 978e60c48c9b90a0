/*
 * client_net.c: the sockets of a client, connected and read with deadlines; it
 * runs in programs of users.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define UDP_BUFFER	(8 * 1024 * 1024)
#define UDP_BUFFER_MIN	(64 * 1024)

/* 1 ready, 0 too late, -1 error. A signal does not end it. */
int
client_wait(int fd, short events, int64_t deadline)
{
	struct pollfd	 pfd = { .fd = fd, .events = events };
	int64_t		 left;
	int		 n;

	for (;;) {
		left = deadline - client_now();
		if (left < 0)
			left = 0;
		n = poll(&pfd, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n != -1 || errno != EINTR)
			return n;
	}
}

static int
lost(struct socksm *s, int error)
{
	return client_fail(s, SOCKSM_LOST, error,
	    "lost the connection to %s port %s: %s", s->host, s->port,
	    strerror(error));
}

int
client_too_late(struct socksm *s)
{
	return client_fail(s, SOCKSM_LOST, ETIMEDOUT,
	    "%s port %s did not answer in time", s->host, s->port);
}

int
client_write(struct socksm *s, const void *data, size_t len, int64_t deadline)
{
	const uint8_t	*p = data;
	ssize_t		 n;
	int		 ready;

	while (len > 0) {
		n = send(s->ctl, p, len, MSG_NOSIGNAL);
		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost(s, errno);
		if ((ready = client_wait(s->ctl, POLLOUT, deadline)) == -1)
			return lost(s, errno);
		if (ready == 0)
			return client_too_late(s);
	}
	return 0;
}

/* Reads something behind what is there: 0, or -1 if nothing will come. */
int
client_fill(struct socksm *s, int64_t deadline)
{
	ssize_t		 n;
	int		 ready;

	for (;;) {
		n = recv(s->ctl, s->in + s->inlen, sizeof(s->in) - s->inlen, 0);
		if (n > 0) {
			s->inlen += (size_t)n;
			return 0;
		}
		if (n == 0)
			return client_fail(s, SOCKSM_LOST, ECONNRESET,
			    "%s port %s closed the connection", s->host,
			    s->port);
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost(s, errno);
		if ((ready = client_wait(s->ctl, POLLIN, deadline)) == -1)
			return lost(s, errno);
		if (ready == 0)
			return client_too_late(s);
	}
}

void
client_consume(struct socksm *s, size_t n)
{
	s->inlen -= n;
	memmove(s->in, s->in + n, s->inlen);
}

/* A connected socket, or -1 with errno. */
static int
connect_one(const struct addrinfo *ai, int64_t deadline)
{
	socklen_t	 len = sizeof(int);
	int		 error = 0, fd, ready;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	if (errno != EINPROGRESS)
		error = errno;
	else if ((ready = client_wait(fd, POLLOUT, deadline)) == -1)
		error = errno;
	else if (ready == 0)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0)
		return fd;
	(void)close(fd);		/* nothing was written */
	errno = error;
	return -1;
}

/* One address that swallows packets gets its share of the time, not all. */
static int
connect_any(struct socksm *s, const struct addrinfo *list, int64_t deadline)
{
	const struct addrinfo	*ai;
	int64_t			 now;
	int			 fd = -1, left = 0;

	for (ai = list; ai != NULL; ai = ai->ai_next)
		left++;
	for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
		now = client_now();
		fd = connect_one(ai, now + (deadline - now) / left--);
	}
	if (fd == -1)
		return client_fail(s, SOCKSM_UNREACHABLE, errno,
		    "cannot connect to %s port %s: %s", s->host, s->port,
		    strerror(errno));
	s->ctl = fd;
	return 0;
}

int
client_reach(struct socksm *s, int64_t deadline)
{
	struct addrinfo		 hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo		*list;
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	int			 error, on = 1, ret;

	if ((error = getaddrinfo(s->host, s->port, &hints, &list)) != 0)
		return client_fail(s, SOCKSM_UNREACHABLE, ENOENT,
		    "cannot find %s port %s: %s", s->host, s->port,
		    gai_strerror(error));
	ret = connect_any(s, list, deadline);
	error = errno;
	freeaddrinfo(list);
	errno = error;
	if (ret == -1)
		return -1;
	if (getpeername(s->ctl, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(&s->server, (struct sockaddr *)&ss) == -1)
		return lost(s, ENOTCONN);
	/* Only less delay: requests are single small packets. */
	(void)setsockopt(s->ctl, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

/* As large as the system allows: Linux cuts it down, the BSDs refuse. */
static void
enlarge_buffer(int fd)
{
	int		 size;

	for (size = UDP_BUFFER; size >= UDP_BUFFER_MIN; size /= 2)
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size)) == 0)
			return;
}

/* Bound to the address that reaches the server, so that both agree on it. */
int
client_open_udp(struct socksm *s)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep;
	socklen_t		 len = sizeof(ss);

	if (getsockname(s->ctl, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(&ep, (struct sockaddr *)&ss) == -1)
		return lost(s, ENOTCONN);
	ep.port = 0;
	len = endpoint_to_sockaddr(&ep, &ss);
	s->udp = socket(ss.ss_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->udp == -1 || bind(s->udp, (struct sockaddr *)&ss, len) == -1)
		return client_fail(s, SOCKSM_LOCAL, errno,
		    "cannot open a UDP socket: %s", strerror(errno));
	enlarge_buffer(s->udp);
	return 0;
}
