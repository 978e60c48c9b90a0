/*
 * codec.c: tests of libsocksm's codec of RFC 1928 and RFC 1929: every packet
 * whole, cut short at every octet, and wrong in every way (P1, P3 to P5, P10).
 */

#include <sys/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "edge.h"
#include "socks.h"

/* ATYP X'03', name and port 80 into buf; gives the length. */
static size_t
name_packet(uint8_t *buf, const void *name, size_t len)
{
	buf[0] = SOCKS_ATYP_NAME;
	buf[1] = (uint8_t)len;
	memcpy(buf + 2, name, len);
	buf[2 + len] = 0;
	buf[3 + len] = 80;
	return len + 4;
}

static struct socks_addr
read_name(const void *name, size_t len)
{
	struct socks_addr sa;
	uint8_t		 buf[260];
	size_t		 n, used;

	n = name_packet(buf, name, len);
	assert_int_equal(socks_parse_addr(at_edge(buf, n), n, &used, &sa),
	    SOCKS_P_OK);
	assert_int_equal(used, n);
	assert_int_equal(sa.ep.port, 80);
	return sa;
}

/* P1 */
static void
methods(void **state)
{
	const uint8_t	 good[] = { 5, 3, 0, 1, 2, 'x' };
	struct socks_methods m;
	size_t		 i, used;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(socks_parse_methods(at_edge(good, i), i, &used,
		    &m), SOCKS_P_MORE);
	assert_int_equal(socks_parse_methods(at_edge(good, 6), 6, &used, &m),
	    SOCKS_P_OK);
	assert_int_equal(used, 5);
	assert_int_equal(m.n, 3);
	assert_memory_equal(m.method, good + 2, 3);
	assert_int_equal(socks_parse_methods(at_edge("\4", 1), 1, &used, &m),
	    SOCKS_P_BAD);
	assert_int_equal(socks_parse_methods(at_edge("\5\0", 2), 2, &used, &m),
	    SOCKS_P_OK);
	assert_int_equal(m.n, 0);
	assert_int_equal(used, 2);
}

static void
methods_most(void **state)
{
	uint8_t		 buf[257] = { 5, 255 };
	struct socks_methods m;
	size_t		 used;

	(void)state;
	buf[256] = 0x42;
	assert_int_equal(socks_parse_methods(at_edge(buf, 257), 257, &used, &m),
	    SOCKS_P_OK);
	assert_int_equal(used, 257);
	assert_int_equal(m.method[254], 0x42);
}

/* P3 */
static void
userpass(void **state)
{
	const uint8_t	 good[] = "\1\5alice\6secret!";
	struct socks_userpass up;
	size_t		 i, used;

	(void)state;
	for (i = 0; i < 14; i++)
		assert_int_equal(socks_parse_userpass(at_edge(good, i), i,
		    &used, &up), SOCKS_P_MORE);
	assert_int_equal(socks_parse_userpass(at_edge(good, 15), 15, &used,
	    &up), SOCKS_P_OK);
	assert_int_equal(used, 14);
	assert_int_equal(up.version, 1);
	assert_string_equal(up.user, "alice");
	assert_string_equal(up.pass, "secret");
	assert_int_equal(socks_parse_userpass(at_edge("\5\0\0", 3), 3, &used,
	    &up), SOCKS_P_OK);
	assert_int_equal(up.version, 5);
	assert_int_equal(up.ulen + up.plen, 0);
}

static void
userpass_longest(void **state)
{
	uint8_t		 buf[513];
	struct socks_userpass up;
	size_t		 used;

	(void)state;
	memset(buf, 'a', sizeof(buf));
	buf[0] = 1;
	buf[1] = buf[257] = 255;
	assert_int_equal(socks_parse_userpass(at_edge(buf, 513), 513, &used,
	    &up), SOCKS_P_OK);
	assert_int_equal(used, 513);
	assert_int_equal(strlen(up.user), 255);
	assert_int_equal(strlen(up.pass), 255);
}

static const uint8_t	 connect_v4[] = "\5\1\0\1\300\0\2\1\0\120";
static const uint8_t	 connect_v6[] =
	"\5\1\0\4\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\1\273";
static const uint8_t	 connect_name[] = "\5\1\0\3\13example.org\0\120";
static const uint8_t	 enhanced_zero[] = "\5\4\0\0\0\0\0\0\0\0";

