/*
 * addr.c: tests of libsocksm's addresses: text there and back, order, prefixes,
 * and every class with both of its edges (P4, P43, P45).
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "compat.h"

static struct addr
A(const char *s)
{
	struct addr	 a;

	if (addr_parse(&a, s) == -1)
		fail_msg("addr_parse(%s)", s);
	return a;
}

static struct prefix
P(const char *s)
{
	struct prefix	 p;

	if (prefix_parse(&p, s) == -1)
		fail_msg("prefix_parse(%s)", s);
	return p;
}

static void
text_roundtrip(void **state)
{
	static const char *const good[] = {
		"0.0.0.0", "255.255.255.255", "233.252.0.1", "::", "::1",
		"2001:db8::1", "ff3e::8000:1", "::ffff:192.0.2.1", "64:ff9b::1",
		"fe80::1%3", "ff02::fb%7", "fe80::ffff:ffff:ffff:ffff%4294967295"
	};
	char		 buf[ADDR_STRLEN];
	struct addr	 a;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(good); i++) {
		a = A(good[i]);
		assert_string_equal(addr_print(&a, buf, sizeof(buf)), good[i]);
	}
}

static void
text_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "1.2.3", "127.1", "1.2.3.4.", "1.2.3.4 ", " 1.2.3.4",
		"1.2.3.256", "0x7f.0.0.1", "01.2.3.4", "0x7f000001",
		"2130706433", "1.2.3.4%1", "::1%1", "2001:db8::1%1", "fe80::1%",
		"fe80::1%0", "fe80::1%-1", "fe80::1%no-such-if",
		"fe80::1%4294967296", ":::", "1::2::3", "[::1]", "12345::",
		"fe80::1%1%1", "1:2:3:4:5:6:7:8:9", "localhost", "any", "1.2.3.4/8",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:00"
	};
	struct addr	 a, none = { 0 };
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		memset(&a, 0xff, sizeof(a));
		if (addr_parse(&a, bad[i]) != -1)
			fail_msg("addr_parse took \"%s\"", bad[i]);
		assert_memory_equal(&a, &none, sizeof(a));
	}
}

static void
text_scope_name(void **state)
{
	struct addr	 a;
	char		 ifname[IF_NAMESIZE], text[ADDR_STRLEN];

	(void)state;
	if (if_indextoname(1, ifname) == NULL)
		skip();
	(void)snprintf(text, sizeof(text), "fe80::1%%%s", ifname);
	a = A(text);
	assert_int_equal(a.scope, 1);
	assert_string_equal(addr_print(&a, text, sizeof(text)), "fe80::1%1");
}

static void
text_endpoint(void **state)
{
	struct endpoint	 ep = { .addr = A("192.0.2.1"), .port = 65535 };
	char		 buf[ENDPOINT_STRLEN], small[8];

	(void)state;
	assert_string_equal(endpoint_print(&ep, buf, sizeof(buf)),
	    "192.0.2.1:65535");
	ep.addr = A("fe80::ffff:ffff:ffff:ffff%4294967295");
	assert_string_equal(endpoint_print(&ep, buf, sizeof(buf)),
	    "[fe80::ffff:ffff:ffff:ffff%4294967295]:65535");
	memset(&ep, 0, sizeof(ep));
	assert_string_equal(endpoint_print(&ep, buf, sizeof(buf)), "none:0");
	ep.addr = A("192.0.2.1");
	assert_string_equal(endpoint_print(&ep, small, sizeof(small)),
	    "192.0.2");
}

static void
text_prefix(void **state)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.1", "10.0.0.1" }, { "10.0.0.1/32", "10.0.0.1" },
		{ "10.1.2.3/8", "10.0.0.0/8" }, { "10.1.2.255/25", "10.1.2.128/25" },
		{ "255.255.255.255/0", "0.0.0.0/0" }, { "::/0", "::/0" },
		{ "2001:db8:ffff::1/33", "2001:db8:8000::/33" },
		{ "2001:db8::1/128", "2001:db8::1" },
		{ "2001:db8::ff/127", "2001:db8::fe/127" },
		/* P4: mapped is judged as IPv4 */
		{ "::ffff:10.0.0.1", "10.0.0.1" },
		{ "::ffff:10.1.0.0/104", "10.0.0.0/8" },
		{ "::ffff:0.0.0.0/96", "0.0.0.0/0" },
		{ "::ffff:0.0.0.0/95", "::fffe:0:0/95" }
	};
	static const char *const bad[] = {
		"", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
		"10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8",
		"10.0.0.0/4294967304", "10/8", "/8", "any", "10.0.0.0/0x8"
	};
	struct prefix	 p;
	char		 buf[ADDR_STRLEN];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(pairs); i++) {
		p = P(pairs[i][0]);
		assert_string_equal(prefix_print(&p, buf, sizeof(buf)),
		    pairs[i][1]);
	}
	for (i = 0; i < nitems(bad); i++)
		if (prefix_parse(&p, bad[i]) != -1)
			fail_msg("prefix_parse took \"%s\"", bad[i]);
}

