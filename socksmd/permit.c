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

void
permit_load(const struct conf *conf)
{
	const struct rule_node	*r;

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

static int (*const permits[SOCK_MAX])(const struct sock_key *) = {
	[SOCK_NONE] = permit_none,
	[SOCK_RELAY] = permit_relay,
	[SOCK_GROUP] = permit_group,
	[SOCK_SEND] = permit_send,
};

static int
permit_check(const struct msg_grant *g)
{
	if (g->key.kind >= SOCK_MAX || g->parts == 0 || g->part >= g->parts ||
	    g->buffer > PERMIT_BUFFER)
		return EINVAL;
	if (g->generation != parent.generation &&
	    g->generation + 1 != parent.generation)
		return ESTALE;
	named = g->generation == parent.generation ? commands : last_commands;
	if (g->key.kind != SOCK_NONE && g->key.addr.af != ADDR_V4 &&
	    g->key.addr.af != ADDR_V6)
		return EAFNOSUPPORT;
	/* What brings no descriptor need not wait behind those that do. */
	if (!g->reuse && g->key.kind != SOCK_NONE &&
	    proc_queued_fds(PROC_ENGINE) >= PERMIT_FDS)
		return EAGAIN;
	return permits[g->key.kind](&g->key);
}

static int
permit_open(const struct msg_grant *g, struct msg_socket *out)
{
	static const struct addr	 none;
	const struct addr		*source;
	int				 fd;

	source = distribute_iface_addr(g->key.ifindex, g->key.addr.af);
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

	(void)from;
	fd = -1;
	memset(&out, 0, sizeof(out));
	out.grant = *g;
	out.mtu = iface_mtu(g->key.ifindex);
	out.err = permit_check(g);
	if (out.err == 0 && !g->reuse && g->key.kind != SOCK_NONE)
		fd = permit_open(g, &out);
	if (out.err != 0 && log_ok(&rate, 20, "refused by the system"))
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
