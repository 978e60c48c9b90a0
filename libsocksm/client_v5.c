/*
 * client_v5.c: the negotiation of a client, from the first octet to enhanced
 * mode (RFC 1928, RFC 1929, draft 3.1.1); it runs in programs of users.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "client.h"
#include "compat.h"

static int
no_socks(struct socksm *s)
{
	return client_fail(s, SOCKSM_LOST, EPROTO,
	    "%s port %s does not speak SOCKS V5", s->host, s->port);
}

static int
read_pair(struct socksm *s, uint8_t pair[2], int64_t deadline)
{
	while (s->inlen < 2)
		if (client_fill(s, deadline) == -1)
			return -1;
	memcpy(pair, s->in, 2);
	client_consume(s, 2);
	return 0;
}

static int
no_method(struct socksm *s)
{
	return client_fail(s, SOCKSM_AUTH, EPERM, s->user[0] == '\0' ?
	    "%s port %s wants a user and a password" :
	    "%s port %s accepts no method that this client has",
	    s->host, s->port);
}

static int
send_user(struct socksm *s, int64_t deadline)
{
	uint8_t		 buf[3 + 255 + 255];
	size_t		 ulen = strlen(s->user), plen = strlen(s->pass);
	int		 ret;

	buf[0] = SOCKS_AUTH_VERSION;
	buf[1] = (uint8_t)ulen;
	memcpy(buf + 2, s->user, ulen);
	buf[2 + ulen] = (uint8_t)plen;
	memcpy(buf + 3 + ulen, s->pass, plen);
	ret = client_write(s, buf, 3 + ulen + plen, deadline);
	explicit_bzero(buf, sizeof(buf));
	return ret;
}

static int
log_in(struct socksm *s, int64_t deadline)
{
	uint8_t		 pair[2];

	if (send_user(s, deadline) == -1 || read_pair(s, pair, deadline) == -1)
		return -1;
	if (pair[0] != SOCKS_AUTH_VERSION)
		return no_socks(s);
	if (pair[1] != 0)
		return client_fail(s, SOCKSM_AUTH, EPERM,
		    "%s port %s refused user %s: unknown, or a wrong password",
		    s->host, s->port, s->user);
	return 0;
}

static int
authenticate(struct socksm *s, int64_t deadline)
{
	static const uint8_t	 one[] = { SOCKS_VERSION, 1,
				    SOCKS_METHOD_NONE };
	static const uint8_t	 two[] = { SOCKS_VERSION, 2,
				    SOCKS_METHOD_USERPASS, SOCKS_METHOD_NONE };
	int			 has_user = s->user[0] != '\0', ret;
	uint8_t			 pair[2];

	ret = has_user ? client_write(s, two, sizeof(two), deadline) :
	    client_write(s, one, sizeof(one), deadline);
	if (ret == -1 || read_pair(s, pair, deadline) == -1)
		return -1;
	if (pair[0] != SOCKS_VERSION)
		return no_socks(s);
	if (pair[1] == SOCKS_METHOD_REFUSED)
		return no_method(s);
	if (pair[1] == SOCKS_METHOD_USERPASS && has_user)
		return log_in(s, deadline);
	return pair[1] == SOCKS_METHOD_NONE ? 0 : no_socks(s);
}

/* Success has the extension's version; a server that knows none says 5. */
static int
judge_mode(struct socksm *s, uint8_t version, uint8_t code)
{
	if (code != SOCKS_OK)
		return client_refuse(s, code,
		    "%s port %s refused enhanced mode", s->host, s->port);
	if (version != SOCKS_UDP_VERSION)
		return client_fail(s, SOCKSM_LOST, EPROTO,
		    "%s port %s speaks version %u of the UDP extensions, not 1",
		    s->host, s->port, version);
	return 0;
}

/* With ATYP X'01' in place of the draft's zero: every server reads that. */
static int
enter_mode(struct socksm *s, int64_t deadline)
{
	struct socks_request	 req = { .cmd = SOCKS_ENHANCED };
	struct socks_addr	 bnd;
	enum socks_parse	 p;
	uint8_t			 buf[16], version, code, rsv;
	size_t			 n, used;

	n = socks_build_request(buf, sizeof(buf), &req);
	if (client_write(s, buf, n, deadline) == -1)
		return -1;
	while ((p = socks_parse_reply(s->in, s->inlen, &used, &version, &code,
	    &rsv, &bnd)) == SOCKS_P_MORE)
		if (client_fill(s, deadline) == -1)
			return -1;
	if (p == SOCKS_P_BAD)
		return no_socks(s);
	client_consume(s, used);
	return judge_mode(s, version, code);
}

int
client_negotiate(struct socksm *s, int64_t deadline)
{
	if (authenticate(s, deadline) == -1)
		return -1;
	return enter_mode(s, deadline);
}
