/*
 * rulespec.c: a rule as it is written, its lists and options collected and
 * checked; it runs in the parent.
 */

#include <sys/types.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"

/* Options of the manual's plans: known, so that nobody looks for a typo. */
static const char *const later[] = { "tls", "encap", "max-sessions",
    "max-associations", "max-rate", "content" };

#define SERVED	(CMD_CONNECT | CMD_UDP | CMD_RECEIVE | CMD_SEND)

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

/* A name: of a host if it can be one and has a dot, else of an interface. */
static void
spec_name(struct conf *c, struct word *w, struct rule_addr *ra)
{
	if (strchr(w->s, '.') == NULL || !value_is_hostname(w->s)) {
		ra->type = RULE_IFACE;
		if (strlen(w->s) >= IF_NAMESIZE || strpbrk(w->s, " \t") != NULL)
			word_error(w, "%s: neither an address nor the name "
			    "of an interface or a host", w->s);
		else
			(void)value_name(w, "interface", ra->name,
			    sizeof(ra->name));
		return;
	}
	ra->type = RULE_HOST;
	if (ra->neg)
		word_error(w, "! %s: a name may stand for several addresses: "
		    "put it into a table", w->s);
	else
		(void)host_add(c, w, &ra->host);
}

/* An address, a prefix, or a name. */
struct item *
spec_host(struct conf *c, struct word *w, int neg)
{
	struct item	*i = item_new(w);

	i->addr.neg = (uint8_t)neg;
	if (!value_is_addr(w->s))
		spec_name(c, w, &i->addr);
	else if (value_addr(w, &i->addr) == 0)
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
spec_method(struct rule_spec *s, struct items *list)
{
	struct item	*i;

	if (s->rule.methods != 0)
		word_error(list->first->word, "method %s: given twice",
		    list->first->word->s);
	for (i = list->first; i != NULL; i = i->next) {
		if (strcmp(i->word->s, "none") == 0)
			s->rule.methods |= RULE_METHOD_NONE;
		else if (strcmp(i->word->s, "userpass") == 0)
			s->rule.methods |= RULE_METHOD_USERPASS;
		else
			word_error(i->word, "method %s: must be none or "
			    "userpass", i->word->s);
	}
}

/* In lower case and without a dot at the end, so that names compare. */
static void
spec_domain_one(struct word *w)
{
	char	*s = w->s;
	size_t	 len = strlen(s);

	if (!value_is_hostname(strncmp(s, "*.", 2) == 0 ? s + 2 : s)) {
		word_error(w, "domain %s: must be the name of a host, or "
		    "\"*.\" and a name", s);
		return;
	}
	if (s[len - 1] == '.')
		s[len - 1] = '\0';
	for (; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
}

void
spec_domain(struct rule_spec *s, struct items *list)
{
	struct item	*i;

	if (s->domain.n != 0)
		word_error(list->first->word, "domain %s: given twice",
		    list->first->word->s);
	for (i = list->first; i != NULL; i = i->next)
		spec_domain_one(i->word);
	s->domain = *list;
}

void
spec_timeout(struct rule_spec *s, struct word *which, struct word *w)
{
	if (strcmp(which->s, "idle") != 0)
		word_error(which, "timeout %s: must be idle", which->s);
	else if (s->rule.idle != 0)
		word_error(w, "timeout idle %s: given twice", w->s);
	else
		(void)value_number(w, "timeout idle", 1, 2592000,
		    &s->rule.idle);
}

void
spec_egress(struct rule_spec *s, struct word *w)
{
	if (strcmp(w->s, "dedicated") == 0)
		s->rule.dedicated = 1;
	else
		word_error(w, "egress %s: must be dedicated", w->s);
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
		{ "method", r->methods != 0, 0, CMD_SIX },
		{ "listener", s->listener.n != 0, 0, CMD_SIX },
		{ "domain", s->domain.n != 0, 0, CMD_SIX },
		{ "log", r->log, 0, CMD_SIX },
		{ "mode", r->modes != 0, 1, CMD_RECEIVE | CMD_SEND },
		{ "ttl", r->ttl_set, 1, CMD_SEND },
		{ "local any", r->local_any, 1,
		    CMD_UDP | CMD_RECEIVE | CMD_SEND },
		{ "timeout", r->idle != 0, 1, CMD_SIX },
		{ "egress dedicated", r->dedicated, 1, CMD_UDP },
		{ "via", r->via[0] != '\0', 1, SERVED }
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

/* Accepted, so that a file need not change when it is; but not in silence. */
static void
spec_unserved(const struct rule_spec *s)
{
	const struct rule	*r = &s->rule;

	if (r->action == RULE_BLOCK)
		return;
	if (r->commands != CMD_SIX && r->commands & CMD_BIND)
		word_warn(s->at, "%s: bind is not served yet", s->at->s);
	if (r->commands != CMD_SIX && r->commands & CMD_ASSOCIATE)
		word_warn(s->at, "%s: associate is not served yet", s->at->s);
	if (r->modes & MODE_MM)
		word_warn(s->at, "%s: mode mm is not served yet", s->at->s);
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
		spec_unserved(s);
		return 0;
	}
	return -1;
}
