/*
 * connect.c: the load generator opens and closes CONNECT sessions, some at a
 * time, each step for all of them together; no payload but an octet each way.
 */

#include <unistd.h>

#include "load.h"

#define ABREAST	8

static int			 listener;
static struct sockaddr_in	 target;

static void
connect_prepare(char **arg)
{
	(void)arg;
	listener = net_listen(load.out, load.outside, &target);
}

/* An octet through the new connections, there and back. */
static void
connect_speak(const int *fd)
{
	uint8_t	 octet = 0x2a;
	int	 i, far[ABREAST];

	for (i = 0; i < ABREAST; i++)
		net_write(fd[i], &octet, 1);
	for (i = 0; i < ABREAST; i++) {
		far[i] = net_accept(listener);
		net_read(far[i], &octet, 1);
		net_write(far[i], &octet, 1);
	}
	for (i = 0; i < ABREAST; i++)
		net_read(fd[i], &octet, 1);
	for (i = 0; i < ABREAST; i++)
		close(far[i]);
}

static void
connect_some(void)
{
	int	 i, fd[ABREAST];

	for (i = 0; i < ABREAST; i++) {
		fd[i] = proxy_dial();
		proxy_hello(fd[i]);
	}
	for (i = 0; i < ABREAST; i++) {
		proxy_hello_end(fd[i]);
		proxy_ask(fd[i], SOCKS_CONNECT, &target);
	}
	for (i = 0; i < ABREAST; i++)
		(void)proxy_answer(fd[i], SOCKS_VERSION);
	connect_speak(fd);
	for (i = 0; i < ABREAST; i++)
		close(fd[i]);
}

static uint64_t
connect_run(const struct ask *ask)
{
	uint64_t	 done;

	for (done = 0; done < ask->n; done += ABREAST)
		connect_some();
	return done;
}

const struct work	work_connect = {
	"connect", 0, "", connect_prepare, connect_run
};
