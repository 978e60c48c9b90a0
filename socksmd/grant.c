/*
 * grant.c: every grant from the moment it is sent, and the sockets that
 * grants share; runs in policy.
 */

#include <sys/types.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "pool.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "socks.h"

RB_HEAD(grants, grant);
RB_HEAD(grant_receivers, grant);
RB_HEAD(sockrefs, sockref);
RB_PROTOTYPE(grants, grant, entry, grant_cmp)
RB_PROTOTYPE(grant_receivers, grant, by_remote, receiver_cmp)
RB_PROTOTYPE(sockrefs, sockref, entry, sockref_cmp)

static struct grants	 grants = RB_INITIALIZER(&grants);
static struct grant_receivers	 receivers = RB_INITIALIZER(&receivers);
static struct sockrefs	 sockrefs = RB_INITIALIZER(&sockrefs);
static uint64_t		 last_id;	/* never used again */
static uint32_t		 nassociations;
static uint32_t		 ngroups;

static const uint16_t	 dir_flag[DIRS] = { SOCKS_F_RECEIVE, SOCKS_F_SEND };

static int
grant_cmp(const struct grant *a, const struct grant *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
port_cmp(uint16_t a, uint16_t b)
{
	return a < b ? -1 : a > b;
}

/* P48: (group, port, client address, client port), so that one host's meet. */
static int
receiver_cmp(const struct grant *a, const struct grant *b)
{
	int	 c;

	if ((c = addr_cmp(&a->remote.addr, &b->remote.addr)) != 0)
		return c;
	if ((c = addr_cmp(&a->stand_in.addr, &b->stand_in.addr)) != 0)
		return c;
	if ((c = port_cmp(a->remote.port, b->remote.port)) != 0)
		return c;
	return port_cmp(a->stand_in.port, b->stand_in.port);
}

static int
sockref_cmp(const struct sockref *a, const struct sockref *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

RB_GENERATE(grants, grant, entry, grant_cmp)
RB_GENERATE(grant_receivers, grant, by_remote, receiver_cmp)
RB_GENERATE(sockrefs, sockref, entry, sockref_cmp)

struct grant *
grant_new(struct identity *who)
{
	struct grant	*g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	g->id = ++last_id;
	g->who = who;
	g->since = clock_ms();
	RB_INSERT(grants, &grants, g);
	LIST_INSERT_HEAD(&who->grants, g, of_session);
	return g;
}

/* Without memory a rule about domains will not pass it again: no harm. */
void
grant_set_name(struct grant *g, const char *name)
{
	if (name[0] != '\0')
		g->name = strdup(name);
}

struct grant *
grant_find(uint64_t id)
{
	struct grant	 key;

	key.id = id;
	return RB_FIND(grants, &grants, &key);
}

struct grant *
grant_next(uint64_t id)
{
	struct grant	 key;

	if (id == UINT64_MAX)
		return NULL;
	key.id = id + 1;
	return RB_NFIND(grants, &grants, &key);
}

int
grant_issued(uint64_t id)
{
	return id != 0 && id <= last_id;
}

uint32_t
grant_associations(void)
{
	return nassociations;
}

uint32_t
grant_groups(void)
{
	return ngroups;
}

/* One more holder of the socket; *reuse tells that there was one already. */
static struct sockref *
sockref_hold(const struct sock_key *key, int *reuse)
{
	struct sockref	*s, find;

	find.key = *key;
	s = RB_FIND(sockrefs, &sockrefs, &find);
	*reuse = s != NULL;
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			fatal("policy: socket");
		s->key = *key;
		RB_INSERT(sockrefs, &sockrefs, s);
		ngroups += key->kind == SOCK_GROUP;
	}
	s->refs++;
	return s;
}

static void
sockref_drop(struct sockref *s)
{
	if (--s->refs > 0)
		return;
	ngroups -= s->key.kind == SOCK_GROUP;
	RB_REMOVE(sockrefs, &sockrefs, s);
	free(s);
}

const struct sockref *
sockref_find(const struct sock_key *key)
{
	struct sockref	 find;

	find.key = *key;
	return RB_FIND(sockrefs, &sockrefs, &find);
}

const struct sockref *
sockref_next_group(const struct sock_key *key)
{
	struct sockref	*s, find;

	memset(&find, 0, sizeof(find));
	if (key != NULL)
		find.key = *key;
	else
		find.key.kind = SOCK_GROUP;
	s = RB_NFIND(sockrefs, &sockrefs, &find);
	if (s != NULL && key != NULL &&
	    memcmp(&s->key, key, sizeof(*key)) == 0)
		s = RB_NEXT(sockrefs, &sockrefs, s);
	return s != NULL && s->key.kind == SOCK_GROUP ? s : NULL;
}

int
receiver_taken(const struct endpoint *remote, const struct endpoint *local)
{
	struct grant	 key;

	key.remote = *remote;
	key.stand_in = *local;
	return RB_FIND(grant_receivers, &receivers, &key) != NULL;
}

uint32_t
receiver_count(const struct addr *group, const struct addr *local)
{
	struct grant	*g, key;
	uint32_t	 n = 0;

	memset(&key.remote, 0, sizeof(key.remote));
	memset(&key.stand_in, 0, sizeof(key.stand_in));
	key.remote.addr = *group;
	key.stand_in.addr = *local;
	for (g = RB_NFIND(grant_receivers, &receivers, &key); g != NULL &&
	    addr_eq(&g->remote.addr, group) &&
	    addr_eq(&g->stand_in.addr, local);
	    g = RB_NEXT(grant_receivers, &receivers, g))
		n++;
	return n;
}

int
grant_hold_relay(struct grant *g, const struct sock_key *key)
{
	int	 reuse;

	g->relay = sockref_hold(key, &reuse);
	g->who->relay = g;
	return reuse;
}

int
grant_hold(struct grant *g, int dir, const struct sock_key *key)
{
	int	 reuse;

	if ((g->flags & SOCKS_F_DIRECTIONS) == 0) {
		g->who->nassoc++;
		nassociations++;
	}
	g->basis[dir].sock = sockref_hold(key, &reuse);
	g->flags |= dir_flag[dir];
	g->ever |= dir_flag[dir];
	if (key->kind == SOCK_EGRESS && !g->is_pooled)
		pool_add(g);
	if (key->kind == SOCK_GROUP) {
		g->is_receiver = 1;
		RB_INSERT(grant_receivers, &receivers, g);
	}
	return reuse;
}

void
grant_hold_own(struct grant *g, uint16_t flags)
{
	if ((g->flags & SOCKS_F_DIRECTIONS) == 0) {
		g->who->nassoc++;
		nassociations++;
	}
	g->flags |= flags;
	g->ever |= flags;
}

static void
grant_drop(struct grant *g, int dir)
{
	if ((g->flags & dir_flag[dir]) == 0)
		return;
	g->flags &= ~dir_flag[dir];
	if ((g->flags & SOCKS_F_DIRECTIONS) == 0)
		pool_remove(g);
	if (g->basis[dir].sock != NULL)
		sockref_drop(g->basis[dir].sock);
	g->basis[dir].sock = NULL;
	if (dir == DIR_RECEIVE && g->is_receiver) {
		g->is_receiver = 0;
		RB_REMOVE(grant_receivers, &receivers, g);
	}
	if ((g->flags & SOCKS_F_DIRECTIONS) == 0) {
		g->who->nassoc--;
		nassociations--;
	}
}

const struct counters *
grant_counters(const struct grant *g)
{
	static const struct counters	 none;

	return g->counters != NULL ? g->counters : &none;
}

/* Most grants are told of once, at their end: so there is no room before. */
static void
grant_told(struct grant *g, const struct counters *c)
{
	if (g->counters == NULL &&
	    (g->counters = malloc(sizeof(*g->counters))) == NULL)
		fatal("policy: counters");
	*g->counters = *c;
}

/* What the association carried counts for the rules that let it. */
static void
grant_account(const struct grant *g, const struct counters *c)
{
	struct rule_node	*in, *out;
	const struct basis	*b = g->basis;

	in = policy_rule(b[DIR_RECEIVE].generation, b[DIR_RECEIVE].rule);
	out = policy_rule(b[DIR_SEND].generation, b[DIR_SEND].rule);
	if (in != NULL && (g->ever & SOCKS_F_RECEIVE)) {
		in->dgrams += c->in_dgrams;
		in->octets += c->in_octets;
	}
	if (out != NULL && (g->ever & SOCKS_F_SEND)) {
		out->dgrams += c->out_dgrams;
		out->octets += c->out_octets;
	}
}

/* The one destructor; an association leaves its record (P47). */
void
grant_close(struct grant *g, enum end_reason reason)
{
	if (g->ever != 0) {
		grant_account(g, grant_counters(g));
		record_association(g, reason);
	}
	grant_drop(g, DIR_RECEIVE);
	grant_drop(g, DIR_SEND);
	if (g->relay != NULL) {
		sockref_drop(g->relay);
		g->who->relay = NULL;
	}
	RB_REMOVE(grants, &grants, g);
	LIST_REMOVE(g, of_session);
	free(g->rest);
	free(g->name);
	free(g->counters);
	free(g);
}

/* The grant that the engine means; NULL: it went with its session. */
static struct grant *
grant_released(const struct msg_released *m)
{
	struct grant	*g = grant_find(m->grant);

	if (g == NULL && grant_issued(m->grant) &&
	    identity_find(m->sid) == NULL)
		return NULL;
	if (g == NULL || g->who->sid != m->sid)
		fatalx("policy: engine released grant %llu, which session %llu "
		    "does not have", (unsigned long long)m->grant,
		    (unsigned long long)m->sid);
	return g;
}

void
grant_on_released(enum proc_role from, const void *data, int fd)
{
	const struct msg_released	*m = data;
	struct grant			*g;
	int				 dir;

	(void)from;
	(void)fd;
	if (m->reason >= END_MAX)
		fatalx("policy: engine: release for reason %u", m->reason);
	if ((g = grant_released(m)) == NULL)
		return;
	if ((m->stands & ~(g->flags & SOCKS_F_DIRECTIONS)) != 0)
		fatalx("policy: engine: grant %llu stands for more than it "
		    "was given for", (unsigned long long)m->grant);
	grant_told(g, &m->counters);
	if (m->stands == 0) {
		grant_close(g, m->reason);
		return;
	}
	for (dir = 0; dir < DIRS; dir++)
		if ((m->stands & dir_flag[dir]) == 0)
			grant_drop(g, dir);
	if (m->stands & SOCKS_F_SEND)
		g->ttl = m->ttl;
}
