/*
 * proxy.c: the load generator's side of SOCKS V5 and its enhanced mode, step
 * by step, so that many sessions can take each step together.
 */

#include <sys/socket.h>
#include <arpa/inet.h>
#include <err.h>
#include <string.h>

#include "load.h"

#define BIND_REPLY	27		/* P13, two IPv4 addresses */
#define REPLY		10		/* RFC 1928 6, with one */

int
proxy_dial(void)
{
	return net_connect(load.in, load.client, &load.server);
}

void
proxy_hello(int fd)
{
	static const uint8_t	 hello[] = { SOCKS_VERSION, 1,
				    SOCKS_METHOD_NONE };

	net_write(fd, hello, sizeof(hello));
}

void
proxy_hello_end(int fd)
{
	uint8_t	 answer[2];

	net_read(fd, answer, sizeof(answer));
	if (answer[1] != SOCKS_METHOD_NONE)
		errx(1, "the server wants a login");
}

void
proxy_ask(int fd, uint8_t cmd, const struct sockaddr_in *dst)
{
	struct socks_request	 r;
	uint8_t			 buf[64];

	memset(&r, 0, sizeof(r));
	r.cmd = cmd;
	r.dst.ep = net_endpoint(dst);
	net_write(fd, buf, socks_build_request(buf, sizeof(buf), &r));
}

struct endpoint
proxy_answer(int fd, uint8_t version)
{
	struct socks_addr	 bound;
	uint8_t			 buf[REPLY], got, code, rsv;
	size_t			 used;

	net_read(fd, buf, 4);
	if (buf[1] != SOCKS_OK)
		errx(1, "the server refused: X'%02X'", buf[1]);
	net_read(fd, buf + 4, sizeof(buf) - 4);
	if (socks_parse_reply(buf, sizeof(buf), &used, &got, &code, &rsv,
	    &bound) != SOCKS_P_OK || got != version)
		errx(1, "the server's reply is not understood");
	return bound.ep;
}

int
proxy_connect(const struct sockaddr_in *dst)
{
	int	 fd = proxy_dial();

	proxy_hello(fd);
	proxy_hello_end(fd);
	proxy_ask(fd, SOCKS_CONNECT, dst);
	(void)proxy_answer(fd, SOCKS_VERSION);
	return fd;
}

int
proxy_enhanced(struct sockaddr_in *relay)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in	 none;
	struct endpoint		 ep;
	int			 fd = proxy_dial();

	memset(&none, 0, sizeof(none));
	none.sin_family = AF_INET;
	proxy_hello(fd);
	proxy_hello_end(fd);
	proxy_ask(fd, SOCKS_ENHANCED, &none);
	ep = proxy_answer(fd, SOCKS_UDP_VERSION);
	if (endpoint_to_sockaddr(&ep, &ss) != sizeof(*relay))
		errx(1, "no IPv4 address for the relay");
	memcpy(relay, &ss, sizeof(*relay));
	return fd;
}

void
proxy_bind(int fd, uint16_t flags, const struct sockaddr_in *local,
    const struct sockaddr_in *remote)
{
	struct socks_ctl	 c;
	uint8_t			 buf[SOCKS_REPLY_MAX];

	memset(&c, 0, sizeof(c));
	c.type = SOCKS_PKT_REQUEST;
	c.cmd = SOCKS_UDP_BIND;
	c.flags = flags;
	c.local.ep = net_endpoint(local);
	c.remote.ep = net_endpoint(remote);
	net_write(fd, buf, socks_build_control(buf, sizeof(buf), &c));
}

uint8_t
proxy_bound(int fd, uint32_t *aid, struct endpoint *remote)
{
	struct socks_ctl	 c;
	uint8_t			 buf[BIND_REPLY];

	net_read(fd, buf, sizeof(buf));
	socks_parse_control(buf, sizeof(buf), &c);
	if (c.type != SOCKS_PKT_REPLY || c.fault != SOCKS_OK)
		errx(1, "the server's reply is not understood");
	if (aid != NULL)
		*aid = c.aid;
	if (remote != NULL)
		*remote = c.remote.ep;
	return c.cmd;
}
