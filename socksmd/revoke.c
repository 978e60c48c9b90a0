/*
 * revoke.c: takes back what was granted, by a reload or by socksmctl; runs in
 * policy.
 *
 * The word goes by the parent, behind every GRANT, so that nothing is
 * installed after it was revoked. What has ended is recorded when the engine
 * says so, with its figures.
 */

#include <sys/types.h>
#include <string.h>

#include "policy.h"
#include "proc.h"

static void
revoke_send(const struct identity *who, uint64_t grant)
{
	struct msg_revoke	 m;

	memset(&m, 0, sizeof(m));
	m.sid = who->sid;
	m.grant = grant;
	m.reason = END_REVOKED;
	(void)proc_send(PROC_PARENT, M_REVOKE, &m, -1);
}

int
revoke_grant(struct grant *g)
{
	if (g->revoked || g->who->revoked)
		return 0;
	g->revoked = 1;
	revoke_send(g->who, g->id);
	return 1;
}

int
revoke_session(struct identity *who)
{
	if (who->revoked)
		return 0;
	who->revoked = 1;
	revoke_send(who, 0);
	return 1;
}
