/*
 * question.c: may this session have that? Runs in policy; a yes goes to the
 * parent, which makes the socket, a no straight back to the engine.
 *
 * What the engine writes in a question is a claim: it is checked against the
 * session as the parent and auth know it, and never decides by itself.
 */

#include <sys/types.h>
#include <string.h>

#include "policy.h"
#include "judge.h"
#include "question.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "protect.h"
#include "socks.h"

#define FLAGS_KNOWN	(SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST | SOCKS_F_TCP | \
			    SOCKS_F_MULTICAST | SOCKS_F_MU | SOCKS_F_MM | \
			    SOCKS_F_SOURCE)
#define MODES_SERVED	MODE_MU		/* MM is not served yet */

static const struct {
	uint16_t	 flag;
	uint8_t		 command;
	uint8_t		 refusal;		/* P17 */
} dirs[DIRS] = {
	{ SOCKS_F_RECEIVE, CMD_RECEIVE, SOCKS_NORECEIVE },
	{ SOCKS_F_SEND, CMD_SEND, SOCKS_NOSEND }
};

/*
 * An address that the engine wrote, in the one form that compares; what is
 * no address at all cannot come from an engine in its right mind.
 */
void
question_endpoint(struct endpoint *dst, const struct endpoint *src)
{
	memset(dst, 0, sizeof(*dst));
	dst->port = src->port;
	switch (src->addr.af) {
	case ADDR_NONE:
		break;
	case ADDR_V4:
		addr_v4(&dst->addr, src->addr.b);
		break;
	case ADDR_V6:
		addr_v6(&dst->addr, src->addr.b, src->addr.scope);
		addr_unmap(&dst->addr);
		break;
	default:
		fatalx("policy: engine: address of family %u", src->addr.af);
	}
}

/*
 * LOCAL as P20 has it: none or any is the control connection's peer, and the
 * scope of a link-local client is that of its control connection.
 */
static void
ask_local(struct asked *a)
{
	const struct addr	*peer = &a->who->peer.addr;

	question_endpoint(&a->local, &a->m->local);
	if (a->local.addr.af == ADDR_NONE || addr_is_any(&a->local.addr))
		a->local.addr = *peer;
	if (a->local.addr.af == ADDR_V6 && addr_is_linklocal(&a->local.addr))
		a->local.addr.scope = peer->scope;
	a->foreign = !addr_eq(&a->local.addr, peer);
	if (a->g != NULL)
		a->local = a->g->local;
	/* P48: the control connection's port until a port is known. */
	a->stand_in = a->local;
	if (a->m->flags & SOCKS_F_TCP)
		a->stand_in = a->who->peer;
	else if (a->stand_in.port == 0)
		a->stand_in.port = a->who->peer.port;
}

/* P16: of the directions asked, those that would have been granted. */
static uint16_t
ask_flags(const struct asked *a)
{
	uint16_t	 flags = 0;
	int		 d;

	if (!a->judged)
		return 0;
	for (d = 0; d < DIRS; d++)
		if (a->side[d].passed)
			flags |= dirs[d].flag;
	return flags & a->m->flags;
}

void
question_deny(const struct msg_ask *m, uint8_t code, uint16_t flags)
{
	struct msg_deny	 deny;

	memset(&deny, 0, sizeof(deny));
	deny.sid = m->sid;
	deny.req = m->req;
	deny.code = code;
	deny.flags = flags;
	policy.denied++;
	(void)proc_send(PROC_ENGINE, M_DENY, &deny, -1);
}

/* All that every GRANT for this question carries. */
void
ask_grant(const struct asked *a, const struct grant *g, struct msg_grant *m)
{
	memset(m, 0, sizeof(*m));
	m->sid = a->m->sid;
	m->req = a->m->req;
	m->grant = g->id;
	m->generation = policy.conf->rs.generation;
	m->parts = 1;
	m->ttl = g->ttl;
	m->idle = g->idle;
	m->buffer = policy.conf->rs.settings.group_buffer;
	m->local = g->local;
	m->remote = g->remote;
}

void
ask_send(const struct msg_grant *m)
{
	if (m->part + 1 == m->parts)
		policy.granted++;
	(void)proc_send(PROC_PARENT, M_GRANT, m, -1);
}

