/*
 * rule_print.c: rules as text that the grammar reads back; it runs in the
 * parent (-nv) and in policy (socksmctl show rules).
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "compat.h"
#include "rule_print.h"

/* A text that grows in a buffer and is cut at its end. */
struct text {
	char		*buf;
	size_t		 size;
};

static const struct {
	const char	*name;
	uint8_t		 bit;
} commands[] = {
	{ "connect",	CMD_CONNECT },
	{ "bind",	CMD_BIND },
	{ "associate",	CMD_ASSOCIATE },
	{ "udp",	CMD_UDP },
	{ "receive",	CMD_RECEIVE },
	{ "send",	CMD_SEND },
	{ "deliver",	CMD_DELIVER }
};

static const char *const ops[] = {
	[OP_EQ] = "= ", [OP_NE] = "!= ", [OP_LT] = "< ", [OP_LE] = "<= ",
	[OP_GT] = "> ", [OP_GE] = ">= ", [OP_RANGE] = ""
};

const char *
rule_commands(uint8_t bits)
{
	size_t		 i;

	for (i = 0; i < nitems(commands); i++)
		if (commands[i].bit == bits)
			return commands[i].name;
	return bits == CMD_SIX ? "any" : "several";
}

uint8_t
rule_command(const char *name)
{
	size_t		 i;

	for (i = 0; i < nitems(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].bit;
	return 0;
}

const char *
rule_quote(const char *s, char *buf, size_t size)
{
	size_t		 n = 0;

	if (size < 3) {
		(void)strlcpy(buf, "", size);
		return buf;
	}
	buf[n++] = '"';
	for (; *s != '\0' && n + 3 < size; s++) {
		if (*s == '"' || *s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

static void
text_add(struct text *t, const char *s)
{
	(void)strlcat(t->buf, s, t->size);
}

static void
text_number(struct text *t, const char *before, unsigned int n)
{
	char		 buf[16];

	(void)snprintf(buf, sizeof(buf), "%u", n);
	text_add(t, before);
	text_add(t, buf);
}

static void
text_quoted(struct text *t, const char *before, const char *s)
{
	char		 buf[2 * RULE_NAMELEN + 3];

	text_add(t, before);
	text_add(t, rule_quote(s, buf, sizeof(buf)));
}

static void
text_commands(struct text *t, uint8_t bits)
{
	size_t		 i;
	int		 many = (bits & (bits - 1)) != 0;
	const char	*sep = many ? " { " : " ";

	if (bits == CMD_SIX)
		return;
	for (i = 0; i < nitems(commands); i++) {
		if ((bits & commands[i].bit) == 0)
			continue;
		text_add(t, sep);
		text_add(t, commands[i].name);
		sep = ", ";
	}
	if (many)
		text_add(t, " }");
}

static void
text_prefix(struct text *t, const struct addr *a, uint8_t len)
{
	struct prefix	 p = { .addr = *a, .len = len };
	char		 buf[ADDR_STRLEN];

	text_add(t, prefix_print(&p, buf, sizeof(buf)));
}

static void
text_addr(struct text *t, const struct rule_addr *ra, const char *host)
{
	char		 buf[ADDR_STRLEN];

	if (ra->neg)
		text_add(t, "! ");
	switch (ra->type) {
	case RULE_PREFIX:
		text_prefix(t, &ra->a, ra->plen);
		break;
	case RULE_RANGE:
		text_add(t, addr_print(&ra->a, buf, sizeof(buf)));
		text_add(t, " - ");
		text_add(t, addr_print(&ra->b, buf, sizeof(buf)));
		break;
	case RULE_TABLE:
		text_add(t, "<");
		text_add(t, ra->name);
		text_add(t, ">");
		break;
	case RULE_IFACE:
		text_quoted(t, "", ra->name);	/* may be a keyword */
		break;
	case RULE_HOST:
		text_add(t, host != NULL ? host : "?");
		break;
	default:
		text_add(t, ra->type == RULE_SELF ? "self" : "any");
	}
}

static void
text_port(struct text *t, const struct rule_port *rp)
{
	if (rp->op == OP_NONE || rp->op >= nitems(ops))
		return;
	text_add(t, " port ");
	text_number(t, ops[rp->op], rp->lo);
	if (rp->op == OP_RANGE)
		text_number(t, ":", rp->hi);
}

static void
text_hosts(struct text *t, const struct rule *r, const char *from,
    const char *to)
{
	if (r->from.type == RULE_ANY && r->to.type == RULE_ANY &&
	    r->fport.op == OP_NONE && r->port.op == OP_NONE) {
		text_add(t, " all");
		return;
	}
	text_add(t, " from ");
	text_addr(t, &r->from, from);
	text_port(t, &r->fport);
	text_add(t, " to ");
	text_addr(t, &r->to, to);
	text_port(t, &r->port);
}

static void
text_who(struct text *t, const struct rule *r)
{
	static const char *const methods[] = { "", " method none",
	    " method userpass", " method { none, userpass }" };

	if (r->user[0] != '\0')
		text_quoted(t, " user ", r->user);
	if (r->group[0] != '\0')
		text_quoted(t, " group ", r->group);
	text_add(t, methods[r->methods & (RULE_METHOD_NONE |
	    RULE_METHOD_USERPASS)]);
	if (r->listener[0] != '\0')
		text_quoted(t, " listener ", r->listener);
	if (r->domain[0] != '\0') {
		text_add(t, " domain \"");
		text_add(t, r->domain);
		text_add(t, "\"");
	}
}

static void
text_options(struct text *t, const struct rule *r)
{
	static const char *const modes[] = { "", " mode mu", " mode mm",
	    " mode { mu, mm }" };

	text_who(t, r);
	text_add(t, modes[r->modes & (MODE_MU | MODE_MM)]);
	if (r->ttl_set)
		text_number(t, " ttl <= ", r->ttl);
	if (r->local_any)
		text_add(t, " local any");
	if (r->dedicated)
		text_add(t, " egress dedicated");
	if (r->idle != 0)
		text_number(t, " timeout idle ", r->idle);
	if (r->via[0] != '\0') {
		text_add(t, " via ");
		text_add(t, r->via);
	}
	if (r->label[0] != '\0')
		text_quoted(t, " label ", r->label);
}

const char *
rule_print_hosts(const struct rule *r, const char *from, const char *to,
    char *buf, size_t size)
{
	static const char *const actions[] = { [RULE_BLOCK] = "block",
	    [RULE_PASS] = "pass", [RULE_MATCH] = "match" };
	struct text	 t = { buf, size };

	if (size == 0)
		return buf;
	buf[0] = '\0';
	text_add(&t, r->action < nitems(actions) ? actions[r->action] : "?");
	if (r->log)
		text_add(&t, " log");
	if (r->quick)
		text_add(&t, " quick");
	text_commands(&t, r->commands);
	if (r->af != ADDR_NONE)
		text_add(&t, r->af == ADDR_V4 ? " inet" : " inet6");
	text_hosts(&t, r, from, to);
	text_options(&t, r);
	return buf;
}

const char *
rule_print(const struct rule *r, char *buf, size_t size)
{
	return rule_print_hosts(r, NULL, NULL, buf, size);
}
