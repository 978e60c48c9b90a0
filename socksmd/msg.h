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

#include <stdint.h>

#include "msg_conf.h"
#include "msg_end.h"
#include "msg_grant.h"
#include "msg_session.h"
#include "types.h"

enum msg_type {
	M_NONE,
	/* life of the ring */
	M_CHANNEL,	/* parent -> child, fd: your channel to a peer */
	M_READY,	/* child -> parent: sandbox closed, first thing said */
	M_LOG,		/* child -> parent: a line for the log */
	M_VERBOSE,	/* policy -> parent -> all: socksmctl log */
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
	M_RELOAD,	/* policy -> parent: socksmctl reload */
	M_RELOAD_LINE,	/* parent -> policy: an error or a warning */
	M_RELOADED,	/* parent -> policy: the result, behind the lines */
	M_CONTROL,	/* parent -> policy, fd: the listening control socket */
	/* a session */
	M_SESSION,	/* parent -> policy: before the engine hears of it */
	M_CLIENT,	/* parent -> engine, fd: the connection */
	M_AUTH,		/* engine -> auth: is this her password? */
	M_IDENTITY,	/* auth -> policy: before the engine hears of it */
	M_AUTHED,	/* auth -> engine */
	M_ASK,		/* engine -> policy: the question */
	M_NEXT,		/* engine -> policy: the next address, please */
	M_RESOLVE,	/* policy or parent -> resolver */
	M_RESOLVED,	/* resolver -> policy or parent */
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

struct msg_verbose {
	uint8_t		 verbose;
};

struct msg_generation {			/* BEGIN, PREPARE, COMMIT, ACK */
	uint32_t	 generation;
};

#endif
