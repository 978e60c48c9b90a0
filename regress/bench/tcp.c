/*
 * tcp.c: the load generator pushes octets through CONNECT sessions in writes
 * of 64 KiB, and throws away what arrives.
 */

#include <sys/socket.h>
#include <sys/epoll.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

#define WRITE	65536
#define STREAMS	8

static int			 listener;
static struct sockaddr_in	 target;

struct stream {
	int		 near, far;
	uint64_t	 left;		/* to be written */
	uint64_t	 came;
};

static void
tcp_prepare(char **arg)
{
	(void)arg;
	listener = net_listen(load.out, load.outside, &target);
}

static void
stream_watch(int ep, int fd, uint32_t events, struct stream *s)
{
	struct epoll_event	 ev = { .events = events | EPOLLET };

	ev.data.ptr = s;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
stream_open(struct stream *s, int ep, uint64_t octets)
{
	s->near = proxy_connect(&target);
	s->far = net_accept(listener);
	s->left = octets;
	s->came = 0;
	stream_watch(ep, s->near, EPOLLOUT, s);
	stream_watch(ep, s->far, EPOLLIN, s);
}

static void
stream_write(struct stream *s)
{
	static uint8_t	 buf[WRITE];
	ssize_t		 n = 0;

	while (s->left > 0 && n != -1) {
		n = write(s->near, buf, s->left < WRITE ? s->left : WRITE);
		if (n > 0)
			s->left -= n;
	}
	if (n == -1 && errno != EAGAIN)
		err(1, "write to the server");
}

/* MSG_TRUNC: without copying, as a reader would not be ours to measure. */
static uint64_t
stream_read(struct stream *s)
{
	uint64_t	 before = s->came;
	ssize_t		 n;

	while ((n = recv(s->far, NULL, 1 << 20, MSG_TRUNC | MSG_DONTWAIT)) > 0)
		s->came += n;
	if (n == -1 && errno != EAGAIN)
		err(1, "read at the target");
	return s->came - before;
}

static uint64_t
tcp_pump(int ep, uint64_t octets)
{
	struct epoll_event	 ev[STREAMS * 2];
	struct stream		*s;
	uint64_t		 done = 0;
	int			 i, n;

	while (done < octets) {
		if ((n = epoll_wait(ep, ev, STREAMS * 2,
		    PATIENCE * 1000)) == 0)
			break;
		for (i = 0; i < n; i++) {
			s = ev[i].data.ptr;
			done += stream_read(s);
			stream_write(s);
		}
	}
	return done;
}

/* The unit is an octet; connecting is part of it, and nothing beside it. */
static uint64_t
tcp_run(const struct ask *ask)
{
	static struct stream	 stream[STREAMS];
	uint64_t		 done, each;
	int			 i, ep, n = ask->width;

	if (n > STREAMS)
		errx(1, "%d streams at most", STREAMS);
	each = ask->n / n;
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	for (i = 0; i < n; i++)
		stream_open(&stream[i], ep, each);
	done = tcp_pump(ep, each * n);
	load.lost = each * n - done;
	for (i = 0; i < n; i++) {
		close(stream[i].near);
		close(stream[i].far);
	}
	close(ep);
	return done;
}

const struct work	work_tcp = {
	"tcp", 0, "", tcp_prepare, tcp_run
};