static void
sockaddr_roundtrip(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1", "2001:db8::1", "fe80::1%7"
	};
	struct endpoint		 ep, back;
	struct sockaddr_storage	 ss;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(texts); i++) {
		memset(&ep, 0, sizeof(ep));
		ep.addr = A(texts[i]);
		ep.port = 5004;
		assert_int_not_equal(endpoint_to_sockaddr(&ep, &ss), 0);
		assert_int_equal(ss.ss_family, addr_sockaf(&ep.addr));
		memset(&back, 0xff, sizeof(back));
		assert_int_equal(endpoint_from_sockaddr(&back,
		    (struct sockaddr *)&ss), 0);
		assert_memory_equal(&ep, &back, sizeof(ep));
		assert_true(endpoint_eq(&ep, &back));
	}
}

static void
sockaddr_other(void **state)
{
	struct endpoint		 ep = { 0 };
	struct addr		 a, none = { 0 };
	struct sockaddr_storage	 ss = { .ss_family = AF_UNIX };

	(void)state;
	assert_int_equal(addr_from_sockaddr(&a, (struct sockaddr *)&ss), -1);
	assert_memory_equal(&a, &none, sizeof(a));
	assert_int_equal(endpoint_to_sockaddr(&ep, &ss), 0);
	assert_int_equal(addr_sockaf(&none), AF_UNSPEC);
}

/* A scope is kept only where an address means nothing without it. */
static void
scope_kept(void **state)
{
	static const char *const scoped[] = { "fe80::1", "ff02::1", "ff11::1" };
	static const char *const plain[] = { "2001:db8::1", "ff05::1", "::1" };
	struct addr	 a, b;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(scoped); i++) {
		a = A(scoped[i]);
		addr_v6(&b, a.b, 4);
		assert_int_equal(b.scope, 4);
		a = A(plain[i]);
		addr_v6(&b, a.b, 4);
		assert_int_equal(b.scope, 0);
	}
}

static void
unmap(void **state)
{
	struct addr	 a = A("::ffff:192.0.2.1"), b = A("192.0.2.1");
	struct addr	 c = A("::fffe:192.0.2.1"), d = c;

	(void)state;
	addr_unmap(&a);
	assert_memory_equal(&a, &b, sizeof(a));
	addr_unmap(&a);
	assert_memory_equal(&a, &b, sizeof(a));
	addr_unmap(&c);
	assert_memory_equal(&c, &d, sizeof(c));
}

static void
order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.0", "255.255.255.255",
		"::", "::1", "fe80::1%1", "fe80::1%2", "fe80::2", "ff02::1"
	};
	struct addr	 a, b;
	size_t		 i, j;

	(void)state;
	for (i = 0; i < nitems(sorted); i++)
		for (j = 0; j < nitems(sorted); j++) {
			a = A(sorted[i]);
			b = A(sorted[j]);
			assert_int_equal(addr_cmp(&a, &b),
			    i < j ? -1 : i > j ? 1 : 0);
			assert_int_equal(addr_eq(&a, &b), i == j);
		}
}

static void
endpoints_differ(void **state)
{
	struct endpoint	 a = { .addr = A("fe80::1%1"), .port = 1 }, b = a;

	(void)state;
	assert_true(endpoint_eq(&a, &b));
	b.port = 2;
	assert_false(endpoint_eq(&a, &b));
	b = a;
	b.addr.scope = 2;
	assert_false(endpoint_eq(&a, &b));
	b = a;
	b.addr.b[15] = 2;
	assert_false(endpoint_eq(&a, &b));
}

