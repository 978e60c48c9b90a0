/*
 * codec_ctl.c: tests of libsocksm's codec of enhanced mode: framing, control
 * packets and datagram headers, whole, cut short and wrong (P11 to P14, P26).
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

/* P11 */
static void
frames(void **state)
{
	static const struct {
		uint8_t		 buf[3];
		enum socks_parse want;
	} t[] = {
		{ { 1, 0, 13 }, SOCKS_P_OK }, { { 1, 0, 12 }, SOCKS_P_BAD },
		{ { 2, 0, 13 }, SOCKS_P_OK }, { { 2, 0, 12 }, SOCKS_P_BAD },
		{ { 3, 0, 7 }, SOCKS_P_OK }, { { 3, 0, 6 }, SOCKS_P_BAD },
		{ { 1, 0, 0 }, SOCKS_P_BAD }, { { 3, 0, 0 }, SOCKS_P_BAD },
		{ { 1, 255, 255 }, SOCKS_P_OK }, { { 3, 255, 255 }, SOCKS_P_OK }
	};
	uint16_t	 size;
	uint8_t		 type, other;
	size_t		 i;
	unsigned int	 n;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		assert_int_equal(socks_parse_frame(at_edge(t[i].buf, 3), 3,
		    &type, &size), t[i].want);
		assert_int_equal(type, t[i].buf[0]);
		assert_int_equal(size, t[i].buf[1] << 8 | t[i].buf[2]);
		for (n = 0; n < 3; n++)
			assert_int_equal(socks_parse_frame(at_edge(t[i].buf, n),
			    n, &type, &size), SOCKS_P_MORE);
	}
	type = SOCKS_PKT_REPLY;		/* of nothing, nothing is said */
	assert_int_equal(socks_parse_frame(edge, 0, &type, &size),
	    SOCKS_P_MORE);
	assert_int_equal(type, 0);
	for (n = 0; n < 256; n++) {
		other = (uint8_t)n;
		assert_int_equal(socks_parse_frame(at_edge(&other, 1), 1, &type,
		    &size), n >= 1 && n <= 3 ? SOCKS_P_MORE : SOCKS_P_BAD);
	}
}

#define BIND_HEAD "\1\0\33\5\0\61\17\22\64\1\2\3\4"
#define LOCAL4	"\1\12\0\0\1\23\210"
#define GROUP4	"\1\357\1\2\3\23\214"
#define NAME	"\3\5a.org\23\214"
#define ADDR6	"\4\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1\23\210"

static struct socks_ctl
control(const void *body, size_t len, uint8_t type, uint8_t cmd)
{
	struct socks_ctl ctl;
	uint8_t		 buf[512];

	memcpy(buf, BIND_HEAD, 13);
	memcpy(buf + 13, body, len);
	buf[0] = type;
	buf[3] = cmd;
	socks_parse_control(at_edge(buf, 13 + len), 13 + len, &ctl);
	return ctl;
}

static void
control_fields(void **state)
{
	struct socks_ctl ctl = control(LOCAL4 GROUP4, 14, 1, SOCKS_UDP_BIND);
	char		 text[ENDPOINT_STRLEN];

	(void)state;
	assert_int_equal(ctl.type, SOCKS_PKT_REQUEST);
	assert_int_equal(ctl.cmd, SOCKS_UDP_BIND);
	assert_int_equal(ctl.flags, SOCKS_F_RECEIVE | SOCKS_F_MULTICAST |
	    SOCKS_F_MU);
	assert_int_equal(ctl.rsvd, 15);
	assert_int_equal(ctl.tid, 0x1234);
	assert_int_equal(ctl.aid, 0x01020304);
	assert_int_equal(ctl.fault, SOCKS_OK);
	assert_string_equal(endpoint_print(&ctl.local.ep, text, sizeof(text)),
	    "10.0.0.1:5000");
	assert_string_equal(endpoint_print(&ctl.remote.ep, text, sizeof(text)),
	    "239.1.2.3:5004");
}

#define BODY(s)	s, sizeof(s) - 1

