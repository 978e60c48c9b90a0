/*
 * parse.y: the grammar of socksmd.conf(5); it runs in the parent. Everything
 * that actions allocate lives until the end of the parse (scratch.c).
 */

%{
#include <sys/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <err.h>

#include "compat.h"
#include "conf.h"
#include "lex.h"
#include "rule_print.h"

static struct conf		*conf;
static struct word		*last;		/* token, for complaints */
static struct conf_listener	 listener;	/* the one being read */
static struct table		*table;
static struct rule_spec		*spec;

static int	 yylex(void);
static int	 yyerror(const char *);

static void	 act_macro(struct word *, struct items *);
static void	 act_set(struct word *, struct items *);
static void	 act_users(struct word *);
static void	 act_table(struct word *);
static void	 act_port(struct word *);
static void	 act_listen_option(struct word *);
%}

%union {
	struct word	*word;
	struct items	*items;
	struct item	*item;
	int		 number;
}

%token	<word>	STRING TABLENAME COMMAND
%token	<word>	ADDRESS ALL ANY AUTH BLOCK CONST DOMAIN EGRESS FILENAME FROM
%token	<word>	GROUP INCLUDE INET INET6 INSIDE LABEL LISTEN LISTENER LOCAL LOG
%token	<word>	MATCH METHOD MODE ON PASS PERSIST PORT QUICK SELF SET TABLE
%token	<word>	TIMEOUT TO TTL USER USERS VIA
%token	<word>	NE LE GE ERROR

%type	<items>	words names wordlist hosts hostlist ports portlist
%type	<item>	host port
%type	<word>	address service
%type	<number> operator not

%%

grammar		: /* empty */
		| grammar '\n'
		| grammar statement '\n'
		| grammar rule '\n'		{
			/* Not before: the rest of the line may be wrong. */
			if (spec_check(spec) == 0)
				rule_expand(conf, spec);
		}
		| grammar INCLUDE STRING '\n'	{
			(void)input_file($3, $3->s);
		}
		| grammar error '\n'		{ yyerrok; }
		;

statement	: STRING '=' words		{ act_macro($1, $3); }
		| SET STRING names		{ act_set($2, $3); }
		| SET STRING STRING STRING	{
			act_set($2, items_add(items_new(item_new($3)),
			    item_new($4)));
		}
		| listen
		| INSIDE ON names		{
			iface_add(&conf->inside, "inside on", $3, NULL);
		}
		| EGRESS ON names address	{
			iface_add(&conf->egress, "egress on", $3, $4);
		}
		| USERS FILENAME STRING		{ act_users($3); }
		| TABLE TABLENAME { act_table($2); } tableopts
		;

words		: STRING			{ $$ = items_new(item_new($1)); }
		| words STRING			{
			$$ = items_add($1, item_new($2));
		}
		;

names		: STRING			{ $$ = items_new(item_new($1)); }
		| '{' wordlist '}'		{ $$ = $2; }
		;

wordlist	: names
		| wordlist comma names		{
			$$ = items_join($1, $3);
		}
		;

comma		: /* empty */
		| ','
		;

address		: /* empty */			{ $$ = NULL; }
		| ADDRESS STRING		{ $$ = $2; }
		;

listen		: LISTEN ON names PORT STRING	{ act_port($5); } listenopts {
			listener_add(conf, &listener, $1, $3);
		}
		;

listenopts	: /* empty */
		| listenopts listenopt
		;

listenopt	: AUTH names			{
			if (listener.nmethods != 0)
				word_error($1, "auth: given twice");
			else if (listener_methods(&listener, $2) == -1)
				YYERROR;
		}
		| LABEL STRING			{
			(void)value_name($2, "label", listener.label,
			    sizeof(listener.label));
		}
		| STRING			{
			act_listen_option($1);
			YYERROR;
		}
		;

tableopts	: /* empty */
		| tableopts tableopt
		;

tableopt	: CONST				{ table->is_const = 1; }
		| PERSIST			{ table->persist = 1; }
		| FILENAME STRING		{
			if (table->file != NULL)
				word_error($1, "table <%s>: second file",
				    table->name);
			else
				table_read(conf, table, $2);
		}
		| '{' '}'
		| '{' entries '}'
		;

