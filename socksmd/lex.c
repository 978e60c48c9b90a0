/*
 * lex.c: characters of the configuration to tokens; it runs in the parent.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "lex.h"

static struct {
	int		 first;		/* the next token begins a statement */
	int		 plain;		/* no keywords up to the end of it */
	int		 failed;
	unsigned int	 depth;		/* of braces: lines may end inside */
	struct word	*open;		/* the outermost brace */
} lex;

void
lex_reset(void)
{
	memset(&lex, 0, sizeof(lex));
	lex.first = 1;
}

static int
is_word(int c)
{
	return c > ' ' && c != 0x7f && strchr("{}(),!=<>\"'#\\$", c) == NULL;
}

static int
is_name(int c)
{
	return isalnum(c) || c == '_';
}

/* The octet n further on, -1 behind the end. */
static int
peek(const struct input *s, size_t n)
{
	return s->pos + n < s->len ? (unsigned char)s->buf[s->pos + n] : -1;
}

static size_t
span(const struct input *s, size_t from, int (*is)(int))
{
	size_t		 n = from;

	while (peek(s, n) != -1 && is(peek(s, n)))
		n++;
	return n - from;
}

static int
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct word *
lex_word(const char *text, size_t len)
{
	const struct input	*s = input_top();
	struct word		*w = scratch_alloc(sizeof(*w));

	w->s = scratch_strndup(text, len);
	w->file = s->name;
	w->line = s->line;
	return w;
}

/*
 * Whether the line behind this newline begins a statement: then a brace was
 * forgotten, and what follows can still be checked.
 */
static int
statement_follows(const struct input *s)
{
	static const char *const starts[] = { "include", "set", "listen",
	    "inside", "egress", "users", "table", "block", "pass", "match" };
	size_t		 i, at, len;

	at = 1 + span(s, 1, is_blank);
	len = span(s, at, is_word);
	for (i = 0; i < nitems(starts); i++)
		if (strlen(starts[i]) == len && peek(s, at + len) != ',' &&
		    memcmp(starts[i], s->buf + s->pos + at, len) == 0)
			return 1;
	return 0;
}

/* One blank, comment, continuation or newline inside braces; 0: none there. */
static int
skip_one(struct input *s)
{
	int		 c = peek(s, 0);

	if (is_blank(c))
		s->pos++;
	else if (c == '\\' && peek(s, 1) == '\n') {
		s->pos += 2;
		s->line++;
	} else if (c == '#')
		while (peek(s, 0) != -1 && peek(s, 0) != '\n')
			s->pos++;
	else if (c == '\n' && lex.depth > 0 && !statement_follows(s)) {
		s->pos++;
		s->line++;
	} else
		return 0;
	return 1;
}

/* To the next octet that counts; '\n' also for a last line without one. */
static int
skip(void)
{
	struct input	*s;

	while ((s = input_top()) != NULL) {
		if (skip_one(s))
			continue;
		if (peek(s, 0) != -1)
			return peek(s, 0);
		if (!s->macro && !lex.first)
			return '\n';
		input_pop();
	}
	return -1;
}

/* Once for a statement: the rest of it follows from the first. */
int
lex_fail(const struct word *w, const char *why)
{
	if (!lex.failed)
		word_error(w, "%s", why);
	lex.failed = 1;
	return LEX_ERROR;
}

static int
lex_newline(struct word **w)
{
	struct input	*s = input_top();

	*w = lex_word("end of line", strlen("end of line"));
	if (lex.depth > 0)
		(void)lex_fail(lex.open, "the list that opens here is not "
		    "closed");
	lex.depth = 0;
	lex.plain = 0;
	lex.first = 1;
	if (peek(s, 0) == '\n') {
		s->pos++;
		s->line++;
	}
	return '\n';
}

/* Takes one octet of a string into out; -1: the string does not end. */
static int
string_octet(struct input *s, char *out, size_t *n, int quote)
{
	int		 c = peek(s, 0), next = peek(s, 1);

	if (c == -1 || c == '\n')
		return -1;
	if (c == '\\' && next == '\n') {
		s->line++;
		s->pos += 2;
		return 0;
	}
	if (c == '\\' && (next == quote || next == '\\')) {
		c = next;
		s->pos++;
	}
	out[(*n)++] = (char)c;
	s->pos++;
	return iscntrl(c) && c != '\t' ? 1 : 0;
}

