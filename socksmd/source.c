/*
 * source.c: judges the sources of a group where rules named deliver exist, by
 * one question to policy for each; it runs in the engine.
 *
 * A verdict is kept with the generation of rules it came from. After a reload
 * the old one holds until the new one has come, so that no stream stutters.
 * Only sources never judged have to wait, as copies and within bounds.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "group.h"
#include "proc.h"
#include "relay_io.h"
#include "source.h"

enum verdict_state { VERDICT_NONE, VERDICT_PASS, VERDICT_BLOCK };

struct waiting {
	STAILQ_ENTRY(waiting)	 entry;
	size_t			 len;
	uint8_t			 data[];
};
STAILQ_HEAD(waiting_list, waiting);

struct source {
	TAILQ_ENTRY(source)	 recent;
	LIST_ENTRY(source)	 bucket;
	struct endpoint		 ep;
	uint32_t		 generation;	/* of the verdict */
	uint8_t			 verdict;	/* enum verdict_state */
	uint8_t			 asked;		/* a question is in flight */
	uint8_t			 nwaiting;
	size_t			 octets;	/* of them */
	struct waiting_list	 waiting;
};

static size_t	 waiting_octets;	/* in all groups */

void
sources_init(struct sources *ss)
{
	int		 i;

	memset(ss, 0, sizeof(*ss));
	TAILQ_INIT(&ss->recent);
	for (i = 0; i < SOURCE_BUCKETS; i++)
		LIST_INIT(&ss->bucket[i]);
}