entries		: entry
		| entries comma entry
		;

entry		: not STRING			{
			table_entry(conf, table, $2, $1, 0);
		}
		| '{' entries '}'
		;

not		: /* empty */			{ $$ = 0; }
		| '!'				{ $$ = 1; }
		;

rule		: action logquick commands family fromto ruleopts
		;

action		: BLOCK				{ spec = spec_new($1, RULE_BLOCK); }
		| PASS				{ spec = spec_new($1, RULE_PASS); }
		| MATCH				{ spec = spec_new($1, RULE_MATCH); }
		;

logquick	: /* empty */
		| logquick LOG			{ spec->rule.log = 1; }
		| logquick QUICK		{ spec->rule.quick = 1; }
		;

commands	: /* empty */			{ spec->rule.commands = CMD_SIX; }
		| command
		;

command		: COMMAND			{
			spec->rule.commands |= (uint8_t)$1->value;
		}
		| '{' commandlist '}'
		;

commandlist	: command
		| commandlist comma command
		;

family		: /* empty */
		| INET				{ spec->rule.af = ADDR_V4; }
		| INET6				{ spec->rule.af = ADDR_V6; }
		;

fromto		: ALL
		| from to
		;

from		: /* empty */
		| FROM hosts			{ spec->from = *$2; }
		| FROM hosts PORT ports		{
			spec->from = *$2;
			spec->fport = *$4;
		}
		| FROM PORT ports		{ spec->fport = *$3; }
		;

to		: /* empty */
		| TO hosts			{ spec->to = *$2; }
		| TO hosts PORT ports		{
			spec->to = *$2;
			spec->port = *$4;
		}
		| TO PORT ports			{ spec->port = *$3; }
		;

hosts		: host				{ $$ = items_new($1); }
		| '{' hostlist '}'		{ $$ = $2; }
		;

hostlist	: hosts
		| hostlist comma hosts		{ $$ = items_join($1, $3); }
		;

host		: ANY				{
			$$ = spec_addr($1, RULE_ANY, 0);
		}
		| not SELF			{
			$$ = spec_addr($2, RULE_SELF, $1);
		}
		| not TABLENAME			{
			$$ = spec_addr($2, RULE_TABLE, $1);
		}
		| not STRING			{ $$ = spec_host(conf, $2, $1); }
		| not STRING '-' STRING		{ $$ = spec_range($2, $4, $1); }
		;

ports		: port				{ $$ = items_new($1); }
		| '{' portlist '}'		{ $$ = $2; }
		;

portlist	: ports
		| portlist comma ports		{ $$ = items_join($1, $3); }
		;

port		: operator service		{ $$ = spec_port($2, $1); }
		;

service		: STRING
		| DOMAIN
		;

operator	: /* empty */			{ $$ = OP_NONE; }
		| '='				{ $$ = OP_EQ; }
		| NE				{ $$ = OP_NE; }
		| '<'				{ $$ = OP_LT; }
		| LE				{ $$ = OP_LE; }
		| '>'				{ $$ = OP_GT; }
		| GE				{ $$ = OP_GE; }
		;

ruleopts	: /* empty */
		| ruleopts ruleopt
		;

ruleopt		: USER names			{
			spec_names(&spec->user, $2, "user", REFER_USER);
		}
		| GROUP names			{
			spec_names(&spec->group, $2, "group", REFER_GROUP);
		}
		| METHOD names			{ spec_method(spec, $2); }
		| LISTENER names		{
			spec_names(&spec->listener, $2, "listener",
			    REFER_LISTENER);
		}
		| DOMAIN names			{ spec_domain(spec, $2); }
		| TIMEOUT STRING STRING		{
			spec_timeout(spec, $2, $3);
		}
		| EGRESS STRING			{ spec_egress(spec, $2); }
		| TTL LE STRING			{ spec_ttl(spec, $3); }
		| MODE names			{ spec_mode(spec, $2); }
		| LOCAL ANY			{ spec->rule.local_any = 1; }
		| VIA STRING			{
			spec_text($2, "via", spec->rule.via,
			    sizeof(spec->rule.via));
		}
		| LABEL STRING			{
			spec_text($2, "label", spec->rule.label,
			    sizeof(spec->rule.label));
		}
		| STRING			{
			spec_later($1);
			YYERROR;
		}
		;

