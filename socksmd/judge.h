/*
 * judge.h: a UDP BIND while it is judged, and what the files that judge one
 * kind of it share; in policy.
 */

#ifndef JUDGE_H
#define JUDGE_H

#include "policy.h"

/* One direction of a UDP BIND while it is judged. */
struct side {
	uint8_t			 wanted;	/* asked, and does not stand */
	uint8_t			 passed;
	struct verdict		 v;
	const struct msg_iface	*iface;
};

/* A question while it is judged. */
struct asked {
	const struct msg_ask	*m;
	struct identity		*who;
	struct grant		*g;		/* NULL: a new association */
	struct endpoint		 local;
	struct endpoint		 stand_in;	/* P48 */
	struct endpoint		 remote;
	uint8_t			 foreign;	/* LOCAL is not the peer, P20 */
	uint8_t			 judged;	/* the ruleset was asked */
	uint8_t			 ttl;
	struct sock_key		 key;		/* of a unicast one */
	struct side		 side[DIRS];
};

/*
 * question.c: a UDP BIND with an address as REMOTE, in three steps, so that
 * the addresses of a name can be tried in turn: begun anew for each, judged,
 * and for one of them finished, by GRANT or by DENY.
 */
void	 bind_begin(struct asked *, const struct msg_ask *, struct identity *,
	    struct grant *, const struct endpoint *remote);
uint8_t	 bind_judge(struct asked *);	/* SOCKS_OK, or what to deny with */
void	 bind_finish(struct asked *, uint8_t code);

/* question.c: what both kinds have in common. */
void	 ask_question(const struct asked *, uint8_t command,
	    const struct endpoint *to, struct question *);
void	 ask_grant(const struct asked *, const struct grant *,
	    struct msg_grant *);	/* all that every GRANT carries */
void	 ask_send(const struct msg_grant *);
int	 side_local(const struct asked *, const struct side *);	/* P20 */
uint32_t side_idle(const struct side *);
int	 limit_associations(const struct asked *);
uint8_t	 bind_flags(struct asked *);
uint8_t	 bind_association(struct asked *);
void	 grant_basis(struct grant *, int dir, const struct verdict *);

/* unicast.c: UDP BIND without UDP-MULTICAST. */
/* P24: with port 0 all ports have to pass. */
int	 unicast_passes(struct question *, struct verdict *);
uint8_t	 unicast_judge(struct asked *);
void	 unicast_grant(struct asked *);

#endif
