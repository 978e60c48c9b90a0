/*
 * request.c: requests of clients until they are answered, the questions to
 * policy among them, and the answers; it runs in the engine.
 */

#include <sys/types.h>
#include <sys/queue.h>

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
#include "proc.h"
#include "request.h"
#include "session.h"
#include "stream.h"

static TAILQ_HEAD(, session)	waiting;	/* round robin */
static TAILQ_HEAD(, request)	flight;		/* oldest question first */
static struct idmap		by_req;
static uint64_t			newest;

static const struct {
	int	(*granted)(struct request *, const struct msg_socket *);
	void	(*refused)(struct request *, uint8_t, uint16_t);
} answers[ASK_MAX] = {
	[ASK_ENHANCED] = { negotiate_granted, negotiate_refused },
	[ASK_BIND] = { enhanced_granted, enhanced_refused },
	[ASK_TTL] = { enhanced_ttl_granted, enhanced_ttl_refused },
	[ASK_CONNECT] = { NULL, stream_refused },	/* request_stream() */
	[ASK_FEATURES] = { features_granted, features_refused }
};

void
request_init(void)
{
	TAILQ_INIT(&waiting);
	TAILQ_INIT(&flight);
}

uint64_t
request_newest(void)
{
	return newest;
}

uint64_t
request_oldest(void)
{
	struct request	*r = TAILQ_FIRST(&flight);

	return r == NULL ? newest + 1 : r->req;
}

void
request_unwait(struct session *s)
{
	if (!s->waiting)
		return;
	TAILQ_REMOVE(&waiting, s, wait_entry);
	s->waiting = 0;
}

int
request_may_ask(struct session *s)
{
	if (s->waiting)
		return 0;
	if (by_req.n < REQUEST_MAX && (TAILQ_EMPTY(&waiting) || s->turn)) {
		s->turn = 0;
		return 1;
	}
	TAILQ_INSERT_TAIL(&waiting, s, wait_entry);
	s->waiting = 1;
	return 0;
}

/* One question for each that waits, as long as there is room. */
static void
request_wake(void)
{
	struct session	*s;

	while (by_req.n < REQUEST_MAX && (s = TAILQ_FIRST(&waiting)) != NULL) {
		request_unwait(s);
		s->turn = 1;
		session_turn(s);
	}
}

void
request_count(struct session *s, uint8_t code)
{
	s->end.requests++;
	engine.stat[STAT_REQUESTS]++;
	if (code != SOCKS_OK) {
		s->end.refused++;
		engine.stat[STAT_REFUSED]++;
	}
}

static struct request *
request_new(struct session *s)
{
	struct request	*r;

	if ((r = calloc(1, sizeof(*r))) == NULL) {
		session_finish(s, END_LIMIT);
		return NULL;
	}
	r->session = s;
	r->sid = s->info.sid;
	TAILQ_INSERT_TAIL(&s->requests, r, entry);
	s->nrequests++;
	return r;
}

static void
request_unlink(struct request *r)
{
	if (r->session == NULL)
		return;
	TAILQ_REMOVE(&r->session->requests, r, entry);
	r->session->nrequests--;
	r->session = NULL;
}

/*
 * Sockets wait for the oldest question, as its answer may say reuse. That for
 * a CONNECT never does, and it may take long: a name, many addresses.
 */
static int
request_may_reuse(const struct request *r)
{
	return r->op != ASK_CONNECT;
}

/* It is no question any more. */
static void
request_land(struct request *r)
{
	if (r->req == 0)
		return;
	(void)idmap_del(&by_req, r->req);
	if (request_may_reuse(r))
		TAILQ_REMOVE(&flight, r, flight);
	engine.stat[STAT_PENDING]--;
	r->req = 0;
}

static void
request_free(struct request *r)
{
	int		 i;

	request_unlink(r);
	request_land(r);
	for (i = 0; i < SOCK_MAX; i++)
		if (r->sock[i] != NULL)
			sock_unref(r->sock[i]);
	free(r);
}

