/*
 * msg_session.h: the messages about a session and its questions;
 * see msg.h.
 */

#ifndef MSG_SESSION_H
#define MSG_SESSION_H

#include <stdint.h>

#include "addr.h"
#include "types.h"

/*
 * SESSION, CLIENT: who connected, from where, to which of our addresses, on
 * which listener. From the parent, so policy can rely on it. A sid is never
 * used again.
 */
struct msg_session {
	uint64_t	 sid;
	uint32_t	 generation;
	uint32_t	 listener;
	uint32_t	 ifindex;	/* where local lives */
	uint32_t	 mtu;		/* of that interface; for UDP_SEGMENT */
	uint8_t		 nmethods;
	uint8_t		 methods[8];	/* in the order of the file, P2 */
	char		 label[MSG_NAMELEN];
	struct endpoint	 peer;
	struct endpoint	 local;
};

struct msg_auth {			/* wiped after use on both sides */
	uint64_t	 sid;
	struct addr	 peer;		/* a claim; only for taking turns */
	char		 user[256];	/* NUL-terminated, "" fails */
	char		 pass[256];
};

/* A failed login is told as well: the record shows what was tried. */
struct msg_identity {
	uint64_t	 sid;
	uint8_t		 ok;
	uint8_t		 method;
	char		 user[256];
};

struct msg_authed {
	uint64_t	 sid;
	uint8_t		 ok;
};

/*
 * ASK: may this session have that? req is the engine's number for the
 * question, counts up over all sessions and comes back with the answer.
 */
enum ask_op {
	ASK_ENHANCED,	/* enhanced mode: the relay socket (P10) */
	ASK_BIND,	/* UDP BIND, grant 0: new, else a direction more */
	ASK_TTL,	/* SET TTL on a grant (P42) */
	ASK_CONNECT,	/* P6: remote or name; answers one address a time */
	ASK_FEATURES,	/* P9: GRANT of kind SOCK_NONE, flags: ASK_MAY_* */
	ASK_MAX
};

struct msg_ask {
	uint64_t	 sid;
	uint64_t	 req;
	uint64_t	 grant;
	uint8_t		 op;		/* enum ask_op */
	uint8_t		 ttl;
	uint16_t	 flags;		/* SOCKS_F_*, P15 already applied */
	struct endpoint	 local;		/* as asked; af ADDR_NONE or any: the
					 * peer's address (P20) */
	struct endpoint	 remote;
	char		 name[256];	/* REMOTE as a name, or "" */
};

/* Of ASK_FEATURES: what some rule may allow this session. */
#define ASK_MAY_CONNECT		0x0001
#define ASK_MAY_BIND		0x0002
#define ASK_MAY_ASSOCIATE	0x0004
#define ASK_MAY_IPV6		0x0008	/* this host has IPv6 */

/*
 * NEXT: the socket of that question did not work out (its connect(2) failed
 * or took too long); policy grants the next address that was passed, if the
 * last GRANT said that some are left. It keeps the number of the grant. Every
 * ASK and every NEXT gets its one answer, GRANT or DENY, even if its session
 * or its grant has ended meanwhile: the engine waits for it.
 */
struct msg_next {
	uint64_t	 sid;
	uint64_t	 req;
};

/*
 * RESOLVE, RESOLVED: a name of a question (or, from the parent, of the
 * configuration). All that come back are judged before any is granted.
 */
#define RESOLVE_ADDRS	16

struct msg_resolve {
	uint64_t	 token;		/* comes back */
	char		 name[256];	/* syntax as in P4 */
};

struct msg_resolved {
	uint64_t	 token;
	uint8_t		 n;		/* 0: there is none, or no answer */
	uint8_t		 failed;	/* no answer: asking again may help */
	struct addr	 addr[RESOLVE_ADDRS];
};

struct msg_deny {
	uint64_t	 sid;
	uint64_t	 req;
	uint16_t	 flags;		/* for the reply, P16 */
	uint8_t		 code;		/* SOCKS_* */
};

#endif
