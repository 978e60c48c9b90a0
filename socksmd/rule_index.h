/*
 * rule_index.h: which of thousands of rules may match a question; policy's.
 */

#ifndef RULE_INDEX_H
#define RULE_INDEX_H

#include <stdint.h>

#include "rule.h"

/* Fewer rules are walked one after the other. */
#define RULE_INDEX_MIN	64

/* What a rule can be found by; each rule stands under one of these. */
enum rule_dim {
	DIM_TO,
	DIM_FROM,
	DIM_USER,
	DIM_DOMAIN,
	DIM_GROUP,
	DIM_PORT,
	DIM_LISTENER,
	DIM_REST,		/* by nothing: always a candidate */
	DIM_MAX
};
#define DIM_BIT(d)	(1U << (d))
#define DIMS_ALL	(DIM_BIT(DIM_MAX) - 1)

/* A question as the index needs it: addresses unmapped, the user looked up. */
struct rule_key {
	const struct question	*q;
	const struct addr	*from;
	const struct addr	*to;
	const struct user_node	*user;		/* or NULL */
};

struct rule_run {
	struct rule_node	*const *at;
	struct rule_node	*const *end;
};

/* Lengths of two prefixes, labels of a name, lengths of a port, the others. */
#define RULE_RUNS	(2 * 129 + 128 + 17 + 8 + 4)

/* Gives the candidates in the order of their numbers. */
struct rule_cursor {
	const struct rule_index	*index;
	uint32_t		 n;
	struct rule_run		 run[RULE_RUNS];
};

/* Rules with one of the commands, by the dimensions named; NULL: no memory. */
struct rule_index *rule_index_new(const struct ruleset *, uint8_t commands,
	    unsigned int dims);
void	 rule_index_free(struct rule_index *);
/* Whether a question should say which groups its user is in. */
int	 rule_index_groups(const struct rule_index *);
const struct user_node *rule_index_user(const struct ruleset *,
	    const char *name);

void	 rule_cursor_init(struct rule_cursor *, const struct rule_index *,
	    const struct rule_key *);
struct rule_node *rule_cursor_next(struct rule_cursor *);

#endif