/* ENHANCED (P10): the relay socket at the address that the client reached. */
static void
ask_enhanced(struct asked *a)
{
	struct msg_grant	 m;
	struct sock_key		 key;
	struct grant		*g;

	if (!(policy.conf->rs.settings.extensions &
	    (EXT_BASE | EXT_MULTICAST))) {
		question_deny(a->m, SOCKS_BADCOMMAND, 0);
		return;
	}
	if (a->who->relay != NULL || (g = grant_new(a->who)) == NULL) {
		question_deny(a->m, SOCKS_FAILURE, 0);
		return;
	}
	memset(&key, 0, sizeof(key));
	key.kind = SOCK_RELAY;
	key.ifindex = a->who->ifindex;
	key.addr = a->who->local.addr;
	g->local = a->who->peer;
	ask_grant(a, g, &m);
	m.reuse = grant_hold_relay(g, &key);
	m.key = key;
	ask_send(&m);
}

/* P44, P15; what the engine has seen to already, and more. */
uint8_t
bind_flags(struct asked *a)
{
	uint16_t	 f = a->m->flags;

	if (!(policy.conf->rs.settings.extensions &
	    (f & SOCKS_F_MULTICAST ? EXT_MULTICAST : EXT_BASE)))
		return SOCKS_BADCOMMAND;
	if ((f & SOCKS_F_DIRECTIONS) == 0 ||
	    ((f & SOCKS_F_MM) && (f & SOCKS_F_TCP)))
		return SOCKS_BADCOMMAND;
	return SOCKS_OK;
}

/* P18: the association named, with the same REMOTE and encapsulation. */
uint8_t
bind_association(struct asked *a)
{
	if (a->m->grant == 0)
		return SOCKS_OK;
	if (a->g == NULL)
		return SOCKS_BADAID;
	if (!endpoint_eq(&a->g->remote, &a->remote) ||
	    ((a->g->flags ^ a->m->flags) &
	    (SOCKS_F_TCP | SOCKS_F_MULTICAST)))
		return SOCKS_BADCONTEXT;
	return SOCKS_OK;
}

static uint8_t
bind_group(struct asked *a)
{
	if (a->remote.addr.af == ADDR_NONE || a->remote.port == 0 ||
	    !addr_is_multicast(&a->remote.addr))
		return SOCKS_BADGROUP;		/* P23 */
	return SOCKS_OK;
}

/* Is there a mode that is served, that the rule allows, and that TCP bears? */
static int
side_mode(const struct side *s)
{
	return (s->v.modes & MODES_SERVED) != 0;
}

/*
 * P20: whoever may aim at any LOCAL still may not aim at this host, at a
 * group or at everybody; and the relay socket has the family of the peer.
 */
int
side_local(const struct asked *a, const struct side *s)
{
	if (!a->foreign || a->g != NULL)
		return 1;
	return s->v.local_any &&
	    !protect_addr(&policy.conf->rs, &a->local.addr) &&
	    a->local.addr.af == a->who->peer.addr.af;
}

void
ask_question(const struct asked *a, uint8_t command,
    const struct endpoint *to, struct question *q)
{
	memset(q, 0, sizeof(*q));
	q->command = command;
	if (command == CMD_SEND)
		q->ttl = a->ttl;
	q->from = a->who->peer.addr;
	q->fport = a->who->peer.port;
	q->to = *to;
	q->user = identity_user(a->who);
	q->listener = a->who->label;
	q->method = a->who->method;
	q->domain = a->m->name[0] != '\0' ? a->m->name :
	    a->g != NULL ? a->g->name : NULL;
}

static void
side_eval(struct asked *a, int d)
{
	struct question	 q;

	ask_question(a, dirs[d].command, &a->remote, &q);
	rule_eval(&policy.conf->rs, &q, &a->side[d].v);
}

/*
 * One direction, TTL aside: bind_ttl comes in its turn. A source-specific
 * group needs a single source, which is not served yet: no receiving.
 */
static int
side_passes(struct asked *a, int d)
{
	struct side	*s = &a->side[d];

	if (!s->wanted)			/* it stands: P18 */
		return s->passed = 1;
	side_eval(a, d);
	if (!(s->v.pass || s->v.ttl_refused) || !side_mode(s) ||
	    !side_local(a, s) ||
	    (d == DIR_RECEIVE && addr_is_ssm(&a->remote.addr)))
		return 0;
	s->passed = s->v.pass;
	return 1;
}

static uint8_t
bind_rules(struct asked *a)
{
	uint8_t		 code = SOCKS_OK;
	int		 d;

	a->judged = 1;
	for (d = 0; d < DIRS; d++) {
		if (!(a->m->flags & dirs[d].flag) || side_passes(a, d))
			continue;
		if (!side_local(a, &a->side[d]))
			code = SOCKS_REFUSED;	/* P20 before P17 */
		else if (code == SOCKS_OK)
			code = dirs[d].refusal;
	}
	return code;
}

