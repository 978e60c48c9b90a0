/*
 * engine.c: the engine's configuration, figures, beginning and end; it runs
 * in the engine.
 */

#include <sys/types.h>

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "assoc.h"
#include "engine.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "request.h"
#include "session.h"
#include "stream.h"

#define CONF_MAX	4096	/* listeners, addresses: more is corruption */

/* What a generation brings; the next one is collected beside the current. */
struct engine_conf {
	uint32_t		 generation;
	int			 open;		/* is being sent */
	struct settings		 settings;
	struct msg_listener	*listeners;
	size_t			 nlisteners;
	struct addr		*addrs;		/* sorted once complete */
	size_t			 naddrs;
};

struct engine			engine;
static struct engine_conf	current, scratch;
static int			stopping;

void
engine_init(void)
{
	/* A client that is gone is an error of write(2), nothing more. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		fatal("signal");
	session_init();
	request_init();
	assoc_init();
	relay_init();
}

long long
engine_now(void)
{
	return clock_ms();
}

long long
engine_timeout(enum timeout t)
{
	return engine.settings.timeout[t] * 1000LL;
}

int
engine_stopping(void)
{
	return stopping;
}

const struct msg_listener *
engine_listener(uint32_t id)
{
	size_t		 i;

	for (i = 0; i < current.nlisteners; i++)
		if (current.listeners[i].id == id)
			return &current.listeners[i];
	return NULL;
}

static int
addr_order(const void *a, const void *b)
{
	return addr_cmp(a, b);
}

int
engine_own_addr(const struct addr *a)
{
	return current.naddrs > 0 && bsearch(a, current.addrs, current.naddrs,
	    sizeof(*a), addr_order) != NULL;
}

static void
conf_free(struct engine_conf *c)
{
	free(c->listeners);
	free(c->addrs);
	memset(c, 0, sizeof(*c));
}

/* One more of what is sent; the parent is trusted, so this is no peer's. */
static void *
conf_grow(void *list, size_t n, size_t size)
{
	void		*p;

	if (n >= CONF_MAX)
		fatalx("configuration without end");
	if ((p = reallocarray(list, n + 1, size)) == NULL)
		fatal("configuration");
	return p;
}

static void
conf_check(uint32_t generation)
{
	if (!scratch.open || generation != scratch.generation)
		fatalx("configuration of another generation");
}

static void
conf_ack(uint32_t generation)
{
	struct msg_generation	 m = { .generation = generation };

	(void)proc_send(PROC_PARENT, M_CONF_ACK, &m, -1);
}

void
engine_on_begin(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation *m = data;

	(void)from;
	(void)fd;
	conf_free(&scratch);		/* one that was never committed */
	scratch.generation = m->generation;
	scratch.open = 1;
}

void
engine_on_settings(enum proc_role from, const void *data, int fd)
{
	const struct msg_settings *m = data;

	(void)from;
	(void)fd;
	conf_check(m->generation);
	scratch.settings = m->settings;
}

void
engine_on_listener(enum proc_role from, const void *data, int fd)
{
	const struct msg_listener *m = data;

	(void)from;
	(void)fd;
	conf_check(m->generation);
	(void)msg_string(m->label, sizeof(m->label), "listener");
	if (m->nmethods > nitems(m->methods))
		fatalx("listener with too many methods");
	scratch.listeners = conf_grow(scratch.listeners, scratch.nlisteners,
	    sizeof(*m));
	scratch.listeners[scratch.nlisteners++] = *m;
}

void
engine_on_addr(enum proc_role from, const void *data, int fd)
{
	const struct msg_addr	*m = data;

	(void)from;
	(void)fd;
	conf_check(m->generation);
	scratch.addrs = conf_grow(scratch.addrs, scratch.naddrs,
	    sizeof(*scratch.addrs));
	scratch.addrs[scratch.naddrs++] = m->net.addr;
}

void
engine_on_prepare(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation *m = data;

	(void)from;
	(void)fd;
	conf_check(m->generation);
	/* Not qsort(3): above 1 KiB glibc's asks for the size of the memory. */
	if (scratch.naddrs > 0 && heapsort(scratch.addrs, scratch.naddrs,
	    sizeof(*scratch.addrs), addr_order) == -1)
		fatal("configuration");
	conf_ack(m->generation);
}

void
engine_on_commit(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation *m = data;

	(void)from;
	(void)fd;
	conf_check(m->generation);
	conf_free(&current);
	current = scratch;
	memset(&scratch, 0, sizeof(scratch));
	engine.generation = current.generation;
	engine.settings = current.settings;
	conf_ack(m->generation);
}

/* What this process has to say must have left it before it does. */
static void
engine_exit_if_flushed(void)
{
	if (proc_queued(PROC_POLICY) == 0 && proc_queued(PROC_PARENT) == 0)
		exit(0);
}

void
engine_on_shutdown(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)data;
	(void)fd;
	session_close_all(END_SHUTDOWN);
	sock_close_all();
	stopping = 1;
	(void)proc_send(PROC_POLICY, M_DONE, NULL, -1);
	proc_on_drain(PROC_POLICY, engine_exit_if_flushed);
	proc_on_drain(PROC_PARENT, engine_exit_if_flushed);
	engine_exit_if_flushed();
}

static void
count_engine(struct msg_counters *c)
{
	sock_kernel_drops_all();
	engine.stat[STAT_GROUPS] = group_number();
	memcpy(c->stat, engine.stat, sizeof(c->stat));
	c->counters = engine.lost;
	c->found = 1;
}

/* What only grows; what there is now stays. */
static void
count_reset(void)
{
	static const uint8_t	 totals[] = { STAT_SESSIONS_TOTAL,
	    STAT_ASSOCIATIONS_TOTAL, STAT_REQUESTS, STAT_REFUSED,
	    STAT_AUTH_FAILED, STAT_RX_DGRAMS, STAT_TX_DGRAMS, STAT_TX_CALLS,
	    STAT_TX_SEGMENTED, STAT_STREAMS_TOTAL };
	size_t			 i;

	sock_kernel_drops_all();	/* of before */
	for (i = 0; i < nitems(totals); i++)
		engine.stat[totals[i]] = 0;
	memset(&engine.lost, 0, sizeof(engine.lost));
}

static void
count_grant(const struct msg_count *m, struct msg_counters *c)
{
	const struct assoc	*a = assoc_by_grant(m->grant);

	if (a == NULL) {
		stream_count(m->grant, c);
		return;
	}
	c->found = 1;
	c->ttl = a->ttl;
	c->aid = a->aid;
	c->local = a->local;
	c->counters = a->counters;
	c->idle = (uint32_t)((engine_now() - a->last) / 1000);
}

void
engine_on_count(enum proc_role from, const void *data, int fd)
{
	const struct msg_count	*m = data;
	struct msg_counters	 c;

	(void)from;
	(void)fd;
	memset(&c, 0, sizeof(c));
	c.token = m->token;
	c.what = m->what;
	c.grant = m->grant;
	if (m->what == COUNT_ENGINE)
		count_engine(&c);
	else if (m->what == COUNT_GRANT)
		count_grant(m, &c);
	else if (m->what == COUNT_RESET)
		count_reset();
	else if (m->what == COUNT_GROUP)
		group_count(&m->key, &c);
	else
		fatalx("count of what?");
	(void)proc_send(PROC_POLICY, M_COUNTERS, &c, -1);
}
