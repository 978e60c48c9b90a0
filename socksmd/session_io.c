/*
 * session_io.c: the octets of a control connection, in and out; it runs in
 * the engine.
 */

#include <sys/types.h>

#include <errno.h>
#include <event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "engine.h"
#include "session.h"
#include "stream.h"

static void	 session_read(int, short, void *);
static void	 session_writable(int, short, void *);

int
session_start(struct session *s)
{
	event_set(&s->ev_read, s->fd, EV_READ | EV_PERSIST, session_read, s);
	event_set(&s->ev_write, s->fd, EV_WRITE, session_writable, s);
	return session_watch(s);
}

/* The buffers may hold a password. */
void
session_stop(struct session *s)
{
	if (s->reading)
		event_del(&s->ev_read);
	if (s->writing)
		event_del(&s->ev_write);
	s->reading = s->writing = 0;
	session_consume(s, s->in_len);
	free(s->out);
	s->out = NULL;
	s->out_len = 0;
}

/* Reads unless its buffer is full: that is how a client is held back. */
int
session_watch(struct session *s)
{
	int		 want = !s->eof && s->in_len < SESSION_IN;

	if (want && !s->reading && event_add(&s->ev_read, NULL) == -1)
		return -1;
	if (!want && s->reading)
		event_del(&s->ev_read);
	s->reading = want;
	if (s->out_len > 0 && !s->writing) {
		if (event_add(&s->ev_write, NULL) == -1)
			return -1;
		s->writing = 1;
	}
	return 0;
}

/* What comes after our last word is read only to be thrown away. */
static ssize_t
session_drain(struct session *s)
{
	static uint8_t	 sink[SESSION_IN];
	ssize_t		 n;

	if ((n = read(s->fd, sink, sizeof(sink))) > 0)
		s->drained += (uint32_t)n;
	return n;
}

static ssize_t
session_fill(struct session *s)
{
	ssize_t		 n;

	if (s->in == NULL && (s->in = malloc(SESSION_IN)) == NULL) {
		session_finish(s, END_LIMIT);
		errno = EAGAIN;
		return -1;
	}
	n = read(s->fd, s->in + s->in_len, SESSION_IN - s->in_len);
	if (n > 0) {
		s->in_len += (size_t)n;
		s->end.in_octets += (uint64_t)n;
	}
	return n;
}

/* 1: it was the stream's event. */
static int
session_flows(struct session *s, short what)
{
	if (s->state != SESSION_STREAM || !flow_started(s->stream))
		return 0;
	flow_ready(s->stream, SIDE_CLIENT, what);
	return 1;
}

static void
session_read(int fd, short what, void *arg)
{
	struct session	*s = arg;
	ssize_t		 n;

	(void)fd;
	if (session_flows(s, what))
		return;
	if (s->state == SESSION_CLOSING)
		n = session_drain(s);
	else
		n = session_fill(s);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		session_close(s, END_RESET);
		return;
	}
	if (n == 0)
		s->eof = 1;
	session_turn(s);
}

/* Forgets the first n octets, secrets included; an idle buffer goes. */
void
session_consume(struct session *s, size_t n)
{
	if (s->in == NULL)
		return;
	s->in_len -= n;
	if (n > 0) {
		memmove(s->in, s->in + n, s->in_len);
		explicit_bzero(s->in + s->in_len, n);
	}
	if (s->in_len == 0) {
		free(s->in);
		s->in = NULL;
	}
}

/* There must be room for the replies still owed, too (P30: never dropped). */
int
session_room(const struct session *s)
{
	return s->nrequests < SESSION_REQUESTS && s->out_len +
	    (s->nrequests + 1) * SOCKS_REPLY_MAX <= SESSION_OUT;
}

void
session_write(struct session *s, const void *data, size_t n)
{
	if (s->out == NULL && (s->out = malloc(SESSION_OUT)) == NULL) {
		session_finish(s, END_LIMIT);
		return;
	}
	if (n > SESSION_OUT - s->out_len) {
		session_finish(s, END_STALLED);
		return;
	}
	memcpy(s->out + s->out_len, data, n);
	s->out_len += n;
}

/* -1: the connection is gone. Whatever goes out starts the clock anew. */
int
session_flush(struct session *s)
{
	ssize_t		 n;

	while (s->out_len > 0) {
		if ((n = write(s->fd, s->out, s->out_len)) == -1) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				return -1;
			if (s->blocked == 0)
				s->blocked = engine_now();
			return 0;
		}
		s->end.out_octets += (uint64_t)n;
		s->out_len -= (size_t)n;
		memmove(s->out, s->out + n, s->out_len);
		s->blocked = 0;
	}
	free(s->out);
	s->out = NULL;
	return 0;
}

static void
session_writable(int fd, short what, void *arg)
{
	struct session	*s = arg;

	(void)fd;
	if (session_flows(s, what))
		return;
	s->writing = 0;
	session_turn(s);
}
