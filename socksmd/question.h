/*
 * question.h: what the files of policy that answer the engine's questions
 * share: names on their way to the resolver, and the answers.
 */

#ifndef QUESTION_H
#define QUESTION_H

#include "policy.h"

/* question.c */
void	 question_deny(const struct msg_ask *, uint8_t code, uint16_t flags);
/* An address that the engine wrote, in the one form that compares. */
void	 question_endpoint(struct endpoint *, const struct endpoint *);
/* The name of a UDP BIND's REMOTE is these addresses, at least one (P23). */
void	 question_resolved(const struct msg_ask *, struct identity *,
	    const struct addr *, uint8_t n);

/*
 * lookup.c: the question waits until its name is resolved, and is answered
 * with X'04' if it cannot be; connect_resolved() or question_resolved() has
 * the rest.
 */
void	 lookup_ask(const struct msg_ask *, struct identity *);
void	 lookup_forget(struct identity *);	/* the session has ended */

/* may.c: LIST-FEATURES (P9) */
void	 may_ask(const struct msg_ask *, const struct identity *);

/* connect.c */
#define CONNECT_ADDRS	8	/* of one name that are tried, P6 */
void	 connect_ask(const struct msg_ask *, struct identity *);
void	 connect_resolved(const struct msg_ask *, struct identity *,
	    const struct addr *, uint8_t n);

#endif
