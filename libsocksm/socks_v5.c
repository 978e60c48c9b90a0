/*
 * socks_v5.c: the negotiation, requests and replies of RFC 1928 and RFC 1929,
 * read and built; it runs in the engine and in clients.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "cursor.h"
#include "socks.h"

enum socks_parse
socks_parse_methods(const uint8_t *buf, size_t len, size_t *used,
    struct socks_methods *m)
{
	struct cursor	 c = { buf, len };
	const uint8_t	*p;
	uint8_t		 ver;

	memset(m, 0, sizeof(*m));
	*used = 0;
	if (cursor_get_n8(&c, &ver) == -1)
		return SOCKS_P_MORE;
	if (ver != SOCKS_VERSION)		/* P1 */
		return SOCKS_P_BAD;
	if (cursor_get_n8(&c, &m->n) == -1)
		return SOCKS_P_MORE;
	if ((p = cursor_take(&c, m->n)) == NULL)
		return SOCKS_P_MORE;
	memcpy(m->method, p, m->n);
	*used = len - c.left;
	return SOCKS_P_OK;
}

/* Nothing is copied before all is there, so a part leaves no secret behind. */
enum socks_parse
socks_parse_userpass(const uint8_t *buf, size_t len, size_t *used,
    struct socks_userpass *up)
{
	struct cursor	 c = { buf, len };
	const uint8_t	*user, *pass;

	memset(up, 0, sizeof(*up));
	*used = 0;
	if (cursor_get_n8(&c, &up->version) == -1 ||
	    cursor_get_n8(&c, &up->ulen) == -1 ||
	    (user = cursor_take(&c, up->ulen)) == NULL ||
	    cursor_get_n8(&c, &up->plen) == -1 ||
	    (pass = cursor_take(&c, up->plen)) == NULL)
		return SOCKS_P_MORE;
	memcpy(up->user, user, up->ulen);
	memcpy(up->pass, pass, up->plen);
	*used = len - c.left;
	return SOCKS_P_OK;
}

/*
 * The address of a request. ENHANCED_UDP_MODE may carry ATYP X'00', a client
 * that takes draft 3.1.1.1 to the letter; it is read like X'01' (P10).
 */
static enum socks_parse
request_addr(const struct cursor *c, size_t *used, struct socks_request *req)
{
	uint8_t		 v4[7] = { SOCKS_ATYP_V4 };

	if (req->cmd != SOCKS_ENHANCED || c->left == 0 || c->p[0] != 0x00)
		return socks_parse_addr(c->p, c->left, used, &req->dst);
	if (c->left < sizeof(v4))
		return SOCKS_P_MORE;
	memcpy(v4 + 1, c->p + 1, sizeof(v4) - 1);
	return socks_parse_addr(v4, sizeof(v4), used, &req->dst);
}

/*
 * What is no fault of this command: in ENHANCED_UDP_MODE the address is unused
 * (P10); in UDP ASSOCIATE it is a hint that is never resolved (P8), so a name
 * such as "0" is merely no hint.
 */
static void
request_forgive(struct socks_request *req)
{
	if (req->cmd == SOCKS_ENHANCED && req->dst.fault != SOCKS_BADATYP)
		req->dst.fault = SOCKS_OK;
	if (req->cmd == SOCKS_ASSOCIATE && req->dst.fault == SOCKS_HOSTUNREACH)
		req->dst.fault = SOCKS_OK;
}

enum socks_parse
socks_parse_request(const uint8_t *buf, size_t len, size_t *used,
    struct socks_request *req)
{
	struct cursor	 c = { buf, len };
	enum socks_parse ret;
	uint8_t		 ver;

	memset(req, 0, sizeof(*req));
	*used = 0;
	if (cursor_get_n8(&c, &ver) == -1)
		return SOCKS_P_MORE;
	if (ver != SOCKS_VERSION)		/* P4 */
		return SOCKS_P_BAD;
	if (cursor_get_n8(&c, &req->cmd) == -1 ||
	    cursor_get_n8(&c, &req->rsv) == -1)
		return SOCKS_P_MORE;
	if ((ret = request_addr(&c, used, req)) != SOCKS_P_OK)
		return ret;
	request_forgive(req);
	*used += 3;
	return SOCKS_P_OK;
}