int
limit_associations(const struct asked *a)
{
	const uint32_t	*limit = policy.conf->rs.settings.limit;

	if (a->g != NULL)
		return 0;
	return grant_associations() >= limit[LIMIT_ASSOCIATIONS] ||
	    a->who->nassoc >= limit[LIMIT_ASSOCIATIONS_PER_SESSION];
}

/* P48, and groups in all. */
static int
limit_receivers(struct asked *a)
{
	const uint32_t	*limit = policy.conf->rs.settings.limit;
	struct side	*s = &a->side[DIR_RECEIVE];
	struct sock_key	 key;

	if (!s->wanted || !s->passed)
		return 0;
	if (receiver_taken(&a->remote, &a->stand_in) ||
	    receiver_count(&a->remote.addr, &a->stand_in.addr) >=
	    limit[LIMIT_RECEIVERS_PER_HOST])
		return 1;
	if (grant_groups() < limit[LIMIT_GROUPS] ||
	    (s->iface = policy_iface(s->v.via)) == NULL)
		return 0;
	memset(&key, 0, sizeof(key));
	key.kind = SOCK_GROUP;
	key.port = a->remote.port;
	key.ifindex = s->iface->ifindex;
	key.addr = a->remote.addr;
	return sockref_find(&key) == NULL;
}

/* P35: what a limit refuses is X'11' or X'12' as well. */
static uint8_t
bind_limits(struct asked *a)
{
	if (limit_associations(a)) {
		a->side[DIR_RECEIVE].passed = a->side[DIR_SEND].passed = 0;
		return a->m->flags & SOCKS_F_RECEIVE ?
		    SOCKS_NORECEIVE : SOCKS_NOSEND;
	}
	if (limit_receivers(a)) {
		a->side[DIR_RECEIVE].passed = 0;
		return SOCKS_NORECEIVE;
	}
	return SOCKS_OK;
}

/* P33. For a direction that stands it is the TTL that is judged anew. */
static uint8_t
bind_ttl(struct asked *a)
{
	struct side	*s = &a->side[DIR_SEND];

	if (!(a->m->flags & SOCKS_F_SEND))
		return SOCKS_OK;
	if (!s->wanted)
		side_eval(a, DIR_SEND);
	if (s->v.pass)
		return SOCKS_OK;
	s->passed = 0;
	return SOCKS_BADTTL;
}

static uint8_t
bind_iface(struct asked *a)
{
	static struct log_rate	 rate;
	struct side		*s;
	int			 d;

	for (d = 0; d < DIRS; d++) {
		s = &a->side[d];
		if (!s->wanted)
			continue;
		s->iface = policy_iface(s->v.via);
		if (s->iface != NULL && s->iface->ifindex != 0)
			continue;
		if (log_ok(&rate, 5, "no interface for groups"))
			log_warnx("policy: %s%s for a group", s->v.via[0] ?
			    "there is no interface " :
			    "there is no egress interface", s->v.via);
		return SOCKS_NETUNREACH;
	}
	return SOCKS_OK;
}

/* P14: the first of these that finds a fault decides. */
static uint8_t (*const bind_checks[])(struct asked *) = {
	bind_flags,
	bind_association,
	bind_group,
	bind_rules,
	bind_limits,
	bind_ttl,
	bind_iface
};

/* What a direction rests on is kept for the record and for counting. */
void
grant_basis(struct grant *g, int d, const struct verdict *v)
{
	struct basis	*b = &g->basis[d];

	b->generation = policy.conf->rs.generation;
	b->rule = v->rule;
	b->matched = v->matched;
	strlcpy(b->label, v->label, sizeof(b->label));
}

static void
bind_key(const struct asked *a, int d, struct sock_key *key)
{
	memset(key, 0, sizeof(*key));
	key->ifindex = a->side[d].iface->ifindex;
	if (d == DIR_RECEIVE) {
		key->kind = SOCK_GROUP;
		key->port = a->remote.port;
		key->addr = a->remote.addr;
	} else {
		key->kind = SOCK_SEND;
		key->addr.af = a->remote.addr.af;
	}
}

