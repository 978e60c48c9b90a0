/*
 * addr.c: addresses, endpoints and prefixes, their text, order and classes; it
 * runs in every process and makes no system call, but for a named scope.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <net/if.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

/* A class as a prefix: len bits of b. */
struct block {
	uint8_t		 b[4];
	uint8_t		 len;
};

/* What of IPv4 a pass rule's "any" never covers (P45). */
static const struct block protected_v4[] = {
	{ { 0 }, 8 },			/* this network, 0.0.0.0 */
	{ { 127 }, 8 },			/* loopback */
	{ { 169, 254 }, 16 },		/* link-local */
	{ { 224 }, 4 },			/* multicast */
	{ { 240 }, 4 }			/* reserved, 255.255.255.255 */
};

static const uint8_t	 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
			    0xff };
static const uint8_t	 nat64[12] = { 0, 0x64, 0xff, 0x9b };
static const uint8_t	 zero[16];

static int
bits_match(const uint8_t *a, const uint8_t *b, unsigned int len)
{
	unsigned int	 rest = len % 8;

	if (memcmp(a, b, len / 8) != 0)
		return 0;
	return rest == 0 || ((a[len / 8] ^ b[len / 8]) >> (8 - rest)) == 0;
}

static unsigned int
addr_bits(const struct addr *a)
{
	return a->af == ADDR_V4 ? 32 : a->af == ADDR_V6 ? 128 : 0;
}

/* The four octets of an IPv4 address, plain or mapped, else NULL. */
static const uint8_t *
addr_quad(const struct addr *a)
{
	if (a->af == ADDR_V4)
		return a->b;
	if (a->af == ADDR_V6 && memcmp(a->b, mapped, sizeof(mapped)) == 0)
		return a->b + 12;
	return NULL;
}

void
addr_v4(struct addr *a, const void *four)
{
	memset(a, 0, sizeof(*a));
	a->af = ADDR_V4;
	memcpy(a->b, four, 4);
}

/* True where an address means nothing without its interface. */
static int
addr_scoped(const struct addr *a)
{
	if (a->af != ADDR_V6)
		return 0;
	return addr_is_linklocal(a) ||
	    (a->b[0] == 0xff && (a->b[1] & 0x0f) <= 2);
}

void
addr_v6(struct addr *a, const void *sixteen, uint32_t scope)
{
	memset(a, 0, sizeof(*a));
	a->af = ADDR_V6;
	memcpy(a->b, sixteen, 16);
	if (addr_scoped(a))
		a->scope = scope;
}

void
addr_unmap(struct addr *a)
{
	uint8_t		 quad[4];

	if (a->af != ADDR_V6 || addr_quad(a) == NULL)
		return;
	memcpy(quad, a->b + 12, sizeof(quad));
	addr_v4(a, quad);
}

int
endpoint_from_sockaddr(struct endpoint *ep, const struct sockaddr *sa)
{
	struct sockaddr_in	 sin;
	struct sockaddr_in6	 sin6;

	memset(ep, 0, sizeof(*ep));
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&sin, sa, sizeof(sin));
		addr_v4(&ep->addr, &sin.sin_addr);
		ep->port = ntohs(sin.sin_port);
		return 0;
	case AF_INET6:
		memcpy(&sin6, sa, sizeof(sin6));
		addr_v6(&ep->addr, &sin6.sin6_addr, sin6.sin6_scope_id);
		ep->port = ntohs(sin6.sin6_port);
		return 0;
	default:
		return -1;
	}
}

int
addr_from_sockaddr(struct addr *a, const struct sockaddr *sa)
{
	struct endpoint	 ep;
	int		 ret = endpoint_from_sockaddr(&ep, sa);

	*a = ep.addr;
	return ret;
}

socklen_t
endpoint_to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *ss)
{
	struct sockaddr_in	*sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6	*sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	switch (ep->addr.af) {
	case ADDR_V4:
		sin->sin_family = AF_INET;
		sin->sin_port = htons(ep->port);
		memcpy(&sin->sin_addr, ep->addr.b, 4);
		return sizeof(*sin);
	case ADDR_V6:
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(ep->port);
		sin6->sin6_scope_id = ep->addr.scope;
		memcpy(&sin6->sin6_addr, ep->addr.b, 16);
		return sizeof(*sin6);
	default:
		return 0;
	}
}

int
addr_sockaf(const struct addr *a)
{
	return a->af == ADDR_V4 ? AF_INET :
	    a->af == ADDR_V6 ? AF_INET6 : AF_UNSPEC;
}

