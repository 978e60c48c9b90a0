/*
 * revalidate.c: after a reload, judges all sessions and associations that
 * live by the rules that are now in force, and revokes those they no longer
 * allow; runs in policy.
 *
 * It walks by number, some hundreds a turn, so that questions are answered
 * meanwhile; what is granted meanwhile is judged by the new rules anyway.
 */

#include <sys/types.h>
#include <event.h>
#include <string.h>

#include "judge.h"
#include "policy.h"
#include "control.h"
#include "handlers.h"
#include "log.h"
#include "monitor.h"
#include "proc.h"
#include "rule_index.h"
#include "socks.h"

#define REVALIDATE_TURN	500

static struct event	 turn;
static int		 ready;		/* turn is set up */
static uint64_t		 at_sid;	/* the last that was looked at */
static uint64_t		 at_grant;
static int		 sessions_done;
static uint32_t		 revoked;

static const struct {
	uint16_t	 flag;
	uint8_t		 command;
} dirs[DIRS] = {
	{ SOCKS_F_RECEIVE, CMD_RECEIVE },
	{ SOCKS_F_SEND, CMD_SEND }
};

static int
listener_offers(const struct msg_listener *l, uint8_t method)
{
	return memchr(l->methods, method, l->nmethods) != NULL;
}

/* One whose login is not over yet may still use any that it was offered. */
static int
session_method(const struct identity *who, const struct msg_listener *l)
{
	uint8_t	 i;

	if (who->state != ID_NONE || who->asked)
		return listener_offers(l, who->method);
	for (i = 0; i < who->nmethods; i++)
		if (!listener_offers(l, who->methods[i]))
			return 0;
	return 1;
}

/*
 * Is there still such a listener, such a method, such a user? The label is
 * from now on the listener's new one.
 */
static int
session_stands(struct identity *who)
{
	const struct msg_listener	*l = policy_listener(who->listener);
	const char			*user = identity_user(who);

	if (l == NULL || !session_method(who, l))
		return 0;
	if (user != NULL && who->method == SOCKS_METHOD_USERPASS &&
	    rule_index_user(&policy.conf->rs, user) == NULL)
		return 0;
	strlcpy(who->label, l->label, sizeof(who->label));
	return 1;
}

static void
grant_question(const struct grant *g, uint8_t command, struct question *q)
{
	memset(q, 0, sizeof(*q));
	q->command = command;
	if (command == CMD_SEND)
		q->ttl = g->ttl;
	q->from = g->who->peer.addr;
	q->fport = g->who->peer.port;
	q->to = g->remote;
	q->method = g->who->method;
	q->user = identity_user(g->who);
	q->listener = g->who->label;
	q->domain = g->name;
}

/* The socket stays where it is: does the rule want it there? */
static int
via_stands(const struct grant *g, const struct basis *b,
    const struct verdict *v)
{
	const struct policy_conf	*c = policy.conf;
	uint32_t			 i;

	if (v->via[0] != '\0')
		return strcmp(v->via, b->via) == 0;
	if (g->command != 0)
		return 1;		/* unicast goes as the routes go */
	for (i = 0; i < c->nifaces; i++)
		if ((c->iface[i].role & IFACE_EGRESS) &&
		    strcmp(c->iface[i].name, b->via) == 0)
			return 1;
	return 0;
}

/* P20: what aims at somebody else needs a rule that says so. */
static int
local_stands(const struct grant *g, const struct verdict *v)
{
	return g->command == CMD_CONNECT || v->local_any ||
	    addr_eq(&g->local.addr, &g->who->peer.addr);
}

static int
side_stands(const struct grant *g, int d)
{
	uint8_t		 command = g->command;
	uint8_t		 mode = g->flags & SOCKS_F_MM ? MODE_MM : MODE_MU;
	struct question	 q;
	struct verdict	 v;
	int		 passes;

	if (command == 0)
		command = dirs[d].command;
	grant_question(g, command, &q);
	if (g->command == CMD_UDP)
		passes = unicast_passes(&q, &v);
	else {
		rule_eval(&policy.conf->rs, &q, &v);
		passes = v.pass;
	}
	return passes && (g->command != 0 || (v.modes & mode) != 0) &&
	    local_stands(g, &v) && via_stands(g, &g->basis[d], &v);
}

/* P44: with an extension off there is nothing of it. */
static int
extension_stands(const struct grant *g)
{
	uint8_t	 on = policy.conf->rs.settings.extensions;

	if (g->command == CMD_CONNECT)
		return 1;
	return (on & (g->command == 0 ? EXT_MULTICAST : EXT_BASE)) != 0;
}

static int
grant_stands(const struct grant *g)
{
	int	 d;

	if ((g->flags & SOCKS_F_DIRECTIONS) == 0)
		return 1;		/* a relay socket: with its session */
	if (!extension_stands(g))
		return 0;
	for (d = 0; d < DIRS; d++)
		if ((g->flags & dirs[d].flag) && !side_stands(g, d))
			return 0;
	return 1;
}

/* 0: that was the last session. */
static int
session_next(void)
{
	struct identity	*who = identity_next(at_sid);

	if (who == NULL)
		return 0;
	at_sid = who->sid;
	if (!session_stands(who))
		revoked += revoke_session(who);
	return 1;
}

static int
grant_next_one(void)
{
	struct grant	*g = grant_next(at_grant);

	if (g == NULL)
		return 0;
	at_grant = g->id;
	if (!grant_stands(g))
		revoked += revoke_grant(g);
	return 1;
}

static void
revalidate_turn(int fd, short what, void *arg)
{
	struct timeval	 now = { 0, 0 };
	int		 n;

	(void)fd;
	(void)what;
	(void)arg;
	for (n = 0; n < REVALIDATE_TURN; n++) {
		if (!sessions_done)
			sessions_done = !session_next();
		else if (!grant_next_one())
			break;
	}
	if (n == REVALIDATE_TURN)
		evtimer_add(&turn, &now);
	else if (revoked > 0)
		log_info("generation %u: %u revoked that it does not allow",
		    policy.conf->rs.generation, revoked);
}

/* From the beginning, also where an earlier walk was not over. */
void
revalidate_start(void)
{
	struct timeval	 now = { 0, 0 };

	if (policy.conf->rs.settings.reload_keep)
		return;
	if (!ready)
		evtimer_set(&turn, revalidate_turn, NULL);
	ready = 1;
	at_sid = at_grant = 0;
	sessions_done = 0;
	revoked = 0;
	evtimer_add(&turn, &now);
}

/*
 * All processes use what is new: auth, too, so that nobody logs in any more
 * as somebody who is gone.
 */
void
revalidate_on_reloaded(enum proc_role from, const void *data, int fd)
{
	const struct msg_reload	*m = data;

	(void)from;
	(void)fd;
	(void)msg_string(m->text, sizeof(m->text), "result of a reload");
	if (m->ok) {
		proc_drain(PROC_AUTH);
		revalidate_start();
	}
	monitor_reload(m->ok, m->text);
	control_reloaded(m);
}
