/*
 * policy.c: the configuration of the policy process, received into a scratch
 * generation and put in force as a whole, and the life of that process.
 */

#include <sys/types.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "control.h"
#include "handlers.h"
#include "log.h"
#include "proc.h"
#include "protect.h"
#include "table.h"

struct policy			 policy;
static struct policy_conf	*scratch;	/* between BEGIN and COMMIT */

static void	policy_engine_gone(enum proc_role);

static void
conf_free(struct policy_conf *c)
{
	if (c == NULL)
		return;
	ruleset_clear(&c->rs);
	free(c->index);
	free(c);
}

/* The generation that a message is for; only the parent sends these. */
static struct policy_conf *
conf_of(uint32_t generation)
{
	if (scratch == NULL || scratch->rs.generation != generation)
		fatalx("policy: configuration for generation %u, expected %u",
		    generation, scratch == NULL ? 0 : scratch->rs.generation);
	return scratch;
}

/* As above, for what may also change in the generation in force. */
static struct policy_conf *
conf_or_current(uint32_t generation)
{
	if (policy.conf != NULL && policy.conf->rs.generation == generation)
		return policy.conf;
	return conf_of(generation);
}

void
policy_init(void)
{
	proc_on_close(PROC_ENGINE, policy_engine_gone);
	policy.started = clock_ms();
	record_init();
	control_init();
}

void
policy_on_begin(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;

	(void)from;
	(void)fd;
	conf_free(scratch);		/* a reload that was given up */
	if ((scratch = calloc(1, sizeof(*scratch))) == NULL)
		fatal("policy: configuration");
	ruleset_init(&scratch->rs);
	scratch->rs.generation = m->generation;
}

void
policy_on_settings(enum proc_role from, const void *data, int fd)
{
	const struct msg_settings	*m = data;

	(void)from;
	(void)fd;
	conf_of(m->generation)->rs.settings = m->settings;
}

void
policy_on_listener(enum proc_role from, const void *data, int fd)
{
	const struct msg_listener	*m = data;
	struct policy_conf		*c = conf_of(m->generation);

	(void)from;
	(void)fd;
	(void)msg_string(m->label, sizeof(m->label), "label of a listener");
	if (c->nlisteners == POLICY_LISTENERS)
		fatalx("policy: more than %d listeners", POLICY_LISTENERS);
	if (m->nmethods > sizeof(m->methods))
		fatalx("policy: listener %u: %u methods", m->id, m->nmethods);
	c->listener[c->nlisteners++] = *m;
}

/* Own addresses may also come while a generation is in force. */
void
policy_on_addr(enum proc_role from, const void *data, int fd)
{
	const struct msg_addr	*m = data;
	struct ruleset		*rs = &conf_or_current(m->generation)->rs;

	(void)from;
	(void)fd;
	(void)msg_string(m->ifname, sizeof(m->ifname), "interface's name");
	if (ruleset_own(rs, &m->net, m->ifname) == -1)
		fatal("policy: own addresses");
}

/*
 * One message per name and role. Also while a generation is in force: an
 * interface came, or came back.
 */
void
policy_on_iface(enum proc_role from, const void *data, int fd)
{
	const struct msg_iface	*m = data;
	struct policy_conf	*c = conf_or_current(m->generation);
	uint32_t		 i;

	(void)from;
	(void)fd;
	(void)msg_string(m->name, sizeof(m->name), "interface's name");
	for (i = 0; i < c->nifaces; i++)
		if (strcmp(c->iface[i].name, m->name) == 0 &&
		    c->iface[i].role == m->role)
			break;
	if (i == POLICY_IFACES)
		fatalx("policy: more than %d interfaces", POLICY_IFACES);
	c->iface[i] = *m;
	if (i == c->nifaces)
		c->nifaces++;
}

static int
rule_addr_valid(const struct rule_addr *a)
{
	return a->type <= RULE_IFACE && a->plen <= 128 &&
	    memchr(a->name, '\0', sizeof(a->name)) != NULL;
}

