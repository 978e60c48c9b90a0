/*
 * distribute.c: the parent sends a configuration to its children under a
 * generation, has them prepare it, then commit it; and keeps what of it
 * bounds the sockets that may be made.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "iface.h"
#include "log.h"
#include "parent.h"
#include "sandbox.h"

/* Interfaces that the configuration names, with what they are named for. */
struct named {
	TAILQ_ENTRY(named)	 entry;
	char			 name[IF_NAMESIZE];
	uint32_t		 ifindex;
	uint8_t			 role;
	struct addr		 addr;
};
TAILQ_HEAD(nameds, named);

enum phase { IDLE, PREPARING, COMMITTING };

/*
 * Those of the generation in force, and those that are checked or sent: as
 * long as both may be granted by, both count.
 */
static struct nameds	 names = TAILQ_HEAD_INITIALIZER(names);
static struct nameds	 next_names = TAILQ_HEAD_INITIALIZER(next_names);

static struct conf	*next;		/* what is sent */
static uint32_t		 generation;	/* of that */
static enum phase	 phase;
static unsigned		 acks;		/* one bit per process */
static void		(*committed)(void);

#define WITH_CONF	(1U << PROC_ENGINE | 1U << PROC_POLICY | \
			    1U << PROC_AUTH)

static void
named_clear(struct nameds *list)
{
	struct named	*n;

	while ((n = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, n, entry);
		free(n);
	}
}

static int
named_add(const char *name, uint8_t role, const struct addr *addr,
    const char *file, uint32_t line, FILE *err)
{
	struct named	*n;

	TAILQ_FOREACH(n, &next_names, entry)
		if (strcmp(n->name, name) == 0 && (n->role & role))
			return 0;
	if ((n = calloc(1, sizeof(*n))) == NULL) {
		fprintf(err, "%s:%u: interface %s: %s\n", file, line, name,
		    strerror(errno));
		return -1;
	}
	strlcpy(n->name, name, sizeof(n->name));
	n->role = role;
	if (addr != NULL)
		n->addr = *addr;
	TAILQ_INSERT_TAIL(&next_names, n, entry);
	if ((n->ifindex = iface_index(name)) == 0) {
		fprintf(err, "%s:%u: interface %s: no such interface\n", file,
		    line, name);
		return -1;
	}
	return 0;
}

static int
named_list(const struct conf_ifaces *list, uint8_t role, FILE *err)
{
	const struct conf_iface	*i;
	int			 error = 0;

	TAILQ_FOREACH(i, list, entry)
		if (named_add(i->name, role, &i->addr, i->file, i->line,
		    err) == -1)
			error = -1;
	return error;
}

/* An interface that stands for its addresses. */
static int
named_exists(const struct rule_addr *ra, const struct rule *r, FILE *err)
{
	if (ra->type != RULE_IFACE || iface_index(ra->name) != 0)
		return 0;
	fprintf(err, "%s:%u: %s: no such interface; the name of a host has a "
	    "dot in it or behind it\n", r->file, r->line, ra->name);
	return -1;
}

int
distribute_check(const struct conf *conf, FILE *err)
{
	const struct rule_node	*r;
	int			 error = 0;

	named_clear(&next_names);
	if (named_list(&conf->inside, IFACE_INSIDE, err) == -1 ||
	    named_list(&conf->egress, IFACE_EGRESS, err) == -1)
		error = -1;
	TAILQ_FOREACH(r, &conf->rules, entry)
		if (named_exists(&r->rule.from, &r->rule, err) == -1 ||
		    named_exists(&r->rule.to, &r->rule, err) == -1)
			error = -1;
	TAILQ_FOREACH(r, &conf->rules, entry)
		if (r->rule.via[0] != '\0' && named_add(r->rule.via,
		    IFACE_VIA, NULL, r->rule.file, r->rule.line, err) == -1)
			error = -1;
	return error;
}

static uint8_t
named_role(const struct nameds *list, uint32_t ifindex)
{
	const struct named	*n;
	uint8_t			 role = 0;

	TAILQ_FOREACH(n, list, entry)
		if (n->ifindex == ifindex)
			role |= n->role;
	return role;
}

uint8_t
distribute_iface_role(uint32_t ifindex)
{
	uint8_t	 role = named_role(&names, ifindex);

	if (phase == COMMITTING)
		role |= named_role(&next_names, ifindex);
	return role;
}

static const struct addr *
named_addr(const struct nameds *list, uint32_t ifindex, uint8_t af)
{
	const struct named	*n;

	TAILQ_FOREACH(n, list, entry)
		if (n->ifindex == ifindex && n->addr.af == af)
			return &n->addr;
	return NULL;
}

const struct addr *
distribute_egress_addr(uint32_t ifindex, uint8_t af)
{
	const struct addr	*addr = NULL;

	if (phase == COMMITTING)
		addr = named_addr(&next_names, ifindex, af);
	return addr != NULL ? addr : named_addr(&names, ifindex, af);
}

/*
 * The address to send from: as configured, else the interface's first. By IPv6
 * the system chooses for each destination, as the scopes of both must fit.
 */
const struct addr *
distribute_iface_addr(uint32_t ifindex, uint8_t af)
{
	const struct addr	*addr = distribute_egress_addr(ifindex, af);
	const struct iface_addr	*a;

	if (addr != NULL)
		return addr;
	if (af != ADDR_V4 || (a = iface_first(ifindex, af)) == NULL)
		return NULL;
	return &a->net.addr;
}

static void
distribute_all(enum msg_type type, const void *data)
{
	proc_send(PROC_ENGINE, type, data, -1);
	proc_send(PROC_POLICY, type, data, -1);
	proc_send(PROC_AUTH, type, data, -1);
}

