/*
 * negotiate.c: what a client says before enhanced mode: methods, login and
 * request (RFC 1928 3 and 4, RFC 1929); it runs in the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "compat.h"
#include "engine.h"
#include "proc.h"
#include "request.h"
#include "session.h"
#include "stream.h"

/* Longer than any queue of checks should take; then the login has failed. */
#define AUTH_WAIT_MS	30000

enum step
negotiate_wait(struct session *s, const uint8_t *p, size_t n, size_t *used)
{
	(void)s;
	(void)p;
	(void)n;
	(void)used;
	return STEP_WAIT;
}

/* A message that is not one ends the connection (P1, P4). */
static enum step
negotiate_incomplete(struct session *s, enum socks_parse ret)
{
	if (ret == SOCKS_P_MORE)
		return STEP_MORE;
	session_finish(s, END_PROTOCOL);
	return STEP_WAIT;
}

/* P2: the first of ours that the client offers. */
static uint8_t
method_pick(const struct session *s, const struct socks_methods *offer)
{
	const struct msg_session	*l = &s->info;
	int				 i;

	for (i = 0; i < l->nmethods; i++)
		if (memchr(offer->method, l->methods[i], offer->n) != NULL)
			return l->methods[i];
	return SOCKS_METHOD_REFUSED;
}

enum step
negotiate_methods(struct session *s, const uint8_t *p, size_t n, size_t *used)
{
	struct socks_methods	 offer;
	uint8_t			 buf[SOCKS_REPLY_MAX];
	enum socks_parse	 ret;

	if ((ret = socks_parse_methods(p, n, used, &offer)) != SOCKS_P_OK)
		return negotiate_incomplete(s, ret);
	s->method = method_pick(s, &offer);
	session_write(s, buf, socks_build_method(buf, sizeof(buf), s->method));
	if (s->method == SOCKS_METHOD_USERPASS)
		s->state = SESSION_LOGIN;
	else if (s->method == SOCKS_METHOD_NONE)
		s->state = SESSION_REQUEST;
	else
		session_finish(s, END_METHOD);
	return STEP_DONE;
}

/* A NUL in the middle would make another name or password of it. */
static int
login_is_sound(const struct socks_userpass *up)
{
	return up->version == SOCKS_AUTH_VERSION && up->ulen > 0 &&
	    up->plen > 0 && memchr(up->user, '\0', up->ulen) == NULL &&
	    memchr(up->pass, '\0', up->plen) == NULL;
}

/*
 * P3: auth, and through it policy, learns of a login that cannot succeed as
 * of any other, and so it takes as long. Waiting for auth is not the client's
 * time: the deadline moves on by it.
 */
static void
login_ask(struct session *s, const struct socks_userpass *up)
{
	struct msg_auth	 m = { .sid = s->info.sid, .peer = s->info.peer.addr };

	if (login_is_sound(up)) {
		memcpy(m.user, up->user, sizeof(m.user));
		memcpy(m.pass, up->pass, sizeof(m.pass));
	}
	(void)proc_send(PROC_AUTH, M_AUTH, &m, -1);
	explicit_bzero(&m, sizeof(m));
	s->login_at = engine_now();
	s->left = s->deadline - s->login_at;
	s->deadline = s->login_at + AUTH_WAIT_MS;
	s->state = SESSION_AUTH;
}

enum step
negotiate_login(struct session *s, const uint8_t *p, size_t n, size_t *used)
{
	struct socks_userpass	 up;

	if (p[0] != SOCKS_AUTH_VERSION) {
		/* How long it is nobody knows: nothing behind it counts. */
		memset(&up, 0, sizeof(up));
		*used = n;
	} else if (socks_parse_userpass(p, n, used, &up) != SOCKS_P_OK)
		return STEP_MORE;
	login_ask(s, &up);
	explicit_bzero(&up, sizeof(up));
	return STEP_DONE;
}

/* P3: the same moment for every failure, or a whole multiple of it. */
static long long
denied_at(const struct session *s)
{
	long long	 step = engine_timeout(TIMEOUT_AUTH_FAILURE);
	long long	 waited = engine_now() - s->login_at;

	if (step <= 0)
		return s->login_at;
	return s->login_at + (waited < step ? step :
	    (waited + step - 1) / step * step);
}

void
negotiate_authed(struct session *s, int ok)
{
	uint8_t		 buf[SOCKS_REPLY_MAX];

	if (!ok) {
		engine.stat[STAT_AUTH_FAILED]++;
		s->state = SESSION_DENIED;
		s->deadline = denied_at(s);
		return;
	}
	s->deadline = engine_now() + s->left;
	s->state = SESSION_REQUEST;
	session_write(s, buf, socks_build_auth(buf, sizeof(buf), 0));
}

void
negotiate_denied(struct session *s)
{
	uint8_t		 buf[SOCKS_REPLY_MAX];

	session_write(s, buf, socks_build_auth(buf, sizeof(buf), 1));
	session_finish(s, END_AUTH);
}