static const struct {
	const uint8_t	*buf;
	size_t		 len;
} requests[] = {
	{ connect_v4, sizeof(connect_v4) - 1 },
	{ connect_v6, sizeof(connect_v6) - 1 },
	{ connect_name, sizeof(connect_name) - 1 },
	{ enhanced_zero, sizeof(enhanced_zero) - 1 }
};

static void
request_cut(void **state)
{
	struct socks_request req;
	size_t		 i, j, used;

	(void)state;
	for (i = 0; i < nitems(requests); i++) {
		for (j = 0; j < requests[i].len; j++)
			assert_int_equal(socks_parse_request(
			    at_edge(requests[i].buf, j), j, &used, &req),
			    SOCKS_P_MORE);
		assert_int_equal(socks_parse_request(
		    at_edge(requests[i].buf, j), j, &used, &req), SOCKS_P_OK);
		assert_int_equal(used, j);
		assert_int_equal(req.dst.fault, SOCKS_OK);
	}
}

/* P5: what follows in the same segment is left alone. */
static void
request_pipelined(void **state)
{
	uint8_t		 buf[64];
	struct socks_request req;
	size_t		 i, used;

	(void)state;
	for (i = 0; i < nitems(requests); i++) {
		memcpy(buf, requests[i].buf, requests[i].len);
		memset(buf + requests[i].len, 0xee, 8);
		assert_int_equal(socks_parse_request(
		    at_edge(buf, requests[i].len + 8), requests[i].len + 8,
		    &used, &req), SOCKS_P_OK);
		assert_int_equal(used, requests[i].len);
	}
}

static void
request_fields(void **state)
{
	struct socks_request req;
	uint8_t		 buf[32];
	size_t		 used;

	(void)state;
	memcpy(buf, connect_v4, 10);
	buf[2] = 0xff;			/* P4: RSV is ignored, P9: a FLAG */
	assert_int_equal(socks_parse_request(buf, 10, &used, &req), SOCKS_P_OK);
	assert_int_equal(req.cmd, SOCKS_CONNECT);
	assert_int_equal(req.rsv, 0xff);
	assert_int_equal(req.dst.ep.port, 80);
	assert_int_equal(req.dst.ep.addr.af, ADDR_V4);
	assert_memory_equal(req.dst.ep.addr.b, "\300\0\2\1", 4);
	(void)socks_parse_request(connect_name, 18, &used, &req);
	assert_string_equal(req.dst.name, "example.org");
	assert_int_equal(req.dst.ep.addr.af, ADDR_NONE);
	(void)socks_parse_request(connect_v6, 22, &used, &req);
	assert_int_equal(req.dst.ep.addr.af, ADDR_V6);
	assert_int_equal(req.dst.ep.port, 443);
	assert_int_equal(socks_parse_request(at_edge("\4", 1), 1, &used, &req),
	    SOCKS_P_BAD);
}

/* P4: X'08' as soon as ATYP is there; P10: ATYP 0 only in enhanced mode. */
static void
request_atyp(void **state)
{
	uint8_t		 buf[12] = { 5, 1, 0, 0 };
	struct socks_request req;
	size_t		 used;
	unsigned int	 atyp;

	(void)state;
	for (atyp = 0; atyp < 256; atyp++) {
		if (atyp == 1 || atyp == 3 || atyp == 4)
			continue;
		buf[3] = (uint8_t)atyp;
		assert_int_equal(socks_parse_request(at_edge(buf, 4), 4, &used,
		    &req), SOCKS_P_OK);
		assert_int_equal(used, 4);
		assert_int_equal(req.dst.fault, SOCKS_BADATYP);
		assert_int_equal(socks_parse_request(at_edge(buf, 12), 12,
		    &used, &req), SOCKS_P_OK);
		assert_int_equal(used, 12);
	}
	buf[1] = SOCKS_ENHANCED;
	buf[3] = 2;
	assert_int_equal(socks_parse_request(buf, 4, &used, &req), SOCKS_P_OK);
	assert_int_equal(req.dst.fault, SOCKS_BADATYP);
}

