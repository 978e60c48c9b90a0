/*
 * record.c: the lines that say what happened (P47); runs in policy.
 *
 * One line each: a word that tells what ended or was decided, then key=value.
 * A value is quoted where it holds anything but letters, digits and the usual
 * punctuation; inside quotes, " and \ and whatever is not printable stand as
 * \ooo, the octal value, as vis(3) has it. Keys are stable and in this order:
 *
 * association	an association has ended; in is towards the client
 *	sid		number of the session
 *	user		who logged in, "" for nobody
 *	client		address and port of the control connection
 *	command		connect or udp; absent for a group
 *	dir		not for connect: receive, send or receive,send: what ever stood
 *	group		group and port; or with command instead:
 *	remote		address and port outside
 *	name		only where REMOTE was one, or what it was asked for
 *	local		where the client took its datagrams; port 0: unknown;
 *			not for connect
 *	via		interface outside, of receiving then of sending
 *	mode		mu or mm, of a group
 *	encap		udp or tcp; not for connect
 *	rule		number of the rule that passed it, likewise
 *	label		of that rule, "" without
 *	duration	seconds
 *	in-datagrams	relayed from outside to the client
 *	in-octets	payload of these
 *	out-datagrams	relayed from the client to outside
 *	out-octets	payload of these
 *	drops		datagrams not relayed
 *	reason		why it ended
 *	drop-reasons	only with drops: reason:number, with commas between
 * session	a session has ended
 *	sid, user, client
 *	tried		only after a failed login: the name that was tried
 *	local		the address and port that the client reached
 *	listener	label of the listener
 *	method		none, userpass, or "" where none was completed
 *	duration	seconds
 *	requests	what the client asked for
 *	refused		how many of these were answered with an error
 *	in-octets	on the control connection to the client
 *	out-octets	on the control connection from the client
 *	reason		why it ended
 * blocked	a request was refused
 *	sid, user, client, command, dir, group or remote, name, rule, label
 *	code		the code of the reply, as 0x11
 * granted	a request was granted
 *	sid, user, client, command, dir, group or remote, name, local, via,
 *	mode, encap, rule, label
 *	ttl		of a group: largest TTL asked for, 0 without sending
 *
 * Above 20 associations of one session in a second, or 20 blocked or granted
 * in all, the rest of that second is summed into one line per rule with
 *	count		how many lines it stands for
 * and, of the keys above, rule, label, for an association sid, user, client
 * and the sums of its figures, for blocked code. Likewise above 20 sessions in
 * a second that never came to ask for anything, which any stranger can make:
 * one line per reason, with reason and count.
 */

#include <sys/types.h>
#include <event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "log.h"
#include "monitor.h"
#include "rule_print.h"
#include "socks.h"

struct line {
	char		 text[MSG_LOGLEN];
	size_t		 len;
};

/* What a meter has summed for one rule in one second. */
struct sum {
	TAILQ_ENTRY(sum) entry;
	uint32_t	 generation;
	uint32_t	 rule;
	uint8_t		 matched;
	uint8_t		 code;
	char		 label[RULE_NAMELEN];
	uint32_t	 count;
	struct counters	 counters;
};

static TAILQ_HEAD(, meter)	 busy = TAILQ_HEAD_INITIALIZER(busy);
static struct meter		 blocked;
static struct meter		 granted;
static struct meter		 strangers;	/* sessions that asked nothing */
static struct event		 timer;

static void
line_add(struct line *l, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += MINIMUM((size_t)n, sizeof(l->text) - l->len - 1);
}

static void
line_begin(struct line *l, const char *kind)
{
	l->len = 0;
	line_add(l, "%s", kind);
}

static int
value_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' &&
	    strchr("-_.:,@/+%[]", c) != NULL);
}

