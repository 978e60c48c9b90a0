/*
 * refer.c: names in the configuration that are looked up when all has been
 * read, since their definition may follow; it runs in the parent.
 */

#include <sys/queue.h>
#include <stdio.h>
#include <string.h>

#include "compat.h"
#include "conf.h"
#include "lex.h"

struct reference {
	STAILQ_ENTRY(reference)	 entry;
	enum refer		 what;
	struct word		*word;
};

static STAILQ_HEAD(references, reference) references =
    STAILQ_HEAD_INITIALIZER(references);

void
refer_add(enum refer what, struct word *w)
{
	struct reference	*r = scratch_alloc(sizeof(*r));

	r->what = what;
	r->word = w;
	STAILQ_INSERT_TAIL(&references, r, entry);
}

/* Before scratch_free(), which has their memory. */
void
refer_clear(void)
{
	STAILQ_INIT(&references);
}

static void
refer_table(struct conf *c, const struct word *w)
{
	if (table_find(&c->tables, w->s) == NULL)
		word_error(w, "table <%s> is not defined", w->s);
}

static void
refer_user(struct conf *c, const struct word *w)
{
	struct user_node	*u;

	if (c->errors != 0)
		return;		/* perhaps the users file's */
	TAILQ_FOREACH(u, &c->users, entry)
		if (strcmp(u->name, w->s) == 0)
			return;
	word_warn(w, "user %s is not in %s", w->s, c->users_file[0] ?
	    c->users_file : "any file: there is no \"users file\"");
}

static void
refer_group(struct conf *c, const struct word *w)
{
	struct user_node	*u;
	uint8_t			 i;

	if (c->errors != 0)
		return;
	TAILQ_FOREACH(u, &c->users, entry)
		for (i = 0; i < u->ngroups; i++)
			if (strcmp(u->groups[i], w->s) == 0)
				return;
	word_warn(w, "no user is in group %s", w->s);
}

static void
refer_egress(struct conf *c, const struct word *w)
{
	/* With multicast off nobody can ask for it (P44). */
	if (TAILQ_EMPTY(&c->egress) &&
	    c->settings.extensions & EXT_MULTICAST)
		word_error(w, "%s: receive and send need an interface: \"via\" "
		    "here, or \"egress on\"", w->s);
}

static void
refer_users_file(struct conf *c, const struct word *w)
{
	if (c->users_file[0] == '\0')
		word_error(w, "auth %s: there is no \"users file\"", w->s);
}

static void
refer_listener(struct conf *c, const struct word *w)
{
	const struct conf_listener	*l;

	TAILQ_FOREACH(l, &c->listeners, entry)
		if (strcmp(l->label, w->s) == 0)
			return;
	if (c->errors == 0)
		word_warn(w, "no listener has the label %s", w->s);
}

void
refer_check(struct conf *c)
{
	static void (*const check[])(struct conf *, const struct word *) = {
		[REFER_TABLE] = refer_table,
		[REFER_USER] = refer_user,
		[REFER_GROUP] = refer_group,
		[REFER_EGRESS] = refer_egress,
		[REFER_USERS_FILE] = refer_users_file,
		[REFER_LISTENER] = refer_listener
	};
	struct reference	*r;

	STAILQ_FOREACH(r, &references, entry)
		check[r->what](c, r->word);
}
