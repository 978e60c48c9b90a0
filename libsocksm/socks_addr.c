/*
 * socks_addr.c: one address of a packet (ATYP ADDR PORT), read and judged as
 * far as its form goes (P4), and built; it runs in the engine and in clients.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "cursor.h"
#include "socks.h"

#define LABEL_MAX	63		/* RFC 1035 2.3.4 */

static int
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* No control character, space or octet above 127, no empty label (P4). */
static uint8_t
name_check(const uint8_t *s, size_t n)
{
	size_t		 i, label = 0;

	if (n == 0 || n > SOCKS_NAME_MAX)
		return SOCKS_FAILURE;
	for (i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] >= 0x7f)
			return SOCKS_FAILURE;
		if (s[i] == '.' && label == 0)
			return SOCKS_FAILURE;
		label = s[i] == '.' ? 0 : label + 1;
	}
	return label == 0 ? SOCKS_FAILURE : SOCKS_OK;
}

/*
 * True if the last label is a number, decimal or hexadecimal. No top-level
 * domain is one, but inet_aton(3) makes addresses of such: 127.1, 0x7f000001.
 */
static int
name_is_numeric(const char *s)
{
	const char	*last = strrchr(s, '.');

	last = last == NULL ? s : last + 1;
	if (last[0] == '0' && (last[1] | 0x20) == 'x') {
		for (last += 2; is_hex((uint8_t)*last); last++)
			;
		return *last == '\0';
	}
	while (is_digit((uint8_t)*last))
		last++;
	return *last == '\0';
}

/* True if a label is too long for any DNS, so that it cannot resolve. */
static int
name_unresolvable(const char *s)
{
	size_t		 n;

	for (; *s != '\0'; s += n + (s[n] == '.'))
		if ((n = strcspn(s, ".")) > LABEL_MAX)
			return 1;
	return 0;
}

/* A name that is an address becomes it; else it must look like a name. */
static uint8_t
name_judge(struct socks_addr *sa)
{
	/* Before addr_parse, which would ask the kernel about the scope. */
	if (strchr(sa->name, '%') != NULL)
		return SOCKS_HOSTUNREACH;
	if (addr_parse(&sa->ep.addr, sa->name) == 0) {
		addr_unmap(&sa->ep.addr);
		memset(sa->name, 0, sizeof(sa->name));
		return SOCKS_OK;
	}
	if (strchr(sa->name, ':') != NULL || name_is_numeric(sa->name) ||
	    name_unresolvable(sa->name))
		return SOCKS_HOSTUNREACH;
	return SOCKS_OK;
}

static void
name_read(struct socks_addr *sa, const uint8_t *s, size_t n)
{
	if (n > 0 && s[n - 1] == '.')
		n--;
	if ((sa->fault = name_check(s, n)) != SOCKS_OK)
		return;
	memcpy(sa->name, s, n);
	sa->name[n] = '\0';
	if ((sa->fault = name_judge(sa)) != SOCKS_OK)
		memset(sa->name, 0, sizeof(sa->name));
}

/* ADDR of the given type: 0, or -1 if it is not all there. */
static int
body_read(struct cursor *c, uint8_t atyp, struct socks_addr *sa)
{
	const uint8_t	*p;
	uint8_t		 n = atyp == SOCKS_ATYP_V4 ? 4 : 16;

	if (atyp == SOCKS_ATYP_NAME && cursor_get_n8(c, &n) == -1)
		return -1;
	if ((p = cursor_take(c, n)) == NULL)
		return -1;
	if (atyp == SOCKS_ATYP_V4)
		addr_v4(&sa->ep.addr, p);
	else if (atyp == SOCKS_ATYP_V6) {
		addr_v6(&sa->ep.addr, p, 0);
		addr_unmap(&sa->ep.addr);
	} else
		name_read(sa, p, n);
	return 0;
}

enum socks_parse
socks_parse_addr(const uint8_t *buf, size_t len, size_t *used,
    struct socks_addr *sa)
{
	struct cursor	 c = { buf, len };
	uint8_t		 atyp;

	memset(sa, 0, sizeof(*sa));
	*used = 0;
	if (cursor_get_n8(&c, &atyp) == -1)
		return SOCKS_P_MORE;
	if (atyp != SOCKS_ATYP_V4 && atyp != SOCKS_ATYP_NAME &&
	    atyp != SOCKS_ATYP_V6) {
		sa->fault = SOCKS_BADATYP;
		*used = len;
		return SOCKS_P_OK;
	}
	if (body_read(&c, atyp, sa) == -1 ||
	    cursor_get_n16(&c, &sa->ep.port) == -1) {
		memset(sa, 0, sizeof(*sa));
		return SOCKS_P_MORE;
	}
	*used = len - c.left;
	return SOCKS_P_OK;
}

/* What is not populated is X'01' 0.0.0.0 port 0 (P13). */
size_t
socks_build_endpoint(uint8_t *buf, size_t size, const struct endpoint *ep)
{
	size_t		 n = ep->addr.af == ADDR_V6 ? 16 : 4;

	if (size < 1 + n + 2)
		return 0;
	buf[0] = ep->addr.af == ADDR_V6 ? SOCKS_ATYP_V6 : SOCKS_ATYP_V4;
	memset(buf + 1, 0, n + 2);
	if (ep->addr.af != ADDR_NONE) {
		memcpy(buf + 1, ep->addr.b, n);
		store_n16(buf + 1 + n, ep->port);
	}
	return 1 + n + 2;
}

size_t
socks_build_addr(uint8_t *buf, size_t size, const struct socks_addr *sa)
{
	size_t		 n = strlen(sa->name);

	if (sa->ep.addr.af != ADDR_NONE || n == 0)
		return socks_build_endpoint(buf, size, &sa->ep);
	if (size < 2 + n + 2)
		return 0;
	buf[0] = SOCKS_ATYP_NAME;
	buf[1] = (uint8_t)n;
	memcpy(buf + 2, sa->name, n);
	store_n16(buf + 2 + n, sa->ep.port);
	return 2 + n + 2;
}