static void
match(void **state)
{
	static const struct {
		const char	*p, *a;
		int		 want;
	} t[] = {
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "10.0.0.0/8", "11.0.0.0", 0 }, { "10.0.0.0/8", "9.255.255.255", 0 },
		{ "10.0.0.128/25", "10.0.0.127", 0 },
		{ "10.0.0.128/25", "10.0.0.128", 1 },
		{ "10.0.0.1", "10.0.0.1", 1 }, { "10.0.0.1", "10.0.0.0", 0 },
		{ "0.0.0.0/0", "255.255.255.255", 1 }, { "0.0.0.0/0", "::", 0 },
		{ "::/0", "0.0.0.0", 0 }, { "::/0", "ffff::", 1 },
		{ "2001:db8::/127", "2001:db8::1", 1 },
		{ "2001:db8::/127", "2001:db8::2", 0 },
		{ "fe80::/10", "fe80::1%3", 1 }, { "fe80::1%3", "fe80::1%3", 1 },
		{ "fe80::1%3", "fe80::1%4", 0 }, { "fe80::1%3", "fe80::1", 0 }
	};
	struct prefix	 p;
	struct addr	 a;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		p = P(t[i].p);
		a = A(t[i].a);
		if (prefix_match(&p, &a) != t[i].want)
			fail_msg("%s ~ %s", t[i].p, t[i].a);
	}
	memset(&p, 0, sizeof(p));
	memset(&a, 0, sizeof(a));
	p.len = 200;			/* no prefix: never read past b */
	assert_false(prefix_match(&p, &a));
	p = P("::/0");
	p.len = 255;
	a = A("::");
	assert_false(prefix_match(&p, &a));
}

static void
within(void **state)
{
	static const struct {
		const char	*in, *out;
		int		 want;
	} t[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", 1 }, { "10.1.0.0/16", "10.0.0.0/8", 1 },
		{ "10.0.0.0/7", "10.0.0.0/8", 0 }, { "11.0.0.0/8", "10.0.0.0/8", 0 },
		{ "10.0.0.0/8", "0.0.0.0/0", 1 }, { "10.0.0.0/8", "::/0", 0 },
		{ "fe80::1%3", "fe80::/10", 1 }, { "fe80::1", "fe80::1%3", 0 }
	};
	struct prefix	 in, out;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		in = P(t[i].in);
		out = P(t[i].out);
		if (prefix_within(&in, &out) != t[i].want)
			fail_msg("%s in %s", t[i].in, t[i].out);
	}
}

#define C_ANY	0x01
#define C_LO	0x02
#define C_LL	0x04
#define C_MC	0x08
#define C_MCL	0x10
#define C_SSM	0x20
#define C_PROT	0x40

