/*
 * echo.c: keeps two relays on one border from feeding each other for ever, by
 * the hashes of what members have sent in the last second (P40); it runs in
 * the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "log.h"

#define BUCKETS		512
#define WAYS		5		/* a bucket is one cache line */
#define IGNORED		16		/* sources per group */

struct bucket {
	uint64_t	 hash[WAYS];
	uint32_t	 when[WAYS];	/* ms; differences only */
	uint32_t	 next;		/* to be overwritten */
};

struct ignored {
	struct addr	 addr;
	long long	 until;
};

struct echo {
	struct bucket	 bucket[BUCKETS];
	long long	 last;		/* when a member sent */
	struct ignored	 ignored[IGNORED];
	uint32_t	 nignored;
};

static uint64_t		 key[2];

#define ROTL(x, n)	((x) << (n) | (x) >> (64 - (n)))

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] = ROTL(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] = ROTL(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

/*
 * SipHash-1-3: a stranger without the key cannot make two payloads collide,
 * and so cannot have somebody else's source ignored. Words are taken in the
 * machine's order; the hash never leaves this process.
 */
uint64_t
echo_hash(const void *data, size_t len)
{
	uint64_t	 v[4] = { key[0] ^ 0x736f6d6570736575,
			    key[1] ^ 0x646f72616e646f6d,
			    key[0] ^ 0x6c7967656e657261,
			    key[1] ^ 0x7465646279746573 };
	const uint8_t	*p = data;
	uint64_t	 m;
	size_t		 left;

	for (left = len; left >= sizeof(m); left -= sizeof(m)) {
		memcpy(&m, p, sizeof(m));
		p += sizeof(m);
		sip_word(v, m);
	}
	for (m = (uint64_t)len << 56; left > 0; left--)
		m |= (uint64_t)p[left - 1] << (8 * (left - 1));
	sip_word(v, m);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void
echo_init(void)
{
	arc4random_buf(key, sizeof(key));
}

static struct bucket *
echo_bucket(struct echo *e, uint64_t hash)
{
	return &e->bucket[hash % BUCKETS];
}

static int
bucket_find(const struct bucket *b, uint64_t hash)
{
	int		 i;

	for (i = 0; i < WAYS; i++)
		if (b->hash[i] == hash)
			return i;
	return -1;
}

void
echo_remember(struct echo **e, uint64_t hash, long long now)
{
	struct bucket	*b;
	int		 i;

	if (*e == NULL && (*e = calloc(1, sizeof(**e))) == NULL)
		return;
	b = echo_bucket(*e, hash);
	if ((i = bucket_find(b, hash)) == -1) {
		i = b->next;
		b->next = (b->next + 1) % WAYS;
	}
	b->hash[i] = hash;
	b->when[i] = (uint32_t)now;
	(*e)->last = now;
}

static int
echo_known(struct echo *e, uint64_t hash, long long now)
{
	struct bucket	*b = echo_bucket(e, hash);
	int		 i = bucket_find(b, hash);

	return i != -1 && (uint32_t)now - b->when[i] <= ECHO_WINDOW;
}

/* Is the source ignored? Entries that have run out go on the way. */
static int
echo_ignored(struct echo *e, const struct addr *src, long long now)
{
	uint32_t	 i = 0;

	while (i < e->nignored) {
		if (e->ignored[i].until <= now)
			e->ignored[i] = e->ignored[--e->nignored];
		else if (addr_eq(&e->ignored[i].addr, src))
			return 1;
		else
			i++;
	}
	return 0;
}

/* The line comes once a minute and source, as an ignored one is not heard. */
static void
echo_ignore(struct echo *e, const struct endpoint *group,
    const struct addr *src, long long now)
{
	static struct log_rate	 rate;
	char			 g[ENDPOINT_STRLEN], s[ADDR_STRLEN];
	struct ignored		*ig;
	uint32_t		 i;

	if (e->nignored < IGNORED)
		ig = &e->ignored[e->nignored++];
	else for (ig = e->ignored, i = 1; i < IGNORED; i++)
		if (e->ignored[i].until < ig->until)
			ig = &e->ignored[i];
	ig->addr = *src;
	ig->until = now + ECHO_IGNORE;
	if (log_ok(&rate, 10, "loops"))
		log_warnx("group %s: loop via %s, ignored for %d seconds",
		    endpoint_print(group, g, sizeof(g)),
		    addr_print(src, s, sizeof(s)), ECHO_IGNORE / 1000);
}

int
echo_heard(struct echo *e, const struct endpoint *group,
    const struct addr *src, const struct iovec *payload, long long now)
{
	uint64_t	 hash;

	if (e == NULL)
		return 0;
	if (echo_ignored(e, src, now))
		return 1;
	/* Only groups with members that send pay for the hash. */
	if (payload->iov_len < ECHO_MIN || now - e->last > ECHO_WINDOW)
		return 0;
	hash = echo_hash(payload->iov_base, payload->iov_len);
	if (!echo_known(e, hash, now))
		return 0;
	echo_ignore(e, group, src, now);
	return 1;
}

void
echo_free(struct echo *e)
{
	free(e);
}
