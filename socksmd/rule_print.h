/*
 * rule_print.h: rules as text, and the words of the grammar that stand for
 * commands.
 */

#ifndef RULE_PRINT_H
#define RULE_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "rule.h"

/* Text of a rule, in the grammar, without newline; returns buf. */
const char *rule_print(const struct rule *, char *buf, size_t);
/* The same with the names of hosts, where it has some; else NULL. */
const char *rule_print_hosts(const struct rule *, const char *from,
	    const char *to, char *buf, size_t);
const char *rule_commands(uint8_t commands);	/* "receive" for one bit */
uint8_t	 rule_command(const char *);		/* its bit, 0 for none such */
/* A word as the grammar reads it back, quoted where it must be. */
const char *rule_quote(const char *, char *buf, size_t);

#endif
