/*
 * stub_fanout.c: the bare loop from a group to many receivers, with the same
 * transposed sends as the engine's; it stands in place of the daemon.
 */

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

static struct receiver {
	struct sockaddr_in	 to;
	uint8_t			 header[HEADER];
} *receivers;
static int			 nreceivers;

static void
fanout_join(int fd, const char *group, const char *interface)
{
	struct ip_mreq	 mreq;

	if (inet_pton(AF_INET, group, &mreq.imr_multiaddr) != 1 ||
	    inet_pton(AF_INET, interface, &mreq.imr_interface) != 1)
		errx(1, "%s or %s: no IPv4 address", group, interface);
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)) == -1)
		err(1, "joining %s", group);
}

static void
fanout_receivers(const char *addr, const char *base, const char *number)
{
	uint32_t	 aid;
	int		 i;

	nreceivers = atoi(number);
	if ((receivers = calloc(nreceivers, sizeof(*receivers))) == NULL)
		err(1, NULL);
	for (i = 0; i < nreceivers; i++) {
		receivers[i].to = stub_addr(addr, base);
		receivers[i].to.sin_port = htons(stub_port(base) + i);
		aid = htonl((i + 1) * 2654435761U);
		memcpy(receivers[i].header + 4, &aid, sizeof(aid));
	}
}

static void
fanout_message(const struct message *m)
{
	size_t	 at, len;
	int	 i;

	for (i = 0; i < nreceivers; i++) {
		stub_message(&receivers[i].to);
		for (at = 0; at < m->len; at += len) {
			len = m->len - at < m->segment ? m->len - at :
			    m->segment;
			stub_segment(receivers[i].header, m->data + at, len);
		}
	}
	stub_flush();
}

/* GROUP PORT INTERFACE TO BASE N */
void
stub_fanout(char **arg)
{
	const struct sockaddr_in	 in = stub_addr(arg[0], arg[1]);
	struct sockaddr_in		 any = stub_addr("0.0.0.0", arg[1]);
	struct message			 m[MESSAGES];
	int				 fd, relay, i, n;

	fd = stub_udp(&in);
	fanout_join(fd, arg[0], arg[2]);
	any.sin_port = 0;
	relay = stub_udp(&any);
	fanout_receivers(arg[3], arg[4], arg[5]);
	for (;;) {
		n = stub_receive(fd, m);
		stub_begin(relay);
		for (i = 0; i < n; i++)
			fanout_message(&m[i]);
	}
}
