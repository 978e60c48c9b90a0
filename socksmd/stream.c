/*
 * stream.c: a CONNECT from its question to its end: the addresses that policy
 * grants are tried one after the other, the client is answered, and policy
 * hears what became of it (P6); it runs in the engine.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "engine.h"
#include "idmap.h"
#include "log.h"
#include "proc.h"
#include "request.h"
#include "session.h"
#include "stream.h"

static struct idmap	 by_grant;

static void	 stream_connected(int, short, void *);

/* P6; anything else is X'01'. */
static const struct {
	int		 error;
	uint8_t		 code;
} codes[] = {
	{ ENETUNREACH, SOCKS_NETUNREACH },
	{ EHOSTUNREACH, SOCKS_HOSTUNREACH },
	{ ENETDOWN, SOCKS_HOSTUNREACH },
	{ EHOSTDOWN, SOCKS_HOSTUNREACH },
	{ ECONNREFUSED, SOCKS_CONNREFUSED },
	{ ETIMEDOUT, SOCKS_TTLEXPIRED },
	{ EACCES, SOCKS_REFUSED },
	{ EPERM, SOCKS_REFUSED }
};

static uint8_t
stream_code(int error)
{
	size_t		 i;

	for (i = 0; i < nitems(codes); i++)
		if (codes[i].error == error)
			return codes[i].code;
	return SOCKS_FAILURE;
}

int
stream_new(struct session *s)
{
	struct stream	*st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		return -1;
	st->session = s;
	st->side[SIDE_CLIENT].fd = st->side[SIDE_REMOTE].fd = -1;
	st->side[SIDE_REMOTE].ev_read = &st->ev_read;
	st->side[SIDE_REMOTE].ev_write = &st->ev_write;
	s->stream = st;
	return 0;
}

void
stream_ask(struct session *s, const struct endpoint *remote, const char *name)
{
	struct stream	*st = s->stream;
	struct request	*r;
	struct msg_ask	 ask;

	memset(&ask, 0, sizeof(ask));
	ask.op = ASK_CONNECT;
	ask.remote = *remote;
	strlcpy(ask.name, name, sizeof(ask.name));
	s->state = SESSION_ASKED;
	st->until = engine_now() + engine_timeout(TIMEOUT_CONNECT);
	if ((r = request_ask(s, &ask, NULL)) != NULL)
		st->request = r;	/* else st is gone with its session */
}

/* The connection attempt, if there is one, is given up. */
static void
stream_drop(struct stream *st)
{
	struct side	*e = &st->side[SIDE_REMOTE];

	if (e->fd == -1)
		return;
	if (e->writing)
		event_del(&st->ev_write);
	e->writing = 0;
	close(e->fd);
	e->fd = -1;
}

static enum end_reason
stream_failure(uint8_t code)
{
	if (code == SOCKS_FAILURE)
		return END_FAILED;
	return code == SOCKS_TTLEXPIRED ? END_TIMEOUT : END_REFUSED;
}

/* P4: every request that failed is answered, then closed. */
static void
stream_reply(struct stream *st, uint8_t code, const struct endpoint *bnd)
{
	struct request	*r = st->request;

	request_count(st->session, code);
	st->request = NULL;
	r->last = code != SOCKS_OK;
	r->reason = (uint8_t)stream_failure(code);
	r->len = (uint8_t)socks_build_reply(r->reply, sizeof(r->reply),
	    SOCKS_VERSION, code, 0, bnd);
}

/*
 * An address did not work out; error 0: it took too long, which says less
 * than what another one answered.
 */
static void
stream_failed(struct stream *st, int error)
{
	struct session	*s = st->session;

	stream_drop(st);
	s->deadline = 0;
	if (error != 0)
		st->code = stream_code(error);
	else if (st->code == 0)
		st->code = SOCKS_TTLEXPIRED;
	if (st->left > 0 && engine_now() < st->until &&
	    request_next(st->request) == 0) {
		s->state = SESSION_ASKED;
		session_turn(s);
		return;
	}
	stream_reply(st, st->code, NULL);
	request_done(s);
}

/* Waits for the connection; an address has its slice of what time is left. */
static int
stream_wait(struct stream *st, int fd)
{
	struct side	*e = &st->side[SIDE_REMOTE];
	struct session	*s = st->session;
	long long	 now = engine_now(), time;

	event_set(&st->ev_write, fd, EV_WRITE, stream_connected, st);
	if (event_add(&st->ev_write, NULL) == -1)
		return -1;
	e->fd = fd;
	e->writing = 1;
	s->state = SESSION_CONNECTING;
	time = st->until - now;
	s->deadline = now + (time > 0 ? time / (st->left + 1) : 0);
	return 0;
}

/* What is near has answered by now: that saves a turn of the event loop. */
static int
stream_is_connected(int fd)
{
	struct pollfd	 p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1;
}

/* The first answer names the grant, which those to NEXT keep. */
static int
stream_take(struct stream *st, const struct msg_grant *g)
{
	st->left = g->left;
	st->idle = g->idle;
	if (st->grant == g->grant)
		return 0;
	st->grant = g->grant;
	return idmap_put(&by_grant, g->grant, st);
}

