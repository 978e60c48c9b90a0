/*
 * rulespec.c: a rule as it is written, its lists and options collected and
 * checked; it runs in the parent.
 */

#include <sys/types.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"

/* Options of the manual's plans: known, so that nobody looks for a typo. */
static const char *const later[] = { "listener", "method", "tls", "encap",
    "domain", "max-sessions", "max-associations", "max-rate", "timeout",
    "content", "egress" };

struct rule_spec *
spec_new(struct word *at, enum rule_action action)
{
	struct rule_spec	*s = scratch_alloc(sizeof(*s));

	s->at = at;
	s->rule.action = (uint8_t)action;
	return s;
}

struct item *
spec_addr(struct word *w, int type, int neg)
{
	struct item	*i = item_new(w);

	i->addr.type = (uint8_t)type;
	i->addr.neg = (uint8_t)neg;
	if (type == RULE_TABLE && value_name(w, "table", i->addr.name,
	    sizeof(i->addr.name)) == 0)
		refer_add(REFER_TABLE, w);
	return i;
}

struct item *
spec_prefix(struct word *w, int neg)
{
	struct item	*i = item_new(w);

	(void)value_addr(w, &i->addr);
	i->addr.neg = (uint8_t)neg;
	return i;
}

struct item *
spec_range(struct word *lo, struct word *hi, int neg)
{
	struct item	*i = item_new(lo);

	(void)value_range(lo, hi, &i->addr);
	i->addr.neg = (uint8_t)neg;
	return i;
}

struct item *
spec_port(struct word *w, int op)
{
	struct item	*i = item_new(w);

	(void)value_port(w, op, &i->port);
	return i;
}

void
spec_names(struct items *to, struct items *names, const char *what,
    enum refer refer)
{
	struct item	*i;
	char		 buf[RULE_NAMELEN];

	if (to->n != 0)
		word_error(names->first->word, "%s %s: there is already %s %s",
		    what, names->first->word->s, what, to->first->word->s);
	for (i = names->first; i != NULL; i = i->next)
		if (value_name(i->word, what, buf, sizeof(buf)) == 0)
			refer_add(refer, i->word);
	*to = *names;
}

void
spec_ttl(struct rule_spec *s, struct word *w)
{
	uint32_t	 v;

	if (s->rule.ttl_set)
		word_error(w, "ttl <= %s: given twice", w->s);
	if (value_number(w, "ttl <=", 1, 255, &v) == -1)
		return;
	s->rule.ttl_set = 1;
	s->rule.ttl = (uint8_t)v;
}

void
spec_mode(struct rule_spec *s, struct items *list)
{
	struct item	*i;

	if (s->rule.modes != 0)
		word_error(list->first->word, "mode %s: given twice",
		    list->first->word->s);
	for (i = list->first; i != NULL; i = i->next) {
		if (strcmp(i->word->s, "mu") == 0)
			s->rule.modes |= MODE_MU;
		else if (strcmp(i->word->s, "mm") == 0)
			s->rule.modes |= MODE_MM;
		else
			word_error(i->word, "mode %s: must be mu or mm",
			    i->word->s);
	}
}

void
spec_text(struct word *w, const char *what, char *buf, size_t size)
{
	if (buf[0] != '\0')
		word_error(w, "%s %s: there is already %s %s", what, w->s,
		    what, buf);
	(void)value_name(w, what, buf, size);
}

void
spec_later(struct word *w)
{
	size_t		 i;

	for (i = 0; i < nitems(later); i++)
		if (strcmp(later[i], w->s) == 0) {
			word_error(w, "%s: not supported yet in rules", w->s);
			return;
		}
	word_error(w, "%s: there is no such option of a rule", w->s);
}

/* The options that a rule has, and for which commands they mean something. */
static int
check_options(const struct rule_spec *s)
{
	const struct rule	*r = &s->rule;
	const struct {
		const char	*name;
		int		 given;
		int		 grants;
		uint8_t		 commands;
	} options[] = {
		{ "user", s->user.n != 0, 0, CMD_SIX },
		{ "group", s->group.n != 0, 0, CMD_SIX },
		{ "log", r->log, 0, CMD_SIX },
		{ "mode", r->modes != 0, 1, CMD_RECEIVE | CMD_SEND },
		{ "ttl", r->ttl_set, 1, CMD_SEND },
		{ "local any", r->local_any, 1,
		    CMD_UDP | CMD_RECEIVE | CMD_SEND },
		{ "via", r->via[0] != '\0', 1, CMD_RECEIVE | CMD_SEND }
	};
	size_t		 i;
	int		 ret = 0;

	for (i = 0; i < nitems(options); i++) {
		if (!options[i].given)
			continue;
		if (options[i].grants && r->action == RULE_BLOCK)
			word_error(s->at, "block: %s is for rules that grant "
			    "something", options[i].name);
		else if ((r->commands & options[i].commands) == 0)
			word_error(s->at, "%s: %s means nothing for these "
			    "commands", s->at->s, options[i].name);
		else
			continue;
		ret = -1;
	}
	return ret;
}

int
spec_check(struct rule_spec *s)
{
	const struct rule	*r = &s->rule;

	if (r->commands & CMD_DELIVER && r->commands != CMD_DELIVER)
		word_error(s->at, "%s: deliver stands alone, its \"from\" is "
		    "outside", s->at->s);
	else if (r->commands & CMD_DELIVER && r->action == RULE_MATCH)
		word_error(s->at, "match: deliver has nothing to grant");
	else if (check_options(s) == 0) {
		/* The interface may be named further down (egress on). */
		if (r->action == RULE_PASS && r->via[0] == '\0' &&
		    r->commands & (CMD_RECEIVE | CMD_SEND))
			refer_add(REFER_EGRESS, s->at);
		return 0;
	}
	return -1;
}
