/*
 * loopback.h: sockets on loopback and multicast there, for tests of datagrams.
 */

#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "addr.h"

static inline struct endpoint
stub_endpoint(const char *addr, uint16_t port)
{
	struct endpoint	 ep;

	memset(&ep, 0, sizeof(ep));
	assert_int_equal(addr_parse(&ep.addr, addr), 0);
	ep.port = port;
	return ep;
}

static inline void
stub_option(int fd, int level, int option, int value)
{
	assert_int_equal(setsockopt(fd, level, option, &value, sizeof(value)),
	    0);
}

/* Bound to addr and port, 0 for any; tells where. */
static inline int
stub_socket(const char *addr, uint16_t port, struct endpoint *bound)
{
	struct endpoint		 ep = stub_endpoint(addr, port);
	struct sockaddr_storage	 ss;
	socklen_t		 len = endpoint_to_sockaddr(&ep, &ss);
	int			 fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	/* Else two get the same port, when any will do. */
	if (addr_is_multicast(&ep.addr))
		stub_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	stub_option(fd, SOL_SOCKET, SO_RCVBUF, 4 << 20);
	stub_option(fd, SOL_SOCKET, SO_SNDBUF, 4 << 20);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof(ss);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	if (bound != NULL)
		assert_int_equal(endpoint_from_sockaddr(bound,
		    (struct sockaddr *)&ss), 0);
	return fd;
}

#endif
