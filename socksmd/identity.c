/*
 * identity.c: who each session is, by its number; runs in policy.
 *
 * That a session exists, and from where, is the parent's word; who logged in
 * is auth's. The engine's word counts for the end alone.
 */

#include <sys/types.h>
#include <stdlib.h>
#include <string.h>

#include "question.h"
#include "handlers.h"
#include "log.h"
#include "monitor.h"
#include "proc.h"
#include "socks.h"

RB_HEAD(identities, identity);
RB_PROTOTYPE(identities, identity, entry, identity_cmp)

static struct identities	 identities = RB_INITIALIZER(&identities);
static uint32_t			 nidentities;
static uint64_t			 highest;	/* sid ever announced */

static int
identity_cmp(const struct identity *a, const struct identity *b)
{
	return a->sid < b->sid ? -1 : a->sid > b->sid;
}

RB_GENERATE(identities, identity, entry, identity_cmp)

struct identity *
identity_find(uint64_t sid)
{
	struct identity	 key;

	key.sid = sid;
	return RB_FIND(identities, &identities, &key);
}

struct identity *
identity_next(uint64_t sid)
{
	struct identity	 key;

	if (sid == UINT64_MAX)
		return NULL;
	key.sid = sid + 1;
	return RB_NFIND(identities, &identities, &key);
}

uint32_t
identity_count(void)
{
	return nidentities;
}

const char *
identity_user(const struct identity *who)
{
	return who->state == ID_OK ? who->user : NULL;
}

static int
identity_offers(const struct identity *who, uint8_t method)
{
	return memchr(who->methods, method, who->nmethods) != NULL;
}

void
identity_on_session(enum proc_role from, const void *data, int fd)
{
	const struct msg_session	*m = data;
	struct identity			*who;

	(void)from;
	(void)fd;
	(void)msg_string(m->label, sizeof(m->label), "label of a listener");
	if (m->nmethods > sizeof(m->methods) || m->sid <= highest)
		fatalx("policy: session %llu on listener %u out of turn",
		    (unsigned long long)m->sid, m->listener);
	if ((who = calloc(1, sizeof(*who))) == NULL)
		fatal("policy: session");
	highest = who->sid = m->sid;
	who->peer = m->peer;
	who->local = m->local;
	addr_unmap(&who->peer.addr);
	addr_unmap(&who->local.addr);
	who->ifindex = m->ifindex;
	who->listener = m->listener;
	strlcpy(who->label, m->label, sizeof(who->label));
	memcpy(who->methods, m->methods, sizeof(who->methods));
	who->nmethods = m->nmethods;
	who->since = clock_ms();
	LIST_INIT(&who->grants);
	LIST_INIT(&who->lookups);
	meter_init(&who->meter, "association", who->sid);
	RB_INSERT(identities, &identities, who);
	nidentities++;
	monitor_session(who);
}

/* The session, known or still in the parent's channel; or NULL, it ended. */
static struct identity *
identity_drained(uint64_t sid, const char *what)
{
	struct identity	*who;

	if ((who = identity_find(sid)) != NULL)
		return who;
	if (sid > highest)
		proc_drain(PROC_PARENT);
	if ((who = identity_find(sid)) == NULL && (sid > highest || sid == 0))
		fatalx("policy: engine: %s session %llu, which never was",
		    what, (unsigned long long)sid);
	return who;
}

/*
 * auth has the number of the session from the engine, so that one which was
 * never announced, or a second login, is the engine's doing.
 */
void
identity_on_identity(enum proc_role from, const void *data, int fd)
{
	const struct msg_identity	*m = data;
	struct identity			*who;

	(void)from;
	(void)fd;
	(void)msg_string(m->user, sizeof(m->user), "name of a user");
	if ((who = identity_drained(m->sid, "logged in")) == NULL)
		return;
	if (who->state != ID_NONE || who->asked ||
	    !identity_offers(who, m->method))
		fatalx("policy: engine: session %llu logged in out of turn",
		    (unsigned long long)m->sid);
	if (m->ok && (m->user[0] == '\0' || strlen(m->user) >= RULE_NAMELEN))
		fatalx("policy: auth: passed a name that cannot be");
	if ((who->user = strdup(m->user)) == NULL)
		fatal("policy: name of a user");
	who->state = m->ok ? ID_OK : ID_FAILED;
	who->method = m->method;
}

struct identity *
identity_asks(uint64_t sid)
{
	struct identity	*who = identity_drained(sid, "asked for");

	if (who == NULL)
		return NULL;
	if (who->state == ID_NONE && !who->asked) {
		/* Draining handles messages: look it up anew. */
		proc_drain(PROC_PARENT);
		proc_drain(PROC_AUTH);
		if ((who = identity_find(sid)) == NULL)
			return NULL;
	}
	if (who->state == ID_FAILED || (who->state == ID_NONE &&
	    !identity_offers(who, SOCKS_METHOD_NONE)))
		fatalx("policy: engine asked for unauthenticated session %llu",
		    (unsigned long long)sid);
	if (who->state == ID_NONE)
		who->method = SOCKS_METHOD_NONE;
	who->asked = 1;
	return who;
}

/* The one destructor: grants, records, the parent's count. */
void
identity_close(struct identity *who, const struct msg_end *end)
{
	struct msg_ended	 ended;
	struct grant		*g;

	lookup_forget(who);
	while ((g = LIST_FIRST(&who->grants)) != NULL)
		grant_close(g, end->reason);
	meter_close(&who->meter);
	record_session(who, end);
	memset(&ended, 0, sizeof(ended));
	ended.sid = who->sid;
	(void)proc_send(PROC_PARENT, M_ENDED, &ended, -1);
	RB_REMOVE(identities, &identities, who);
	nidentities--;
	free(who->user);
	free(who);
}

void
identity_on_end(enum proc_role from, const void *data, int fd)
{
	const struct msg_end	*m = data;
	struct identity		*who;

	(void)from;
	(void)fd;
	if (m->reason >= END_MAX)
		fatalx("policy: engine: end for reason %u", m->reason);
	(void)identity_drained(m->sid, "ended");
	proc_drain(PROC_AUTH);		/* a login that failed is recorded */
	if ((who = identity_find(m->sid)) == NULL)
		fatalx("policy: engine: session %llu ended twice",
		    (unsigned long long)m->sid);
	identity_close(who, m);
}

void
identity_close_all(enum end_reason reason)
{
	struct identity	*who;
	struct msg_end	 end;

	memset(&end, 0, sizeof(end));
	end.reason = reason;
	while ((who = RB_MIN(identities, &identities)) != NULL)
		identity_close(who, &end);
}
