/*
 * users.c: the users file, name:hash[:group,...]; it runs in the parent, auth
 * gets the hashes and policy the groups.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "conf.h"
#include "lex.h"

static int
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return 0;
	return 1;
}

static int
user_group(struct user_node *u, const char *group, const struct word *at)
{
	if (u->ngroups == nitems(u->groups))
		word_error(at, "user %s: more than %zu groups", u->name,
		    nitems(u->groups));
	else if (*group == '\0' || !is_printable(group))
		word_error(at, "user %s: a group is empty or not printable",
		    u->name);
	else if (strlcpy(u->groups[u->ngroups], group, RULE_NAMELEN) >=
	    RULE_NAMELEN)
		word_error(at, "user %s: group \"%s\" is longer than %d octets",
		    u->name, group, RULE_NAMELEN - 1);
	else {
		u->ngroups++;
		return 0;
	}
	return -1;
}

static int
user_groups(struct user_node *u, char *groups, const struct word *at)
{
	char		*g;

	while ((g = strsep(&groups, ",")) != NULL)
		if (user_group(u, g, at) == -1)
			return -1;
	return 0;
}

/*
 * Could crypt(3) have made it?  A password that was written down as it is would
 * let nobody in, and would never say why.
 */
static int
is_hash(const char *s)
{
	static const char	 digits[] = "./0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";

	if (*s == '*' || *s == '!')
		return 1;			/* locked */
	return *s == '$' || *s == '_' ||
	    (strlen(s) == 13 && strspn(s, digits) == 13);
}

/* The fields of a line into u and h; the hash is never shown. */
static int
user_fields(struct user_node *u, struct conf_hash *h, char *line,
    const struct word *at)
{
	char		*name = strsep(&line, ":"), *hash = strsep(&line, ":");

	if (*name == '\0' || !is_printable(name))
		word_error(at, "user: the name is empty or not printable");
	else if (strlcpy(u->name, name, sizeof(u->name)) >= sizeof(u->name))
		word_error(at, "user \"%s\": longer than %zu octets", name,
		    sizeof(u->name) - 1);
	else if (hash == NULL || *hash == '\0')
		word_error(at, "user %s: has no hash; \"*\" locks a user",
		    name);
	else if (!is_printable(hash) ||
	    strlcpy(h->hash, hash, sizeof(h->hash)) >= sizeof(h->hash))
		word_error(at, "user %s: the hash is longer than %zu octets "
		    "or not printable", name, sizeof(h->hash) - 1);
	else if (line != NULL && strchr(line, ':') != NULL)
		word_error(at, "user %s: more than three fields", name);
	else {
		if (!is_hash(hash))
			word_warn(at, "user %s: this is no hash of crypt(3), "
			    "nobody can log in so", name);
		(void)strlcpy(h->name, u->name, sizeof(h->name));
		return line == NULL ? 0 : user_groups(u, line, at);
	}
	return -1;
}

static void
user_line(struct conf *c, char *line, const struct word *at)
{
	struct user_node	*u;
	struct conf_hash	*h;

	if ((u = calloc(1, sizeof(*u))) == NULL ||
	    (h = calloc(1, sizeof(*h))) == NULL)
		err(1, "reading the users file");
	if (user_fields(u, h, line, at) == -1) {
		explicit_bzero(h, sizeof(*h));
		free(h);
		free(u);
		return;
	}
	TAILQ_INSERT_TAIL(&c->users, u, entry);
	TAILQ_INSERT_TAIL(&c->hashes, h, entry);
}

static int
name_cmp(const void *a, const void *b)
{
	const struct user_node	*const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void
users_duplicates(struct conf *c, const struct word *path)
{
	const struct user_node	**v;
	struct user_node	*u;
	size_t			 i = 0, n = 0;

	TAILQ_FOREACH(u, &c->users, entry)
		n++;
	if (n == 0)
		return;
	v = scratch_alloc(n * sizeof(*v));
	TAILQ_FOREACH(u, &c->users, entry)
		v[i++] = u;
	qsort(v, n, sizeof(*v), name_cmp);
	for (i = 1; i < n; i++)
		if (strcmp(v[i - 1]->name, v[i]->name) == 0)
			word_error(path, "users file \"%s\": user %s is there "
			    "twice", path->s, v[i]->name);
}

void
users_read(struct conf *c, const struct word *path)
{
	struct word	 at = { .file = path->s };
	struct stat	 st;
	char		*buf, *next, *line, why[128];
	size_t		 len;

	if ((buf = readfile(path->s, 1, &len, &st, why, sizeof(why))) == NULL) {
		word_error(path, "open users file \"%s\": %s", path->s, why);
		return;
	}
	for (next = buf; (line = readfile_line(&next, buf + len)) != NULL; ) {
		at.line++;
		if (*line != '\0')
			user_line(c, line, &at);
	}
	explicit_bzero(buf, len);
	free(buf);
	users_duplicates(c, path);
}
