/*
 * output.c: listings in columns, for people; part of socksmctl.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compat.h"

#include "output.h"

static int	 verbose;

/* Nothing that could steer a terminal; long names are cut for their column. */
static const char *
text_safe(const char *src, size_t width)
{
	static char	 bufs[4][CTL_TEXTLEN];
	static unsigned	 turn;
	char		*dst = bufs[turn++ % nitems(bufs)];
	size_t		 i;

	for (i = 0; src[i] != '\0' && i < CTL_TEXTLEN - 1; i++) {
		if (width != 0 && i == width) {
			dst[i - 1] = '+';
			break;
		}
		dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '?';
	}
	dst[i] = '\0';
	return i == 0 ? "-" : dst;
}

static const char *
text_endpoint(const struct endpoint *ep)
{
	static char	 bufs[4][ENDPOINT_STRLEN];
	static unsigned	 turn;

	return endpoint_print(ep, bufs[turn++ % nitems(bufs)],
	    ENDPOINT_STRLEN);
}

/* Up to six digits as they are, else with a unit; exact in verbose lines. */
static const char *
text_number(uint64_t n)
{
	static char	 bufs[8][16];
	static unsigned	 turn;
	char		*dst = bufs[turn++ % nitems(bufs)];
	const char	*unit = "KMGTPE";
	double		 v = (double)n / 1000;

	if (n < 1000000) {
		snprintf(dst, sizeof(bufs[0]), "%" PRIu64, n);
		return dst;
	}
	for (; v >= 10000 && unit[1] != '\0'; unit++)
		v /= 1000;
	snprintf(dst, sizeof(bufs[0]), "%.1f%c", v, *unit);
	return dst;
}

static const char *
text_time(uint64_t s)
{
	static char	 bufs[4][32];
	static unsigned	 turn;
	char		*dst = bufs[turn++ % nitems(bufs)];

	if (s >= 86400)
		snprintf(dst, sizeof(bufs[0]), "%" PRIu64 "d%02uh%02um",
		    s / 86400, (unsigned)(s / 3600 % 24),
		    (unsigned)(s / 60 % 60));
	else
		snprintf(dst, sizeof(bufs[0]), "%02u:%02u:%02u",
		    (unsigned)(s / 3600), (unsigned)(s / 60 % 60),
		    (unsigned)(s % 60));
	return dst;
}

static void
text_summary(const void *row)
{
	const struct ctl_summary	*s = row;

	printf("%-14s %s\n", "status", s->healthy ? "healthy" :
	    "not healthy: the engine does not answer");
	printf("%-14s %s\n", "uptime", text_time(s->uptime));
	printf("%-14s %u of %u\n", "sessions", s->sessions, s->sessions_limit);
	printf("%-14s %u of %u\n", "associations", s->associations,
	    s->associations_limit);
	printf("%-14s %u of %u\n", "groups", s->groups, s->groups_limit);
	printf("%-14s %u\n", "listeners", s->listeners);
	printf("%-14s %u, generation %u\n", "rules", s->rules, s->generation);
	printf("%-14s %" PRIu64 " asked, %" PRIu64 " granted, %" PRIu64
	    " denied\n", "requests", s->asked, s->granted, s->denied);
}

static void
text_session(const void *row)
{
	const struct ctl_session	*s = row;

	printf("%-8" PRIu64 " %-21s %-12s %-8s %6u %11s  %s\n", s->sid,
	    text_endpoint(&s->client), text_safe(s->user, 12),
	    text_safe(s->method, 8), s->associations, text_time(s->age),
	    text_safe(s->listener, 0));
	if (verbose)
		printf("         reached %s\n", text_endpoint(&s->local));
}

static const char *
text_dir(const char *dir)
{
	if (strcmp(dir, "receive,send") == 0)
		return "both";
	if (strcmp(dir, "connect") == 0)
		return "conn";
	return strcmp(dir, "receive") == 0 ? "recv" : dir;
}

