/*
 * idle.c: the load generator opens sessions or associations and holds them, so
 * that what each costs the server can be seen.
 */

#include <arpa/inet.h>
#include <err.h>
#include <unistd.h>

#include "load.h"

static int			 listener, control;
static struct sockaddr_in	 target, local;
static uint32_t			 at;

static void
sessions_prepare(char **arg)
{
	(void)arg;
	listener = net_listen(load.out, load.outside, &target);
}

/* An octet has gone each way: all that is made on demand has been made. */
static uint64_t
sessions_run(const struct ask *ask)
{
	uint8_t		 octet = 0x2a;
	uint64_t	 i;
	int		 near, far;

	for (i = 0; i < ask->n; i++) {
		near = proxy_connect(&target);
		net_write(near, &octet, 1);
		far = net_accept(listener);
		net_read(far, &octet, 1);
		net_write(far, &octet, 1);
		net_read(near, &octet, 1);
	}
	return ask->n;
}

const struct work	work_sessions = {
	"sessions", 0, "", sessions_prepare, sessions_run
};

static void
associations_prepare(char **arg)
{
	struct sockaddr_in	 relay;

	local = net_addr(load.client, net_number(arg[0], 1024, 65535));
	control = proxy_enhanced(&relay);
}

/* Each with a remote of its own, as in unicast.c. */
static uint64_t
associations_run(const struct ask *ask)
{
	struct sockaddr_in	 remote;
	struct in_addr		 addr;
	uint64_t		 i;

	for (i = 0; i < ask->n; i++) {
		addr.s_addr = htonl(0xc6120000 + ++at);
		remote = net_addr(addr, 7000);
		proxy_bind(control, SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST,
		    &local, &remote);
		if (proxy_bound(control, NULL, NULL) != SOCKS_OK)
			errx(1, "an association was refused");
	}
	return ask->n;
}

const struct work	work_associations = {
	"associations", 1, "client-port", associations_prepare,
	associations_run
};
