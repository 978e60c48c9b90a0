/*
 * value.c: words of the configuration to numbers, names, addresses and ports;
 * it runs in the parent.
 */

#include <sys/types.h>
#include <netinet/in.h>
#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "lex.h"

int
value_number(const struct word *w, const char *what, uint32_t min,
    uint32_t max, uint32_t *v)
{
	const char	*errstr;

	*v = (uint32_t)strtonum(w->s, min, max, &errstr);
	if (errstr == NULL)
		return 0;
	word_error(w, "%s %s: must be a number from %u to %u", what, w->s, min,
	    max);
	return -1;
}

int
value_name(const struct word *w, const char *what, char *buf, size_t size)
{
	const char	*p;

	for (p = w->s; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			break;
	if (*w->s == '\0')
		word_error(w, "%s: must not be empty", what);
	else if (*p != '\0')
		word_error(w, "%s: has a control character", what);
	else if (strlcpy(buf, w->s, size) >= size)
		word_error(w, "%s \"%s\": longer than %zu octets", what, w->s,
		    size - 1);
	else
		return 0;
	buf[0] = '\0';
	return -1;
}

int
value_is_addr(const char *s)
{
	return strchr(s, ':') != NULL || strchr(s, '/') != NULL ||
	    strchr(s, '%') != NULL || s[strspn(s, "0123456789.")] == '\0';
}

/*
 * The name of a host, perhaps with a dot behind it. Its last label is no
 * number (RFC 3696 2), so that "eth0.100" is none.
 */
int
value_is_hostname(const char *s)
{
	size_t		 len = strlen(s), label;
	int		 digits = 1;

	if (len > 0 && s[len - 1] == '.')
		len--;
	if (len == 0 || len > 253)
		return 0;
	while (len > 0) {
		for (label = 0; label < len && (isalnum((unsigned char)
		    s[label]) || s[label] == '-' || s[label] == '_'); label++)
			;
		if (label == 0 || label > 63 || (label < len &&
		    (s[label] != '.' || label + 1 == len)))
			return 0;
		digits = strspn(s, "0123456789") >= label;
		len -= label < len ? label + 1 : label;
		s += label + 1;
	}
	return !digits;
}

/* Why a word is no address. */
static int
addr_refused(const struct word *w, const char *what)
{
	if (strchr(w->s, '%') != NULL)
		word_error(w, "%s %s: an address cannot have a scope here",
		    what, w->s);
	else
		word_error(w, "%s %s: not a valid address", what, w->s);
	return -1;
}

int
value_addr(const struct word *w, struct rule_addr *ra)
{
	struct prefix	 p;

	memset(ra, 0, sizeof(*ra));
	if (strchr(w->s, '%') != NULL || prefix_parse(&p, w->s) == -1)
		return addr_refused(w, "address");
	ra->type = RULE_PREFIX;
	ra->a = p.addr;
	ra->plen = p.len;
	return 0;
}

/* One address, for a listener or an interface. */
int
value_host(const struct word *w, const char *what, struct addr *a)
{
	if (strchr(w->s, '%') != NULL || addr_parse(a, w->s) == -1)
		return addr_refused(w, what);
	addr_unmap(a);
	if (!addr_is_any(a) && !addr_is_multicast(a))
		return 0;
	word_error(w, "%s %s: must be an address of one interface", what, w->s);
	return -1;
}

int
value_range(const struct word *lo, const struct word *hi, struct rule_addr *ra)
{
	memset(ra, 0, sizeof(*ra));
	ra->type = RULE_RANGE;
	if (strchr(lo->s, '%') != NULL || addr_parse(&ra->a, lo->s) == -1)
		return addr_refused(lo, "range from");
	if (strchr(hi->s, '%') != NULL || addr_parse(&ra->b, hi->s) == -1)
		return addr_refused(hi, "range to");
	addr_unmap(&ra->a);
	addr_unmap(&ra->b);
	if (ra->a.af == ra->b.af && addr_cmp(&ra->a, &ra->b) <= 0)
		return 0;
	word_error(lo, "range %s - %s: %s", lo->s, hi->s,
	    ra->a.af == ra->b.af ? "ends before it begins" :
	    "one end is IPv4, the other IPv6");
	return -1;
}

/* A number or the name of a service, of any protocol. */
static int
port_number(const struct word *w, const char *s, uint16_t *port)
{
	const struct servent	*se;
	const char		*errstr;

	if (*s != '\0' && s[strspn(s, "0123456789")] == '\0') {
		*port = (uint16_t)strtonum(s, 0, UINT16_MAX, &errstr);
		if (errstr == NULL)
			return 0;
		word_error(w, "port %s: must be a number from 0 to %u", s,
		    UINT16_MAX);
		return -1;
	}
	if ((se = getservbyname(s, NULL)) == NULL) {
		word_error(w, "port %s: no such service", s);
		return -1;
	}
	*port = ntohs((uint16_t)se->s_port);
	return 0;
}

int
value_port(const struct word *w, int op, struct rule_port *rp)
{
	const char	*colon = strchr(w->s, ':');
	char		*lo;

	memset(rp, 0, sizeof(*rp));
	rp->op = op == OP_NONE ? OP_EQ : (uint8_t)op;
	if (colon == NULL)
		return port_number(w, w->s, &rp->lo);
	if (op != OP_NONE) {
		word_error(w, "port %s: a range takes no operator", w->s);
		return -1;
	}
	rp->op = OP_RANGE;
	lo = scratch_strndup(w->s, (size_t)(colon - w->s));
	if (port_number(w, lo, &rp->lo) == -1 ||
	    port_number(w, colon + 1, &rp->hi) == -1)
		return -1;
	if (rp->lo <= rp->hi)
		return 0;
	word_error(w, "port %s: ends before it begins", w->s);
	return -1;
}
