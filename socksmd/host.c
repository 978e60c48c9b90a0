/*
 * host.c: names of hosts in the configuration, collected while it is read and
 * replaced by their addresses before it is used; it runs in the parent.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"

const struct conf_host *
conf_host(const struct conf *c, uint32_t nr)
{
	const struct conf_host	*h;

	TAILQ_FOREACH(h, &c->hosts, entry)
		if (h->nr == nr)
			break;
	return h;
}

static struct conf_host *
host_new(struct conf *c, const struct word *w)
{
	struct conf_host	*h, *last = TAILQ_LAST(&c->hosts, conf_hosts);
	size_t			 len = strlen(w->file);

	if ((h = calloc(1, sizeof(*h))) == NULL)
		err(1, "reading the configuration");
	h->nr = last == NULL ? 0 : last->nr + 1;
	(void)strlcpy(h->name, w->s, sizeof(h->name));
	(void)strlcpy(h->file, len < sizeof(h->file) ? w->file :
	    w->file + len - (sizeof(h->file) - 1), sizeof(h->file));
	h->line = w->line;
	TAILQ_INSERT_TAIL(&c->hosts, h, entry);
	return h;
}

static struct conf_host *
host_get(struct conf *c, const struct word *w)
{
	struct conf_host	*h;

	TAILQ_FOREACH(h, &c->hosts, entry)
		if (strcasecmp(h->name, w->s) == 0)
			return h;
	h = TAILQ_LAST(&c->hosts, conf_hosts);
	if (h == NULL || h->nr + 1 < CONF_HOSTS)
		return host_new(c, w);
	word_error(w, "%s: more than %d names of hosts", w->s, CONF_HOSTS);
	return NULL;
}

int
host_add(struct conf *c, const struct word *w, uint32_t *nr)
{
	const struct conf_host	*h = host_get(c, w);

	if (h == NULL)
		return -1;
	*nr = h->nr;
	return 0;
}

void
host_entry(struct conf *c, struct table *t, const struct word *w, int neg,
    int from_file)
{
	struct conf_host	*h;
	struct conf_entry	*e;

	if (strchr(w->s, '.') == NULL || !value_is_hostname(w->s)) {
		word_error(w, "table <%s>: %s is neither an address nor the "
		    "name of a host", t->name, w->s);
		return;
	}
	if ((h = host_get(c, w)) == NULL)
		return;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		err(1, "reading table <%s>", t->name);
	e->table = t;
	e->host = h;
	e->neg = (uint8_t)neg;
	e->from_file = (uint8_t)from_file;
	TAILQ_INSERT_TAIL(&c->entries, e, entry);
}

static void
host_address(struct conf_host *h, const struct sockaddr *sa)
{
	struct addr	 a;
	uint8_t		 i;

	if (sa->sa_family == AF_INET)
		addr_v4(&a, (const uint8_t *)
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
	else if (sa->sa_family == AF_INET6)
		addr_v6(&a, ((const struct sockaddr_in6 *)(const void *)sa)->
		    sin6_addr.s6_addr, 0);
	else
		return;
	addr_unmap(&a);
	for (i = 0; i < h->naddrs; i++)
		if (addr_eq(&h->addr[i], &a))
			return;
	if (h->naddrs < nitems(h->addr))
		h->addr[h->naddrs++] = a;
}

/* A dot at the end only says that this is the name of a host. */
void
conf_host_query(const struct conf_host *h, char *buf, size_t size)
{
	size_t		 len = strlcpy(buf, h->name, size);

	if (len > 0 && len < size && buf[len - 1] == '.')
		buf[len - 1] = '\0';
}

static int
host_lookup(struct conf_host *h, FILE *f)
{
	char			 name[256];
	struct addrinfo		 hints, *list, *ai;
	int			 error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	conf_host_query(h, name, sizeof(name));
	if ((error = getaddrinfo(name, NULL, &hints, &list)) != 0) {
		fprintf(f, "%s:%u: %s: %s\n", h->file, h->line, h->name,
		    gai_strerror(error));
		return -1;
	}
	for (ai = list; ai != NULL; ai = ai->ai_next)
		host_address(h, ai->ai_addr);
	freeaddrinfo(list);
	return 0;
}

int
conf_lookup(struct conf *c, FILE *f)
{
	struct conf_host	*h;
	int			 failed = 0;

	TAILQ_FOREACH(h, &c->hosts, entry)
		failed += host_lookup(h, f) == -1;
	return failed;
}

