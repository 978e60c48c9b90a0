/*
 * enhanced.c: the packets of enhanced UDP mode on a control connection
 * (draft 3.3, 4.2): what is wrong with them, what is asked, what is replied;
 * it runs in the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "compat.h"
#include "assoc.h"
#include "egress.h"
#include "engine.h"
#include "request.h"
#include "session.h"

/*
 * The longest well-formed packet has 13 + 2 * 259 octets. Whatever is longer
 * has octets left over, which its first part shows already.
 */
#define CONTROL_MAX	600

/* A UDP BIND while it is judged. */
struct bind {
	const struct session	*s;
	const struct socks_ctl	*ctl;
	struct assoc		*a;	/* of its AID, or NULL */
	uint16_t		 flags;	/* as P15 reads them */
};

/* An AID of another connection is none (P18). */
static struct assoc *
own_assoc(const struct session *s, uint32_t aid)
{
	struct assoc	*a = assoc_find(aid);

	return a != NULL && a->session == s ? a : NULL;
}

/* P13: always both addresses; what is NULL is not populated. */
static size_t
reply_build(uint8_t *buf, uint8_t code, uint16_t flags, uint16_t tid,
    uint32_t aid, const struct endpoint *local, const struct endpoint *remote)
{
	struct socks_ctl	 ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.type = SOCKS_PKT_REPLY;
	ctl.cmd = code;
	ctl.flags = flags;
	ctl.tid = tid;
	ctl.aid = aid;
	if (local != NULL)
		ctl.local.ep = *local;
	if (remote != NULL)
		ctl.remote.ep = *remote;
	return socks_build_control(buf, SOCKS_REPLY_MAX, &ctl);
}

/* An answer that needs no question. */
static enum step
reply_now(struct session *s, const struct socks_ctl *ctl, uint8_t code,
    uint16_t flags, uint32_t aid)
{
	uint8_t		 buf[SOCKS_REPLY_MAX];

	request_count(s, code);
	request_reply(s, buf, reply_build(buf, code, flags, ctl->tid, aid,
	    NULL, NULL));
	return STEP_DONE;
}

static void
reply_fill(struct request *r, uint8_t code, uint16_t flags, uint32_t aid,
    const struct endpoint *local, const struct endpoint *remote)
{
	request_count(r->session, code);
	r->len = (uint8_t)reply_build(r->reply, code, flags, r->tid, aid,
	    local, remote);
}

/* P15: neither kind named means unicast; a mode is for multicast only. */
static uint16_t
bind_flags(uint16_t flags)
{
	const uint16_t	 kinds = SOCKS_F_UNICAST | SOCKS_F_TCP |
			    SOCKS_F_MULTICAST;

	if (!(flags & kinds))
		flags |= SOCKS_F_UNICAST;
	if (!(flags & SOCKS_F_MULTICAST))
		flags &= ~(SOCKS_F_MU | SOCKS_F_MM);
	return flags & (SOCKS_F_DIRECTIONS | kinds | SOCKS_F_MU | SOCKS_F_MM);
}

/*
 * X'07': P15, then P44, then what is not there yet. P15 forbids MM-MODE with
 * TCP-ENCAPSULATED whatever else is set, so the flags are taken as they came.
 */
static int
bind_bad_flags(const struct bind *b)
{
	const uint8_t	 on = engine.settings.extensions;
	const uint16_t	 f = b->ctl->flags;

	if (!(f & SOCKS_F_DIRECTIONS))
		return 1;
	if ((f & SOCKS_F_TCP) && (f & (SOCKS_F_UNICAST | SOCKS_F_MM)))
		return 1;
	if (!(on & (b->flags & SOCKS_F_MULTICAST ? EXT_MULTICAST : EXT_BASE)))
		return 1;
	/* TCP encapsulation comes with a later milestone. */
	return (b->flags & SOCKS_F_TCP) != 0;
}

static int
bind_bad_aid(const struct bind *b)
{
	return b->ctl->aid != 0 && b->a == NULL;
}

/* X'13': unicast on a multicast association, or the other way round. */
static int
bind_other_kind(const struct bind *b)
{
	return b->a != NULL &&
	    ((b->a->flags ^ b->flags) & SOCKS_F_MULTICAST) != 0;
}

