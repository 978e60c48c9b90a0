/*
 * permit.c: the parent's own look at each grant before it makes the socket:
 * what no grant may say, whatever policy says; then mails it to the engine.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <errno.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "iface.h"
#include "log.h"
#include "parent.h"
#include "sockopen.h"

#define PERMIT_LOW_PORT	1024
#define PERMIT_FDS	256	/* descriptors queued towards the engine */
#define PERMIT_BUFFER	(256U * 1024 * 1024)

/* What some pass rule names, in this generation and in the last. */
static uint8_t	 commands;
static uint8_t	 last_commands;
static uint8_t	 named;		/* the ones that count for this grant */
static int	 of_last;	/* it is of the last generation */

void
permit_load(const struct conf *conf)
{
	const struct rule_node	*r;

	guard_load(conf);
	last_commands = commands;
	commands = 0;
	TAILQ_FOREACH(r, &conf->rules, entry)
		if (r->rule.action == RULE_PASS)
			commands |= r->rule.commands;
}

/* Each gives 0 or the errno with which the engine is answered. */
static int
permit_none(const struct sock_key *k)
{
	(void)k;
	return 0;
}

static int
permit_relay(const struct sock_key *k)
{
	const struct iface_addr	*a = iface_of(&k->addr);

	if (k->port != 0 || a == NULL || !listen_is_local(&k->addr))
		return EADDRNOTAVAIL;
	return 0;
}

static int
permit_multicast(const struct sock_key *k, uint8_t command)
{
	if (!(named & command))
		return EPERM;
	if (!(distribute_iface_role(k->ifindex) &
	    (IFACE_EGRESS | IFACE_VIA)))
		return ENODEV;
	return 0;
}

static int
permit_group(const struct sock_key *k)
{
	if (!addr_is_multicast(&k->addr))
		return EINVAL;
	if (k->port < PERMIT_LOW_PORT)
		return EACCES;
	if (k->source.af != ADDR_NONE && (k->source.af != k->addr.af ||
	    addr_is_multicast(&k->source)))
		return EINVAL;
	return permit_multicast(k, CMD_RECEIVE);
}

static int
permit_send(const struct sock_key *k)
{
	if (k->port != 0)
		return EINVAL;
	return permit_multicast(k, CMD_SEND);
}

/* Out of an egress interface, or wherever the routing table says. */
static int
permit_egress(uint32_t ifindex)
{
	if (ifindex != 0 && !(distribute_iface_role(ifindex) &
	    (IFACE_EGRESS | IFACE_VIA)))
		return ENODEV;
	return 0;
}

/* connect(2) would take 0.0.0.0 for this host, whatever a rule names. */
static int
permit_connect(const struct sock_key *k)
{
	if (k->port == 0 || addr_is_any(&k->addr) ||
	    addr_is_multicast(&k->addr))
		return EINVAL;
	if (!(named & CMD_CONNECT))
		return EPERM;
	if (!guard_passes(&k->addr, CMD_CONNECT, of_last))
		return EACCES;
	return permit_egress(k->ifindex);
}

static int
permit_udp(const struct addr *a, uint32_t ifindex)
{
	if (addr_is_multicast(a))
		return EINVAL;
	if (!(named & CMD_UDP))
		return EPERM;
	return permit_egress(ifindex);
}

/*
 * One of a pool: its port is a slot's number. Where the engine sends by it, no
 * key says: permit_remote() is a look at what policy says, not a bound.
 */
static int
permit_pool(const struct sock_key *k)
{
	if (k->port >= EGRESS_SLOTS || k->source.af != ADDR_NONE)
		return EINVAL;
	if (!addr_is_any(&k->addr) && iface_of(&k->addr) == NULL)
		return EADDRNOTAVAIL;
	return permit_udp(&k->addr, k->ifindex);
}

static int
permit_dedicated(const struct sock_key *k)
{
	if (addr_is_any(&k->addr) || k->source.af != ADDR_NONE)
		return EINVAL;
	if (!guard_passes(&k->addr, CMD_UDP, of_last))
		return EACCES;
	return permit_udp(&k->addr, k->ifindex);
}

static int (*const permits[SOCK_MAX])(const struct sock_key *) = {
	[SOCK_NONE] = permit_none,
	[SOCK_RELAY] = permit_relay,
	[SOCK_GROUP] = permit_group,
	[SOCK_SEND] = permit_send,
	[SOCK_EGRESS] = permit_pool,
	[SOCK_DEDICATED] = permit_dedicated,
	[SOCK_CONNECT] = permit_connect,
};

