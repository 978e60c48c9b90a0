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
#include <stdlib.h>
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
static struct addr	 route;		/* what the routing table says */
static int		 answers, made;
static uint32_t		 fds_queued;
static long long	 now = 1;	/* ms */
static struct iface_addr *later;	/* what iface_load() finds beside it */
static int		 unreadable;

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

const struct addr *
distribute_egress_addr(uint32_t ifindex, uint8_t af)
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

long long
clock_ms(void)
{
	return now;
}

int
iface_load(void)
{
	if (unreadable)
		return -1;
	TAILQ_INIT(&iface_addrs);
	TAILQ_INSERT_TAIL(&iface_addrs, &inside_addr, entry);
	if (later != NULL)
		TAILQ_INSERT_TAIL(&iface_addrs, later, entry);
	return 0;
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

void
sockopen_route(const struct addr *to, uint32_t ifindex, struct addr *from)
{
	(void)to;
	(void)ifindex;
	*from = route;
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

void
fatal(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static int
setup(void **state)
{
	(void)state;
	memset(&inside_addr, 0, sizeof(inside_addr));
	assert_int_equal(addr_parse(&inside_addr.net.addr, "10.0.0.1"), 0);
	inside_addr.net.len = 24;
	strlcpy(inside_addr.ifname, "em8", sizeof(inside_addr.ifname));
	TAILQ_INIT(&iface_addrs);
	TAILQ_INSERT_TAIL(&iface_addrs, &inside_addr, entry);
	parent.generation = 5;
	parent.conf = &conf;
	TAILQ_INIT(&conf.rules);
	memset(&rule, 0, sizeof(rule));
	rule.rule.action = RULE_PASS;
	rule.rule.commands = CMD_RECEIVE | CMD_SEND;
	TAILQ_INSERT_TAIL(&conf.rules, &rule, entry);
	permit_load(&conf);
	permit_load(&conf);		/* as of the last generation */
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

/* The REMOTE of a pooled grant counts, too: P45. */
static struct msg_grant
pooled(const char *from, uint16_t slot, uint32_t ifindex, const char *to)
{
	struct msg_grant	 g = grant(SOCK_EGRESS, from, slot, ifindex);

	assert_int_equal(addr_parse(&g.remote.addr, to), 0);
	g.remote.port = 53;
	return g;
}

static void
test_unicast(void **state)
{
	struct msg_grant	 g;

	(void)state;
	g = pooled("0.0.0.0", 0, EGRESS, "192.0.2.1");
	expect(&g, EPERM, 0);
	rule.rule.commands = CMD_UDP;
	permit_load(&conf);
	expect(&g, 0, 1);
	assert_int_equal(addr_parse(&route, "192.0.2.99"), 0);
	g.reuse = 1;
	expect(&g, 0, 0);		/* P22: for each REMOTE its own */
	assert_true(addr_eq(&answer.bound.addr, &route));
	g = pooled("10.0.0.1", EGRESS_SLOTS - 1, 0, "192.0.2.1");
	expect(&g, 0, 1);
	assert_true(addr_eq(&answer.bound.addr, &g.key.addr));
	g = pooled("10.0.0.1", EGRESS_SLOTS, 0, "192.0.2.1");
	expect(&g, EINVAL, 0);
	g = pooled("10.0.0.2", 0, 0, "192.0.2.1");
	expect(&g, EADDRNOTAVAIL, 0);
	g = pooled("0.0.0.0", 0, INSIDE, "192.0.2.1");
	expect(&g, ENODEV, 0);
	g = pooled("0.0.0.0", 0, EGRESS, "239.1.1.1");
	expect(&g, EINVAL, 0);
	g = pooled("0.0.0.0", 0, EGRESS, "2001:db8::1");
	expect(&g, EINVAL, 0);
	g = pooled("0.0.0.0", 0, EGRESS, "10.0.0.1");
	expect(&g, EACCES, 0);
	g = pooled("0.0.0.0", 0, EGRESS, "127.0.0.1");
	expect(&g, EACCES, 0);
}

static void
test_dedicated(void **state)
{
	struct msg_grant	 g = grant(SOCK_DEDICATED, "192.0.2.1", 53,
				    EGRESS);

	(void)state;
	expect(&g, EPERM, 0);
	rule.rule.commands = CMD_UDP;
	permit_load(&conf);
	expect(&g, 0, 1);
	g = grant(SOCK_DEDICATED, "192.0.2.1", 53, INSIDE);
	expect(&g, ENODEV, 0);
	g = grant(SOCK_DEDICATED, "0.0.0.0", 53, EGRESS);
	expect(&g, EINVAL, 0);
	g = grant(SOCK_DEDICATED, "239.1.1.1", 53, EGRESS);
	expect(&g, EACCES, 0);
	g = grant(SOCK_DEDICATED, "10.0.0.1", 53, EGRESS);
	expect(&g, EACCES, 0);
}

/* The rule passes connect to what; it replaces the one there is. */
static void
rule_connect(uint8_t type, const char *prefix)
{
	struct prefix	 p;

	memset(&rule.rule.to, 0, sizeof(rule.rule.to));
	rule.rule.action = RULE_PASS;
	rule.rule.commands = CMD_CONNECT;
	rule.rule.to.type = type;
	if (prefix != NULL) {
		assert_int_equal(prefix_parse(&p, prefix), 0);
		rule.rule.to.a = p.addr;
		rule.rule.to.plen = p.len;
	}
	permit_load(&conf);
}

static void
expect_connect(const char *addr, int err)
{
	struct msg_grant	 g = grant(SOCK_CONNECT, addr, 80, EGRESS);

	expect(&g, err, err == 0);
}

static void
test_connect(void **state)
{
	struct msg_grant	 g = grant(SOCK_CONNECT, "192.0.2.10", 80, 0);

	(void)state;
	expect(&g, EPERM, 0);		/* no rule names the command */
	rule_connect(RULE_ANY, NULL);
	expect(&g, 0, 1);		/* the routing table's choice */
	g.key.ifindex = EGRESS;
	expect(&g, 0, 1);
	g.key.ifindex = INSIDE;
	expect(&g, ENODEV, 0);
	g = grant(SOCK_CONNECT, "192.0.2.10", 0, 0);
	expect(&g, EINVAL, 0);
	expect_connect("0.0.0.0", EINVAL);
	expect_connect("::", EINVAL);
	expect_connect("239.1.1.1", EINVAL);
	expect_connect("ff05::1", EINVAL);
	expect_connect("2001:db8::1", 0);
}

/* P45, whatever policy says. */
static const char *const protected[] = {
	"127.0.0.1", "127.255.0.1", "10.0.0.1", "10.0.0.255", "10.0.0.0",
	"169.254.1.1", "255.255.255.255", "240.0.0.1", "0.1.2.3", "::1",
	"fe80::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
	"64:ff9b::7f00:1", "2002:a00:1::5", "2002:7f00:1::", "::10.0.0.1"
};

static void
test_connect_protected(void **state)
{
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(protected); i++) {
		rule_connect(RULE_ANY, NULL);
		expect_connect(protected[i], EACCES);
		rule_connect(RULE_PREFIX, strchr(protected[i], ':') != NULL ?
		    "::/0" : "0.0.0.0/0");
		expect_connect(protected[i], EACCES);
		rule_connect(RULE_TABLE, NULL);
		expect_connect(protected[i], EACCES);
		/* Policy unmaps: a mapped one is nobody's to grant. */
		rule_connect(RULE_PREFIX, protected[i]);
		expect_connect(protected[i], strncmp(protected[i], "::ffff:",
		    7) == 0 ? EACCES : 0);
	}
}

/* The parent protects what policy does: a network's anycast address too. */
static void
test_connect_anycast(void **state)
{
	struct iface_addr	 more = { .ifname = "em7", .ifindex = EGRESS };

	(void)state;
	assert_int_equal(addr_parse(&more.net.addr, "2001:db8:7::77"), 0);
	more.net.len = 64;
	rule_connect(RULE_ANY, NULL);
	later = &more;
	now += 1000;
	expect_connect("2001:db8:7::", EACCES);
	expect_connect("2001:db8:7::77", EACCES);
	expect_connect("2001:db8:7::78", 0);
	later = NULL;
	now += 1000;
	expect_connect("2001:db8:7::", 0);
}

/* P45: an address that came after the last reload, and one that has gone. */
static void
test_connect_later(void **state)
{
	struct iface_addr	 more = { .ifname = "em7", .ifindex = EGRESS };

	(void)state;
	assert_int_equal(addr_parse(&more.net.addr, "192.0.2.77"), 0);
	more.net.len = 24;
	rule_connect(RULE_ANY, NULL);
	expect_connect("192.0.2.77", 0);
	later = &more;
	now += 1000;
	expect_connect("192.0.2.77", EACCES);
	expect_connect("192.0.2.255", EACCES);
	expect_connect("192.0.2.78", 0);
	rule_connect(RULE_SELF, NULL);
	expect_connect("192.0.2.77", 0);
	rule_connect(RULE_ANY, NULL);
	later = NULL;
	now += 1000;
	expect_connect("192.0.2.77", 0);
	unreadable = 1;
	expect_connect("192.0.2.77", 0);
	now += 1000;
	expect_connect("192.0.2.77", EACCES);
	unreadable = 0;
	expect_connect("192.0.2.77", 0);
}

static void
test_connect_named(void **state)
{
	(void)state;
	rule_connect(RULE_SELF, NULL);
	expect_connect("10.0.0.1", 0);
	expect_connect("127.0.0.1", 0);
	expect_connect("10.0.0.255", EACCES);
	rule_connect(RULE_IFACE, NULL);
	expect_connect("10.0.0.1", EACCES);
	strlcpy(rule.rule.to.name, "em8", sizeof(rule.rule.to.name));
	permit_load(&conf);
	expect_connect("10.0.0.1", 0);
	rule_connect(RULE_PREFIX, "10.0.0.0/24");
	expect_connect("10.0.0.1", EACCES);
	rule_connect(RULE_PREFIX, "127.0.0.0/16");
	expect_connect("127.0.0.5", 0);
	expect_connect("127.1.0.5", EACCES);
	rule_connect(RULE_PREFIX, "10.0.0.1");
	rule.rule.to.neg = 1;
	permit_load(&conf);
	expect_connect("10.0.0.1", EACCES);
	rule.rule.to.neg = 0;
	rule.rule.to.named = 1;		/* an address by its name */
	permit_load(&conf);
	expect_connect("10.0.0.1", EACCES);
	rule.rule.to.named = 0;
	rule.rule.action = RULE_BLOCK;
	permit_load(&conf);
	expect_connect("10.0.0.1", EPERM);
}

/* A grant of the last generation goes by the rules of that. */
static void
test_connect_generations(void **state)
{
	struct msg_grant	 g = grant(SOCK_CONNECT, "10.0.0.1", 80, 0);

	(void)state;
	rule_connect(RULE_PREFIX, "10.0.0.1");
	rule_connect(RULE_ANY, NULL);
	expect(&g, EACCES, 0);
	g.generation = 4;
	expect(&g, 0, 1);
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
		T(test_unicast),
		T(test_dedicated),
		T(test_generations),
		T(test_descriptors_queue_up),
		T(test_connect),
		T(test_connect_protected),
		T(test_connect_anycast),
		T(test_connect_later),
		T(test_connect_named),
		T(test_connect_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
