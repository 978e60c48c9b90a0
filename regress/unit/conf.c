/*
 * conf.c: tests of what a parsed configuration holds, as far as its text does
 * not show it, and that no text whatever makes the parser stumble.
 */

#include <sys/stat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "conf_text.h"
#include "rule_print.h"

#define LISTEN	"listen on em1 port 1080 auth none\n"

static struct conf *
good(const char *text)
{
	struct conf	*c = conf_text(text);

	if (c == NULL)
		fail_msg("%s", conf_text_err);
	return c;
}

static void
bad(const char *text, const char *message)
{
	assert_null(conf_text(text));
	if (strstr(conf_text_err, message) == NULL)
		fail_msg("\"%s\" not in \"%s\"", message, conf_text_err);
}

static void
listeners(void **state)
{
	struct conf		*c;
	struct conf_listener	*l;

	(void)state;
	c = good("\n\nlisten on 10.0.0.1 port 1081 label x auth none\n" LISTEN);
	l = TAILQ_FIRST(&c->listeners);
	assert_int_equal(l->line, 3);
	assert_string_equal(l->iface, "");
	assert_int_equal(l->addr.af, ADDR_V4);
	assert_int_equal(l->nmethods, 1);
	assert_int_equal(l->methods[0], CONF_METHOD_NONE);
	assert_string_equal(l->label, "x");
	l = TAILQ_NEXT(l, entry);
	assert_string_equal(l->iface, "em1");
	assert_int_equal(l->addr.af, ADDR_NONE);
	assert_string_equal(l->label, "");
	assert_null(TAILQ_NEXT(l, entry));
	conf_free(c);
}

static void
rules_in_order(void **state)
{
	struct conf		*c;
	struct rule_node	*n;
	uint32_t		 nr = 0;

	(void)state;
	c = good(LISTEN "pass connect to { 192.0.2.1, 192.0.2.2 }\n\n"
	    "block log udp to any port { 1,\n 2 }\n");
	TAILQ_FOREACH(n, &c->rules, entry) {
		assert_int_equal(n->rule.nr, nr);
		assert_int_equal(n->rule.line, nr < 2 ? 2 : 4);
		assert_int_equal(n->rule.log, nr >= 2);
		assert_int_equal(n->rule.commands, nr < 2 ? CMD_CONNECT :
		    CMD_UDP);
		nr++;
	}
	assert_int_equal(nr, 4);
	conf_free(c);
}

static void
users(void **state)
{
	char			 text[256], name[64];
	struct conf		*c;
	struct user_node	*u;
	struct conf_hash	*h;

	(void)state;
	(void)strlcpy(name, conf_text_file("# all\nann:$6$a$b:x,y\n\n"
	    "bob:*\n  eve:z:\"q\"  # why\n"), sizeof(name));
	(void)snprintf(text, sizeof(text), LISTEN "users file \"%s\"\n", name);
	c = good(text);
	assert_string_equal(c->users_file, name);
	(void)unlink(name);
	u = TAILQ_FIRST(&c->users);
	h = TAILQ_FIRST(&c->hashes);
	assert_string_equal(u->name, "ann");
	assert_string_equal(h->name, "ann");
	assert_string_equal(h->hash, "$6$a$b");
	assert_int_equal(u->ngroups, 2);
	assert_string_equal(u->groups[1], "y");
	u = TAILQ_NEXT(u, entry);
	assert_string_equal(u->name, "bob");
	assert_string_equal(TAILQ_NEXT(h, entry)->hash, "*");
	assert_int_equal(u->ngroups, 0);
	u = TAILQ_NEXT(u, entry);
	assert_string_equal(u->groups[0], "\"q\"");
	assert_null(TAILQ_NEXT(u, entry));
	conf_free(c);
}

/* What one file defines is gone with it; what -D defines stays. */
static void
macros(void **state)
{
	struct conf	*c;

	(void)state;
	assert_int_equal(conf_define("novalue"), -1);
	assert_int_equal(conf_define("a-b=c"), -1);
	assert_int_equal(conf_define("=c"), -1);
	assert_int_equal(conf_define("a=b\nc"), -1);
	c = good("net = 192.0.2.0/24\n" LISTEN "pass connect to $net");
	conf_free(c);
	bad(LISTEN "pass connect to $net", ":2: macro $net is not defined");
	assert_int_equal(conf_define("net=192.0.2.1"), 0);
	assert_int_equal(conf_define("net=192.0.2.7"), 0);
	c = good("net = 10.0.0.0/8\n" LISTEN "pass connect to $net");
	assert_int_equal(TAILQ_FIRST(&c->rules)->rule.to.plen, 32);
	assert_int_equal(TAILQ_FIRST(&c->rules)->rule.to.a.b[3], 7);
	conf_free(c);
	conf_free(good(LISTEN "pass connect to $net"));
}

