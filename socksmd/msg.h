/*
 * msg.h: the messages between the processes, as fixed-size structs.
 *
 * For each message: who sends it to whom, when, and what of it is trusted.
 * What comes from the engine is a claim: policy and the parent use only
 * numbers in it which they can check against what they issued themselves.
 * The table that enforces sender, receiver, size and descriptor is in msg.c.
 */

#ifndef MSG_H
#define MSG_H

#include <net/if.h>
#include <stdint.h>

#include "addr.h"
#include "settings.h"
#include "types.h"

enum msg_type {
	M_NONE,
	/* life of the ring */
	M_CHANNEL,	/* parent -> child, fd: your channel to a peer */
	M_READY,	/* child -> parent: sandbox closed, first thing said */
	M_LOG,		/* child -> parent: a line for the log */
	M_SHUTDOWN,	/* parent -> engine: end all, record all, then stop */
	M_DONE,		/* engine -> policy -> parent: nothing comes after */
	/* configuration: a generation is sent, prepared, then committed */
	M_CONF_BEGIN,	/* parent -> engine, policy, auth */
	M_CONF_SETTINGS,/* parent -> engine, policy, auth */
	M_CONF_LISTENER,/* parent -> engine, policy */
	M_CONF_ADDR,	/* parent -> engine, policy: an own address */
	M_CONF_IFACE,	/* parent -> policy */
	M_CONF_RULE,	/* parent -> policy: struct rule (rule.h) */
	M_CONF_TABLE,	/* parent -> policy */
	M_CONF_ENTRY,	/* parent -> policy: of the last table */
	M_CONF_USER,	/* parent -> policy: a name and its groups */
	M_CONF_HASH,	/* parent -> auth: a name and its hash */
	M_CONF_PROC,	/* parent -> policy: a process, for socksmctl */
	M_CONF_PREPARE,	/* parent -> engine, policy, auth: that was all */
	M_CONF_COMMIT,	/* parent -> engine, policy, auth: use it */
	M_CONF_ACK,	/* engine, policy, auth -> parent: to both of these */
	M_CONTROL,	/* parent -> policy, fd: the listening control socket */
	/* a session */
	M_SESSION,	/* parent -> policy: before the engine hears of it */
	M_CLIENT,	/* parent -> engine, fd: the connection */
	M_AUTH,		/* engine -> auth: is this her password? */
	M_IDENTITY,	/* auth -> policy: before the engine hears of it */
	M_AUTHED,	/* auth -> engine */
	M_ASK,		/* engine -> policy: the question */
	M_DENY,		/* policy -> engine */
	M_GRANT,	/* policy -> parent: make exactly this socket */
	M_SOCKET,	/* parent -> engine, fd if made: the answer */
	M_REVOKE,	/* policy -> parent: behind GRANT */
	M_REVOKED,	/* parent -> engine: behind SOCKET */
	M_SOURCE,	/* engine -> policy: may this source be delivered? */
	M_SOURCED,	/* policy -> engine */
	M_RELEASED,	/* engine -> policy: a grant has ended */
	M_END,		/* engine -> policy: a session has ended */
	M_ENDED,	/* policy -> parent: so that it can count sessions */
	/* live figures for socksmctl */
	M_COUNT,	/* policy -> engine */
	M_COUNTERS,	/* engine -> policy */
	M_MAX
};

struct msg_channel {
	uint32_t	 peer;		/* enum proc_role */
};

struct msg_log {
	uint32_t	 priority;	/* syslog's; bounds checked by parent */
	char		 text[MSG_LOGLEN];
};

struct msg_generation {			/* BEGIN, PREPARE, COMMIT, ACK */
	uint32_t	 generation;
};

struct msg_settings {
	uint32_t	 generation;
	struct settings	 settings;
};

struct msg_listener {
	uint32_t	 generation;
	uint32_t	 id;		/* names it in SESSION and CLIENT */
	uint8_t		 nmethods;
	uint8_t		 methods[8];	/* in the order of the file, P2 */
	char		 label[MSG_NAMELEN];
};

struct msg_addr {
	uint32_t	 generation;
	uint32_t	 ifindex;
	struct prefix	 net;		/* address with its network's length:
					 * host bits are kept here */
	char		 ifname[IF_NAMESIZE];
};

#define IFACE_INSIDE	0x01
#define IFACE_EGRESS	0x02
#define IFACE_VIA	0x04		/* named by a rule */

struct msg_iface {
	uint32_t	 generation;
	uint32_t	 ifindex;
	uint32_t	 mtu;
	uint8_t		 role;		/* IFACE_*; in the order of the file */
	char		 name[IF_NAMESIZE];
	struct addr	 addr;		/* source address, or ADDR_NONE */
};

struct msg_table {
	uint32_t	 generation;
	uint8_t		 is_const;
	uint8_t		 persist;
	char		 name[MSG_TABLELEN];
};

struct msg_entry {
	uint32_t	 generation;
	uint8_t		 neg;
	struct prefix	 prefix;
};

struct msg_user {
	uint32_t	 generation;
	uint8_t		 ngroups;
	char		 name[MSG_NAMELEN];
	char		 groups[8][MSG_NAMELEN];
};

struct msg_hash {
	uint32_t	 generation;
	char		 name[MSG_NAMELEN];
	char		 hash[256];
};

struct msg_proc {
	uint32_t	 role;
	int32_t		 pid;
	char		 user[MSG_NAMELEN];
};

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

struct msg_deny {
	uint64_t	 sid;
	uint64_t	 req;
	uint16_t	 flags;		/* for the reply, P16 */
	uint8_t		 code;		/* SOCKS_* */
};

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
	SOCK_MAX
};

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
	uint8_t		 pad;
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
	struct endpoint	 bound;		/* local address of the socket; also
					 * with reuse */
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

enum count_what { COUNT_ENGINE, COUNT_GRANT, COUNT_GROUP, COUNT_MAX };

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
