/*
 * expand.c: a rule with lists to the rules that it stands for, as pf does; it
 * runs in the parent.
 */

#include <sys/queue.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"

/* An empty list means that the rule does not say: one pass, without an item. */
#define EACH(i, list, once)	\
	for ((i) = (list)->first, (once) = 1; (i) != NULL || (once);	\
	    (i) = (i) ? (i)->next : NULL, (once) = 0)

static int
af_fits(const struct rule *r, const struct rule_addr *to)
{
	return r->af == ADDR_NONE || to->a.af == ADDR_NONE ||
	    to->a.af == r->af;
}

/* How many it will be: the product, bounded so that it cannot overflow. */
static uint64_t
spec_count(const struct rule_spec *s)
{
	const struct items	*lists[] = { &s->from, &s->fport, &s->to,
				    &s->port, &s->user, &s->group,
				    &s->listener, &s->domain };
	uint64_t		 n = 1;
	size_t			 i;

	for (i = 0; i < nitems(lists); i++) {
		if (lists[i]->n > 1)
			n *= lists[i]->n;
		if (n > CONF_RULES)
			return n;
	}
	return n;
}

static void
rule_one(struct conf *c, const struct rule *r)
{
	if (rule_add(&c->rules, r) == NULL)
		err(1, "reading the configuration");
}

/* A list of words, and where each of them goes in the rule. */
struct texts {
	const struct items	*list;		/* NULL behind the last */
	char			*to;
	size_t			 size;
};

/* The inner half of the product: who. Names were checked by the grammar. */
static void
expand_texts(struct conf *c, const struct texts *t, struct rule *r)
{
	struct item	*i;
	int		 once;

	if (t->list == NULL) {
		rule_one(c, r);
		return;
	}
	EACH(i, t->list, once) {
		if (i != NULL)
			(void)strlcpy(t->to, i->word->s, t->size);
		expand_texts(c, t + 1, r);
	}
}

static void
expand_who(struct conf *c, struct rule_spec *s, struct rule *r)
{
	const struct texts	 texts[] = {
		{ &s->user, r->user, sizeof(r->user) },
		{ &s->group, r->group, sizeof(r->group) },
		{ &s->listener, r->listener, sizeof(r->listener) },
		{ &s->domain, r->domain, sizeof(r->domain) },
		{ NULL, NULL, 0 }
	};

	expand_texts(c, texts, r);
}

static void
expand_ports(struct conf *c, struct rule_spec *s, struct rule *r)
{
	struct item	*f, *t;
	int		 f1, t1;

	EACH(f, &s->fport, f1) {
		if (f != NULL)
			r->fport = f->port;
		EACH(t, &s->port, t1) {
			if (t != NULL)
				r->port = t->port;
			expand_who(c, s, r);
		}
	}
}

static uint32_t
expand_hosts(struct conf *c, struct rule_spec *s, struct rule *r)
{
	struct item	*f, *t;
	int		 f1, t1;
	uint32_t	 fit = 0;

	EACH(f, &s->from, f1) {
		if (f != NULL)
			r->from = f->addr;
		EACH(t, &s->to, t1) {
			if (t != NULL && !af_fits(r, &t->addr))
				continue;
			if (t != NULL)
				r->to = t->addr;
			fit++;
			expand_ports(c, s, r);
		}
	}
	return fit;
}

static void
rule_place(struct rule *r, const struct word *at)
{
	size_t		 len = strlen(at->file);

	(void)strlcpy(r->file, len < sizeof(r->file) ? at->file :
	    at->file + len - (sizeof(r->file) - 1), sizeof(r->file));
	r->line = at->line;
}

void
rule_expand(struct conf *c, struct rule_spec *s)
{
	struct rule_node	*last = TAILQ_LAST(&c->rules, rule_list);
	struct rule		 r = s->rule;
	uint64_t		 n = spec_count(s);

	if (n + (last == NULL ? 0 : last->rule.nr + 1) > CONF_RULES) {
		word_error(s->at, "%s: the lists make more than %d rules in "
		    "all", s->at->s, CONF_RULES);
		return;
	}
	rule_place(&r, s->at);
	if (expand_hosts(c, s, &r) == 0)
		word_error(s->at, "%s %s: no destination is of that family",
		    s->at->s, r.af == ADDR_V4 ? "inet" : "inet6");
}
