/*
 * parser.c: command words by table, with abbreviations; part of socksmctl.
 */

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "parser.h"

struct token;

/* Takes the value behind a word; 0, or -1 if it is no such thing. */
typedef int (*token_action)(struct command *, const char *value);

/*
 * One word that is valid in its place, what it means, and which words come
 * behind it. With an action the word takes a value; where none is named, the
 * word itself is the value.
 */
struct token {
	const char		*word;
	uint32_t		 type;		/* sets the request, or 0 */
	const char		*value;		/* what the value is */
	token_action		 action;
	const struct token	*next;
	int			 may_end;	/* the command can end here */
};

static int	take_user(struct command *, const char *);
static int	take_group(struct command *, const char *);
static int	take_label(struct command *, const char *);
static int	take_aid(struct command *, const char *);
static int	take_number(struct command *, const char *);
static int	take_host(struct command *, const char *);
static int	take_command(struct command *, const char *);
static int	take_from(struct command *, const char *);
static int	take_to(struct command *, const char *);
static int	take_port(struct command *, const char *);
static int	take_ttl(struct command *, const char *);
static int	take_method(struct command *, const char *);
static int	take_domain(struct command *, const char *);

static const struct token session_filters[] = {
	{ "listener", 0, "label", take_label, session_filters, 1 },
	{ "user", 0, "name", take_user, session_filters, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token association_filters[] = {
	{ "group", 0, "address", take_group, association_filters, 1 },
	{ "label", 0, "label", take_label, association_filters, 1 },
	{ "user", 0, "name", take_user, association_filters, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token group_filters[] = {
	{ "group", 0, "address", take_group, group_filters, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token rule_filters[] = {
	{ "label", 0, "label", take_label, rule_filters, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token show_words[] = {
	{ "associations", CTL_SHOW_ASSOCIATIONS, NULL, NULL,
	    association_filters, 1 },
	{ "groups", CTL_SHOW_GROUPS, NULL, NULL, group_filters, 1 },
	{ "processes", CTL_SHOW_PROCESSES, NULL, NULL, NULL, 1 },
	{ "rules", CTL_SHOW_RULES, NULL, NULL, rule_filters, 1 },
	{ "sessions", CTL_SHOW_SESSIONS, NULL, NULL, session_filters, 1 },
	{ "statistics", CTL_SHOW_STATISTICS, NULL, NULL, NULL, 1 },
	{ "summary", CTL_SHOW_SUMMARY, NULL, NULL, NULL, 1 },
	{ "tables", CTL_SHOW_TABLES, NULL, NULL, NULL, 1 },
	{ "users", CTL_SHOW_USERS, NULL, NULL, NULL, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token kill_words[] = {
	{ "association", CTL_KILL_ASSOCIATION, "aid", take_aid, NULL, 1 },
	{ "grant", CTL_KILL_GRANT, "number", take_number, NULL, 1 },
	{ "host", CTL_KILL_HOST, "address", take_host, NULL, 1 },
	{ "label", CTL_KILL_LABEL, "label", take_label, NULL, 1 },
	{ "session", CTL_KILL_SESSION, "number", take_number, NULL, 1 },
	{ "user", CTL_KILL_USER, "name", take_user, NULL, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token explain_options[] = {
	{ "domain", 0, "name", take_domain, explain_options, 1 },
	{ "listener", 0, "label", take_label, explain_options, 1 },
	{ "method", 0, "none or userpass", take_method, explain_options, 1 },
	{ "port", 0, "number", take_port, explain_options, 1 },
	{ "ttl", 0, "number", take_ttl, explain_options, 1 },
	{ "user", 0, "name", take_user, explain_options, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token explain_to[] = {
	{ "to", 0, "address", take_to, explain_options, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token explain_from[] = {
	{ "from", 0, "address", take_from, explain_to, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token explain_words[] = {
	{ "associate", 0, NULL, take_command, explain_from, 0 },
	{ "bind", 0, NULL, take_command, explain_from, 0 },
	{ "connect", 0, NULL, take_command, explain_from, 0 },
	{ "deliver", 0, NULL, take_command, explain_from, 0 },
	{ "receive", 0, NULL, take_command, explain_from, 0 },
	{ "send", 0, NULL, take_command, explain_from, 0 },
	{ "udp", 0, NULL, take_command, explain_from, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token log_words[] = {
	{ "brief", CTL_LOG_BRIEF, NULL, NULL, NULL, 1 },
	{ "verbose", CTL_LOG_VERBOSE, NULL, NULL, NULL, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token reset_words[] = {
	{ "statistics", CTL_RESET_STATISTICS, NULL, NULL, NULL, 1 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static const struct token command_words[] = {
	{ "explain", CTL_EXPLAIN, NULL, NULL, explain_words, 0 },
	{ "kill", 0, NULL, NULL, kill_words, 0 },
	{ "log", 0, NULL, NULL, log_words, 0 },
	{ "monitor", CTL_MONITOR, NULL, NULL, NULL, 1 },
	{ "reload", CTL_RELOAD, NULL, NULL, NULL, 1 },
	{ "reset", 0, NULL, NULL, reset_words, 0 },
	{ "show", 0, NULL, NULL, show_words, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0 }
};

static int
take_name(char dst[CTL_NAMELEN], const char *value)
{
	if (value[0] == '\0')
		return -1;
	return strlcpy(dst, value, CTL_NAMELEN) < CTL_NAMELEN ? 0 : -1;
}

static int
take_user(struct command *c, const char *value)
{
	return take_name(c->req.user, value);
}

static int
take_label(struct command *c, const char *value)
{
	return take_name(c->req.label, value);
}

static int
take_group(struct command *c, const char *value)
{
	if (addr_parse(&c->req.group, value) == -1 ||
	    !addr_is_multicast(&c->req.group))
		return -1;
	c->req.group.scope = 0;
	return 0;
}

/* Digits of that base and nothing else, up to max. */
static int
take_digits(const char *value, int base, uint64_t max, uint64_t *n)
{
	char	*end;

	if (!isxdigit((unsigned char)value[0]))
		return -1;
	errno = 0;
	*n = strtoull(value, &end, base);
	return *end == '\0' && errno == 0 && *n <= max ? 0 : -1;
}

/* As it is shown: eight hexadecimal digits. */
static int
take_aid(struct command *c, const char *value)
{
	return take_digits(value, 16, UINT32_MAX, &c->req.number);
}

static int
take_number(struct command *c, const char *value)
{
	return take_digits(value, 10, UINT64_MAX, &c->req.number);
}

static int
take_host(struct command *c, const char *value)
{
	return addr_parse(&c->req.host, value);
}

static int
take_command(struct command *c, const char *word)
{
	strlcpy(c->req.question.command, word,
	    sizeof(c->req.question.command));
	c->req.question.ttl = 1;
	return 0;
}

static int
take_from(struct command *c, const char *value)
{
	return addr_parse(&c->req.question.from, value);
}

static int
take_to(struct command *c, const char *value)
{
	return addr_parse(&c->req.question.to.addr, value);
}

static int
take_port(struct command *c, const char *value)
{
	uint64_t	 n;

	if (take_digits(value, 10, UINT16_MAX, &n) == -1)
		return -1;
	c->req.question.to.port = (uint16_t)n;
	return 0;
}

static int
take_ttl(struct command *c, const char *value)
{
	uint64_t	 n;

	if (take_digits(value, 10, UINT8_MAX, &n) == -1)
		return -1;
	c->req.question.ttl = (uint8_t)n;
	return 0;
}

/* As on the wire, RFC 1928 3. */
static int
take_method(struct command *c, const char *value)
{
	if (strcmp(value, "userpass") == 0)
		c->req.question.method = 2;
	else if (strcmp(value, "none") != 0)
		return -1;
	return 0;
}

static int
take_domain(struct command *c, const char *value)
{
	return strlcpy(c->req.question.domain, value,
	    sizeof(c->req.question.domain)) <
	    sizeof(c->req.question.domain) ? 0 : -1;
}

static void
list_words(const struct token *t, const char *word, FILE *err)
{
	fprintf(err, "valid:");
	for (; t->word != NULL; t++) {
		if (word != NULL &&
		    strncmp(t->word, word, strlen(word)) != 0)
			continue;
		fprintf(err, " %s", t->word);
		if (t->value != NULL)
			fprintf(err, " <%s>", t->value);
	}
	fprintf(err, "\n");
}

/* The one word that this is, or begins; else NULL and what is valid. */
static const struct token *
match_word(const struct token *table, const char *word, FILE *err)
{
	const struct token	*t, *found = NULL;
	int			 n = 0;

	for (t = table; t != NULL && t->word != NULL; t++) {
		if (strcmp(t->word, word) == 0)
			return t;
		if (word[0] != '\0' &&
		    strncmp(t->word, word, strlen(word)) == 0) {
			found = t;
			n++;
		}
	}
	if (n == 1)
		return found;
	fprintf(err, "%s word: %s\n", n == 0 ? "unknown" : "ambiguous", word);
	if (table != NULL)
		list_words(table, n == 0 ? NULL : word, err);
	return NULL;
}

int
parse_words(int argc, char *const argv[], struct command *c, FILE *err)
{
	const struct token	*table = command_words, *t = NULL;
	int			 i;

	memset(c, 0, sizeof(*c));
	c->req.version = CTL_VERSION;
	for (i = 0; i < argc; i++) {
		if ((t = match_word(table, argv[i], err)) == NULL)
			return -1;
		if (t->type != 0)
			c->type = t->type;
		table = t->next;
		if (t->action == NULL || (t->value == NULL &&
		    t->action(c, t->word) == 0))
			continue;
		if (++i == argc || t->action(c, argv[i]) == -1) {
			fprintf(err, "%s: expected: <%s>\n", t->word, t->value);
			return -1;
		}
	}
	if (t == NULL || !t->may_end) {
		fprintf(err, "command not complete\n");
		list_words(table, NULL, err);
		return -1;
	}
	return 0;
}
