/*
 * policy.h: what the files of the policy process share: the configuration in
 * force, who each session is, and every grant that was given.
 */

#ifndef POLICY_H
#define POLICY_H

#include <sys/queue.h>
#include "compat.h"
#include <sys/tree.h>

#include <stdint.h>

#include "addr.h"
#include "msg.h"
#include "rule.h"
#include "types.h"

#define POLICY_LISTENERS	256
#define POLICY_IFACES		256

/* One generation of the configuration, as the parent sends it. */
struct policy_conf {
	struct ruleset		 rs;	/* generation and settings in it */
	struct rule_node	**index;	/* rules by number, at PREPARE */
	uint32_t		 nrules;
	struct table		*last;	/* M_CONF_ENTRY belongs to it */
	struct msg_listener	 listener[POLICY_LISTENERS];
	uint32_t		 nlisteners;
	struct msg_iface	 iface[POLICY_IFACES];
	uint32_t		 nifaces;
};

struct policy {
	struct policy_conf	*conf;		/* NULL until the first COMMIT */
	struct msg_proc		 proc[PROC_MAX];
	long long		 started;	/* ms */
	/* Of all that was ever asked, for socksmctl. */
	uint64_t		 asked;
	uint64_t		 granted;
	uint64_t		 denied;
};
extern struct policy	policy;

/* policy.c */
struct rule_node *policy_rule(uint32_t generation, uint32_t nr);
const struct msg_listener *policy_listener(uint32_t id);
/* The interface a rule names by via, or with "" the first egress; or NULL. */
const struct msg_iface *policy_iface(const char *via);
const struct msg_iface *policy_iface_nr(uint32_t ifindex);	/* or NULL */
/*
 * Where a unicast destination is reached by: the interface a rule names, else
 * the only egress interface, else 0, the routing table. -1: it is not there.
 */
int	 policy_unicast(const char *via, const struct addr *to, uint32_t *);
/* Has this host an address of the family, by which others may answer? */
int	 policy_reaches(const struct addr *);

/*
 * Lines of one kind, at most RECORD_BURST of them a second; the rest are
 * summed into one per rule and second, with count=N (P47). record.c
 */
#define RECORD_BURST	20
struct sum;
struct meter {
	TAILQ_ENTRY(meter)	 entry;		/* while it holds sums */
	TAILQ_HEAD(, sum)	 sums;
	const char		*kind;		/* first word of the line */
	uint64_t		 sid;		/* 0: of several sessions */
	long long		 second;
	uint32_t		 n;
};

struct grant;

/* Who a session is: from the parent and from auth, never from the engine. */
struct identity {
	RB_ENTRY(identity)	 entry;		/* by sid */
	uint64_t		 sid;
	struct endpoint		 peer;
	struct endpoint		 local;
	uint32_t		 ifindex;
	uint32_t		 listener;
	char			 label[MSG_NAMELEN];	/* of the listener */
	uint8_t			 methods[8];
	uint8_t			 nmethods;
	uint8_t			 state;		/* enum identity_state */
	uint8_t			 method;
	uint8_t			 asked;		/* has been judged already */
	uint8_t			 revoked;	/* its end is on the way */
	char			*user;		/* or what was tried, or NULL */
	long long		 since;		/* ms */
	LIST_HEAD(, grant)	 grants;
	LIST_HEAD(, lookup)	 lookups;	/* names being resolved */
	uint32_t		 nlookups;
	uint32_t		 nassoc;
	struct grant		*relay;
	struct meter		 meter;
};
enum identity_state { ID_NONE, ID_OK, ID_FAILED };

/* identity.c */
struct identity *identity_find(uint64_t sid);
/*
 * The session of a question of the engine, with all drained that may still be
 * on its way; NULL if it has ended. Fatal for one that never was or that had
 * to log in and did not.
 */
struct identity *identity_asks(uint64_t sid);
struct identity *identity_next(uint64_t sid);	/* the first above sid */
uint32_t	 identity_count(void);
const char	*identity_user(const struct identity *);  /* NULL: nobody */
void		 identity_close(struct identity *, const struct msg_end *);
void		 identity_close_all(enum end_reason);

#include "grant.h"

/* revoke.c: 1, or 0 where that is under way already */
int		 revoke_grant(struct grant *);
int		 revoke_session(struct identity *);

/* revalidate.c */
void		 revalidate_start(void);	/* the rules are new */

/* record.c, which also documents the keys */
void	 meter_init(struct meter *, const char *kind, uint64_t sid);
void	 meter_close(struct meter *);	/* writes what it holds */
void	 record_init(void);
void	 record_flush(void);
void	 record_association(const struct grant *, enum end_reason);
void	 record_session(const struct identity *, const struct msg_end *);
/* rule_log: the rule that decided says log. */
void	 record_granted(const struct grant *, uint16_t flags, int rule_log);
/* command as in struct grant; name: as asked, or "". */
void	 record_blocked(const struct identity *, uint8_t command,
	    const struct endpoint *remote, const char *name, uint16_t flags,
	    uint8_t code, const struct verdict *);
/* A value as it stands in a line: quoted and encoded where needed. */
const char *record_value(const char *, char *, size_t);

#endif
