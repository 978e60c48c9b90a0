/*
 * unicast.c: UDP BIND without UDP-MULTICAST, judged and granted (P14 to P24);
 * runs in policy.
 *
 * One question to the ruleset is for both directions. The socket is one of a
 * pool (pool.c), or with `egress dedicated' the association's own.
 */

#include <sys/types.h>
#include <string.h>

#include "compat.h"

#include "judge.h"
#include "pool.h"
#include "question.h"
#include "socks.h"

/* P23, P24; the engine has seen to it where REMOTE was no name. */
static uint8_t
unicast_host(struct asked *a)
{
	if (addr_is_multicast(&a->remote.addr))
		return SOCKS_BADGROUP;
	if (a->remote.addr.af == ADDR_NONE || addr_is_any(&a->remote.addr))
		return SOCKS_HOSTUNREACH;
	return SOCKS_OK;
}

/* A port that the rule is about, if its ports are not all. */
static uint16_t
rule_port(const struct rule_port *p)
{
	switch (p->op) {
	case OP_NE:
	case OP_GT:
		return p->lo + 1;
	case OP_LT:
		return p->lo - 1;
	default:
		return p->lo;
	}
}

/*
 * P24: port 0 is every port of the host. A rule that passes some does not pass
 * them all, and one that blocks some of them blocks it.
 */
static int
unicast_any_port(struct question *q, const struct verdict *v)
{
	struct ruleset		*rs = &policy.conf->rs;
	const struct rule_node	*n;
	const struct rule	*r;

	TAILQ_FOREACH(n, &rs->rules, entry) {
		r = &n->rule;
		if (r->port.op == OP_NONE || (r->nr < v->rule && !r->quick))
			continue;
		if (r->nr == v->rule)
			return 0;
		q->to.port = rule_port(&r->port);
		if (r->action == RULE_BLOCK && rule_mismatch(rs, r, q) == NULL)
			return 0;
	}
	return 1;
}

int
unicast_passes(struct question *q, struct verdict *v)
{
	rule_eval(&policy.conf->rs, q, v);
	return v->pass && (q->to.port != 0 || unicast_any_port(q, v));
}

/* P17, P20, P24: what stands is not asked for again (P18). */
static uint8_t
unicast_rules(struct asked *a)
{
	struct side	*in = &a->side[DIR_RECEIVE];
	struct side	*out = &a->side[DIR_SEND];
	struct question	 q;

	if (!in->wanted && !out->wanted)
		return SOCKS_OK;
	a->judged = 1;
	ask_question(a, CMD_UDP, &a->remote, &q);
	in->passed = unicast_passes(&q, &in->v) && side_local(a, in);
	out->v = in->v;
	if (!in->passed)
		return SOCKS_REFUSED;
	out->passed = a->remote.port != 0;
	return out->wanted && !out->passed ? SOCKS_REFUSED : SOCKS_OK;
}

/* P35: what a limit refuses is X'02'. */
static uint8_t
unicast_limits(struct asked *a)
{
	if (!limit_associations(a))
		return SOCKS_OK;
	a->side[DIR_RECEIVE].passed = a->side[DIR_SEND].passed = 0;
	return SOCKS_REFUSED;
}

/* The address to send from, where the configuration has one. */
static void
unicast_address(struct sock_key *key, uint8_t af)
{
	const struct policy_conf	*c = policy.conf;
	uint32_t			 i;

	key->addr.af = af;
	for (i = 0; i < c->nifaces && key->ifindex != 0; i++)
		if (c->iface[i].ifindex == key->ifindex &&
		    c->iface[i].addr.af == af) {
			key->addr = c->iface[i].addr;
			return;
		}
}

static uint8_t
unicast_socket(struct asked *a)
{
	const struct verdict	*v = &a->side[DIR_RECEIVE].v;
	struct sock_key		*key = &a->key;
	int			 slot;

	if (a->g != NULL)
		return SOCKS_OK;	/* it has its socket */
	if (policy_unicast(v->via, &a->remote.addr, &key->ifindex) == -1)
		return SOCKS_NETUNREACH;
	if (v->dedicated) {
		key->kind = SOCK_DEDICATED;
		key->addr = a->remote.addr;
		key->port = a->remote.port;
		return SOCKS_OK;
	}
	key->kind = SOCK_EGRESS;
	unicast_address(key, a->remote.addr.af);
	if ((slot = pool_slot(key, &a->remote)) == -1)
		return SOCKS_REFUSED;
	key->port = (uint16_t)slot;
	return SOCKS_OK;
}

/* P14: the first of these that finds a fault decides. */
static uint8_t (*const checks[])(struct asked *) = {
	bind_flags,
	bind_association,
	unicast_host,
	unicast_rules,
	unicast_limits,
	unicast_socket
};

uint8_t
unicast_judge(struct asked *a)
{
	uint8_t		 code = SOCKS_OK;
	size_t		 i;

	for (i = 0; i < nitems(checks) && code == SOCKS_OK; i++)
		code = checks[i](a);
	return code;
}

static struct grant *
unicast_target(struct asked *a)
{
	struct grant	*g = a->g;

	if (g != NULL || (g = grant_new(a->who)) == NULL)
		return g;
	g->command = CMD_UDP;
	g->flags = a->m->flags & (SOCKS_F_TCP | SOCKS_F_UNICAST);
	g->local = a->local;
	g->remote = a->remote;
	grant_set_name(g, a->m->name);
	return g;
}

/*
 * The socket that the grant names. One that the association has already is
 * reused; its own is known to the engine without a key.
 */
static void
unicast_key(const struct asked *a, const struct grant *g, struct msg_grant *m)
{
	const struct sock_key	*k = pool_key(g);

	if (a->g == NULL) {
		m->key = a->key;
	} else if (k != NULL) {
		m->key = *k;
		m->reuse = 1;
	}
}

/* One direction comes to stand; 1: on a socket that is there already. */
static int
unicast_hold(const struct asked *a, struct grant *g, int d,
    const struct sock_key *key)
{
	static const uint16_t	 flag[DIRS] = { SOCKS_F_RECEIVE, SOCKS_F_SEND };
	const struct side	*s = &a->side[d];
	const struct msg_iface	*iface = policy_iface_nr(key->ifindex);

	grant_basis(g, d, &s->v);
	strlcpy(g->basis[d].via, iface != NULL ? iface->name : "",
	    sizeof(g->basis[d].via));
	if (side_idle(s) > g->idle)
		g->idle = side_idle(s);
	if (key->kind == SOCK_EGRESS)
		return grant_hold(g, d, key);
	grant_hold_own(g, flag[d]);
	return a->g != NULL;
}

/* P16: the directions as asked, and the encapsulation. */
void
unicast_grant(struct asked *a)
{
	struct grant		*g = unicast_target(a);
	struct msg_grant	 m;
	int			 d, held, log = 0, first = a->g == NULL;

	if (g == NULL) {
		question_deny(a->m, SOCKS_FAILURE, 0);
		return;
	}
	ask_grant(a, g, &m);
	m.flags = a->m->flags & (SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST |
	    SOCKS_F_TCP);
	unicast_key(a, g, &m);
	for (d = 0; d < DIRS; d++) {
		if (!a->side[d].wanted)
			continue;
		held = unicast_hold(a, g, d, &m.key);
		if (first)
			m.reuse = held;
		first = 0;
		log |= a->side[d].v.log;
	}
	m.idle = g->idle;
	ask_send(&m);
	if (a->side[DIR_RECEIVE].wanted || a->side[DIR_SEND].wanted)
		record_granted(g, m.flags, log);
}