%%

struct keyword {
	const char	*name;
	int		 token;
};

static const struct keyword keywords[] = {	/* in order: bsearch */
	{ "address",	ADDRESS },
	{ "all",	ALL },
	{ "any",	ANY },
	{ "auth",	AUTH },
	{ "block",	BLOCK },
	{ "const",	CONST },
	{ "domain",	DOMAIN },
	{ "egress",	EGRESS },
	{ "file",	FILENAME },
	{ "from",	FROM },
	{ "group",	GROUP },
	{ "include",	INCLUDE },
	{ "inet",	INET },
	{ "inet6",	INET6 },
	{ "inside",	INSIDE },
	{ "label",	LABEL },
	{ "listen",	LISTEN },
	{ "listener",	LISTENER },
	{ "local",	LOCAL },
	{ "log",	LOG },
	{ "match",	MATCH },
	{ "method",	METHOD },
	{ "mode",	MODE },
	{ "on",		ON },
	{ "pass",	PASS },
	{ "persist",	PERSIST },
	{ "port",	PORT },
	{ "quick",	QUICK },
	{ "self",	SELF },
	{ "set",	SET },
	{ "table",	TABLE },
	{ "timeout",	TIMEOUT },
	{ "to",		TO },
	{ "ttl",	TTL },
	{ "user",	USER },
	{ "users",	USERS },
	{ "via",	VIA }
};

static const struct {
	int		 lex;
	int		 token;
} tokens[] = {
	{ LEX_STRING,	STRING },
	{ LEX_TABLE,	TABLENAME },
	{ LEX_NE,	NE },
	{ LEX_LE,	LE },
	{ LEX_GE,	GE },
	{ LEX_ERROR,	ERROR }
};

/* Options of the manual's plans: known, so that nobody looks for a typo. */
static const char *const listen_later[] = { "tls", "certificate", "key",
    "client-ca", "relay", "advertise" };

static int
keyword_cmp(const void *name, const void *k)
{
	return strcmp(name, ((const struct keyword *)k)->name);
}

static int
keyword(struct word *w)
{
	const struct keyword	*k;
	char			 why[256];

	k = bsearch(w->s, keywords, nitems(keywords), sizeof(keywords[0]),
	    keyword_cmp);
	if (k != NULL)
		return k->token;
	if ((w->value = rule_command(w->s)) != 0)
		return COMMAND;
	if (!w->first)
		return STRING;
	(void)snprintf(why, sizeof(why), "%s: there is no such statement",
	    w->s);
	(void)lex_fail(w, why);
	return ERROR;
}

static int
yylex(void)
{
	int		 t = lex_next(&yylval.word);
	size_t		 i;

	if (t == LEX_EOF)
		return 0;
	last = yylval.word;
	if (t == LEX_WORD)
		return keyword(last);
	for (i = 0; i < nitems(tokens); i++)
		if (tokens[i].lex == t)
			return tokens[i].token;
	return t;
}

/* Only the parser itself calls this, and only for syntax. */
static int
yyerror(const char *text)
{
	char		 why[256];

	(void)snprintf(why, sizeof(why), "%s near \"%s\"", text, last->s);
	(void)lex_fail(last, why);
	return 0;
}

/* name = words: with a blank between them, as they are read again. */
static void
act_macro(struct word *name, struct items *words)
{
	struct item	*i;
	char		*value;
	size_t		 len = 1;

	for (i = words->first; i != NULL; i = i->next)
		len += strlen(i->word->s) + 1;
	value = scratch_alloc(len);
	for (i = words->first; i != NULL; i = i->next) {
		(void)strlcat(value, i->word->s, len);
		if (i->next != NULL)
			(void)strlcat(value, " ", len);
	}
	if (!macro_valid(name->s))
		word_error(name, "macro \"%s\": a name has letters, digits and "
		    "_ only", name->s);
	else if (macro_set(name->s, value, 0) == -1)
		err(1, "reading the configuration");
}

