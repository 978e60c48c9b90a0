/*
 * command.c: what socksmctl changes: it reloads, ends sessions and
 * associations, sets the log, clears figures; runs in policy.
 */

#include <sys/types.h>
#include <errno.h>
#include <string.h>

#include "control.h"
#include "explain.h"
#include "handlers.h"
#include "monitor.h"
#include "policy.h"
#include "proc.h"
#include "socks.h"

/* What a client of the listing reload is at: its cursor. */
enum { RELOAD_WAITS = 1, RELOAD_RUNS };

static int	 reloading;	/* RELOAD was sent, RELOADED has not come */

static int	reload_step(struct ctl_client *);

/* All that wait share the next reload. */
static void
reload_next(void)
{
	struct ctl_client	*c;
	int			 n = 0;

	if (reloading)
		return;
	for (c = control_next(NULL); c != NULL; c = control_next(c))
		if (c->listing != NULL && c->listing->step == reload_step &&
		    c->cursor == RELOAD_WAITS) {
			c->cursor = RELOAD_RUNS;
			n++;
		}
	if (n == 0)
		return;
	reloading = 1;
	(void)proc_send(PROC_PARENT, M_RELOAD, NULL, -1);
}

static int
reload_step(struct ctl_client *c)
{
	c->open = 1;
	c->cursor = RELOAD_WAITS;
	reload_next();
	return 0;
}

static int
reload_runs(const struct ctl_client *c)
{
	return c->listing != NULL && c->listing->step == reload_step &&
	    c->cursor == RELOAD_RUNS && !c->ended;
}

/* An error or a warning, for those who asked. */
void
control_on_reload(enum proc_role from, const void *data, int fd)
{
	const struct msg_reload	*m = data;
	struct ctl_client	*c;
	struct ctl_line		 row;

	(void)from;
	(void)fd;
	memset(&row, 0, sizeof(row));
	strlcpy(row.text, msg_string(m->text, sizeof(m->text),
	    "line of a reload"), sizeof(row.text));
	for (c = control_next(NULL); c != NULL; c = control_next(c))
		if (reload_runs(c)) {
			control_row(c, CTL_LINE, &row, sizeof(row));
			control_later(c);
		}
}

void
control_reloaded(const struct msg_reload *m)
{
	struct ctl_client	*c;
	struct ctl_reloaded	 row;

	if (!m->asked)
		return;
	memset(&row, 0, sizeof(row));
	row.ok = m->ok;
	row.generation = policy.conf->rs.generation;
	for (c = control_next(NULL); c != NULL; c = control_next(c)) {
		if (!reload_runs(c))
			continue;
		control_row(c, CTL_RELOADED, &row, sizeof(row));
		if (m->ok)
			control_end(c, 0, "");
		else
			control_end(c, EINVAL, m->text);
		control_later(c);
	}
	reloading = 0;
	reload_next();
}

static int
kill_session_matches(const struct ctl_client *c, const struct identity *who)
{
	const char	*user = identity_user(who);

	switch (c->listing->type) {
	case CTL_KILL_SESSION:
		return who->sid == c->req.number;
	case CTL_KILL_USER:
		return user != NULL && strcmp(user, c->req.user) == 0;
	default:
		return addr_eq(&who->peer.addr, &c->req.host);
	}
}

static void
kill_row(struct ctl_client *c)
{
	struct ctl_killed	 row;

	memset(&row, 0, sizeof(row));
	row.sessions = c->sessions;
	row.associations = c->associations;
	control_row(c, CTL_KILLED, &row, sizeof(row));
}

static int
kill_sessions_step(struct ctl_client *c)
{
	struct identity	*who = identity_next(c->cursor);

	if (who == NULL) {
		kill_row(c);
		return 0;
	}
	c->cursor = who->sid;
	if (kill_session_matches(c, who) && revoke_session(who))
		c->sessions++;
	return 1;
}

