/*
 * auth.c: is this her password? Runs in auth, the only process that holds
 * credentials.
 *
 * A check takes tens of milliseconds by design, so the queue is bounded, per
 * client address too, and addresses take turns; one check per turn of the
 * event loop. Whatever is wrong, a check costs a crypt(3) of the commonest
 * kind, so that time tells nothing of who exists (P3).
 */

#include <sys/types.h>
#include <sys/queue.h>
#include "compat.h"
#include <sys/tree.h>
#ifdef __linux__
#include <crypt.h>
#endif
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authcache.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "socks.h"

#define QUEUE_MAX	1024
#define QUEUE_HOST_MAX	16

/* bcrypt of a random string, where the users file has no hash to imitate. */
#define DUMMY_HASH \
	"$2b$10$abcdefghijklmnopqrstuux7QZpYHbbBABnGvtuf8RMFu259Yggki"

/* A user and her hash. */
struct cred {
	RB_ENTRY(cred)		 entry;
	char			 name[MSG_NAMELEN];
	char			 hash[256];
};
RB_HEAD(auth_creds, cred);
RB_PROTOTYPE(auth_creds, cred, entry, cred_cmp)

/* One generation of them. */
struct credset {
	uint32_t		 generation;
	uint32_t		 cache;		/* auth-cache, seconds */
	struct auth_creds		 creds;
	char			 dummy[256];	/* of the commonest format */
};

/* A login that waits for its check. */
struct job {
	TAILQ_ENTRY(job)	 entry;
	struct msg_auth		 m;
};

/* A client address with logins; it stands in hosts and in turns. */
struct host {
	RB_ENTRY(host)		 entry;
	TAILQ_ENTRY(host)	 turn;
	TAILQ_HEAD(, job)	 jobs;
	struct addr		 addr;
	uint32_t		 n;
};
RB_HEAD(auth_hosts, host);
RB_PROTOTYPE(auth_hosts, host, entry, host_cmp)

/* An answer that policy must have before the engine may. */
struct answer {
	TAILQ_ENTRY(answer)	 entry;
	uint64_t		 seq;		/* of IDENTITY */
	struct msg_authed	 m;
};

static struct credset		*current;
static struct credset		*scratch;
static struct auth_hosts		 hosts = RB_INITIALIZER(&hosts);
static TAILQ_HEAD(, host)	 turns = TAILQ_HEAD_INITIALIZER(turns);
static TAILQ_HEAD(, answer)	 answers = TAILQ_HEAD_INITIALIZER(answers);
static uint32_t			 queued;
static struct event		 turn;

static int
cred_cmp(const struct cred *a, const struct cred *b)
{
	return strcmp(a->name, b->name);
}

static int
host_cmp(const struct host *a, const struct host *b)
{
	return addr_cmp(&a->addr, &b->addr);
}

RB_GENERATE(auth_creds, cred, entry, cred_cmp)
RB_GENERATE(auth_hosts, host, entry, host_cmp)

static void
credset_free(struct credset *set)
{
	struct cred	*c;

	if (set == NULL)
		return;
	while ((c = RB_ROOT(&set->creds)) != NULL) {
		RB_REMOVE(auth_creds, &set->creds, c);
		explicit_bzero(c, sizeof(*c));
		free(c);
	}
	explicit_bzero(set, sizeof(*set));
	free(set);
}

static struct credset *
credset_of(uint32_t generation)
{
	if (scratch == NULL || scratch->generation != generation)
		fatalx("auth: configuration for generation %u, expected %u",
		    generation, scratch == NULL ? 0 : scratch->generation);
	return scratch;
}

void
auth_on_begin(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;

	(void)from;
	(void)fd;
	credset_free(scratch);		/* a reload that was given up */
	if ((scratch = calloc(1, sizeof(*scratch))) == NULL)
		fatal("auth: configuration");
	scratch->generation = m->generation;
	RB_INIT(&scratch->creds);
}

void
auth_on_settings(enum proc_role from, const void *data, int fd)
{
	const struct msg_settings	*m = data;

	(void)from;
	(void)fd;
	credset_of(m->generation)->cache = m->settings.auth_cache;
}

