/*
 * dns.c: builds a question for addresses and reads its answer; runs in the
 * resolver. What it reads was written by strangers: bounds come first.
 */

#include <sys/types.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "dns.h"

#define HEADER		12
#define LABEL_MAX	63
#define ALIASES		16	/* links of a chain that are followed */

#define F_QR		0x8000
#define F_OPCODE	0x7800
#define F_TC		0x0200
#define F_RD		0x0100
#define RCODE(flags)	((flags) & 0x000f)

#define RCODE_OK	0
#define RCODE_FORMAT	1
#define RCODE_NXNAME	3
#define RCODE_NOTIMP	4

#define CLASS_IN	1
#define TYPE_OPT	41

/* A message and where in it we are; what does not fit sets bad. */
struct reader {
	const uint8_t	*p;
	size_t		 len;
	size_t		 off;
	int		 bad;
};

/* A record, its data not looked at yet. */
struct record {
	uint8_t		 name[DNS_NAMELEN];
	size_t		 namelen;
	uint16_t	 type;
	uint16_t	 class;
	size_t		 data;		/* offset */
	uint16_t	 datalen;
};

int
dns_name(struct dns_question *q, const char *name)
{
	size_t	 label, o = 0;

	while (*name != '\0') {
		label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX ||
		    o + 1 + label + 1 > sizeof(q->name))
			return -1;
		q->name[o++] = (uint8_t)label;
		memcpy(q->name + o, name, label);
		o += label;
		name += label;
		if (*name == '.' && *++name == '\0')
			return -1;	/* the last dot is gone already */
	}
	if (o == 0)
		return -1;
	q->name[o++] = 0;
	q->len = (uint8_t)o;
	return 0;
}

/*
 * Octets of a name in wire form that are letters are no lengths: those are at
 * most 63, below 'A'.
 */
void
dns_mix(struct dns_question *q)
{
	uint8_t	 coins[DNS_NAMELEN], i;

	arc4random_buf(coins, q->len);
	for (i = 0; i < q->len; i++)
		if (isalpha(q->name[i]) && (coins[i] & 1))
			q->name[i] ^= 0x20;
}

static size_t
put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
	return 2;
}

/* RFC 6891: an empty OPT that tells the size we take. */
static size_t
put_opt(uint8_t *p)
{
	memset(p, 0, 11);
	(void)put16(p + 1, TYPE_OPT);
	(void)put16(p + 3, DNS_ANSWERLEN);
	return 11;
}

size_t
dns_build(const struct dns_question *q, uint8_t buf[DNS_QUERYLEN])
{
	size_t	 o = HEADER;

	memset(buf, 0, HEADER);
	(void)put16(buf, q->id);
	(void)put16(buf + 2, F_RD);
	(void)put16(buf + 4, 1);
	(void)put16(buf + 10, q->edns ? 1 : 0);
	memcpy(buf + o, q->name, q->len);
	o += q->len;
	o += put16(buf + o, q->type);
	o += put16(buf + o, CLASS_IN);
	if (q->edns)
		o += put_opt(buf + o);
	return o;
}

static uint16_t
get16(struct reader *r)
{
	uint16_t	 v;

	if (r->bad || r->len - r->off < 2) {
		r->bad = 1;
		return 0;
	}
	v = (uint16_t)(r->p[r->off] << 8 | r->p[r->off + 1]);
	r->off += 2;
	return v;
}

static void
skip(struct reader *r, size_t n)
{
	if (r->bad || r->len - r->off < n)
		r->bad = 1;
	else
		r->off += n;
}

/* One label at *at, or a jump; -1: it is broken, 0: it was the last, else 1. */
static int
get_label(struct reader *r, size_t *at, size_t *floor, int *jumped,
    struct record *rec)
{
	uint8_t	 c;
	size_t	 i, to;

	if (*at >= r->len)
		return -1;
	c = r->p[*at];
	if ((c & 0xc0) == 0xc0) {
		if (*at + 2 > r->len)
			return -1;
		to = (size_t)(c & 0x3f) << 8 | r->p[*at + 1];
		if (to >= *floor)
			return -1;	/* only backwards: that ends */
		if (!*jumped)
			r->off = *at + 2;
		*jumped = 1;
		*at = *floor = to;
		return 1;
	}
	if (c > LABEL_MAX || *at + 1 + c > r->len ||
	    rec->namelen + 1 + c > sizeof(rec->name))
		return -1;
	rec->name[rec->namelen++] = c;
	for (i = 0; i < c; i++)
		rec->name[rec->namelen++] =
		    (uint8_t)tolower(r->p[*at + 1 + i]);
	*at += 1 + (size_t)c;
	return c != 0;
}

