/*
 * protect.h: destinations that a pass rule covers only if it names them (P43,
 * P45), as far as the ruleset knows more than the address tells.
 */

#ifndef PROTECT_H
#define PROTECT_H

#include "addr.h"
#include "rule.h"

int	 protect_self(const struct ruleset *, const struct addr *);
int	 protect_addr(const struct ruleset *, const struct addr *);
int	 protect_prefix(const struct ruleset *, const struct prefix *);

#endif
