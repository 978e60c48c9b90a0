/*
 * show.c: the listings of socksmctl, object by object; runs in policy.
 *
 * What policy knows itself it says; what moves with every datagram it asks of
 * the engine, for the object at hand only.
 */

#include <sys/types.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "log.h"
#include "policy.h"
#include "rule_print.h"
#include "socks.h"
#include "table.h"

static uint32_t
age(long long since)
{
	return (uint32_t)((clock_ms() - since) / 1000);
}

static const char *
user_name(const struct identity *who)
{
	const char	*user = identity_user(who);

	return user == NULL ? "" : user;
}

static int
filter(const char *want, const char *is)
{
	return want[0] == '\0' || strcmp(want, is) == 0;
}

static int
filter_group(const struct ctl_client *c, const struct addr *group)
{
	return c->req.group.af == ADDR_NONE || addr_eq(&c->req.group, group);
}

static void
summary_row(struct ctl_client *c, int healthy)
{
	const struct policy_conf	*conf = policy.conf;
	const uint32_t			*limit = conf->rs.settings.limit;
	struct ctl_summary		 s;

	memset(&s, 0, sizeof(s));
	s.uptime = age(policy.started);
	s.healthy = healthy;
	s.generation = conf->rs.generation;
	s.sessions = identity_count();
	s.sessions_limit = limit[LIMIT_SESSIONS];
	s.associations = grant_associations();
	s.associations_limit = limit[LIMIT_ASSOCIATIONS];
	s.groups = grant_groups();
	s.groups_limit = limit[LIMIT_GROUPS];
	s.listeners = conf->nlisteners;
	s.rules = conf->nrules;
	s.asked = policy.asked;
	s.granted = policy.granted;
	s.denied = policy.denied;
	control_row(c, CTL_SUMMARY, &s, sizeof(s));
}

/* Healthy is who answers: the engine has to say something, whatever it is. */
static int
summary_step(struct ctl_client *c)
{
	if (control_count(c, COUNT_ENGINE, 0, NULL) == -1)
		summary_row(c, 0);
	return 0;
}

static void
summary_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	(void)w;
	(void)m;
	summary_row(c, 1);
}

static void
summary_late(struct ctl_client *c)
{
	summary_row(c, 0);
}

static int
session_step(struct ctl_client *c)
{
	struct identity		*who = identity_next(c->cursor);
	struct ctl_session	 s;

	if (who == NULL)
		return 0;
	c->cursor = who->sid;
	if (!filter(c->req.user, user_name(who)) ||
	    !filter(c->req.label, who->label))
		return 1;
	memset(&s, 0, sizeof(s));
	s.sid = who->sid;
	s.client = who->peer;
	s.local = who->local;
	s.associations = who->nassoc;
	s.age = age(who->since);
	strlcpy(s.user, user_name(who), sizeof(s.user));
	strlcpy(s.listener, who->label, sizeof(s.listener));
	if (who->state == ID_OK)
		strlcpy(s.method, "userpass", sizeof(s.method));
	else if (who->asked)
		strlcpy(s.method, "none", sizeof(s.method));
	control_row(c, CTL_SESSION, &s, sizeof(s));
	return 1;
}

static const struct basis *
grant_basis_shown(const struct grant *g)
{
	return &g->basis[g->flags & SOCKS_F_RECEIVE ? DIR_RECEIVE : DIR_SEND];
}

static int
association_step(struct ctl_client *c)
{
	struct grant	*g = grant_next(c->cursor);

	if (g == NULL)
		return 0;
	c->cursor = g->id;
	if ((g->flags & SOCKS_F_DIRECTIONS) == 0 ||
	    !filter(c->req.user, user_name(g->who)) ||
	    !filter(c->req.label, grant_basis_shown(g)->label) ||
	    !filter_group(c, &g->remote.addr))
		return 1;
	if (control_count(c, COUNT_GRANT, g->id, NULL) == -1)
		return 0;
	return 1;
}

static void
drop_rows(struct ctl_client *c, const struct counters *n)
{
	struct ctl_statistic	 s;
	int			 i;

	for (i = 0; i < DROP_MAX; i++) {
		if (n->drops[i] == 0)
			continue;
		memset(&s, 0, sizeof(s));
		strlcpy(s.name, drop_name(i), sizeof(s.name));
		s.value = n->drops[i];
		control_row(c, CTL_DROP, &s, sizeof(s));
	}
}

