/*
 * output_json.c: each listing as one JSON document, for programs; part of
 * socksmctl.
 *
 * The facts are those of output.c; numbers are exact, times in seconds, and
 * what nobody knows is null.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"

#include "output.h"

/* What is open: an object's member, or a row behind which drops may come. */
static const char	*separator;
static int		 row_open;
static int		 drops_open;
static int		 shape;

enum { LIST, OBJECT, LINES };		/* of rows; one alone; one a line */

/* The length of the UTF-8 sequence at s, 0 if there is none. */
static size_t
utf8_len(const unsigned char *s)
{
	size_t	 i, n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* A string; what is not UTF-8 becomes the replacement character. */
static void
json_string(const char *text)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 n;

	putchar('"');
	for (; *s != '\0'; s += n) {
		if ((n = utf8_len(s)) == 0) {
			n = 1;
			printf("\\ufffd");
		} else if (*s < ' ' || *s == 0x7f)
			printf("\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else
			fwrite(s, 1, n, stdout);
	}
	putchar('"');
}

static void
json_key(const char *key)
{
	printf("%s", separator);
	json_string(key);
	putchar(':');
	separator = ",";
}

static void
json_number(const char *key, uint64_t n)
{
	json_key(key);
	printf("%" PRIu64, n);
}

static void
json_bool(const char *key, int is)
{
	json_key(key);
	printf("%s", is ? "true" : "false");
}

/* "" is what is not known or not there. */
static void
json_text(const char *key, const char *text)
{
	json_key(key);
	if (text[0] == '\0')
		printf("null");
	else
		json_string(text);
}

static void
json_addr(const char *key, const struct addr *a)
{
	char	 buf[ADDR_STRLEN];

	json_text(key, a->af == ADDR_NONE ? "" :
	    addr_print(a, buf, sizeof(buf)));
}

static void
json_endpoint(const char *key, const struct endpoint *ep)
{
	json_key(key);
	printf("{");
	separator = "";
	json_addr("address", &ep->addr);
	json_number("port", ep->port);
	printf("}");
	separator = ",";
}

static void
json_summary(const void *row)
{
	const struct ctl_summary	*s = row;

	json_bool("healthy", s->healthy);
	json_number("uptime", s->uptime);
	json_number("generation", s->generation);
	json_number("sessions", s->sessions);
	json_number("sessions_limit", s->sessions_limit);
	json_number("associations", s->associations);
	json_number("associations_limit", s->associations_limit);
	json_number("groups", s->groups);
	json_number("groups_limit", s->groups_limit);
	json_number("listeners", s->listeners);
	json_number("rules", s->rules);
	json_number("asked", s->asked);
	json_number("granted", s->granted);
	json_number("denied", s->denied);
}

static void
json_session(const void *row)
{
	const struct ctl_session	*s = row;

	json_number("session", s->sid);
	json_endpoint("client", &s->client);
	json_endpoint("local", &s->local);
	json_text("user", s->user);
	json_text("method", s->method);
	json_text("listener", s->listener);
	json_number("associations", s->associations);
	json_number("age", s->age);
}

static void
json_association(const void *row)
{
	const struct ctl_association	*a = row;

	json_number("grant", a->grant);
	json_number("session", a->sid);
	json_number("aid", a->aid);
	json_endpoint("client", &a->client);
	json_text("user", a->user);
	json_text("dir", a->dir);
	json_endpoint("group", &a->group);
	json_endpoint("local", &a->local);
	json_text("via", a->via);
	json_text("mode", a->mode);
	json_text("encap", a->encap);
	json_number("rule", a->rule);
	json_text("label", a->label);
	json_number("ttl", a->ttl);
	json_number("age", a->age);
	json_number("idle", a->idle);
	json_number("idle_limit", a->idle_limit);
	json_number("in_datagrams", a->in_datagrams);
	json_number("in_octets", a->in_octets);
	json_number("out_datagrams", a->out_datagrams);
	json_number("out_octets", a->out_octets);
	json_number("drops", a->drops);
}

static void
json_group(const void *row)
{
	const struct ctl_group	*g = row;

	json_endpoint("group", &g->group);
	json_addr("source", &g->source);
	json_text("via", g->ifname);
	json_number("ifindex", g->ifindex);
	json_number("receivers", g->receivers);
	json_number("senders", g->senders);
	json_number("sources", g->sources);
	json_number("in_datagrams", g->in_datagrams);
	json_number("in_octets", g->in_octets);
	json_number("drops", g->drops);
	json_number("idle", g->idle);
}

static void
json_rule(const void *row)
{
	const struct ctl_rule	*r = row;

	json_number("rule", r->nr);
	json_text("text", r->text);
	json_text("file", r->file);
	json_number("line", r->line);
	json_number("evaluations", r->evaluations);
	json_number("matches", r->matches);
	json_number("passes", r->passes);
	json_number("datagrams", r->datagrams);
	json_number("octets", r->octets);
}

static void
json_table(const void *row)
{
	const struct ctl_table	*t = row;

	json_text("table", t->name);
	json_number("entries", t->entries);
	json_bool("const", t->is_const);
	json_bool("persist", t->persist);
}

static void
json_user(const void *row)
{
	const struct ctl_user	*u = row;
	const char		*p = u->groups;
	char			 name[CTL_NAMELEN];
	size_t			 n;

	json_text("user", u->name);
	json_key("groups");
	putchar('[');
	for (separator = ""; *p != '\0'; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, p);
		printf("%s", separator);
		json_string(name);
		separator = ",";
	}
	putchar(']');
	separator = ",";
}

