/*
 * session.h: a control connection, from M_CLIENT to M_END.
 */

#ifndef SESSION_H
#define SESSION_H

#include <sys/queue.h>
#include <event.h>
#include <stdint.h>

#include "engine.h"
#include "msg.h"
#include "socks.h"

enum session_state {
	SESSION_METHODS,	/* waits for the methods (P1) */
	SESSION_LOGIN,		/* waits for user name and password (P3) */
	SESSION_AUTH,		/* auth was asked */
	SESSION_DENIED,		/* waits for the moment to say so (P3) */
	SESSION_REQUEST,	/* waits for the request (P4) */
	SESSION_ASKED,		/* policy was asked (P6, P10) */
	SESSION_ENHANCED,	/* control packets (P11) */
	SESSION_CONNECTING,	/* a connection to the remote is made (P6) */
	SESSION_STREAM,		/* and octets are relayed */
	SESSION_CLOSING		/* only what was written is still delivered */
};

#define SESSION_IN	2048	/* longest message: 531, a UDP BIND with two
				 * names; the rest of a packet is skipped */
#define SESSION_OUT	4096	/* replies a client has not read yet */
#define SESSION_REQUESTS 16	/* in flight per session */

TAILQ_HEAD(request_list, request);
TAILQ_HEAD(assoc_list, assoc);

struct session {
	TAILQ_ENTRY(session) entry;	/* of all */
	TAILQ_ENTRY(session) wait_entry;/* of those that wait to ask */
	struct msg_session info;
	struct request_list requests;	/* in order, answered or not (P13) */
	struct assoc_list assocs;
	struct stream	*stream;	/* of a CONNECT, from its request on */
	struct sock	*relay;
	uint64_t	 relay_grant;
	struct msg_end	 end;		/* the figures of the record */
	int		 fd;
	uint32_t	 nrequests;
	uint32_t	 nassocs;
	uint32_t	 skip;		/* octets of a packet to pass over */
	uint32_t	 drained;	/* octets read while closing */
	uint8_t		 state;		/* enum session_state */
	uint8_t		 method;
	uint8_t		 waiting;	/* is in the queue of those */
	uint8_t		 turn;		/* may ask one question, being first */
	uint8_t		 reading;
	uint8_t		 writing;
	uint8_t		 shut;		/* we sent our FIN */
	uint8_t		 eof;		/* the client sent its own */
	uint8_t		*in;		/* NULL while empty */
	uint8_t		*out;
	size_t		 in_len;
	size_t		 out_len;
	long long	 login_at;	/* auth was asked; ms, as all below */
	long long	 left;		/* of the handshake then */
	long long	 deadline;	/* of the state, 0: none */
	long long	 used;		/* last sign of life, for idle */
	long long	 blocked;	/* replies wait since, 0: none do */
	long long	 timer_at;	/* 0: not set */
	struct event	 ev_read;
	struct event	 ev_write;
	struct event	 ev_timer;
};

/* session.c */
void	 session_init(void);
struct session *session_find(uint64_t sid);
/* What is left to do after anything happened; may free the session. */
void	 session_turn(struct session *);
/* Ends all that it holds, delivers what was written, then closes. */
void	 session_finish(struct session *, enum end_reason);
void	 session_close(struct session *, enum end_reason);
void	 session_close_all(enum end_reason);
void	 session_abort(int fd);	/* close(2) will send an RST */
void	 session_arm(struct session *);	/* something may be due sooner; may
					 * close the session */

/* session_io.c: the octets. */
int	 session_start(struct session *);	/* first event; 0 or -1 */
int	 session_flush(struct session *);	/* -1: connection is gone */
int	 session_watch(struct session *);	/* reads and writes as needed */
void	 session_stop(struct session *);
void	 session_write(struct session *, const void *, size_t);
int	 session_room(const struct session *);	/* for one more reply */
void	 session_consume(struct session *, size_t);

/* negotiate.c: P1 to P5, P10. */
enum step {
	STEP_MORE,	/* too few octets */
	STEP_WAIT,	/* something must happen first; then session_turn */
	STEP_DONE	/* went on; *used octets were taken */
};
enum step negotiate_methods(struct session *, const uint8_t *, size_t,
	    size_t *used);
enum step negotiate_login(struct session *, const uint8_t *, size_t,
	    size_t *used);
enum step negotiate_request(struct session *, const uint8_t *, size_t,
	    size_t *used);
enum step negotiate_wait(struct session *, const uint8_t *, size_t,
	    size_t *used);
void	 negotiate_authed(struct session *, int ok);
void	 negotiate_denied(struct session *);	/* the moment has come */
enum step features_request(struct session *,
	    const struct socks_request *);	/* features.c, P9 */
/* P5, P6: a CONNECT waits in its buffer, so its FIN may be half a close. */
int	 negotiate_connects(const struct session *);

/* enhanced.c: P11 and what follows. */
enum step enhanced_packet(struct session *, const uint8_t *, size_t,
	    size_t *used);

#endif
