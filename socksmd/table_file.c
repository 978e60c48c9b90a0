/*
 * table_file.c: entries of tables, from the configuration and from files of
 * their own; it runs in the parent.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "lex.h"

void
table_entry(struct conf *c, struct table *t, const struct word *w, int neg,
    int from_file)
{
	struct table_entry	 e;
	struct rule_addr	 ra;

	if (!value_is_addr(w->s)) {
		host_entry(c, t, w, neg, from_file);
		return;
	}
	if (value_addr(w, &ra) == -1)
		return;
	memset(&e, 0, sizeof(e));
	e.prefix.addr = ra.a;
	e.prefix.len = ra.plen;
	e.neg = (uint8_t)neg;
	e.from_file = (uint8_t)from_file;
	if (table_add(t, &e) == -1)
		err(1, "reading table <%s>", t->name);
}

/* One entry a line. */
void
table_read(struct conf *c, struct table *t, const struct word *path)
{
	struct word	 w = { .file = path->s };
	struct stat	 st;
	char		*buf, *next, *line, why[128], name[256];
	size_t		 len;
	int		 neg;

	if (value_name(path, "file", name, sizeof(name)) == -1)
		return;
	buf = readfile(path->s, 0, &len, &st, why, sizeof(why));
	if (buf == NULL || (t->file = strdup(path->s)) == NULL) {
		word_error(path, "open file \"%s\" of table <%s>: %s", path->s,
		    t->name, buf == NULL ? why : "no memory");
		free(buf);
		return;
	}
	for (next = buf; (line = readfile_line(&next, buf + len)) != NULL; ) {
		w.line++;
		neg = *line == '!';
		w.s = line + neg + strspn(line + neg, " \t");
		if (*line != '\0')
			table_entry(c, t, &w, neg, 1);
	}
	free(buf);
}