/* A member of its own: of all statistics, or of the drops of a row. */
static void
json_statistic(const void *row)
{
	const struct ctl_statistic	*s = row;

	json_number(s->name, s->value);
}

static void
json_process(const void *row)
{
	const struct ctl_process	*p = row;

	json_text("process", p->role);
	json_number("pid", p->pid < 0 ? 0 : p->pid);
	json_text("user", p->user);
}

static void
json_event(const void *row)
{
	const struct ctl_event	*e = row;

	json_text("event", e->kind);
	json_key("time");
	printf("%" PRIu64 ".%03u", e->time / 1000, (unsigned)(e->time % 1000));
	if (e->generation != 0)
		json_number("generation", e->generation);
	if (e->sid != 0) {
		json_number("session", e->sid);
		json_endpoint("client", &e->client);
		json_text("user", e->user);
		json_text("listener", e->listener);
		json_endpoint(e->what[0] != '\0' ? "remote" : "local",
		    &e->remote);
	}
	if (e->what[0] != '\0') {
		json_text("what", e->what);
		json_text("dir", e->dir);
		json_text("name", e->name);
		json_text("label", e->label);
	}
	if (e->matched)
		json_number("rule", e->rule);
	if (e->grant != 0) {
		json_number("grant", e->grant);
		json_number("in_octets", e->in_octets);
		json_number("out_octets", e->out_octets);
	}
	if (e->code != 0)
		json_number("code", e->code);
	json_text("reason", e->reason);
}

static void
json_verdict(const void *row)
{
	const struct ctl_verdict	*v = row;

	json_bool("pass", v->pass);
	json_number("code", v->code);
	if (v->matched)
		json_number("rule", v->rule);
	else
		json_text("rule", "");
	json_text("label", v->label);
	json_text("via", v->via);
	json_number("ttl_max", v->ttl_max);
	json_number("idle", v->idle);
	json_bool("log", v->log);
}

static void
json_explained(const void *row)
{
	const struct ctl_explained	*x = row;

	json_number("rule", x->nr);
	json_text("what", x->what);
	json_text("why", x->why);
	json_text("text", x->text);
	json_text("file", x->file);
	json_number("line", x->line);
}