void
auth_on_hash(enum proc_role from, const void *data, int fd)
{
	const struct msg_hash	*m = data;
	struct credset		*set = credset_of(m->generation);
	struct cred		*c;

	(void)from;
	(void)fd;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("auth: hash");
	strlcpy(c->name, msg_string(m->name, sizeof(m->name),
	    "name of a user"), sizeof(c->name));
	strlcpy(c->hash, msg_string(m->hash, sizeof(m->hash),
	    "hash of a user"), sizeof(c->hash));
	if (c->name[0] == '\0' || RB_INSERT(auth_creds, &set->creds, c) != NULL)
		fatalx("auth: user without a name, or one name twice");
}

/*
 * How much of a hash tells format and cost: all before the salt, which is
 * behind the last '$' but one ($2b$10$salt+hash has it behind the last).
 */
static size_t
hash_kind(const char *hash)
{
	const char	*p, *last = NULL, *before = NULL;

	if (hash[0] != '$')
		return 0;
	for (p = hash; *p != '\0'; p++)
		if (*p == '$') {
			before = last;
			last = p;
		}
	if (strncmp(hash, "$2", 2) == 0 || before == NULL || before == hash)
		return last - hash + 1;
	return before - hash + 1;
}

/*
 * The commonest kind stands for all that cannot be checked. Only the first
 * of each kind counts the others: few kinds, many users.
 */
static void
credset_choose_dummy(struct credset *set)
{
	struct cred	*kind[16], *c;
	uint32_t	 count[16], n = 0, i, best = 0;
	size_t		 len;

	strlcpy(set->dummy, DUMMY_HASH, sizeof(set->dummy));
	memset(count, 0, sizeof(count));
	RB_FOREACH(c, auth_creds, &set->creds) {
		if ((len = hash_kind(c->hash)) == 0)
			continue;
		for (i = 0; i < n; i++)
			if (strncmp(kind[i]->hash, c->hash, len) == 0 &&
			    hash_kind(kind[i]->hash) == len)
				break;
		if (i == nitems(kind))
			continue;
		if (i == n)
			kind[n++] = c;
		if (++count[i] > best) {
			best = count[i];
			strlcpy(set->dummy, kind[i]->hash, sizeof(set->dummy));
		}
	}
}

void
auth_on_prepare(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;

	(void)fd;
	credset_choose_dummy(credset_of(m->generation));
	(void)proc_send(from, M_CONF_ACK, m, -1);
}

void
auth_on_commit(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;
	struct credset			*set = credset_of(m->generation);

	(void)fd;
	credset_free(current);
	current = set;
	scratch = NULL;
	authcache_reset(current->cache);
	(void)proc_send(from, M_CONF_ACK, m, -1);
}

/* The engine may hear of what has left our queue to policy (design, order). */
static void
auth_tell(void)
{
	struct answer	*a;

	while ((a = TAILQ_FIRST(&answers)) != NULL &&
	    proc_left(PROC_POLICY, a->seq)) {
		(void)proc_send(PROC_ENGINE, M_AUTHED, &a->m, -1);
		TAILQ_REMOVE(&answers, a, entry);
		free(a);
	}
}

static void
auth_answer(const struct msg_auth *m, int ok)
{
	struct msg_identity	 id;
	struct answer		*a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("auth: answer");
	memset(&id, 0, sizeof(id));
	id.sid = a->m.sid = m->sid;
	id.ok = a->m.ok = ok;
	id.method = SOCKS_METHOD_USERPASS;
	strlcpy(id.user, m->user, sizeof(id.user));
	a->seq = proc_send(PROC_POLICY, M_IDENTITY, &id, -1);
	TAILQ_INSERT_TAIL(&answers, a, entry);
	auth_tell();
}

/* In a time that depends on the length alone, which the format tells. */
static int
hash_same(const char *a, const char *b)
{
	size_t		 i, len = strlen(a);
	unsigned char	 diff = 0;

	if (len != strlen(b))
		return 0;
	for (i = 0; i < len; i++)
		diff |= (unsigned char)a[i] ^ (unsigned char)b[i];
	return diff == 0;
}

/* 1 if crypt(3) makes hash of pass; -1 if it does not know that format. */
static int
hash_check(const char *pass, const char *hash)
{
	const char	*made = crypt(pass, hash);

	if (made == NULL || made[0] == '*' || made[0] == '\0')
		return -1;
	return hash_same(made, hash);
}

