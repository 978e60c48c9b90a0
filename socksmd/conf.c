/*
 * conf.c: a parsed configuration, made and freed, and the complaints on the
 * way to it; it runs in the parent.
 */

#include <sys/queue.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "conf.h"
#include "lex.h"

static struct conf	*complain_to;
static FILE		*complain_on;

struct conf *
conf_new(void)
{
	struct conf	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	settings_default(&c->settings);
	TAILQ_INIT(&c->listeners);
	TAILQ_INIT(&c->inside);
	TAILQ_INIT(&c->egress);
	TAILQ_INIT(&c->rules);
	TAILQ_INIT(&c->tables);
	TAILQ_INIT(&c->hosts);
	TAILQ_INIT(&c->entries);
	TAILQ_INIT(&c->users);
	TAILQ_INIT(&c->hashes);
	return c;
}

static void
ifaces_free(struct conf_ifaces *l)
{
	struct conf_iface	*i;

	while ((i = TAILQ_FIRST(l)) != NULL) {
		TAILQ_REMOVE(l, i, entry);
		free(i);
	}
}

static void
users_free(struct conf *c)
{
	struct user_node	*u;
	struct conf_hash	*h;

	while ((u = TAILQ_FIRST(&c->users)) != NULL) {
		TAILQ_REMOVE(&c->users, u, entry);
		free(u);
	}
	while ((h = TAILQ_FIRST(&c->hashes)) != NULL) {
		TAILQ_REMOVE(&c->hashes, h, entry);
		explicit_bzero(h, sizeof(*h));
		free(h);
	}
}

static void
hosts_free(struct conf *c)
{
	struct conf_host	*h;
	struct conf_entry	*e;

	while ((e = TAILQ_FIRST(&c->entries)) != NULL) {
		TAILQ_REMOVE(&c->entries, e, entry);
		free(e);
	}
	while ((h = TAILQ_FIRST(&c->hosts)) != NULL) {
		TAILQ_REMOVE(&c->hosts, h, entry);
		free(h);
	}
}

void
conf_free(struct conf *c)
{
	struct conf_listener	*l;
	struct rule_node	*r;
	struct table		*t;

	if (c == NULL)
		return;
	while ((l = TAILQ_FIRST(&c->listeners)) != NULL) {
		TAILQ_REMOVE(&c->listeners, l, entry);
		free(l);
	}
	while ((r = TAILQ_FIRST(&c->rules)) != NULL) {
		TAILQ_REMOVE(&c->rules, r, entry);
		free(r);
	}
	while ((t = TAILQ_FIRST(&c->tables)) != NULL) {
		TAILQ_REMOVE(&c->tables, t, entry);
		table_free(t);
	}
	hosts_free(c);
	ifaces_free(&c->inside);
	ifaces_free(&c->egress);
	users_free(c);
	free(c);
}

void
conf_report(struct conf *c, FILE *f)
{
	complain_to = c;
	complain_on = f;
}

static void
complain(const struct word *w, const char *kind, const char *fmt, va_list ap)
{
	fprintf(complain_on, "%s:", w->file);
	if (w->line != 0)
		fprintf(complain_on, "%u:", w->line);
	fprintf(complain_on, " %s", kind);
	vfprintf(complain_on, fmt, ap);
	fputc('\n', complain_on);
}

void
word_error(const struct word *w, const char *fmt, ...)
{
	va_list		 ap;

	va_start(ap, fmt);
	complain(w, "", fmt, ap);
	va_end(ap);
	complain_to->errors++;
}

void
word_warn(const struct word *w, const char *fmt, ...)
{
	va_list		 ap;

	va_start(ap, fmt);
	complain(w, "warning: ", fmt, ap);
	va_end(ap);
	complain_to->warnings++;
}