/* X'14', P23. What a name stands for is judged when it is known. */
static int
bind_bad_group(const struct bind *b)
{
	const struct endpoint	*ep = &b->ctl->remote.ep;
	int			 multicast = b->flags & SOCKS_F_MULTICAST;

	if (multicast && ep->port == 0)
		return 1;
	if (ep->addr.af == ADDR_NONE)
		return 0;
	return addr_is_multicast(&ep->addr) != (multicast != 0);
}

/* P20: no address means the peer's; a link-local one is on its interface. */
static struct endpoint
bind_local(const struct bind *b)
{
	struct endpoint	 ep = b->ctl->local.ep;

	if (addr_is_any(&ep.addr))
		ep.addr = b->s->info.peer.addr;
	else if (addr_is_linklocal(&ep.addr))
		ep.addr.scope = b->s->info.ifindex;
	return ep;
}

static int
ports_differ(uint16_t a, uint16_t b)
{
	return a != 0 && b != 0 && a != b;
}

/* P18: a group's scope is its egress interface's, which nobody asked for. */
static int
remotes_differ(const struct endpoint *a, const struct endpoint *b)
{
	return a->port != b->port || a->addr.af != b->addr.af ||
	    memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b)) != 0;
}

/* X'13': another LOCAL, REMOTE or encapsulation than the AID's (P18). */
static int
bind_mismatch(const struct bind *b)
{
	const struct socks_addr	*remote = &b->ctl->remote;
	struct endpoint		 local;

	if (b->a == NULL)
		return 0;
	local = bind_local(b);
	if (!addr_eq(&local.addr, &b->a->local.addr) ||
	    ports_differ(local.port, b->a->local.port))
		return 1;
	if ((b->a->flags ^ b->flags) & SOCKS_F_TCP)
		return 1;
	if (remote->ep.addr.af == ADDR_NONE)	/* policy compares (P18) */
		return ports_differ(remote->ep.port, b->a->remote.port);
	return remotes_differ(&remote->ep, &b->a->remote);
}

/* X'04': a name that cannot resolve (P4), or no host at all (P24). */
static int
bind_bad_host(const struct bind *b)
{
	const struct socks_addr	*remote = &b->ctl->remote;

	return remote->fault != SOCKS_OK ||
	    (remote->name[0] == '\0' && addr_is_any(&remote->ep.addr));
}

/* What is judged without the ruleset, in P14's order. */
static const struct {
	uint8_t	 code;
	int	(*fails)(const struct bind *);
} bind_faults[] = {
	{ SOCKS_BADCOMMAND, bind_bad_flags },
	{ SOCKS_BADAID, bind_bad_aid },
	{ SOCKS_BADCONTEXT, bind_other_kind },
	{ SOCKS_BADGROUP, bind_bad_group },
	{ SOCKS_BADCONTEXT, bind_mismatch },
	{ SOCKS_HOSTUNREACH, bind_bad_host }
};

static uint8_t
bind_judge(const struct bind *b)
{
	size_t		 i;

	if (b->ctl->fault != SOCKS_OK)		/* X'01', X'08' */
		return b->ctl->fault;
	for (i = 0; i < nitems(bind_faults); i++)
		if (bind_faults[i].fails(b))
			return bind_faults[i].code;
	return SOCKS_OK;
}

/* The rest is the ruleset's: X'02', X'11', X'12', X'15' (P14). */
static enum step
bind_ask(struct session *s, const struct bind *b)
{
	struct msg_ask	 ask;
	struct request	*r;

	memset(&ask, 0, sizeof(ask));
	ask.op = ASK_BIND;
	ask.flags = b->flags;
	if (b->flags & SOCKS_F_SEND)
		ask.ttl = b->ctl->rsvd;		/* P33 */
	ask.local = bind_local(b);
	ask.remote = b->ctl->remote.ep;
	(void)strlcpy(ask.name, b->ctl->remote.name, sizeof(ask.name));
	if ((r = request_ask(s, &ask, b->a)) != NULL)
		r->tid = b->ctl->tid;
	return STEP_DONE;
}