/* After an error nothing is left over that changes the next parse. */
static void
errors_leave_nothing(void **state)
{
	struct conf	*c;

	(void)state;
	bad("x = \"y\npass connect to { $x", "is not closed");
	bad(LISTEN "table <t> { 10.0.0.1\n", "is not closed");
	c = good(LISTEN);
	assert_true(TAILQ_EMPTY(&c->tables));
	assert_int_equal(c->errors, 0);
	conf_free(c);
	bad("", "nothing to serve");
}

static void
no_file(void **state)
{
	char		 buf[256] = "";
	FILE		*f = fmemopen(buf, sizeof(buf), "w");

	(void)state;
	assert_null(conf_parse("/nonexistent/socksmd.conf", f));
	(void)fclose(f);
	assert_non_null(strstr(buf, "No such file"));
}

/* A long path keeps its end. */
static void
long_path(void **state)
{
	char		 dir[] = "/tmp/conf.XXXXXX", path[256], sub[128];
	struct conf	*c;
	FILE		*f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(sub, sizeof(sub), "%s/%0*d", dir, 80, 0);
	assert_int_equal(mkdir(sub, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/end.conf", sub);
	assert_non_null(f = fopen(path, "w"));
	fputs(LISTEN "pass connect to 192.0.2.1\n", f);
	(void)fchmod(fileno(f), 0600);
	(void)fclose(f);
	c = conf_parse(path, stderr);
	(void)unlink(path);
	(void)rmdir(sub);
	(void)rmdir(dir);
	assert_non_null(c);
	assert_int_equal(strlen(TAILQ_FIRST(&c->rules)->rule.file), 63);
	assert_non_null(strstr(TAILQ_FIRST(&c->rules)->rule.file, "end.conf"));
	assert_int_equal(strlen(TAILQ_FIRST(&c->listeners)->file), 63);
	conf_free(c);
}

static void
many(void **state)
{
	char		*text;
	size_t		 size = 4 << 20, n;
	struct conf	*c;
	int		 i;

	(void)state;
	assert_non_null(text = malloc(size));
	n = (size_t)snprintf(text, size, LISTEN "table <t> {\n");
	for (i = 0; i < 50000; i++)
		n += (size_t)snprintf(text + n, size - n, "192.%d.%d.%d\n",
		    i >> 16, i >> 8 & 255, i & 255);
	n += (size_t)snprintf(text + n, size - n, "}\n");
	for (i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, size - n,
		    "pass connect to 192.%d.%d.0 label \"rule %d\"\n", i >> 8,
		    i & 255, i);
	c = good(text);
	assert_int_equal(TAILQ_FIRST(&c->tables)->n, 50000);
	assert_int_equal(TAILQ_LAST(&c->rules, rule_list)->rule.nr, 9999);
	conf_free(c);
	free(text);
}

static const char	 everything[] =
    "a = \"{ 10.0.0.1, 10.0.0.2 }\"\nb = $a 'x' \\\n y # c\n"
    "set limit { sessions 1, groups 2 }\nset extensions none\nset log all\n"
    "listen on { em1 10.0.0.1 } port 1080 label \"x \\\" y\" auth { none }\n"
    "inside on em1\negress on em2 address 10.0.0.1\n"
    "table <t> const persist { 10.0.0.0/8, !10.1.0.0/16\n ::1 }\n"
    "block log quick { connect, { udp } } inet6 from { ! <t>, self } port "
    "{ 1:2, != 3 } to ! 10.0.0.1 - 10.0.0.9 port >= 5 user { u v } group w\n"
    "match send from $a to any ttl <= 5 via em3 mode { mu mm } local any "
    "label z\npass udp from em9 to a.example port domain method { none } "
    "listener x domain \"*.b.example\" timeout idle 3 egress dedicated\n"
    "table <h> { !c.example }\nblock deliver from <t> to 232.0.0.0/8\nall\n";

/* Any prefix of it, and any one octet of it replaced: an answer, no fault. */
static void
mutilated(void **state)
{
	static const char	 octets[] = "{}\"'\n\\$#<>!=,-\x01\xff ";
	char			 text[sizeof(everything)];
	size_t			 i, j;

	(void)state;
	for (i = 0; i < sizeof(everything); i++) {
		(void)strlcpy(text, everything, i + 1);
		conf_free(conf_text(text));
		for (j = 0; i < sizeof(everything) - 1 && octets[j]; j++) {
			(void)strlcpy(text, everything, sizeof(text));
			text[i] = octets[j];
			conf_free(conf_text(text));
		}
	}
}

static struct conf_host *
host(struct conf *c, const char *name, const char *addr, const char *more)
{
	struct conf_host	*h;

	TAILQ_FOREACH(h, &c->hosts, entry)
		if (strcmp(h->name, name) == 0)
			break;
	assert_non_null(h);
	assert_int_equal(addr_parse(&h->addr[h->naddrs++], addr), 0);
	if (more != NULL)
		assert_int_equal(addr_parse(&h->addr[h->naddrs++], more), 0);
	return h;
}

static void
rules_are(const struct conf *c, const char *text)
{
	const struct rule_node	*r;
	char			 all[2048] = "", buf[1024];
	uint32_t		 nr = 0;

	TAILQ_FOREACH(r, &c->rules, entry) {
		assert_int_equal(r->rule.nr, nr++);
		(void)strlcat(all, rule_print(&r->rule, buf, sizeof(buf)),
		    sizeof(all));
		(void)strlcat(all, "\n", sizeof(all));
	}
	assert_string_equal(all, text);
}

static struct conf *
hosts_conf(void)
{
	struct conf	*c = conf_text("listen on em1 port 1 auth none\n"
			    "table <t> { ! a.example, 10.0.0.1 }\n"
			    "pass connect from a.example to B.example\n"
			    "pass connect to 192.0.2.1\n"
			    "pass udp inet6 to b.example\n");

	assert_non_null(c);
	return c;
}

/* Each name becomes its addresses, each rule as many rules as it takes. */
static void
hosts(void **state)
{
	struct conf		*c = hosts_conf();
	struct table		*t;
	struct addr		 a;

	(void)state;
	(void)host(c, "a.example", "10.0.0.7", "2001:db8::7");
	(void)host(c, "B.example", "192.0.2.9", "2001:db8::9");
	assert_int_equal(conf_hosts_expand(c, stderr), 0);
	rules_are(c, "pass connect from 10.0.0.7 to 192.0.2.9\n"
	    "pass connect from 10.0.0.7 to 2001:db8::9\n"
	    "pass connect from 2001:db8::7 to 192.0.2.9\n"
	    "pass connect from 2001:db8::7 to 2001:db8::9\n"
	    "pass connect from any to 192.0.2.1\n"
	    "pass udp inet6 from any to 2001:db8::9\n");
	assert_true(TAILQ_FIRST(&c->rules)->rule.to.named);
	assert_false(TAILQ_LAST(&c->rules, rule_list)->rule.from.named);
	t = table_find(&c->tables, "t");
	assert_int_equal(t->n, 3);
	assert_int_equal(addr_parse(&a, "2001:db8::7"), 0);
	assert_false(table_match(t, &a));
	conf_free(c);
}

static void
hosts_without_a_family(void **state)
{
	struct conf		*c = hosts_conf();
	char			 err[256] = "";
	FILE			*f;

	(void)state;
	(void)host(c, "a.example", "10.0.0.7", NULL);
	(void)host(c, "B.example", "192.0.2.9", NULL);
	assert_non_null(f = fmemopen(err, sizeof(err), "w"));
	assert_int_equal(conf_hosts_expand(c, f), -1);
	(void)fclose(f);
	assert_non_null(strstr(err, ":5: B.example has no address of that "
	    "family\n"));
	conf_free(c);
}

/* Names make rules too: they count. */
static void
hosts_make_too_many(void **state)
{
	struct conf		*c;
	struct conf_host	*h;
	struct rule		 r;
	char			 err[256] = "";
	FILE			*f;
	int			 i;

	(void)state;
	c = hosts_conf();
	(void)host(c, "a.example", "10.0.0.7", "10.0.0.8");
	h = host(c, "B.example", "192.0.2.9", "2001:db8::9");
	r = TAILQ_FIRST(&c->rules)->rule;
	for (i = 0; i < CONF_RULES / 4; i++)
		assert_non_null(rule_add(&c->rules, &r));
	assert_int_equal(h->naddrs, 2);
	assert_non_null(f = fmemopen(err, sizeof(err) - 1, "w"));
	assert_int_equal(conf_hosts_expand(c, f), -1);
	(void)fclose(f);
	assert_non_null(strstr(err, "more than 65536 rules"));
	conf_free(c);
}

static void
queries(void **state)
{
	struct conf_host	 h = { .name = "localhost." };
	char			 buf[256];

	(void)state;
	conf_host_query(&h, buf, sizeof(buf));
	assert_string_equal(buf, "localhost");
	(void)strlcpy(h.name, "a.example", sizeof(h.name));
	conf_host_query(&h, buf, sizeof(buf));
	assert_string_equal(buf, "a.example");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners),
		cmocka_unit_test(rules_in_order),
		cmocka_unit_test(users),
		cmocka_unit_test(macros),
		cmocka_unit_test(errors_leave_nothing),
		cmocka_unit_test(no_file),
		cmocka_unit_test(long_path),
		cmocka_unit_test(many),
		cmocka_unit_test(mutilated),
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_without_a_family),
		cmocka_unit_test(hosts_make_too_many),
		cmocka_unit_test(queries)
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
