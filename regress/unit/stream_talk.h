/*
 * stream_talk.h: what a client says for a CONNECT, and what policy and the
 * parent would answer, for the tests of streams.
 */
#ifndef STREAM_TALK_H
#define STREAM_TALK_H

#include "stream.h"
#include "stream_tcp.h"

/* CONNECT 192.0.2.7:80, with method and all. */
#define CONNECT_OCTETS	5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 7, 0, 80

static inline struct msg_ask
ask_connect(int fd)
{
	SAY(fd, CONNECT_OCTETS);
	tcp_hear(fd, "\5", 2);
	return *asked(ASK_CONNECT);
}

static uint32_t		 granted_idle = 30;	/* seconds */

/* The answer of the parent: a descriptor, or why there is none. */
static inline void
answer(const struct msg_ask *ask, uint64_t grant, int left, int fd, int err)
{
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.sid = ask->sid;
	m.grant.req = ask->req;
	m.grant.grant = grant;
	m.grant.parts = 1;
	m.grant.left = (uint8_t)left;
	m.grant.idle = granted_idle;
	m.grant.key.kind = SOCK_CONNECT;
	m.grant.key.addr = stub_endpoint("192.0.2.7", 0).addr;
	m.grant.key.port = 80;
	m.bound = stub_endpoint("192.0.2.1", 7777);
	m.err = err;
	request_on_socket(PROC_PARENT, &m, fd);
}

/* A stream that stands: the client's end, and that of the remote. */
static inline int
stream_stands(int client, int *remote)
{
	static const uint8_t	 reply_ok[] = { 5, 0, 0, 1, 192, 0, 2, 1,
				    0x1e, 0x61 };
	struct sockaddr_in	 sin;
	struct msg_ask		 ask = ask_connect(client);
	int			 l = tcp_listen(&sin, 8);

	answer(&ask, ++grants, 0, tcp_connect(&sin), 0);
	*remote = tcp_accept(l);
	close(l);
	tcp_hear(client, reply_ok, sizeof(reply_ok));
	return client;
}

/* P6: a reply of failure, ten octets, then the close. */
static inline void
hear_failure(int fd, uint8_t code)
{
	const uint8_t	 octets[10] = { 5, code, 0, 1 };

	tcp_hear(fd, octets, sizeof(octets));
	tcp_hear_fin(fd);
	close(fd);
	stub_run();
}

static inline const struct msg_released *
released(uint64_t grant, enum end_reason reason)
{
	struct sent	*r = stub_next(M_RELEASED);

	assert_non_null(r);
	assert_int_equal(r->m.released.grant, grant);
	assert_int_equal(r->m.released.reason, reason);
	assert_int_equal(r->m.released.stands, 0);
	return &r->m.released;
}

/* Ends within so many ms, and two seconds more. */
static inline void
run_until_ended(int ms)
{
	long long	 from = clock_ms();

	while (session_find(sid) != NULL) {
		assert_true(clock_ms() - from < ms + 2000);
		usleep(1000);
		event_loop(EVLOOP_NONBLOCK);
	}
}

#endif
