/*
 * live.c: which sessions there are, by number and by host, so that the
 * limits hold before anybody looks at a connection; runs in the parent.
 */

#include <sys/types.h>
#include <sys/tree.h>
#include <stdlib.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"
#include "parent.h"

/* A host that has sessions. */
struct host {
	RB_ENTRY(host)	 entry;
	struct addr	 addr;
	uint32_t	 sessions;
};
RB_HEAD(hosts, host);

/* A session, from accept to the word of policy that it has ended. */
struct live {
	RB_ENTRY(live)	 entry;
	uint64_t	 sid;
	struct host	*host;
};
RB_HEAD(lives, live);

static struct hosts	 hosts = RB_INITIALIZER(&hosts);
static struct lives	 lives = RB_INITIALIZER(&lives);
static uint32_t		 nlives;
static uint64_t		 last_sid;

static int
host_cmp(const struct host *a, const struct host *b)
{
	return addr_cmp(&a->addr, &b->addr);
}

static int
live_cmp(const struct live *a, const struct live *b)
{
	return a->sid < b->sid ? -1 : a->sid > b->sid;
}

RB_PROTOTYPE(hosts, host, entry, host_cmp)
RB_PROTOTYPE(lives, live, entry, live_cmp)
RB_GENERATE(hosts, host, entry, host_cmp)
RB_GENERATE(lives, live, entry, live_cmp)

static struct host *
host_get(const struct addr *addr)
{
	struct host	*h, key;

	key.addr = *addr;
	if ((h = RB_FIND(hosts, &hosts, &key)) != NULL)
		return h;
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	h->addr = *addr;
	RB_INSERT(hosts, &hosts, h);
	return h;
}

static void
host_put(struct host *h)
{
	if (h->sessions > 0)
		return;
	RB_REMOVE(hosts, &hosts, h);
	free(h);
}

uint64_t
live_new(const struct addr *peer)
{
	const uint32_t	*limit = parent.conf->settings.limit;
	struct host	*h;
	struct live	*l = NULL;

	if (nlives >= limit[LIMIT_SESSIONS] || (h = host_get(peer)) == NULL)
		return 0;
	if (h->sessions < limit[LIMIT_SESSIONS_PER_HOST])
		l = calloc(1, sizeof(*l));
	if (l == NULL) {
		host_put(h);
		return 0;
	}
	l->sid = ++last_sid;
	l->host = h;
	h->sessions++;
	nlives++;
	RB_INSERT(lives, &lives, l);
	return l->sid;
}

void
live_on_ended(enum proc_role from, const void *data, int fd)
{
	const struct msg_ended	*msg = data;
	struct live		*l, key;

	(void)fd;
	key.sid = msg->sid;
	if ((l = RB_FIND(lives, &lives, &key)) == NULL)
		fatalx("parent: %s ended session %llu, which there is not",
		    proc_name(from), (unsigned long long)msg->sid);
	RB_REMOVE(lives, &lives, l);
	nlives--;
	l->host->sessions--;
	host_put(l->host);
	free(l);
}
