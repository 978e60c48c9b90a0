/*
 * sockopen.c: every socket of the daemon is created, bound, joined and
 * configured here, in the parent; the other processes are handed them.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "sandbox.h"
#include "sockopen.h"

#define LISTEN_BACKLOG	1024
#define RELAY_BUFFER	(4 * 1024 * 1024)

/* P48: a dead client is noticed after 30 s and three probes, or 120 s. */
#define KEEP_IDLE	30
#define KEEP_INTERVAL	10
#define KEEP_PROBES	3
#define USER_TIMEOUT_MS	120000

/* An int option: where it stands, and what for. */
struct option {
	int	 level;
	int	 name;
	int	 value;
	int	 must;		/* failing is an error */
};

static int
sockopen_options(int s, const struct option *o, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (setsockopt(s, o[i].level, o[i].name, &o[i].value,
		    sizeof(o[i].value)) == -1 && o[i].must)
			return -1;
	return 0;
}

static int
sockopen_fail(int s)
{
	int	 saved = errno;

	if (s != -1)
		close(s);
	errno = saved;
	return -1;
}

static const struct option listen_options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 1, 1 },
};

/* Of both ends of a stream; accepted ones inherit a listener's. */
static const struct option stream_options[] = {
	{ SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
#ifdef TCP_KEEPIDLE
	{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE, 0 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL, 0 },
	{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_PROBES, 0 },
#endif
#ifdef TCP_USER_TIMEOUT
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS, 0 },
#endif
	{ IPPROTO_TCP, TCP_NODELAY, 1, 1 },
};

/* An address that the system still checks for duplicates can be bound. */
static const struct option listen_options_v6[] = {
	{ IPPROTO_IPV6, IPV6_V6ONLY, 1, 1 },
#ifdef IPV6_FREEBIND
	{ IPPROTO_IPV6, IPV6_FREEBIND, 1, 0 },
#endif
};

int
sockopen_listen(const struct endpoint *ep, const char **what)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = endpoint_to_sockaddr(ep, &ss);
	int			 s;

	*what = "socket";
	s = socket(addr_sockaf(&ep->addr),
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return -1;
	*what = "options";
	if (sockopen_options(s, listen_options, nitems(listen_options)) == -1 ||
	    sockopen_options(s, stream_options, nitems(stream_options)) == -1 ||
	    (ep->addr.af == ADDR_V6 && sockopen_options(s, listen_options_v6,
	    nitems(listen_options_v6)) == -1))
		return sockopen_fail(s);
	*what = "bind";
	if (bind(s, (struct sockaddr *)&ss, len) == -1)
		return sockopen_fail(s);
	*what = "listen";
	if (listen(s, LISTEN_BACKLOG) == -1)
		return sockopen_fail(s);
	return s;
}

/* Is somebody listening on that path, or is it left over?  A file stays. */
static int
sockopen_control_used(int s, const struct sockaddr_un *sun)
{
	struct stat	 st;

	if (connect(s, (const struct sockaddr *)sun, sizeof(*sun)) == 0) {
		errno = EADDRINUSE;
		return 1;
	}
	if (errno == ECONNREFUSED && lstat(sun->sun_path, &st) == 0 &&
	    S_ISSOCK(st.st_mode))
		(void)unlink(sun->sun_path);	/* bind tells if it failed */
	return 0;
}

static int
sockopen_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Readable and writable for root and for the group of the daemon's user. */
static int
sockopen_control_owner(const char *path)
{
	struct passwd	*pw = getpwnam(SOCKSMD_USER);

	if (pw == NULL) {
		errno = ENOENT;
		return -1;
	}
	if (chown(path, 0, pw->pw_gid) == -1)
		return -1;
	return chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
}

int
sockopen_control(const char *path, const char **what)
{
	struct sockaddr_un	 sun;
	mode_t			 old;
	int			 s, used, error;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	*what = "path";
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	*what = "socket";
	if ((s = sockopen_unix()) == -1)
		return -1;
	*what = "another socksmd is there";
	used = sockopen_control_used(s, &sun);
	(void)sockopen_fail(s);
	if (used)
		return -1;
	*what = "socket";
	if ((s = sockopen_unix()) == -1)
		return -1;
	*what = "bind";
	old = umask(S_IXUSR | S_IRWXG | S_IRWXO);
	error = bind(s, (struct sockaddr *)&sun, sizeof(sun));
	(void)umask(old);
	if (error == -1)
		return sockopen_fail(s);
	*what = "listen";
	if (sockopen_control_owner(path) == -1 || listen(s, 16) == -1) {
		error = errno;
		(void)unlink(path);
		errno = error;
		return sockopen_fail(s);
	}
	return s;
}

