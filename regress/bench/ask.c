/*
 * ask.c: the load generator asks for unicast associations that the ruleset
 * refuses: each is one question to policy and no socket.
 */

#include <arpa/inet.h>
#include <err.h>
#include <stddef.h>

#include "load.h"

#define ABREAST	16		/* as many as the engine takes of a session */

static int			 control;
static struct sockaddr_in	 local;
static uint32_t			 seed = 1;

static void
ask_prepare(char **arg)
{
	struct sockaddr_in	 relay;

	local = net_addr(load.client, net_number(arg[0], 1024, 65535));
	control = proxy_enhanced(&relay);
}

/* Another remote each time, so that nothing can be remembered. */
static void
ask_one(void)
{
	struct sockaddr_in	 remote;
	struct in_addr		 addr;

	seed = seed * 1664525 + 1013904223;
	addr.s_addr = htonl(0xc6120000 + (seed >> 15));
	remote = net_addr(addr, 1024 + (seed >> 4) % 60000);
	proxy_bind(control, SOCKS_F_DIRECTIONS | SOCKS_F_UNICAST, &local,
	    &remote);
}

static void
ask_answer(void)
{
	uint8_t	 code = proxy_bound(control, NULL, NULL);

	if (code != SOCKS_REFUSED)
		errx(1, "X'%02X', not refused", code);
}

static uint64_t
ask_run(const struct ask *ask)
{
	uint64_t	 i;

	for (i = 0; i < ask->n + ABREAST; i++) {
		if (i < ask->n)
			ask_one();
		if (i >= ABREAST)
			ask_answer();
	}
	return ask->n;
}

const struct work	work_ask = {
	"ask", 1, "client-port", ask_prepare, ask_run
};
