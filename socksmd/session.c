/*
 * session.c: control connections, their life and their time-outs; it runs in
 * the engine.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "assoc.h"
#include "engine.h"
#include "handlers.h"
#include "idmap.h"
#include "log.h"
#include "request.h"
#include "session.h"
#include "stream.h"

/*
 * A connection that we close is still read for a while: with octets unread,
 * close(2) would send an RST, which destroys the reply on its way.
 */
#define LINGER_MS	5000
#define LINGER_OCTETS	65536

static TAILQ_HEAD(, session)	sessions;
static struct idmap		by_sid;

static void	 session_timer(int, short, void *);

static enum step (*const inputs[])(struct session *, const uint8_t *, size_t,
    size_t *) = {
	[SESSION_METHODS] = negotiate_methods,
	[SESSION_LOGIN] = negotiate_login,
	[SESSION_AUTH] = negotiate_wait,
	[SESSION_DENIED] = negotiate_wait,
	[SESSION_REQUEST] = negotiate_request,
	[SESSION_ASKED] = negotiate_wait,
	[SESSION_ENHANCED] = enhanced_packet,
	[SESSION_CONNECTING] = negotiate_wait,
	[SESSION_STREAM] = negotiate_wait,
	[SESSION_CLOSING] = negotiate_wait
};

void
session_init(void)
{
	TAILQ_INIT(&sessions);
}

struct session *
session_find(uint64_t sid)
{
	return idmap_get(&by_sid, sid);
}

static void
session_tell_end(const struct msg_end *end)
{
	(void)proc_send(PROC_POLICY, M_END, end, -1);
}

static struct session *
session_new(const struct msg_session *info, int fd)
{
	struct session	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if (idmap_put(&by_sid, info->sid, s) == -1) {
		free(s);
		return NULL;
	}
	s->info = *info;
	s->end.sid = info->sid;
	s->fd = fd;
	TAILQ_INIT(&s->requests);
	TAILQ_INIT(&s->assocs);
	evtimer_set(&s->ev_timer, session_timer, s);
	s->used = engine_now();
	s->deadline = s->used + engine_timeout(TIMEOUT_HANDSHAKE);
	TAILQ_INSERT_TAIL(&sessions, s, entry);
	engine.stat[STAT_SESSIONS]++;
	engine.stat[STAT_SESSIONS_TOTAL]++;
	return s;
}

/* Every CLIENT ends in one END, this one at once if need be. */
void
session_on_client(enum proc_role from, const void *data, int fd)
{
	const struct msg_session *m = data;
	struct msg_end		 end = { .sid = m->sid, .reason = END_LIMIT };
	struct session		*s;

	(void)from;
	if (session_find(m->sid) != NULL)
		fatalx("a session came twice");
	if (m->nmethods > nitems(m->methods))
		fatalx("session with too many methods");
	if (fd == -1 || (s = session_new(m, fd)) == NULL) {
		if (fd != -1)
			close(fd);
		session_tell_end(&end);
		return;
	}
	if (session_start(s) == -1) {
		session_close(s, END_LIMIT);
		return;
	}
	session_turn(s);
}

void
session_on_authed(enum proc_role from, const void *data, int fd)
{
	const struct msg_authed	*m = data;
	struct session		*s = session_find(m->sid);

	(void)from;
	(void)fd;			/* the table says: none */
	if (s == NULL || s->state != SESSION_AUTH)
		return;			/* ended, or waited too long */
	negotiate_authed(s, m->ok);
	session_turn(s);
}

/* What it holds ends now (P32), only the connection may live on a little. */
void
session_finish(struct session *s, enum end_reason reason)
{
	if (s->state == SESSION_CLOSING)
		return;
	s->state = SESSION_CLOSING;
	s->end.reason = (uint8_t)reason;
	s->deadline = engine_now() + LINGER_MS;
	assoc_close_all(s, reason);
	if (s->stream != NULL)
		stream_end(s, reason);
	request_leave(s);
	if (s->relay != NULL) {
		assoc_released_grant(s->info.sid, s->relay_grant, reason);
		sock_unref(s->relay);
		s->relay = NULL;
		sock_collect(request_oldest());
	}
}

