/*
 * lookup.c: questions that wait for a name to be resolved; runs in policy.
 *
 * A question is copied, for its message lives no longer than its handler. Who
 * ends meanwhile is forgotten, and what the resolver says then is nobody's.
 */

#include <sys/types.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "socks.h"

#define LOOKUPS			1024	/* in all: half of REQUEST_MAX */
#define LOOKUPS_PER_SESSION	16

struct lookup {
	RB_ENTRY(lookup)	 entry;		/* by token */
	TAILQ_ENTRY(lookup)	 age;		/* oldest first */
	LIST_ENTRY(lookup)	 of_session;
	uint64_t		 token;
	long long		 until;		/* ms */
	struct identity		*who;
	struct msg_ask		 ask;
};
RB_HEAD(lookups, lookup);
RB_PROTOTYPE(lookups, lookup, entry, lookup_cmp)

static struct lookups		 lookups = RB_INITIALIZER(&lookups);
static TAILQ_HEAD(, lookup)	 ages = TAILQ_HEAD_INITIALIZER(ages);
static uint32_t			 nlookups;
static uint64_t			 last_token;	/* never used again */
static struct event		 timer;

static int
lookup_cmp(const struct lookup *a, const struct lookup *b)
{
	return a->token < b->token ? -1 : a->token > b->token;
}

RB_GENERATE(lookups, lookup, entry, lookup_cmp)

static void
lookup_free(struct lookup *l)
{
	RB_REMOVE(lookups, &lookups, l);
	TAILQ_REMOVE(&ages, l, age);
	LIST_REMOVE(l, of_session);
	l->who->nlookups--;
	nlookups--;
	free(l);
}

/* P6, P23: a name that does not resolve is X'04'. */
static void
lookup_answer(struct lookup *l, const struct addr *addr, uint8_t n)
{
	struct identity	*who = l->who;
	struct msg_ask	 ask = l->ask;

	lookup_free(l);
	if (n == 0)
		question_deny(&ask, SOCKS_HOSTUNREACH, 0);
	else if (ask.op == ASK_CONNECT)
		connect_resolved(&ask, who, addr, n);
	else
		question_resolved(&ask, who, addr, n);
}

static void
lookup_timer(void)
{
	struct lookup	*l = TAILQ_FIRST(&ages);
	struct timeval	 tv;
	long long	 ms;

	if (l == NULL) {
		if (evtimer_initialized(&timer))
			evtimer_del(&timer);
		return;
	}
	if ((ms = l->until - clock_ms()) < 0)
		ms = 0;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000 + 999;
	evtimer_add(&timer, &tv);
}

static void
lookup_late(int fd, short what, void *arg)
{
	long long	 now = clock_ms();
	struct lookup	*l;

	(void)fd;
	(void)what;
	(void)arg;
	while ((l = TAILQ_FIRST(&ages)) != NULL && l->until <= now)
		lookup_answer(l, NULL, 0);
	lookup_timer();
}

/*
 * Half of the time for connecting at most, so that the other half is left for
 * that. After a reload that made it shorter, those before have theirs still.
 */
static long long
lookup_until(void)
{
	const struct settings	*set = &policy.conf->rs.settings;

	return clock_ms() + set->timeout[TIMEOUT_CONNECT] * 1000LL / 2;
}

static struct lookup *
lookup_new(const struct msg_ask *m, struct identity *who)
{
	struct lookup	*l;

	if (nlookups == LOOKUPS || who->nlookups == LOOKUPS_PER_SESSION ||
	    (l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->token = ++last_token;
	l->who = who;
	l->ask = *m;
	l->until = lookup_until();
	RB_INSERT(lookups, &lookups, l);
	TAILQ_INSERT_TAIL(&ages, l, age);
	LIST_INSERT_HEAD(&who->lookups, l, of_session);
	who->nlookups++;
	nlookups++;
	return l;
}

/* P4, which the engine has seen to already: never resolved, never logged. */
static int
name_valid(const char *name)
{
	size_t	 i;

	for (i = 0; name[i] != '\0'; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return 0;
	return i > 0 && i <= SOCKS_NAME_MAX;
}

void
lookup_ask(const struct msg_ask *m, struct identity *who)
{
	struct msg_resolve	 out;
	struct lookup		*l = NULL;

	if (name_valid(m->name))
		l = lookup_new(m, who);
	if (l == NULL) {
		question_deny(m, SOCKS_FAILURE, 0);
		return;
	}
	if (!evtimer_initialized(&timer))
		evtimer_set(&timer, lookup_late, NULL);
	if (TAILQ_FIRST(&ages) == l)
		lookup_timer();
	memset(&out, 0, sizeof(out));
	out.token = l->token;
	strlcpy(out.name, m->name, sizeof(out.name));
	(void)proc_send(PROC_RESOLVER, M_RESOLVE, &out, -1);
}

/* The engine waits for its answers, whoever has ended (msg_session.h). */
void
lookup_forget(struct identity *who)
{
	struct lookup	*l;

	if (LIST_EMPTY(&who->lookups))
		return;
	while ((l = LIST_FIRST(&who->lookups)) != NULL) {
		question_deny(&l->ask, SOCKS_HOSTUNREACH, 0);
		lookup_free(l);
	}
	lookup_timer();
}

void
lookup_on_resolved(enum proc_role from, const void *data, int fd)
{
	struct msg_resolved	 m = *(const struct msg_resolved *)data;
	struct lookup		*l, key;
	uint8_t			 i;

	(void)fd;
	if (m.n > RESOLVE_ADDRS || m.token == 0 || m.token > last_token)
		fatalx("policy: %s: RESOLVED without a question",
		    proc_name(from));
	for (i = 0; i < m.n; i++) {
		if (m.addr[i].af != ADDR_V4 && m.addr[i].af != ADDR_V6)
			fatalx("policy: %s: address of family %u",
			    proc_name(from), m.addr[i].af);
		m.addr[i].scope = 0;	/* a name has none (P4) */
		addr_unmap(&m.addr[i]);
	}
	key.token = m.token;
	if ((l = RB_FIND(lookups, &lookups, &key)) == NULL)
		return;			/* too late, or ended meanwhile */
	lookup_answer(l, m.addr, m.n);
	lookup_timer();
}