static enum step
enhanced_bind(struct session *s, const struct socks_ctl *ctl, struct assoc *a)
{
	struct bind	 b = { s, ctl, a, bind_flags(ctl->flags) };
	uint8_t		 code;

	/* P16: FLAGS 0 for what is found before the ruleset is asked. */
	if ((code = bind_judge(&b)) != SOCKS_OK)
		return reply_now(s, ctl, code, 0, 0);
	if (!request_may_ask(s))
		return STEP_WAIT;
	return bind_ask(s, &b);
}

/* P31: the reply's FLAGS and AID are the request's, whatever came of it. */
static enum step
enhanced_release(struct session *s, const struct socks_ctl *ctl,
    struct assoc *a)
{
	uint8_t		 code = SOCKS_OK;

	if (ctl->fault != SOCKS_OK)
		code = SOCKS_FAILURE;
	else if (a == NULL)
		code = SOCKS_BADAID;
	else if (!(ctl->flags & SOCKS_F_DIRECTIONS))
		code = SOCKS_BADCONTEXT;
	else
		assoc_drop_direction(a, ctl->flags & SOCKS_F_DIRECTIONS);
	return reply_now(s, ctl, code, ctl->flags, ctl->aid);
}

static uint8_t
ttl_judge(const struct socks_ctl *ctl, const struct assoc *a)
{
	if (ctl->fault != SOCKS_OK)
		return SOCKS_FAILURE;
	if (a == NULL)
		return SOCKS_BADAID;
	if ((a->flags & (SOCKS_F_SEND | SOCKS_F_MULTICAST)) !=
	    (SOCKS_F_SEND | SOCKS_F_MULTICAST))
		return SOCKS_BADCONTEXT;
	return ctl->rsvd == 0 ? SOCKS_BADTTL : SOCKS_OK;
}

/* P42; P13: a failed one has FLAGS 0 and the request's AID. */
static enum step
enhanced_set_ttl(struct session *s, const struct socks_ctl *ctl,
    struct assoc *a)
{
	struct msg_ask	 ask;
	struct request	*r;
	uint8_t		 code;

	if ((code = ttl_judge(ctl, a)) != SOCKS_OK)
		return reply_now(s, ctl, code, 0, ctl->aid);
	if (!request_may_ask(s))
		return STEP_WAIT;
	memset(&ask, 0, sizeof(ask));
	ask.op = ASK_TTL;
	ask.ttl = ctl->rsvd;
	ask.flags = SOCKS_F_SEND | SOCKS_F_MULTICAST;
	ask.local = a->local;
	ask.remote = a->remote;
	if ((r = request_ask(s, &ask, a)) != NULL) {
		r->tid = ctl->tid;
		r->aid = ctl->aid;
	}
	return STEP_DONE;
}

static const struct {
	uint8_t		 cmd;
	enum step	(*handler)(struct session *, const struct socks_ctl *,
			    struct assoc *);
} commands[] = {
	{ SOCKS_UDP_BIND, enhanced_bind },
	{ SOCKS_UDP_RELEASE, enhanced_release },
	{ SOCKS_SET_TTL, enhanced_set_ttl }
};

/* While something is asked about an association, what names it waits. */
static enum step
control_handle(struct session *s, const struct socks_ctl *ctl)
{
	struct assoc	*a = own_assoc(s, ctl->aid);
	size_t		 i;

	if (a != NULL && a->pending > 0)
		return STEP_WAIT;
	for (i = 0; i < nitems(commands); i++)
		if (commands[i].cmd == ctl->cmd)
			return commands[i].handler(s, ctl, a);
	return reply_now(s, ctl, SOCKS_BADCOMMAND, 0, 0);	/* P13, P14 */
}

static enum step
control_packet(struct session *s, const uint8_t *p, size_t n, uint16_t size,
    size_t *used)
{
	struct socks_ctl	 ctl;
	size_t			 need = MINIMUM(size, CONTROL_MAX);
	enum step		 step;

	if (n < need)
		return STEP_MORE;
	if (!session_room(s))
		return STEP_WAIT;
	socks_parse_control(p, need, &ctl);
	if ((step = control_handle(s, &ctl)) != STEP_DONE)
		return step;
	*used = need;
	s->skip = (uint32_t)(size - need);
	s->used = engine_now();
	return STEP_DONE;
}

