/*
 * stream.h: a CONNECT, from its request to its end (P6); stream.c has its
 * life, flow.c its octets.
 */

#ifndef STREAM_H
#define STREAM_H

#include <event.h>
#include <stdint.h>

#include "engine.h"
#include "msg.h"
#include "stream_io.h"

struct request;
struct session;

/* The two connections, and the two directions by where they come from. */
#define SIDE_CLIENT	0
#define SIDE_REMOTE	1
#define SIDES		2
#define FLOW_OUT	SIDE_CLIENT	/* from the client to the remote */
#define FLOW_IN		SIDE_REMOTE

/* The client's events are its session's, and call flow_ready() as well. */
struct side {
	struct event	*ev_read;
	struct event	*ev_write;
	int		 fd;		/* -1: none yet */
	uint8_t		 reading;
	uint8_t		 writing;
};

struct flow {
	struct lane	 lane;
	uint8_t		 done;		/* its source ended, its sink knows */
};

struct stream {
	struct session	*session;
	struct request	*request;	/* NULL: is answered */
	uint64_t	 grant;		/* 0: none yet */
	long long	 until;		/* ms; connecting may last so long */
	struct endpoint	 bound;
	uint32_t	 idle;		/* seconds, 0: never */
	uint8_t		 left;		/* addresses NEXT can ask for */
	uint8_t		 code;		/* of the last error; 0: none yet */
	uint8_t		 relaying;
	uint8_t		 over;		/* both directions ended in order */
	struct side	 side[SIDES];
	struct flow	 flow[SIDES];
	struct event	 ev_read;	/* of the remote */
	struct event	 ev_write;
};

/* stream.c */
int	 stream_new(struct session *);		/* 0 or -1: no memory */
/* Asks policy; the request must be allowed to (request_may_ask). */
void	 stream_ask(struct session *, const struct endpoint *,
	    const char *name);
/* The answer; any of these may end the session. */
void	 stream_socket(struct request *, const struct msg_socket *, int fd);
void	 stream_refused(struct request *, uint8_t code, uint16_t flags);
void	 stream_revoked(struct session *, enum end_reason);
void	 stream_expire(struct session *);	/* what was due is over */
long long stream_due(const struct stream *);	/* ms, 0: never */
/* Tells policy, closes the connection to the remote, and frees. */
void	 stream_end(struct session *, enum end_reason);
void	 stream_count(uint64_t grant, struct msg_counters *);

/* flow.c */
/* The reply is delivered: the octets begin. -1: the session has ended. */
int	 flow_start(struct stream *);
int	 flow_started(const struct stream *);
void	 flow_ready(struct stream *, int side, short what);	/* an event */
void	 flow_stop(struct stream *);

#endif