/* Room for the grant; all that may fail comes before anything is changed. */
static struct grant *
bind_target(struct asked *a)
{
	struct grant	*g = a->g;

	if (g == NULL) {
		if ((g = grant_new(a->who)) == NULL)
			return NULL;
		g->flags = (a->m->flags & SOCKS_F_TCP) | SOCKS_F_MULTICAST |
		    SOCKS_F_MU;
		g->local = a->local;
		g->remote = a->remote;
		grant_set_name(g, a->m->name);
	}
	if (a->side[DIR_RECEIVE].wanted)
		g->stand_in = a->stand_in;
	if (a->m->flags & SOCKS_F_SEND)
		g->ttl = a->ttl;
	return g;
}

uint32_t
side_idle(const struct side *s)
{
	return s->v.idle != 0 ? s->v.idle :
	    policy.conf->rs.settings.timeout[TIMEOUT_IDLE];
}

/* P16: the directions as asked, encapsulation, multicast, the mode. */
static void
bind_grant(struct asked *a)
{
	struct grant		*g = bind_target(a);
	struct msg_grant	 m;
	int			 d, log = 0;

	if (g == NULL) {
		question_deny(a->m, SOCKS_FAILURE, 0);
		return;
	}
	for (d = 0; d < DIRS; d++)
		if (a->side[d].wanted && side_idle(&a->side[d]) > g->idle)
			g->idle = side_idle(&a->side[d]);
	ask_grant(a, g, &m);
	m.flags = (a->m->flags & (SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST |
	    SOCKS_F_TCP)) | SOCKS_F_MULTICAST | SOCKS_F_MU;
	m.filter = !rule_deliver_any(&policy.conf->rs, &a->remote);
	m.parts = a->side[DIR_RECEIVE].wanted + a->side[DIR_SEND].wanted;
	if (m.parts == 0) {		/* nothing new but perhaps the TTL */
		m.parts = 1;
		ask_send(&m);
		return;
	}
	for (d = 0; d < DIRS; d++) {
		if (!a->side[d].wanted)
			continue;
		grant_basis(g, d, &a->side[d].v);
		strlcpy(g->basis[d].via, a->side[d].iface->name, IF_NAMESIZE);
		bind_key(a, d, &m.key);
		m.reuse = grant_hold(g, d, &m.key);
		ask_send(&m);
		m.part++;
		log |= a->side[d].v.log;
	}
	record_granted(g, m.flags, log);
}

static const struct verdict *
bind_verdict(const struct asked *a, uint8_t code)
{
	const struct side	*r = &a->side[DIR_RECEIVE];
	const struct side	*s = &a->side[DIR_SEND];

	if (code == SOCKS_NOSEND || code == SOCKS_BADTTL ||
	    !(a->m->flags & SOCKS_F_RECEIVE) || (r->passed && !s->passed))
		return &s->v;
	return &r->v;
}

void
bind_begin(struct asked *a, const struct msg_ask *m, struct identity *who,
    struct grant *g, const struct endpoint *remote)
{
	uint16_t	 stands = g != NULL ? g->flags : 0;
	int		 d;

	memset(a, 0, sizeof(*a));
	a->m = m;
	a->who = who;
	a->g = g;
	question_endpoint(&a->remote, remote);
	a->remote.addr.scope = 0;	/* the socket's key names an interface */
	ask_local(a);
	a->ttl = m->ttl;
	for (d = 0; d < DIRS; d++)
		a->side[d].wanted = (m->flags & ~stands & dirs[d].flag) != 0;
}

uint8_t
bind_judge(struct asked *a)
{
	uint8_t		 code = SOCKS_OK;
	size_t		 i;

	if (!(a->m->flags & SOCKS_F_MULTICAST))
		return unicast_judge(a);
	for (i = 0; i < nitems(bind_checks) && code == SOCKS_OK; i++)
		code = bind_checks[i](a);
	return code;
}

void
bind_finish(struct asked *a, uint8_t code)
{
	if (code == SOCKS_OK) {
		if (a->m->flags & SOCKS_F_MULTICAST)
			bind_grant(a);
		else
			unicast_grant(a);
		return;
	}
	if (a->judged)
		record_blocked(a->who, a->m->flags & SOCKS_F_MULTICAST ? 0 :
		    CMD_UDP, &a->remote, a->m->name, a->m->flags, code,
		    bind_verdict(a, code));
	question_deny(a->m, code, ask_flags(a));
}