/* P4: every request that failed is answered, then closed. */
static enum step
request_fails(struct session *s, uint8_t version, uint8_t code)
{
	uint8_t		 buf[SOCKS_REPLY_MAX];

	request_count(s, code);
	session_write(s, buf, socks_build_reply(buf, sizeof(buf), version,
	    code, 0, NULL));
	session_finish(s, END_REFUSED);
	return STEP_DONE;
}

/* P10: the address is unused, the answer is the relay's. */
static enum step
request_enhanced(struct session *s, const struct socks_request *req)
{
	struct msg_ask	 ask;

	(void)req;
	if (engine.settings.extensions == 0)			/* P44 */
		return request_fails(s, SOCKS_UDP_VERSION, SOCKS_BADCOMMAND);
	s->deadline = 0;		/* the request is complete */
	if (!request_may_ask(s))
		return STEP_WAIT;
	s->state = SESSION_ASKED;
	memset(&ask, 0, sizeof(ask));
	ask.op = ASK_ENHANCED;
	(void)request_ask(s, &ask, NULL);
	return STEP_DONE;
}

/* P6: policy judges it, and has a name resolved before that. */
static enum step
request_connect(struct session *s, const struct socks_request *req)
{
	if (s->stream == NULL && stream_new(s) == -1) {
		session_finish(s, END_LIMIT);
		return STEP_DONE;
	}
	s->deadline = 0;		/* the request is complete */
	if (!request_may_ask(s))
		return STEP_WAIT;
	stream_ask(s, &req->dst.ep, req->dst.name);
	return STEP_DONE;
}

int
negotiate_connects(const struct session *s)
{
	return (s->state == SESSION_AUTH || s->state == SESSION_ASKED) &&
	    s->in_len > 1 &&
	    s->in[0] == SOCKS_VERSION && s->in[1] == SOCKS_CONNECT;
}

/* BIND and UDP ASSOCIATE come with a later milestone. */
static enum step
request_later(struct session *s, const struct socks_request *req)
{
	(void)req;
	return request_fails(s, SOCKS_VERSION, SOCKS_BADCOMMAND);
}

static const struct {
	uint8_t		 cmd;
	uint8_t		 version;	/* first octet of the reply, P10 */
	enum step	(*handler)(struct session *,
			    const struct socks_request *);
} requests[] = {
	{ SOCKS_CONNECT, SOCKS_VERSION, request_connect },
	{ SOCKS_BIND, SOCKS_VERSION, request_later },
	{ SOCKS_ASSOCIATE, SOCKS_VERSION, request_later },
	{ SOCKS_ENHANCED, SOCKS_UDP_VERSION, request_enhanced },
	{ SOCKS_FEATURES, SOCKS_VERSION, features_request }
};

/* P4: an unknown command is X'07', whatever its address is. */
static enum step
request_handle(struct session *s, const struct socks_request *req)
{
	size_t		 i;

	for (i = 0; i < nitems(requests); i++) {
		if (requests[i].cmd != req->cmd)
			continue;
		if (req->dst.fault != SOCKS_OK)
			return request_fails(s, requests[i].version,
			    req->dst.fault);
		return requests[i].handler(s, req);
	}
	return request_fails(s, SOCKS_VERSION, SOCKS_BADCOMMAND);
}

enum step
negotiate_request(struct session *s, const uint8_t *p, size_t n, size_t *used)
{
	struct socks_request	 req;
	enum socks_parse	 ret;
	enum step		 step;

	if ((ret = socks_parse_request(p, n, used, &req)) != SOCKS_P_OK)
		return negotiate_incomplete(s, ret);
	if ((step = request_handle(s, &req)) == STEP_WAIT)
		*used = 0;		/* it is read again in its turn */
	return step;
}

/* P10, P21: the relay's port, at the address the client reached us at. */
int
negotiate_granted(struct request *r, const struct msg_socket *m)
{
	struct session	*s = r->session;
	struct endpoint	 bnd = { .addr = s->info.local.addr };

	if (r->sock[SOCK_RELAY] == NULL)
		return -1;
	s->relay = r->sock[SOCK_RELAY];
	r->sock[SOCK_RELAY] = NULL;	/* its reference is the session's now */
	s->relay_grant = m->grant.grant;
	s->state = SESSION_ENHANCED;
	s->used = engine_now();
	bnd.port = s->relay->bound.port;
	request_count(s, SOCKS_OK);
	r->len = (uint8_t)socks_build_reply(r->reply, sizeof(r->reply),
	    SOCKS_UDP_VERSION, SOCKS_OK, 0, &bnd);
	return 0;
}

/* P4: `set block-policy drop' closes without an answer what rules refuse. */
void
negotiate_refused(struct request *r, uint8_t code, uint16_t flags)
{
	struct session	*s = r->session;

	(void)flags;
	request_count(s, code);
	if (code == SOCKS_REFUSED && engine.settings.block_drop) {
		session_finish(s, END_REFUSED);
		return;
	}
	r->last = 1;
	r->reason = code == SOCKS_FAILURE ? END_FAILED : END_REFUSED;
	r->len = (uint8_t)socks_build_reply(r->reply, sizeof(r->reply),
	    SOCKS_UDP_VERSION, code, 0, NULL);
}