/* P30: no association is TCP-encapsulated yet, so all of it is dropped. */
static enum step
data_packet(struct session *s, const uint8_t *p, size_t n, uint16_t size,
    size_t *used)
{
	struct assoc	*a;
	uint32_t	 aid;

	if (n < SOCKS_DATA_FIXED)
		return STEP_MORE;
	aid = (uint32_t)p[3] << 24 | (uint32_t)p[4] << 16 |
	    (uint32_t)p[5] << 8 | p[6];
	if ((a = own_assoc(s, aid)) != NULL)
		a->counters.drops[DROP_MODE]++;
	else
		engine.lost.drops[DROP_AID]++;
	*used = MINIMUM(n, size);
	s->skip = (uint32_t)(size - *used);
	s->used = engine_now();
	return STEP_DONE;
}

/* P11: SIZE alone frames; without it the framing is lost. */
enum step
enhanced_packet(struct session *s, const uint8_t *p, size_t n, size_t *used)
{
	enum socks_parse ret;
	uint16_t	 size;
	uint8_t		 type;

	if (s->skip > 0) {
		*used = MINIMUM(n, s->skip);
		s->skip -= (uint32_t)*used;
		return STEP_DONE;
	}
	ret = socks_parse_frame(p, n, &type, &size);
	if (ret == SOCKS_P_BAD || type == SOCKS_PKT_REPLY) {
		session_finish(s, END_PROTOCOL);
		return STEP_WAIT;
	}
	if (ret == SOCKS_P_MORE)
		return STEP_MORE;
	if (type == SOCKS_PKT_DATA)
		return data_packet(s, p, n, size, used);
	return control_packet(s, p, n, size, used);
}

/*
 * P22: the group; of a unicast association the egress socket, which may have
 * another address for each REMOTE.
 */
static struct endpoint
bind_remote(const struct assoc *a, const struct msg_socket *m)
{
	const struct sock	*s = egress_sock(a);
	struct endpoint		 ep;

	if (s == NULL)
		return a->remote;
	ep = s->bound;
	if (m->bound.addr.af != ADDR_NONE)
		ep.addr = m->bound.addr;
	return ep;
}

/*
 * P16, P21: FLAGS as granted, LOCAL the relay at the address by which this
 * client reached us. In MM-mode there is no relay.
 */
static void
bind_reply(struct request *r, const struct msg_socket *m,
    const struct assoc *a)
{
	const uint16_t	 flags = m->grant.flags;
	struct session	*s = r->session;
	struct endpoint	 local = { .addr = s->info.local.addr };
	struct endpoint	 remote = bind_remote(a, m);

	if (s->relay != NULL)
		local.port = s->relay->bound.port;
	reply_fill(r, SOCKS_OK, flags, a->aid,
	    flags & SOCKS_F_MM ? NULL : &local, &remote);
}

int
enhanced_granted(struct request *r, const struct msg_socket *m)
{
	const struct msg_grant	*g = &m->grant;
	struct sock		*in = r->sock[SOCK_GROUP];
	struct sock		*out = r->sock[SOCK_SEND];
	struct assoc		*a = r->assoc;

	if (!(g->flags & SOCKS_F_MULTICAST))
		in = out = r->sock[SOCK_EGRESS] != NULL ?
		    r->sock[SOCK_EGRESS] : r->sock[SOCK_DEDICATED];
	if (a == NULL) {
		if ((a = assoc_open(r->session, g, in, out)) == NULL)
			return -1;
	} else if (assoc_extend(a, g, in, out) == -1)
		return -1;
	bind_reply(r, m, a);
	return 0;
}

void
enhanced_refused(struct request *r, uint8_t code, uint16_t flags)
{
	reply_fill(r, code, flags & r->flags & SOCKS_F_DIRECTIONS, 0, NULL,
	    NULL);
}

int
enhanced_ttl_granted(struct request *r, const struct msg_socket *m)
{
	r->assoc->ttl = m->grant.ttl;
	reply_fill(r, SOCKS_OK, 0, r->aid, NULL, NULL);
	return 0;
}

void
enhanced_ttl_refused(struct request *r, uint8_t code, uint16_t flags)
{
	(void)flags;			/* P13: 0 */
	reply_fill(r, code, 0, r->aid, NULL, NULL);
}