/* P10: unused; P8: a hint. A malformed name is X'01' elsewhere (P4). */
static void
request_forgiven(void **state)
{
	static const struct {
		uint8_t		 cmd;
		const char	*name;
		uint8_t		 fault;
	} t[] = {
		{ SOCKS_CONNECT, "0", SOCKS_HOSTUNREACH },
		{ SOCKS_BIND, "0", SOCKS_HOSTUNREACH },
		{ SOCKS_ASSOCIATE, "0", SOCKS_OK },
		{ SOCKS_ENHANCED, "0", SOCKS_OK },
		{ SOCKS_CONNECT, "a b", SOCKS_FAILURE },
		{ SOCKS_ASSOCIATE, "a b", SOCKS_FAILURE },
		{ SOCKS_ENHANCED, "a b", SOCKS_OK },
		{ SOCKS_ENHANCED, "", SOCKS_OK }
	};
	uint8_t		 buf[32] = { 5, 0, 0 };
	struct socks_request req;
	size_t		 i, n, used;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		buf[1] = t[i].cmd;
		n = 3 + name_packet(buf + 3, t[i].name, strlen(t[i].name));
		assert_int_equal(socks_parse_request(at_edge(buf, n), n, &used,
		    &req), SOCKS_P_OK);
		assert_int_equal(req.dst.fault, t[i].fault);
		assert_int_equal(req.dst.ep.addr.af, ADDR_NONE);
		assert_string_equal(req.dst.name, "");
	}
}

/* P4: what a name may be. */
static void
names(void **state)
{
	static const struct {
		const char	*in, *out;	/* out NULL: fault */
		uint8_t		 fault;
	} t[] = {
		{ "example.org", "example.org", 0 },
		{ "example.org.", "example.org", 0 }, { "a", "a", 0 },
		{ "_sip._udp.example.org", "_sip._udp.example.org", 0 },
		{ "xn--nxasmq6b.example", "xn--nxasmq6b.example", 0 },
		{ "1.2.3.4.example", "1.2.3.4.example", 0 },
		{ "3com", "3com", 0 }, { "0x7fg", "0x7fg", 0 },
		{ "0xab.example", "0xab.example", 0 },
		{ "", NULL, SOCKS_FAILURE }, { ".", NULL, SOCKS_FAILURE },
		{ "..", NULL, SOCKS_FAILURE }, { ".a", NULL, SOCKS_FAILURE },
		{ "a..b", NULL, SOCKS_FAILURE }, { "a..", NULL, SOCKS_FAILURE },
		{ "a b", NULL, SOCKS_FAILURE }, { " a", NULL, SOCKS_FAILURE },
		{ "a\n", NULL, SOCKS_FAILURE }, { "a\177", NULL, SOCKS_FAILURE },
		{ "a\200", NULL, SOCKS_FAILURE }, { "\377", NULL, SOCKS_FAILURE },
		{ "127.0.0.1 ", NULL, SOCKS_FAILURE },
		{ "127.1", NULL, SOCKS_HOSTUNREACH },
		{ "127.0.1", NULL, SOCKS_HOSTUNREACH },
		{ "0x7f000001", NULL, SOCKS_HOSTUNREACH },
		{ "0X7F.1", NULL, SOCKS_HOSTUNREACH },
		{ "0x", NULL, SOCKS_HOSTUNREACH },
		{ "127.0.0.0x1", NULL, SOCKS_HOSTUNREACH },
		{ "2130706433", NULL, SOCKS_HOSTUNREACH },
		{ "2130706433.", NULL, SOCKS_HOSTUNREACH },
		{ "0", NULL, SOCKS_HOSTUNREACH },
		{ "0177.0.0.1", NULL, SOCKS_HOSTUNREACH },
		{ "127.0.0.01", NULL, SOCKS_HOSTUNREACH },
		{ "256.1.1.1", NULL, SOCKS_HOSTUNREACH },
		{ "1.2.3.4.5", NULL, SOCKS_HOSTUNREACH },
		{ "fe80::1%1", NULL, SOCKS_HOSTUNREACH },
		{ "fe80::1%lo", NULL, SOCKS_HOSTUNREACH },
		{ "a%1", NULL, SOCKS_HOSTUNREACH },
		{ "[::1]", NULL, SOCKS_HOSTUNREACH },
		{ "a:b", NULL, SOCKS_HOSTUNREACH }
	};
	struct socks_addr sa;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		sa = read_name(t[i].in, strlen(t[i].in));
		if (sa.fault != t[i].fault)
			fail_msg("\"%s\" is X'%02X'", t[i].in, sa.fault);
		assert_int_equal(sa.ep.addr.af, ADDR_NONE);
		assert_string_equal(sa.name, t[i].out ? t[i].out : "");
	}
	sa = read_name("a\0b", 3);
	assert_int_equal(sa.fault, SOCKS_FAILURE);
	sa = read_name("127.0.0.1\0", 10);
	assert_int_equal(sa.fault, SOCKS_FAILURE);
}