/* Each class at both of its edges, and one step outside. */
static const struct {
	const char	*a;
	int		 c;
} classes[] = {
	{ "0.0.0.0", C_ANY | C_PROT }, { "0.0.0.1", C_PROT },
	{ "0.255.255.255", C_PROT }, { "1.0.0.0", 0 },
	{ "10.0.0.1", 0 }, { "192.168.1.1", 0 }, { "100.64.0.1", 0 },
	{ "126.255.255.255", 0 }, { "127.0.0.0", C_LO | C_PROT },
	{ "127.255.255.255", C_LO | C_PROT }, { "128.0.0.0", 0 },
	{ "169.253.255.255", 0 }, { "169.254.0.0", C_LL | C_PROT },
	{ "169.254.255.255", C_LL | C_PROT }, { "169.255.0.0", 0 },
	{ "223.255.255.255", 0 }, { "224.0.0.0", C_MC | C_MCL | C_PROT },
	{ "224.0.0.255", C_MC | C_MCL | C_PROT },
	{ "224.0.1.0", C_MC | C_PROT }, { "225.0.0.1", C_MC | C_PROT },
	{ "231.255.255.255", C_MC | C_PROT },
	{ "232.0.0.0", C_MC | C_SSM | C_PROT },
	{ "232.255.255.255", C_MC | C_SSM | C_PROT },
	{ "233.0.0.0", C_MC | C_PROT }, { "239.255.255.255", C_MC | C_PROT },
	{ "240.0.0.0", C_PROT }, { "255.255.255.254", C_PROT },
	{ "255.255.255.255", C_PROT },

	{ "::", C_ANY | C_PROT }, { "::1", C_LO | C_PROT },
	{ "::2", C_PROT },		/* 0.0.0.2, compatible */
	{ "2001:db8::1", 0 }, { "2001::127.0.0.1", 0 }, { "fc00::1", 0 },
	{ "fe7f:ffff::", 0 }, { "fe80::", C_LL | C_PROT },
	{ "fe80::1%2", C_LL | C_PROT }, { "febf:ffff::1", C_LL | C_PROT },
	{ "fec0::", 0 }, { "feff::", 0 },
	{ "ff00::", C_MC | C_MCL | C_PROT }, { "ff01::1", C_MC | C_MCL | C_PROT },
	{ "ff02::1", C_MC | C_MCL | C_PROT }, { "ff03::1", C_MC | C_PROT },
	{ "ff12::1", C_MC | C_MCL | C_PROT },	/* whatever the flags */
	{ "ff72::1", C_MC | C_MCL | C_PROT }, { "ff75::1", C_MC | C_PROT },
	{ "ff05::1", C_MC | C_PROT }, { "ff0e::1", C_MC | C_PROT },
	{ "ff2e::1", C_MC | C_PROT }, { "ff3e::1", C_MC | C_SSM | C_PROT },
	{ "ff32::1", C_MC | C_MCL | C_SSM | C_PROT },
	{ "ff3e:0:ffff::", C_MC | C_SSM | C_PROT },
	{ "ff3e:1::", C_MC | C_PROT }, { "ff3e:100::", C_MC | C_PROT },
	{ "ff4e::1", C_MC | C_PROT },

	/* Mapped: as the IPv4 address in it (P4). */
	{ "::ffff:0.0.0.0", C_ANY | C_PROT }, { "::ffff:127.0.0.1", C_LO | C_PROT },
	{ "::ffff:169.254.0.1", C_LL | C_PROT },
	{ "::ffff:224.0.0.1", C_MC | C_MCL | C_PROT },
	{ "::ffff:232.1.1.1", C_MC | C_SSM | C_PROT },
	{ "::ffff:255.255.255.255", C_PROT }, { "::ffff:192.0.2.1", 0 },
	/* Compatible, NAT64, 6to4 (P45). */
	{ "::127.0.0.1", C_PROT }, { "::240.0.0.1", C_PROT }, { "::192.0.2.1", 0 },
	{ "64:ff9b::127.0.0.1", C_PROT }, { "64:ff9b::169.254.169.254", C_PROT },
	{ "64:ff9b::224.0.0.1", C_PROT }, { "64:ff9b::192.0.2.1", 0 },
	{ "64:ff9b:0:0:0:1:7f00:1", 0 },	/* outside the /96 */
	{ "64:ff9a::127.0.0.1", 0 }, { "64:ff9c::127.0.0.1", 0 },
	{ "2002:7f00:1::", C_PROT }, { "2002:7f00:1::1", C_PROT },
	{ "2002:0:1::1", C_PROT }, { "2002:a9fe:a9fe::1", C_PROT },
	{ "2002:e000:1::", C_PROT }, { "2002:f000::1", C_PROT },
	{ "2002:c000:201::1", 0 }, { "2003:7f00:1::", 0 }
};

static int
class_of(const struct addr *a)
{
	return (addr_is_any(a) ? C_ANY : 0) |
	    (addr_is_loopback(a) ? C_LO : 0) |
	    (addr_is_linklocal(a) ? C_LL : 0) |
	    (addr_is_multicast(a) ? C_MC : 0) |
	    (addr_is_multicast_local(a) ? C_MCL : 0) |
	    (addr_is_ssm(a) ? C_SSM : 0) |
	    (addr_is_protected(a) ? C_PROT : 0);
}

static void
class_edges(void **state)
{
	struct addr	 a;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(classes); i++) {
		a = A(classes[i].a);
		if (class_of(&a) != classes[i].c)
			fail_msg("%s is 0x%02x, not 0x%02x", classes[i].a,
			    class_of(&a), classes[i].c);
	}
	memset(&a, 0, sizeof(a));
	assert_int_equal(class_of(&a), C_PROT);
}

