/*
 * parser.h: the words of a command line and what they ask for.
 */

#ifndef PARSER_H
#define PARSER_H

#include <stdio.h>

#include "ctl.h"

/* What a command line asks of the daemon. */
struct command {
	uint32_t		 type;		/* enum ctl_type */
	struct ctl_request	 req;
};

/*
 * Reads words, which may be abbreviated. 0; or -1 with an explanation, which
 * lists the words that are valid there, on err.
 */
int	 parse_words(int argc, char *const argv[], struct command *, FILE *err);

#endif
