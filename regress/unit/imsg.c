/*
 * Messages between processes: nothing is read past an end, and a descriptor
 * comes with its own message or with none.
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "imsg.h"

#define BIG	(MAX_IMSGSIZE - IMSG_HEADER_SIZE)
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct imsgbuf	a, b;	/* the two ends */

static int
setup(void **state)
{
	int	fds[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == -1)
		return (-1);
	if (imsgbuf_init(&a, fds[0]) == -1 || imsgbuf_init(&b, fds[1]) == -1)
		return (-1);
	imsgbuf_allow_fdpass(&a);
	imsgbuf_allow_fdpass(&b);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	imsgbuf_clear(&a);
	imsgbuf_clear(&b);
	if (a.fd != -1)
		close(a.fd);
	if (b.fd != -1)
		close(b.fd);
	return (0);
}

/* An open file that can be told from every other. */
static int
a_file(ino_t *ino)
{
	struct stat	 st;
	char		 name[] = "/tmp/socksmd-imsg.XXXXXX";
	int		 fd;

	assert_int_not_equal(fd = mkstemp(name), -1);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(fstat(fd, &st), 0);
	*ino = st.st_ino;
	return (fd);
}

static ino_t
inode(int fd)
{
	struct stat	st;

	assert_int_equal(fstat(fd, &st), 0);
	return (st.st_ino);
}

static int
is_open(int fd)
{
	return (fcntl(fd, F_GETFD) != -1);
}

static int
open_count(void)
{
	int	fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += is_open(fd);
	return (n);
}

static int
lowest_free(void)
{
	int	fd;

	assert_int_not_equal(fd = dup(a.fd), -1);
	close(fd);
	return (fd);
}

static void
send_one(uint32_t type, int fd, const void *data, size_t len)
{
	assert_int_equal(imsg_compose(&a, type, 7, 42, fd, data, len), 1);
}

static void
expect_one(struct imsg *imsg, uint32_t type)
{
	assert_int_equal(imsgbuf_get(&b, imsg), 1);
	assert_int_equal(imsg_get_type(imsg), type);
}

static void
expect_none(void)
{
	struct imsg	imsg;

	assert_int_equal(imsgbuf_get(&b, &imsg), 0);
}

/* What a sends, as octets on the wire. */
static size_t
wire(unsigned char *buf, size_t size)
{
	ssize_t	n;

	assert_int_equal(imsgbuf_write(&a), 0);
	assert_true((n = recv(b.fd, buf, size, 0)) > 0);
	return ((size_t)n);
}