struct request *
request_ask(struct session *s, struct msg_ask *ask, struct assoc *a)
{
	struct request	*r;

	if ((r = request_new(s)) == NULL)
		return NULL;
	if (idmap_put(&by_req, newest + 1, r) == -1) {
		request_free(r);
		session_finish(s, END_LIMIT);
		return NULL;
	}
	r->req = ++newest;
	r->op = ask->op;
	if (request_may_reuse(r))
		TAILQ_INSERT_TAIL(&flight, r, flight);
	engine.stat[STAT_PENDING]++;
	r->flags = ask->flags;
	if ((r->assoc = a) != NULL) {
		r->grant = ask->grant = a->grant;
		a->pending++;
	}
	ask->sid = r->sid;
	ask->req = r->req;
	(void)proc_send(PROC_POLICY, M_ASK, ask, -1);
	return r;
}

/* P13: the replies that have none before them to wait for. */
static void
request_flush(struct session *s)
{
	struct request	*r;
	uint8_t		 last, reason;

	while ((r = TAILQ_FIRST(&s->requests)) != NULL && r->len != 0) {
		session_write(s, r->reply, r->len);
		last = r->last;
		reason = r->reason;
		request_free(r);
		if (last) {
			session_finish(s, reason);
			return;
		}
	}
}

void
request_reply(struct session *s, const uint8_t *reply, size_t len)
{
	struct request	*r;

	if (TAILQ_EMPTY(&s->requests)) {
		session_write(s, reply, len);
		return;
	}
	if ((r = request_new(s)) == NULL)
		return;
	memcpy(r->reply, reply, len);
	r->len = (uint8_t)len;
}

void
request_forget(struct session *s, const struct assoc *a)
{
	struct request	*r;

	TAILQ_FOREACH(r, &s->requests, entry)
		if (r->assoc == a)
			r->assoc = NULL;
}

/* Questions stay until their answers have come: these may bring sockets. */
void
request_leave(struct session *s)
{
	struct request	*r, *next;

	request_unwait(s);
	TAILQ_FOREACH_SAFE(r, &s->requests, entry, next) {
		r->assoc = NULL;
		if (r->req == 0 || r->len != 0)
			request_free(r);
		else
			request_unlink(r);
	}
}

static struct request *
request_find(uint64_t sid, uint64_t req)
{
	struct request	*r = idmap_get(&by_req, req);

	if (r == NULL || r->sid != sid)
		fatalx("answer to a question nobody asked");
	return r;
}

/*
 * The question is answered; its reply waits in the queue of the session. The
 * answer may have finished the session, which has then let go of r.
 */
static void
request_answered(struct request *r, struct session *s)
{
	if (r->assoc != NULL) {
		r->assoc->pending--;
		r->assoc = NULL;
	}
	request_land(r);
	if (r->session == NULL)
		request_free(r);
	if (s != NULL) {
		s->used = engine_now();
		request_flush(s);
		session_turn(s);
	}
	sock_collect(request_oldest());
	request_wake();
}

void
request_on_deny(enum proc_role from, const void *data, int fd)
{
	const struct msg_deny	*m = data;
	struct request		*r = request_find(m->sid, m->req);

	struct session		*s = r->session;

	(void)from;
	(void)fd;			/* the table says: none */
	if (engine_stopping())
		return;
	if (s != NULL)
		answers[r->op].refused(r, m->code, m->flags);
	request_answered(r, s);
}

/* Keeps the socket of one part; 0 or -1. */
static int
request_part(struct request *r, const struct msg_socket *m, int fd)
{
	struct sock	*sock;
	uint8_t		 kind = m->grant.key.kind;

	if (kind == SOCK_NONE) {
		if (fd != -1)
			close(fd);
		return m->err == 0 ? 0 : -1;
	}
	if ((sock = sock_install(m, fd)) == NULL)
		return -1;
	if (r->sock[kind] != NULL)
		fatalx("two sockets of one kind for one question");
	sock_ref(sock);
	r->sock[kind] = sock;
	return 0;
}

/*
 * A grant that did not come to stand has ended; one that was asked for more
 * stays as it was, unless its association has ended: then that was told. An
 * answer without a grant (P9) ends nothing.
 */
