/*
 * connect.c: questions for CONNECT: each address is judged, and those that
 * pass are granted one after the other (P6); runs in policy.
 */

#include <sys/types.h>
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "socks.h"

/* An address on its way to a verdict. */
struct choice {
	struct endpoint		 remote;
	struct verdict		 v;
	uint32_t		 ifindex;
	uint8_t			 code;
};

static void
connect_eval(const struct identity *who, const char *name,
    const struct endpoint *remote, struct verdict *v)
{
	struct question	 q;

	memset(&q, 0, sizeof(q));
	q.command = CMD_CONNECT;
	q.from = who->peer.addr;
	q.fport = who->peer.port;
	q.to = *remote;
	q.method = who->method;
	q.user = identity_user(who);
	q.listener = who->label;
	q.domain = name;
	rule_eval(&policy.conf->rs, &q, v);
}

/*
 * The code of the reply. 0.0.0.0 is protected like the rest of its block, so
 * that only a rule which names it comes by here; connect(2) would take it for
 * this host.
 */
static uint8_t
choice_judge(struct choice *c, const struct identity *who, const char *name)
{
	connect_eval(who, name, &c->remote, &c->v);
	if (!c->v.pass || addr_is_any(&c->remote.addr) ||
	    addr_is_multicast(&c->remote.addr))
		return c->code = SOCKS_REFUSED;
	if (c->remote.port == 0)
		return c->code = SOCKS_CONNREFUSED;	/* nobody listens */
	if (policy_unicast(c->v.via, &c->remote.addr, &c->ifindex) == -1)
		return c->code = SOCKS_NETUNREACH;
	return c->code = SOCKS_OK;
}

static int
connect_limit(const struct identity *who)
{
	const uint32_t	*limit = policy.conf->rs.settings.limit;

	return grant_associations() >= limit[LIMIT_ASSOCIATIONS] ||
	    who->nassoc >= limit[LIMIT_ASSOCIATIONS_PER_SESSION];
}

/* What the stream rests on, from now on: this address and its rule. */
static void
connect_basis(struct grant *g, const struct choice *c)
{
	const struct msg_iface	*iface = policy_iface_nr(c->ifindex);
	struct basis		*b;
	int			 d;

	g->remote = c->remote;
	g->idle = c->v.idle != 0 ? c->v.idle :
	    policy.conf->rs.settings.timeout[TIMEOUT_IDLE];
	for (d = 0; d < DIRS; d++) {
		b = &g->basis[d];
		b->generation = policy.conf->rs.generation;
		b->rule = c->v.rule;
		b->matched = c->v.matched;
		strlcpy(b->label, c->v.label, sizeof(b->label));
		strlcpy(b->via, iface != NULL ? iface->name : "",
		    sizeof(b->via));
	}
}

static void
connect_send(struct grant *g, uint64_t req, const struct choice *c)
{
	struct msg_grant	 m;

	connect_basis(g, c);
	memset(&m, 0, sizeof(m));
	m.sid = g->who->sid;
	m.req = req;
	m.grant = g->id;
	m.generation = policy.conf->rs.generation;
	m.parts = 1;
	m.left = g->rest != NULL ? g->rest->n : 0;
	m.idle = g->idle;
	m.key.kind = SOCK_CONNECT;
	m.key.port = c->remote.port;
	m.key.ifindex = c->ifindex;
	m.key.addr = c->remote.addr;
	m.local = g->local;
	m.remote = g->remote;
	(void)proc_send(PROC_PARENT, M_GRANT, &m, -1);
}

/* Room for the grant, and for the addresses behind the first. */
static struct grant *
connect_grant(const struct msg_ask *m, struct identity *who,
    const struct choice *c, uint8_t n)
{
	struct grant	*g;
	uint8_t		 i;

	if ((g = grant_new(who)) == NULL)
		return NULL;
	g->command = CMD_CONNECT;
	g->local = who->peer;
	grant_set_name(g, m->name);
	if (n > 1 && (g->rest = calloc(1, sizeof(*g->rest))) != NULL) {
		g->rest->req = m->req;
		for (i = 1; i < n; i++)
			g->rest->addr[g->rest->n++] = c[i].remote.addr;
	}
	return g;
}