static void
whole_message(void **state)
{
	struct imsg	imsg;
	char		buf[6];

	(void)state;
	send_one(3, -1, "hello", 6);
	send_one(4, -1, NULL, 0);
	assert_int_equal(imsgbuf_flush(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_int_equal(imsg_get(&b, &imsg), IMSG_HEADER_SIZE + 6);
	assert_int_equal(imsg_get_type(&imsg), 3);
	assert_int_equal(imsg_get_id(&imsg), 7);
	assert_int_equal(imsg_get_pid(&imsg), 42);
	assert_int_equal(imsg_get_len(&imsg), 6);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	assert_false(imsg_fd_lost(&imsg));
	assert_memory_equal(imsg.data, "hello", 6);
	assert_int_equal(imsg_get_data(&imsg, buf, 6), 0);
	assert_memory_equal(buf, "hello", 6);
	assert_int_equal(imsg_get_len(&imsg), 0);
	imsg_free(&imsg);
	expect_one(&imsg, 4);
	assert_null(imsg.data);
	imsg_free(&imsg);
	expect_none();
}

static void
payload_bounds(void **state)
{
	struct imsg	imsg;
	struct ibuf	buf;
	char		data[8];

	(void)state;
	send_one(1, -1, "abcdef", 6);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_int_equal(imsg_get_data(&imsg, data, 5), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(imsg_get_data(&imsg, data, 7), -1);
	assert_int_equal(imsg_get_data(&imsg, data, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(imsg_get_buf(&imsg, data, 2), 0);
	assert_int_equal(imsg_get_len(&imsg), 4);
	assert_int_equal(imsg_get_ibuf(&imsg, &buf), 0);
	assert_int_equal(ibuf_size(&buf), 4);
	assert_memory_equal(ibuf_data(&buf), "cdef", 4);
	assert_int_equal(ibuf_left(&buf), 0);
	assert_int_equal(imsg_get_ibuf(&imsg, &buf), -1);
	assert_int_equal(imsg_get_buf(&imsg, data, 1), -1);
	assert_int_equal(errno, EBADMSG);
	imsg_free(&imsg);
}

static void
nothing_there(void **state)
{
	(void)state;
	assert_int_equal(imsgbuf_read(&b), 1);	/* EAGAIN counts as 1 */
	expect_none();
}

static void
octet_by_octet(void **state)
{
	struct imsg	imsg;
	unsigned char	buf[256];
	size_t		i, len, got = 0;

	(void)state;
	send_one(1, -1, "one", 3);
	send_one(2, -1, NULL, 0);
	send_one(3, -1, "three", 5);
	len = wire(buf, sizeof(buf));
	assert_int_equal(len, 3 * IMSG_HEADER_SIZE + 8);
	for (i = 0; i < len; i++) {
		assert_int_equal(send(a.fd, buf + i, 1, 0), 1);
		assert_int_equal(imsgbuf_read(&b), 1);
		if (imsgbuf_get(&b, &imsg) == 1) {
			assert_int_equal(imsg_get_type(&imsg), ++got);
			imsg_free(&imsg);
		}
		if (i == IMSG_HEADER_SIZE + 1)
			assert_int_equal(got, 0);	/* one octet short */
	}
	assert_int_equal(got, 3);
	expect_none();
}

static void
split_header(void **state)
{
	struct imsg	imsg;
	unsigned char	buf[256];
	size_t		len, cut;

	(void)state;
	for (cut = 1; cut <= IMSG_HEADER_SIZE; cut++) {
		send_one(1, -1, "first", 5);
		send_one(2, -1, "second", 6);
		len = wire(buf, sizeof(buf));
		cut += IMSG_HEADER_SIZE + 5;
		assert_int_equal(send(a.fd, buf, cut, 0), cut);
		assert_int_equal(imsgbuf_read(&b), 1);
		expect_one(&imsg, 1);
		imsg_free(&imsg);
		expect_none();
		assert_int_equal(send(a.fd, buf + cut, len - cut, 0),
		    len - cut);
		cut -= IMSG_HEADER_SIZE + 5;
		assert_int_equal(imsgbuf_read(&b), 1);
		expect_one(&imsg, 2);
		assert_memory_equal(imsg.data, "second", 6);
		imsg_free(&imsg);
	}
}

static void
descriptor_passes(void **state)
{
	struct imsg	imsg;
	ino_t		ino;
	int		fd, got;

	(void)state;
	fd = a_file(&ino);
	send_one(1, fd, "x", 1);
	assert_true(is_open(fd));		/* not before it went */
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_false(is_open(fd));
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_int_equal(imsg.hdr.len, IMSG_HEADER_SIZE + 1);
	assert_int_not_equal(got = imsg_get_fd(&imsg), -1);
	assert_int_equal(inode(got), ino);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(imsg_get_fd(&imsg), -1);	/* it is ours now */
	assert_false(imsg_fd_lost(&imsg));
	imsg_free(&imsg);
	assert_true(is_open(got));
	close(got);
}

static void
descriptor_not_taken_is_closed(void **state)
{
	struct imsg	imsg;
	ino_t		ino;
	int		before;

	(void)state;
	before = open_count();
	send_one(1, a_file(&ino), NULL, 0);
	send_one(2, a_file(&ino), NULL, 0);
	send_one(3, a_file(&ino), NULL, 0);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	imsg_free(&imsg);
	imsgbuf_clear(&b);	/* with two waiting */
	assert_int_equal(open_count(), before);
	send_one(4, a_file(&ino), NULL, 0);
	imsgbuf_clear(&a);	/* with one unsent */
	assert_int_equal(open_count(), before);
}

/* Several with, several without, one after the other. */
static void
descriptors_keep_their_messages(void **state)
{
	struct imsg	imsg;
	ino_t		ino[12];
	int		i, fd;

	(void)state;
	for (i = 0; i < 12; i++)
		send_one(i, i % 3 != 0 ? a_file(&ino[i]) : -1, "abc", 3);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_queuelen(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	for (i = 0; i < 12; i++) {
		expect_one(&imsg, i);
		fd = imsg_get_fd(&imsg);
		if (i % 3 == 0)
			assert_int_equal(fd, -1);
		else {
			assert_int_not_equal(fd, -1);
			assert_int_equal(inode(fd), ino[i]);
			close(fd);
		}
		imsg_free(&imsg);
	}
	expect_none();
}

/* The second of three does not arrive; the third still comes with its own. */
static void
lost_descriptor(void **state)
{
	struct rlimit	 old, tight;
	struct imsg	 imsg;
	ino_t		 ino[3];
	int		 i, fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	for (i = 0; i < 3; i++) {
		send_one(i, a_file(&ino[i]), "abc", 3);
		assert_int_equal(imsgbuf_flush(&a), 0);
		tight.rlim_cur = i == 1 ? (rlim_t)lowest_free() :
		    old.rlim_cur;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
		assert_int_equal(imsgbuf_read(&b), 1);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	}
	for (i = 0; i < 3; i++) {
		expect_one(&imsg, i);
		assert_int_equal(imsg_fd_lost(&imsg), i == 1);
		fd = imsg_get_fd(&imsg);
		assert_int_equal(fd == -1, i == 1);
		if (fd != -1) {
			assert_int_equal(inode(fd), ino[i]);
			close(fd);
		}
		imsg_free(&imsg);
	}
}

/* The same within one read: room for one of three. */
static void
lost_descriptors_at_once(void **state)
{
	struct rlimit	 old, tight;
	struct imsg	 imsg;
	ino_t		 ino[3];
	int		 i, fd;

	(void)state;
	for (i = 0; i < 3; i++)
		send_one(i, a_file(&ino[i]), "abc", 3);
	send_one(3, -1, NULL, 0);
	assert_int_equal(imsgbuf_flush(&a), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)lowest_free() + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (i = 0; i < 3; i++) {
		expect_one(&imsg, i);
		assert_int_equal(imsg_fd_lost(&imsg), i != 0);
		fd = imsg_get_fd(&imsg);
		assert_int_equal(fd == -1, i != 0);
		if (fd != -1) {
			assert_int_equal(inode(fd), ino[i]);
			close(fd);
		}
		imsg_free(&imsg);
	}
	expect_one(&imsg, 3);
	assert_false(imsg_fd_lost(&imsg));
	imsg_free(&imsg);
}

/* Send octets and, with the first of them, n times the descriptor. */
static void
send_with(const unsigned char *buf, size_t len, int fd, size_t n)
{
	union {
		struct cmsghdr	hdr;
		unsigned char	buf[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr	 msg;
	struct iovec	 iov;
	int		 fds[2] = { fd, fd };

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	assert_non_null(iov.iov_base = malloc(len));
	memcpy(iov.iov_base, buf, len);
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	control.hdr.cmsg_len = CMSG_LEN(n * sizeof(int));
	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.hdr), fds, n * sizeof(int));
	assert_int_equal(sendmsg(a.fd, &msg, 0), len);
	free(iov.iov_base);
}

/* The descriptor comes with an octet of the header, the rest much later. */
static void
descriptor_before_its_header(void **state)
{
	struct imsg	imsg;
	unsigned char	buf[64];
	ino_t		ino[2];
	int		fds[2], got, i;
	size_t		len;

	(void)state;
	send_one(1, dup(a.fd), "abc", 3);
	len = wire(buf, sizeof(buf));
	for (i = 0; i < 2; i++)
		fds[i] = a_file(&ino[i]);
	send_with(buf, 1, fds[0], 1);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_int_equal(send(a.fd, buf + 1, len - 1, 0), len - 1);
	send_with(buf, 1, fds[1], 1);
	assert_int_equal(imsgbuf_read(&b), 1);
	assert_int_equal(send(a.fd, buf + 1, len - 1, 0), len - 1);
	assert_int_equal(imsgbuf_read(&b), 1);
	for (i = 0; i < 2; i++) {
		expect_one(&imsg, 1);
		assert_int_not_equal(got = imsg_get_fd(&imsg), -1);
		assert_int_equal(inode(got), ino[i]);
		close(got);
		close(fds[i]);
		imsg_free(&imsg);
	}
}

/* A peer sends octets with descriptors that no header announces. */
static void
stray_descriptor(void **state)
{
	struct imsg	imsg;
	unsigned char	buf[64];
	int		before = open_count();
	size_t		i, len;

	(void)state;
	send_one(1, -1, "abc", 3);
	len = wire(buf, sizeof(buf));
	for (i = 0; i < len; i++)
		send_with(buf + i, 1, a.fd, 2);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	imsg_free(&imsg);
	assert_int_equal(open_count(), before);
	send_with(buf, 1, a.fd, 2);
	assert_int_equal(imsgbuf_read(&b), 1);
	imsgbuf_clear(&b);
	assert_int_equal(open_count(), before);
}

/* Looking for more behind a descriptor must not wait for it. */
static void
blocking_socket(void **state)
{
	struct imsg	imsg;
	ino_t		ino;

	(void)state;
	assert_int_equal(fcntl(b.fd, F_SETFL, 0), 0);
	send_one(1, a_file(&ino), NULL, 0);
	assert_int_equal(imsgbuf_write(&a), 0);
	alarm(10);
	assert_int_equal(imsgbuf_read(&b), 1);
	alarm(0);
	expect_one(&imsg, 1);
	imsg_free(&imsg);
}

static void
descriptors_refused(void **state)
{
	struct imsg	imsg;
	ino_t		ino;
	int		fd, before;

	(void)state;
	b.flags = 0;
	fd = a_file(&ino);
	before = open_count();
	assert_int_equal(imsg_compose(&b, 1, 0, 0, fd, NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_true(is_open(fd));		/* still ours */
	assert_int_equal(imsgbuf_queuelen(&b), 0);
	send_one(1, fd, NULL, 0);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_true(imsg_fd_lost(&imsg));
	assert_int_equal(imsg_get_fd(&imsg), -1);
	imsg_free(&imsg);
	assert_int_equal(open_count(), before - 1);	/* fd has gone */
}

static void
largest_message(void **state)
{
	struct imsg	 imsg;
	char		*data;

	(void)state;
	assert_non_null(data = calloc(1, BIG + 1));
	assert_int_equal(imsg_compose(&a, 1, 0, 0, -1, data, BIG + 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_null(imsg_create(&a, 1, 0, 0, BIG + 1));
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsg_compose(&a, 1, 0, 0, -1, data, SIZE_MAX), -1);
	assert_int_equal(imsgbuf_queuelen(&a), 0);
	send_one(1, -1, data, BIG);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_int_equal(imsg_get_len(&imsg), BIG);
	imsg_free(&imsg);
	free(data);
}

static void
larger_by_consent(void **state)
{
	struct imsg	 imsg;
	char		*data;
	size_t		 len = 300000;
	int		 i;

	(void)state;
	assert_int_equal(imsgbuf_set_maxsize(&a, UINT32_MAX), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(imsgbuf_set_maxsize(&a, 0x80000000U), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(imsgbuf_set_maxsize(&a, len), 0);
	assert_int_equal(imsgbuf_set_maxsize(&b, len), 0);
	assert_non_null(data = malloc(len));
	memset(data, 'x', len);
	send_one(1, -1, "first", 5);
	send_one(2, -1, data, len);
	for (i = 0; i < 1000 && imsgbuf_get(&b, &imsg) == 0; i++) {
		assert_int_equal(imsgbuf_write(&a), 0);
		assert_int_equal(imsgbuf_read(&b), 1);
	}
	assert_int_equal(imsg_get_type(&imsg), 1);
	imsg_free(&imsg);
	for (i = 0; i < 1000 && imsgbuf_get(&b, &imsg) == 0; i++) {
		assert_int_equal(imsgbuf_write(&a), 0);
		assert_int_equal(imsgbuf_read(&b), 1);
	}
	assert_int_equal(imsg_get_len(&imsg), len);
	assert_memory_equal(imsg.data, data, len);
	imsg_free(&imsg);
	free(data);
}

/* A length that cannot be is refused, and then nothing is believed. */
static void
impossible_length(void **state)
{
	static const uint32_t	 bad[] = { 0, 1, IMSG_HEADER_SIZE - 1,
				    MAX_IMSGSIZE + 1, 0x7fffffff, 0xffffffff,
				    0x80000000 };
	struct imsg_hdr		 hdr;
	struct imsg		 imsg;
	size_t			 i;

	for (i = 0; i < nitems(bad); i++) {
		memset(&hdr, 0, sizeof(hdr));
		hdr.type = 1;
		hdr.len = bad[i];
		send_one(9, -1, NULL, 0);
		assert_int_equal(imsgbuf_write(&a), 0);
		assert_int_equal(send(a.fd, &hdr, sizeof(hdr), 0),
		    sizeof(hdr));
		assert_int_equal(imsgbuf_read(&b), -1);
		assert_int_equal(errno, ERANGE);
		expect_one(&imsg, 9);	/* it came before */
		imsg_free(&imsg);
		expect_none();
		errno = 0;
		assert_int_equal(imsgbuf_read(&b), -1);
		assert_int_equal(errno, ERANGE);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void
closed_peer(void **state)
{
	struct imsg	imsg;
	unsigned char	buf[64];
	size_t		len;

	(void)state;
	send_one(1, -1, "abc", 3);
	len = wire(buf, sizeof(buf));
	assert_int_equal(send(a.fd, buf, len, 0), len);
	assert_int_equal(send(a.fd, buf, len - 1, 0), len - 1);
	close(a.fd);
	a.fd = -1;
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	imsg_free(&imsg);
	assert_int_equal(imsgbuf_read(&b), 0);
	expect_none();				/* half of one is none */
	assert_int_equal(imsg_compose(&b, 1, 0, 0, -1, NULL, 0), 1);
	assert_int_equal(imsgbuf_write(&b), -1);	/* and no SIGPIPE */
	assert_int_equal(errno, EPIPE);
	assert_int_equal(imsgbuf_flush(&b), -1);
}

/* A full socket keeps the rest queued, a descriptor among it open. */
static void
queue_length(void **state)
{
	struct imsg	 imsg;
	char		*data;
	ino_t		 ino;
	uint32_t	 n, sent, got = 0;
	int		 fd, left = 10000;

	(void)state;
	assert_non_null(data = calloc(1, BIG));
	assert_int_equal(imsgbuf_queuelen(&a), 0);
	for (n = 0; n < 200; n++) {
		assert_int_equal(imsgbuf_queuelen(&a), n);
		send_one(n, -1, data, BIG);
	}
	send_one(n++, fd = a_file(&ino), NULL, 0);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_write(&a), 0);	/* EAGAIN is no error */
	sent = n - imsgbuf_queuelen(&a);
	assert_in_range(sent, 1, n - 1);
	assert_true(is_open(fd));
	while (got < n && left-- > 0) {
		assert_int_equal(imsgbuf_read(&b), 1);
		while (imsgbuf_get(&b, &imsg) == 1) {
			assert_int_equal(imsg_get_type(&imsg), got++);
			if (got == n)
				assert_int_equal(inode(ibuf_fd_get(imsg.buf)),
				    ino);
			imsg_free(&imsg);
		}
		assert_int_equal(imsgbuf_write(&a), 0);
	}
	assert_int_equal(got, n);
	assert_int_equal(imsgbuf_queuelen(&a), 0);
	free(data);
}

static void
composed_of_parts(void **state)
{
	struct imsg	 imsg;
	struct iovec	 iov[3];
	struct ibuf	*buf;
	char		 one[] = "one", two[] = "two";

	(void)state;
	iov[0].iov_base = one;
	iov[0].iov_len = 3;
	iov[1].iov_base = NULL;
	iov[1].iov_len = 0;
	iov[2].iov_base = two;
	iov[2].iov_len = 3;
	assert_int_equal(imsg_composev(&a, 1, 0, 0, -1, iov, 3), 1);
	iov[0].iov_len = iov[2].iov_len = BIG / 2 + 1;
	assert_int_equal(imsg_composev(&a, 1, 0, 0, -1, iov, 3), -1);
	assert_int_equal(errno, ERANGE);
	assert_non_null(buf = imsg_create(&a, 2, 0, 0, 0));
	assert_int_equal(imsg_add(buf, one, 3), 3);
	assert_int_equal(imsg_add(buf, two, 3), 3);
	imsg_close(&a, buf);
	assert_int_equal(imsgbuf_queuelen(&a), 2);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 1);
	assert_int_equal(imsg_get_pid(&imsg), getpid());
	assert_int_equal(imsg_get_len(&imsg), 6);
	assert_memory_equal(imsg.data, "onetwo", 6);
	imsg_free(&imsg);
	expect_one(&imsg, 2);
	assert_memory_equal(imsg.data, "onetwo", 6);
	imsg_free(&imsg);
}

static void
forwarded(void **state)
{
	struct imsg	imsg;
	ino_t		ino;
	char		c[2];

	(void)state;
	send_one(5, a_file(&ino), "payload", 7);
	send_one(6, -1, NULL, 0);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 5);
	assert_int_equal(imsg_get_buf(&imsg, c, 2), 0);	/* read in part */
	assert_int_equal(imsg_forward(&a, &imsg), 1);
	imsg_free(&imsg);
	expect_one(&imsg, 6);
	assert_int_equal(imsg_forward(&a, &imsg), 1);
	imsg_free(&imsg);
	assert_int_equal(imsgbuf_write(&a), 0);
	assert_int_equal(imsgbuf_read(&b), 1);
	expect_one(&imsg, 5);
	assert_int_equal(imsg_get_id(&imsg), 7);
	assert_int_equal(imsg_get_pid(&imsg), 42);
	assert_int_equal(imsg_get_len(&imsg), 7);
	assert_memory_equal(imsg.data, "payload", 7);
	assert_int_equal(imsg_get_fd(&imsg), -1);
	assert_false(imsg_fd_lost(&imsg));
	imsg_free(&imsg);
	expect_one(&imsg, 6);
	assert_int_equal(imsg_get_len(&imsg), 0);
	imsg_free(&imsg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_message),
		T(payload_bounds),
		T(nothing_there),
		T(octet_by_octet),
		T(split_header),
		T(descriptor_passes),
		T(descriptor_not_taken_is_closed),
		T(descriptors_keep_their_messages),
		T(lost_descriptor),
		T(lost_descriptors_at_once),
		T(descriptor_before_its_header),
		T(stray_descriptor),
		T(blocking_socket),
		T(descriptors_refused),
		T(largest_message),
		T(larger_by_consent),
		T(impossible_length),
		T(closed_peer),
		T(queue_length),
		T(composed_of_parts),
		T(forwarded),
	};

	return (cmocka_run_group_tests_name("imsg", tests, NULL, NULL));
}
