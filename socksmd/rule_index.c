/*
 * rule_index.c: finds the rules that may match a question without walking all
 * of them; it runs in policy.
 */

#include <sys/queue.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "rule.h"
#include "rule_index.h"

/*
 * Each rule stands in one bucket, under the criterion that it shares with the
 * fewest others. A bucket's name is a hash of the criterion alone: that two
 * of them fall together only makes candidates that do not match. An address
 * or a port is found by its prefixes of all lengths that occur; a range stands
 * under the longest prefix that both its ends have, so that of ranges that do
 * not overlap there is one for each length.
 */
struct bucket {
	uint64_t		 key;		/* 0: free */
	uint32_t		 first;		/* in rule[] */
	uint32_t		 n;
};

struct buckets {
	struct bucket		*b;
	uint32_t		 size;		/* a power of 2 */
};

struct rule_index {
	struct buckets		 buckets;
	struct rule_node	**rule;		/* bucket by bucket */
	unsigned int		 dims;		/* that have rules */
	uint64_t		 lens[2][2][3];	/* to and from, by family */
	uint32_t		 port_lens;
	const struct user_node	**user;		/* by name */
	uint32_t		 nuser;
};

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	return h;
}

static uint64_t
key_of(enum rule_dim dim, unsigned int len, uint64_t hi, uint64_t lo)
{
	uint64_t	 h;

	h = mix(hi + ((uint64_t)dim << 8 | len) * 0x9e3779b97f4a7c15ULL);
	h = mix(h ^ mix(lo * 0xff51afd7ed558ccdULL + 1));
	return h != 0 ? h : 1;
}

/* From the end: the suffixes of a name are found on the way. */
static uint64_t
char_hash(uint64_t h, char c)
{
	return (h ^ (uint64_t)tolower((unsigned char)c)) * 0x100000001b3ULL;
}

static uint64_t
string_hash(const char *s, size_t len)
{
	uint64_t	 h = 0xcbf29ce484222325ULL;

	while (len > 0)
		h = char_hash(h, s[--len]);
	return h;
}

static uint64_t
string_key(enum rule_dim dim, const char *s)
{
	return key_of(dim, 0, string_hash(s, strlen(s)), 0);
}

