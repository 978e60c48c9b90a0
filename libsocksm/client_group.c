/*
 * client_group.c: the requests of a client on its control connection and the
 * associations that they make and end; it runs in programs of users.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "compat.h"

_Static_assert(SOCKSM_RECEIVE == SOCKS_F_RECEIVE &&
    SOCKSM_SEND == SOCKS_F_SEND, "the directions are those of the wire");

static int
not_understood(struct socksm *s)
{
	return client_fail(s, SOCKSM_LOST, EPROTO,
	    "%s port %s sent what is no reply", s->host, s->port);
}

static int
not_connected(struct socksm *s)
{
	return client_fail(s, SOCKSM_LOST, ENOTCONN, "not connected");
}

struct client_assoc *
client_assoc(struct socksm *s, uint32_t aid)
{
	size_t		 i;

	for (i = 0; i < s->nassoc; i++)
		if (s->assoc[i].aid == aid)
			return &s->assoc[i];
	return NULL;
}

/*
 * Takes one packet off the input: 1 and it is a reply, 0 if there is none yet
 * or it was data, which nobody asked to be encapsulated; -1 lost.
 */
static int
next_reply(struct socksm *s, struct socks_ctl *reply)
{
	uint16_t	 size;
	uint8_t		 type;

	switch (socks_parse_frame(s->in, s->inlen, &type, &size)) {
	case SOCKS_P_BAD:
		return not_understood(s);
	case SOCKS_P_MORE:
		return 0;
	case SOCKS_P_OK:
		break;
	}
	if (type == SOCKS_PKT_REQUEST)
		return not_understood(s);
	if (s->inlen < size)
		return 0;
	if (type == SOCKS_PKT_REPLY)
		socks_parse_control(s->in, size, reply);
	client_consume(s, size);
	return type == SOCKS_PKT_REPLY;
}

/* True if the input begins with a packet that is all there, or with none. */
static int
packet_waits(const struct socksm *s)
{
	uint16_t	 size;
	uint8_t		 type;

	switch (socks_parse_frame(s->in, s->inlen, &type, &size)) {
	case SOCKS_P_BAD:
		return 1;		/* next_reply() will say so */
	case SOCKS_P_MORE:
		return 0;
	case SOCKS_P_OK:
		break;
	}
	return s->inlen >= size;
}

/* Sends a request and waits for the reply with its TID. */
static int
transact(struct socksm *s, struct socks_ctl *req, struct socks_ctl *reply)
{
	uint8_t		 buf[SOCKS_CTL_FIXED + 19 + SOCKS_NAME_MAX + 4];
	int64_t		 deadline = client_deadline(s);
	size_t		 len;
	int		 got;

	req->type = SOCKS_PKT_REQUEST;
	req->tid = ++s->tid;
	if ((len = socks_build_control(buf, sizeof(buf), req)) == 0)
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "the request is too long");
	if (client_write(s, buf, len, deadline) == -1)
		return -1;
	for (;;) {
		if (!packet_waits(s) && client_fill(s, deadline) == -1)
			return -1;
		if ((got = next_reply(s, reply)) == -1)
			return -1;
		if (got && reply->tid == req->tid)
			break;
		/* A server that keeps talking holds nobody either. */
		if (client_now() >= deadline)
			return client_too_late(s);
	}
	return reply->fault == SOCKS_OK ? 0 : not_understood(s);
}

int
socksm_check(struct socksm *s)
{
	struct socks_ctl reply;

	if (s->ctl == -1)
		return not_connected(s);
	if (client_wait(s->ctl, POLLIN, 0) != 1)
		return 0;
	if (client_fill(s, 0) == -1)
		return -1;
	while (packet_waits(s))
		if (next_reply(s, &reply) == -1)
			return -1;
	return 0;
}

/* The port in which we listen; which of our addresses, the server knows. */
static int
local_of(struct socksm *s, struct socks_addr *local)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	struct endpoint		 ep;

	if (getsockname(s->udp, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(&ep, (struct sockaddr *)&ss) == -1)
		return client_fail(s, SOCKSM_LOCAL, errno,
		    "the UDP socket has no address: %s", strerror(errno));
	/* P20: the unspecified address is that of the control connection. */
	memset(ep.addr.b, 0, sizeof(ep.addr.b));
	ep.addr.scope = 0;
	local->ep = ep;
	return 0;
}

static int
remote_of(struct socksm *s, const char *group, uint16_t port,
    struct socks_addr *remote)
{
	struct endpoint	*ep = &remote->ep;

	ep->port = port;
	if (strchr(group, '%') != NULL || port == 0 || *group == '\0' ||
	    strlen(group) > SOCKS_NAME_MAX)
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "\"%.80s\" port %u is no group", group, port);
	if (addr_parse(&ep->addr, group) == -1)
		(void)strlcpy(remote->name, group, sizeof(remote->name));
	else if (!addr_is_multicast(&ep->addr))
		return client_fail(s, SOCKSM_LOCAL, EADDRNOTAVAIL,
		    "%s is no multicast group", group);
	return 0;
}

/* Makes room for one more, so that a grant need not be given back. */
static int
reserve(struct socksm *s)
{
	struct client_assoc	*p;

	p = reallocarray(s->assoc, s->nassoc + 1, sizeof(*p));
	if (p == NULL)
		return client_fail(s, SOCKSM_LOCAL, ENOMEM, "out of memory");
	s->assoc = p;
	return 0;
}