/* Never cut in the middle of an octal number; dst has room for two quotes. */
const char *
record_value(const char *src, char *dst, size_t size)
{
	const unsigned char	*s = (const unsigned char *)src;
	size_t			 i, o = 0;

	for (i = 0; value_plain(s[i]); i++)
		;
	if (s[i] == '\0' && i > 0 && i < size) {
		strlcpy(dst, src, size);
		return dst;
	}
	dst[o++] = '"';
	for (i = 0; s[i] != '\0' && o + 6 <= size; i++)
		if (s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\')
			o += snprintf(dst + o, size - o, "\\%03o", s[i]);
		else
			dst[o++] = s[i];
	dst[o++] = '"';
	dst[o] = '\0';
	return dst;
}

static void
line_value(struct line *l, const char *key, const char *value)
{
	char	 buf[SOCKS_NAME_MAX + 64];	/* a line has more to tell */

	line_add(l, " %s=%s", key, record_value(value, buf, sizeof(buf)));
}

static void
line_endpoint(struct line *l, const char *key, const struct endpoint *ep)
{
	char	 buf[ENDPOINT_STRLEN];

	line_add(l, " %s=%s", key, endpoint_print(ep, buf, sizeof(buf)));
}

static void
line_who(struct line *l, const struct identity *who)
{
	const char	*user = identity_user(who);

	line_add(l, " sid=%llu", (unsigned long long)who->sid);
	line_value(l, "user", user == NULL ? "" : user);
	line_endpoint(l, "client", &who->peer);
}

static void
line_dir(struct line *l, uint16_t flags)
{
	static const char *const names[] = { "none", "receive", "send",
	    "receive,send" };

	line_add(l, " dir=%s", names[flags & SOCKS_F_DIRECTIONS]);
}

static void
line_rule(struct line *l, int matched, uint32_t rule, const char *label)
{
	if (matched)
		line_add(l, " rule=%u", rule);
	else
		line_add(l, " rule=default");
	line_value(l, "label", label);
}

/* What the first of these directions rests on, receiving before sending. */
static const struct basis *
grant_first(const struct grant *g, uint16_t flags)
{
	return &g->basis[flags & SOCKS_F_RECEIVE ? DIR_RECEIVE : DIR_SEND];
}

static void
line_via(struct line *l, const struct grant *g, uint16_t flags)
{
	const struct basis	*b = grant_first(g, flags);
	const struct basis	*s = &g->basis[DIR_SEND];

	line_value(l, "via", b->via);
	if ((flags & SOCKS_F_SEND) && strcmp(b->via, s->via) != 0)
		line_add(l, ",%s", s->via);
}

static void
line_bases(struct line *l, const struct grant *g, uint16_t flags)
{
	const struct basis	*b = grant_first(g, flags);
	const struct basis	*s = &g->basis[DIR_SEND];

	line_add(l, " rule=%u", b->rule);
	if ((flags & SOCKS_F_SEND) && b->rule != s->rule)
		line_add(l, ",%u", s->rule);
	line_value(l, "label", b->label[0] == '\0' && (flags & SOCKS_F_SEND) ?
	    s->label : b->label);
}

/* What was asked for: a group, or with a command what it goes to. */
static void
line_what(struct line *l, uint8_t command, uint16_t flags,
    const struct endpoint *remote, const char *name)
{
	if (command != 0)
		line_add(l, " command=%s", rule_commands(command));
	if (command != CMD_CONNECT)
		line_dir(l, flags);
	line_endpoint(l, command != 0 ? "remote" : "group", remote);
	if (name != NULL && name[0] != '\0')
		line_value(l, "name", name);
}

static void
line_grant(struct line *l, const struct grant *g, uint16_t flags)
{
	const char	*encap = g->flags & SOCKS_F_TCP ? "tcp" : "udp";

	line_who(l, g->who);
	line_what(l, g->command, flags, &g->remote, g->name);
	if (g->command != CMD_CONNECT)
		line_endpoint(l, "local", &g->local);
	line_via(l, g, flags);
	if (g->command == 0)
		line_add(l, " mode=%s", g->flags & SOCKS_F_MM ? "mm" : "mu");
	if (g->command != CMD_CONNECT)
		line_add(l, " encap=%s", encap);
	line_bases(l, g, flags);
}

static void
line_duration(struct line *l, long long since)
{
	long long	 ms = clock_ms() - since;

	line_add(l, " duration=%lld.%03lld", ms / 1000, ms % 1000);
}

static uint64_t
counters_drops(const struct counters *c)
{
	uint64_t	 n = 0;
	int		 i;

	for (i = 0; i < DROP_MAX; i++)
		n += c->drops[i];
	return n;
}

static void
line_counters(struct line *l, const struct counters *c)
{
	line_add(l, " in-datagrams=%llu in-octets=%llu out-datagrams=%llu"
	    " out-octets=%llu drops=%llu",
	    (unsigned long long)c->in_dgrams, (unsigned long long)c->in_octets,
	    (unsigned long long)c->out_dgrams,
	    (unsigned long long)c->out_octets,
	    (unsigned long long)counters_drops(c));
}

static void
line_drops(struct line *l, const struct counters *c)
{
	const char	*sep = " drop-reasons=";
	int		 i;

	for (i = 0; i < DROP_MAX; i++) {
		if (c->drops[i] == 0)
			continue;
		line_add(l, "%s%s:%llu", sep, drop_name(i),
		    (unsigned long long)c->drops[i]);
		sep = ",";
	}
}

void
meter_init(struct meter *m, const char *kind, uint64_t sid)
{
	memset(m, 0, sizeof(*m));
	TAILQ_INIT(&m->sums);
	m->kind = kind;
	m->sid = sid;
}

/* Sessions of strangers have no rule, and a reason for code. */
static void
sum_write_strangers(const struct sum *s)
{
	struct line		 l;

	line_begin(&l, strangers.kind);
	line_add(&l, " reason=%s count=%u", end_name(s->code), s->count);
	log_info("%s", l.text);
}

/* The line of one sum; only an association's has somebody it belongs to. */
static void
sum_write(const struct meter *m, const struct sum *s)
{
	const struct identity	*who = identity_find(m->sid);
	struct line		 l;

	if (m == &strangers) {
		sum_write_strangers(s);
		return;
	}
	line_begin(&l, m->kind);
	if (who != NULL)
		line_who(&l, who);
	line_rule(&l, s->matched, s->rule, s->label);
	if (m == &blocked)
		line_add(&l, " code=%#04x", s->code);
	else if (m != &granted)
		line_counters(&l, &s->counters);
	line_add(&l, " count=%u", s->count);
	if (m != &blocked && m != &granted)
		line_drops(&l, &s->counters);
	log_info("%s", l.text);
}

void
meter_close(struct meter *m)
{
	struct sum	*s;

	if (TAILQ_EMPTY(&m->sums))
		return;
	while ((s = TAILQ_FIRST(&m->sums)) != NULL) {
		sum_write(m, s);
		TAILQ_REMOVE(&m->sums, s, entry);
		free(s);
	}
	TAILQ_REMOVE(&busy, m, entry);
}

/* May this line be written by itself? Else it is to be summed. */
static int
meter_ok(struct meter *m)
{
	long long	 second = clock_ms() / 1000;

	if (second != m->second) {
		meter_close(m);
		m->second = second;
		m->n = 0;
	}
	if (m->n == RECORD_BURST)
		return 0;
	m->n++;
	return 1;
}

static void
timer_set(void)
{
	struct timeval	 tv = { 1, 0 };

	if (!evtimer_pending(&timer, NULL))
		evtimer_add(&timer, &tv);
}

/* The sum for a rule, made if need be; NULL without memory. */
static struct sum *
meter_sum(struct meter *m, const struct basis *b, uint8_t code)
{
	struct sum	*s;

	TAILQ_FOREACH(s, &m->sums, entry)
		if (s->rule == b->rule && s->matched == b->matched &&
		    s->generation == b->generation && s->code == code)
			return s;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->generation = b->generation;
	s->rule = b->rule;
	s->matched = b->matched;
	s->code = code;
	strlcpy(s->label, b->label, sizeof(s->label));
	if (TAILQ_EMPTY(&m->sums))
		TAILQ_INSERT_TAIL(&busy, m, entry);
	TAILQ_INSERT_TAIL(&m->sums, s, entry);
	timer_set();
	return s;
}

static void
counters_add(struct counters *a, const struct counters *b)
{
	int	 i;

	a->in_dgrams += b->in_dgrams;
	a->in_octets += b->in_octets;
	a->out_dgrams += b->out_dgrams;
	a->out_octets += b->out_octets;
	for (i = 0; i < DROP_MAX; i++)
		a->drops[i] += b->drops[i];
}

/* 1: it is counted in a sum; 0: it is to have its own line. */
static int
meter_summed(struct meter *m, const struct basis *b, uint8_t code,
    const struct counters *c)
{
	struct sum	*s;

	if (meter_ok(m) || (s = meter_sum(m, b, code)) == NULL)
		return 0;
	s->count++;
	if (c != NULL)
		counters_add(&s->counters, c);
	return 1;
}

static void
record_tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	record_flush();
}

