/*
 * resolver.c: resolves names for policy and for the configuration; a process
 * of its own, which sees no client.
 *
 * A stub: both address types are asked for at once, of one name server after
 * the other. Against forged answers stand the connected sockets, their number,
 * a random id and the case of the letters. Nothing is kept: that is what the
 * name server is for.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include "compat.h"
#include <sys/tree.h>

#include <event.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"
#include "handlers.h"
#include "log.h"
#include "resolver.h"

#define JOBS		2048	/* policy has at most half of it waiting */
#define JOBS_PARENT	256	/* names of a configuration take turns */
#define GRACE		500	/* ms for the second family, when one is there */
#define FAMILIES	2

struct job;

/* The question for one family. */
struct query {
	RB_ENTRY(query)		 entry;		/* by key, while it is out */
	uint32_t		 key;		/* socket << 16 | id */
	uint8_t			 out;		/* an answer is waited for */
	uint8_t			 done;
	uint8_t			 n;
	struct job		*job;
	struct dns_question	 q;
	struct addr		 addr[RESOLVE_ADDRS];
};
RB_HEAD(queries, query);
RB_PROTOTYPE(queries, query, entry, query_cmp)

/* A name on its way. */
struct job {
	TAILQ_ENTRY(job)	 entry;		/* while it waits its turn */
	enum proc_role		 from;
	uint64_t		 token;
	char			 name[256];
	uint32_t		 try;		/* the server, and the round */
	struct event		 timer;
	struct query		 query[FAMILIES];
};

static struct queries		 queries = RB_INITIALIZER(&queries);
static TAILQ_HEAD(, job)	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static uint32_t			 njobs, nparent;

static void	job_try(struct job *);
static void	job_start(struct job *);

static int
query_cmp(const struct query *a, const struct query *b)
{
	return a->key < b->key ? -1 : a->key > b->key;
}

RB_GENERATE(queries, query, entry, query_cmp)

static void
query_in(struct query *q)
{
	if (!q->out)
		return;
	RB_REMOVE(queries, &queries, q);
	q->out = 0;
}

/* A new id, socket and spelling for each try. */
static void
query_send(struct query *q, uint32_t server)
{
	uint8_t	 buf[DNS_QUERYLEN];

	query_in(q);
	dns_mix(&q->q);
	do {
		q->q.id = (uint16_t)arc4random();
		q->key = nameserver_socket(server) << 16 | q->q.id;
	} while (RB_INSERT(queries, &queries, q) != NULL);
	q->out = 1;
	nameserver_send(q->key >> 16, buf, dns_build(&q->q, buf));
}

/* RFC 8305: the families take turns, IPv6 first, so that neither hides. */
static void
job_addresses(const struct job *j, struct msg_resolved *out)
{
	uint8_t	 i, f;

	for (i = 0; i < RESOLVE_ADDRS; i++)
		for (f = 0; f < FAMILIES; f++)
			if (i < j->query[f].n && out->n < RESOLVE_ADDRS)
				out->addr[out->n++] = j->query[f].addr[i];
}

static void
answer(enum proc_role to, struct msg_resolved *out, uint64_t token)
{
	out->token = token;
	(void)proc_send(to, M_RESOLVED, out, -1);
}

/* The one destructor: says what there is, and lets the next one have a go. */
static void
job_finish(struct job *j, int failed)
{
	struct msg_resolved	 out;
	struct job		*next;

	memset(&out, 0, sizeof(out));
	job_addresses(j, &out);
	out.failed = failed && out.n == 0;
	answer(j->from, &out, j->token);
	query_in(&j->query[0]);
	query_in(&j->query[1]);
	evtimer_del(&j->timer);
	njobs--;
	next = TAILQ_FIRST(&waiting);
	if (j->from != PROC_PARENT)
		next = NULL;
	else
		nparent--;
	free(j);
	if (next != NULL) {
		TAILQ_REMOVE(&waiting, next, entry);
		job_start(next);
	}
}

static void
job_timer(struct job *j, uint32_t ms)
{
	struct timeval	 tv = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(&j->timer, &tv);
}

/* Has one family addresses, and is the other still out? */
static int
job_half(const struct job *j)
{
	const struct query	*a = &j->query[0], *b = &j->query[1];

	return (a->done && a->n > 0 && !b->done) ||
	    (b->done && b->n > 0 && !a->done);
}

static void
job_late(int fd, short what, void *arg)
{
	struct job	*j = arg;

	(void)fd;
	(void)what;
	if (job_half(j))
		job_finish(j, 0);
	else
		job_try(j);
}