/* One crypt(3) that takes its time, whoever it is about. */
static int
auth_check(const struct msg_auth *m)
{
	struct cred	*c = NULL, find;
	int		 ok = -1;

	if (current == NULL)
		return 0;
	memset(&find, 0, sizeof(find));
	if (m->user[0] != '\0' && m->pass[0] != '\0' &&
	    strlcpy(find.name, m->user, sizeof(find.name)) < sizeof(find.name))
		c = RB_FIND(auth_creds, &current->creds, &find);
	if (c != NULL && c->hash[0] == '$')
		ok = hash_check(m->pass, c->hash);
	if (ok == -1) {
		(void)hash_check(m->pass, current->dummy); /* for its time */
		ok = 0;
	}
	return ok;
}

static void
job_close(struct job *j)
{
	explicit_bzero(j, sizeof(*j));
	free(j);
}

static struct host *
host_get(const struct addr *addr)
{
	struct host	*h, find;

	find.addr = *addr;
	if ((h = RB_FIND(auth_hosts, &hosts, &find)) != NULL)
		return h;
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->addr = *addr;
	TAILQ_INIT(&h->jobs);
	RB_INSERT(auth_hosts, &hosts, h);
	TAILQ_INSERT_TAIL(&turns, h, turn);
	return h;
}

static void
host_close(struct host *h)
{
	TAILQ_REMOVE(&turns, h, turn);
	RB_REMOVE(auth_hosts, &hosts, h);
	free(h);
}

static void
turn_next(void)
{
	struct timeval	 tv = { 0, 0 };

	if (!TAILQ_EMPTY(&turns) && !evtimer_pending(&turn, NULL))
		evtimer_add(&turn, &tv);
}

/* The oldest login of the address whose turn it is; then the next address. */
static void
turn_take(int fd, short what, void *arg)
{
	struct host	*h = TAILQ_FIRST(&turns);
	struct job	*j;
	int		 ok;

	(void)fd;
	(void)what;
	(void)arg;
	if (h == NULL)
		return;
	j = TAILQ_FIRST(&h->jobs);
	TAILQ_REMOVE(&h->jobs, j, entry);
	TAILQ_REMOVE(&turns, h, turn);
	TAILQ_INSERT_TAIL(&turns, h, turn);
	queued--;
	if (--h->n == 0)
		host_close(h);
	/* Her other connections may have waited for the same check. */
	ok = authcache_find(j->m.user, j->m.pass);
	if (!ok && (ok = auth_check(&j->m)) == 1)
		authcache_add(j->m.user, j->m.pass);
	auth_answer(&j->m, ok);
	job_close(j);
	turn_next();
}

/* 0, or -1: the queue is full, for this address or for all. */
static int
auth_queue(const struct msg_auth *m)
{
	struct host	*h;
	struct job	*j;

	if (queued >= QUEUE_MAX || (h = host_get(&m->peer)) == NULL)
		return -1;
	if (h->n >= QUEUE_HOST_MAX)
		return -1;
	if ((j = calloc(1, sizeof(*j))) == NULL) {
		if (h->n == 0)
			host_close(h);
		return -1;
	}
	j->m = *m;
	TAILQ_INSERT_TAIL(&h->jobs, j, entry);
	h->n++;
	queued++;
	turn_next();
	return 0;
}

/* The buffer of the message is wiped here; its sender wipes its own. */
void
auth_on_auth(enum proc_role from, const void *data, int fd)
{
	static struct log_rate	 rate;
	struct msg_auth		 m = *(const struct msg_auth *)data;

	(void)from;
	(void)fd;
	(void)msg_string(m.user, sizeof(m.user), "name that logs in");
	(void)msg_string(m.pass, sizeof(m.pass), "password");
	if (authcache_find(m.user, m.pass))
		auth_answer(&m, 1);
	else if (auth_queue(&m) == -1) {
		if (log_ok(&rate, 5, "too many logins"))
			log_warnx("auth: too many logins wait for their check");
		auth_answer(&m, 0);
	}
	explicit_bzero(&m, sizeof(m));
}

void
auth_init(void)
{
	evtimer_set(&turn, turn_take, NULL);
	proc_on_drain(PROC_POLICY, auth_tell);
}
