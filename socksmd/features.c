/*
 * features.c: LIST-FEATURES, what this server does for this client (P9); it
 * runs in the engine.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "compat.h"
#include "engine.h"
#include "request.h"
#include "session.h"

#define KEEP		0x01	/* FLAG: the connection is to be kept */

/* Tags of the Feature Description List, entries TAG SUBTAG LENGTH VALUE. */
#define FDL_GENERAL	0x00
#define FDL_VERSION	0x01
#define FDL_ATYP	0x02
#define FDL_METHOD	0x03
#define FDL_COMMAND	0x04
#define FDL_END		0xff

#define FDL_SCOPE	0x10	/* of FDL_GENERAL: may differ by ... */
#define SCOPE_ADDRESS	0x01	/* ... the client's address */
#define SCOPE_METHOD	0x02	/* ... the method of its login */
#define KEEPS		0x01	/* of LIST-FEATURES: KEEP is granted */
#define UDP_BASE	0x01	/* of ENHANCED_UDP_MODE, draft 3 */
#define UDP_MULTICAST	0x02	/* and draft 4 */

static const struct {
	uint16_t	 may;
	uint8_t		 cmd;
} commands[] = {
	{ ASK_MAY_CONNECT, SOCKS_CONNECT },
	{ ASK_MAY_BIND, SOCKS_BIND },
	{ ASK_MAY_ASSOCIATE, SOCKS_ASSOCIATE }
};

/* One entry; the sizes of all of them are known to fit SOCKS_REPLY_MAX. */
static uint8_t *
entry(uint8_t *p, uint8_t tag, uint8_t subtag, const uint8_t *value,
    uint8_t len)
{
	*p++ = tag;
	*p++ = subtag;
	*p++ = len;
	if (len > 0)
		memcpy(p, value, len);
	return p + len;
}

static uint8_t *
list_types(uint8_t *p, uint16_t may)
{
	p = entry(p, FDL_ATYP, SOCKS_ATYP_V4, NULL, 0);
	p = entry(p, FDL_ATYP, SOCKS_ATYP_NAME, NULL, 0);
	if (may & ASK_MAY_IPV6)
		p = entry(p, FDL_ATYP, SOCKS_ATYP_V6, NULL, 0);
	return p;
}

/* P44: the extensions by their setting, not by the ruleset. */
static uint8_t *
list_extensions(uint8_t *p)
{
	uint8_t		 value[2], n = 0;

	if (engine.settings.extensions & EXT_BASE)
		value[n++] = UDP_BASE;
	if (engine.settings.extensions & EXT_MULTICAST)
		value[n++] = UDP_MULTICAST;
	return n == 0 ? p : entry(p, FDL_COMMAND, SOCKS_ENHANCED, value, n);
}

static uint8_t *
list_commands(uint8_t *p, uint16_t may)
{
	const uint8_t	 keeps = KEEPS;
	size_t		 i;

	for (i = 0; i < nitems(commands); i++)
		if (may & commands[i].may)
			p = entry(p, FDL_COMMAND, commands[i].cmd, NULL, 0);
	p = entry(p, FDL_COMMAND, SOCKS_FEATURES, &keeps, 1);
	return list_extensions(p);
}

/* P9, in its order. */
static uint8_t *
features_list(const struct session *s, uint8_t *p, uint16_t may)
{
	const uint8_t	 scope[] = { SCOPE_ADDRESS, SCOPE_METHOD };
	int		 i;

	p = entry(p, FDL_GENERAL, FDL_SCOPE, scope, sizeof(scope));
	p = entry(p, FDL_VERSION, SOCKS_VERSION, NULL, 0);
	p = list_types(p, may);
	for (i = 0; i < s->info.nmethods; i++)
		p = entry(p, FDL_METHOD, s->info.methods[i], NULL, 0);
	p = list_commands(p, may);
	return entry(p, FDL_END, 0, NULL, 0);
}

/* "No special host" or one, named or not: it is all the same to us. */
enum step
features_request(struct session *s, const struct socks_request *req)
{
	struct msg_ask	 ask;
	struct request	*r;

	s->deadline = 0;		/* the request is complete */
	if (!session_room(s) || !request_may_ask(s))
		return STEP_WAIT;
	s->state = SESSION_ASKED;
	memset(&ask, 0, sizeof(ask));
	ask.op = ASK_FEATURES;
	if ((r = request_ask(s, &ask, NULL)) != NULL)
		r->keep = (req->rsv & KEEP) != 0;
	return STEP_DONE;
}

/* A connection that is kept has the time of a new one for its next request. */
int
features_granted(struct request *r, const struct msg_socket *m)
{
	struct session	*s = r->session;
	uint8_t		*end;
	size_t		 n;

	request_count(s, SOCKS_OK);
	n = socks_build_reply(r->reply, sizeof(r->reply), SOCKS_VERSION,
	    SOCKS_OK, r->keep ? KEEP : 0, NULL);
	end = features_list(s, r->reply + n, m->grant.flags);
	r->len = (uint8_t)(end - r->reply);
	if (r->keep) {
		s->state = SESSION_REQUEST;
		s->deadline = engine_now() + engine_timeout(TIMEOUT_HANDSHAKE);
		return 0;
	}
	r->last = 1;
	r->reason = END_DONE;
	return 0;
}

void
features_refused(struct request *r, uint8_t code, uint16_t flags)
{
	(void)flags;
	request_count(r->session, code);
	r->last = 1;
	r->reason = END_FAILED;
	r->len = (uint8_t)socks_build_reply(r->reply, sizeof(r->reply),
	    SOCKS_VERSION, code, 0, NULL);
}