static void
embedded(void **state)
{
	static const char *const in[] = {
		"::ffff:192.0.2.1", "::192.0.2.1", "64:ff9b::192.0.2.1",
		"2002:c000:201::5"
	};
	struct addr	 a, v4, want = A("192.0.2.1");
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(in); i++) {
		a = A(in[i]);
		assert_int_equal(addr_embedded(&a, &v4), 1);
		assert_memory_equal(&v4, &want, sizeof(v4));
	}
	assert_int_equal(addr_embedded(&want, &v4), 0);
	a = A("2001:db8::192.0.2.1");
	assert_int_equal(addr_embedded(&a, &v4), 0);
}

/* Only what lies wholly inside one protected block (P45). */
static void
protected_prefix(void **state)
{
	static const struct {
		const char	*p;
		int		 want;
	} t[] = {
		{ "127.0.0.0/8", 1 }, { "127.0.0.0/9", 1 }, { "126.0.0.0/7", 0 },
		{ "127.0.0.1", 1 }, { "0.0.0.0/0", 0 }, { "0.0.0.0/8", 1 },
		{ "0.0.0.0/7", 0 }, { "169.254.0.0/15", 0 }, { "169.254.0.0/16", 1 },
		{ "224.0.0.0/4", 1 }, { "224.0.0.0/3", 0 }, { "240.0.0.0/4", 1 },
		{ "10.0.0.0/8", 0 }, { "::/0", 0 }, { "::1", 1 }, { "::/96", 0 },
		{ "::/104", 1 }, { "fe80::/10", 1 }, { "fe80::/9", 0 },
		{ "fe80::/64", 1 }, { "ff00::/8", 1 }, { "fe00::/7", 0 },
		{ "ff02::/16", 1 }, { "64:ff9b::/96", 0 },
		{ "64:ff9b::127.0.0.0/104", 1 }, { "64:ff9b::126.0.0.0/103", 0 },
		{ "2002::/16", 0 }, { "2002:7f00::/24", 1 }, { "2002:7f00::/23", 0 },
		{ "::ffff:127.0.0.0/104", 1 }, { "2001:db8::/32", 0 }
	};
	struct prefix	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		p = P(t[i].p);
		if (prefix_is_protected(&p) != t[i].want)
			fail_msg("%s", t[i].p);
	}
}

/* Nobody's address in a network of ours: first and last, or anycast (P45). */
static void
reserved(void **state)
{
	static const struct { const char *net, *a; int want; } t[] = {
		{ "192.0.2.0/24", "192.0.2.0", 1 },
		{ "192.0.2.0/24", "192.0.2.255", 1 },
		{ "192.0.2.0/24", "192.0.2.1", 0 },
		{ "192.0.2.0/24", "192.0.3.0", 0 },
		{ "192.0.2.0/30", "192.0.2.3", 1 },
		{ "192.0.2.0/31", "192.0.2.1", 0 },
		{ "192.0.2.0/32", "192.0.2.0", 0 },
		{ "0.0.0.0/0", "255.255.255.255", 0 },
		{ "2001:db8::/64", "2001:db8::", 1 },
		{ "2001:db8::/64", "2001:db8::1", 0 },
		{ "2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", 0 },
		{ "2001:db8::/127", "2001:db8::", 0 },
		{ "2001:db8::/64", "192.0.2.0", 0 }
	};
	struct prefix	 net;
	struct addr	 a;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		net = P(t[i].net);
		assert_int_equal(addr_parse(&a, t[i].a), 0);
		if (net.addr.af == ADDR_V4 && net.len == 24)
			net.addr.b[3] = 77;	/* host bits do not matter */
		if (prefix_is_reserved(&net, &a) != t[i].want)
			fail_msg("%s in %s", t[i].a, t[i].net);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_roundtrip),
		cmocka_unit_test(text_refused),
		cmocka_unit_test(text_scope_name),
		cmocka_unit_test(text_endpoint),
		cmocka_unit_test(text_prefix),
		cmocka_unit_test(sockaddr_roundtrip),
		cmocka_unit_test(sockaddr_other),
		cmocka_unit_test(scope_kept),
		cmocka_unit_test(unmap),
		cmocka_unit_test(order),
		cmocka_unit_test(endpoints_differ),
		cmocka_unit_test(match),
		cmocka_unit_test(within),
		cmocka_unit_test(class_edges),
		cmocka_unit_test(embedded),
		cmocka_unit_test(protected_prefix),
		cmocka_unit_test(reserved)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
