/*
 * resolver.c: tests of the resolver with a name server on the loopback: who
 * is asked how often, what becomes of the answers, and the two files.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <event.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "log_stub.h"

#include "compat.h"

#include "dns.h"
#include "handlers.h"
#include "resolver.h"

#define PAST	400		/* more than may be under way */

static struct msg_resolved	 said[PAST];
static enum proc_role		 to[PAST];
static uint32_t			 nsaid;
static int			 server;	/* our name server's socket */
static uint8_t			 query[512];
static struct sockaddr_in	 asker;

uint64_t
proc_send(enum proc_role peer, enum msg_type type, const void *data, int fd)
{
	assert_int_equal(type, M_RESOLVED);
	assert_int_equal(fd, -1);
	assert_true(nsaid < PAST);
	said[nsaid] = *(const struct msg_resolved *)data;
	to[nsaid] = peer;
	return ++nsaid;
}

const char *
msg_string(const char *s, size_t n, const char *what)
{
	(void)what;
	assert_non_null(memchr(s, '\0', n));
	return s;
}

static char *
file(const char *text)
{
	static char	 name[2][32];
	static int	 turn;
	char		*path = name[turn++ % 2];
	int		 fd;

	strlcpy(path, "/tmp/resolver.XXXXXXXX", sizeof(name[0]));
	fd = mkstemp(path);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void
ask_from(enum proc_role from, uint64_t token, const char *name)
{
	struct msg_resolve	 m;

	memset(&m, 0, sizeof(m));
	m.token = token;
	strlcpy(m.name, name, sizeof(m.name));
	resolver_on_resolve(from, &m, -1);
}

static void
ask(const char *name)
{
	nsaid = 0;
	ask_from(PROC_POLICY, 7, name);
}

/* The next question at the name server; its length, 0: there is none. */
static size_t
question(int ms)
{
	struct pollfd	 pfd = { .fd = server, .events = POLLIN };
	socklen_t	 len = sizeof(asker);
	ssize_t		 n;

	if (poll(&pfd, 1, ms) != 1)
		return 0;
	n = recvfrom(server, query, sizeof(query), 0,
	    (struct sockaddr *)&asker, &len);
	assert_true(n > 12 + 4);
	return (size_t)n;
}

static uint16_t
question_type(void)
{
	size_t	 o = 12;

	while (query[o] != 0)
		o += 1 + (size_t)query[o];
	return query[o + 2];
}

/* Answers the question that was read last, with addresses that count up. */
static void
reply(uint8_t rcode, uint8_t n)
{
	static const uint8_t	 head[] = { 0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60,
	    0 };
	uint8_t			 buf[1024], i, size;
	size_t			 o = 12;

	memcpy(buf, query, sizeof(query));
	while (buf[o] != 0)
		o += 1 + (size_t)buf[o];
	o += 5;
	buf[2] = 0x81;
	buf[3] = 0x80 | rcode;
	buf[7] = n;
	buf[11] = 0;
	size = question_type() == DNS_A ? 4 : 16;
	for (i = 1; i <= n; i++) {
		memcpy(buf + o, head, sizeof(head));
		buf[o + 3] = (uint8_t)question_type();
		o += sizeof(head);
		buf[o++] = size;
		memset(buf + o, 0, size);
		buf[o] = size == 4 ? 192 : 0x20;
		buf[o + size - 1] = i;
		o += size;
	}
	assert_int_equal(sendto(server, buf, o, 0, (struct sockaddr *)&asker,
	    sizeof(asker)), o);
}

static void
expire(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(int *)arg = 1;
}

/* Lets the resolver run until it has said n answers; 0: not within ms. */
static int
until(uint32_t n, int ms)
{
	struct timeval	 tv = { ms / 1000, ms % 1000 * 1000 };
	struct event	 limit;
	int		 over = 0;

	evtimer_set(&limit, expire, &over);
	evtimer_add(&limit, &tv);
	while (nsaid < n && !over)
		assert_int_equal(event_loop(EVLOOP_ONCE), 0);
	evtimer_del(&limit);
	return nsaid >= n;
}

static void
assert_addr(uint8_t i, const char *text)
{
	struct addr	 a;

	assert_true(i < said[0].n);
	assert_int_equal(addr_parse(&a, text), 0);
	assert_true(addr_eq(&a, &said[0].addr[i]));
}

static void
test_hosts(void **state)
{
	(void)state;
	ask("one.test");
	assert_int_equal(nsaid, 1);
	assert_int_equal(said[0].token, 7);
	assert_int_equal(said[0].n, 2);
	assert_addr(0, "192.0.2.1");
	assert_addr(1, "2001:db8::1");
	ask("ALIAS.test");
	assert_int_equal(said[0].n, 1);
	assert_addr(0, "192.0.2.2");
	ask("localhost");
	assert_int_equal(said[0].n, 2);
	assert_addr(0, "127.0.0.1");
	ask("a.LocalHost");
	assert_int_equal(said[0].n, 2);
	assert_int_equal(hosts_find("other.test", said[0].addr, 16), 1);
	assert_int_equal(hosts_find("not.this", said[0].addr, 16), 0);
	assert_int_equal(hosts_find("x", said[0].addr, 16), 0);
	assert_int_equal(question(0), 0);
}

static void
test_no_name(void **state)
{
	(void)state;
	ask("a..b");
	assert_int_equal(nsaid, 1);
	assert_int_equal(said[0].n, 0);
	assert_int_equal(said[0].failed, 0);
	assert_int_equal(question(0), 0);
}

/* The families in turns, as many as there is room for. */
static void
test_both_families(void **state)
{
	int	 i;

	(void)state;
	ask("name.test");
	for (i = 0; i < 2; i++) {
		assert_true(question(1000) > 0);
		reply(0, question_type() == DNS_A ? 10 : 9);
	}
	assert_true(until(1, 2000));
	assert_int_equal(to[0], PROC_POLICY);
	assert_int_equal(said[0].n, 16);
	assert_addr(0, "2000::1");
	assert_addr(1, "192.0.0.1");
	assert_addr(2, "2000::2");
	assert_addr(15, "192.0.0.8");
}

/* No such name is so for both, whoever says it first. */
static void
test_no_such_name(void **state)
{
	(void)state;
	ask("name.test");
	assert_true(question(1000) > 0);
	reply(3, 0);
	assert_true(until(1, 1000));
	assert_int_equal(said[0].n, 0);
	assert_int_equal(said[0].failed, 0);
	assert_true(question(1000) > 0);	/* the other one, too late */
	reply(0, 1);
	assert_false(until(2, 50));
}

static void
test_half(void **state)
{
	(void)state;
	ask("name.test");
	do
		assert_true(question(1000) > 0);
	while (question_type() != DNS_A);
	reply(0, 1);
	assert_false(until(1, 300));		/* a little patience */
	assert_true(until(1, 500));
	assert_int_equal(said[0].n, 1);
	while (question(0) > 0)
		;
}

/* One second, two rounds; each with another id. */
static void
test_silence(void **state)
{
	uint8_t	 id[4][2];
	int	 i, j;

	(void)state;
	ask("name.test");
	for (i = 0; i < 4; i++) {
		if (i == 2)
			assert_false(until(1, 1100));
		assert_true(question(1000) > 0);
		memcpy(id[i], query, 2);
		for (j = 0; j < i; j++)
			assert_int_not_equal(memcmp(id[i], id[j], 2), 0);
	}
	assert_true(until(1, 1500));
	assert_int_equal(said[0].n, 0);
	assert_int_equal(said[0].failed, 1);
	assert_int_equal(question(0), 0);
}

static void
test_server_failure(void **state)
{
	int	 i;

	(void)state;
	ask("name.test");
	for (i = 0; i < 4; i++) {
		if (i == 2)
			assert_false(until(1, 50));
		assert_true(question(1000) > 0);
		reply(2, 0);
	}
	assert_true(until(1, 500));
	assert_int_equal(said[0].failed, 1);
}

/* No such name, said once for each: what comes second fits nothing. */
static uint32_t
refuse_questions(int ms)
{
	uint32_t	 n = 0;

	while (question(ms) > 0)
		if (question_type() == DNS_A) {
			reply(3, 0);
			n++;
		}
	return n;
}

/* 256 names of a configuration at once; a client's goes before the rest. */
static void
test_parent_in_turns(void **state)
{
	uint32_t	 i, n = 0;

	(void)state;
	nsaid = 0;
	for (i = 0; i < 300; i++) {
		ask_from(PROC_PARENT, 1000 + i, "name.test");
		n += refuse_questions(0);
	}
	assert_int_equal(n, 256);
	ask_from(PROC_POLICY, 7, "name.test");
	for (i = 0; i < 100 && nsaid < 301; i++) {
		(void)refuse_questions(10);
		(void)until(nsaid + 1, 20);
	}
	assert_int_equal(nsaid, 301);
	for (i = 0; i < 301 && to[i] != PROC_POLICY; i++)
		;
	assert_in_range(i, 0, 256);
	assert_int_equal(to[300], PROC_PARENT);
	while (question(20) > 0)
		;
}

/* Nobody listens there any more: known at once, not after all time-outs. */
static void
test_refused(void **state)
{
	(void)state;
	close(server);
	ask("name.test");
	assert_true(until(1, 500));
	assert_int_equal(said[0].failed, 1);
}

static void
test_configuration(void **state)
{
	char	*path;
	uint32_t i;

	(void)state;
	assert_int_equal(nameservers.n, 1);
	assert_int_equal(nameservers.timeout, 1000);
	assert_int_equal(nameservers.attempts, 2);
	nlines = 0;
	path = file("options timeout:77 attempts:0 rotate\n"
	    "nameserver ; none\nnameserver localhost\n"
	    "nameserver 127.0.0.2\nnameserver 127.0.0.3 # x\n"
	    "nameserver 127.0.0.4\n");
	nameserver_load(path, 9, NULL);
	unlink(path);
	assert_int_equal(nameservers.n, 3);	/* with the one there was */
	assert_int_equal(nameservers.timeout, 5000);
	assert_int_equal(nameservers.attempts, 2);
	assert_int_equal(nlines, 1);
	assert_non_null(strstr(lines[0], "nameserver localhost: not an "));
	for (i = 0; i < 64; i++)
		assert_in_range(nameserver_socket(2), 32, 47);
}

static void
test_no_server(void **state)
{
	(void)state;
	nameservers.n = 0;
	nlines = 0;
	nameserver_load("/nonexistent", 9, NULL);
	assert_int_equal(nlines, 2);
	assert_non_null(strstr(lines[1], "no name server"));
	ask("name.test");
	assert_int_equal(nsaid, 1);
	assert_int_equal(said[0].n, 0);
	assert_int_equal(said[0].failed, 1);
	assert_int_equal(nlines, 2);		/* said once */
	ask("one.test");
	assert_int_equal(said[0].n, 2);
}

static int
start(void **state)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	char			*hosts, *conf;

	(void)state;
	event_init();
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&sin, &len),
	    0);
	hosts = file("# comment\n192.0.2.1 one.test\nnonsense x\n\n"
	    "192.0.2.2\tother.test alias.Test # not.this\n"
	    "2001:db8::1 ONE.test");
	conf = file("search wrong.test\nnameserver 127.0.0.1\n"
	    "options ndots:9 timeout:1\n");
	resolver_open(hosts, conf, ntohs(sin.sin_port));
	unlink(hosts);
	unlink(conf);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_no_such_name),
		cmocka_unit_test(test_half),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_server_failure),
		cmocka_unit_test(test_parent_in_turns),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_no_server),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