/* No less than the string will have. */
static size_t
string_len(const struct input *s, int quote)
{
	size_t		 n;

	for (n = 0; peek(s, n) != quote && peek(s, n) != -1; n++) {
		if (peek(s, n) == '\n')
			break;
		if (peek(s, n) == '\\' && peek(s, n + 1) != -1)
			n++;
	}
	return n;
}

static int
lex_string(struct word **w, int quote)
{
	struct input	*s = input_top();
	char		*out;
	size_t		 n = 0;
	int		 ret, bad = 0;

	*w = lex_word("\"", 1);
	s->pos++;
	out = scratch_alloc(string_len(s, quote) + 1);
	while (peek(s, 0) != quote) {
		if ((ret = string_octet(s, out, &n, quote)) == -1)
			return lex_fail(*w, "the string that begins here is "
			    "not closed");
		bad |= ret;
	}
	s->pos++;
	(*w)->s = out;
	if (bad)
		return lex_fail(*w, "control character in a string");
	return LEX_STRING;
}

/* $name: goes on in its value. 0, or -1 and it has been reported. */
static int
lex_macro(struct word **w)
{
	struct input	*s = input_top();
	size_t		 len = span(s, 1, is_name);
	const char	*name = s->buf + s->pos + 1, *value;

	*w = lex_word(name - 1, len + 1);
	s->pos += len + 1;
	if (s->macro) {
		(void)lex_fail(*w, "macro in the value of a macro: define it "
		    "as a = \"...\" $b \"...\"");
		return -1;
	}
	if ((value = macro_get(name, len)) == NULL) {
		word_error(*w, "macro %s is not defined", (*w)->s);
		lex.failed = 1;
		return -1;
	}
	input_text(*w, value);
	return 0;
}

/* A name in front of "=" is a macro's, even if it is a keyword elsewhere. */
static int
lex_name(struct word **w)
{
	struct input	*s = input_top();
	size_t		 len = span(s, 0, is_word);
	int		 plain = lex.plain;

	*w = lex_word(s->buf + s->pos, len);
	if (lex.first) {
		(*w)->first = 1;
		lex.plain = plain = !s->macro &&
		    peek(s, len + span(s, len, is_blank)) == '=';
		if (strcmp((*w)->s, "set") == 0)
			lex.plain = 1;
	}
	s->pos += len;
	if (len == 1 && (*w)->s[0] == '-' && !plain)
		return '-';
	return plain ? LEX_STRING : LEX_WORD;
}

static int
lex_two(struct input *s, int second, int token)
{
	if (peek(s, 1) != second)
		return peek(s, 0);
	s->pos++;
	return token;
}

static int
lex_table(struct word **w, struct input *s)
{
	size_t		 len = span(s, 1, is_word);

	if (len == 0 || peek(s, len + 1) != '>')
		return lex_two(s, '=', LEX_LE);
	*w = lex_word(s->buf + s->pos + 1, len);
	s->pos += len + 1;
	return LEX_TABLE;
}

static void
lex_brace(int c, struct word *w)
{
	if (c == '{' && lex.depth++ == 0)
		lex.open = w;
	if (c == '}' && lex.depth > 0)
		lex.depth--;
}

static int
lex_punct(struct word **w, int c)
{
	struct input	*s = input_top();
	int		 token = c;

	*w = lex_word(s->buf + s->pos, 1);
	if (c == '<')
		token = lex_table(w, s);
	else if (c == '>')
		token = lex_two(s, '=', LEX_GE);
	else if (c == '!')
		token = lex_two(s, '=', LEX_NE);
	s->pos++;
	lex_brace(c, *w);
	if (iscntrl(c)) {
		(*w)->s = scratch_alloc(sizeof("\\x00"));
		(void)snprintf((*w)->s, sizeof("\\x00"), "\\x%02x", c);
		return lex_fail(*w, "control character");
	}
	return token;
}

int
lex_next(struct word **w)
{
	int		 c, token;

	do {
		if (lex.first)
			lex.failed = 0;
		if ((c = skip()) == -1)
			return LEX_EOF;
		if (c == '\n')
			return lex_newline(w);
		if (c == '"' || c == '\'')
			token = lex_string(w, c);
		else if (c == '$')
			token = lex_macro(w) == -1 ? LEX_ERROR : 0;
		else
			token = is_word(c) ? lex_name(w) : lex_punct(w, c);
		/* A statement may begin in a macro: still the first token. */
		if (token != 0)
			lex.first = 0;
	} while (token == 0);
	return token;
}