void
record_init(void)
{
	meter_init(&blocked, "blocked", 0);
	meter_init(&granted, "granted", 0);
	meter_init(&strangers, "session", 0);
	evtimer_set(&timer, record_tick, NULL);
}

/* The sums of the seconds that are over, or all that there are. */
void
record_flush(void)
{
	struct meter	*m;

	while ((m = TAILQ_FIRST(&busy)) != NULL)
		meter_close(m);
}

static int
record_wanted(uint8_t level)
{
	uint8_t	 log = policy.conf->rs.settings.log;

	return log == level || log == LOG_ALL;
}

void
record_association(const struct grant *g, enum end_reason reason)
{
	struct line	 l;

	monitor_association_end(g, reason);
	if (!record_wanted(LOG_SESSIONS) || meter_summed(&g->who->meter,
	    grant_first(g, g->ever), 0, grant_counters(g)))
		return;
	line_begin(&l, "association");
	line_grant(&l, g, g->ever);
	line_duration(&l, g->since);
	line_counters(&l, grant_counters(g));
	line_add(&l, " reason=%s", end_name(reason));
	line_drops(&l, grant_counters(g));
	log_info("%s", l.text);
}

static const char *
method_name(const struct identity *who)
{
	if (who->state == ID_NONE && !who->asked)
		return "";
	return who->method == SOCKS_METHOD_NONE ? "none" : "userpass";
}

