/*
 * net.c: the load generator's sockets, each made in the namespace it is to
 * live in, where it stays wherever the program goes next.
 */

#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/tcp.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static void
net_enter(const char *ns)
{
	static const char	*now;
	char			 path[256];
	int			 fd;

	if (now == ns)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    setns(fd, CLONE_NEWNET) == -1)
		err(1, "%s", path);
	close(fd);
	now = ns;
}

long
net_number(const char *text, long min, long max)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || n < min || n > max)
		errx(1, "%s: not a number from %ld to %ld", text, min, max);
	return n;
}

struct sockaddr_in
net_addr(struct in_addr addr, unsigned port)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr = addr;
	sin.sin_port = htons((uint16_t)port);
	return sin;
}

struct endpoint
net_endpoint(const struct sockaddr_in *sin)
{
	struct endpoint	 ep;

	if (endpoint_from_sockaddr(&ep, (const struct sockaddr *)sin) == -1)
		errx(1, "no IPv4 address");
	return ep;
}

void
net_option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) == -1)
		err(1, "setsockopt %d of level %d", name, level);
}

static int
net_socket(const char *ns, int type, struct in_addr addr, uint16_t port)
{
	struct sockaddr_in	 sin = net_addr(addr, port);
	int			 fd;

	net_enter(ns);
	if ((fd = socket(AF_INET, type | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (type == SOCK_STREAM) {
		net_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		net_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	}
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "bind to port %u", port);
	return fd;
}

int
net_udp(const char *ns, struct in_addr addr, uint16_t port)
{
	int	 fd = net_socket(ns, SOCK_DGRAM, addr, port);

	net_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20);
	return fd;
}

/* A server that is stuck must not be waited for. */
static void
net_patience(int fd)
{
	const struct timeval	 tv = { PATIENCE, 0 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1)
		err(1, "setsockopt");
	net_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

int
net_listen(const char *ns, struct in_addr addr, struct sockaddr_in *is)
{
	socklen_t	 len = sizeof(*is);
	int		 fd = net_socket(ns, SOCK_STREAM, addr, 0);

	net_patience(fd);
	if (listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)is, &len) == -1)
		err(1, "listen");
	return fd;
}

int
net_connect(const char *ns, struct in_addr from, const struct sockaddr_in *to)
{
	int	 fd = net_socket(ns, SOCK_STREAM, from, 0);

	net_patience(fd);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == -1)
		err(1, "connect to the server");
	return fd;
}

int
net_accept(int listener)
{
	int	 fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		err(1, "accept");
	return fd;
}

void
net_write(int fd, const void *data, size_t len)
{
	ssize_t	 n = write(fd, data, len);

	if (n == -1)
		err(1, "write to the server");
	if ((size_t)n != len)
		errx(1, "write to the server: %zd of %zu octets", n, len);
}

void
net_read(int fd, void *data, size_t len)
{
	ssize_t	 n = recv(fd, data, len, MSG_WAITALL);

	if (n == -1)
		err(1, "read from the server");
	if ((size_t)n != len)
		errx(1, "read from the server: %zd of %zu octets", n, len);
}