/* An association goes alone; the socket of a session's relay never does. */
static void
kill_grant(struct ctl_client *c, struct grant *g)
{
	if ((g->flags & SOCKS_F_DIRECTIONS) != 0 && revoke_grant(g))
		c->associations++;
}

static int
kill_grant_step(struct ctl_client *c)
{
	struct grant	*g = grant_find(c->req.number);

	if (g != NULL)
		kill_grant(c, g);
	kill_row(c);
	return 0;
}

static int
kill_label_step(struct ctl_client *c)
{
	struct grant	*g = grant_next(c->cursor);
	int		 d;

	if (g == NULL) {
		kill_row(c);
		return 0;
	}
	c->cursor = g->id;
	for (d = 0; d < DIRS; d++)
		if (strcmp(g->basis[d].label, c->req.label) == 0) {
			kill_grant(c, g);
			break;
		}
	return 1;
}

/* Only the engine knows an AID: it is asked for each one's. */
static int
kill_aid_step(struct ctl_client *c)
{
	struct grant	*g = grant_next(c->cursor);

	if (g == NULL)
		return 0;
	c->cursor = g->id;
	if ((g->flags & SOCKS_F_DIRECTIONS) == 0)
		return 1;
	return control_count(c, COUNT_GRANT, g->id, NULL) != -1;
}

static void
kill_aid_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	struct grant	*g = grant_find(w->grant);

	if (g != NULL && m->found && m->aid == c->req.number)
		kill_grant(c, g);
}

static int
log_step(struct ctl_client *c)
{
	struct msg_verbose	 m;

	memset(&m, 0, sizeof(m));
	m.verbose = c->listing->type == CTL_LOG_VERBOSE;
	(void)proc_send(PROC_PARENT, M_VERBOSE, &m, -1);
	return 0;
}

/* What only grows begins at 0 again, here, in the rules and in the engine. */
static int
reset_step(struct ctl_client *c)
{
	struct rule_node	*n;

	if (c->cursor == 0) {
		policy.asked = policy.granted = policy.denied = 0;
		if (control_count(c, COUNT_RESET, 0, NULL) == -1)
			return 0;
	}
	if (c->cursor >= policy.conf->nrules)
		return 0;
	n = policy.conf->index[c->cursor++];
	n->evaluations = n->matches = n->passes = n->dgrams = n->octets = 0;
	return 1;
}

static void
reset_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	(void)c;
	(void)w;
	(void)m;
}

static const struct listing commands[] = {
	{ .type = CTL_RELOAD, .step = reload_step, .root = 1 },
	{ .type = CTL_KILL_SESSION, .step = kill_sessions_step, .root = 1 },
	{ .type = CTL_KILL_USER, .step = kill_sessions_step, .root = 1 },
	{ .type = CTL_KILL_HOST, .step = kill_sessions_step, .root = 1 },
	{ .type = CTL_KILL_GRANT, .step = kill_grant_step, .root = 1 },
	{ .type = CTL_KILL_LABEL, .step = kill_label_step, .root = 1 },
	{ .type = CTL_KILL_ASSOCIATION, .step = kill_aid_step,
	    .counted = kill_aid_counted, .end = kill_row, .root = 1 },
	{ .type = CTL_LOG_BRIEF, .step = log_step, .root = 1 },
	{ .type = CTL_LOG_VERBOSE, .step = log_step, .root = 1 },
	{ .type = CTL_RESET_STATISTICS, .step = reset_step,
	    .counted = reset_counted, .root = 1 }
};

const struct listing *
command_listing(uint32_t type)
{
	size_t	 i;

	if (policy.conf == NULL)
		return NULL;
	if (type == CTL_EXPLAIN)
		return &explain_listing;
	if (type == CTL_MONITOR)
		return &monitor_listing;
	for (i = 0; i < nitems(commands); i++)
		if (commands[i].type == type)
			return &commands[i];
	return NULL;
}