void
record_session(const struct identity *who, const struct msg_end *end)
{
	static const struct basis	 no_rule;
	struct line			 l;

	monitor_session_end(who, end);
	if (!record_wanted(LOG_SESSIONS) || (!who->asked &&
	    meter_summed(&strangers, &no_rule, end->reason, NULL)))
		return;
	line_begin(&l, "session");
	line_who(&l, who);
	if (who->state == ID_FAILED)
		line_value(&l, "tried", who->user);
	line_endpoint(&l, "local", &who->local);
	line_value(&l, "listener", who->label);
	line_value(&l, "method", method_name(who));
	line_duration(&l, who->since);
	line_add(&l, " requests=%u refused=%u in-octets=%llu out-octets=%llu"
	    " reason=%s", end->requests, end->refused,
	    (unsigned long long)end->out_octets,
	    (unsigned long long)end->in_octets, end_name(end->reason));
	log_info("%s", l.text);
}

void
record_granted(const struct grant *g, uint16_t flags, int rule_log)
{
	struct line	 l;

	monitor_granted(g, flags);
	if (!(rule_log || record_wanted(LOG_ALL)) ||
	    meter_summed(&granted, grant_first(g, flags), 0, NULL))
		return;
	line_begin(&l, "granted");
	line_grant(&l, g, flags);
	if (g->command == 0)
		line_add(&l, " ttl=%u", flags & SOCKS_F_SEND ? g->ttl : 0);
	log_info("%s", l.text);
}

void
record_blocked(const struct identity *who, uint8_t command,
    const struct endpoint *remote, const char *name, uint16_t flags,
    uint8_t code, const struct verdict *v)
{
	struct basis	 b;
	struct line	 l;

	monitor_refused(who, command, remote, name, flags, code, v);
	if (!(v->log || record_wanted(LOG_BLOCKED)))
		return;
	memset(&b, 0, sizeof(b));
	b.generation = policy.conf->rs.generation;
	b.rule = v->rule;
	b.matched = v->matched;
	strlcpy(b.label, v->label, sizeof(b.label));
	if (meter_summed(&blocked, &b, code, NULL))
		return;
	line_begin(&l, "blocked");
	line_who(&l, who);
	line_what(&l, command, flags, remote, name);
	line_rule(&l, v->matched, v->rule, v->label);
	line_add(&l, " code=%#04x", code);
	log_info("%s", l.text);
}
