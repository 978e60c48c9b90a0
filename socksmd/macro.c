/*
 * macro.c: macros of the configuration, and those that -D fixes; it runs in
 * the parent.
 */

#include <sys/queue.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "conf.h"
#include "lex.h"

struct macro {
	TAILQ_ENTRY(macro)	 entry;
	char			*name;
	char			*value;
	int			 fixed;		/* by -D: the file cannot */
	int			 used;
};

static TAILQ_HEAD(, macro)	 macros = TAILQ_HEAD_INITIALIZER(macros);

static void
macro_free(struct macro *m)
{
	free(m->name);
	free(m->value);
	free(m);
}

static struct macro *
macro_find(const char *name, size_t len)
{
	struct macro	*m;

	TAILQ_FOREACH(m, &macros, entry)
		if (strncmp(m->name, name, len) == 0 && m->name[len] == '\0')
			return m;
	return NULL;
}

int
macro_valid(const char *name)
{
	if (*name == '\0')
		return 0;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return 0;
	return 1;
}

/* Returns 0, or -1 if there is no memory. */
int
macro_set(const char *name, const char *value, int fixed)
{
	struct macro	*m = macro_find(name, strlen(name)), *new;

	if (m != NULL && m->fixed && !fixed)
		return 0;
	if ((new = calloc(1, sizeof(*new))) == NULL ||
	    (new->name = strdup(name)) == NULL ||
	    (new->value = strdup(value)) == NULL) {
		if (new != NULL)
			macro_free(new);
		return -1;
	}
	new->fixed = fixed;
	if (m != NULL) {
		TAILQ_REMOVE(&macros, m, entry);
		macro_free(m);
	}
	TAILQ_INSERT_TAIL(&macros, new, entry);
	return 0;
}

const char *
macro_get(const char *name, size_t len)
{
	struct macro	*m = macro_find(name, len);

	if (m == NULL)
		return NULL;
	m->used = 1;
	return m->value;
}

/* A name of -D that the file does not know is likely misspelt. */
void
macro_check(void)
{
	const struct word	 at = { .file = "-D" };
	struct macro		*m;

	TAILQ_FOREACH(m, &macros, entry)
		if (m->fixed && !m->used)
			word_warn(&at, "macro %s is not used", m->name);
}

/* Those of -D stay, for the next reload. */
void
macro_clear(void)
{
	struct macro	*m, *next;

	for (m = TAILQ_FIRST(&macros); m != NULL; m = next) {
		next = TAILQ_NEXT(m, entry);
		if (m->fixed)
			continue;
		TAILQ_REMOVE(&macros, m, entry);
		macro_free(m);
	}
}

/* name=value; -1 if it is not that, or if there is no memory. */
int
conf_define(const char *assignment)
{
	const char	*eq = strchr(assignment, '=');
	const char	*p;
	char		*name;
	int		 ret = -1;

	if (eq == NULL)
		return -1;
	for (p = eq + 1; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return -1;
	if ((name = strndup(assignment, (size_t)(eq - assignment))) == NULL)
		return -1;
	if (macro_valid(name))
		ret = macro_set(name, eq + 1, 1);
	free(name);
	return ret;
}
