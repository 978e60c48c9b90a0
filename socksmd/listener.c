/*
 * listener.c: listen, inside and egress statements of the configuration; it
 * runs in the parent.
 */

#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <err.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "lex.h"

static const struct {
	const char	*name;
	int		 method;	/* -1: not supported yet */
} methods[] = {
	{ "none",		CONF_METHOD_NONE },
	{ "userpass",		CONF_METHOD_USERPASS },
	{ "certificate",	-1 },
	{ "gssapi",		-1 }
};

static void
place(const struct word *w, char *file, uint32_t *line)
{
	size_t		 len = strlen(w->file);

	/* The end of a long path tells more than its beginning. */
	if (len >= RULE_FILELEN)
		(void)strlcpy(file, w->file + len - (RULE_FILELEN - 1),
		    RULE_FILELEN);
	else
		(void)strlcpy(file, w->file, RULE_FILELEN);
	*line = w->line;
}

static int
method_find(const struct word *w)
{
	size_t		 i;

	for (i = 0; i < nitems(methods); i++) {
		if (strcmp(methods[i].name, w->s) != 0)
			continue;
		if (methods[i].method == -1)
			word_error(w, "auth %s: not supported yet", w->s);
		return methods[i].method;
	}
	word_error(w, "auth %s: must be none or userpass", w->s);
	return -1;
}

/* P2: the order is the server's preference. */
int
listener_methods(struct conf_listener *l, struct items *list)
{
	struct item	*i;
	int		 m;

	l->nmethods = 0;
	for (i = list->first; i != NULL; i = i->next) {
		if ((m = method_find(i->word)) == -1)
			return -1;
		if (memchr(l->methods, m, l->nmethods) != NULL) {
			word_error(i->word, "auth %s: given twice", i->word->s);
			return -1;
		}
		if (m == CONF_METHOD_USERPASS)
			refer_add(REFER_USERS_FILE, i->word);
		l->methods[l->nmethods++] = (uint8_t)m;
	}
	for (i = list->first; i->next != NULL; i = i->next)
		if (strcmp(i->word->s, "none") == 0)
			word_warn(i->word, "auth none stands before %s: who "
			    "offers both is not asked", i->next->word->s);
	return 0;
}

static int
listener_same(const struct conf_listener *a, const struct conf_listener *b)
{
	return a->port == b->port && strcmp(a->iface, b->iface) == 0 &&
	    addr_eq(&a->addr, &b->addr);
}

/* An interface's name, or one of its addresses. */
static int
listener_where(struct conf_listener *l, const struct word *w)
{
	memset(&l->addr, 0, sizeof(l->addr));
	l->iface[0] = '\0';
	if (strchr(w->s, ':') != NULL || strchr(w->s, '%') != NULL ||
	    w->s[strspn(w->s, "0123456789.")] == '\0') {
		if (value_host(w, "listen on", &l->addr) == -1)
			return -1;
		if (l->addr.af != ADDR_V6 || !addr_is_linklocal(&l->addr))
			return 0;
		word_error(w, "listen on %s: link-local: name its interface",
		    w->s);
		return -1;
	}
	return value_name(w, "listen on", l->iface, sizeof(l->iface));
}

static void
listener_one(struct conf *c, const struct conf_listener *tmpl, struct word *at,
    struct word *where)
{
	struct conf_listener	*l, *o;

	if ((l = malloc(sizeof(*l))) == NULL)
		err(1, "reading the configuration");
	*l = *tmpl;
	place(at, l->file, &l->line);
	if (listener_where(l, where) == -1) {
		free(l);
		return;
	}
	TAILQ_FOREACH(o, &c->listeners, entry)
		if (listener_same(o, l)) {
			word_error(at, "listen on %s port %u: already in line "
			    "%u of %s", where->s, l->port, o->line, o->file);
			free(l);
			return;
		}
	TAILQ_INSERT_TAIL(&c->listeners, l, entry);
}

void
listener_add(struct conf *c, struct conf_listener *tmpl, struct word *at,
    struct items *where)
{
	struct item	*i;

	if (tmpl->port == 0)
		return;		/* reported */
	if (tmpl->nmethods == 0) {
		word_error(at, "listen on %s: needs auth",
		    where->first->word->s);
		return;
	}
	for (i = where->first; i != NULL; i = i->next)
		listener_one(c, tmpl, at, i->word);
}

static void
iface_one(struct conf_ifaces *list, const char *what, const struct word *w,
    const struct addr *a)
{
	struct conf_iface	*n, *o;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		err(1, "reading the configuration");
	n->addr = *a;
	place(w, n->file, &n->line);
	if (value_name(w, what, n->name, sizeof(n->name)) == -1) {
		free(n);
		return;
	}
	TAILQ_FOREACH(o, list, entry)
		if (strcmp(o->name, n->name) == 0) {
			word_error(w, "%s %s: already in line %u of %s", what,
			    w->s, o->line, o->file);
			free(n);
			return;
		}
	TAILQ_INSERT_TAIL(list, n, entry);
}

void
iface_add(struct conf_ifaces *list, const char *what, struct items *names,
    struct word *addr)
{
	struct addr	 a;
	struct item	*i;

	memset(&a, 0, sizeof(a));
	if (addr != NULL && value_host(addr, "address", &a) == -1)
		return;
	for (i = names->first; i != NULL; i = i->next)
		iface_one(list, what, i->word, &a);
}
