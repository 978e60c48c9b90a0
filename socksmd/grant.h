/*
 * grant.h: every grant that was given and the sockets that grants share, for
 * policy.h to include.
 */

#ifndef GRANT_H
#define GRANT_H

#include <sys/queue.h>
#include "compat.h"
#include <sys/tree.h>

#include <net/if.h>
#include <stdint.h>

#include "addr.h"
#include "msg.h"
#include "verdict.h"

struct identity;

/* A socket as policy knows it: how many grants hold it. */
struct sockref {
	RB_ENTRY(sockref)	 entry;
	struct sock_key		 key;
	uint32_t		 refs;
};

#define DIR_RECEIVE	0
#define DIR_SEND	1
#define DIRS		2

/* What one direction of a grant rests on. */
struct basis {
	uint32_t		 generation;
	uint32_t		 rule;
	uint8_t			 matched;
	char			 label[RULE_NAMELEN];
	char			 via[IF_NAMESIZE];
	struct sockref		*sock;		/* NULL: does not stand */
};

/* Addresses of a name that NEXT may still ask for. */
struct connect_rest {
	uint64_t		 req;
	uint8_t			 n;
	struct addr		 addr[8];
};

/* A grant, from the moment it is sent: an association, or a relay socket. */
struct grant {
	RB_ENTRY(grant)		 entry;		/* by id */
	RB_ENTRY(grant)		 by_remote;	/* P48, if it receives from a
						 * group; or of the pool */
	LIST_ENTRY(grant)	 of_session;
	uint64_t		 id;
	struct identity		*who;
	uint16_t		 flags;		/* SOCKS_F_*, what stands */
	uint16_t		 ever;		/* directions that ever stood */
	uint8_t			 command;	/* CMD_CONNECT, CMD_UDP; 0: of
						 * a group, by direction */
	uint8_t			 is_receiver;
	uint8_t			 revoked;	/* its end is on the way */
	uint8_t			 is_pooled;	/* pool.c */
	uint8_t			 ttl;
	uint32_t		 idle;
	struct endpoint		 local;		/* the client's, P20 resolved */
	struct endpoint		 stand_in;	/* local as P48 counts it */
	struct endpoint		 remote;
	char			*name;		/* as REMOTE was asked, or NULL */
	struct connect_rest	*rest;		/* or NULL */
	struct sockref		*relay;		/* of ASK_ENHANCED */
	struct basis		 basis[DIRS];
	struct counters		*counters;	/* as last told, or NULL */
	long long		 since;		/* ms */
};

/* grant.c */
struct grant	*grant_new(struct identity *);
void		 grant_set_name(struct grant *, const char *);	/* or "" */
struct grant	*grant_find(uint64_t id);
struct grant	*grant_next(uint64_t id);	/* the first above id */
int		 grant_issued(uint64_t id);	/* ever */
/* Both give whether the socket is there already: msg_grant.reuse. */
int		 grant_hold_relay(struct grant *, const struct sock_key *);
int		 grant_hold(struct grant *, int dir, const struct sock_key *);
/* Directions that stand on a socket of its own, which nobody shares. */
void		 grant_hold_own(struct grant *, uint16_t flags);
void		 grant_close(struct grant *, enum end_reason);
/* What it carried, as the engine told last; all 0 before that. */
const struct counters *grant_counters(const struct grant *);
uint32_t	 grant_associations(void);
uint32_t	 grant_groups(void);		/* SOCK_GROUP keys alive */
const struct sockref *sockref_find(const struct sock_key *);
/* The first group behind key, NULL: the very first. */
const struct sockref *sockref_next_group(const struct sock_key *);
/* P48: who receives remote at local; how many there, whatever the ports. */
int		 receiver_taken(const struct endpoint *remote,
		    const struct endpoint *local);
uint32_t	 receiver_count(const struct addr *group,
		    const struct addr *local);

#endif
