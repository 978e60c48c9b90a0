/*
 * proc.c: the channels between the processes and the dispatcher of their
 * messages; linked into every process.
 *
 * Messages are queued and go out together at the end of a turn of the event
 * loop (proc_run), so that a burst of questions costs one system call.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <errno.h>
#include <event.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "imsg.h"

#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "rule.h"

#define DRAIN_TURNS	1024	/* bound of proc_drain */
#define FD_RING		1024	/* descriptors queued towards one peer */

struct chan {
	struct imsgbuf	 ibuf;
	struct event	 in;
	struct event	 out;
	int		 open;
	int		 deaf;		/* the peer reads no more */
	int		 waiting;	/* out is in the event loop */
	int		 busy;		/* being read: not to be drained */
	uint64_t	 queued;	/* messages ever queued */
	uint64_t	 fds[FD_RING];	/* their numbers, where fd != -1 */
	uint32_t	 fd_head, fd_tail;
	void		(*on_drain)(void);
	void		(*on_close)(enum proc_role);
};

static struct chan		 chans[PROC_MAX];
static enum proc_role		 self;
static const struct msg_desc	*rows[M_MAX][PROC_MAX];	/* for self, by from */
static const struct msg_desc	*sends[M_MAX][PROC_MAX];/* by self, by to */

static void	chan_in(int, short, void *);
static void	chan_out(int, short, void *);

void
proc_init(enum proc_role role, const struct msg_desc *table, size_t n)
{
	size_t	 i;

	self = role;
	for (i = 0; i < n; i++) {
		if (table[i].to == role)
			rows[table[i].type][table[i].from] = &table[i];
		if (table[i].from == role)
			sends[table[i].type][table[i].to] = &table[i];
	}
}

enum proc_role
proc_self(void)
{
	return self;
}

static enum proc_role
chan_role(const struct chan *c)
{
	return (enum proc_role)(c - chans);
}

void
proc_attach(enum proc_role peer, int fd)
{
	struct chan	*c = &chans[peer];

	if (c->open)
		fatalx("%s: second channel to %s", proc_name(self),
		    proc_name(peer));
	if (imsgbuf_init(&c->ibuf, fd) == -1)
		fatal("%s: channel to %s", proc_name(self), proc_name(peer));
	imsgbuf_allow_fdpass(&c->ibuf);
	c->open = 1;
	c->deaf = 0;
	event_set(&c->in, fd, EV_READ | EV_PERSIST, chan_in, c);
	event_set(&c->out, fd, EV_WRITE, chan_out, c);
	event_add(&c->in, NULL);
}

void
proc_detach(enum proc_role peer)
{
	struct chan	*c = &chans[peer];

	if (!c->open)
		return;
	c->open = 0;
	event_del(&c->in);
	event_del(&c->out);
	c->waiting = 0;
	imsgbuf_clear(&c->ibuf);
	close(c->ibuf.fd);
	c->fd_head = c->fd_tail;
}

int
proc_attached(enum proc_role peer)
{
	return chans[peer].open;
}

void
proc_on_drain(enum proc_role to, void (*f)(void))
{
	chans[to].on_drain = f;
}

void
proc_on_close(enum proc_role peer, void (*f)(enum proc_role))
{
	chans[peer].on_close = f;
}

/* The end of a peer: the parent reaps it, the others wait for the parent. */
static void
chan_closed(struct chan *c)
{
	enum proc_role	 peer = chan_role(c);

	proc_detach(peer);
	if (c->on_close != NULL)
		c->on_close(peer);
	else if (peer == PROC_PARENT)
		_exit(0);
}

static void
chan_forget_fds(struct chan *c)
{
	uint64_t	 written = c->queued - imsgbuf_queuelen(&c->ibuf);

	while (c->fd_head != c->fd_tail &&
	    c->fds[c->fd_head % FD_RING] <= written)
		c->fd_head++;
}

/*
 * Writes what the kernel takes; the rest waits for it in the event loop. Of a
 * peer that is gone there may be last words to read: the end of the file, not
 * a failed write, closes its channel.
 */
static void
chan_push(struct chan *c)
{
	if (c->deaf || imsgbuf_queuelen(&c->ibuf) == 0)
		return;
	if (imsgbuf_write(&c->ibuf) == -1) {
		if (errno == EPIPE || errno == ECONNRESET) {
			c->deaf = 1;
			c->fd_head = c->fd_tail;
			return;
		}
		fatal("%s: writing to %s", proc_name(self),
		    proc_name(chan_role(c)));
	}
	chan_forget_fds(c);
	if (imsgbuf_queuelen(&c->ibuf) > 0 && !c->waiting) {
		c->waiting = 1;
		event_add(&c->out, NULL);
	}
}

static void
chan_write(struct chan *c)
{
	uint32_t	 before = imsgbuf_queuelen(&c->ibuf);

	chan_push(c);
	if (imsgbuf_queuelen(&c->ibuf) < before && c->on_drain != NULL)
		c->on_drain();
}

static void
chan_out(int fd, short what, void *arg)
{
	struct chan	*c = arg;

	(void)fd;
	(void)what;
	c->waiting = 0;
	chan_write(c);
}

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	struct chan		*c = &chans[to];
	const struct msg_desc	*row = sends[type][to];

	if (row == NULL || (fd != -1 && row->fd == FD_NONE))
		fatalx("%s: message %d is not for %s to send to %s",
		    proc_name(self), type, proc_name(self), proc_name(to));
	if (!c->open || c->deaf) {
		if (fd != -1)
			close(fd);
		return c->queued;
	}
	if (fd != -1 && c->fd_tail - c->fd_head == FD_RING)
		fatalx("%s: more than %d descriptors queued towards %s",
		    proc_name(self), FD_RING, proc_name(to));
	if (imsg_compose(&c->ibuf, type, 0, 0, fd, data, row->size) == -1)
		fatal("%s: message %s to %s", proc_name(self), row->name,
		    proc_name(to));
	c->queued++;
	if (fd != -1)
		c->fds[c->fd_tail++ % FD_RING] = c->queued;
	return c->queued;
}

