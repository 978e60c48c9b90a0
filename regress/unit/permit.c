/*
 * permit.c: tests of the parent's own look at grants: each thing that no
 * grant may say is answered with its errno and makes no socket.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "compat.h"

#include "handlers.h"
#include "iface.h"
#include "log.h"
#include "parent.h"
#include "sockopen.h"

#define EGRESS	7
#define INSIDE	8

struct parent		 parent;
struct iface_addrs	 iface_addrs = TAILQ_HEAD_INITIALIZER(iface_addrs);
static struct iface_addr inside_addr;
static struct conf	 conf;
static struct rule_node	 rule;

static struct msg_socket answer;
static int		 answers, made;
static uint32_t		 fds_queued;

uint64_t
proc_send(enum proc_role to, enum msg_type type, const void *data, int fd)
{
	assert_int_equal(to, PROC_ENGINE);
	assert_int_equal(type, M_SOCKET);
	answer = *(const struct msg_socket *)data;
	answers++;
	if (fd != -1)
		close(fd);
	return 1;
}

uint32_t
proc_queued_fds(enum proc_role to)
{
	(void)to;
	return fds_queued;
}

uint8_t
distribute_iface_role(uint32_t ifindex)
{
	return ifindex == EGRESS ? IFACE_EGRESS :
	    ifindex == INSIDE ? IFACE_INSIDE : 0;
}

const struct addr *
distribute_iface_addr(uint32_t ifindex, uint8_t af)
{
	(void)ifindex;
	(void)af;
	return NULL;
}

int
listen_is_local(const struct addr *addr)
{
	return addr_eq(addr, &inside_addr.net.addr);
}

const struct iface_addr *
iface_of(const struct addr *addr)
{
	return addr_eq(addr, &inside_addr.net.addr) ? &inside_addr : NULL;
}

uint32_t
iface_mtu(uint32_t ifindex)
{
	(void)ifindex;
	return 1500;
}

int
sockopen_key(const struct sock_key *k, const struct addr *source,
    uint32_t buffer, struct endpoint *bound)
{
	(void)k;
	(void)source;
	(void)buffer;
	(void)bound;
	made++;
	return open("/dev/null", O_RDONLY);
}

int
log_ok(struct log_rate *r, unsigned burst, const char *what)
{
	(void)r;
	(void)burst;
	(void)what;
	return 0;
}

void
log_warnx(const char *fmt, ...)
{
	(void)fmt;
}

static int
setup(void **state)
{
	(void)state;
	memset(&inside_addr, 0, sizeof(inside_addr));
	assert_int_equal(addr_parse(&inside_addr.net.addr, "10.0.0.1"), 0);
	parent.generation = 5;
	parent.conf = &conf;
	TAILQ_INIT(&conf.rules);
	memset(&rule, 0, sizeof(rule));
	rule.rule.action = RULE_PASS;
	rule.rule.commands = CMD_RECEIVE | CMD_SEND;
	TAILQ_INSERT_TAIL(&conf.rules, &rule, entry);
	permit_load(&conf);
	answers = made = fds_queued = 0;
	return 0;
}

static struct msg_grant
grant(uint8_t kind, const char *addr, uint16_t port, uint32_t ifindex)
{
	struct msg_grant	 g;

	memset(&g, 0, sizeof(g));
	g.sid = g.req = g.grant = 1;
	g.generation = 5;
	g.parts = 1;
	g.key.kind = kind;
	g.key.port = port;
	g.key.ifindex = ifindex;
	if (addr != NULL)
		assert_int_equal(addr_parse(&g.key.addr, addr), 0);
	return g;
}

static void
expect(const struct msg_grant *g, int err, int sockets)
{
	int	 before = answers, before_made = made;

	permit_on_grant(PROC_POLICY, g, -1);
	assert_int_equal(answers, before + 1);
	assert_int_equal(answer.err, err);
	assert_int_equal(made - before_made, sockets);
	assert_memory_equal(&answer.grant, g, sizeof(*g));
}

static void
test_what_is_allowed(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = grant(SOCK_GROUP, "239.1.1.1", 5000, EGRESS);
	expect(&g, 0, 1);
	g.reuse = 1;
	expect(&g, 0, 0);
	g = grant(SOCK_SEND, "0.0.0.0", 0, EGRESS);
	expect(&g, 0, 1);
	g = grant(SOCK_RELAY, "10.0.0.1", 0, INSIDE);
	expect(&g, 0, 1);
	g = grant(SOCK_NONE, NULL, 0, 0);
	expect(&g, 0, 0);
}

static void
test_kinds_and_parts(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = grant(SOCK_MAX, "239.1.1.1", 5000, EGRESS);
	expect(&g, EINVAL, 0);
	g = grant(SOCK_GROUP, "239.1.1.1", 5000, EGRESS);
	g.part = 1;
	expect(&g, EINVAL, 0);
	g.part = g.parts = 0;
	expect(&g, EINVAL, 0);
	g.parts = 1;
	g.buffer = UINT32_MAX;
	expect(&g, EINVAL, 0);
	g = grant(SOCK_GROUP, NULL, 5000, EGRESS);
	expect(&g, EAFNOSUPPORT, 0);
}

static void
test_groups(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = grant(SOCK_GROUP, "192.0.2.1", 5000, EGRESS);
	expect(&g, EINVAL, 0);
	g = grant(SOCK_GROUP, "239.1.1.1", 1023, EGRESS);
	expect(&g, EACCES, 0);
	g = grant(SOCK_GROUP, "239.1.1.1", 1024, EGRESS);
	expect(&g, 0, 1);
	g = grant(SOCK_GROUP, "239.1.1.1", 5000, INSIDE);
	expect(&g, ENODEV, 0);
	g = grant(SOCK_GROUP, "239.1.1.1", 5000, 0);
	expect(&g, ENODEV, 0);
	g = grant(SOCK_GROUP, "239.1.1.1", 5000, EGRESS);
	assert_int_equal(addr_parse(&g.key.source, "239.1.1.2"), 0);
	expect(&g, EINVAL, 0);
	assert_int_equal(addr_parse(&g.key.source, "2001:db8::1"), 0);
	expect(&g, EINVAL, 0);
}

static void
test_send_sockets(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = grant(SOCK_SEND, "0.0.0.0", 53, EGRESS);
	expect(&g, EINVAL, 0);
	g = grant(SOCK_SEND, "0.0.0.0", 0, INSIDE);
	expect(&g, ENODEV, 0);
}

static void
test_relay_sockets(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = grant(SOCK_RELAY, "10.0.0.2", 0, INSIDE);
	expect(&g, EADDRNOTAVAIL, 0);
	g = grant(SOCK_RELAY, "10.0.0.1", 53, INSIDE);
	expect(&g, EADDRNOTAVAIL, 0);
}

/* No command that no loaded rule names: not even if policy says so. */
static void
test_commands_without_a_rule(void **state)
{
	struct msg_grant	 group = grant(SOCK_GROUP, "239.1.1.1", 5000,
				    EGRESS);
	struct msg_grant	 send = grant(SOCK_SEND, "0.0.0.0", 0, EGRESS);

	(void)state;
	rule.rule.commands = CMD_RECEIVE;
	permit_load(&conf);
	expect(&group, 0, 1);
	expect(&send, EPERM, 0);
	rule.rule.commands = CMD_SEND;
	permit_load(&conf);
	expect(&group, EPERM, 0);
	expect(&send, 0, 1);
	rule.rule.action = RULE_BLOCK;
	permit_load(&conf);
	expect(&send, EPERM, 0);
}

static void
test_generations(void **state)
{
	struct msg_grant	 g = grant(SOCK_GROUP, "239.1.1.1", 5000,
				    EGRESS);

	(void)state;
	g.generation = 4;		/* the last one still counts */
	expect(&g, 0, 1);
	g.generation = 3;
	expect(&g, ESTALE, 0);
	g.generation = 6;
	expect(&g, ESTALE, 0);
}

static void
test_descriptors_queue_up(void **state)
{
	struct msg_grant	 g = grant(SOCK_GROUP, "239.1.1.1", 5000,
				    EGRESS);

	(void)state;
	fds_queued = 255;
	expect(&g, 0, 1);
	fds_queued = 256;
	expect(&g, EAGAIN, 0);
	/* a flood of connections refuses nobody what needs no descriptor */
	g.reuse = 1;
	expect(&g, 0, 0);
	g = grant(SOCK_NONE, NULL, 0, 0);
	expect(&g, 0, 0);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_what_is_allowed),
		T(test_kinds_and_parts),
		T(test_groups),
		T(test_send_sockets),
		T(test_relay_sockets),
		T(test_commands_without_a_rule),
		T(test_generations),
		T(test_descriptors_queue_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