/* P4: 253, a trailing dot not counted; labels as DNS has them. */
static void
name_lengths(void **state)
{
	char		 n[256];
	struct socks_addr sa;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(n); i++)
		n[i] = i % 64 == 63 ? '.' : 'a';
	sa = read_name(n, 253);
	assert_int_equal(sa.fault, SOCKS_OK);
	assert_int_equal(strlen(sa.name), 253);
	assert_int_equal(read_name(n, 254).fault, SOCKS_FAILURE);
	assert_int_equal(read_name(n, 255).fault, SOCKS_FAILURE);
	n[253] = '.';
	sa = read_name(n, 254);
	assert_int_equal(sa.fault, SOCKS_OK);
	assert_int_equal(strlen(sa.name), 253);
	memset(n, 'a', 64);
	assert_int_equal(read_name(n, 63).fault, SOCKS_OK);
	assert_int_equal(read_name(n, 64).fault, SOCKS_HOSTUNREACH);
}

/* P4: a name that is an address is that address. */
static void
name_is_address(void **state)
{
	static const char *const t[][2] = {
		{ "192.0.2.1", "192.0.2.1" }, { "192.0.2.1.", "192.0.2.1" },
		{ "127.0.0.1", "127.0.0.1" }, { "0.0.0.0", "0.0.0.0" },
		{ "2001:DB8::1", "2001:db8::1" }, { "::", "::" },
		{ "::ffff:192.0.2.1", "192.0.2.1" }, { "fe80::1", "fe80::1" },
		{ "239.1.2.3", "239.1.2.3" }
	};
	struct socks_addr sa;
	char		 text[ADDR_STRLEN];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		sa = read_name(t[i][0], strlen(t[i][0]));
		assert_int_equal(sa.fault, SOCKS_OK);
		assert_string_equal(sa.name, "");
		assert_string_equal(addr_print(&sa.ep.addr, text, sizeof(text)),
		    t[i][1]);
	}
}

static void
addr_mapped(void **state)
{
	const uint8_t	 in[] = "\4\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1\0\120";
	struct socks_addr sa;
	size_t		 used;

	(void)state;
	assert_int_equal(socks_parse_addr(at_edge(in, 19), 19, &used, &sa),
	    SOCKS_P_OK);
	assert_int_equal(sa.ep.addr.af, ADDR_V4);
	assert_true(addr_is_loopback(&sa.ep.addr));
}

static void
addr_built(void **state)
{
	static const char *const t[] = { "192.0.2.1", "2001:db8::1", "a.org" };
	struct socks_addr sa, back;
	uint8_t		 buf[64];
	size_t		 i, n, m, used;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		sa = read_name(t[i], strlen(t[i]));
		n = socks_build_addr(buf, sizeof(buf), &sa);
		assert_int_not_equal(n, 0);
		for (m = 0; m < n; m++)
			assert_int_equal(socks_build_addr(edge - m, m, &sa), 0);
		assert_int_equal(socks_build_addr(edge - n, n, &sa), n);
		for (m = 0; m < n; m++)
			assert_int_equal(socks_parse_addr(at_edge(buf, m), m,
			    &used, &back), SOCKS_P_MORE);
		assert_int_equal(socks_parse_addr(at_edge(buf, n), n, &used,
		    &back), SOCKS_P_OK);
		assert_memory_equal(&sa, &back, sizeof(sa));
	}
	memset(&sa, 0, sizeof(sa));
	sa.ep.port = 9;			/* P13: not populated */
	assert_int_equal(socks_build_addr(buf, sizeof(buf), &sa), 7);
	assert_memory_equal(buf, "\1\0\0\0\0\0\0", 7);
}

static void
replies(void **state)
{
	struct endpoint	 ep = { .port = 1080 };
	struct socks_addr bnd;
	uint8_t		 buf[SOCKS_REPLY_MAX], ver, code, rsv;
	size_t		 i, n, used;

	(void)state;
	assert_int_equal(addr_parse(&ep.addr, "192.0.2.1"), 0);
	n = socks_build_reply(buf, sizeof(buf), 5, 2, 1, &ep);
	assert_int_equal(n, 10);
	assert_memory_equal(buf, "\5\2\1\1\300\0\2\1\4\70", 10);
	for (i = 0; i < n; i++) {
		assert_int_equal(socks_build_reply(edge - i, i, 5, 2, 1, &ep),
		    0);
		assert_int_equal(socks_parse_reply(at_edge(buf, i), i, &used,
		    &ver, &code, &rsv, &bnd), SOCKS_P_MORE);
	}
	assert_int_equal(socks_parse_reply(at_edge(buf, n), n, &used, &ver,
	    &code, &rsv, &bnd), SOCKS_P_OK);
	assert_int_equal(used, n);
	assert_int_equal(ver << 16 | code << 8 | rsv, 0x050201);
	assert_true(endpoint_eq(&bnd.ep, &ep));
	buf[3] = 9;
	assert_int_equal(socks_parse_reply(buf, n, &used, &ver, &code, &rsv,
	    &bnd), SOCKS_P_BAD);
	assert_int_equal(socks_build_reply(buf, sizeof(buf), 1, 0, 0, NULL),
	    10);
	assert_memory_equal(buf, "\1\0\0\1\0\0\0\0\0\0", 10);
}