/* fd is -1 where the system made none, or it was lost on the way. */
void
stream_socket(struct request *r, const struct msg_socket *m, int fd)
{
	struct session	*s = r->session;
	struct stream	*st = s->stream;
	int		 error = m->err;

	st->bound = m->bound;
	if (error == 0 && fd == -1)
		error = EMFILE;
	if (stream_take(st, &m->grant) == -1 && error == 0)
		error = ENOMEM;
	if (error == 0 && stream_is_connected(fd)) {
		st->side[SIDE_REMOTE].fd = fd;
		stream_connected(fd, EV_WRITE, st);
		return;
	}
	if (error == 0 && stream_wait(st, fd) == 0) {
		session_turn(s);
		return;
	}
	if (fd != -1)
		close(fd);
	stream_failed(st, error != 0 ? error : ENOMEM);
}

/* P6: BND is the local address of the socket, which connect(2) has chosen. */
static void
stream_open(struct stream *st)
{
	struct session	*s = st->session;

	s->deadline = 0;
	s->state = SESSION_STREAM;
	st->relaying = 1;
	engine.stat[STAT_STREAMS]++;
	engine.stat[STAT_STREAMS_TOTAL]++;
	stream_reply(st, SOCKS_OK, &st->bound);
	request_done(s);
}

static void
stream_connected(int fd, short what, void *arg)
{
	struct stream	*st = arg;
	socklen_t	 len = sizeof(int);
	int		 error = 0;

	(void)what;
	st->side[SIDE_REMOTE].writing = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0)
		stream_failed(st, error);
	else
		stream_open(st);
}

/* P4: `set block-policy drop' closes without an answer what rules refuse. */
void
stream_refused(struct request *r, uint8_t code, uint16_t flags)
{
	struct session	*s = r->session;

	(void)flags;
	if (code == SOCKS_REFUSED && engine.settings.block_drop) {
		request_count(s, code);
		session_finish(s, END_REFUSED);
		return;
	}
	stream_reply(s->stream, code, NULL);
	r->reason = code == SOCKS_FAILURE ? END_FAILED : END_REFUSED;
}

/* At once, what is on its way included: it may be why. */
void
stream_revoked(struct session *s, enum end_reason reason)
{
	uint8_t		 buf[SOCKS_REPLY_MAX];

	if (s->stream->relaying) {
		session_close(s, reason);
		return;
	}
	request_count(s, SOCKS_REFUSED);
	session_write(s, buf, socks_build_reply(buf, sizeof(buf),
	    SOCKS_VERSION, SOCKS_REFUSED, 0, NULL));
	session_finish(s, reason);
	session_turn(s);
}

static int
stream_half_closed(const struct stream *st)
{
	return st->flow[FLOW_OUT].done || st->flow[FLOW_IN].done;
}

/* Octets in either direction count as use, also those of half a stream. */
long long
stream_due(const struct stream *st)
{
	long long	 used = st->session->used, due = 0;

	if (st->idle != 0)
		due = used + st->idle * 1000LL;
	if (stream_half_closed(st)) {
		used += engine_timeout(TIMEOUT_HALF_CLOSED);
		if (due == 0 || used < due)
			due = used;
	}
	return due;
}

void
stream_expire(struct session *s)
{
	struct stream	*st = s->stream;

	if (s->state == SESSION_CONNECTING)
		stream_failed(st, 0);
	else
		session_close(s, stream_half_closed(st) ? END_TIMEOUT :
		    END_IDLE);
}

static void
stream_counters(const struct stream *st, struct counters *c)
{
	c->in_octets = st->flow[FLOW_IN].lane.moved;
	c->out_octets = st->flow[FLOW_OUT].lane.moved;
}

static void
stream_released(const struct stream *st, enum end_reason reason)
{
	struct msg_released	 m;

	memset(&m, 0, sizeof(m));
	m.sid = st->session->info.sid;
	m.grant = st->grant;
	m.reason = (uint8_t)reason;
	stream_counters(st, &m.counters);
	(void)proc_send(PROC_POLICY, M_RELEASED, &m, -1);
}

/* Whoever is cut off gets an RST: a FIN would say that this was all (P6). */
static void
stream_close(struct stream *st)
{
	struct session	*s = st->session;

	if (!st->relaying)
		return;
	if (!st->over) {
		session_abort(s->fd);
		session_abort(st->side[SIDE_REMOTE].fd);
	}
	/* The control connection carried them, too. */
	s->end.in_octets += st->flow[FLOW_OUT].lane.taken;
	s->end.out_octets += st->flow[FLOW_IN].lane.moved;
	engine.stat[STAT_STREAMS]--;
}

void
stream_end(struct session *s, enum end_reason reason)
{
	struct stream	*st = s->stream;

	if (st->grant != 0) {
		stream_released(st, reason);
		(void)idmap_del(&by_grant, st->grant);
	}
	stream_close(st);
	flow_stop(st);
	stream_drop(st);
	s->stream = NULL;
	free(st);
}

void
stream_count(uint64_t grant, struct msg_counters *c)
{
	const struct stream	*st = idmap_get(&by_grant, grant);

	if (st == NULL)
		return;
	c->found = 1;
	c->local = st->session->info.peer;
	c->idle = (uint32_t)((engine_now() - st->session->used) / 1000);
	stream_counters(st, &c->counters);
}
