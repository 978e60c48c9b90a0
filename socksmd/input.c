/*
 * input.c: the files and macro texts that are being read, innermost first; it
 * runs in the parent.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "lex.h"

#define INPUT_DEPTH	16

static struct input	*top;

struct input *
input_top(void)
{
	return top;
}

static struct input *
input_push(void)
{
	struct input	*in;

	if ((in = calloc(1, sizeof(*in))) == NULL)
		err(1, "reading the configuration");
	in->prev = top;
	in->line = 1;
	top = in;
	return in;
}

void
input_pop(void)
{
	struct input	*in = top;

	top = in->prev;
	free(in->buf);
	free(in);
}

void
input_clear(void)
{
	while (top != NULL)
		input_pop();
}

/* Standard input has no number to compare. */
static const char *
input_refused(const struct stat *st)
{
	const struct input	*in;
	int			 depth = 0;

	for (in = top; in != NULL; in = in->prev) {
		if (in->macro)
			continue;
		if (st->st_ino != 0 && in->ino == st->st_ino &&
		    in->dev == st->st_dev)
			return "the file includes itself";
		depth++;
	}
	return depth >= INPUT_DEPTH ? "too many files include each other" :
	    NULL;
}

/* Goes on reading in path; 0, or -1 and it has been reported. */
int
input_file(const struct word *at, const char *path)
{
	struct input	*in;
	struct stat	 st;
	const char	*refused;
	char		*buf, why[128];
	size_t		 len;

	if ((buf = readfile(path, 0, &len, &st, why, sizeof(why))) == NULL) {
		word_error(at, "open \"%s\": %s", path, why);
		return -1;
	}
	if ((refused = input_refused(&st)) != NULL) {
		word_error(at, "include \"%s\": %s", path, refused);
		free(buf);
		return -1;
	}
	in = input_push();
	in->name = strcmp(path, "-") == 0 ? "stdin" :
	    scratch_strndup(path, strlen(path));
	in->buf = buf;
	in->len = len;
	in->dev = st.st_dev;
	in->ino = st.st_ino;
	return 0;
}

void
input_text(const struct word *at, const char *text)
{
	struct input	*in = input_push();

	if ((in->buf = strdup(text)) == NULL)
		err(1, "reading the configuration");
	in->len = strlen(text);
	in->name = at->file;
	in->line = at->line;
	in->macro = 1;
}
