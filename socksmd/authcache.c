/*
 * authcache.c: logins that succeeded a short while ago, so that a program
 * which logs in for every connection costs no crypt(3) each; runs in auth.
 *
 * What is kept is HMAC-SHA256 (RFC 2104) of name and password under a random
 * key that exists in this process only and changes with every reload.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include "compat.h"
#include <sys/tree.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "authcache.h"
#include "log.h"

#define BLOCK	SHA256_BLOCK_LENGTH
#define MAC	SHA256_DIGEST_LENGTH

struct entry {
	RB_ENTRY(entry)		 node;
	TAILQ_ENTRY(entry)	 age;		/* oldest first */
	long long		 until;		/* ms */
	uint8_t			 mac[MAC];
};

RB_HEAD(authcache_tree, entry);
RB_PROTOTYPE(authcache_tree, entry, node, entry_cmp)

static struct authcache_tree		 entries = RB_INITIALIZER(&entries);
static TAILQ_HEAD(, entry)	 ages = TAILQ_HEAD_INITIALIZER(ages);
static uint32_t			 nentries;
static uint32_t			 lifetime;	/* seconds, 0: off */
static uint8_t			 key[BLOCK];	/* padded with zeros */

/*
 * An order of codes under an unknown key: how far a comparison gets tells
 * nothing about a password.
 */
static int
entry_cmp(const struct entry *a, const struct entry *b)
{
	return memcmp(a->mac, b->mac, sizeof(a->mac));
}

RB_GENERATE(authcache_tree, entry, node, entry_cmp)

static void
mac_pad(SHA2_CTX *ctx, uint8_t with)
{
	uint8_t	 pad[BLOCK];
	size_t	 i;

	for (i = 0; i < sizeof(pad); i++)
		pad[i] = key[i] ^ with;
	SHA256Init(ctx);
	SHA256Update(ctx, pad, sizeof(pad));
	explicit_bzero(pad, sizeof(pad));
}

/* The NUL behind the name keeps "a", "bc" and "ab", "c" apart. */
static void
mac_of(const char *user, const char *pass, uint8_t mac[MAC])
{
	SHA2_CTX	 ctx;

	mac_pad(&ctx, 0x36);
	SHA256Update(&ctx, (const uint8_t *)user, strlen(user) + 1);
	SHA256Update(&ctx, (const uint8_t *)pass, strlen(pass));
	SHA256Final(mac, &ctx);
	mac_pad(&ctx, 0x5c);
	SHA256Update(&ctx, mac, MAC);
	SHA256Final(mac, &ctx);
	explicit_bzero(&ctx, sizeof(ctx));
}

static void
entry_close(struct entry *e)
{
	RB_REMOVE(authcache_tree, &entries, e);
	TAILQ_REMOVE(&ages, e, age);
	nentries--;
	explicit_bzero(e, sizeof(*e));
	free(e);
}

void
authcache_reset(uint32_t seconds)
{
	struct entry	*e;

	while ((e = TAILQ_FIRST(&ages)) != NULL)
		entry_close(e);
	lifetime = seconds;
	arc4random_buf(key, MAC);
}

static void
authcache_expire(void)
{
	struct entry	*e;
	long long	 now = clock_ms();

	while ((e = TAILQ_FIRST(&ages)) != NULL && e->until <= now)
		entry_close(e);
}

int
authcache_find(const char *user, const char *pass)
{
	struct entry	 find;
	int		 found;

	if (lifetime == 0)
		return 0;
	authcache_expire();
	mac_of(user, pass, find.mac);
	found = RB_FIND(authcache_tree, &entries, &find) != NULL;
	explicit_bzero(&find, sizeof(find));
	return found;
}

/* Without memory, or known already, the next login is simply slow again. */
void
authcache_add(const char *user, const char *pass)
{
	struct entry	*e;

	if (lifetime == 0)
		return;
	authcache_expire();
	if (nentries == AUTHCACHE_MAX)
		entry_close(TAILQ_FIRST(&ages));
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return;
	mac_of(user, pass, e->mac);
	e->until = clock_ms() + (long long)lifetime * 1000;
	if (RB_INSERT(authcache_tree, &entries, e) != NULL) {
		free(e);
		return;
	}
	TAILQ_INSERT_TAIL(&ages, e, age);
	nentries++;
}

uint32_t
authcache_count(void)
{
	return nentries;
}
