/*
 * verdict.h: the question that rules answer, and their answer; policy's.
 */

#ifndef VERDICT_H
#define VERDICT_H

#include <net/if.h>
#include <stdint.h>

#include "addr.h"

#define RULE_NAMELEN	64	/* users, labels, listener labels; with NUL */

/* What is asked, with all that policy knows of who asks. */
struct question {
	uint8_t		 command;		/* one CMD_* */
	uint8_t		 ttl;			/* of a send (0 is P33's X'15') */
	struct addr	 from;			/* the client; for deliver the
						 * source outside */
	uint16_t	 fport;
	struct endpoint	 to;
	uint8_t		 method;		/* of the login, as on the wire */
	const char	*user;			/* NULL: no identity */
	const char	*listener;		/* label, "" if none */
	const char	*domain;		/* name asked for; NULL: none */
};

struct verdict {
	uint8_t		 pass;
	uint8_t		 matched;		/* a rule decided, not default */
	uint8_t		 log;
	uint8_t		 modes;			/* MODE_* allowed; never 0 */
	uint8_t		 mode;			/* MODE_* preferred by server */
	/*
	 * A TTL never keeps a rule from matching. The limit is the deciding
	 * rule's, else that of the last match rule that has one, else
	 * max-ttl. A send that passes but for it has pass 0, ttl_refused 1:
	 * X'15', not X'12'.
	 */
	uint8_t		 ttl_max;
	uint8_t		 ttl_refused;
	uint8_t		 local_any;
	uint8_t		 dedicated;		/* a socket of its own */
	uint32_t	 rule;			/* nr, if matched */
	uint32_t	 idle;			/* seconds */
	char		 via[IF_NAMESIZE];	/* "": the egress interfaces */
	char		 label[RULE_NAMELEN];
};

#endif
