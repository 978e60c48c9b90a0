/*
 * request.h: what a client asked for and has not been answered yet.
 */

#ifndef REQUEST_H
#define REQUEST_H

#include <sys/queue.h>
#include <stdint.h>

#include "engine.h"
#include "msg.h"
#include "session.h"
#include "socks.h"

/*
 * Questions in flight, all sessions. Twice as many as may wait for a name
 * (lookup.c), or names that nobody answers would keep all others from asking.
 */
#define REQUEST_MAX	2048

/*
 * One in the queue of its session (P13). If it is a question, req is not 0,
 * and it lives on without a session until the answer has come.
 */
struct request {
	TAILQ_ENTRY(request) entry;	/* of its session */
	TAILQ_ENTRY(request) flight;	/* of the questions, by req */
	struct session	*session;	/* NULL: has ended */
	struct assoc	*assoc;		/* asked about; NULL: new, or ended */
	uint64_t	 sid;
	uint64_t	 req;		/* 0: needed no question */
	uint64_t	 next;		/* that was req, for NEXT */
	uint64_t	 grant;		/* asked about, 0: a new one */
	uint32_t	 aid;
	uint16_t	 tid;
	uint16_t	 flags;		/* as asked */
	uint8_t		 op;		/* enum ask_op */
	uint8_t		 failed;	/* a part did not come to stand */
	uint8_t		 keep;		/* the connection, P9 */
	uint8_t		 last;		/* close behind the reply, with: */
	uint8_t		 reason;	/* enum end_reason */
	struct sock	*sock[SOCK_MAX];	/* the parts, by kind */
	uint8_t		 len;		/* of the reply, 0: none yet */
	uint8_t		 reply[SOCKS_REPLY_MAX];
};

void	 request_init(void);
/*
 * May this session ask now? If not it is put into the queue of those that
 * wait, and session_turn() comes when it may.
 */
int	 request_may_ask(struct session *);
/*
 * Asks; sid and req of the message are filled in. NULL: no memory, and the
 * session is finished.
 */
struct request *request_ask(struct session *, struct msg_ask *, struct assoc *);
/* An answer that needed no question, behind those before it (P13). */
void	 request_reply(struct session *, const uint8_t *, size_t);
void	 request_count(struct session *, uint8_t code);	/* for the record */
void	 request_leave(struct session *);	/* the session has ended */
void	 request_unwait(struct session *);	/* asks no more */
/* The association ended with its question in flight. */
void	 request_forget(struct session *, const struct assoc *);

/*
 * For a CONNECT (stream.c), whose question ends with each socket: NEXT asks
 * again, 0 or -1; done: the reply is there. That may end the session.
 */
int	 request_next(struct request *);
void	 request_done(struct session *);

/*
 * What each op does with the answer: fills in the reply. -1: what was granted
 * did not come to stand, and refused is called with X'01'.
 */
int	 negotiate_granted(struct request *, const struct msg_socket *);
void	 negotiate_refused(struct request *, uint8_t code, uint16_t flags);
int	 features_granted(struct request *, const struct msg_socket *);
void	 features_refused(struct request *, uint8_t code, uint16_t flags);
int	 enhanced_granted(struct request *, const struct msg_socket *);
void	 enhanced_refused(struct request *, uint8_t code, uint16_t flags);
int	 enhanced_ttl_granted(struct request *, const struct msg_socket *);
void	 enhanced_ttl_refused(struct request *, uint8_t code, uint16_t flags);

#endif