static void
connect_choose(const struct msg_ask *m, struct identity *who,
    const struct choice *c, uint8_t n)
{
	struct grant	*g;

	if (connect_limit(who)) {	/* P35 */
		record_blocked(who, CMD_CONNECT, &c->remote, m->name, 0,
		    SOCKS_REFUSED, &c->v);
		question_deny(m, SOCKS_REFUSED, 0);
		return;
	}
	if ((g = connect_grant(m, who, c, n)) == NULL) {
		question_deny(m, SOCKS_FAILURE, 0);
		return;
	}
	policy.granted++;
	connect_send(g, m->req, c);
	grant_hold_own(g, SOCKS_F_DIRECTIONS);
	record_granted(g, SOCKS_F_DIRECTIONS, c->v.log);
}

/*
 * Those that pass, in the resolver's order; of a family that this host has no
 * address of, only where there are no others. If none passes, the first one
 * judged is left in c[0].
 */
static uint8_t
connect_pass(const struct msg_ask *m, const struct identity *who,
    struct choice *c, const struct addr *addr, uint8_t n)
{
	const char	*name = m->name[0] != '\0' ? m->name : NULL;
	struct choice	 try, first;
	uint8_t		 i, passed = 0, judged = 0;
	int		 reached;

	memset(&first, 0, sizeof(first));
	for (reached = 1; reached >= 0 && passed == 0; reached--)
		for (i = 0; i < n && passed < CONNECT_ADDRS; i++) {
			if (policy_reaches(&addr[i]) != reached)
				continue;
			memset(&try, 0, sizeof(try));
			try.remote.addr = addr[i];
			try.remote.port = m->remote.port;
			if (choice_judge(&try, who, name) == SOCKS_OK)
				c[passed++] = try;
			else if (judged++ == 0)
				first = try;
		}
	if (passed == 0)
		c[0] = first;
	return passed;
}

/* What was judged is what is connected: the addresses of a name one by one. */
static void
connect_judge(const struct msg_ask *m, struct identity *who,
    const struct addr *addr, uint8_t n)
{
	struct choice	 c[CONNECT_ADDRS];
	uint8_t		 passed;

	passed = connect_pass(m, who, c, addr, n);
	if (passed > 0) {
		connect_choose(m, who, c, passed);
		return;
	}
	record_blocked(who, CMD_CONNECT, &c->remote, m->name, 0, c->code,
	    &c->v);
	question_deny(m, c->code, 0);
}

void
connect_resolved(const struct msg_ask *m, struct identity *who,
    const struct addr *addr, uint8_t n)
{
	connect_judge(m, who, addr, n);
}

void
connect_ask(const struct msg_ask *m, struct identity *who)
{
	struct endpoint	 remote;

	if (m->name[0] != '\0') {
		lookup_ask(m, who);
		return;
	}
	question_endpoint(&remote, &m->remote);
	if (remote.addr.af == ADDR_NONE)
		question_deny(m, SOCKS_FAILURE, 0);
	else
		connect_judge(m, who, &remote.addr, 1);
}

/* The grant of that question, which has addresses left. */
static struct grant *
connect_asked(const struct identity *who, uint64_t req)
{
	struct grant	*g;

	LIST_FOREACH(g, &who->grants, of_session)
		if (g->rest != NULL && g->rest->req == req)
			return g;
	fatalx("policy: engine: NEXT without a question");
}

/* The ruleset may have changed meanwhile: what it refuses now is left out. */
static int
connect_next(struct grant *g, struct choice *c)
{
	struct connect_rest	*r = g->rest;

	while (r->n > 0) {
		memset(c, 0, sizeof(*c));
		c->remote.addr = r->addr[0];
		c->remote.port = g->remote.port;
		memmove(r->addr, r->addr + 1, --r->n * sizeof(r->addr[0]));
		if (choice_judge(c, g->who, g->name) == SOCKS_OK)
			return 0;
	}
	return -1;
}

void
connect_on_next(enum proc_role from, const void *data, int fd)
{
	const struct msg_next	*m = data;
	struct identity		*who = identity_asks(m->sid);
	struct msg_ask		 ask;
	struct choice		 c;
	struct grant		*g;

	(void)from;
	(void)fd;
	if (who == NULL)
		return;			/* ended meanwhile */
	g = connect_asked(who, m->req);
	if (connect_next(g, &c) == 0) {
		connect_send(g, m->req, &c);
	} else {
		/* the engine releases the grant with its session */
		memset(&ask, 0, sizeof(ask));
		ask.sid = m->sid;
		ask.req = m->req;
		question_deny(&ask, c.code, 0);
	}
	if (g->rest->n == 0) {
		free(g->rest);
		g->rest = NULL;
	}
}