static void
text_association(const void *row)
{
	const struct ctl_association	*a = row;

	printf("%08x %-21s %-10s %-4s %-21s %-8s %8s %8s %8s  %s\n", a->aid,
	    text_endpoint(&a->client), text_safe(a->user, 10),
	    text_dir(a->dir), text_endpoint(&a->group), text_safe(a->via, 0),
	    text_number(a->in_datagrams), text_number(a->out_datagrams),
	    text_number(a->drops), text_safe(a->label, 0));
	if (!verbose)
		return;
	printf("         session %" PRIu64 ", local %s, mode %s, encap %s, "
	    "rule %u, ttl %u\n", a->sid, text_endpoint(&a->local),
	    text_safe(a->mode, 0), text_safe(a->encap, 0), a->rule, a->ttl);
	printf("         in %" PRIu64 " datagrams, %" PRIu64 " octets; out %"
	    PRIu64 " datagrams, %" PRIu64 " octets\n", a->in_datagrams,
	    a->in_octets, a->out_datagrams, a->out_octets);
	printf("         age %s, idle %s of %s, drops %" PRIu64 "\n",
	    text_time(a->age), text_time(a->idle), text_time(a->idle_limit),
	    a->drops);
}

static void
text_drop(const void *row)
{
	const struct ctl_statistic	*s = row;

	if (verbose)
		printf("         drops %s: %" PRIu64 "\n",
		    text_safe(s->name, 0), s->value);
}

static void
text_group(const void *row)
{
	const struct ctl_group	*g = row;
	char			 buf[ADDR_STRLEN];

	printf("%-27s %-10s %6u %6u %6u %9s %9s %8s %11s\n",
	    text_endpoint(&g->group), text_safe(g->ifname, 0), g->receivers,
	    g->senders, g->sources, text_number(g->in_datagrams),
	    text_number(g->in_octets), text_number(g->drops),
	    text_time(g->idle));
	if (g->source.af != ADDR_NONE)
		printf("         from %s only\n",
		    addr_print(&g->source, buf, sizeof(buf)));
}

static void
text_rule(const void *row)
{
	const struct ctl_rule	*r = row;

	printf("%4u %9s %9s %9s %9s %9s  %s\n", r->nr,
	    text_number(r->evaluations), text_number(r->matches),
	    text_number(r->passes), text_number(r->datagrams),
	    text_number(r->octets), text_safe(r->text, 0));
	if (verbose)
		printf("     %s:%u\n", text_safe(r->file, 0), r->line);
}

static void
text_table(const void *row)
{
	const struct ctl_table	*t = row;

	printf("%-32s %10u%s%s\n", text_safe(t->name, 0), t->entries,
	    t->is_const ? " const" : "", t->persist ? " persist" : "");
}

static void
text_user(const void *row)
{
	const struct ctl_user	*u = row;

	printf("%-32s %s\n", text_safe(u->name, 0), text_safe(u->groups, 0));
}

static void
text_statistic(const void *row)
{
	const struct ctl_statistic	*s = row;

	printf("%-28s %20" PRIu64 "\n", text_safe(s->name, 0), s->value);
}

static void
text_process(const void *row)
{
	const struct ctl_process	*p = row;

	printf("%-10s %8d %s\n", text_safe(p->role, 0), p->pid,
	    text_safe(p->user, 0));
}

static void
text_value(const char *key, const char *value)
{
	if (value[0] != '\0')
		printf(" %s=%s", key, text_safe(value, 0));
}

static void
text_event_time(uint64_t ms)
{
	time_t		 t = (time_t)(ms / 1000);
	struct tm	 tm;
	char		 buf[32] = "-";

	if (localtime_r(&t, &tm) != NULL)
		strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%03u", buf, (unsigned)(ms % 1000));
}

static void
text_event(const void *row)
{
	const struct ctl_event	*e = row;

	text_event_time(e->time);
	printf(" %s", text_safe(e->kind, 0));
	if (e->generation != 0)
		printf(" generation=%u", e->generation);
	if (e->sid != 0)
		printf(" sid=%" PRIu64 " client=%s", e->sid,
		    text_endpoint(&e->client));
	text_value("user", e->user);
	text_value("listener", e->listener);
	if (e->grant != 0)
		printf(" grant=%" PRIu64, e->grant);
	text_value("what", e->what);
	text_value("dir", e->dir);
	if (e->remote.addr.af != ADDR_NONE)
		printf(" %s=%s", e->what[0] != '\0' ? "remote" : "local",
		    text_endpoint(&e->remote));
	text_value("name", e->name);
	if (e->matched)
		printf(" rule=%u", e->rule);
	text_value("label", e->label);
	if (e->code != 0)
		printf(" code=0x%02x", e->code);
	if (e->in_octets != 0 || e->out_octets != 0)
		printf(" in-octets=%" PRIu64 " out-octets=%" PRIu64,
		    e->in_octets, e->out_octets);
	text_value("reason", e->reason);
	putchar('\n');
}