static void
request_failed(struct request *r, const struct msg_grant *g,
    enum end_reason reason)
{
	if (r->assoc != NULL)
		assoc_released(r->assoc, r->assoc->flags & SOCKS_F_DIRECTIONS,
		    reason);
	else if (r->grant == 0 && g->grant != 0)
		assoc_released_grant(r->sid, g->grant, reason);
}

/* The last part is there, so the grant is the answer. */
static void
request_granted(struct request *r, const struct msg_socket *m)
{
	const struct msg_grant	*g = &m->grant;

	if (r->grant != 0 && r->assoc == NULL) {
		answers[r->op].refused(r, SOCKS_BADAID, 0);
		return;
	}
	if (!r->failed && answers[r->op].granted(r, m) == 0)
		return;
	request_failed(r, g, END_FAILED);
	/* P16, P35: by the ruleset all of it would have passed. */
	answers[r->op].refused(r, SOCKS_FAILURE,
	    g->flags & SOCKS_F_DIRECTIONS);
}

int
request_next(struct request *r)
{
	struct msg_next	 m = { .sid = r->sid, .req = r->next };

	if (idmap_put(&by_req, r->next, r) == -1)
		return -1;
	r->req = r->next;
	engine.stat[STAT_PENDING]++;
	(void)proc_send(PROC_POLICY, M_NEXT, &m, -1);
	return 0;
}

void
request_done(struct session *s)
{
	s->used = engine_now();
	request_flush(s);
	session_turn(s);
}

/*
 * The socket of a CONNECT is its session's alone; while it connects nothing is
 * asked, so that slow ones keep nobody from asking. A grant that ended with
 * its session has been released then.
 */
static void
request_stream(struct request *r, const struct msg_socket *m, int fd)
{
	r->next = r->req;
	request_land(r);
	if (r->session != NULL) {
		r->grant = m->grant.grant;
		stream_socket(r, m, fd);
	} else {
		if (fd != -1)
			close(fd);
		request_failed(r, &m->grant, END_CLIENT);
		request_free(r);
	}
	request_wake();
}

static void
answer_check(const struct request *r, const struct msg_grant *g)
{
	if (g->key.kind >= SOCK_MAX || g->part >= g->parts ||
	    (r->grant != 0 && r->grant != g->grant) ||
	    (r->op == ASK_CONNECT) != (g->key.kind == SOCK_CONNECT))
		fatalx("answer that does not fit its question");
}

/* Parts come in order, each with its socket or without. */
void
request_on_socket(enum proc_role from, const void *data, int fd)
{
	const struct msg_socket	*m = data;
	const struct msg_grant	*g = &m->grant;
	struct request		*r;
	struct session		*s;

	(void)from;
	if (engine_stopping()) {
		if (fd != -1)
			close(fd);
		return;
	}
	r = request_find(g->sid, g->req);
	s = r->session;
	answer_check(r, g);
	if (r->op == ASK_CONNECT) {
		request_stream(r, m, fd);
		return;
	}
	if (request_part(r, m, fd) == -1)
		r->failed = 1;
	if (g->part + 1 < g->parts)
		return;
	if (s != NULL)
		request_granted(r, m);
	else
		request_failed(r, g, END_CLIENT);
	request_answered(r, s);
}

/*
 * Grant 0: the whole session, as does the grant of its relay socket or of its
 * stream.
 */
void
request_on_revoked(enum proc_role from, const void *data, int fd)
{
	const struct msg_revoke	*m = data;
	struct session		*s = session_find(m->sid);
	struct assoc		*a;

	(void)from;
	(void)fd;			/* the table says: none */
	if (m->reason >= END_MAX)
		fatalx("revoked for no reason");
	if (s == NULL)
		return;
	if (s->stream != NULL) {
		if (m->grant == 0 || m->grant == s->stream->grant)
			stream_revoked(s, m->reason);
		return;
	}
	if (m->grant == 0 || m->grant == s->relay_grant) {
		session_close(s, m->reason);	/* at once: it is over */
		return;
	}
	if ((a = assoc_by_grant(m->grant)) != NULL && a->session == s)
		assoc_close(a, m->reason);
	session_turn(s);
}
