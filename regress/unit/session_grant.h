/*
 * session_grant.h: what policy and the parent say to a client's questions,
 * and a client in enhanced mode, for the tests of control connections.
 */
#ifndef SESSION_GRANT_H
#define SESSION_GRANT_H

#include "session_talk.h"

static inline void
deny(const struct msg_ask *ask, uint8_t code, uint16_t flags)
{
	struct msg_deny	 m = { .sid = ask->sid, .req = ask->req,
			    .code = code, .flags = flags };

	request_on_deny(PROC_POLICY, &m, -1);
}

/* One part of a grant, or of its failure. */
static inline void
grant_part(const struct msg_ask *ask, uint64_t grant, uint8_t kind, int part,
    int parts, int err)
{
	struct msg_socket	 m;

	memset(&m, 0, sizeof(m));
	m.grant.sid = ask->sid;
	m.grant.req = ask->req;
	m.grant.grant = grant;
	m.grant.part = (uint8_t)part;
	m.grant.parts = (uint8_t)parts;
	m.grant.flags = ask->flags | (ask->op == ASK_BIND ? SOCKS_F_MU : 0);
	m.grant.ttl = ask->ttl;
	m.grant.key.kind = kind;
	m.grant.local = ask->local;
	m.grant.remote = ask->remote;
	m.bound = stub_endpoint("0.0.0.0", 7777);
	m.err = err;
	request_on_socket(PROC_PARENT, &m, err != 0 || kind == SOCK_NONE ? -1 :
	    open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static inline struct msg_ask *
asked(enum ask_op op)
{
	struct sent	*s = stub_next(M_ASK);

	assert_non_null(s);
	assert_int_equal(s->m.ask.op, op);
	return &s->m.ask;
}

/* A client in enhanced mode. */
static inline int
enhanced(void)
{
	int		 fd = stub_client(++sid, 1);

	SAY(fd, 5, 1, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0);
	HEAR(fd, 5, 0);
	grant_part(asked(ASK_ENHANCED), ++grants, SOCK_RELAY, 0, 1, 0);
	HEAR(fd, 1, 0, 0, 1, 192, 0, 2, 1, 0x1e, 0x61);
	return fd;
}

/* A control packet with both addresses in IPv4: 27 octets. */
static inline void
packet(uint8_t *p, uint8_t cmd, uint16_t flags, uint8_t rsvd, uint16_t tid,
    uint32_t aid, uint16_t lport, uint8_t group, uint16_t port)
{
	const uint8_t	 octets[27] = { 1, 0, 27, cmd, (uint8_t)(flags >> 8),
	    (uint8_t)flags, rsvd, (uint8_t)(tid >> 8), (uint8_t)tid,
	    (uint8_t)(aid >> 24), (uint8_t)(aid >> 16), (uint8_t)(aid >> 8),
	    (uint8_t)aid, 1, 0, 0, 0, 0, (uint8_t)(lport >> 8),
	    (uint8_t)lport, 1, group, 1, 2, 3, (uint8_t)(port >> 8),
	    (uint8_t)port };

	memcpy(p, octets, sizeof(octets));
}

static inline void
send_bind(int fd, uint16_t flags, uint8_t ttl, uint16_t tid, uint32_t aid)
{
	uint8_t		 p[27];

	packet(p, SOCKS_UDP_BIND, flags, ttl, tid, aid, 6000, 239, 5000);
	say(fd, p, sizeof(p));
}

static inline void
send_short(int fd, uint8_t cmd, uint16_t flags, uint8_t rsvd, uint16_t tid,
    uint32_t aid)
{
	uint8_t		 p[27];

	packet(p, cmd, flags, rsvd, tid, aid, 0, 0, 0);
	p[2] = SOCKS_CTL_FIXED;
	say(fd, p, SOCKS_CTL_FIXED);
}

/* P13: the next reply, in its full form; returns its AID. */
static inline uint32_t
reply(int fd, uint8_t code, uint16_t flags, uint16_t tid)
{
	stub_run();
	assert_int_equal(read(fd, got, 27), 27);
	assert_int_equal(got[0], SOCKS_PKT_REPLY);
	assert_int_equal(got[1] << 8 | got[2], 27);
	assert_int_equal(got[3], code);
	assert_int_equal(got[4] << 8 | got[5], flags);
	assert_int_equal(got[6], 0);
	assert_int_equal(got[7] << 8 | got[8], tid);
	return (uint32_t)got[9] << 24 | (uint32_t)got[10] << 16 |
	    (uint32_t)got[11] << 8 | got[12];
}

/* An association that stands; its grant is `grants'. */
static inline uint32_t
associated(int fd, uint16_t dirs)
{
	struct msg_ask	*ask;

	send_bind(fd, dirs | F_MC, 5, 0x4242, 0);
	ask = asked(ASK_BIND);
	++grants;
	if (dirs == SOCKS_F_DIRECTIONS)
		grant_part(ask, grants, SOCK_GROUP, 0, 2, 0);
	grant_part(ask, grants, dirs == F_R ? SOCK_GROUP : SOCK_SEND,
	    dirs == SOCKS_F_DIRECTIONS, 1 + (dirs == SOCKS_F_DIRECTIONS), 0);
	return reply(fd, 0, dirs | F_MC | SOCKS_F_MU, 0x4242);
}

#endif