int
proc_left(enum proc_role to, uint64_t seq)
{
	struct chan	*c = &chans[to];

	if (!c->open)
		return 1;
	if (c->queued - imsgbuf_queuelen(&c->ibuf) < seq)
		chan_push(c);
	return c->deaf || c->queued - imsgbuf_queuelen(&c->ibuf) >= seq;
}

uint32_t
proc_queued(enum proc_role to)
{
	struct chan	*c = &chans[to];

	return c->open && !c->deaf ? imsgbuf_queuelen(&c->ibuf) : 0;
}

uint32_t
proc_queued_fds(enum proc_role to)
{
	return chans[to].fd_tail - chans[to].fd_head;
}

int
proc_flush(enum proc_role to, int ms)
{
	struct chan	*c = &chans[to];
	long long	 end = clock_ms() + ms;
	struct pollfd	 pfd;

	while (c->open && imsgbuf_queuelen(&c->ibuf) > 0) {
		if (imsgbuf_write(&c->ibuf) == -1)
			return -1;
		if (imsgbuf_queuelen(&c->ibuf) == 0)
			break;
		if (clock_ms() >= end)
			return -1;
		pfd.fd = c->ibuf.fd;
		pfd.events = POLLOUT;
		(void)poll(&pfd, 1, 10);	/* the loop asks again */
	}
	return 0;
}

/* One message: looked up, measured, copied to aligned memory, handled. */
static void
chan_dispatch(struct chan *c, struct imsg *imsg)
{
	const struct msg_desc	*row = NULL;
	enum proc_role		 from = chan_role(c);
	uint32_t		 type = imsg_get_type(imsg);
	size_t			 len = imsg_get_len(imsg);
	int			 fd = imsg_get_fd(imsg);
	union {
		uint64_t	 align;
		char		 octets[4096];
	} body;

	if (type < M_MAX)
		row = rows[type][from];
	if (row == NULL)
		fatalx("%s: message %u from %s: unknown, or not its to send",
		    proc_name(self), type, proc_name(from));
	if (len != row->size || len > sizeof(body))
		fatalx("%s: message %s from %s: %zu octets, expected %u",
		    proc_name(self), row->name, proc_name(from), len,
		    row->size);
	if (fd != -1 && row->fd == FD_NONE)
		fatalx("%s: message %s from %s: carries a descriptor",
		    proc_name(self), row->name, proc_name(from));
	if (len > 0 && imsg_get_data(imsg, &body, len) == -1)
		fatalx("%s: message %s from %s: unreadable", proc_name(self),
		    row->name, proc_name(from));
	row->handler(from, &body, fd);
	explicit_bzero(&body, len);	/* it may have been a password */
}

/* Reads once and handles all that is whole; 0 if the channel is closed. */
static int
chan_read(struct chan *c)
{
	struct imsg	 imsg;
	int		 n, got;

	n = imsgbuf_read(&c->ibuf);
	if (n == -1 && (errno == ECONNRESET || errno == EPIPE))
		n = 0;
	if (n == -1)
		fatal("%s: reading from %s", proc_name(self),
		    proc_name(chan_role(c)));
	c->busy = 1;
	while (c->open && (got = imsgbuf_get(&c->ibuf, &imsg)) != 0) {
		if (got == -1)
			fatal("%s: message from %s", proc_name(self),
			    proc_name(chan_role(c)));
		chan_dispatch(c, &imsg);
		imsg_free(&imsg);
	}
	c->busy = 0;
	if (n == 0 && c->open)
		chan_closed(c);
	return c->open;
}

static void
chan_in(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)chan_read(arg);		/* closing is handled there */
}

void
proc_drain(enum proc_role from)
{
	struct chan	*c = &chans[from];
	struct pollfd	 pfd;
	int		 turns;

	for (turns = 0; turns < DRAIN_TURNS && c->open && !c->busy; turns++) {
		pfd.fd = c->ibuf.fd;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, 0) != 1 || !chan_read(c))
			break;
	}
}

/* M_CHANNEL in every child: the parent introduces a peer. */
void
child_on_channel(enum proc_role from, const void *data, int fd)
{
	const struct msg_channel	*msg = data;

	(void)from;
	if (msg->peer >= PROC_MAX || msg->peer == (uint32_t)self)
		fatalx("%s: channel to process %u", proc_name(self),
		    msg->peer);
	if (fd == -1)
		fatalx("%s: channel to %s was lost", proc_name(self),
		    proc_name(msg->peer));
	proc_attach(msg->peer, fd);
}

/* M_VERBOSE in every child. */
void
child_on_verbose(enum proc_role from, const void *data, int fd)
{
	const struct msg_verbose	*msg = data;

	(void)from;
	(void)fd;
	log_verbose(msg->verbose);
}

const char *
msg_string(const char *s, size_t n, const char *what)
{
	if (memchr(s, '\0', n) == NULL)
		fatalx("%s: %s is not terminated", proc_name(self), what);
	return s;
}

void
proc_run(void)
{
	int	 i;

	for (;;) {
		for (i = 0; i < PROC_MAX; i++)
			if (chans[i].open && !chans[i].waiting)
				chan_write(&chans[i]);
		if (event_loop(EVLOOP_ONCE) != 0)
			fatalx("%s: event loop ended", proc_name(self));
	}
}