static uint64_t
drop_total(const struct counters *n)
{
	uint64_t	 total = 0;
	int		 i;

	for (i = 0; i < DROP_MAX; i++)
		total += n->drops[i];
	return total;
}

static void
association_known(struct ctl_association *a, const struct grant *g)
{
	static const char *const	 dirs[] = { "", "receive", "send",
	    "receive,send" };
	const struct basis		*b = grant_basis_shown(g);
	int			 stream = g->command == CMD_CONNECT;

	a->grant = g->id;
	a->sid = g->who->sid;
	a->age = age(g->since);
	a->idle_limit = g->idle;
	a->client = g->who->peer;
	a->local = g->local;
	a->group = g->remote;
	strlcpy(a->user, user_name(g->who), sizeof(a->user));
	strlcpy(a->label, b->label, sizeof(a->label));
	strlcpy(a->via, b->via, sizeof(a->via));
	strlcpy(a->dir, stream ? "connect" :
	    dirs[g->flags & SOCKS_F_DIRECTIONS], sizeof(a->dir));
	strlcpy(a->mode, g->command != 0 ? "-" :
	    g->flags & SOCKS_F_MM ? "mm" : "mu", sizeof(a->mode));
	strlcpy(a->encap, stream ? "-" : g->flags & SOCKS_F_TCP ? "tcp" :
	    "udp", sizeof(a->encap));
	a->rule = b->rule;
	if (g->flags & SOCKS_F_SEND)
		a->ttl = g->ttl;
}

static void
association_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	const struct grant	*g = grant_find(w->grant);
	struct ctl_association	 a;

	if (g == NULL || (g->flags & SOCKS_F_DIRECTIONS) == 0)
		return;			/* has ended meanwhile */
	memset(&a, 0, sizeof(a));
	association_known(&a, g);
	if (m->found) {
		a.aid = m->aid;
		a.idle = m->idle;
		if (g->flags & SOCKS_F_SEND)
			a.ttl = m->ttl;
		a.local.port = m->local.port;	/* as learnt, P20 */
		a.in_datagrams = m->counters.in_dgrams;
		a.in_octets = m->counters.in_octets;
		a.out_datagrams = m->counters.out_dgrams;
		a.out_octets = m->counters.out_octets;
		a.drops = drop_total(&m->counters);
	}
	control_row(c, CTL_ASSOCIATION, &a, sizeof(a));
	if (m->found)
		drop_rows(c, &m->counters);
}

static int
group_step(struct ctl_client *c)
{
	const struct sockref	*s;

	s = sockref_next_group(c->cursor == 0 ? NULL : &c->key);
	if (s == NULL)
		return 0;
	c->cursor = 1;
	c->key = s->key;
	if (!filter_group(c, &s->key.addr))
		return 1;
	return control_count(c, COUNT_GROUP, 0, &s->key) != -1;
}

static void
group_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	const struct policy_conf	*conf = policy.conf;
	struct ctl_group		 g;
	uint32_t			 i;

	memset(&g, 0, sizeof(g));
	g.group.addr = w->key.addr;
	g.group.port = w->key.port;
	g.source = w->key.source;
	g.ifindex = w->key.ifindex;
	for (i = 0; i < conf->nifaces; i++)
		if (conf->iface[i].ifindex == g.ifindex)
			strlcpy(g.ifname, conf->iface[i].name,
			    sizeof(g.ifname));
	if (m->found) {
		g.receivers = m->receivers;
		g.senders = m->senders;
		g.sources = m->sources;
		g.idle = m->idle;
		g.in_datagrams = m->counters.in_dgrams;
		g.in_octets = m->counters.in_octets;
		g.drops = drop_total(&m->counters);
	}
	control_row(c, CTL_GROUP, &g, sizeof(g));
}

static int
rule_step(struct ctl_client *c)
{
	const struct policy_conf	*conf = policy.conf;
	const struct rule_node		*n;
	struct ctl_rule			 r;

	if (c->cursor >= conf->nrules)
		return 0;
	n = conf->index[c->cursor++];
	if (!filter(c->req.label, n->rule.label))
		return 1;
	memset(&r, 0, sizeof(r));
	r.nr = n->rule.nr;
	r.line = n->rule.line;
	r.evaluations = n->evaluations;
	r.matches = n->matches;
	r.passes = n->passes;
	r.datagrams = n->dgrams;
	r.octets = n->octets;
	strlcpy(r.file, n->rule.file, sizeof(r.file));
	(void)rule_print(&n->rule, r.text, sizeof(r.text));
	control_row(c, CTL_RULE, &r, sizeof(r));
	return 1;
}