static void
json_line(const void *row)
{
	const struct ctl_line	*l = row;

	json_text("line", l->text);
}

static void
json_reloaded(const void *row)
{
	const struct ctl_reloaded	*r = row;

	json_bool("ok", (int)r->ok);
	json_number("generation", r->generation);
}

static void
json_killed(const void *row)
{
	const struct ctl_killed	*k = row;

	json_number("sessions", k->sessions);
	json_number("associations", k->associations);
}

static void (*const rows[CTL_MAX])(const void *) = {
	[CTL_SUMMARY] = json_summary,
	[CTL_SESSION] = json_session,
	[CTL_ASSOCIATION] = json_association,
	[CTL_DROP] = json_statistic,
	[CTL_GROUP] = json_group,
	[CTL_RULE] = json_rule,
	[CTL_TABLE] = json_table,
	[CTL_USER] = json_user,
	[CTL_STATISTIC] = json_statistic,
	[CTL_PROCESS] = json_process,
	[CTL_EVENT] = json_event,
	[CTL_VERDICT] = json_verdict,
	[CTL_EXPLAINED] = json_explained,
	[CTL_LINE] = json_line,
	[CTL_RELOADED] = json_reloaded,
	[CTL_KILLED] = json_killed
};

static const struct {
	uint32_t	 request;
	const char	*name;
	int		 shape;
} documents[] = {
	{ CTL_SHOW_SUMMARY, "summary", OBJECT },
	{ CTL_SHOW_SESSIONS, "sessions", LIST },
	{ CTL_SHOW_ASSOCIATIONS, "associations", LIST },
	{ CTL_SHOW_GROUPS, "groups", LIST },
	{ CTL_SHOW_RULES, "rules", LIST },
	{ CTL_SHOW_TABLES, "tables", LIST },
	{ CTL_SHOW_USERS, "users", LIST },
	{ CTL_SHOW_STATISTICS, "statistics", OBJECT },
	{ CTL_SHOW_PROCESSES, "processes", LIST },
	{ CTL_MONITOR, "", LINES },
	{ CTL_EXPLAIN, "explain", LIST },
	{ CTL_RELOAD, "reload", LIST },
	{ CTL_LOG_BRIEF, "log", LIST },
	{ CTL_LOG_VERBOSE, "log", LIST },
	{ CTL_RESET_STATISTICS, "reset", LIST },
	{ 0, "killed", OBJECT }		/* all others */
};

static void
json_begin(uint32_t request, int verbose)
{
	size_t	 i;

	(void)verbose;			/* a program gets all there is */
	for (i = 0; i < nitems(documents) - 1; i++)
		if (documents[i].request == request)
			break;
	shape = documents[i].shape;
	if (shape != LINES)
		printf("{\"%s\":%s", documents[i].name,
		    shape == OBJECT ? "{" : "[");
	separator = "";
	row_open = drops_open = 0;
}

static void
row_close(void)
{
	if (drops_open)
		putchar('}');
	if (row_open)
		printf("}");
	drops_open = row_open = 0;
}

static void
drops_begin(void)
{
	json_key("drop_reasons");
	putchar('{');
	separator = "";
	drops_open = 1;
}

static void
json_row(uint32_t type, const void *row)
{
	static const char	*between;

	if (type == CTL_DROP) {
		if (row_open && !drops_open)
			drops_begin();
	} else if (shape == LINES) {
		printf("{");
		separator = "";
	} else if (shape == LIST) {
		between = row_open ? ",\n" : separator;
		row_close();
		printf("%s{", between);
		row_open = 1;
		separator = "";
	}
	rows[type](row);
	if (shape == LINES && type != CTL_DROP)
		printf("}\n");
}

static void
json_end(void)
{
	row_close();
	if (shape != LINES)
		printf("%s}\n", shape == OBJECT ? "}" : "]");
}

const struct output	 output_json = { json_begin, json_row, json_end };