/* P12, P14, P23: the first fault in the order of the octets. */
static const struct {
	const char	*body;
	size_t		 len;
	uint8_t		 bind, other;	/* faults of UDP BIND, UDP RELEASE */
} bodies[] = {
	{ BODY(LOCAL4 GROUP4), SOCKS_OK, SOCKS_OK },
	{ BODY(LOCAL4 NAME), SOCKS_OK, SOCKS_OK },
	{ BODY(ADDR6 ADDR6), SOCKS_OK, SOCKS_OK },
	{ BODY(ADDR6 GROUP4), SOCKS_OK, SOCKS_OK },
	{ BODY(""), SOCKS_FAILURE, SOCKS_OK },
	{ BODY(LOCAL4), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 GROUP4 "\0"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 GROUP4 LOCAL4), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY("\0"), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY("\0\0\0\0\0\0\0" GROUP4), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY("\2" GROUP4), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY(NAME GROUP4), SOCKS_BADATYP, SOCKS_OK },
	{ BODY("\3"), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY("\3\1 \0\1" GROUP4), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY("\1\12\0\0"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\2"), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\0\0\0\0\0\0\0"), SOCKS_BADATYP, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\1\0\0"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\3\0\0\1"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\3\3a b\0\1"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\3\377a\0\1"), SOCKS_FAILURE, SOCKS_FAILURE },
	{ BODY(LOCAL4 "\3\005127.1\0\1"), SOCKS_OK, SOCKS_OK },
	{ BODY(LOCAL4 "\3\005127.1\0\1\0"), SOCKS_FAILURE, SOCKS_FAILURE }
};

static void
control_faults(void **state)
{
	size_t		 i;
	uint8_t		 b, r, t;

	(void)state;
	for (i = 0; i < nitems(bodies); i++) {
		b = control(bodies[i].body, bodies[i].len, 1, 5).fault;
		r = control(bodies[i].body, bodies[i].len, 1, 6).fault;
		t = control(bodies[i].body, bodies[i].len, 1, 7).fault;
		if (b != bodies[i].bind || r != bodies[i].other || t != r)
			fail_msg("body %zu: X'%02X' X'%02X' X'%02X'", i, b, r,
			    t);
	}
	/* P14: the rank of X'04' is later, but it is not lost. */
	assert_int_equal(control(BODY(LOCAL4 "\3\005127.1\0\1"), 1,
	    5).remote.fault, SOCKS_HOSTUNREACH);
}

/* P14: an unknown command is X'07', whatever follows. */
static void
control_unknown(void **state)
{
	size_t		 i;
	unsigned int	 cmd;

	(void)state;
	for (cmd = 0; cmd < 256; cmd++) {
		if (cmd >= 5 && cmd <= 7)
			continue;
		for (i = 0; i < nitems(bodies); i++)
			assert_int_equal(control(bodies[i].body, bodies[i].len,
			    1, (uint8_t)cmd).fault, SOCKS_OK);
	}
}

/* Cut at every octet: X'01', or X'08' never out of nothing. */
static void
control_cut(void **state)
{
	static const char full[] = BIND_HEAD ADDR6 NAME;
	struct socks_ctl ctl;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(full) - 1; i++) {
		socks_parse_control(at_edge(full, i), i, &ctl);
		assert_int_equal(ctl.fault, SOCKS_FAILURE);
	}
	socks_parse_control(at_edge(full, i), i, &ctl);
	assert_int_equal(ctl.fault, SOCKS_OK);
	assert_string_equal(ctl.remote.name, "a.org");
}

