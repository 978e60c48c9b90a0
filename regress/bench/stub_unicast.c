/*
 * stub_unicast.c: the bare relay between one client and many remotes, each
 * found by AID one way and by address the other; in place of the daemon.
 */

#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

#define FAR	0xc6120000	/* as in unicast.c */

static struct {
	struct sockaddr_in	 client;
	in_port_t		 port;		/* of the remotes */
	int			 relay, egress;
	uint32_t		 mask;
	struct entry {
		uint32_t	 key, value;	/* key 0: none */
	}			*by_aid, *by_addr;
} uni;

static struct entry *
entry_find(struct entry *table, uint32_t key)
{
	uint32_t	 i = key * 2654435761U;

	for (i ^= i >> 15; table[i & uni.mask].key != 0 &&
	    table[i & uni.mask].key != key; i++)
		;
	return &table[i & uni.mask];
}

static struct entry *
table_new(void)
{
	struct entry	*table;

	if ((table = calloc(uni.mask + 1, sizeof(*table))) == NULL)
		err(1, NULL);
	return table;
}

static void
tables_fill(uint32_t n)
{
	uint32_t	 i, aid, addr;

	for (uni.mask = 1; uni.mask < 2 * n; uni.mask *= 2)
		;
	uni.mask--;
	uni.by_aid = table_new();
	uni.by_addr = table_new();
	for (i = 0; i < n; i++) {
		aid = htonl((i + 1) * 2654435761U);
		addr = htonl(FAR + 1 + i);
		*entry_find(uni.by_aid, aid) = (struct entry){ aid, addr };
		*entry_find(uni.by_addr, addr) = (struct entry){ addr, aid };
	}
}

/* Datagrams of one association in a row are one message. */
static void
relay_outward(const struct message *m)
{
	struct sockaddr_in	 to;
	uint32_t		 aid, last = 0;
	size_t			 at, len;

	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_port = uni.port;
	for (at = 0; at < m->len; at += len) {
		len = m->len - at < m->segment ? m->len - at : m->segment;
		memcpy(&aid, m->data + at + 4, sizeof(aid));
		if (aid != last) {
			to.sin_addr.s_addr = entry_find(uni.by_aid, aid)->value;
			stub_message(&to);
		}
		last = aid;
		stub_segment(NULL, m->data + at + HEADER, len - HEADER);
	}
}

static void
relay_inward(const struct message *m, uint8_t *header)
{
	size_t	 at, len;

	memset(header, 0, HEADER);
	memcpy(header + 4, &entry_find(uni.by_addr,
	    m->from.sin_addr.s_addr)->value, 4);
	stub_message(&uni.client);
	for (at = 0; at < m->len; at += len) {
		len = m->len - at < m->segment ? m->len - at : m->segment;
		stub_segment(header, m->data + at, len);
	}
}

static void
relay_turn(int from)
{
	static struct message	 m[MESSAGES];
	static uint8_t		 header[MESSAGES][HEADER];
	int			 i, n = stub_receive(from, m);

	stub_begin(from == uni.relay ? uni.egress : uni.relay);
	for (i = 0; i < n; i++)
		if (from == uni.relay)
			relay_outward(&m[i]);
		else
			relay_inward(&m[i], header[i]);
	stub_flush();
}

/* RELAY PORT EGRESS EGRESS-PORT FAR-PORT CLIENT-PORT N */
void
stub_unicast(char **arg)
{
	const struct sockaddr_in	 relay = stub_addr(arg[0], arg[1]);
	const struct sockaddr_in	 egress = stub_addr(arg[2], arg[3]);
	struct pollfd			 pfd[2];
	int				 i;

	uni.relay = stub_udp(&relay);
	uni.egress = stub_udp(&egress);
	uni.port = htons(stub_port(arg[4]));
	uni.client = stub_addr("10.0.0.2", arg[5]);
	tables_fill(atoi(arg[6]));
	pfd[0].fd = uni.relay;
	pfd[1].fd = uni.egress;
	pfd[0].events = pfd[1].events = POLLIN;
	for (;;) {
		if (poll(pfd, 2, -1) == -1)
			err(1, "poll");
		for (i = 0; i < 2; i++)
			if (pfd[i].revents != 0)
				relay_turn(pfd[i].fd);
	}
}