static void
text_verdict(const void *row)
{
	const struct ctl_verdict	*v = row;

	if (v->pass)
		printf("pass");
	else
		printf("refused with 0x%02x", v->code);
	if (v->matched)
		printf(" by rule %u", v->rule);
	else
		printf(": no rule matches");
	if (v->pass) {
		text_value("via", v->via);
		if (v->idle != 0)
			printf(" idle=%u", v->idle);
	}
	if (v->ttl_max != 0)
		printf(" ttl<=%u", v->ttl_max);
	text_value("label", v->label);
	if (v->log)
		printf(" log");
	putchar('\n');
}

static void
text_explained(const void *row)
{
	const struct ctl_explained	*x = row;
	char				 why[2 * CTL_WORDLEN + 3];

	if (strcmp(x->why, "command") == 0 && !verbose)
		return;
	snprintf(why, sizeof(why), "%s%s%s", x->what,
	    x->why[0] != '\0' ? ": " : "", x->why);
	printf("%4u %-20s %s\n", x->nr, text_safe(why, 0),
	    text_safe(x->text, 0));
	if (verbose)
		printf("     %s:%u\n", text_safe(x->file, 0), x->line);
}

/* What is wrong is for standard error, as it is when the daemon starts. */
static void
text_line(const void *row)
{
	const struct ctl_line	*l = row;

	fprintf(stderr, "%s\n", text_safe(l->text, 0));
}

static void
text_reloaded(const void *row)
{
	const struct ctl_reloaded	*r = row;

	if (r->ok)
		printf("reloaded, generation %u\n", r->generation);
}

static void
text_killed(const void *row)
{
	const struct ctl_killed	*k = row;

	if (k->associations != 0 || k->sessions == 0)
		printf("%u associations", k->associations);
	if (k->sessions != 0)
		printf("%s%u sessions", k->associations != 0 ? ", " : "",
		    k->sessions);
	printf(" killed\n");
}

static void (*const rows[CTL_MAX])(const void *) = {
	[CTL_SUMMARY] = text_summary,
	[CTL_SESSION] = text_session,
	[CTL_ASSOCIATION] = text_association,
	[CTL_DROP] = text_drop,
	[CTL_GROUP] = text_group,
	[CTL_RULE] = text_rule,
	[CTL_TABLE] = text_table,
	[CTL_USER] = text_user,
	[CTL_STATISTIC] = text_statistic,
	[CTL_PROCESS] = text_process,
	[CTL_EVENT] = text_event,
	[CTL_VERDICT] = text_verdict,
	[CTL_EXPLAINED] = text_explained,
	[CTL_LINE] = text_line,
	[CTL_RELOADED] = text_reloaded,
	[CTL_KILLED] = text_killed
};

static const struct {
	uint32_t	 request;
	const char	*text;
} heads[] = {
	{ CTL_SHOW_SESSIONS,
	    "SESSION  CLIENT                USER         METHOD    ASSOC"
	    "         AGE  LISTENER" },
	{ CTL_SHOW_ASSOCIATIONS,
	    "AID      CLIENT                USER       DIR  GROUP"
	    "                 VIA            IN      OUT    DROPS  LABEL" },
	{ CTL_SHOW_GROUPS,
	    "GROUP                       VIA        RECEIV SENDER SOURCE"
	    " DATAGRAMS    OCTETS    DROPS        IDLE" },
	{ CTL_SHOW_RULES,
	    "RULE EVALUATED   MATCHED    PASSED DATAGRAMS    OCTETS  TEXT" },
	{ CTL_SHOW_TABLES,
	    "TABLE                               ENTRIES" },
	{ CTL_SHOW_USERS, "USER                             GROUPS" },
	{ CTL_SHOW_PROCESSES, "PROCESS         PID USER" }
};

static void
text_begin(uint32_t request, int v)
{
	size_t	 i;

	verbose = v;
	for (i = 0; i < nitems(heads); i++)
		if (heads[i].request == request)
			puts(heads[i].text);
}

static void
text_row(uint32_t type, const void *row)
{
	rows[type](row);
}

static void
text_end(void)
{
}

const struct output	 output_text = { text_begin, text_row, text_end };