static void
distribute_listener(const struct msg_listener *msg)
{
	struct msg_listener	 l = *msg;

	l.generation = generation;
	proc_send(PROC_ENGINE, M_CONF_LISTENER, &l, -1);
	proc_send(PROC_POLICY, M_CONF_LISTENER, &l, -1);
}

static void
distribute_addrs(void)
{
	const struct iface_addr	*a;
	struct msg_addr		 m;

	TAILQ_FOREACH(a, &iface_addrs, entry) {
		memset(&m, 0, sizeof(m));
		m.generation = generation;
		m.ifindex = a->ifindex;
		m.net = a->net;
		strlcpy(m.ifname, a->ifname, sizeof(m.ifname));
		proc_send(PROC_ENGINE, M_CONF_ADDR, &m, -1);
		proc_send(PROC_POLICY, M_CONF_ADDR, &m, -1);
	}
}

static void
distribute_ifaces(void)
{
	const struct named	*n;
	struct msg_iface	 m;

	TAILQ_FOREACH(n, &next_names, entry) {
		memset(&m, 0, sizeof(m));
		m.generation = generation;
		m.ifindex = n->ifindex;
		m.mtu = iface_mtu(n->ifindex);
		m.role = n->role;
		m.addr = n->addr;
		strlcpy(m.name, n->name, sizeof(m.name));
		proc_send(PROC_POLICY, M_CONF_IFACE, &m, -1);
	}
}

static void
distribute_tables(void)
{
	const struct table	*t;
	struct msg_table	 m;
	struct msg_entry	 e;
	uint32_t		 i;

	TAILQ_FOREACH(t, &next->tables, entry) {
		memset(&m, 0, sizeof(m));
		m.generation = generation;
		m.is_const = t->is_const;
		m.persist = t->persist;
		strlcpy(m.name, t->name, sizeof(m.name));
		proc_send(PROC_POLICY, M_CONF_TABLE, &m, -1);
		for (i = 0; i < t->n; i++) {
			memset(&e, 0, sizeof(e));
			e.generation = generation;
			e.neg = t->e[i].neg;
			e.prefix = t->e[i].prefix;
			proc_send(PROC_POLICY, M_CONF_ENTRY, &e, -1);
		}
	}
}

static void
distribute_users(void)
{
	const struct user_node	*u;
	const struct conf_hash	*h;
	struct msg_user		 mu;
	struct msg_hash		 mh;

	TAILQ_FOREACH(u, &next->users, entry) {
		memset(&mu, 0, sizeof(mu));
		mu.generation = generation;
		mu.ngroups = u->ngroups;
		strlcpy(mu.name, u->name, sizeof(mu.name));
		memcpy(mu.groups, u->groups, sizeof(mu.groups));
		proc_send(PROC_POLICY, M_CONF_USER, &mu, -1);
	}
	TAILQ_FOREACH(h, &next->hashes, entry) {
		memset(&mh, 0, sizeof(mh));
		mh.generation = generation;
		strlcpy(mh.name, h->name, sizeof(mh.name));
		strlcpy(mh.hash, h->hash, sizeof(mh.hash));
		proc_send(PROC_AUTH, M_CONF_HASH, &mh, -1);
	}
	explicit_bzero(&mh, sizeof(mh));
}

static void
distribute_procs(void)
{
	struct msg_proc	 m;
	int		 i;

	for (i = 0; i < PROC_MAX; i++) {
		memset(&m, 0, sizeof(m));
		m.role = i;
		m.pid = children_pid(i);
		strlcpy(m.user, i == PROC_PARENT ? "root" : SOCKSMD_USER,
		    sizeof(m.user));
		proc_send(PROC_POLICY, M_CONF_PROC, &m, -1);
	}
}

static void
distribute_rules(void)
{
	const struct rule_node	*r;

	TAILQ_FOREACH(r, &next->rules, entry)
		proc_send(PROC_POLICY, M_CONF_RULE, &r->rule, -1);
}

void
distribute_start(struct conf *conf, void (*done)(void))
{
	struct msg_generation	 gen;
	struct msg_settings	 set;

	next = conf;
	committed = done;
	gen.generation = generation = parent.generation + 1;
	memset(&set, 0, sizeof(set));
	set.generation = generation;
	set.settings = next->settings;
	distribute_all(M_CONF_BEGIN, &gen);
	distribute_all(M_CONF_SETTINGS, &set);
	listen_each(distribute_listener);
	distribute_addrs();
	distribute_ifaces();
	distribute_tables();
	distribute_users();
	distribute_rules();
	distribute_procs();
	phase = PREPARING;
	acks = 0;
	distribute_all(M_CONF_PREPARE, &gen);
}

/* All have it ready: from here on it is granted by. */
static void
distribute_commit(const struct msg_generation *gen)
{
	phase = COMMITTING;
	parent.generation = generation;
	permit_load(next);
	distribute_all(M_CONF_COMMIT, gen);
}

/* All use it: what was before may go. */
static void
distribute_committed(void)
{
	phase = IDLE;
	named_clear(&names);
	TAILQ_CONCAT(&names, &next_names, entry);
	listen_start();
	if (parent.conf != next)
		conf_free(parent.conf);
	parent.conf = next;
	next = NULL;
	committed();
}

void
distribute_on_ack(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*gen = data;

	(void)fd;
	if (parent_stopping())
		return;
	if (phase == IDLE || gen->generation != generation ||
	    (acks & (1U << from)))
		fatalx("parent: %s acknowledged generation %u unasked",
		    proc_name(from), gen->generation);
	acks |= 1U << from;
	if (acks != WITH_CONF)
		return;
	acks = 0;
	if (phase == PREPARING)
		distribute_commit(gen);
	else
		distribute_committed();
}