static void
requests_built(void **state)
{
	struct socks_request req;
	uint8_t		 buf[64];
	size_t		 i, j, n, used;

	(void)state;
	for (i = 0; i < 3; i++) {
		n = requests[i].len;
		(void)socks_parse_request(requests[i].buf, n, &used, &req);
		for (j = 0; j < n; j++)
			assert_int_equal(socks_build_request(edge - j, j, &req),
			    0);
		assert_int_equal(socks_build_request(buf, sizeof(buf), &req), n);
		assert_memory_equal(buf, requests[i].buf, n);
	}
	assert_int_equal(socks_build_method(buf, 2, 0xff), 2);
	assert_memory_equal(buf, "\5\377", 2);
	assert_int_equal(socks_build_auth(buf, 2, 1), 2);
	assert_memory_equal(buf, "\1\1", 2);
	assert_int_equal(socks_build_method(edge - 1, 1, 0), 0);
	assert_int_equal(socks_build_auth(edge, 0, 0), 0);
}

/* Every code and command of the protocol has words of its own. */
static void
words(void **state)
{
	static const uint8_t codes[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
	};
	size_t		 i, j;

	(void)state;
	for (i = 0; i < nitems(codes); i++) {
		assert_string_not_equal(socks_strerror(codes[i]),
		    socks_strerror(0xff));
		for (j = 0; j < i; j++)
			assert_string_not_equal(socks_strerror(codes[i]),
			    socks_strerror(codes[j]));
	}
	assert_string_equal(socks_strcommand(SOCKS_CONNECT), "connect");
	assert_string_equal(socks_strcommand(SOCKS_SET_TTL), "set-ttl");
	assert_string_equal(socks_strcommand(0), "unknown");
}

/* Whatever the octets, a parser stays inside them and says used <= len. */
static void
noise(void **state)
{
	uint8_t		 buf[64], v[3];
	struct socks_methods m;
	struct socks_userpass up;
	struct socks_request req;
	struct socks_addr sa;
	const uint8_t	*p;
	size_t		 i, len, used;
	int		 n;

	(void)state;
	srand(1);
	for (n = 0; n < 200000; n++) {
		len = (size_t)rand() % sizeof(buf);
		for (i = 0; i < len; i++)
			buf[i] = (uint8_t)(rand() & (i < 5 ? 7 : 255));
		p = at_edge(buf, len);
		if (socks_parse_methods(p, len, &used, &m) == SOCKS_P_OK)
			assert_true(used <= len);
		if (socks_parse_userpass(p, len, &used, &up) == SOCKS_P_OK)
			assert_true(used <= len);
		if (socks_parse_request(p, len, &used, &req) == SOCKS_P_OK)
			assert_true(used <= len);
		if (socks_parse_reply(p, len, &used, v, v + 1, v + 2, &sa) ==
		    SOCKS_P_OK)
			assert_true(used <= len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods),
		cmocka_unit_test(methods_most),
		cmocka_unit_test(userpass),
		cmocka_unit_test(userpass_longest),
		cmocka_unit_test(request_cut),
		cmocka_unit_test(request_pipelined),
		cmocka_unit_test(request_fields),
		cmocka_unit_test(request_atyp),
		cmocka_unit_test(request_forgiven),
		cmocka_unit_test(names),
		cmocka_unit_test(name_lengths),
		cmocka_unit_test(name_is_address),
		cmocka_unit_test(addr_mapped),
		cmocka_unit_test(addr_built),
		cmocka_unit_test(replies),
		cmocka_unit_test(requests_built),
		cmocka_unit_test(words),
		cmocka_unit_test(noise)
	};

	return cmocka_run_group_tests(tests, edge_setup, NULL);
}