/* LOCAL of the reply: where datagrams go and must come from (P21, P27). */
static int
set_relay(struct socksm *s, struct client_assoc *a, const struct endpoint *ep)
{
	a->relay = *ep;
	if (addr_is_any(&ep->addr))
		a->relay.addr = s->server.addr;
	else if (addr_is_linklocal(&ep->addr) && ep->addr.af == ADDR_V6)
		a->relay.addr.scope = s->server.addr.scope;
	if (a->relay.addr.af != s->server.addr.af || ep->port == 0)
		return -1;
	a->sslen = endpoint_to_sockaddr(&a->relay, &a->ss);
	return 0;
}

static int
release(struct socksm *s, uint32_t aid, int flags, struct socks_ctl *reply)
{
	struct socks_ctl req = { .cmd = SOCKS_UDP_RELEASE, .aid = aid,
			    .flags = (uint16_t)flags };

	return transact(s, &req, reply);
}

static void
forget(struct socksm *s, struct client_assoc *a)
{
	*a = s->assoc[--s->nassoc];
}

/* A grant that we cannot use is given back; then that is the failure. */
static int
unusable(struct socksm *s, uint32_t aid, int error, const char *name,
    const char *why)
{
	struct client_assoc	*a;
	struct socks_ctl	 reply;

	if (release(s, aid, SOCKS_F_DIRECTIONS, &reply) == -1)
		return -1;
	if ((a = client_assoc(s, aid)) != NULL)
		forget(s, a);
	return client_fail(s, SOCKSM_LOCAL, error, "cannot use %s: %s", name,
	    why);
}

/* Notes what was granted, in the room that reserve() made. */
static int
granted(struct socksm *s, const struct socks_ctl *reply, int flags,
    const char *name)
{
	struct client_assoc	*a, fresh = { .aid = reply->aid };

	if (reply->flags & SOCKS_F_MM)
		return unusable(s, reply->aid, EOPNOTSUPP, name,
		    "the server insists on MM-mode");
	if (set_relay(s, &fresh, &reply->local.ep) == -1)
		return unusable(s, reply->aid, EPROTO, name,
		    "the server's relay has no usable address");
	if ((a = client_assoc(s, reply->aid)) == NULL) {
		a = &s->assoc[s->nassoc++];
		*a = fresh;
		(void)strlcpy(a->name, name, sizeof(a->name));
	}
	a->flags |= (uint16_t)flags & SOCKS_F_DIRECTIONS;
	return 0;
}

static const char *
verb(int flags)
{
	switch (flags & SOCKS_F_DIRECTIONS) {
	case SOCKS_F_RECEIVE:
		return "receive from";
	case SOCKS_F_SEND:
		return "send to";
	default:
		return "receive from and send to";
	}
}

int
socksm_bind_group(struct socksm *s, const char *group, uint16_t port,
    int flags, uint8_t ttl, uint32_t *aid)
{
	struct socks_ctl	 req = { .cmd = SOCKS_UDP_BIND }, reply;
	char			 name[sizeof(s->assoc->name)];

	if (s->ctl == -1)
		return not_connected(s);
	if ((flags & SOCKS_F_DIRECTIONS) == 0 ||
	    (flags & ~SOCKS_F_DIRECTIONS) != 0)
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "a group is to receive from, to send to or both");
	if (remote_of(s, group, port, &req.remote) == -1 ||
	    local_of(s, &req.local) == -1 || reserve(s) == -1)
		return -1;
	(void)snprintf(name, sizeof(name), strchr(group, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", group, port);
	/* MU-mode is a preference only; the reply tells (P34). */
	req.flags = (uint16_t)flags | SOCKS_F_UNICAST | SOCKS_F_MULTICAST |
	    SOCKS_F_MU;
	req.rsvd = flags & SOCKS_F_SEND ? ttl : 0;
	req.aid = *aid;
	if (transact(s, &req, &reply) == -1)
		return -1;
	if (reply.cmd == SOCKS_BADTTL)
		return client_refuse(s, reply.cmd, "cannot send to %s with "
		    "TTL %u", name, ttl);
	if (reply.cmd != SOCKS_OK)
		return client_refuse(s, reply.cmd, "cannot %s %s", verb(flags),
		    name);
	if (granted(s, &reply, flags, name) == -1)
		return -1;
	*aid = reply.aid;
	return 0;
}

static struct client_assoc *
find(struct socksm *s, uint32_t aid)
{
	struct client_assoc	*a = client_assoc(s, aid);

	if (s->ctl == -1)
		(void)not_connected(s);
	else if (a == NULL)
		(void)client_fail(s, SOCKSM_LOCAL, ENOENT,
		    "no association 0x%08x", aid);
	return a;
}

int
socksm_release(struct socksm *s, uint32_t aid, int flags)
{
	struct client_assoc	*a;
	struct socks_ctl	 reply;

	if ((a = find(s, aid)) == NULL)
		return -1;
	if (release(s, aid, flags, &reply) == -1)
		return -1;
	if (reply.cmd != SOCKS_OK)
		return client_refuse(s, reply.cmd, "cannot release %s",
		    a->name);
	a->flags &= (uint16_t)~flags;
	if (a->flags == 0)
		forget(s, a);
	return 0;
}

int
socksm_set_ttl(struct socksm *s, uint32_t aid, uint8_t ttl)
{
	struct socks_ctl	 req = { .cmd = SOCKS_SET_TTL, .aid = aid,
				    .rsvd = ttl }, reply;
	struct client_assoc	*a;

	if ((a = find(s, aid)) == NULL)
		return -1;
	if (transact(s, &req, &reply) == -1)
		return -1;
	if (reply.cmd != SOCKS_OK)
		return client_refuse(s, reply.cmd, "cannot set the TTL of %s "
		    "to %u", a->name, ttl);
	return 0;
}
