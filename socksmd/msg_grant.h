/*
 * msg_grant.h: the messages that grant a socket and revoke it; see
 * msg.h.
 */

#ifndef MSG_GRANT_H
#define MSG_GRANT_H

#include <stdint.h>

#include "addr.h"

/*
 * What names one socket. Two grants with the same key share the socket: the
 * second says reuse. The engine keeps a socket without users as long as an
 * answer that may say reuse is still on its way.
 */
enum sock_kind {
	SOCK_NONE,	/* the grant needs no socket (SET TTL) */
	SOCK_RELAY,	/* inside: addr is the server's address */
	SOCK_GROUP,	/* receives addr:port on ifindex, from source or all */
	SOCK_SEND,	/* multicast out of ifindex, family of addr */
	SOCK_CONNECT,	/* TCP, connecting to addr:port; never shared */
	SOCK_EGRESS,	/* unicast UDP, unconnected: addr is the egress address
			 * or any; port is the slot in the pool, not a port */
	SOCK_DEDICATED,	/* unicast UDP, connected to addr:port (port 0: only
			 * bound); never shared */
	SOCK_MAX
};

#define EGRESS_SLOTS	4096	/* of one pool: descriptors are few */

struct sock_key {
	uint8_t		 kind;		/* enum sock_kind */
	uint8_t		 pad;
	uint16_t	 port;
	uint32_t	 ifindex;
	struct addr	 addr;
	struct addr	 source;	/* ADDR_NONE: any source */
};

/*
 * GRANT: the permission for one socket and, with the last part, the verdict.
 * One grant has as many GRANTs as it needs sockets, in order, part 0 first.
 * The parent checks all that it can, makes the socket unless reuse, and sends
 * the grant on to the engine inside SOCKET. grant is policy's number, never
 * used again. REVOKE carries grant only.
 */
struct msg_grant {
	uint64_t	 sid;
	uint64_t	 req;
	uint64_t	 grant;
	uint32_t	 generation;
	uint8_t		 part;
	uint8_t		 parts;
	uint8_t		 reuse;		/* no new socket */
	uint8_t		 ttl;		/* granted TTL of a send */
	uint16_t	 flags;		/* of the reply, P16: directions that
					 * were asked, mode, encapsulation */
	uint8_t		 filter;	/* ask SOURCE for each new source */
	uint8_t		 left;		/* addresses NEXT can still ask for */
	uint32_t	 idle;		/* seconds without a datagram */
	uint32_t	 buffer;	/* receive buffer, octets */
	struct sock_key	 key;
	struct endpoint	 local;		/* the client's, P20 resolved */
	struct endpoint	 remote;
};

struct msg_socket {
	struct msg_grant grant;
	int32_t		 err;		/* errno, or 0 */
	uint32_t	 mtu;		/* of key.ifindex */
	struct endpoint	 bound;		/* local address of a new socket */
};

struct msg_revoke {
	uint64_t	 sid;
	uint64_t	 grant;		/* 0: the whole session */
	uint8_t		 reason;	/* enum end_reason */
};

/* SOURCE, SOURCED: rules named deliver judge a group's sources once each. */
struct msg_source {
	uint32_t	 generation;
	uint32_t	 ifindex;
	struct endpoint	 group;
	struct endpoint	 source;
	uint8_t		 pass;		/* the answer */
};

#endif