/* A name in lower case, its aliases within the message followed. */
static void
get_name(struct reader *r, struct record *rec)
{
	size_t	 at = r->off, floor = r->off;
	int	 jumped = 0, more;

	rec->namelen = 0;
	if (r->bad)
		return;
	do
		more = get_label(r, &at, &floor, &jumped, rec);
	while (more == 1);
	if (more == -1)
		r->bad = 1;
	else if (!jumped)
		r->off = at;
}

static void
get_record(struct reader *r, struct record *rec)
{
	get_name(r, rec);
	rec->type = get16(r);
	rec->class = get16(r);
	skip(r, 4);			/* TTL: nothing is kept */
	rec->datalen = get16(r);
	rec->data = r->off;
	skip(r, rec->datalen);
}

static int
is_name(const struct record *rec, const uint8_t *name, size_t len)
{
	return rec->namelen == len && memcmp(rec->name, name, len) == 0;
}

static void
add_address(const struct dns_question *q, const struct reader *r,
    const struct record *rec, struct addr *a, uint8_t *n, uint8_t max)
{
	size_t	 want = q->type == DNS_A ? 4 : 16;

	if (rec->datalen != want || *n == max)
		return;
	if (q->type == DNS_A)
		addr_v4(&a[(*n)++], r->p + rec->data);
	else
		addr_v6(&a[(*n)++], r->p + rec->data, 0);
}

/*
 * One walk through the answers: takes the addresses of name, or, and then no
 * more, the name that it is an alias of; 1 if that was so.
 */
static int
walk(const struct dns_question *q, struct reader *r, uint16_t count,
    struct record *name, struct addr *a, uint8_t *n, uint8_t max)
{
	struct record	 rec, target;
	struct reader	 data;

	memset(&target, 0, sizeof(target));

	while (count-- > 0 && !r->bad) {
		get_record(r, &rec);
		if (r->bad || rec.class != CLASS_IN ||
		    !is_name(&rec, name->name, name->namelen))
			continue;
		if (rec.type == q->type)
			add_address(q, r, &rec, a, n, max);
		if (rec.type != DNS_CNAME)
			continue;
		data = *r;
		data.off = rec.data;
		get_name(&data, &target);
		if (data.bad || data.off != rec.data + rec.datalen)
			continue;
		*name = target;
		return 1;
	}
	return 0;
}

/* Aliases stand before what they lead to, but nothing says that they must. */
static void
answers(const struct dns_question *q, const struct reader *begin,
    uint16_t count, struct addr *a, uint8_t *n, uint8_t max)
{
	struct reader	 r;
	struct record	 name;
	size_t		 i;
	int		 links;

	name.namelen = q->len;
	for (i = 0; i < q->len; i++)
		name.name[i] = (uint8_t)tolower(q->name[i]);
	for (links = 0; links < ALIASES; links++) {
		r = *begin;
		if (!walk(q, &r, count, &name, a, n, max))
			break;
	}
}

/* Is it about what was asked, in the very same letters? */
static int
is_answer(const struct dns_question *q, const uint8_t *p, size_t len)
{
	uint16_t	 flags;

	if (len < HEADER + (size_t)q->len + 4)
		return 0;
	flags = (uint16_t)(p[2] << 8 | p[3]);
	return p[0] == q->id >> 8 && p[1] == (q->id & 0xff) &&
	    (flags & (F_QR | F_OPCODE)) == F_QR && p[4] == 0 && p[5] == 1 &&
	    memcmp(p + HEADER, q->name, q->len) == 0 &&
	    p[HEADER + q->len] == q->type >> 8 &&
	    p[HEADER + q->len + 1] == (q->type & 0xff) &&
	    p[HEADER + q->len + 2] == 0 &&
	    p[HEADER + q->len + 3] == CLASS_IN;
}

enum dns_result
dns_parse(const struct dns_question *q, const uint8_t *p, size_t len,
    struct addr *a, uint8_t *n, uint8_t max)
{
	struct reader	 r = { .p = p, .len = len };
	uint16_t	 flags, count;
	uint8_t		 before = *n;

	if (!is_answer(q, p, len))
		return DNS_FOREIGN;
	flags = (uint16_t)(p[2] << 8 | p[3]);
	count = (uint16_t)(p[6] << 8 | p[7]);
	if (q->edns && (RCODE(flags) == RCODE_FORMAT ||
	    RCODE(flags) == RCODE_NOTIMP))
		return DNS_PLAIN;
	if (RCODE(flags) == RCODE_NXNAME)
		return DNS_NXNAME;
	if (RCODE(flags) != RCODE_OK)
		return DNS_FAILED;
	r.off = HEADER + (size_t)q->len + 4;
	answers(q, &r, count, a, n, max);
	if (*n > before)
		return DNS_FOUND;	/* cut off or not: some will do */
	return flags & F_TC ? DNS_FAILED : DNS_NODATA;
}
