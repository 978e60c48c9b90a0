/*
 * group.c: who receives from a group on a port and interface, which together
 * are one relay (P41), with its accounts; it runs in the engine.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echo.h"
#include "engine.h"
#include "group.h"
#include "handlers.h"
#include "source.h"

#define BUCKETS		1024

LIST_HEAD(group_bucket, group);

/* Associations that send to a group; its receivers may be none. */
struct senders {
	LIST_ENTRY(senders) entry;
	struct endpoint	 group;
	uint32_t	 ifindex;
	uint32_t	 n;
};
LIST_HEAD(senders_bucket, senders);

/* Empty lists are all zero. */
static struct group_bucket	 groups[BUCKETS];
static struct senders_bucket	 senders[BUCKETS];
static uint32_t			 ngroups;

/* Keys are policy's; nobody can aim at one bucket but the operator. */
static uint32_t
group_bucket(const struct endpoint *ep, uint32_t ifindex)
{
	uint32_t	 h = ifindex * 0x85ebca6b + ep->port, i, word;

	for (i = 0; i < sizeof(ep->addr.b); i += sizeof(word)) {
		memcpy(&word, ep->addr.b + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b1;
		h ^= h >> 15;
	}
	return h % BUCKETS;
}

/* The interface says what a scope would. */
static int
group_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->addr.af == b->addr.af &&
	    memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b)) == 0;
}

struct endpoint
group_endpoint(const struct group *g)
{
	struct endpoint	 ep;

	memset(&ep, 0, sizeof(ep));
	ep.addr = g->sock->key.addr;
	ep.port = g->sock->key.port;
	return ep;
}

static struct group *
group_search(struct group *g, const struct endpoint *ep, uint32_t ifindex)
{
	struct endpoint	 mine;

	for (; g != NULL; g = LIST_NEXT(g, entry)) {
		mine = group_endpoint(g);
		if (g->sock->key.ifindex == ifindex && group_same(&mine, ep))
			return g;
	}
	return NULL;
}

struct group *
group_first(const struct endpoint *ep, uint32_t ifindex)
{
	return group_search(LIST_FIRST(&groups[group_bucket(ep, ifindex)]),
	    ep, ifindex);
}

struct group *
group_next(const struct group *g)
{
	struct endpoint	 ep = group_endpoint(g);

	return group_search(LIST_NEXT(g, entry), &ep, g->sock->key.ifindex);
}

struct group *
group_new(struct sock *s)
{
	struct group	*g;
	struct endpoint	 ep;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	g->sock = s;
	g->generation = engine.generation;
	sources_init(&g->sources);
	ep = group_endpoint(g);
	LIST_INSERT_HEAD(&groups[group_bucket(&ep, s->key.ifindex)], g,
	    entry);
	engine.stat[STAT_GROUPS] = ++ngroups;
	return g;
}

/* Only sock.c calls this, for a socket that no association uses. */
void
group_free(struct group *g)
{
	if (g == NULL)
		return;
	sources_free(g);
	echo_free(g->echo);
	LIST_REMOVE(g, entry);
	engine.stat[STAT_GROUPS] = --ngroups;
	free(g->receivers);
	free(g);
}

int
group_join(struct group *g, struct assoc *a)
{
	struct assoc	**more;
	uint32_t	  size = g->size == 0 ? 4 : g->size * 2;

	if (g->n == g->size) {
		more = reallocarray(g->receivers, size, sizeof(*more));
		if (more == NULL)
			return -1;
		g->receivers = more;
		g->size = size;
	}
	a->slot = g->n;
	g->receivers[g->n++] = a;
	return 0;
}

/* The last receiver takes the place; does nothing for one not in it. */
void
group_leave(struct group *g, struct assoc *a)
{
	if (a->slot >= g->n || g->receivers[a->slot] != a)
		return;
	g->receivers[a->slot] = g->receivers[--g->n];
	g->receivers[a->slot]->slot = a->slot;
	a->slot = 0;
}

static int
receivers_hold(const struct group *g, const struct endpoint *local,
    const struct assoc *but)
{
	uint32_t	 i;

	for (i = 0; i < g->n; i++)
		if (g->receivers[i] != but &&
		    endpoint_eq(&g->receivers[i]->local, local))
			return 1;
	return 0;
}

int
group_port_held(const struct group *g, const struct endpoint *local,
    const struct assoc *but)
{
	struct endpoint	 ep = group_endpoint(g);
	struct group	*o;

	for (o = group_first(&ep, g->sock->key.ifindex); o != NULL;
	    o = group_next(o))
		if (receivers_hold(o, local, but))
			return 1;
	return 0;
}

void
group_filter(struct group *g, int on)
{
	g->filter = on != 0;
	g->generation = engine.generation;
}

void
group_drop(struct group *g, enum drop why, uint32_t n)
{
	g->counters.drops[why] += n;
	engine.lost.drops[why] += n;
}

/* Policy's answer; the group may be gone, or be another of the same key. */
void
group_on_sourced(enum proc_role from, const void *data, int fd)
{
	const struct msg_source	*m = data;
	struct group		*g;

	(void)from;
	if (fd != -1)
		(void)close(fd);	/* none is expected */
	for (g = group_first(&m->group, m->ifindex); g != NULL;
	    g = group_next(g))
		source_answer(g, &m->source, m->pass, m->generation);
}

static struct senders *
senders_find(const struct endpoint *ep, uint32_t ifindex)
{
	struct senders	*s;

	LIST_FOREACH(s, &senders[group_bucket(ep, ifindex)], entry)
		if (s->ifindex == ifindex && group_same(&s->group, ep))
			return s;
	return NULL;
}

static struct senders *
senders_new(const struct endpoint *ep, uint32_t ifindex)
{
	struct senders	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->group = *ep;
	s->ifindex = ifindex;
	LIST_INSERT_HEAD(&senders[group_bucket(ep, ifindex)], s, entry);
	return s;
}

/* Without memory a sender is not shown, and works. */
void
group_sender(const struct assoc *a, int on)
{
	uint32_t	 ifindex = a->send->key.ifindex;
	struct senders	*s = senders_find(&a->remote, ifindex);

	if (s == NULL && on)
		s = senders_new(&a->remote, ifindex);
	if (s == NULL)
		return;
	s->n += on ? 1 : -1;
	if (s->n == 0) {
		LIST_REMOVE(s, entry);
		free(s);
	}
}

static uint32_t
group_senders(const struct sock_key *key)
{
	struct endpoint	 ep;
	struct senders	*s;

	memset(&ep, 0, sizeof(ep));
	ep.addr = key->addr;
	ep.port = key->port;
	s = senders_find(&ep, key->ifindex);
	return s == NULL ? 0 : s->n;
}

void
group_count(const struct sock_key *key, struct msg_counters *m)
{
	struct sock	*s;

	if (key->kind != SOCK_GROUP)
		return;
	m->senders = group_senders(key);
	if ((s = sock_find(key)) == NULL) {
		m->found = m->senders > 0;
		return;
	}
	sock_kernel_drops(s);
	m->found = 1;
	m->receivers = s->group->n;
	m->sources = s->group->sources.n;
	m->counters = s->group->counters;
}

uint32_t
group_number(void)
{
	return ngroups;
}
