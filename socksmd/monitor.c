/*
 * monitor.c: tells those who watch (socksmctl monitor) what happens, an event
 * a row; runs in policy.
 *
 * Each event is told, whatever the log leaves out or sums. Who does not read
 * fast enough is dropped: nobody waits, and nothing grows.
 */

#include <sys/types.h>
#include <sys/time.h>
#include <string.h>

#include "monitor.h"
#include "log.h"
#include "rule_print.h"
#include "socks.h"

/* Nobody watches most of the time: then an event costs nothing more. */
static int
monitored(void)
{
	struct ctl_client	*c;

	for (c = control_next(NULL); c != NULL; c = control_next(c))
		if (c->listing == &monitor_listing)
			return 1;
	return 0;
}

static void
event_begin(struct ctl_event *e, const char *kind)
{
	struct timeval	 tv;

	memset(e, 0, sizeof(*e));
	strlcpy(e->kind, kind, sizeof(e->kind));
	if (gettimeofday(&tv, NULL) == 0)
		e->time = (uint64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static void
event_who(struct ctl_event *e, const struct identity *who)
{
	const char	*user = identity_user(who);

	e->sid = who->sid;
	e->client = who->peer;
	strlcpy(e->user, user != NULL ? user : "", sizeof(e->user));
	strlcpy(e->listener, who->label, sizeof(e->listener));
}

static void
event_what(struct ctl_event *e, uint8_t command, const struct endpoint *remote,
    const char *name, uint16_t flags)
{
	static const char *const	 names[] = { "", "receive", "send",
	    "receive,send" };

	e->remote = *remote;
	strlcpy(e->what, command == 0 ? names[flags & SOCKS_F_DIRECTIONS] :
	    rule_commands(command), sizeof(e->what));
	if (command != 0 && command != CMD_CONNECT)
		strlcpy(e->dir, names[flags & SOCKS_F_DIRECTIONS],
		    sizeof(e->dir));
	strlcpy(e->name, name != NULL ? name : "", sizeof(e->name));
}

static void
event_rule(struct ctl_event *e, int matched, uint32_t rule, const char *label)
{
	e->matched = matched != 0;
	e->rule = rule;
	strlcpy(e->label, label, sizeof(e->label));
}

static void
event_grant(struct ctl_event *e, const struct grant *g, uint16_t flags)
{
	const struct basis	*b;

	b = &g->basis[flags & SOCKS_F_RECEIVE ? DIR_RECEIVE : DIR_SEND];
	event_who(e, g->who);
	event_what(e, g->command, &g->remote, g->name, flags);
	event_rule(e, b->matched, b->rule, b->label);
	e->grant = g->id;
}

static void
event_send(const struct ctl_event *e)
{
	struct ctl_client	*c;

	for (c = control_next(NULL); c != NULL; c = control_next(c)) {
		if (c->listing != &monitor_listing)
			continue;
		if (control_behind(c))
			c->dead = 1;
		control_row(c, CTL_EVENT, e, sizeof(*e));
		control_later(c);
	}
}

void
monitor_session(const struct identity *who)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "session-begin");
	event_who(&e, who);
	e.remote = who->local;
	event_send(&e);
}

void
monitor_session_end(const struct identity *who, const struct msg_end *end)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "session-end");
	event_who(&e, who);
	e.remote = who->local;
	strlcpy(e.reason, end_name(end->reason), sizeof(e.reason));
	event_send(&e);
}

void
monitor_granted(const struct grant *g, uint16_t flags)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "association-begin");
	event_grant(&e, g, flags != 0 ? flags : g->flags);
	event_send(&e);
}

void
monitor_association_end(const struct grant *g, enum end_reason reason)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "association-end");
	event_grant(&e, g, g->ever);
	e.in_octets = grant_counters(g)->in_octets;
	e.out_octets = grant_counters(g)->out_octets;
	strlcpy(e.reason, end_name(reason), sizeof(e.reason));
	event_send(&e);
}

void
monitor_refused(const struct identity *who, uint8_t command,
    const struct endpoint *remote, const char *name, uint16_t flags,
    uint8_t code, const struct verdict *v)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "refused");
	event_who(&e, who);
	event_what(&e, command, remote, name, flags);
	event_rule(&e, v->matched, v->rule, v->label);
	e.code = code;
	event_send(&e);
}

void
monitor_reload(int ok, const char *text)
{
	struct ctl_event	 e;

	if (!monitored())
		return;
	event_begin(&e, "reload");
	e.generation = policy.conf->rs.generation;
	strlcpy(e.reason, ok ? "ok" : "failed", sizeof(e.reason));
	strlcpy(e.name, text, sizeof(e.name));
	event_send(&e);
}

static int
monitor_step(struct ctl_client *c)
{
	c->open = 1;
	return 0;
}

const struct listing	 monitor_listing = {
	.type = CTL_MONITOR,
	.step = monitor_step
};