/* What the kernel may hold for us: above rmem_max where we are allowed to. */
static int
sockopen_buffer(int s, int rcv, int snd)
{
	const struct option	 plain[] = {
		{ SOL_SOCKET, SO_RCVBUF, rcv, 1 },
		{ SOL_SOCKET, SO_SNDBUF, snd, 1 },
	};
#ifdef SO_RCVBUFFORCE
	const struct option	 force[] = {
		{ SOL_SOCKET, SO_RCVBUFFORCE, rcv, 1 },
		{ SOL_SOCKET, SO_SNDBUFFORCE, snd, 1 },
	};

	if (sockopen_options(s, force, nitems(force)) == 0)
		return 0;
#endif
	return sockopen_options(s, plain, nitems(plain));
}

/*
 * To the interface, so that even an engine that was taken over sends nothing
 * out of another one; the mark is for the packet filter. By index, because a
 * name is a socket more to look up; nothing leads out of an interface that has
 * gone meanwhile.
 */
static int
sockopen_pin(int s, uint32_t ifindex, uint32_t mark)
{
#ifdef SO_BINDTOIFINDEX
	int	 index = ifindex;

	if (ifindex != 0 && setsockopt(s, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
	    sizeof(index)) == -1)
		return -1;
#else
	char	 name[IF_NAMESIZE];

	if (ifindex != 0 && if_indextoname(ifindex, name) == NULL) {
		errno = ENODEV;
		return -1;
	}
#endif
#ifdef SO_MARK
	if (setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == -1)
		return -1;
#else
	(void)mark;
#endif
	return 0;
}

static const struct option udp_options_v4[] = {
#ifdef IP_PKTINFO
	{ IPPROTO_IP, IP_PKTINFO, 1, 1 },
#else
	{ IPPROTO_IP, IP_RECVDSTADDR, 1, 1 },
	{ IPPROTO_IP, IP_RECVIF, 1, 1 },
#endif
#ifdef IP_MTU_DISCOVER
	/* A forged "fragmentation needed" changes nothing. */
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, 0 },
#endif
};

static const struct option udp_options_v6[] = {
	{ IPPROTO_IPV6, IPV6_V6ONLY, 1, 1 },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, 1 },
#ifdef IPV6_MTU_DISCOVER
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, 0 },
#endif
};