static uint64_t
word64(const uint8_t *b, unsigned int len)
{
	uint64_t	 v = 0;
	int		 i;

	for (i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return len == 0 ? 0 : len >= 64 ? v : v & ~(~0ULL >> len);
}

/* The first len bits; IPv4 stands in the first octets. */
static uint64_t
addr_key(enum rule_dim dim, const struct addr *a, unsigned int len)
{
	return key_of(dim, len, word64(a->b, len),
	    (len > 64 ? word64(a->b + 8, len - 64) : 0) + a->af);
}

static unsigned int
common_bits(const struct addr *a, const struct addr *b)
{
	unsigned int	 i, max = a->af == ADDR_V4 ? 32 : 128;

	for (i = 0; i < max; i++)
		if ((a->b[i / 8] ^ b->b[i / 8]) & (0x80 >> (i % 8)))
			break;
	return i;
}

/* How many bits of an address name a rule's side; -1: it has no such name. */
static int
side_len(const struct rule_addr *ra)
{
	unsigned int	 max = ra->a.af == ADDR_V4 ? 32 : 128;

	if (ra->neg || (ra->a.af != ADDR_V4 && ra->a.af != ADDR_V6))
		return -1;
	if (ra->type == RULE_PREFIX)
		return (int)(ra->plen < max ? ra->plen : max);
	return ra->type == RULE_RANGE ? (int)common_bits(&ra->a, &ra->b) : -1;
}

/* The ports of a rule as a range; 0: all but one, or any. */
static int
port_range(const struct rule_port *rp, uint16_t *lo, uint16_t *hi)
{
	*lo = rp->op == OP_GT || rp->op == OP_GE || rp->op == OP_EQ ||
	    rp->op == OP_RANGE ? rp->lo : 0;
	*hi = rp->op == OP_LT || rp->op == OP_LE || rp->op == OP_EQ ? rp->lo :
	    rp->op == OP_RANGE ? rp->hi : UINT16_MAX;
	return rp->op != OP_NONE && rp->op != OP_NE;
}

static unsigned int
port_len(uint16_t lo, uint16_t hi)
{
	unsigned int	 len = 16;

	for (; lo != hi; len--) {
		lo >>= 1;
		hi >>= 1;
	}
	return len;
}

static uint64_t
port_key(uint16_t port, unsigned int len)
{
	return key_of(DIM_PORT, len, (uint64_t)port >> (16 - len), 0);
}

/* Of the rules that can be found by nothing. */
static uint64_t
rest_key(void)
{
	return key_of(DIM_REST, 0, 0, 0);
}

/* The name of the bucket that a rule has in a dimension; 0: it has none. */
static uint64_t
rule_key(const struct rule *r, enum rule_dim dim)
{
	const struct rule_addr	*ra = dim == DIM_TO ? &r->to : &r->from;
	uint16_t		 lo, hi;
	unsigned int		 wild;

	switch (dim) {
	case DIM_TO:
	case DIM_FROM:
		return side_len(ra) == -1 ? 0 :
		    addr_key(dim, &ra->a, (unsigned int)side_len(ra));
	case DIM_USER:
		return r->user[0] == '\0' ? 0 : string_key(dim, r->user);
	case DIM_GROUP:
		return r->group[0] == '\0' ? 0 : string_key(dim, r->group);
	case DIM_LISTENER:
		return r->listener[0] == '\0' ? 0 :
		    string_key(dim, r->listener);
	case DIM_DOMAIN:
		wild = r->domain[0] == '*';
		return r->domain[0] == '\0' ? 0 : key_of(dim, wild,
		    string_hash(r->domain + 2 * wild,
		    strlen(r->domain + 2 * wild)), 0);
	case DIM_PORT:
		return port_range(&r->port, &lo, &hi) == 0 ? 0 :
		    port_key(lo, port_len(lo, hi));
	default:
		return rest_key();
	}
}

static struct bucket *
bucket_of(const struct buckets *t, uint64_t key)
{
	uint32_t	 i = (uint32_t)key & (t->size - 1);

	while (t->b[i].key != 0 && t->b[i].key != key)
		i = (i + 1) & (t->size - 1);
	return &t->b[i];
}

static int
buckets_init(struct buckets *t, size_t keys)
{
	for (t->size = 16; t->size < 2 * keys; )
		t->size *= 2;
	return (t->b = calloc(t->size, sizeof(*t->b))) == NULL ? -1 : 0;
}

static void
bucket_count(struct buckets *t, uint64_t key)
{
	struct bucket	*b = bucket_of(t, key);

	b->key = key;
	b->n++;
}

/* Of the dimensions a rule has a name in, that of the fewest namesakes. */
static enum rule_dim
rule_choose(const struct rule *r, const struct buckets *seen,
    unsigned int dims)
{
	enum rule_dim	 best = DIM_REST;
	uint32_t	 n, least = UINT32_MAX;
	uint64_t	 key;
	int		 d;

	for (d = 0; d < DIM_REST; d++) {
		if ((dims & DIM_BIT(d)) == 0 || (key = rule_key(r, d)) == 0)
			continue;
		n = bucket_of(seen, key)->n;
		if (n < least) {
			least = n;
			best = d;
		}
	}
	return best;
}

static void
index_lens(struct rule_index *x, const struct rule *r, enum rule_dim dim)
{
	const struct rule_addr	*ra = dim == DIM_TO ? &r->to : &r->from;
	uint16_t		 lo, hi;
	unsigned int		 len;

	x->dims |= DIM_BIT(dim);
	if (dim == DIM_TO || dim == DIM_FROM) {
		len = (unsigned int)side_len(ra);
		x->lens[dim][ra->a.af == ADDR_V6][len / 64] |=
		    1ULL << (len % 64);
	} else if (dim == DIM_PORT) {
		(void)port_range(&r->port, &lo, &hi);
		x->port_lens |= 1U << port_len(lo, hi);
	}
}

/* Whom each criterion is shared with. */
static int
index_survey(struct buckets *seen, struct rule_node *const *all, uint32_t n,
    unsigned int dims)
{
	uint64_t	 key;
	uint32_t	 i;
	int		 d;

	if (buckets_init(seen, (size_t)n * DIM_REST) == -1)
		return -1;
	for (i = 0; i < n; i++)
		for (d = 0; d < DIM_REST; d++)
			if (dims & DIM_BIT(d) &&
			    (key = rule_key(&all[i]->rule, d)) != 0)
				bucket_count(seen, key);
	return 0;
}

/* Each bucket's rules stand together, in the order of their numbers. */
static void
index_fill(struct rule_index *x, struct rule_node *const *all, uint32_t n,
    const uint8_t *dim)
{
	struct bucket	*b;
	uint32_t	 i, first = 0;

	for (i = 0; i < n; i++) {
		bucket_count(&x->buckets, rule_key(&all[i]->rule, dim[i]));
		index_lens(x, &all[i]->rule, dim[i]);
	}
	for (b = x->buckets.b; b < x->buckets.b + x->buckets.size; b++) {
		b->first = first;
		first += b->n;
		b->n = 0;
	}
	for (i = 0; i < n; i++) {
		b = bucket_of(&x->buckets, rule_key(&all[i]->rule, dim[i]));
		x->rule[b->first + b->n++] = all[i];
	}
}

static int
index_rules(struct rule_index *x, struct rule_node *const *all, uint32_t n,
    unsigned int dims)
{
	struct buckets	 seen = { NULL, 0 };
	uint8_t		*dim = calloc(n + 1, 1);
	uint32_t	 i;
	int		 ret = -1;

	x->rule = calloc((size_t)n + 1, sizeof(*x->rule));
	if (dim != NULL && x->rule != NULL &&
	    buckets_init(&x->buckets, n) == 0 &&
	    index_survey(&seen, all, n, dims) == 0) {
		for (i = 0; i < n; i++)
			dim[i] = (uint8_t)rule_choose(&all[i]->rule, &seen,
			    dims);
		index_fill(x, all, n, dim);
		ret = 0;
	}
	free(seen.b);
	free(dim);
	return ret;
}

static const struct user_node **
user_slot(const struct rule_index *x, const char *name)
{
	uint32_t	 i;

	i = (uint32_t)mix(string_hash(name, strlen(name))) & (x->nuser - 1);
	while (x->user[i] != NULL && strcmp(x->user[i]->name, name) != 0)
		i = (i + 1) & (x->nuser - 1);
	return &x->user[i];
}

static int
index_users(struct rule_index *x, const struct user_list *users)
{
	const struct user_node	*u, **slot;
	size_t			 n = 0;

	TAILQ_FOREACH(u, users, entry)
		n++;
	for (x->nuser = 16; x->nuser < 2 * n; )
		x->nuser *= 2;
	if ((x->user = calloc(x->nuser, sizeof(*x->user))) == NULL)
		return -1;
	TAILQ_FOREACH(u, users, entry)
		if (*(slot = user_slot(x, u->name)) == NULL)
			*slot = u;
	return 0;
}

struct rule_index *
rule_index_new(const struct ruleset *rs, uint8_t commands, unsigned int dims)
{
	struct rule_index	*x = calloc(1, sizeof(*x));
	struct rule_node	*r, **all;
	size_t			 n = 0;
	int			 bad;

	TAILQ_FOREACH(r, &rs->rules, entry)
		n++;
	all = calloc(n + 1, sizeof(struct rule_node *));
	if ((bad = x == NULL || all == NULL) == 0) {
		n = 0;
		TAILQ_FOREACH(r, &rs->rules, entry)
			if (r->rule.commands & commands)
				all[n++] = r;
		bad = index_rules(x, all, (uint32_t)n, dims) == -1 ||
		    index_users(x, &rs->users) == -1;
	}
	free(all);
	if (!bad)
		return x;
	rule_index_free(x);
	return NULL;
}

void
rule_index_free(struct rule_index *x)
{
	if (x == NULL)
		return;
	free(x->buckets.b);
	free(x->rule);
	free(x->user);
	free(x);
}

int
ruleset_index(struct ruleset *rs)
{
	const struct rule_node	*last = TAILQ_LAST(&rs->rules, rule_list);

	rule_index_free(rs->index);
	rule_index_free(rs->deliver);
	rs->index = rs->deliver = NULL;
	if (last == NULL || last->rule.nr + 1 < RULE_INDEX_MIN)
		return 0;
	rs->index = rule_index_new(rs, CMD_SIX | CMD_DELIVER, DIMS_ALL);
	rs->deliver = rule_index_new(rs, CMD_DELIVER, DIM_BIT(DIM_TO) |
	    DIM_BIT(DIM_PORT));
	return rs->index == NULL || rs->deliver == NULL ? -1 : 0;
}

int
rule_index_groups(const struct rule_index *x)
{
	return (x->dims & DIM_BIT(DIM_GROUP)) != 0;
}

const struct user_node *
rule_index_user(const struct ruleset *rs, const char *name)
{
	const struct user_node	*u;

	if (rs->index != NULL)
		return *user_slot(rs->index, name);
	TAILQ_FOREACH(u, &rs->users, entry)
		if (strcmp(u->name, name) == 0)
			break;
	return u;
}

static void
cursor_add(struct rule_cursor *c, uint64_t key)
{
	const struct bucket	*b = bucket_of(&c->index->buckets, key);
	struct rule_run		*run = &c->run[c->n];

	if (b->n == 0)
		return;
	run->at = c->index->rule + b->first;
	run->end = run->at + b->n;
	c->n++;
}

static void
cursor_addr(struct rule_cursor *c, enum rule_dim dim, const struct addr *a)
{
	const uint64_t	*lens = c->index->lens[dim][a->af == ADDR_V6];
	uint64_t	 left;
	unsigned int	 bit, w;

	for (w = 0; w < 3; w++)
		for (left = lens[w]; left != 0; left &= left - 1) {
			bit = (unsigned int)__builtin_ctzll(left);
			cursor_add(c, addr_key(dim, a, w * 64 + bit));
		}
}

static void
cursor_port(struct rule_cursor *c, uint16_t port)
{
	uint32_t	 left;

	for (left = c->index->port_lens; left != 0; left &= left - 1)
		cursor_add(c, port_key(port,
		    (unsigned int)__builtin_ctz(left)));
}

/* The name itself, and what follows each of its dots for "*.". */
static void
cursor_domain(struct rule_cursor *c, const char *name)
{
	uint64_t	 h = string_hash("", 0);
	size_t		 len = strlen(name);
	int		 labels = 0;

	if (len > 0 && name[len - 1] == '.')
		len--;
	for (; len > 0; len--) {
		/* More dots than this no name has (P4). */
		if (name[len - 1] == '.' && labels++ < 127)
			cursor_add(c, key_of(DIM_DOMAIN, 1, h, 0));
		h = char_hash(h, name[len - 1]);
	}
	cursor_add(c, key_of(DIM_DOMAIN, 0, h, 0));
}

static void
cursor_who(struct rule_cursor *c, const struct rule_key *k)
{
	uint8_t		 i;

	if (k->q->user == NULL)
		return;
	if (c->index->dims & DIM_BIT(DIM_USER))
		cursor_add(c, string_key(DIM_USER, k->q->user));
	if (k->user == NULL || !rule_index_groups(c->index))
		return;
	for (i = 0; i < k->user->ngroups && i < nitems(k->user->groups); i++)
		cursor_add(c, string_key(DIM_GROUP, k->user->groups[i]));
}

void
rule_cursor_init(struct rule_cursor *c, const struct rule_index *x,
    const struct rule_key *k)
{
	c->index = x;
	c->n = 0;
	cursor_addr(c, DIM_TO, k->to);
	cursor_addr(c, DIM_FROM, k->from);
	cursor_port(c, k->q->to.port);
	cursor_who(c, k);
	if (k->q->domain != NULL && x->dims & DIM_BIT(DIM_DOMAIN))
		cursor_domain(c, k->q->domain);
	if (k->q->listener != NULL && x->dims & DIM_BIT(DIM_LISTENER))
		cursor_add(c, string_key(DIM_LISTENER, k->q->listener));
	cursor_add(c, rest_key());
}

struct rule_node *
rule_cursor_next(struct rule_cursor *c)
{
	struct rule_run		*run, *best = NULL;
	struct rule_node	*n;

	for (run = c->run; run < c->run + c->n; run++)
		if (best == NULL ||
		    (*run->at)->rule.nr < (*best->at)->rule.nr)
			best = run;
	if (best == NULL)
		return NULL;
	n = *best->at++;
	if (best->at == best->end)
		*best = c->run[--c->n];
	return n;
}