/* Digits only, no sign, no blank, no more than max: 0 or -1. */
static int
number_parse(const char *s, uint32_t max, uint32_t *n)
{
	uint64_t	 v = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max)
			return -1;
	}
	*n = (uint32_t)v;
	return 0;
}

/* An interface index, or its name, which asks the kernel. */
static int
scope_parse(const char *s, uint32_t *scope)
{
	if (number_parse(s, UINT32_MAX, scope) == -1)
		*scope = if_nametoindex(s);
	return *scope == 0 ? -1 : 0;
}

int
addr_parse(struct addr *a, const char *s)
{
	char		 buf[INET6_ADDRSTRLEN];
	uint8_t		 b[16];
	uint32_t	 scope = 0;
	size_t		 len = strcspn(s, "%");

	memset(a, 0, sizeof(*a));
	if (len >= sizeof(buf))
		return -1;
	memcpy(buf, s, len);
	buf[len] = '\0';
	if (s[len] == '\0' && inet_pton(AF_INET, buf, b) == 1) {
		addr_v4(a, b);
		return 0;
	}
	if (inet_pton(AF_INET6, buf, b) != 1)
		return -1;
	addr_v6(a, b, 0);
	if (s[len] == '\0')
		return 0;
	if (!addr_scoped(a) || scope_parse(s + len + 1, &scope) == -1) {
		memset(a, 0, sizeof(*a));
		return -1;
	}
	a->scope = scope;
	return 0;
}

/* Clears what lies behind the prefix, so that equal prefixes are equal. */
static void
prefix_mask(struct prefix *p)
{
	unsigned int	 i, keep;

	for (i = 0; i < sizeof(p->addr.b); i++) {
		keep = p->len > i * 8 ? p->len - i * 8 : 0;
		if (keep < 8)
			p->addr.b[i] &= (uint8_t)(0xff00 >> keep);
	}
}

/* A prefix inside ::ffff:0:0/96 is the IPv4 one that it stands for (P4). */
static void
prefix_unmap(struct prefix *p)
{
	if (p->addr.af != ADDR_V6 || p->len < 96 || addr_quad(&p->addr) == NULL)
		return;
	addr_unmap(&p->addr);
	p->len -= 96;
}

int
prefix_parse(struct prefix *p, const char *s)
{
	char		 buf[ADDR_STRLEN];
	uint32_t	 len;
	size_t		 n = strcspn(s, "/");

	memset(p, 0, sizeof(*p));
	if (n >= sizeof(buf))
		return -1;
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (addr_parse(&p->addr, buf) == -1)
		return -1;
	len = addr_bits(&p->addr);
	if (s[n] == '/' && number_parse(s + n + 1, len, &len) == -1) {
		memset(p, 0, sizeof(*p));
		return -1;
	}
	p->len = (uint8_t)len;
	prefix_unmap(p);
	prefix_mask(p);
	return 0;
}

const char *
addr_print(const struct addr *a, char *buf, size_t size)
{
	char		 text[INET6_ADDRSTRLEN];

	if (a->af == ADDR_NONE ||
	    inet_ntop(addr_sockaf(a), a->b, text, sizeof(text)) == NULL)
		(void)snprintf(buf, size, "none");
	else if (a->scope != 0)
		(void)snprintf(buf, size, "%s%%%u", text, a->scope);
	else
		(void)snprintf(buf, size, "%s", text);
	return buf;
}

const char *
endpoint_print(const struct endpoint *ep, char *buf, size_t size)
{
	char		 text[ADDR_STRLEN];

	(void)snprintf(buf, size, ep->addr.af == ADDR_V6 ? "[%s]:%u" : "%s:%u",
	    addr_print(&ep->addr, text, sizeof(text)), ep->port);
	return buf;
}

const char *
prefix_print(const struct prefix *p, char *buf, size_t size)
{
	char		 text[ADDR_STRLEN];

	(void)addr_print(&p->addr, text, sizeof(text));
	if (p->len == addr_bits(&p->addr))
		(void)snprintf(buf, size, "%s", text);
	else
		(void)snprintf(buf, size, "%s/%u", text, p->len);
	return buf;
}

int
addr_cmp(const struct addr *a, const struct addr *b)
{
	int		 d;

	if (a->af != b->af)
		return a->af < b->af ? -1 : 1;
	if ((d = memcmp(a->b, b->b, sizeof(a->b))) != 0)
		return d < 0 ? -1 : 1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	return 0;
}

