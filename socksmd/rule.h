/*
 * rule.h: rules, tables and the question they answer; a rule is plain data
 * without pointers, as it travels from the parent to policy.
 */

#ifndef RULE_H
#define RULE_H

#include <sys/queue.h>
#include <net/if.h>
#include <stdint.h>

#include "addr.h"
#include "settings.h"
#include "table.h"
#include "verdict.h"

#define RULE_FILELEN	64	/* file of a rule, its last octets */
#define RULE_DOMAINLEN	256	/* "*.", a name, NUL */

/* Commands; a rule without one means the six, deliver stands alone. */
#define CMD_CONNECT	0x01
#define CMD_BIND	0x02
#define CMD_ASSOCIATE	0x04
#define CMD_UDP		0x08
#define CMD_RECEIVE	0x10
#define CMD_SEND	0x20
#define CMD_DELIVER	0x40
#define CMD_SIX		0x3f

enum rule_action { RULE_BLOCK, RULE_PASS, RULE_MATCH };

enum rule_addr_type {
	RULE_ANY,
	RULE_PREFIX,		/* a single address is a full-length prefix */
	RULE_RANGE,		/* a to b, inclusive */
	RULE_TABLE,
	RULE_SELF,		/* the server's own addresses and loopback */
	RULE_IFACE,		/* the addresses of an interface, by name */
	RULE_HOST		/* a host by name; never leaves the parent */
};

struct rule_addr {
	uint8_t		 type;
	uint8_t		 neg;
	uint8_t		 plen;
	uint8_t		 named;			/* a prefix that was a name:
						 * covers nothing guarded */
	struct addr	 a;
	struct addr	 b;
	char		 name[TABLE_NAMELEN];	/* table or interface */
	uint32_t	 host;			/* number of the name */
};

/* Methods of a login as bits. */
#define RULE_METHOD_NONE	0x01
#define RULE_METHOD_USERPASS	0x02

enum rule_op { OP_NONE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_RANGE /* lo:hi, inclusive */ };

struct rule_port {
	uint8_t		 op;
	uint8_t		 pad;
	uint16_t	 lo;
	uint16_t	 hi;
};

/*
 * One rule, lists expanded as pf does. What decides most often stands first:
 * thousands of rules are walked for one question.
 */
struct rule {
	uint32_t	 nr;			/* as shown, from 0 */
	uint8_t		 action;		/* enum rule_action */
	uint8_t		 quick;
	uint8_t		 log;
	uint8_t		 af;			/* of "to"; ADDR_NONE: both */
	uint8_t		 commands;		/* CMD_* */
	uint8_t		 modes;			/* MODE_*; 0: not said */
	uint8_t		 local_any;		/* P20 */
	uint8_t		 ttl_set;
	uint8_t		 ttl;			/* ttl <= n */
	uint8_t		 dedicated;		/* egress dedicated */
	uint8_t		 methods;		/* RULE_METHOD_*; 0: any */
	uint8_t		 pad;
	struct rule_port fport;
	struct rule_port port;
	struct rule_addr from;
	struct rule_addr to;
	char		 user[RULE_NAMELEN];	/* "": everybody */
	char		 group[RULE_NAMELEN];	/* group of users */
	char		 via[IF_NAMESIZE];
	char		 label[RULE_NAMELEN];
	char		 listener[RULE_NAMELEN];	/* label, "": any */
	char		 domain[RULE_DOMAINLEN];	/* lower case, "": any */
	uint32_t	 idle;			/* timeout idle n, 0: not said */
	uint32_t	 line;
	char		 file[RULE_FILELEN];
};

/* Zeroed when new; tables are looked up once, and live as long as the rules. */
struct rule_node {
	TAILQ_ENTRY(rule_node)	 entry;
	struct rule		 rule;
	struct table		*from_table;
	struct table		*to_table;
	/* What policy keeps beside each rule. */
	uint64_t		 evaluations;	/* compared, not passed over */
	uint64_t		 matches;
	uint64_t		 passes;
	uint64_t		 dgrams;	/* of ended associations */
	uint64_t		 octets;
};
TAILQ_HEAD(rule_list, rule_node);

/* Groups of users: which groups a user is in, from the users file. */
struct user_node {
	TAILQ_ENTRY(user_node)	 entry;
	char			 name[RULE_NAMELEN];
	char			 groups[8][RULE_NAMELEN];
	uint8_t			 ngroups;
};
TAILQ_HEAD(user_list, user_node);

struct rule_index;

/* An address of the server, with the length of its network. */
struct own_addr {
	struct prefix		 net;
	char			 ifname[IF_NAMESIZE];
};

/* What rules are evaluated against. */
struct ruleset {
	uint32_t		 generation;
	struct settings		 settings;
	struct rule_list	 rules;
	struct table_list	 tables;
	struct user_list	 users;
	struct own_addr		*own;
	uint32_t		 nown;
	/* Made by ruleset_index(); without them all rules are walked. */
	struct rule_index	*index;
	struct rule_index	*deliver;	/* by group alone */
};

void	 ruleset_init(struct ruleset *);
void	 ruleset_clear(struct ruleset *);
/* One more address of the server; -1 without memory. */
int	 ruleset_own(struct ruleset *, const struct prefix *,
	    const char *ifname);
/*
 * Copies a rule to the end of a list and numbers it; NULL if there is no
 * memory.
 */
struct rule_node *rule_add(struct rule_list *, const struct rule *);
/*
 * Builds the indexes, when all rules and users are there: thousands of rules
 * then cost no more than a few. -1 if there is no memory; all works without.
 */
int	 ruleset_index(struct ruleset *);
/*
 * The first criterion of a rule that a question does not meet ("from", "to",
 * "user", ...), or NULL if the rule matches. Counts nothing.
 */
const char *rule_mismatch(const struct ruleset *, const struct rule *,
	    const struct question *);
/* P8, P9: may a pass rule for that command match who asks, whatever for? */
int	 rule_may(const struct ruleset *, const struct question *);
/* Resolves nothing and allocates nothing. Same answer for same input. */
void	 rule_eval(struct ruleset *, const struct question *, struct verdict *);
/*
 * deliver: 1 pass, 0 block. rule_deliver_any tells that no deliver rule can
 * match this group at all, so that nobody has to ask per source.
 */
int	 rule_deliver(struct ruleset *, const struct endpoint *group,
	    const struct endpoint *source);
int	 rule_deliver_any(struct ruleset *, const struct endpoint *group);

#endif
