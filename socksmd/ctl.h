/*
 * ctl.h: what socksmctl(8) and the daemon say to each other on the control
 * socket: one request per connection, the answer's rows, then CTL_END.
 *
 * Fixed sizes and no pointers. Text in a row is NUL-terminated, and not yet
 * fit for a terminal: names are what the configuration says and what clients
 * sent. Names of figures come with them, so that socksmctl knows none itself.
 */

#ifndef CTL_H
#define CTL_H

#include <stdint.h>

#include "addr.h"

#define CTL_SOCKET	"/var/run/socksmd.sock"
#define CTL_VERSION	2
#define CTL_NAMELEN	64
#define CTL_WORDLEN	32
#define CTL_TEXTLEN	1024

enum ctl_type {
	CTL_NONE,
	/* requests; in each a struct ctl_request */
	CTL_SHOW_SUMMARY,
	CTL_SHOW_SESSIONS,
	CTL_SHOW_ASSOCIATIONS,
	CTL_SHOW_GROUPS,
	CTL_SHOW_RULES,
	CTL_SHOW_TABLES,
	CTL_SHOW_USERS,
	CTL_SHOW_STATISTICS,
	CTL_SHOW_PROCESSES,
	CTL_MONITOR,		/* answered until the client goes */
	CTL_EXPLAIN,
	/* root only */
	CTL_RELOAD,
	CTL_KILL_SESSION,	/* number */
	CTL_KILL_ASSOCIATION,	/* number: the AID */
	CTL_KILL_GRANT,		/* number */
	CTL_KILL_USER,
	CTL_KILL_HOST,
	CTL_KILL_LABEL,
	CTL_LOG_BRIEF,
	CTL_LOG_VERBOSE,
	CTL_RESET_STATISTICS,
	CTL_REQUEST_MAX,
	/* answers: rows of the listing, and its end */
	CTL_SUMMARY,
	CTL_SESSION,
	CTL_ASSOCIATION,
	CTL_DROP,		/* behind an association: one reason */
	CTL_GROUP,
	CTL_RULE,
	CTL_TABLE,
	CTL_USER,
	CTL_STATISTIC,
	CTL_PROCESS,
	CTL_EVENT,		/* of monitor */
	CTL_VERDICT,		/* of explain: first the answer */
	CTL_EXPLAINED,		/* then each rule */
	CTL_LINE,		/* of a reload: an error or a warning */
	CTL_RELOADED,
	CTL_KILLED,
	CTL_END,		/* struct ctl_end; nothing comes after */
	CTL_MAX
};

/* What explain asks about; who asks are user and label of the request. */
struct ctl_question {
	struct addr	 from;
	struct endpoint	 to;
	uint8_t		 method;		/* as on the wire */
	uint8_t		 ttl;
	uint8_t		 pad[6];
	char		 command[CTL_WORDLEN];
	char		 domain[256];
};

/* Filters: "" and ADDR_NONE let everything pass; all must agree. */
struct ctl_request {
	uint32_t	 version;
	uint32_t	 pad;
	char		 user[CTL_NAMELEN];
	char		 label[CTL_NAMELEN];
	struct addr	 group;
	struct addr	 host;			/* of kill */
	uint64_t	 number;		/* of kill */
	struct ctl_question question;
};

#include "ctl_rows.h"

#endif