/* P13: 27 octets, all of them there, also in a failure. */
static void
control_reply(void **state)
{
	struct socks_ctl r = { .type = SOCKS_PKT_REPLY, .cmd = SOCKS_BADTTL,
			    .tid = 0x1234 }, back;
	uint8_t		 buf[SOCKS_REPLY_MAX];
	size_t		 i;

	(void)state;
	assert_int_equal(socks_build_control(buf, sizeof(buf), &r), 27);
	assert_memory_equal(buf, "\2\0\33\25\0\0\0\22\64\0\0\0\0"
	    "\1\0\0\0\0\0\0\1\0\0\0\0\0\0", 27);
	for (i = 0; i < 27; i++)
		assert_int_equal(socks_build_control(edge - i, i, &r), 0);
	assert_int_equal(socks_build_control(edge - i, i, &r), i);
	socks_parse_control(edge - 27, 27, &back);
	assert_int_equal(back.fault, SOCKS_OK);
	assert_int_equal(back.cmd, SOCKS_BADTTL);
	assert_int_equal(back.tid, 0x1234);
	assert_int_equal(addr_parse(&r.local.ep.addr, "2001:db8::1"), 0);
	r.remote = r.local;
	assert_int_equal(socks_build_control(buf, sizeof(buf), &r), 51);
}

static void
control_request(void **state)
{
	struct socks_ctl r = { .type = SOCKS_PKT_REQUEST,
			    .cmd = SOCKS_UDP_BIND };
	uint8_t		 buf[64];

	(void)state;
	assert_int_equal(socks_build_control(buf, sizeof(buf), &r), 27);
	r.cmd = SOCKS_UDP_RELEASE;
	assert_int_equal(socks_build_control(buf, sizeof(buf), &r), 13);
	assert_memory_equal(buf, "\1\0\15\6", 4);
	assert_int_equal(addr_parse(&r.remote.ep.addr, "239.1.2.3"), 0);
	assert_int_equal(socks_build_control(buf, sizeof(buf), &r), 27);
}

/* P26 */
static void
dgrams(void **state)
{
	static const uint8_t	 in[] = "\1\201\22\64\252\273\314\335data";
	struct socks_dgram	 d;
	uint8_t			 out[SOCKS_DGRAM_HDR];
	size_t			 i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(socks_parse_dgram(at_edge(in, i), i, &d), -1);
	for (i = 8; i < sizeof(in); i++)
		assert_int_equal(socks_parse_dgram(at_edge(in, i), i, &d), 0);
	assert_int_equal(d.rsv, 1);
	assert_int_equal(d.frag, 0x81);
	assert_int_equal(d.dgid, 0x1234);
	assert_int_equal(d.aid, 0xaabbccdd);
	socks_build_dgram(out, &d);
	assert_memory_equal(out, in, 8);
}

/* P30 */
static void
data_header(void **state)
{
	uint8_t		 buf[SOCKS_DATA_FIXED];

	(void)state;
	assert_int_equal(socks_build_data(buf, 0x01020304, 0), 7);
	assert_memory_equal(buf, "\3\0\7\1\2\3\4", 7);
	assert_int_equal(socks_build_data(buf, 1, 65528), 7);
	assert_memory_equal(buf, "\3\377\377\0\0\0\1", 7);
	assert_int_equal(socks_build_data(buf, 1, 65529), 0);
	assert_int_equal(socks_build_data(buf, 1, SIZE_MAX), 0);
}

/* Whatever the octets, the parsers stay inside them. */
static void
noise(void **state)
{
	uint8_t		 buf[64], type;
	uint16_t	 size;
	struct socks_ctl ctl;
	size_t		 i, len;
	int		 n;

	(void)state;
	srand(1);
	for (n = 0; n < 200000; n++) {
		len = (size_t)rand() % sizeof(buf);
		for (i = 0; i < len; i++)
			buf[i] = (uint8_t)(rand() & (i % 7 < 5 ? 7 : 255));
		(void)socks_parse_frame(at_edge(buf, len), len, &type, &size);
		socks_parse_control(at_edge(buf, len), len, &ctl);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test(control_fields),
		cmocka_unit_test(control_faults),
		cmocka_unit_test(control_unknown),
		cmocka_unit_test(control_cut),
		cmocka_unit_test(control_reply),
		cmocka_unit_test(control_request),
		cmocka_unit_test(dgrams),
		cmocka_unit_test(data_header),
		cmocka_unit_test(noise)
	};

	return cmocka_run_group_tests(tests, edge_setup, NULL);
}
