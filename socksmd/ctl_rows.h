/*
 * ctl_rows.h: the rows of the daemon's answers on the control socket; see
 * ctl.h, which includes this.
 */

#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include <net/if.h>
#include <stdint.h>

#include "addr.h"

struct ctl_end {
	uint32_t	 error;		/* errno, or 0 */
	uint32_t	 rows;
	char		 text[CTL_NAMELEN];	/* with an error */
};

struct ctl_summary {
	uint64_t	 uptime;		/* seconds */
	uint32_t	 healthy;		/* the engine answers */
	uint32_t	 generation;		/* of the configuration */
	uint32_t	 sessions;
	uint32_t	 sessions_limit;
	uint32_t	 associations;
	uint32_t	 associations_limit;
	uint32_t	 groups;
	uint32_t	 groups_limit;
	uint32_t	 listeners;
	uint32_t	 rules;
	uint64_t	 asked;
	uint64_t	 granted;
	uint64_t	 denied;
};

struct ctl_session {
	uint64_t	 sid;
	struct endpoint	 client;
	struct endpoint	 local;
	uint32_t	 associations;
	uint32_t	 age;			/* seconds */
	char		 user[CTL_NAMELEN];	/* "": nobody */
	char		 listener[CTL_NAMELEN];	/* label */
	char		 method[CTL_WORDLEN];	/* "": none completed */
};

struct ctl_association {
	uint64_t	 grant;
	uint64_t	 sid;
	uint32_t	 aid;			/* 0: engine has none yet */
	uint32_t	 age;			/* seconds */
	uint32_t	 idle;			/* since the last datagram */
	uint32_t	 idle_limit;
	struct endpoint	 client;		/* control connection */
	struct endpoint	 local;
	struct endpoint	 group;
	char		 user[CTL_NAMELEN];
	char		 label[CTL_NAMELEN];
	char		 via[IF_NAMESIZE];	/* of receiving, or sending */
	char		 dir[CTL_WORDLEN];	/* "receive,send" */
	char		 mode[4];
	char		 encap[4];
	uint32_t	 rule;
	uint32_t	 ttl;			/* 0: does not send */
	uint64_t	 in_datagrams;
	uint64_t	 in_octets;
	uint64_t	 out_datagrams;
	uint64_t	 out_octets;
	uint64_t	 drops;
};

struct ctl_group {
	struct endpoint	 group;
	struct addr	 source;		/* ADDR_NONE: any */
	char		 ifname[IF_NAMESIZE];
	uint32_t	 ifindex;
	uint32_t	 receivers;
	uint32_t	 senders;
	uint32_t	 sources;		/* seen */
	uint32_t	 idle;
	uint32_t	 pad;
	uint64_t	 in_datagrams;
	uint64_t	 in_octets;
	uint64_t	 drops;
};

struct ctl_rule {
	uint32_t	 nr;
	uint32_t	 line;
	uint64_t	 evaluations;
	uint64_t	 matches;
	uint64_t	 passes;
	uint64_t	 datagrams;		/* of ended associations */
	uint64_t	 octets;
	char		 file[CTL_NAMELEN];
	char		 text[CTL_TEXTLEN];
};

struct ctl_table {
	char		 name[CTL_WORDLEN];
	uint32_t	 entries;
	uint8_t		 is_const;
	uint8_t		 persist;
	uint8_t		 pad[2];
};

struct ctl_user {
	char		 name[CTL_NAMELEN];
	char		 groups[CTL_TEXTLEN];	/* with commas between */
};

struct ctl_statistic {				/* also CTL_DROP */
	char		 name[CTL_WORDLEN];
	uint64_t	 value;
};

/* What of it says something depends on the kind. */
struct ctl_event {
	uint64_t	 time;			/* ms since 1970 */
	uint64_t	 sid;			/* 0: of no session */
	uint64_t	 grant;			/* 0: of no association */
	uint64_t	 in_octets;		/* at the end of one */
	uint64_t	 out_octets;
	struct endpoint	 client;
	struct endpoint	 remote;		/* of a session: our address */
	uint32_t	 rule;
	uint32_t	 generation;		/* of a reload */
	uint8_t		 matched;		/* rule says something */
	uint8_t		 code;			/* of a refusal */
	uint8_t		 pad[6];
	char		 kind[CTL_WORDLEN];	/* "session-begin", ... */
	char		 what[CTL_WORDLEN];	/* command or directions */
	char		 dir[CTL_WORDLEN];
	char		 reason[CTL_WORDLEN];	/* of an end */
	char		 user[CTL_NAMELEN];
	char		 listener[CTL_NAMELEN];
	char		 label[CTL_NAMELEN];
	char		 name[256];		/* that was asked for */
};

struct ctl_verdict {
	uint32_t	 rule;			/* if one matched */
	uint32_t	 idle;			/* seconds */
	uint8_t		 pass;
	uint8_t		 matched;
	uint8_t		 code;			/* of the reply */
	uint8_t		 log;
	uint8_t		 ttl_max;		/* of a send, else 0 */
	uint8_t		 pad[3];
	char		 via[IF_NAMESIZE];
	char		 label[CTL_NAMELEN];
};

struct ctl_explained {
	uint32_t	 nr;
	uint32_t	 line;
	char		 what[CTL_WORDLEN];	/* "decides", "differs", ... */
	char		 why[CTL_WORDLEN];	/* what differs */
	char		 file[CTL_NAMELEN];
	char		 text[CTL_TEXTLEN];
};

struct ctl_line {
	char		 text[CTL_TEXTLEN];
};

struct ctl_reloaded {
	uint32_t	 ok;
	uint32_t	 generation;		/* in force now */
};

struct ctl_killed {
	uint32_t	 sessions;
	uint32_t	 associations;		/* alone */
};

struct ctl_process {
	char		 role[CTL_WORDLEN];
	char		 user[CTL_NAMELEN];
	int32_t		 pid;
	uint32_t	 pad;
};

#endif
