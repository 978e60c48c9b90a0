/*
 * parser.c: command words by table, with abbreviations; part of socksmctl.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"

#include "parser.h"

struct token;

/* Takes the value behind a word; 0, or -1 if it is no such thing. */
typedef int (*token_action)(struct command *, const char *value);

/*
 * One word that is valid in its place, what it means, and which words come
 * behind it. With an action the word takes a value.
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

static const struct token command_words[] = {
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
		if (t->action == NULL)
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
