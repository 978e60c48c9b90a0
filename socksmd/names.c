/*
 * names.c: host names in the configuration, resolved before it is sent; runs
 * in the parent.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"
#include "parent.h"

#define NAMES_ASKED	16	/* of the resolver at a time */

/* One configuration at a time: a reload waits for the one before it. */
static struct {
	struct conf		*conf;		/* NULL: nothing to do */
	FILE			*err;
	void			(*done)(int);
	struct conf_host	*next;		/* to be asked for */
	uint32_t		 serial;	/* so that old answers show */
	uint32_t		 asked;		/* and not answered */
	int			 failed;
} names;

static void
names_end(void)
{
	struct conf	*c = names.conf;
	int		 ok = !names.failed;

	names.conf = NULL;
	if (ok && conf_hosts_expand(c, names.err) == -1)
		ok = 0;
	names.done(ok);
}

static void
names_ask(void)
{
	struct msg_resolve	 m;

	while (names.next != NULL && names.asked < NAMES_ASKED) {
		memset(&m, 0, sizeof(m));
		m.token = (uint64_t)names.serial << 32 | names.next->nr;
		conf_host_query(names.next, m.name, sizeof(m.name));
		names.next = TAILQ_NEXT(names.next, entry);
		names.asked++;
		proc_send(PROC_RESOLVER, M_RESOLVE, &m, -1);
	}
	if (names.asked == 0)
		names_end();
}

void
names_resolve(struct conf *c, FILE *err, void (*done)(int))
{
	names.conf = c;
	names.err = err;
	names.done = done;
	names.next = TAILQ_FIRST(&c->hosts);
	names.serial++;
	names.asked = 0;
	names.failed = 0;
	names_ask();
}

static void
host_answer(struct conf_host *h, const struct msg_resolved *m)
{
	uint8_t		 i;

	if (m->n > nitems(m->addr))
		fatalx("parent: resolver: %u addresses", m->n);
	for (i = 0; i < m->n && h->naddrs < nitems(h->addr); i++) {
		if (m->addr[i].af != ADDR_V4 && m->addr[i].af != ADDR_V6)
			fatalx("parent: resolver: address of family %u",
			    m->addr[i].af);
		h->addr[h->naddrs++] = m->addr[i];
	}
	if (h->naddrs != 0)
		return;
	fprintf(names.err, "%s:%u: %s: %s\n", h->file, h->line, h->name,
	    m->failed ? "could not be resolved: no answer" :
	    "there is no such host");
	names.failed = 1;
}

void
names_on_resolved(enum proc_role from, const void *data, int fd)
{
	const struct msg_resolved	*m = data;
	struct conf_host		*h;

	(void)fd;
	if (m->token >> 32 != names.serial || names.conf == NULL)
		fatalx("parent: %s: RESOLVED without a question",
		    proc_name(from));
	TAILQ_FOREACH(h, &names.conf->hosts, entry)
		if (h->nr == (uint32_t)m->token)
			break;
	if (h == NULL || h->naddrs != 0 || names.asked == 0)
		fatalx("parent: %s: RESOLVED twice, or for no name",
		    proc_name(from));
	host_answer(h, m);
	names.asked--;
	names_ask();
}