/* P45, once more, of a grant whose socket has no destination of its own. */
static int
permit_remote(const struct msg_grant *g)
{
	const struct addr	*a = &g->remote.addr;

	if (g->key.kind != SOCK_EGRESS)
		return 0;
	if (a->af != g->key.addr.af || addr_is_multicast(a))
		return EINVAL;
	return guard_passes(a, CMD_UDP, of_last) ? 0 : EACCES;
}

static int
permit_check(const struct msg_grant *g)
{
	int	 error;

	if (g->key.kind >= SOCK_MAX || g->parts == 0 || g->part >= g->parts ||
	    g->buffer > PERMIT_BUFFER)
		return EINVAL;
	if (g->generation != parent.generation &&
	    g->generation + 1 != parent.generation)
		return ESTALE;
	of_last = g->generation != parent.generation;
	named = of_last ? last_commands : commands;
	if (g->key.kind != SOCK_NONE && g->key.addr.af != ADDR_V4 &&
	    g->key.addr.af != ADDR_V6)
		return EAFNOSUPPORT;
	/* What brings no descriptor need not wait behind those that do. */
	if (!g->reuse && g->key.kind != SOCK_NONE &&
	    proc_queued_fds(PROC_ENGINE) >= PERMIT_FDS)
		return EAGAIN;
	if (permits[g->key.kind] == NULL)
		return EINVAL;
	if ((error = permits[g->key.kind](&g->key)) != 0)
		return error;
	return permit_remote(g);
}

/* The address to send from, as configured or the interface's first; or NULL. */
static const struct addr *
permit_source(const struct sock_key *k)
{
	if (k->kind == SOCK_CONNECT || k->kind == SOCK_DEDICATED)
		return distribute_egress_addr(k->ifindex, k->addr.af);
	if (k->kind == SOCK_EGRESS && k->ifindex == 0)
		return NULL;
	return distribute_iface_addr(k->ifindex, k->addr.af);
}

/*
 * P22: a socket without an address has another for each REMOTE; so it is told
 * for those that share one, too. Without a way there it stays open.
 */
static void
permit_local(const struct msg_grant *g, struct msg_socket *out)
{
	const struct sock_key	*k = &g->key;
	const struct addr	*source = permit_source(k);

	if (k->kind == SOCK_EGRESS && !addr_is_any(&k->addr))
		out->bound.addr = k->addr;
	else if (k->kind == SOCK_EGRESS && source != NULL)
		out->bound.addr = *source;
	else if (k->kind == SOCK_EGRESS || (k->kind == SOCK_DEDICATED &&
	    addr_is_any(&out->bound.addr)))
		sockopen_route(&g->remote.addr, k->ifindex, &out->bound.addr);
}

static int
permit_open(const struct msg_grant *g, struct msg_socket *out)
{
	static const struct addr	 none;
	const struct addr		*source;
	int				 fd;

	source = permit_source(&g->key);
	fd = sockopen_key(&g->key, source != NULL ? source : &none, g->buffer,
	    &out->bound);
	if (fd == -1)
		out->err = errno;
	return fd;
}

void
permit_on_grant(enum proc_role from, const void *data, int fd)
{
	static struct log_rate	 rate;
	const struct msg_grant	*g = data;
	struct msg_socket	 out;
	char			 group[ADDR_STRLEN];
	int			 quiet;	/* that a host is not reached is the
					 * client's to know */

	(void)from;
	fd = -1;
	memset(&out, 0, sizeof(out));
	out.grant = *g;
	out.mtu = iface_mtu(g->key.ifindex);
	out.err = permit_check(g);
	quiet = g->key.kind == SOCK_CONNECT && out.err == 0;
	if (out.err == 0 && !g->reuse && g->key.kind != SOCK_NONE)
		fd = permit_open(g, &out);
	if (out.err == 0)
		permit_local(g, &out);
	if (out.err != 0 && !quiet && log_ok(&rate, 20, "refused by the system"))
		log_warnx("socket for %s port %u on interface %u: %s",
		    addr_print(&g->key.addr, group, sizeof(group)),
		    g->key.port, g->key.ifindex, strerror(out.err));
	proc_send(PROC_ENGINE, M_SOCKET, &out, fd);
}

void
permit_on_revoke(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)fd;
	proc_send(PROC_ENGINE, M_REVOKED, data, -1);
}
