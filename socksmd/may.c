/*
 * may.c: which commands some rule may allow this session, for LIST-FEATURES
 * (P9); runs in policy.
 */

#include <sys/types.h>
#include <string.h>

#include "compat.h"

#include "question.h"
#include "proc.h"

/* What the daemon serves of RFC 1928; the rest is not listed (P44). */
static const struct {
	uint8_t		 command;
	uint16_t	 flag;
} commands[] = {
	{ CMD_CONNECT, ASK_MAY_CONNECT }
};

/* An address of our own by which IPv6 leads anywhere. */
static int
may_ipv6(const struct ruleset *rs)
{
	const struct addr	*own;
	uint32_t		 i;

	for (i = 0; i < rs->nown; i++) {
		own = &rs->own[i].net.addr;
		if (own->af == ADDR_V6 && !addr_is_loopback(own))
			return 1;
	}
	return 0;
}

static uint16_t
may_flags(const struct identity *who)
{
	struct question	 q;
	uint16_t	 flags = 0;
	size_t		 i;

	memset(&q, 0, sizeof(q));
	q.from = who->peer.addr;
	q.fport = who->peer.port;
	q.method = who->method;
	q.user = identity_user(who);
	q.listener = who->label;
	for (i = 0; i < nitems(commands); i++) {
		q.command = commands[i].command;
		if (rule_may(&policy.conf->rs, &q))
			flags |= commands[i].flag;
	}
	return flags;
}

/* An answer without a grant: nothing is given, so nothing is to be ended. */
void
may_ask(const struct msg_ask *ask, const struct identity *who)
{
	struct msg_grant	 m;

	memset(&m, 0, sizeof(m));
	m.sid = ask->sid;
	m.req = ask->req;
	m.generation = policy.conf->rs.generation;
	m.parts = 1;
	m.key.kind = SOCK_NONE;
	m.flags = may_flags(who);
	if (may_ipv6(&policy.conf->rs))
		m.flags |= ASK_MAY_IPV6;
	policy.granted++;
	(void)proc_send(PROC_PARENT, M_GRANT, &m, -1);
}
