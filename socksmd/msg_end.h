/*
 * msg_end.h: the messages that tell how things ended and what they
 * carried; see msg.h.
 */

#ifndef MSG_END_H
#define MSG_END_H

#include <stdint.h>

#include "addr.h"
#include "msg_grant.h"
#include "types.h"

struct counters {
	uint64_t	 in_dgrams;	/* from outside to the client */
	uint64_t	 in_octets;	/* payload */
	uint64_t	 out_dgrams;	/* from the client to outside */
	uint64_t	 out_octets;
	uint64_t	 drops[DROP_MAX];
};

/*
 * RELEASED: the state of a grant as it is from now on, not a difference.
 * stands 0: the grant has ended, for a relay socket too (whose stands is
 * always 0). Else it lives on with these directions and this TTL: one was
 * released (END_RELEASE), or a GRANT for a direction more or another TTL could
 * not be carried out and all is as it was (END_FAILED, P16, P17). counters
 * are totals, so the last ones are the record's. A grant that ended while a
 * question about it was in flight is not released again when the answer
 * comes; a new grant whose session has ended is, behind its END.
 */
struct msg_released {
	uint64_t	 sid;
	uint64_t	 grant;
	uint16_t	 stands;	/* SOCKS_F_DIRECTIONS that stand */
	uint8_t		 reason;	/* enum end_reason */
	uint8_t		 ttl;		/* that holds, if SEND stands */
	struct counters	 counters;
};

/*
 * END: exactly one for each CLIENT, even one whose descriptor was lost; behind
 * the RELEASED of all that the session held.
 */
struct msg_end {
	uint64_t	 sid;
	uint8_t		 reason;	/* enum end_reason */
	uint64_t	 in_octets;	/* control connection, from client */
	uint64_t	 out_octets;
	uint32_t	 requests;	/* packets that asked for something */
	uint32_t	 refused;	/* of these, answered with an error */
};

struct msg_ended {
	uint64_t	 sid;
};

enum count_what { COUNT_ENGINE, COUNT_GRANT, COUNT_GROUP,
	COUNT_RESET, /* the engine's totals */ COUNT_MAX };

struct msg_count {
	uint64_t	 token;		/* comes back */
	uint8_t		 what;		/* enum count_what */
	uint64_t	 grant;
	struct sock_key	 key;		/* of a group */
};

struct msg_counters {
	uint64_t	 token;
	uint8_t		 what;
	uint8_t		 found;
	uint8_t		 ttl;		/* of a grant, as SET TTL left it */
	uint64_t	 grant;
	uint32_t	 receivers;	/* of a group */
	uint32_t	 senders;
	uint32_t	 sources;	/* seen */
	uint32_t	 idle;		/* seconds since the last datagram */
	uint32_t	 aid;
	struct endpoint	 local;		/* of a grant, port as learnt */
	uint64_t	 stat[STAT_MAX];/* of the engine */
	struct counters	 counters;
};

#endif