/* What is not answered yet goes to the next server, or to nobody any more. */
static void
job_try(struct job *j)
{
	uint32_t	 server;
	int		 f;

	if (j->try == nameservers.n * nameservers.attempts) {
		job_finish(j, 1);
		return;
	}
	server = j->try++ % nameservers.n;
	job_timer(j, job_half(j) ? GRACE : nameservers.timeout);
	for (f = 0; f < FAMILIES; f++)
		if (!j->query[f].done)
			query_send(&j->query[f], server);
}

/* One of its queries has come to an end, here or for good. */
static void
job_go_on(struct job *j)
{
	const struct query	*a = &j->query[0], *b = &j->query[1];

	if (a->done && b->done)
		job_finish(j, 0);
	else if (!a->out && !b->out)
		job_try(j);
	else if (job_half(j))
		job_timer(j, GRACE);
}

static void
job_start(struct job *j)
{
	static const uint16_t	 types[FAMILIES] = { DNS_AAAA, DNS_A };
	struct query		*q;
	int			 f;

	njobs++;
	nparent += j->from == PROC_PARENT;
	evtimer_set(&j->timer, job_late, j);
	for (f = 0; f < FAMILIES; f++) {
		q = &j->query[f];
		q->job = j;
		q->q.type = types[f];
		q->q.edns = 1;
		(void)dns_name(&q->q, j->name);	/* was looked at before */
	}
	job_try(j);
}

static void
query_done(struct query *q, enum dns_result r)
{
	struct job	*j = q->job;

	if (r == DNS_PLAIN) {
		q->q.edns = 0;
		query_send(q, (q->key >> 16) / NAMESERVER_SOCKETS);
		return;
	}
	query_in(q);
	if (r == DNS_NXNAME)		/* of whatever type: RFC 8020 */
		j->query[0].done = j->query[1].done = 1;
	else
		q->done = r == DNS_FOUND || r == DNS_NODATA;
	job_go_on(j);
}

/* The server's port is closed: all that wait at this socket need not. */
static void
resolver_refused(uint32_t sock)
{
	struct query	*q, key;

	for (;;) {
		key.key = sock << 16;
		q = RB_NFIND(queries, &queries, &key);
		if (q == NULL || q->key >> 16 != sock)
			return;
		query_done(q, DNS_FAILED);
	}
}

static void
resolver_heard(uint32_t sock, const uint8_t *p, size_t len, int error)
{
	static struct log_rate	 rate;
	enum dns_result		 r = DNS_FOREIGN;
	struct query		*q = NULL, key;

	if (error != 0) {
		resolver_refused(sock);
		return;
	}
	if (len >= 2) {
		key.key = sock << 16 | (uint32_t)(p[0] << 8 | p[1]);
		q = RB_FIND(queries, &queries, &key);
	}
	if (q != NULL)
		r = dns_parse(&q->q, p, len, q->addr, &q->n, RESOLVE_ADDRS);
	if (r != DNS_FOREIGN)
		query_done(q, r);
	else if (log_ok(&rate, 1, "answers to nothing that was asked"))
		log_warnx("resolver: a name server's answer fits nothing that "
		    "was asked: too late, or forged");
}

void
resolver_open(const char *hosts, const char *conf, uint16_t port)
{
	hosts_load(hosts);
	nameserver_load(conf, port, resolver_heard);
}

void
resolver_init(void)
{
	resolver_open(RESOLVER_HOSTS, RESOLVER_CONF, DNS_PORT);
}

/* Names that need nobody outside: in the hosts file, or no name at all. */
static int
resolver_known(const char *name, struct msg_resolved *out)
{
	struct dns_question	 q;

	if ((out->n = hosts_find(name, out->addr, RESOLVE_ADDRS)) > 0)
		return 1;
	return dns_name(&q, name) == -1;
}

void
resolver_on_resolve(enum proc_role from, const void *data, int fd)
{
	const struct msg_resolve	*m = data;
	struct msg_resolved		 out;
	struct job			*j = NULL;

	(void)fd;
	(void)msg_string(m->name, sizeof(m->name), "name to resolve");
	memset(&out, 0, sizeof(out));
	if (resolver_known(m->name, &out)) {
		answer(from, &out, m->token);
		return;
	}
	if (nameservers.n > 0 && (from == PROC_PARENT || njobs < JOBS))
		j = calloc(1, sizeof(*j));
	if (j == NULL) {
		out.failed = 1;
		answer(from, &out, m->token);
		return;
	}
	j->from = from;
	j->token = m->token;
	strlcpy(j->name, m->name, sizeof(j->name));
	if (from == PROC_PARENT && nparent == JOBS_PARENT)
		TAILQ_INSERT_TAIL(&waiting, j, entry);
	else
		job_start(j);
}