int
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->af == b->af && a->scope == b->scope &&
	    memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int
endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

int
prefix_match(const struct prefix *p, const struct addr *a)
{
	if (p->addr.af != a->af || p->len > addr_bits(a))
		return 0;
	if (p->addr.scope != 0 && p->addr.scope != a->scope)
		return 0;
	return bits_match(p->addr.b, a->b, p->len);
}

int
prefix_within(const struct prefix *inner, const struct prefix *outer)
{
	return inner->len >= outer->len && prefix_match(outer, &inner->addr);
}

int
addr_is_any(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return memcmp(q, zero, 4) == 0;
	return a->af == ADDR_V6 && memcmp(a->b, zero, 16) == 0;
}

int
addr_is_loopback(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return q[0] == 127;
	return a->af == ADDR_V6 && memcmp(a->b, zero, 15) == 0 && a->b[15] == 1;
}

int
addr_is_linklocal(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return q[0] == 169 && q[1] == 254;
	return a->af == ADDR_V6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

int
addr_is_multicast(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return (q[0] & 0xf0) == 0xe0;
	return a->af == ADDR_V6 && a->b[0] == 0xff;
}

int
addr_is_multicast_local(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return q[0] == 224 && q[1] == 0 && q[2] == 0;
	return a->af == ADDR_V6 && a->b[0] == 0xff && (a->b[1] & 0x0f) <= 2;
}

int
addr_is_ssm(const struct addr *a)
{
	const uint8_t	*q = addr_quad(a);

	if (q != NULL)
		return q[0] == 232;
	return a->af == ADDR_V6 && a->b[0] == 0xff &&
	    (a->b[1] & 0xf0) == 0x30 && a->b[2] == 0 && a->b[3] == 0;
}

/*
 * Where in b an IPv4 address is embedded: mapped, NAT64 (RFC 6052) and
 * compatible forms at 12, 6to4 (RFC 3056) at 2; 0 for none (P45).
 */
static unsigned int
embedded_at(const struct addr *a)
{
	if (a->af != ADDR_V6)
		return 0;
	if (memcmp(a->b, mapped, 12) == 0 || memcmp(a->b, nat64, 12) == 0 ||
	    memcmp(a->b, zero, 12) == 0)
		return 12;
	return a->b[0] == 0x20 && a->b[1] == 0x02 ? 2 : 0;
}

int
addr_embedded(const struct addr *a, struct addr *v4)
{
	unsigned int	 at = embedded_at(a);

	if (at != 0)
		addr_v4(v4, a->b + at);
	return at != 0;
}

/* True if len bits of IPv4 lie wholly inside one protected block. */
static int
quad_is_protected(const uint8_t *q, unsigned int len)
{
	size_t		 i;

	for (i = 0; i < sizeof(protected_v4) / sizeof(protected_v4[0]); i++)
		if (len >= protected_v4[i].len &&
		    bits_match(q, protected_v4[i].b, protected_v4[i].len))
			return 1;
	return 0;
}

int
prefix_is_protected(const struct prefix *p)
{
	const struct addr	*a = &p->addr;
	unsigned int		 at;

	if (a->af == ADDR_V4)
		return quad_is_protected(a->b, p->len);
	if (a->af != ADDR_V6)
		return 1;
	if ((at = embedded_at(a)) != 0)
		return p->len >= at * 8 &&
		    quad_is_protected(a->b + at, p->len - at * 8);
	return (p->len >= 10 && addr_is_linklocal(a)) ||
	    (p->len >= 8 && addr_is_multicast(a));
}

int
addr_is_protected(const struct addr *a)
{
	struct prefix	 p = { .addr = *a, .len = (uint8_t)addr_bits(a) };

	return prefix_is_protected(&p);
}

int
addr_same(const struct addr *a, const struct addr *b)
{
	return a->af == b->af && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int
prefix_is_reserved(const struct prefix *net, const struct addr *a)
{
	unsigned int	 i, bits, ones = 0, full;

	full = a->af == ADDR_V4 ? 32 : 128;
	if (net->addr.af != a->af || net->len == 0 || net->len > full - 2 ||
	    !prefix_match(net, a))
		return 0;
	for (i = net->len; i < full; i++)
		ones += (a->b[i / 8] & 0x80 >> i % 8) != 0;
	bits = full - net->len;
	return ones == 0 || (a->af == ADDR_V4 && ones == bits);
}