enum socks_parse
socks_parse_reply(const uint8_t *buf, size_t len, size_t *used,
    uint8_t *version, uint8_t *code, uint8_t *rsv, struct socks_addr *bnd)
{
	struct cursor	 c = { buf, len };
	enum socks_parse ret;

	memset(bnd, 0, sizeof(*bnd));
	*used = 0;
	*version = *code = *rsv = 0;
	if (cursor_get_n8(&c, version) == -1 ||
	    cursor_get_n8(&c, code) == -1 || cursor_get_n8(&c, rsv) == -1)
		return SOCKS_P_MORE;
	if ((ret = socks_parse_addr(c.p, c.left, used, bnd)) != SOCKS_P_OK)
		return ret;
	if (bnd->fault == SOCKS_BADATYP)
		return SOCKS_P_BAD;
	*used += 3;
	return SOCKS_P_OK;
}

static size_t
build_pair(uint8_t *buf, size_t size, uint8_t first, uint8_t second)
{
	if (size < 2)
		return 0;
	buf[0] = first;
	buf[1] = second;
	return 2;
}

size_t
socks_build_method(uint8_t *buf, size_t size, uint8_t method)
{
	return build_pair(buf, size, SOCKS_VERSION, method);
}

size_t
socks_build_auth(uint8_t *buf, size_t size, uint8_t status)
{
	return build_pair(buf, size, SOCKS_AUTH_VERSION, status);
}

/* A NULL endpoint is one that is not populated. */
size_t
socks_build_reply(uint8_t *buf, size_t size, uint8_t version, uint8_t code,
    uint8_t rsv, const struct endpoint *ep)
{
	static const struct endpoint	 none;
	size_t				 n;

	if (size < 3)
		return 0;
	n = socks_build_endpoint(buf + 3, size - 3, ep != NULL ? ep : &none);
	if (n == 0)
		return 0;
	buf[0] = version;
	buf[1] = code;
	buf[2] = rsv;
	return 3 + n;
}

size_t
socks_build_request(uint8_t *buf, size_t size, const struct socks_request *req)
{
	size_t		 n;

	if (size < 3)
		return 0;
	if ((n = socks_build_addr(buf + 3, size - 3, &req->dst)) == 0)
		return 0;
	buf[0] = SOCKS_VERSION;
	buf[1] = req->cmd;
	buf[2] = req->rsv;
	return 3 + n;
}

const char *
socks_strerror(uint8_t code)
{
	switch (code) {
	case SOCKS_OK:
		return "succeeded";
	case SOCKS_FAILURE:
		return "the server failed, or the request was malformed";
	case SOCKS_REFUSED:
		return "not allowed by the server's ruleset";
	case SOCKS_NETUNREACH:
		return "the server has no route to that network";
	case SOCKS_HOSTUNREACH:
		return "the host is unreachable or its name does not resolve";
	case SOCKS_CONNREFUSED:
		return "the host refused the connection";
	case SOCKS_TTLEXPIRED:
		return "the host did not answer in time";
	case SOCKS_BADCOMMAND:
		return "the server does not support this command or its flags";
	case SOCKS_BADATYP:
		return "the server does not support this type of address";
	case SOCKS_BADAID:
		return "no such association on this connection";
	case SOCKS_NORECEIVE:
		return "receiving from this group is not allowed by the "
		    "server's ruleset";
	case SOCKS_NOSEND:
		return "sending to this group is not allowed by the server's "
		    "ruleset";
	case SOCKS_BADCONTEXT:
		return "the association does not fit this request";
	case SOCKS_BADGROUP:
		return "the address is no multicast group, or its port is 0";
	case SOCKS_BADTTL:
		return "this TTL is 0 or more than the server's ruleset allows";
	default:
		return "an unknown reply code";
	}
}

const char *
socks_strcommand(uint8_t cmd)
{
	switch (cmd) {
	case SOCKS_CONNECT:
		return "connect";
	case SOCKS_BIND:
		return "bind";
	case SOCKS_ASSOCIATE:
		return "associate";
	case SOCKS_ENHANCED:
		return "enhanced";
	case SOCKS_FEATURES:
		return "features";
	case SOCKS_UDP_BIND:
		return "udp-bind";
	case SOCKS_UDP_RELEASE:
		return "udp-release";
	case SOCKS_SET_TTL:
		return "set-ttl";
	default:
		return "unknown";
	}
}
