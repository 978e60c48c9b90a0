/*
 * types.h: the enumerations that messages, logs and socksmctl share.
 */

#ifndef TYPES_H
#define TYPES_H

#include <stdint.h>

#define MSG_NAMELEN	64	/* user, label, with NUL; = RULE_NAMELEN */
#define MSG_TABLELEN	32	/* = TABLE_NAMELEN */
#define MSG_LOGLEN	1024

enum proc_role {
	PROC_PARENT,
	PROC_ENGINE,
	PROC_POLICY,
	PROC_AUTH,
	PROC_RESOLVER,
	PROC_MAX
};

/* Why a datagram was not relayed. Names: drop_name(), stable (P47). */
enum drop {
	DROP_SHORT,	/* below 8 octets, P26 */
	DROP_RSV,	/* RSV not 0 */
	DROP_FRAG,	/* FRAG not 0 where fragments are not taken */
	DROP_AID,	/* no such association */
	DROP_SOURCE,	/* not the association's LOCAL */
	DROP_DIRECTION,	/* no SEND-TO */
	DROP_MODE,	/* TCP-encapsulated or MM-mode association */
	DROP_UNLEARNT,	/* LOCAL port not known yet, P20 */
	DROP_SELF,	/* from one of our own addresses, P40 */
	DROP_GROUP,	/* not this group's destination or interface, P40 */
	DROP_BLOCKED,	/* block deliver */
	DROP_PENDING,	/* too many waiting for a verdict on their source */
	DROP_ECHO,	/* a member's own payload come back, or its source */
	DROP_SIZE,	/* too large with its header */
	DROP_BUFFER,	/* send buffer full */
	DROP_SYSTEM,	/* any other error of the system */
	DROP_KERNEL,	/* receive buffer overran, as the kernel counts */
	DROP_REMOTE,	/* unicast: not from the association's REMOTE, P25 */
	DROP_MAX
};

/* Why an association or a session ended. Names: end_name(), stable. */
enum end_reason {
	END_CLIENT,	/* the client closed its connection */
	END_RELEASE,	/* UDP RELEASE */
	END_IDLE,
	END_TIMEOUT,	/* handshake or request not completed in time */
	END_STALLED,	/* does not read its replies */
	END_PROTOCOL,	/* framing lost, or not SOCKS */
	END_METHOD,	/* no acceptable method */
	END_AUTH,	/* login failed */
	END_REFUSED,	/* the only request failed */
	END_RESET,	/* connection error */
	END_FAILED,	/* the system could not provide the socket */
	END_REVOKED,	/* by a reload or by socksmctl */
	END_SHUTDOWN,
	END_LIMIT,
	END_ENGINE,	/* the engine process died */
	END_REMOTE,	/* the remote closed its connection first */
	END_DONE,	/* what was asked is answered, P9 */
	END_MAX
};

/* Figures of the engine, for show statistics. Names: stat_name(). */
enum statistic {
	STAT_SESSIONS,		/* now */
	STAT_SESSIONS_TOTAL,
	STAT_ASSOCIATIONS,	/* now */
	STAT_ASSOCIATIONS_TOTAL,
	STAT_GROUPS,		/* now */
	STAT_REQUESTS,		/* total */
	STAT_REFUSED,		/* total */
	STAT_PENDING,		/* questions in flight now */
	STAT_AUTH_FAILED,	/* total */
	STAT_RX_DGRAMS,		/* received on all relay sockets */
	STAT_TX_DGRAMS,		/* sent on all relay sockets */
	STAT_TX_CALLS,		/* system calls for them */
	STAT_TX_SEGMENTED,	/* datagrams sent by UDP_SEGMENT */
	STAT_STREAMS,		/* CONNECTs now */
	STAT_STREAMS_TOTAL,
	STAT_MAX
};

const char	*proc_name(enum proc_role);
const char	*drop_name(enum drop);
const char	*end_name(enum end_reason);
const char	*stat_name(enum statistic);
const char	*limit_name(unsigned);
const char	*timeout_name(unsigned);

#endif
