/*
 * stub_stream.c: the bare CONNECT: says yes to everything and splices; it
 * stands in place of the daemon.
 *
 * What it reads of a client it takes to have come whole, as load sends it.
 */

#include <sys/epoll.h>
#include <netinet/tcp.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stub.h"

#define PIPE	(256 << 10)
#define EVENTS	64

enum state { HELLO, REQUEST, CONNECTING, RELAY };

struct conn;

struct side {
	struct conn	*conn;
	int		 fd;
	int		 pipe[2];	/* of what comes from here, once it does */
	size_t		 held;
	int		 eof;
};

struct conn {
	struct side	 side[2];	/* client, target */
	enum state	 state;
	int		 dead;
	struct conn	*next_dead;
};

static int		 ep, listener;
static struct conn	*dead;

static void
watch(struct side *s)
{
	struct epoll_event	 ev = { .events = EPOLLIN | EPOLLOUT |
				    EPOLLRDHUP | EPOLLET };

	ev.data.ptr = s;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
conn_close(struct conn *c)
{
	int	 i;

	if (c->dead)
		return;
	for (i = 0; i < 2; i++) {
		if (c->side[i].fd != -1)
			close(c->side[i].fd);
		if (c->side[i].pipe[0] != -1) {
			close(c->side[i].pipe[0]);
			close(c->side[i].pipe[1]);
		}
	}
	c->dead = 1;
	c->next_dead = dead;
	dead = c;
}

static void
conn_new(int fd)
{
	struct conn	*c;
	int		 i, on = 1;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, NULL);
	for (i = 0; i < 2; i++) {
		c->side[i].conn = c;
		c->side[i].fd = c->side[i].pipe[0] = -1;
	}
	c->side[0].fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(&c->side[0]);
}

static void
conn_reply(struct conn *c, int n)
{
	static const uint8_t	 reply[] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };

	if (write(c->side[0].fd, reply, n) != n)
		conn_close(c);
}

static void
conn_dial(struct conn *c, const uint8_t *request)
{
	struct sockaddr_in	 to;
	int			 on = 1;

	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	memcpy(&to.sin_addr, request + 4, 4);
	memcpy(&to.sin_port, request + 8, 2);
	c->side[1].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->side[1].fd == -1)
		err(1, "socket");
	(void)setsockopt(c->side[1].fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on));
	if (connect(c->side[1].fd, (struct sockaddr *)&to, sizeof(to)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	c->state = CONNECTING;
	watch(&c->side[1]);
}

static void
conn_read(struct conn *c)
{
	uint8_t	 buf[256];
	ssize_t	 n = read(c->side[0].fd, buf, sizeof(buf));

	if (n == -1 && errno == EAGAIN)
		return;
	if (n < 3) {
		conn_close(c);
	} else if (c->state == HELLO) {
		conn_reply(c, 2);
		c->state = REQUEST;
	} else if (n == 10) {
		conn_dial(c, buf);
	}
}

static void
conn_connected(struct conn *c)
{
	socklen_t	 len = sizeof(int);
	int		 error;

	if (getsockopt(c->side[1].fd, SOL_SOCKET, SO_ERROR, &error, &len) ==
	    -1 || error != 0) {
		conn_close(c);
		return;
	}
	conn_reply(c, 10);
	c->state = RELAY;
}

static void
side_pipe(struct side *s)
{
	if (s->pipe[0] != -1)
		return;
	if (pipe2(s->pipe, O_NONBLOCK) == -1)
		err(1, "pipe");
	(void)fcntl(s->pipe[1], F_SETPIPE_SZ, PIPE);
}

/* One direction as far as it goes; -1: an error. */
static int
side_pump(struct side *from, struct side *to)
{
	ssize_t	 n;

	for (;;) {
		if (from->held == 0 && !from->eof) {
			side_pipe(from);
			n = splice(from->fd, NULL, from->pipe[1], NULL, PIPE,
			    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
			if (n == -1)
				return errno == EAGAIN ? 0 : -1;
			from->held = n;
			if (n == 0) {
				from->eof = 1;
				(void)shutdown(to->fd, SHUT_WR);
			}
		}
		if (from->held == 0)
			return 0;
		n = splice(from->pipe[0], NULL, to->fd, NULL, from->held,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		from->held -= n;
	}
}

static void
conn_event(struct side *s, uint32_t events)
{
	struct conn	*c = s->conn;

	if (c->dead)
		return;
	if (c->state < CONNECTING && s == &c->side[0])
		conn_read(c);
	else if (c->state == CONNECTING && s == &c->side[1] &&
	    (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		conn_connected(c);
	if (c->dead || c->state != RELAY)
		return;
	if (side_pump(&c->side[0], &c->side[1]) == -1 ||
	    side_pump(&c->side[1], &c->side[0]) == -1 ||
	    (c->side[0].eof && c->side[1].eof))
		conn_close(c);
}

static void
accept_all(void)
{
	int	 fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) != -1)
		conn_new(fd);
}

static void
free_dead(void)
{
	struct conn	*c;

	while ((c = dead) != NULL) {
		dead = c->next_dead;
		free(c);
	}
}

static void
listen_on(const struct sockaddr_in *sin)
{
	struct epoll_event	 ev = { .events = EPOLLIN };
	int			 on = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ep = epoll_create1(0);
	if (listener == -1 || ep == -1 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) == -1 ||
	    bind(listener, (const struct sockaddr *)sin, sizeof(*sin)) == -1 ||
	    listen(listener, 1024) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev) == -1)
		err(1, "listener");
}

/* ADDRESS PORT */
void
stub_stream(char **arg)
{
	const struct sockaddr_in	 sin = stub_addr(arg[0], arg[1]);
	struct epoll_event		 ev[EVENTS];
	int				 i, n;

	listen_on(&sin);
	for (;;) {
		if ((n = epoll_wait(ep, ev, EVENTS, -1)) == -1)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				accept_all();
			else
				conn_event(ev[i].data.ptr, ev[i].events);
		free_dead();
	}
}
