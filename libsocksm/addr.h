/*
 * addr.h: addresses, endpoints and prefixes as plain data without pointers,
 * safe to send between processes; their comparison, classes and text.
 */

#ifndef ADDR_H
#define ADDR_H

#include <sys/types.h>
#include <sys/socket.h>
#include <stdint.h>

#define ADDR_NONE	0
#define ADDR_V4		4
#define ADDR_V6		6

/* Longest text of an address with a scope, and of "[address%scope]:port". */
#define ADDR_STRLEN	64
#define ENDPOINT_STRLEN	76

/* An IPv4 or IPv6 address. Unused octets of b are zero: memcmp compares. */
struct addr {
	uint8_t		 af;		/* ADDR_NONE, ADDR_V4, ADDR_V6 */
	uint8_t		 pad[3];
	uint32_t	 scope;		/* interface index, link-local only */
	uint8_t		 b[16];		/* network order, IPv4 in the first 4 */
};

struct endpoint {
	struct addr	 addr;
	uint16_t	 port;		/* host order */
	uint16_t	 pad;
};

struct prefix {
	struct addr	 addr;		/* host bits are zero */
	uint8_t		 len;
	uint8_t		 pad[3];
};

/* Conversion; both give 0, or -1 for a family that is neither. */
int	 addr_from_sockaddr(struct addr *, const struct sockaddr *);
int	 endpoint_from_sockaddr(struct endpoint *, const struct sockaddr *);
/* Fills ss and returns its length, 0 for ADDR_NONE. */
socklen_t endpoint_to_sockaddr(const struct endpoint *,
	    struct sockaddr_storage *);
int	 addr_sockaf(const struct addr *);	/* AF_INET, AF_INET6, AF_UNSPEC */

/*
 * Text; the print functions return their buffer. Parsing gives 0 or -1, is
 * strict and looks up nothing but the name of an interface behind a '%', so a
 * sandboxed process may hand it no text with one; printing gives the index.
 * A prefix has its host bits cleared; one of ::ffff:0:0/96 becomes IPv4.
 */
int	 addr_parse(struct addr *, const char *);
int	 prefix_parse(struct prefix *, const char *);	/* "a", "a/len" */
const char *addr_print(const struct addr *, char *, size_t);
const char *endpoint_print(const struct endpoint *, char *, size_t);
const char *prefix_print(const struct prefix *, char *, size_t);

/* Comparison. addr_cmp orders by family, then numerically, then by scope. */
int	 addr_cmp(const struct addr *, const struct addr *);
int	 addr_eq(const struct addr *, const struct addr *);
int	 endpoint_eq(const struct endpoint *, const struct endpoint *);
/* A prefix without scope matches every scope. Unmap the address before. */
int	 prefix_match(const struct prefix *, const struct addr *);
int	 prefix_within(const struct prefix *inner, const struct prefix *outer);
/* Equal but for the scope: a link-local address of ours is ours with any. */
int	 addr_same(const struct addr *, const struct addr *);
/*
 * An address of that network which is no single host's: the first and the
 * last in IPv4, the subnet-router anycast in IPv6 (RFC 4291 2.6.1). The
 * network may have its host bits set.
 */
int	 prefix_is_reserved(const struct prefix *, const struct addr *);

/* The address with a mapped IPv4 address (::ffff:a.b.c.d) unmapped (P4). */
void	 addr_unmap(struct addr *);
void	 addr_v4(struct addr *, const void *four_octets);
/* The scope is kept only where the address needs one. */
void	 addr_v6(struct addr *, const void *sixteen_octets, uint32_t scope);

/* Classes. A mapped address is of the class of the IPv4 address in it. */
int	 addr_is_any(const struct addr *);
int	 addr_is_loopback(const struct addr *);
int	 addr_is_linklocal(const struct addr *);	/* unicast link-local */
int	 addr_is_multicast(const struct addr *);
int	 addr_is_multicast_local(const struct addr *);	/* P43 */
int	 addr_is_ssm(const struct addr *);		/* 232/8, ff3x::/32 */
/*
 * The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one: 1 and it
 * is in the second argument, else 0.
 */
int	 addr_embedded(const struct addr *, struct addr *v4);
/*
 * Destinations that "any" never covers, as far as the address alone tells
 * (P45); the server's own addresses and broadcasts, embedded ones too, are
 * added by policy. Multicast is among them: where a rule means groups
 * (receive, send, deliver) do not ask. ADDR_NONE is protected.
 */
int	 addr_is_protected(const struct addr *);
/* A prefix that lies wholly inside one protected block (P45). */
int	 prefix_is_protected(const struct prefix *);

#endif