/* A client that does not read must not keep the kernel's memory either. */
void
session_abort(int fd)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };

	/* If it fails, the connection ends later, no harm. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

void
session_close(struct session *s, enum end_reason reason)
{
	session_finish(s, reason);
	if (reason == END_STALLED)
		session_abort(s->fd);
	session_stop(s);
	evtimer_del(&s->ev_timer);
	close(s->fd);
	(void)idmap_del(&by_sid, s->info.sid);
	TAILQ_REMOVE(&sessions, s, entry);
	engine.stat[STAT_SESSIONS]--;
	session_tell_end(&s->end);
	free(s);
}

void
session_close_all(enum end_reason reason)
{
	struct session	*s, *next;

	TAILQ_FOREACH_SAFE(s, &sessions, entry, next)
		session_close(s, reason);
}

/* P5: as many messages as are there and may be taken now. */
static void
session_process(struct session *s)
{
	size_t		 off = 0, used;
	enum step	 step = STEP_DONE;

	while (step == STEP_DONE && off < s->in_len) {
		used = 0;
		step = inputs[s->state](s, s->in + off, s->in_len - off,
		    &used);
		off += used;
	}
	s->turn = 0;
	session_consume(s, s->state == SESSION_CLOSING ? s->in_len : off);
}

/* 1: it is closed. The client's FIN counts as closing (P32), but P6. */
static int
session_ended(struct session *s)
{
	if (s->eof && s->stream == NULL && !negotiate_connects(s))
		session_finish(s, s->state == SESSION_DENIED ? END_AUTH :
		    END_CLIENT);
	if (s->state != SESSION_CLOSING)
		return 0;
	if (s->drained > LINGER_OCTETS || (s->eof && s->out_len == 0)) {
		session_close(s, s->end.reason);
		return 1;
	}
	if (s->out_len == 0 && !s->shut) {
		/* It can only fail if the connection is gone: read(2) tells. */
		(void)shutdown(s->fd, SHUT_WR);
		s->shut = 1;
	}
	return 0;
}

static long long
earlier(long long a, long long b)
{
	return a == 0 || b < a ? b : a;
}

/* When something is due, 0: never. */
static long long
session_due(const struct session *s)
{
	long long	 at = s->deadline;

	if (s->blocked != 0)
		at = earlier(at, s->blocked + engine_timeout(TIMEOUT_STALLED));
	if (s->state == SESSION_ENHANCED && s->nassocs == 0 &&
	    s->nrequests == 0 && engine_timeout(TIMEOUT_IDLE) != 0)
		at = earlier(at, s->used + engine_timeout(TIMEOUT_IDLE));
	if (s->state == SESSION_STREAM && stream_due(s->stream) != 0)
		at = earlier(at, stream_due(s->stream));
	return at;
}

/* A timer that rings early is cheaper than one that is moved each time. */
void
session_arm(struct session *s)
{
	long long	 ms, due = session_due(s);
	struct timeval	 tv;

	if (due == 0 || (s->timer_at != 0 && s->timer_at <= due))
		return;
	if ((ms = due - engine_now()) < 0)
		ms = 0;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	s->timer_at = due;
	if (evtimer_add(&s->ev_timer, &tv) == -1)
		session_close(s, END_LIMIT);
}

/* 1: octets are relayed, beginning now if the reply has only just gone. */
static int
session_streams(struct session *s)
{
	if (s->state != SESSION_STREAM || s->out_len > 0)
		return 0;
	if (flow_started(s->stream) || flow_start(s->stream) == 0)
		session_arm(s);
	return 1;
}

void
session_turn(struct session *s)
{
	int		 room;

	do {
		session_process(s);
		room = session_room(s);
		if (session_flush(s) == -1) {
			session_close(s, END_RESET);
			return;
		}
	} while (!room && session_room(s));
	if (session_ended(s) || session_streams(s))
		return;
	if (session_watch(s) == -1) {
		session_close(s, END_LIMIT);
		return;
	}
	session_arm(s);
}

/* The deadline of the state has passed. */
static void
session_expire(struct session *s)
{
	switch (s->state) {
	case SESSION_AUTH:
		negotiate_authed(s, 0);
		break;
	case SESSION_DENIED:
		negotiate_denied(s);
		break;
	case SESSION_CLOSING:
		s->drained = LINGER_OCTETS + 1;
		break;
	default:
		session_finish(s, END_TIMEOUT);
		break;
	}
}

/* Connecting takes too long, or a stream was idle: not the session's own. */
static int
session_stream_due(const struct session *s, long long now)
{
	if (s->state == SESSION_CONNECTING)
		return s->deadline <= now;
	return s->state == SESSION_STREAM && flow_started(s->stream);
}

static void
session_timer(int fd, short what, void *arg)
{
	struct session	*s = arg;
	long long	 now = engine_now(), due = session_due(s);

	(void)fd;
	(void)what;
	s->timer_at = 0;
	if (due != 0 && due <= now) {
		if (session_stream_due(s, now)) {
			stream_expire(s);
			return;
		}
		if (s->deadline != 0 && s->deadline <= now)
			session_expire(s);
		else if (s->blocked != 0 &&
		    s->blocked + engine_timeout(TIMEOUT_STALLED) <= now) {
			session_close(s, END_STALLED);
			return;
		} else
			session_finish(s, END_IDLE);
	}
	session_turn(s);
}