static int
rule_valid(const struct rule *r)
{
	return r->action <= RULE_MATCH &&
	    rule_addr_valid(&r->from) && rule_addr_valid(&r->to) &&
	    r->fport.op <= OP_RANGE && r->port.op <= OP_RANGE &&
	    memchr(r->file, '\0', sizeof(r->file)) != NULL &&
	    memchr(r->user, '\0', sizeof(r->user)) != NULL &&
	    memchr(r->group, '\0', sizeof(r->group)) != NULL &&
	    memchr(r->via, '\0', sizeof(r->via)) != NULL &&
	    memchr(r->listener, '\0', sizeof(r->listener)) != NULL &&
	    memchr(r->domain, '\0', sizeof(r->domain)) != NULL &&
	    memchr(r->label, '\0', sizeof(r->label)) != NULL;
}

void
policy_on_rule(enum proc_role from, const void *data, int fd)
{
	const struct rule	*r = data;

	(void)from;
	(void)fd;
	if (scratch == NULL || !rule_valid(r) || r->nr != scratch->nrules)
		fatalx("policy: rule %u is broken or out of turn", r->nr);
	if (rule_add(&scratch->rs.rules, r) == NULL)
		fatal("policy: rule %u", r->nr);
	scratch->nrules++;
}

void
policy_on_table(enum proc_role from, const void *data, int fd)
{
	const struct msg_table	*m = data;
	struct policy_conf	*c = conf_of(m->generation);
	const char		*name;

	(void)from;
	(void)fd;
	name = msg_string(m->name, sizeof(m->name), "name of a table");
	if ((c->last = table_new(name)) == NULL)
		fatal("policy: table %s", name);
	c->last->is_const = m->is_const;
	c->last->persist = m->persist;
	TAILQ_INSERT_TAIL(&c->rs.tables, c->last, entry);
}

void
policy_on_entry(enum proc_role from, const void *data, int fd)
{
	const struct msg_entry	*m = data;
	struct policy_conf	*c = conf_of(m->generation);
	struct table_entry	 e;

	(void)from;
	(void)fd;
	if (c->last == NULL)
		fatalx("policy: entry without a table");
	memset(&e, 0, sizeof(e));
	e.prefix = m->prefix;
	e.neg = m->neg;
	if (table_add(c->last, &e) == -1)
		fatal("policy: table %s", c->last->name);
}

void
policy_on_user(enum proc_role from, const void *data, int fd)
{
	const struct msg_user	*m = data;
	struct policy_conf	*c = conf_of(m->generation);
	struct user_node	*u;
	uint8_t			 i;

	(void)from;
	(void)fd;
	(void)msg_string(m->name, sizeof(m->name), "name of a user");
	if (m->ngroups > nitems(m->groups))
		fatalx("policy: user %s: %u groups", m->name, m->ngroups);
	if ((u = calloc(1, sizeof(*u))) == NULL)
		fatal("policy: user %s", m->name);
	strlcpy(u->name, m->name, sizeof(u->name));
	for (i = 0; i < m->ngroups; i++)
		strlcpy(u->groups[u->ngroups++], msg_string(m->groups[i],
		    sizeof(m->groups[i]), "group of a user"),
		    sizeof(u->groups[0]));
	TAILQ_INSERT_TAIL(&c->rs.users, u, entry);
}

void
policy_on_proc(enum proc_role from, const void *data, int fd)
{
	const struct msg_proc	*m = data;

	(void)from;
	(void)fd;
	if (m->role >= PROC_MAX)
		fatalx("policy: process of role %u", m->role);
	(void)msg_string(m->user, sizeof(m->user), "user of a process");
	policy.proc[m->role] = *m;
}

static void
conf_index(struct policy_conf *c)
{
	struct rule_node	*node;
	uint32_t		 i = 0;

	free(c->index);
	if ((c->index = calloc(c->nrules + 1, sizeof(*c->index))) == NULL)
		fatal("policy: index of the rules");
	TAILQ_FOREACH(node, &c->rs.rules, entry)
		c->index[i++] = node;
}

