/*
 * client.c: tests of the client library against scripted servers, each in a
 * process of its own on the loopback: what it sends, takes, refuses and says.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compat.h"
#include "socks.h"
#include "socksm.h"

#define AID	0xdeadbeef
#define LIMIT	20			/* seconds, then a test hangs */

struct fixture {
	struct socksm	*s;
	pid_t		 pid;
};

static uint8_t	 serve_code;		/* what the next server answers */

/* The server's side: a failure of it is its exit code. */
static void
need(int ok)
{
	if (!ok)
		_exit(1);
}

static void
get(int c, void *buf, size_t len)
{
	need(recv(c, buf, len, MSG_WAITALL) == (ssize_t)len);
}

static void
put(int c, const void *buf, size_t len)
{
	need(send(c, buf, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
serve_mode(int c)
{
	uint8_t		 buf[10];

	get(c, buf, 3);
	need(memcmp(buf, "\5\1\0", 3) == 0);
	put(c, "\5\0", 2);
	get(c, buf, 10);
	need(memcmp(buf, "\5\4\0\1\0\0\0\0\0\0", 10) == 0);
	put(c, "\1\0\0\1\0\0\0\0\0\0", 10);
}

static struct socks_ctl
get_ctl(int c)
{
	struct socks_ctl ctl;
	uint8_t		 buf[512], type;
	uint16_t	 size;

	get(c, buf, 3);
	need(socks_parse_frame(buf, 3, &type, &size) == SOCKS_P_OK);
	need(size <= sizeof(buf));
	get(c, buf + 3, size - 3);
	socks_parse_control(buf, size, &ctl);
	need(ctl.fault == SOCKS_OK);
	return ctl;
}

static void
put_reply(int c, const struct socks_ctl *req, uint8_t code, uint32_t aid,
    const struct endpoint *local)
{
	struct socks_ctl r = *req;
	uint8_t		 buf[SOCKS_REPLY_MAX];

	r.type = SOCKS_PKT_REPLY;
	r.cmd = code;
	r.aid = aid;
	memset(&r.local, 0, sizeof(r.local));
	if (local != NULL)
		r.local.ep = *local;
	put(c, buf, socks_build_control(buf, sizeof(buf), &r));
}

static int
udp_socket(struct endpoint *ep)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(sin);
	int			 fd = socket(AF_INET, SOCK_DGRAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	need(getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
	need(endpoint_from_sockaddr(ep, (struct sockaddr *)&sin) == 0);
	return fd;
}

static void
put_dgram(int fd, const struct endpoint *to, const char *hdr, const char *data)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = endpoint_to_sockaddr(to, &ss);
	uint8_t			 buf[64];

	memcpy(buf, hdr, SOCKS_DGRAM_HDR);
	memcpy(buf + SOCKS_DGRAM_HDR, data, strlen(data));
	need(sendto(fd, buf, SOCKS_DGRAM_HDR + strlen(data), 0,
	    (struct sockaddr *)&ss, len) != -1);
}

/* Starts a server and gives a client that knows of it. */
static struct fixture
start(void (*serve)(int))
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	struct fixture		 f;
	socklen_t		 len = sizeof(sin);
	char			 port[8];
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	if ((f.pid = fork()) == 0) {
		(void)alarm(LIMIT);
		serve(accept(fd, NULL, NULL));
		_exit(0);
	}
	(void)close(fd);
	(void)snprintf(port, sizeof(port), "%u", ntohs(sin.sin_port));
	f.s = socksm_new();
	assert_non_null(f.s);
	assert_int_equal(socksm_set_server(f.s, "127.0.0.1", port), 0);
	return f;
}

/* The server must have seen what it expected. */
static void
stop(struct fixture *f)
{
	int		 status;

	socksm_free(f->s);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
wait_close(int c)
{
	uint8_t		 octet;

	need(recv(c, &octet, 1, 0) == 0);
}

static void
fails(struct socksm *s, int ret, int error, enum socksm_class class)
{
	assert_int_equal(ret, -1);
	assert_int_equal(errno, error);
	assert_int_equal(socksm_class(s), class);
	assert_string_not_equal(socksm_error(s), "");
}

/* Good datagrams between such as must be dropped (P26 to P28). */
static void
serve_receive(int c)
{
	struct endpoint	 relay, rogue;
	struct socks_ctl req;
	int		 u = udp_socket(&relay), r = udp_socket(&rogue);

	serve_mode(c);
	req = get_ctl(c);
	need(req.cmd == SOCKS_UDP_BIND && req.aid == 0 && req.rsvd == 0);
	need(req.flags == (SOCKS_F_RECEIVE | SOCKS_F_UNICAST |
	    SOCKS_F_MULTICAST | SOCKS_F_MU));
	need(addr_is_any(&req.local.ep.addr) && req.local.ep.port != 0);
	need(addr_is_multicast(&req.remote.ep.addr));
	need(req.remote.ep.port == 5004);
	/* Data and a stray reply before the right one. */
	put(c, "\3\0\11\0\0\0\1hi", 9);
	put(c, "\2\0\15\1\0\0\0\377\377\0\0\0\0", 13);
	put_reply(c, &req, SOCKS_OK, AID, &relay);
	addr_v4(&req.local.ep.addr, "\177\0\0\1");
	put_dgram(r, &req.local.ep, "\0\0\0\0\336\255\276\357", "rogue");
	put_dgram(u, &req.local.ep, "\0\0\0\0\0\0\0\1", "other AID");
	put_dgram(u, &req.local.ep, "\1\0\0\0\336\255\276\357", "RSV");
	put_dgram(u, &req.local.ep, "\0\1\0\1\336\255\276\357", "fragment");
	put_dgram(u, &req.local.ep, "\0\0\0\0\336\255\276\357", "one");
	put_dgram(u, &req.local.ep, "\0\0\0\0\336\255\276\357", "");
	put_dgram(u, &req.local.ep, "\0\201\0\1\336\255\276\357", "three");
	req = get_ctl(c);
	need(req.cmd == SOCKS_UDP_RELEASE && req.aid == AID);
	put_reply(c, &req, SOCKS_OK, AID, NULL);
	wait_close(c);
}

static void
receive(void **state)
{
	struct fixture	 f = start(serve_receive);
	uint32_t	 aid = 0, from = 0;
	char		 buf[4];

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	assert_int_not_equal(socksm_control_fd(f.s), -1);
	assert_int_equal(socksm_bind_group(f.s, "239.1.2.3", 5004,
	    SOCKSM_RECEIVE, 99, &aid), 0);
	assert_int_equal(aid, AID);
	assert_int_equal(socksm_recv(f.s, buf, 4, &from, 5000), 3);
	assert_int_equal(from, AID);
	assert_memory_equal(buf, "one", 3);
	assert_int_equal(socksm_recv(f.s, buf, 4, NULL, 5000), 0);
	assert_int_equal(socksm_recv(f.s, buf, 4, NULL, 5000), 4);
	assert_memory_equal(buf, "thre", 4);
	assert_int_equal(socksm_drops(f.s), 4);
	fails(f.s, (int)socksm_recv(f.s, buf, 4, NULL, 0), EAGAIN,
	    SOCKSM_LOCAL);
	fails(f.s, (int)socksm_recv(f.s, buf, 4, NULL, 20), EAGAIN,
	    SOCKSM_LOCAL);
	assert_int_equal(socksm_check(f.s), 0);
	fails(f.s, (int)socksm_send(f.s, AID, "x", 1), EINVAL, SOCKSM_LOCAL);
	assert_int_equal(socksm_release(f.s, aid, SOCKSM_RECEIVE), 0);
	fails(f.s, socksm_release(f.s, aid, SOCKSM_RECEIVE), ENOENT,
	    SOCKSM_LOCAL);
	stop(&f);
}

static void
serve_send(int c)
{
	struct endpoint	 relay;
	struct socks_ctl req;
	uint8_t		 buf[64];
	int		 u = udp_socket(&relay);

	serve_mode(c);
	req = get_ctl(c);
	need(req.rsvd == 7 && (req.flags & SOCKS_F_DIRECTIONS) == SOCKS_F_SEND);
	need(strcmp(req.remote.name, "grp.example") == 0);	/* P23 */
	put_reply(c, &req, SOCKS_OK, AID, &relay);
	need(recv(u, buf, sizeof(buf), 0) == 12);
	need(memcmp(buf, "\0\0\0\0\336\255\276\357data", 12) == 0);
	need(recv(u, buf, sizeof(buf), 0) == 8);
	addr_v4(&req.local.ep.addr, "\177\0\0\1");
	put_dgram(u, &req.local.ep, "\0\0\0\0\336\255\276\357", "unasked");
	req = get_ctl(c);
	need(req.cmd == SOCKS_SET_TTL && req.aid == AID && req.rsvd == 9);
	put_reply(c, &req, SOCKS_OK, AID, NULL);
	req = get_ctl(c);
	put_reply(c, &req, SOCKS_BADTTL, AID, NULL);
	wait_close(c);
}

static void
send_group(void **state)
{
	static char	 big[SOCKSM_DATA_MAX + 1];
	struct fixture	 f = start(serve_send);
	uint32_t	 aid = 0;

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	assert_int_equal(socksm_bind_group(f.s, "grp.example", 5004,
	    SOCKSM_SEND, 7, &aid), 0);
	assert_int_equal(socksm_send(f.s, aid, "data", 4), 4);
	assert_int_equal(socksm_send(f.s, aid, "", 0), 0);
	fails(f.s, (int)socksm_send(f.s, aid, big, sizeof(big)), EMSGSIZE,
	    SOCKSM_LOCAL);
	fails(f.s, (int)socksm_send(f.s, 1, "x", 1), ENOENT, SOCKSM_LOCAL);
	assert_int_equal(socksm_set_ttl(f.s, aid, 9), 0);
	/* What came before that answer, for an aid that receives nothing. */
	fails(f.s, (int)socksm_recv(f.s, big, sizeof(big), NULL, 0), EAGAIN,
	    SOCKSM_LOCAL);
	assert_int_equal(socksm_drops(f.s), 1);
	fails(f.s, socksm_set_ttl(f.s, aid, 200), EACCES, SOCKSM_REFUSED);
	assert_int_equal(socksm_code(f.s), SOCKS_BADTTL);
	stop(&f);
}

static void
serve_refusal(int c)
{
	struct socks_ctl req;

	serve_mode(c);
	req = get_ctl(c);
	put_reply(c, &req, serve_code, 0, NULL);
	wait_close(c);
}

/* Each code is an errno and says its number; the connection stays. */
static void
refusals(void **state)
{
	static const struct {
		uint8_t		 code;
		int		 error;
	} t[] = {
		{ SOCKS_FAILURE, EIO }, { SOCKS_REFUSED, EACCES },
		{ SOCKS_HOSTUNREACH, EHOSTUNREACH },
		{ SOCKS_BADCOMMAND, EOPNOTSUPP }, { SOCKS_BADAID, ENOENT },
		{ SOCKS_NORECEIVE, EACCES }, { SOCKS_NOSEND, EACCES },
		{ SOCKS_BADCONTEXT, EINVAL }, { SOCKS_BADTTL, EACCES },
		{ SOCKS_BADGROUP, EADDRNOTAVAIL }, { 0x99, EIO }
	};
	struct fixture	 f;
	uint32_t	 aid = 0;
	char		 text[8];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		serve_code = t[i].code;
		f = start(serve_refusal);
		assert_int_equal(socksm_connect(f.s), 0);
		fails(f.s, socksm_bind_group(f.s, "239.1.2.3", 5,
		    SOCKSM_RECEIVE | SOCKSM_SEND, 1, &aid), t[i].error,
		    SOCKSM_REFUSED);
		(void)snprintf(text, sizeof(text), "X'%02X'", t[i].code);
		assert_non_null(strstr(socksm_error(f.s), text));
		assert_non_null(strstr(socksm_error(f.s), "239.1.2.3:5"));
		assert_int_equal(socksm_code(f.s), t[i].code);
		assert_int_equal(aid, 0);
		assert_int_not_equal(socksm_control_fd(f.s), -1);
		stop(&f);
	}
}

static void
serve_mm(int c)
{
	struct socks_ctl req;

	serve_mode(c);
	req = get_ctl(c);
	req.flags = (req.flags & ~SOCKS_F_MU) | SOCKS_F_MM;
	put_reply(c, &req, SOCKS_OK, AID, NULL);
	req = get_ctl(c);
	need(req.cmd == SOCKS_UDP_RELEASE && req.aid == AID);
	put_reply(c, &req, SOCKS_OK, AID, NULL);
	wait_close(c);
}

/* A grant that is of no use is given back. */
static void
granted_mm(void **state)
{
	struct fixture	 f = start(serve_mm);
	uint32_t	 aid = 0;

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	fails(f.s, socksm_bind_group(f.s, "239.1.2.3", 5, SOCKSM_RECEIVE, 1,
	    &aid), EOPNOTSUPP, SOCKSM_LOCAL);
	stop(&f);
}

static void
serve_end(int c)
{
	struct endpoint	 relay;
	struct socks_ctl req;
	int		 u = udp_socket(&relay);

	serve_mode(c);
	req = get_ctl(c);
	put_reply(c, &req, SOCKS_OK, AID, &relay);
	addr_v4(&req.local.ep.addr, "\177\0\0\1");
	put_dgram(u, &req.local.ep, "\0\0\0\0\336\255\276\357", "last");
	(void)close(c);
}

/* The end is told, after what had come before it. */
static void
lost(void **state)
{
	struct fixture	 f = start(serve_end);
	uint32_t	 aid = 0;
	char		 buf[8];

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	assert_int_equal(socksm_bind_group(f.s, "239.1.2.3", 5,
	    SOCKSM_RECEIVE, 1, &aid), 0);
	assert_int_equal(socksm_recv(f.s, buf, sizeof(buf), NULL, 5000), 4);
	fails(f.s, (int)socksm_recv(f.s, buf, sizeof(buf), NULL, -1),
	    ECONNRESET, SOCKSM_LOST);
	assert_int_equal(socksm_control_fd(f.s), -1);
	assert_int_equal(socksm_udp_fd(f.s), -1);
	fails(f.s, (int)socksm_recv(f.s, buf, sizeof(buf), NULL, -1),
	    ENOTCONN, SOCKSM_LOST);
	fails(f.s, socksm_check(f.s), ENOTCONN, SOCKSM_LOST);
	fails(f.s, socksm_set_ttl(f.s, aid, 1), ENOTCONN, SOCKSM_LOST);
	stop(&f);
}

static void
serve_noise(int c)
{
	serve_mode(c);
	(void)get_ctl(c);
	put(c, "\2\0\3", 3);		/* SIZE below 13 */
	wait_close(c);
}

static void
noise(void **state)
{
	struct fixture	 f = start(serve_noise);
	uint32_t	 aid = 0;

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	fails(f.s, socksm_bind_group(f.s, "239.1.2.3", 5, SOCKSM_RECEIVE, 1,
	    &aid), EPROTO, SOCKSM_LOST);
	stop(&f);
}

static void
serve_login(int c)
{
	uint8_t		 buf[16];

	get(c, buf, 4);
	need(memcmp(buf, "\5\2\2\0", 4) == 0);
	put(c, "\5\2", 2);
	get(c, buf, 14);
	need(memcmp(buf, "\1\5alice\6secret", 14) == 0);
	put(c, "\1\1", 2);
}

static void
serve_methods(int c)
{
	uint8_t		 buf[3];

	get(c, buf, 3);
	put(c, "\5\377", 2);
}

static void
authentication(void **state)
{
	struct fixture	 f = start(serve_login);

	(void)state;
	assert_int_equal(socksm_set_user(f.s, "alice", "secret"), 0);
	fails(f.s, socksm_connect(f.s), EPERM, SOCKSM_AUTH);
	assert_int_equal(socksm_control_fd(f.s), -1);
	assert_null(strstr(socksm_error(f.s), "secret"));
	stop(&f);
	f = start(serve_methods);
	fails(f.s, socksm_connect(f.s), EPERM, SOCKSM_AUTH);
	stop(&f);
}

static void
serve_http(int c)
{
	put(c, "HTTP/1.1 400\r\n", 14);
	(void)shutdown(c, SHUT_WR);
}

static void
serve_rfc1928(int c)
{
	uint8_t		 buf[16];

	get(c, buf, 3);
	put(c, "\5\0", 2);
	get(c, buf, 10);
	put(c, "\5\7\0\1\0\0\0\0\0\0", 10);
}

static void
serve_silence(int c)
{
	uint8_t		 buf[3];

	get(c, buf, 3);
	wait_close(c);
}

static void
other_servers(void **state)
{
	struct fixture	 f = start(serve_http);

	(void)state;
	fails(f.s, socksm_connect(f.s), EPROTO, SOCKSM_UNREACHABLE);
	stop(&f);
	f = start(serve_rfc1928);
	fails(f.s, socksm_connect(f.s), EOPNOTSUPP, SOCKSM_REFUSED);
	assert_int_equal(socksm_code(f.s), SOCKS_BADCOMMAND);
	stop(&f);
	f = start(serve_silence);
	assert_int_equal(socksm_set_timeout(f.s, 100), 0);
	fails(f.s, socksm_connect(f.s), ETIMEDOUT, SOCKSM_UNREACHABLE);
	stop(&f);
}

static void
arguments(void **state)
{
	struct socksm	*s = socksm_new();
	uint32_t	 aid = 0;
	char		 text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	assert_int_equal(socksm_class(s), SOCKSM_FINE);
	fails(s, socksm_connect(s), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_server(s, "", NULL), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_server(s, text, NULL), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_server(s, "a", ""), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_user(s, "", "x"), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_user(s, "x", ""), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_set_user(s, "x", text), EINVAL, SOCKSM_LOCAL);
	text[255] = '\0';
	assert_int_equal(socksm_set_user(s, text, text), 0);
	fails(s, socksm_set_timeout(s, 0), EINVAL, SOCKSM_LOCAL);
	fails(s, socksm_bind_group(s, "239.1.1.1", 5, SOCKSM_SEND, 1, &aid),
	    ENOTCONN, SOCKSM_LOST);
	fails(s, (int)socksm_send(s, 1, "x", 1), ENOTCONN, SOCKSM_LOST);
	assert_int_equal(socksm_set_server(s, "127.0.0.1", "1"), 0);
	fails(s, socksm_connect(s), ECONNREFUSED, SOCKSM_UNREACHABLE);
	socksm_free(s);
	socksm_free(NULL);
}

static void
serve_idle(int c)
{
	serve_mode(c);
	wait_close(c);
}

/* What is plainly wrong never reaches the server. */
static void
bind_arguments(void **state)
{
	static const struct {
		const char	*group;
		uint16_t	 port;
		int		 flags, error;
	} t[] = {
		{ "10.0.0.1", 5, SOCKSM_SEND, EADDRNOTAVAIL },
		{ "2001:db8::1", 5, SOCKSM_SEND, EADDRNOTAVAIL },
		{ "239.1.1.1", 0, SOCKSM_SEND, EINVAL },
		{ "239.1.1.1", 5, 0, EINVAL }, { "239.1.1.1", 5, 4, EINVAL },
		{ "", 5, SOCKSM_SEND, EINVAL },
		{ "ff12::1%1", 5, SOCKSM_SEND, EINVAL }
	};
	struct fixture	 f = start(serve_idle);
	uint32_t	 aid = 0;
	size_t		 i;

	(void)state;
	assert_int_equal(socksm_connect(f.s), 0);
	fails(f.s, socksm_connect(f.s), EISCONN, SOCKSM_LOCAL);
	fails(f.s, socksm_set_server(f.s, "a", NULL), EISCONN, SOCKSM_LOCAL);
	for (i = 0; i < nitems(t); i++)
		fails(f.s, socksm_bind_group(f.s, t[i].group, t[i].port,
		    t[i].flags, 1, &aid), t[i].error, SOCKSM_LOCAL);
	stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receive),
		cmocka_unit_test(send_group),
		cmocka_unit_test(refusals),
		cmocka_unit_test(granted_mm),
		cmocka_unit_test(lost),
		cmocka_unit_test(noise),
		cmocka_unit_test(authentication),
		cmocka_unit_test(other_servers),
		cmocka_unit_test(arguments),
		cmocka_unit_test(bind_arguments)
	};

	(void)alarm(LIMIT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