static int
table_step(struct ctl_client *c)
{
	const struct table	*t;
	struct ctl_table	 row;
	uint64_t		 i = 0;

	TAILQ_FOREACH(t, &policy.conf->rs.tables, entry)
		if (i++ == c->cursor)
			break;
	if (t == NULL)
		return 0;
	c->cursor++;
	memset(&row, 0, sizeof(row));
	strlcpy(row.name, t->name, sizeof(row.name));
	row.entries = t->n;
	row.is_const = t->is_const;
	row.persist = t->persist;
	control_row(c, CTL_TABLE, &row, sizeof(row));
	return 1;
}

static int
user_step(struct ctl_client *c)
{
	const struct user_node	*u;
	struct ctl_user		 row;
	uint64_t		 i = 0;
	uint8_t			 n;

	TAILQ_FOREACH(u, &policy.conf->rs.users, entry)
		if (i++ == c->cursor)
			break;
	if (u == NULL)
		return 0;
	c->cursor++;
	memset(&row, 0, sizeof(row));
	strlcpy(row.name, u->name, sizeof(row.name));
	for (n = 0; n < u->ngroups; n++) {
		if (n > 0)
			strlcat(row.groups, ",", sizeof(row.groups));
		strlcat(row.groups, u->groups[n], sizeof(row.groups));
	}
	control_row(c, CTL_USER, &row, sizeof(row));
	return 1;
}

static void
statistic_row(struct ctl_client *c, const char *prefix, const char *name,
    uint64_t value)
{
	struct ctl_statistic	 s;

	memset(&s, 0, sizeof(s));
	snprintf(s.name, sizeof(s.name), "%s%s", prefix, name);
	s.value = value;
	control_row(c, CTL_STATISTIC, &s, sizeof(s));
}

static int
statistics_step(struct ctl_client *c)
{
	statistic_row(c, "", "questions_total", policy.asked);
	statistic_row(c, "", "granted_total", policy.granted);
	statistic_row(c, "", "denied_total", policy.denied);
	(void)control_count(c, COUNT_ENGINE, 0, NULL);
	return 0;
}

static void
statistics_counted(struct ctl_client *c, const struct want *w,
    const struct msg_counters *m)
{
	int	 i;

	(void)w;
	for (i = 0; i < STAT_MAX; i++)
		statistic_row(c, "", stat_name(i), m->stat[i]);
	for (i = 0; i < DROP_MAX; i++)
		statistic_row(c, "drops_", drop_name(i),
		    m->counters.drops[i]);
}

static int
process_step(struct ctl_client *c)
{
	const struct msg_proc	*p;
	struct ctl_process	 row;

	if (c->cursor >= PROC_MAX)
		return 0;
	p = &policy.proc[c->cursor++];
	if (p->pid == 0)
		return 1;
	memset(&row, 0, sizeof(row));
	strlcpy(row.role, proc_name(p->role), sizeof(row.role));
	strlcpy(row.user, p->user, sizeof(row.user));
	row.pid = p->pid;
	control_row(c, CTL_PROCESS, &row, sizeof(row));
	return 1;
}

static const struct listing listings[] = {
	{ .type = CTL_SHOW_SUMMARY, .step = summary_step,
	    .counted = summary_counted, .late = summary_late },
	{ .type = CTL_SHOW_SESSIONS, .step = session_step },
	{ .type = CTL_SHOW_ASSOCIATIONS, .step = association_step,
	    .counted = association_counted },
	{ .type = CTL_SHOW_GROUPS, .step = group_step,
	    .counted = group_counted },
	{ .type = CTL_SHOW_RULES, .step = rule_step },
	{ .type = CTL_SHOW_TABLES, .step = table_step },
	{ .type = CTL_SHOW_USERS, .step = user_step },
	{ .type = CTL_SHOW_STATISTICS, .step = statistics_step,
	    .counted = statistics_counted },
	{ .type = CTL_SHOW_PROCESSES, .step = process_step }
};

/* NULL: no such listing, or the daemon is not ready to give any. */
const struct listing *
show_listing(uint32_t type)
{
	size_t	 i;

	for (i = 0; policy.conf != NULL && i < nitems(listings); i++)
		if (listings[i].type == type)
			return &listings[i];
	return NULL;
}