void
policy_on_prepare(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;

	(void)fd;
	conf_index(conf_of(m->generation));
	if (ruleset_index(&conf_of(m->generation)->rs) == -1)
		fatal("policy: index of the rules");
	(void)proc_send(from, M_CONF_ACK, m, -1);
}

void
policy_on_commit(enum proc_role from, const void *data, int fd)
{
	const struct msg_generation	*m = data;
	struct policy_conf		*c = conf_of(m->generation);

	(void)fd;
	if (c->index == NULL)
		fatalx("policy: generation %u was not prepared",
		    m->generation);
	conf_free(policy.conf);
	policy.conf = c;
	scratch = NULL;
	(void)proc_send(from, M_CONF_ACK, m, -1);
}

struct rule_node *
policy_rule(uint32_t generation, uint32_t nr)
{
	struct policy_conf	*c = policy.conf;

	if (c == NULL || c->rs.generation != generation || nr >= c->nrules)
		return NULL;
	return c->index[nr];
}

const struct msg_listener *
policy_listener(uint32_t id)
{
	struct policy_conf	*c = policy.conf;
	uint32_t		 i;

	for (i = 0; c != NULL && i < c->nlisteners; i++)
		if (c->listener[i].id == id)
			return &c->listener[i];
	return NULL;
}

const struct msg_iface *
policy_iface(const char *via)
{
	struct policy_conf	*c = policy.conf;
	const struct msg_iface	*f;
	uint32_t		 i;

	for (i = 0; i < c->nifaces; i++) {
		f = &c->iface[i];
		if (via[0] == '\0' ? (f->role & IFACE_EGRESS) != 0 :
		    strcmp(f->name, via) == 0)
			return f;
	}
	return NULL;
}

const struct msg_iface *
policy_iface_nr(uint32_t ifindex)
{
	struct policy_conf	*c = policy.conf;
	uint32_t		 i;

	for (i = 0; ifindex != 0 && i < c->nifaces; i++)
		if (c->iface[i].ifindex == ifindex)
			return &c->iface[i];
	return NULL;
}

/* The egress interface, if there is one and no other. */
static const struct msg_iface *
policy_egress(void)
{
	struct policy_conf	*c = policy.conf;
	const struct msg_iface	*only = NULL;
	uint32_t		 i;

	for (i = 0; i < c->nifaces; i++) {
		if (!(c->iface[i].role & IFACE_EGRESS))
			continue;
		if (only != NULL)
			return NULL;
		only = &c->iface[i];
	}
	return only;
}

int
policy_unicast(const char *via, const struct addr *to, uint32_t *ifindex)
{
	const struct msg_iface	*f;

	*ifindex = 0;
	if (protect_self(&policy.conf->rs, to))
		return 0;		/* this host is behind no interface */
	f = via[0] != '\0' ? policy_iface(via) : policy_egress();
	if (f == NULL)
		return via[0] != '\0' ? -1 : 0;
	*ifindex = f->ifindex;
	return f->ifindex != 0 ? 0 : -1;
}

int
policy_reaches(const struct addr *to)
{
	const struct ruleset	*rs = &policy.conf->rs;
	const struct addr	*own;
	uint32_t		 i;

	if (to->af != ADDR_V6 || protect_self(rs, to))
		return 1;
	for (i = 0; i < rs->nown; i++) {
		own = &rs->own[i].net.addr;
		if (own->af == ADDR_V6 && !addr_is_loopback(own) &&
		    !addr_is_linklocal(own))
			return 1;
	}
	return 0;
}

/* Records all that is left, so that no record is ever missing (P47). */
static void
policy_finish(enum end_reason reason)
{
	static int	 finished;

	if (finished++)
		return;
	identity_close_all(reason);
	record_flush();
	control_close();
	(void)proc_send(PROC_PARENT, M_DONE, NULL, -1);
}

/* Nothing comes after: the engine has ended all that it had. */
void
policy_on_done(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)data;
	(void)fd;
	policy_finish(END_SHUTDOWN);
}

/* The engine went without a word: the record is what policy knows. */
static void
policy_engine_gone(enum proc_role peer)
{
	(void)peer;
	policy_finish(END_ENGINE);
}