static int
sockopen_udp(uint8_t af)
{
	struct addr	 a = { .af = af };
	int		 s, error;

	s = socket(addr_sockaf(&a), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (s == -1)
		return -1;
	if (af == ADDR_V4)
		error = sockopen_options(s, udp_options_v4,
		    nitems(udp_options_v4));
	else
		error = sockopen_options(s, udp_options_v6,
		    nitems(udp_options_v6));
	return error == -1 ? sockopen_fail(s) : s;
}

static int
sockopen_bind(int s, const struct addr *a, uint16_t port, uint32_t ifindex,
    struct endpoint *bound)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep;
	socklen_t		 len;

	memset(&ep, 0, sizeof(ep));
	ep.addr = *a;
	ep.port = port;
	if (a->af == ADDR_V6 && (addr_is_linklocal(a) ||
	    addr_is_multicast(a)))
		ep.addr.scope = ifindex;
	len = endpoint_to_sockaddr(&ep, &ss);
	if (bind(s, (struct sockaddr *)&ss, len) == -1)
		return -1;
	len = sizeof(ss);
	if (getsockname(s, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	return endpoint_from_sockaddr(bound, (struct sockaddr *)&ss);
}

/* A burst in one piece costs a quarter less to relay (regress/bench). */
static const struct option gro_options[] = {
#ifdef UDP_GRO
	{ IPPROTO_UDP, UDP_GRO, 1, 0 },
#endif
};

/* Inside: no SO_REUSEADDR, or another user could take the datagrams. */
static int
sockopen_relay(int s, const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	(void)source;
	if (sockopen_options(s, gro_options, nitems(gro_options)) == -1 ||
	    sockopen_buffer(s, MAXIMUM((int)buffer, RELAY_BUFFER),
	    RELAY_BUFFER) == -1 ||
	    sockopen_pin(s, k->ifindex, SOCKOPEN_MARK_INSIDE) == -1)
		return -1;
	return sockopen_bind(s, &k->addr, k->port, k->ifindex, bound);
}

static int
sockopen_join(int s, const struct sock_key *k)
{
	struct group_req	 any;
	struct group_source_req	 one;
	struct endpoint		 ep;
	int			 level;

	level = k->addr.af == ADDR_V4 ? IPPROTO_IP : IPPROTO_IPV6;
	memset(&any, 0, sizeof(any));
	memset(&one, 0, sizeof(one));
	memset(&ep, 0, sizeof(ep));
	any.gr_interface = one.gsr_interface = k->ifindex;
	ep.addr = k->addr;
	(void)endpoint_to_sockaddr(&ep, &any.gr_group);
	(void)endpoint_to_sockaddr(&ep, &one.gsr_group);
	if (k->source.af == ADDR_NONE)
		return setsockopt(s, level, MCAST_JOIN_GROUP, &any,
		    sizeof(any));
	ep.addr = k->source;
	(void)endpoint_to_sockaddr(&ep, &one.gsr_source);
	return setsockopt(s, level, MCAST_JOIN_SOURCE_GROUP, &one,
	    sizeof(one));
}

static const struct option group_options[] = {
	{ SOL_SOCKET, SO_REUSEPORT, 1, 1 },	/* not SO_REUSEADDR: P35 */
#ifdef UDP_GRO
	{ IPPROTO_UDP, UDP_GRO, 1, 0 },
#endif
};

/* A group hears its own group and interface, nothing that others joined. */
static int
sockopen_group(int s, const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	const struct option	 v4[] = {
#ifdef IP_MULTICAST_ALL
		{ IPPROTO_IP, IP_MULTICAST_ALL, 0, 1 },
#endif
	};
	const struct option	 v6[] = {
#ifdef IPV6_MULTICAST_ALL
		{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, 0 },
#endif
	};

	(void)source;
	if (sockopen_options(s, group_options, nitems(group_options)) == -1 ||
	    (k->addr.af == ADDR_V4 ?
	    sockopen_options(s, v4, nitems(v4)) :
	    sockopen_options(s, v6, nitems(v6))) == -1 ||
	    sockopen_buffer(s, buffer, 0) == -1 ||
	    sockopen_pin(s, k->ifindex, SOCKOPEN_MARK_EGRESS) == -1 ||
	    sockopen_bind(s, &k->addr, k->port, k->ifindex, bound) == -1)
		return -1;
	return sockopen_join(s, k);
}

static int
sockopen_send_v4(int s, uint32_t ifindex, const struct addr *source)
{
	const struct option	 loop[] = {
		{ IPPROTO_IP, IP_MULTICAST_LOOP, 0, 1 },	/* P40 */
	};
	struct ip_mreqn		 mr;

	memset(&mr, 0, sizeof(mr));
	mr.imr_ifindex = ifindex;
	if (source->af == ADDR_V4)
		memcpy(&mr.imr_address, source->b, 4);
	if (setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &mr, sizeof(mr)) == -1)
		return -1;
	return sockopen_options(s, loop, nitems(loop));
}

static int
sockopen_send_v6(int s, uint32_t ifindex)
{
	const struct option	 v6[] = {
		{ IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, 1 },
		{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, 1 },	/* P40 */
	};

	return sockopen_options(s, v6, nitems(v6));
}

/* Out of one interface; the TTL comes with each datagram. */
static int
sockopen_send(int s, const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	struct addr	 from = { .af = k->addr.af };

	(void)buffer;
	if (source->af == k->addr.af)
		from = *source;
	if (sockopen_buffer(s, 0, RELAY_BUFFER) == -1 ||
	    sockopen_pin(s, k->ifindex, SOCKOPEN_MARK_EGRESS) == -1)
		return -1;
	if ((k->addr.af == ADDR_V4 ?
	    sockopen_send_v4(s, k->ifindex, source) :
	    sockopen_send_v6(s, k->ifindex)) == -1)
		return -1;
	return sockopen_bind(s, &from, 0, k->ifindex, bound);
}

static int
sockopen_from(int s, const struct addr *source)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep = { .addr = *source };
	socklen_t		 len;
#ifdef IP_BIND_ADDRESS_NO_PORT
	const struct option	 late[] = {
		{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0 },
	};

	/* The port by connect(2): one for each destination, not one for all. */
	(void)sockopen_options(s, late, nitems(late));
#endif
	len = endpoint_to_sockaddr(&ep, &ss);
	return bind(s, (struct sockaddr *)&ss, len);
}

