/* A buffer is neither read nor written past its end. */
#include "compat.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "imsg.h"

static void
reading_stops_at_the_end(void **state)
{
	unsigned char	octets[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, two[2];
	struct ibuf	buf;
	uint8_t		n8;
	uint16_t	n16;
	uint32_t	n32;
	uint64_t	n64;

	(void)state;
	ibuf_from_buffer(&buf, octets, 9);
	assert_int_equal(ibuf_get_n8(&buf, &n8), 0);
	assert_int_equal(n8, 0x01);
	assert_int_equal(ibuf_get_n16(&buf, &n16), 0);
	assert_int_equal(n16, 0x0203);
	assert_int_equal(ibuf_get_n32(&buf, &n32), 0);
	assert_int_equal(n32, 0x04050607);
	assert_int_equal(ibuf_size(&buf), 2);
	errno = 0;
	assert_int_equal(ibuf_get_n32(&buf, &n32), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(ibuf_get_n64(&buf, &n64), -1);
	assert_int_equal(ibuf_skip(&buf, 3), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(ibuf_skip(&buf, SIZE_MAX), -1);
	assert_int_equal(ibuf_get(&buf, two, 3), -1);
	assert_int_equal(ibuf_size(&buf), 2);	/* none of it moved */
	assert_int_equal(ibuf_get(&buf, two, 2), 0);
	assert_int_equal(two[1], 9);
	assert_int_equal(ibuf_get_n8(&buf, &n8), -1);
	assert_int_equal(ibuf_get_n16(&buf, &n16), -1);
	assert_int_equal(ibuf_skip(&buf, 0), 0);
	ibuf_rewind(&buf);
	assert_int_equal(ibuf_get_n64(&buf, &n64), 0);
	assert_true(n64 == 0x0102030405060708ULL);
}

static void
borrowed_is_never_written(void **state)
{
	unsigned char	octets[] = { 1, 2, 3, 4 };
	struct ibuf	buf, part;

	(void)state;
	ibuf_from_buffer(&buf, octets, 3);
	assert_int_equal(ibuf_left(&buf), 0);
	assert_int_equal(ibuf_add_n8(&buf, 9), -1);
	assert_int_equal(errno, ERANGE);
	assert_null(ibuf_reserve(&buf, 1));
	assert_int_equal(ibuf_truncate(&buf, 4), -1);
	assert_int_equal(ibuf_get_ibuf(&buf, 4, &part), -1);
	assert_int_equal(ibuf_get_ibuf(&buf, 2, &part), 0);
	assert_int_equal(ibuf_size(&part), 2);
	assert_int_equal(ibuf_size(&buf), 1);
	assert_int_equal(ibuf_add_zero(&part, 1), -1);
	assert_int_equal(octets[3], 4);
	ibuf_from_ibuf(&part, &buf);
	assert_int_equal(ibuf_size(&part), 1);
	assert_int_equal(ibuf_truncate(&buf, 0), 0);
	assert_int_equal(ibuf_size(&buf), 0);
	assert_int_equal(ibuf_add_n8(&buf, 9), -1);
	assert_int_equal(octets[2], 3);
}

static void
fixed_room(void **state)
{
	struct ibuf	*buf;

	(void)state;
	assert_null(ibuf_open(0));
	assert_int_equal(errno, EINVAL);
	assert_null(ibuf_dynamic(3, 2));
	assert_null(ibuf_dynamic(SIZE_MAX, SIZE_MAX));
	assert_non_null(buf = ibuf_open(7));
	assert_int_equal(ibuf_left(buf), 7);
	assert_int_equal(ibuf_add_n32(buf, 0x01020304), 0);
	assert_int_equal(ibuf_add_n16(buf, 0x0506), 0);
	assert_int_equal(ibuf_left(buf), 1);
	assert_int_equal(ibuf_add_n16(buf, 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(ibuf_add(buf, "xx", SIZE_MAX), -1);
	assert_int_equal(ibuf_add_n8(buf, 7), 0);
	assert_int_equal(ibuf_add_n8(buf, 8), -1);
	assert_int_equal(ibuf_add_zero(buf, 0), 0);
	assert_int_equal(ibuf_size(buf), 7);
	assert_memory_equal(ibuf_data(buf), "\1\2\3\4\5\6\7", 7);
	ibuf_free(buf);
	ibuf_free(NULL);
}

static void
values_too_wide(void **state)
{
	struct ibuf	*buf;

	(void)state;
	assert_non_null(buf = ibuf_open(64));
	errno = 0;
	assert_int_equal(ibuf_add_n8(buf, 0x100), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ibuf_add_n16(buf, 0x10000), -1);
	assert_int_equal(ibuf_add_n32(buf, 0x100000000ULL), -1);
	assert_int_equal(ibuf_size(buf), 0);
	assert_int_equal(ibuf_add_n64(buf, 0x100000000ULL), 0);
	assert_int_equal(ibuf_set_n8(buf, 0, 0x100), -1);
	assert_int_equal(ibuf_set_n16(buf, 0, 0x10000), -1);
	assert_int_equal(ibuf_set_n32(buf, 0, 0x100000000ULL), -1);
	ibuf_free(buf);
}

static void
growing_room(void **state)
{
	struct ibuf	*buf;
	uint32_t	 i, v;

	(void)state;
	assert_non_null(buf = ibuf_dynamic(0, 4000));
	for (i = 0; i < 1000; i++)
		assert_int_equal(ibuf_add_n32(buf, i), 0);
	assert_int_equal(ibuf_left(buf), 0);
	assert_int_equal(ibuf_add_n8(buf, 0), -1);
	assert_int_equal(errno, ERANGE);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(ibuf_get_n32(buf, &v), 0);
		assert_int_equal(v, i);
	}
	ibuf_free(buf);
}

static void
seeking_stays_inside(void **state)
{
	struct ibuf	*buf;

	(void)state;
	assert_non_null(buf = ibuf_dynamic(4, 64));
	assert_int_equal(ibuf_add(buf, "abcd", 4), 0);
	assert_non_null(ibuf_seek(buf, 0, 4));
	assert_non_null(ibuf_seek(buf, 4, 0));
	assert_null(ibuf_seek(buf, 1, 4));
	assert_int_equal(errno, ERANGE);
	assert_null(ibuf_seek(buf, 5, 0));
	assert_null(ibuf_seek(buf, SIZE_MAX, 2));
	assert_int_equal(ibuf_set_n16(buf, 2, 0x7879), 0);
	assert_int_equal(ibuf_set_n16(buf, 3, 0x7879), -1);
	assert_int_equal(ibuf_set_n8(buf, 0, 'w'), 0);
	assert_int_equal(ibuf_set(buf, 0, "12345", 5), -1);
	assert_memory_equal(ibuf_data(buf), "wbxy", 4);
	assert_int_equal(ibuf_skip(buf, 3), 0);
	assert_null(ibuf_seek(buf, 0, 2));
	assert_int_equal(ibuf_truncate(buf, 3), 0);	/* with zeros */
	assert_memory_equal(ibuf_data(buf), "y\0\0", 3);
	ibuf_free(buf);
}

static void
descriptor_has_one_owner(void **state)
{
	struct ibuf	*buf;
	int		 p[2], fd;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_non_null(buf = ibuf_open(1));
	assert_int_equal(ibuf_fd_get(buf), -1);
	ibuf_fd_set(buf, p[0]);
	assert_true(ibuf_fd_avail(buf));
	assert_int_equal(fd = ibuf_fd_get(buf), p[0]);
	assert_false(ibuf_fd_avail(buf));
	ibuf_fd_set(buf, fd);
	ibuf_fd_set(buf, p[1]);			/* closes the first */
	assert_int_equal(close(p[0]), -1);
	ibuf_free(buf);				/* and this the second */
	assert_int_equal(close(p[1]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_stops_at_the_end),
		cmocka_unit_test(borrowed_is_never_written),
		cmocka_unit_test(fixed_room),
		cmocka_unit_test(values_too_wide),
		cmocka_unit_test(growing_room),
		cmocka_unit_test(seeking_stays_inside),
		cmocka_unit_test(descriptor_has_one_owner),
	};

	return (cmocka_run_group_tests_name("ibuf", tests, NULL, NULL));
}