/* The addresses of one side of a rule: one that is no name, or the host's. */
struct choices {
	const struct conf_host	*host;		/* NULL: the side as it is */
	struct rule_addr	 as_is;
};

static void
choices_init(struct choices *s, const struct rule_addr *ra,
    struct conf_host *const *hosts)
{
	s->as_is = *ra;
	s->host = ra->type == RULE_HOST ? hosts[ra->host] : NULL;
}

/* The i-th, in *ra; 0 if there is none. */
static int
choices_get(const struct choices *s, uint8_t i, struct rule_addr *ra)
{
	if (s->host == NULL) {
		*ra = s->as_is;
		return i == 0;
	}
	if (i >= s->host->naddrs)
		return 0;
	memset(ra, 0, sizeof(*ra));
	ra->type = RULE_PREFIX;
	ra->named = 1;
	ra->a = s->host->addr[i];
	ra->plen = ra->a.af == ADDR_V4 ? 32 : 128;
	return 1;
}

static int
rule_copy(struct rule_list *l, const struct rule *r, FILE *f)
{
	const struct rule_node	*last = TAILQ_LAST(l, rule_list);

	if (last != NULL && last->rule.nr + 1 >= CONF_RULES)
		fprintf(f, "%s:%u: the names of hosts make more than %d rules "
		    "in all\n", r->file, r->line, CONF_RULES);
	else if (rule_add(l, r) == NULL)
		fprintf(f, "%s:%u: no memory\n", r->file, r->line);
	else
		return 0;
	return -1;
}

/* All rules that one with names stands for, behind those that are there. */
static int
rule_spread(struct rule_list *l, const struct rule *old,
    struct conf_host *const *hosts, FILE *f)
{
	struct choices	 from, to;
	struct rule	 r = *old;
	uint8_t		 i, j;
	int		 fit = 0;

	choices_init(&from, &old->from, hosts);
	choices_init(&to, &old->to, hosts);
	for (i = 0; choices_get(&from, i, &r.from); i++)
		for (j = 0; choices_get(&to, j, &r.to); j++) {
			if (r.af != ADDR_NONE && r.to.a.af != ADDR_NONE &&
			    r.to.a.af != r.af)
				continue;
			if (rule_copy(l, &r, f) == -1)
				return -1;
			fit = 1;
		}
	if (fit)
		return 0;
	fprintf(f, "%s:%u: %s has no address of that family\n", old->file,
	    old->line, to.host != NULL ? to.host->name : from.host->name);
	return -1;
}

static int
expand_rules(struct conf *c, struct conf_host *const *hosts, FILE *f)
{
	struct rule_list	 l = TAILQ_HEAD_INITIALIZER(l);
	struct rule_node	*n;
	int			 ret = 0;

	while ((n = TAILQ_FIRST(&c->rules)) != NULL) {
		if (rule_spread(&l, &n->rule, hosts, f) == -1)
			ret = -1;
		TAILQ_REMOVE(&c->rules, n, entry);
		free(n);
	}
	TAILQ_CONCAT(&c->rules, &l, entry);
	return ret;
}

static int
expand_entry(const struct conf_entry *e, FILE *f)
{
	struct table_entry	 t;
	uint8_t			 i;

	memset(&t, 0, sizeof(t));
	t.neg = e->neg;
	t.from_file = e->from_file;
	for (i = 0; i < e->host->naddrs; i++) {
		t.prefix.addr = e->host->addr[i];
		t.prefix.len = t.prefix.addr.af == ADDR_V4 ? 32 : 128;
		if (table_add(e->table, &t) == -1) {
			fprintf(f, "table <%s>: no memory\n", e->table->name);
			return -1;
		}
	}
	return 0;
}

int
conf_hosts_expand(struct conf *c, FILE *f)
{
	const struct conf_entry	*e;
	struct conf_host	*h, **hosts;
	int			 ret = 0;

	if (TAILQ_EMPTY(&c->hosts))
		return 0;
	hosts = calloc((size_t)TAILQ_LAST(&c->hosts, conf_hosts)->nr + 1,
	    sizeof(struct conf_host *));
	if (hosts == NULL) {
		fprintf(f, "names of hosts: no memory\n");
		return -1;
	}
	TAILQ_FOREACH(h, &c->hosts, entry)
		hosts[h->nr] = h;
	if (expand_rules(c, hosts, f) == -1)
		ret = -1;
	TAILQ_FOREACH(e, &c->entries, entry)
		if (expand_entry(e, f) == -1)
			ret = -1;
	free(hosts);
	return ret;
}