/* P6: what the engine gets is on its way; the local address is known now. */
static int
sockopen_connect(const struct sock_key *k, const struct addr *source,
    struct endpoint *bound)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep = { .addr = k->addr, .port = k->port };
	socklen_t		 len;
	int			 s;

	s = socket(addr_sockaf(&k->addr),
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return -1;
	if (sockopen_options(s, stream_options, nitems(stream_options)) == -1 ||
	    sockopen_pin(s, k->ifindex, SOCKOPEN_MARK_EGRESS) == -1 ||
	    (source->af == k->addr.af && sockopen_from(s, source) == -1))
		return sockopen_fail(s);
	if (addr_is_linklocal(&k->addr))
		ep.addr.scope = k->ifindex;
	len = endpoint_to_sockaddr(&ep, &ss);
	if (connect(s, (struct sockaddr *)&ss, len) == -1 &&
	    errno != EINPROGRESS)
		return sockopen_fail(s);
	len = sizeof(ss);
	if (getsockname(s, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(bound, (struct sockaddr *)&ss) == -1)
		return sockopen_fail(s);
	return s;
}

/* What others joined is not for a socket without an address of its own. */
static int
sockopen_unicast(int s, const struct sock_key *k, uint32_t buffer)
{
	static const struct option	 v4[] = {
#ifdef IP_MULTICAST_ALL
		{ IPPROTO_IP, IP_MULTICAST_ALL, 0, 1 },
#endif
	};
	static const struct option	 v6[] = {
#ifdef IPV6_MULTICAST_ALL
		{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, 0 },
#endif
	};

	if (sockopen_options(s, gro_options, nitems(gro_options)) ==
	    -1 || (k->addr.af == ADDR_V4 ?
	    sockopen_options(s, v4, nitems(v4)) :
	    sockopen_options(s, v6, nitems(v6))) == -1 ||
	    sockopen_buffer(s, MAXIMUM((int)buffer, RELAY_BUFFER),
	    RELAY_BUFFER) == -1)
		return -1;
	return sockopen_pin(s, k->ifindex, SOCKOPEN_MARK_EGRESS);
}

/*
 * One of a pool, for whatever REMOTE: the engine says it per datagram. Without
 * an address it would keep groups from its port. So it shares that, but only
 * once it has it: else the system would choose one port for many.
 */
static int
sockopen_egress(int s, const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	static const struct option	 share[] = {
		{ SOL_SOCKET, SO_REUSEPORT, 1, 1 },
	};
	struct addr			 from = k->addr;

	if (addr_is_any(&from) && source->af == from.af)
		from = *source;
	if (sockopen_unicast(s, k, buffer) == -1 ||
	    sockopen_bind(s, &from, 0, k->ifindex, bound) == -1)
		return -1;
	return addr_is_any(&from) ?
	    sockopen_options(s, share, nitems(share)) : 0;
}

/* For one REMOTE; with port 0 (P24) for any port of it, not connected. */
static int
sockopen_dedicated(int s, const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep = { .addr = k->addr, .port = k->port };
	struct addr		 from = { .af = k->addr.af };
	socklen_t		 len;

	if (source->af == k->addr.af)
		from = *source;
	if (sockopen_unicast(s, k, buffer) == -1 ||
	    sockopen_bind(s, &from, 0, k->ifindex, bound) == -1)
		return -1;
	if (k->port == 0)
		return 0;
	len = endpoint_to_sockaddr(&ep, &ss);
	if (connect(s, (struct sockaddr *)&ss, len) == -1)
		return -1;
	len = sizeof(ss);
	if (getsockname(s, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	return endpoint_from_sockaddr(bound, (struct sockaddr *)&ss);
}

void
sockopen_route(const struct addr *to, uint32_t ifindex, struct addr *from)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 ep = { .addr = *to, .port = 9 }, local;
	socklen_t		 len = endpoint_to_sockaddr(&ep, &ss);
	int			 s;

	memset(from, 0, sizeof(*from));
	s = socket(addr_sockaf(to), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (s == -1)
		return;
	if (sockopen_pin(s, ifindex, SOCKOPEN_MARK_EGRESS) == 0 &&
	    connect(s, (struct sockaddr *)&ss, len) == 0) {
		len = sizeof(ss);
		if (getsockname(s, (struct sockaddr *)&ss, &len) == 0 &&
		    endpoint_from_sockaddr(&local,
		    (struct sockaddr *)&ss) == 0)
			*from = local.addr;
	}
	close(s);
}

static int (*const sockopen_kind[SOCK_MAX])(int, const struct sock_key *,
    const struct addr *, uint32_t, struct endpoint *) = {
	[SOCK_RELAY] = sockopen_relay,
	[SOCK_GROUP] = sockopen_group,
	[SOCK_SEND] = sockopen_send,
	[SOCK_EGRESS] = sockopen_egress,
	[SOCK_DEDICATED] = sockopen_dedicated,
};

int
sockopen_key(const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	int	 s;

	if (k->kind == SOCK_CONNECT)
		return sockopen_connect(k, source, bound);
	if (k->kind >= SOCK_MAX || sockopen_kind[k->kind] == NULL) {
		errno = EINVAL;
		return -1;
	}
	if ((s = sockopen_udp(k->addr.af)) == -1)
		return -1;
	if (sockopen_kind[k->kind](s, k, source, buffer, bound) == -1)
		return sockopen_fail(s);
	return s;
}