static void
set_pairs(const struct word *option, const struct items *list)
{
	const struct item	*i;
	char			 why[256];

	for (i = list->first; i != NULL; i = i->next->next) {
		if (i->next == NULL) {
			word_error(i->word, "set %s %s: has no value",
			    option->s, i->word->s);
			return;
		}
		if (setting_set(&conf->settings, option->s, i->word->s,
		    i->next->word->s, why, sizeof(why)) == -1)
			word_error(i->word, "%s", why);
	}
}

static void
set_flags(const struct word *option, const struct items *list)
{
	const struct item	*i;
	char			 why[256];

	if (list->n == 1 && strcmp(list->first->word->s, "none") == 0) {
		setting_none(&conf->settings, option->s);
		return;
	}
	for (i = list->first; i != NULL; i = i->next)
		if (setting_flag(&conf->settings, option->s, i->word->s,
		    i == list->first, why, sizeof(why)) == -1)
			word_error(i->word, "%s", why);
}

static void
set_word(const struct word *option, const struct items *list)
{
	char		 why[256];

	if (list->n != 1)
		word_error(option, "set %s: takes one value", option->s);
	else if (setting_set(&conf->settings, option->s, NULL,
	    list->first->word->s, why, sizeof(why)) == -1)
		word_error(list->first->word, "%s", why);
}

static void
act_set(struct word *option, struct items *list)
{
	switch (setting_kind(option->s)) {
	case SETTING_WORD:
		set_word(option, list);
		break;
	case SETTING_PAIRS:
		set_pairs(option, list);
		break;
	case SETTING_FLAGS:
		set_flags(option, list);
		break;
	case SETTING_LATER:
		/* What is in force anyway is no error. */
		if (strcmp(option->s, "coalesce") != 0 || list->n != 1 ||
		    strcmp(list->first->word->s, "0") != 0)
			word_error(option, "set %s: not supported yet",
			    option->s);
		break;
	default:
		word_error(option, "set %s: there is no such option",
		    option->s);
	}
}

static void
act_users(struct word *path)
{
	if (conf->users_file[0] != '\0')
		word_error(path, "users file \"%s\": there is already \"%s\"",
		    path->s, conf->users_file);
	else if (value_name(path, "users file", conf->users_file,
	    sizeof(conf->users_file)) == 0)
		users_read(conf, path);
}

static void
act_table(struct word *name)
{
	char		 buf[TABLE_NAMELEN];

	if (value_name(name, "table", buf, sizeof(buf)) == 0 &&
	    table_find(&conf->tables, buf) != NULL)
		word_error(name, "table <%s>: defined twice", name->s);
	if ((table = table_new(buf)) == NULL)
		err(1, "reading the configuration");
	TAILQ_INSERT_TAIL(&conf->tables, table, entry);
}

static void
act_port(struct word *port)
{
	uint32_t	 v;

	memset(&listener, 0, sizeof(listener));
	if (value_number(port, "port", 1, UINT16_MAX, &v) == 0)
		listener.port = (uint16_t)v;
}

static void
act_listen_option(struct word *w)
{
	size_t		 i;

	for (i = 0; i < nitems(listen_later); i++)
		if (strcmp(listen_later[i], w->s) == 0) {
			word_error(w, "listen on ... %s: not supported yet",
			    w->s);
			return;
		}
	word_error(w, "listen on ... %s: there is no such option", w->s);
}

static void
parse_end(void)
{
	macro_clear();
	refer_clear();
	input_clear();
	scratch_free();
	conf_report(NULL, NULL);
	last = NULL;
	table = NULL;
	spec = NULL;
	conf = NULL;
}

struct conf *
conf_parse(const char *file, FILE *f)
{
	struct word	 at = { .file = file, .s = (char[]){ "" } };
	struct conf	*c;

	if ((c = conf = conf_new()) == NULL)
		err(1, "reading the configuration");
	conf_report(c, f);
	lex_reset();
	last = &at;
	if (input_file(&at, file) == 0) {
		(void)yyparse();
		refer_check(c);
		macro_check();
		if (c->errors == 0 && TAILQ_EMPTY(&c->listeners))
			word_error(&at, "no \"listen on\": nothing to serve");
		if (c->errors == 0)
			rules_check(c);
	}
	parse_end();
	if (c->errors == 0)
		return c;
	conf_free(c);
	return NULL;
}
