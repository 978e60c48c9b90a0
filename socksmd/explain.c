/*
 * explain.c: which rule decides a question, and why the others do not
 * (socksmctl explain); runs in policy.
 */

#include <sys/types.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "policy.h"
#include "rule_print.h"
#include "socks.h"

static void
explain_question(const struct ctl_request *r, struct question *q)
{
	memset(q, 0, sizeof(*q));
	q->command = rule_command(r->question.command);
	q->ttl = r->question.ttl;
	q->from = r->question.from;
	q->to = r->question.to;
	q->method = r->question.method;
	q->user = r->user[0] != '\0' ? r->user : NULL;
	q->listener = r->label;
	q->domain = r->question.domain[0] != '\0' ? r->question.domain : NULL;
}

/* As rule_eval(), but asking for it leaves no trace in the counters. */
static void
explain_eval(const struct question *q, struct verdict *v)
{
	struct rule_node	**rule = policy.conf->index;
	uint32_t		  i, n = policy.conf->nrules;
	struct rule_node	 *kept;

	if ((kept = calloc(n + 1, sizeof(*kept))) != NULL)
		for (i = 0; i < n; i++)
			kept[i] = *rule[i];
	rule_eval(&policy.conf->rs, q, v);
	for (i = 0; kept != NULL && i < n; i++) {
		rule[i]->evaluations = kept[i].evaluations;
		rule[i]->matches = kept[i].matches;
		rule[i]->passes = kept[i].passes;
	}
	free(kept);
}

/* P6, P17, P33: what a client would be answered, by the rules alone. */
static uint8_t
explain_code(const struct question *q, const struct verdict *v)
{
	if (v->pass)
		return SOCKS_OK;
	if (v->ttl_refused)
		return SOCKS_BADTTL;
	if (q->command == CMD_RECEIVE)
		return SOCKS_NORECEIVE;
	return q->command == CMD_SEND ? SOCKS_NOSEND : SOCKS_REFUSED;
}

static void
explain_verdict(struct ctl_client *c, const struct question *q)
{
	struct ctl_verdict	 row;
	struct verdict		 v;

	explain_eval(q, &v);
	memset(&row, 0, sizeof(row));
	row.pass = v.pass;
	row.matched = v.matched;
	row.rule = v.rule;
	row.code = explain_code(q, &v);
	row.ttl_max = q->command == CMD_SEND ? v.ttl_max : 0;
	row.log = v.log;
	row.idle = v.idle;
	strlcpy(row.via, v.via, sizeof(row.via));
	strlcpy(row.label, v.label, sizeof(row.label));
	control_row(c, CTL_VERDICT, &row, sizeof(row));
	/* Rules behind the one that decides at once are not looked at. */
	c->limit = v.matched && policy.conf->index[v.rule]->rule.quick ?
	    v.rule : UINT32_MAX;
	c->decider = v.matched ? v.rule : UINT32_MAX;
}

/* What became of one rule. */
static void
explain_rule(const struct ctl_client *c, const struct rule *r,
    const struct question *q, struct ctl_explained *row)
{
	const char	*what = "matches", *why = "";

	if (r->nr == c->decider)
		what = "decides";
	else if (r->nr > c->limit)
		what = "not reached";
	else if (!(r->commands & q->command)) {
		what = "differs";
		why = "command";
	} else if ((why = rule_mismatch(&policy.conf->rs, r, q)) != NULL)
		what = "differs";
	else if (r->action != RULE_MATCH)
		what = "overruled";
	strlcpy(row->what, what, sizeof(row->what));
	strlcpy(row->why, why != NULL ? why : "", sizeof(row->why));
}

static int
explain_step(struct ctl_client *c)
{
	struct ctl_explained	 row;
	struct question		 q;
	const struct rule	*r;

	explain_question(&c->req, &q);
	if (q.command == 0) {
		control_fail(c, "no such command");
		return 0;
	}
	if (c->generation != 0 &&
	    c->generation != policy.conf->rs.generation) {
		control_fail(c, "the rules have changed meanwhile");
		return 0;
	}
	if (c->generation == 0) {
		c->generation = policy.conf->rs.generation;
		explain_verdict(c, &q);
	}
	if (c->cursor >= policy.conf->nrules)
		return 0;
	r = &policy.conf->index[c->cursor++]->rule;
	memset(&row, 0, sizeof(row));
	row.nr = r->nr;
	row.line = r->line;
	explain_rule(c, r, &q, &row);
	strlcpy(row.file, r->file, sizeof(row.file));
	(void)rule_print(r, row.text, sizeof(row.text));
	control_row(c, CTL_EXPLAINED, &row, sizeof(row));
	return 1;
}

const struct listing	 explain_listing = {
	.type = CTL_EXPLAIN,
	.step = explain_step
};