static struct source_bucket *
source_bucket(struct sources *ss, const struct endpoint *ep)
{
	uint32_t	 h = ep->port, i, word;

	for (i = 0; i < sizeof(ep->addr.b); i += sizeof(word)) {
		memcpy(&word, ep->addr.b + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b1;
	}
	return &ss->bucket[(h >> 16) % SOURCE_BUCKETS];
}

static struct source *
source_find(struct sources *ss, const struct endpoint *ep)
{
	struct source	*s = TAILQ_FIRST(&ss->recent);

	if (s != NULL && endpoint_eq(&s->ep, ep))
		return s;
	LIST_FOREACH(s, source_bucket(ss, ep), bucket)
		if (endpoint_eq(&s->ep, ep))
			return s;
	return NULL;
}

static void
source_recent(struct sources *ss, struct source *s)
{
	if (s == TAILQ_FIRST(&ss->recent))
		return;
	TAILQ_REMOVE(&ss->recent, s, recent);
	TAILQ_INSERT_HEAD(&ss->recent, s, recent);
}

static void
waiting_free(struct source *s)
{
	struct waiting	*w;

	while ((w = STAILQ_FIRST(&s->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->waiting, entry);
		waiting_octets -= w->len;
		free(w);
	}
	s->octets = s->nwaiting = 0;
}

static void
source_free(struct group *g, struct source *s)
{
	group_drop(g, DROP_PENDING, s->nwaiting);
	waiting_free(s);
	g->sources.asked -= s->asked;
	g->sources.n--;
	TAILQ_REMOVE(&g->sources.recent, s, recent);
	LIST_REMOVE(s, bucket);
	free(s);
}

void
sources_free(struct group *g)
{
	struct source	*s;

	while ((s = TAILQ_FIRST(&g->sources.recent)) != NULL)
		source_free(g, s);
}

/* Makes room; one whose answer is awaited stays: there are fewer of them. */
static void
source_evict(struct group *g)
{
	struct source	*s;

	TAILQ_FOREACH_REVERSE(s, &g->sources.recent, source_list, recent)
		if (!s->asked)
			break;
	if (s != NULL)
		source_free(g, s);
}

static struct source *
source_new(struct group *g, const struct endpoint *ep)
{
	struct source	*s;

	if (g->sources.n >= SOURCES_MAX)
		source_evict(g);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->ep = *ep;
	STAILQ_INIT(&s->waiting);
	TAILQ_INSERT_HEAD(&g->sources.recent, s, recent);
	LIST_INSERT_HEAD(source_bucket(&g->sources, ep), s, bucket);
	g->sources.n++;
	return s;
}

/*
 * Strangers who make up sources must neither flood policy nor push out the
 * sources that were judged.
 */
static int
source_may_ask(struct sources *ss, long long now)
{
	if (now - ss->second >= 1000) {
		ss->second = now;
		ss->in_second = 0;
	}
	return ss->asked < SOURCES_ASKED && ss->in_second < SOURCES_RATE;
}

static void
source_ask(struct group *g, struct source *s)
{
	struct msg_source	 m;

	memset(&m, 0, sizeof(m));
	m.generation = engine.generation;
	m.ifindex = g->sock->key.ifindex;
	m.group = group_endpoint(g);
	m.source = s->ep;
	s->asked = 1;
	g->sources.asked++;
	g->sources.in_second++;
	proc_send(PROC_POLICY, M_SOURCE, &m, -1);
}

/* A copy, until the answer comes. */
static void
source_wait(struct group *g, struct source *s, const struct dgram *d)
{
	struct waiting	*w = NULL;

	if (s->nwaiting < SOURCE_WAITING &&
	    s->octets + d->len <= SOURCE_OCTETS &&
	    waiting_octets + d->len <= SOURCE_BUDGET)
		w = malloc(sizeof(*w) + d->len);
	if (w == NULL) {
		group_drop(g, DROP_PENDING, 1);
		return;
	}
	w->len = d->len;
	memcpy(w->data, d->data, d->len);
	waiting_octets += d->len;
	s->octets += d->len;
	STAILQ_INSERT_TAIL(&s->waiting, w, entry);
	s->nwaiting++;
}

/*
 * Where policy said that no rule judges this group's sources, that holds for
 * the rules of then; after a reload there may be one.
 */
static int
source_filtered(const struct group *g)
{
	return g->filter || g->generation != engine.generation;
}

/* A source of a group that is not filtered: kept to be counted. */
static void
source_seen(struct group *g, const struct endpoint *ep)
{
	struct source	*s = source_find(&g->sources, ep);

	if (s == NULL && (s = source_new(g, ep)) == NULL)
		return;
	source_recent(&g->sources, s);
	s->verdict = VERDICT_PASS;
	s->generation = engine.generation;
}

static struct source *
source_to_judge(struct group *g, const struct endpoint *ep, long long now)
{
	struct source	*s = source_find(&g->sources, ep);

	if (s == NULL && source_may_ask(&g->sources, now))
		s = source_new(g, ep);
	if (s == NULL)
		return NULL;
	source_recent(&g->sources, s);
	if (!s->asked && (s->verdict == VERDICT_NONE ||
	    s->generation != engine.generation) &&
	    source_may_ask(&g->sources, now))
		source_ask(g, s);
	return s;
}

int
source_judge(struct group *g, const struct dgram *d, long long now)
{
	struct source	*s;

	if (!source_filtered(g)) {
		source_seen(g, &d->src);
		return 1;
	}
	s = source_to_judge(g, &d->src, now);
	if (s != NULL && s->verdict == VERDICT_PASS)
		return 1;
	if (s != NULL && s->verdict == VERDICT_BLOCK)
		group_drop(g, DROP_BLOCKED, 1);
	else if (s != NULL && s->asked)
		source_wait(g, s, d);
	else
		group_drop(g, DROP_PENDING, 1);
	return 0;
}

static void
source_deliver(struct group *g, struct source *s)
{
	struct iovec	 payload[SOURCE_WAITING];
	struct waiting	*w;
	int		 n = 0;

	STAILQ_FOREACH(w, &s->waiting, entry) {
		payload[n].iov_base = w->data;
		payload[n].iov_len = w->len;
		g->counters.in_octets += w->len;
		n++;
	}
	g->counters.in_dgrams += n;
	relay_deliver(g, payload, n, NULL);
}

/*
 * If policy judged by older rules than ours, the verdict holds until the next
 * datagram asks again.
 */
void
source_answer(struct group *g, const struct endpoint *ep, int pass,
    uint32_t generation)
{
	struct source	*s = source_find(&g->sources, ep);

	if (s == NULL || !s->asked)
		return;
	s->asked = 0;
	g->sources.asked--;
	s->verdict = pass ? VERDICT_PASS : VERDICT_BLOCK;
	s->generation = generation;
	if (pass && s->nwaiting > 0)
		source_deliver(g, s);
	else
		group_drop(g, DROP_BLOCKED, s->nwaiting);
	waiting_free(s);
}