/* P14: wrong flags and X'10' come before a name is looked up. */
static void
ask_bind(struct asked *a)
{
	if (a->m->name[0] != '\0' && bind_flags(a) == SOCKS_OK &&
	    (a->m->grant == 0 || a->g != NULL)) {
		lookup_ask(a->m, a->who);
		return;
	}
	bind_begin(a, a->m, a->who, a->g, &a->m->remote);
	bind_finish(a, bind_judge(a));
}

/* SET TTL (P42): judged like a BIND for sending, FLAGS 0 if it fails. */
static void
ask_ttl(struct asked *a)
{
	struct side		*s = &a->side[DIR_SEND];
	struct msg_grant	 m;
	struct grant		*g = a->g;
	uint8_t			 code = SOCKS_OK;

	a->ttl = a->m->ttl;
	if (g == NULL)
		code = SOCKS_BADAID;
	else if (!(g->flags & SOCKS_F_SEND))
		code = SOCKS_BADCONTEXT;
	if (code == SOCKS_OK) {
		a->remote = g->remote;
		side_eval(a, DIR_SEND);
		if (!s->v.pass)
			code = SOCKS_BADTTL;
	}
	if (code != SOCKS_OK) {
		if (code == SOCKS_BADTTL)
			record_blocked(a->who, 0, &a->remote, g->name,
			    SOCKS_F_SEND, code, &s->v);
		question_deny(a->m, code, 0);
		return;
	}
	g->ttl = a->ttl;
	ask_grant(a, g, &m);
	ask_send(&m);
}

static void
ask_connect(struct asked *a)
{
	connect_ask(a->m, a->who);
}

static void
ask_features(struct asked *a)
{
	may_ask(a->m, a->who);
}

static void (*const ops[ASK_MAX])(struct asked *) = {
	[ASK_ENHANCED] = ask_enhanced,
	[ASK_BIND] = ask_bind,
	[ASK_TTL] = ask_ttl,
	[ASK_CONNECT] = ask_connect,
	[ASK_FEATURES] = ask_features
};

/* The grant a question names: this session's own, or one that has ended. */
static struct grant *
ask_named(const struct msg_ask *m, const struct identity *who)
{
	struct grant	*g = grant_find(m->grant);

	if (m->grant == 0 || (g == NULL && grant_issued(m->grant)))
		return NULL;
	if (g == NULL || g->who != who || g->relay != NULL)
		fatalx("policy: engine asked about grant %llu, which session "
		    "%llu does not have", (unsigned long long)m->grant,
		    (unsigned long long)m->sid);
	return g;
}

/* P18, P23: the first address that passes, or that the AID has already. */
void
question_resolved(const struct msg_ask *m, struct identity *who,
    const struct addr *addr, uint8_t n)
{
	struct grant	*g = ask_named(m, who);
	struct asked	 a, first;
	struct endpoint	 remote = m->remote;
	uint8_t		 code, why = SOCKS_HOSTUNREACH, i;

	bind_begin(&first, m, who, g, &remote);
	for (i = 0; i < n; i++) {
		remote.addr = addr[i];
		bind_begin(&a, m, who, g, &remote);
		if ((code = bind_judge(&a)) == SOCKS_OK) {
			bind_finish(&a, code);
			return;
		}
		if (i == 0) {
			first = a;
			why = code;
		}
	}
	bind_finish(&first, why);
}

void
question_on_ask(enum proc_role from, const void *data, int fd)
{
	const struct msg_ask	*m = data;
	struct asked		 a;

	(void)from;
	(void)fd;
	(void)msg_string(m->name, sizeof(m->name), "REMOTE as a name");
	if (m->op >= ASK_MAX || (m->flags & ~FLAGS_KNOWN) != 0)
		fatalx("policy: engine: question %u with flags %#x", m->op,
		    m->flags);
	memset(&a, 0, sizeof(a));
	a.m = m;
	if ((a.who = identity_asks(m->sid)) == NULL)
		return;			/* ended meanwhile */
	a.g = ask_named(m, a.who);
	policy.asked++;
	ops[m->op](&a);
}

void
question_on_source(enum proc_role from, const void *data, int fd)
{
	struct msg_source	 m = *(const struct msg_source *)data;
	struct endpoint		 group, source;

	(void)fd;
	question_endpoint(&group, &m.group);
	question_endpoint(&source, &m.source);
	if (!addr_is_multicast(&group.addr))
		fatalx("policy: engine asked for a source of no group");
	m.generation = policy.conf->rs.generation;
	m.pass = rule_deliver(&policy.conf->rs, &group, &source) != 0;
	(void)proc_send(from, M_SOURCED, &m, -1);
}
