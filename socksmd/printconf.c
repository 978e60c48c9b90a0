/*
 * printconf.c: a configuration as text, as -nv shows it: lists expanded, and
 * read again it gives the same; it runs in the parent.
 */

#include <sys/queue.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "conf.h"
#include "rule_print.h"

/* Tables up to this long stand on one line. */
#define PRINT_WIDE	8

static void
quoted_print(const char *s, FILE *f)
{
	char		 buf[1024];

	fprintf(f, "%s", rule_quote(s, buf, sizeof(buf)));
}

static void
listener_print(const struct conf_listener *l, FILE *f)
{
	char		 buf[ADDR_STRLEN];
	uint8_t		 i;

	fprintf(f, "listen on %s port %u", l->iface[0] ? l->iface :
	    addr_print(&l->addr, buf, sizeof(buf)), l->port);
	if (l->label[0] != '\0') {
		fprintf(f, " label ");
		quoted_print(l->label, f);
	}
	fprintf(f, " auth %s", l->nmethods > 1 ? "{ " : "");
	for (i = 0; i < l->nmethods; i++)
		fprintf(f, "%s%s", i > 0 ? ", " : "",
		    l->methods[i] == CONF_METHOD_NONE ? "none" : "userpass");
	fprintf(f, "%s\n", l->nmethods > 1 ? " }" : "");
}

static void
ifaces_print(const char *what, const struct conf_ifaces *l, FILE *f)
{
	const struct conf_iface	*i;
	char			 buf[ADDR_STRLEN];

	TAILQ_FOREACH(i, l, entry) {
		fprintf(f, "%s on %s", what, i->name);
		if (i->addr.af != ADDR_NONE)
			fprintf(f, " address %s", addr_print(&i->addr, buf,
			    sizeof(buf)));
		fprintf(f, "\n");
	}
}

static void
entries_print(const struct conf *c, const struct table *t, uint32_t shown,
    FILE *f)
{
	const struct conf_entry	*e;
	const char		*sep = shown > PRINT_WIDE ? "\n\t" : " ";
	char			 buf[ADDR_STRLEN];
	uint32_t		 i, n = 0;

	fprintf(f, " {");
	for (i = 0; i < t->n; i++) {
		if (t->e[i].from_file)
			continue;
		fprintf(f, "%s%s%s%s", n++ > 0 ? "," : "", sep,
		    t->e[i].neg ? "!" : "", prefix_print(&t->e[i].prefix, buf,
		    sizeof(buf)));
	}
	TAILQ_FOREACH(e, &c->entries, entry)
		if (e->table == t && !e->from_file)
			fprintf(f, "%s%s%s%s", n++ > 0 ? "," : "", sep,
			    e->neg ? "!" : "", e->host->name);
	fprintf(f, "%s}", shown > PRINT_WIDE ? "\n" : " ");
}

/* What stands in a file is the file's; only its name is printed. */
static void
table_print(const struct conf *c, const struct table *t, FILE *f)
{
	const struct conf_entry	*e;
	uint32_t		 i, shown = 0;

	for (i = 0; i < t->n; i++)
		shown += !t->e[i].from_file;
	TAILQ_FOREACH(e, &c->entries, entry)
		shown += e->table == t && !e->from_file;
	fprintf(f, "table <%s>%s%s", t->name, t->is_const ? " const" : "",
	    t->persist ? " persist" : "");
	if (t->file != NULL) {
		fprintf(f, " file ");
		quoted_print(t->file, f);
	}
	if (shown > 0)
		entries_print(c, t, shown, f);
	fprintf(f, "\n");
}

static const char *
host_name(const struct conf *c, const struct rule_addr *ra)
{
	return ra->type == RULE_HOST ? conf_host(c, ra->host)->name : NULL;
}

void
conf_print(const struct conf *c, FILE *f)
{
	const struct conf_listener	*l;
	const struct table		*t;
	const struct rule_node		*r;
	char				 buf[2048];

	settings_print(&c->settings, f);
	TAILQ_FOREACH(l, &c->listeners, entry)
		listener_print(l, f);
	ifaces_print("inside", &c->inside, f);
	ifaces_print("egress", &c->egress, f);
	if (c->users_file[0] != '\0') {
		fprintf(f, "users file ");
		quoted_print(c->users_file, f);
		fprintf(f, "\n");
	}
	TAILQ_FOREACH(t, &c->tables, entry)
		table_print(c, t, f);
	TAILQ_FOREACH(r, &c->rules, entry)
		fprintf(f, "%s\n", rule_print_hosts(&r->rule,
		    host_name(c, &r->rule.from), host_name(c, &r->rule.to),
		    buf, sizeof(buf)));
}
