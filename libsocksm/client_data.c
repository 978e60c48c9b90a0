/*
 * client_data.c: the datagrams of a client, to and from the server's relay; it
 * runs in programs of users.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include "client.h"

#define BAD_MAX		64	/* datagrams dropped between two looks */

/* After a closed connection its class and text stay as they were. */
static int
closed(struct socksm *s)
{
	if (s->class != SOCKSM_LOST)
		return client_fail(s, SOCKSM_LOST, ENOTCONN, "not connected");
	errno = ENOTCONN;
	return -1;
}

/* Asynchronous errors of earlier datagrams say nothing about this one. */
static int
transient(int error)
{
	return error == EINTR || error == ECONNREFUSED || error == ENOBUFS;
}

static ssize_t
send_wait(struct socksm *s, const struct msghdr *msg)
{
	int64_t		 deadline = client_deadline(s);
	ssize_t		 n;

	while ((n = sendmsg(s->udp, msg, MSG_NOSIGNAL)) == -1) {
		if (errno == EAGAIN) {
			if (client_wait(s->udp, POLLOUT, deadline) == 1)
				continue;
			errno = EAGAIN;
			return -1;
		}
		if (!transient(errno) || client_now() >= deadline)
			return -1;
	}
	return n;
}

ssize_t
socksm_send(struct socksm *s, uint32_t aid, const void *data, size_t len)
{
	struct client_assoc	*a;
	struct socks_dgram	 d = { .aid = aid };	/* FRAG 0, DGID 0 */
	uint8_t			 hdr[SOCKS_DGRAM_HDR];
	struct iovec		 iov[2] = { { hdr, sizeof(hdr) },
				    { (void *)(uintptr_t)data, len } };
	struct msghdr		 msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (s->udp == -1)
		return closed(s);
	if ((a = client_assoc(s, aid)) == NULL)
		return client_fail(s, SOCKSM_LOCAL, ENOENT,
		    "no association 0x%08x", aid);
	if ((a->flags & SOCKS_F_SEND) == 0)
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "%s is not open for sending", a->name);
	if (len > SOCKSM_DATA_MAX)
		return client_fail(s, SOCKSM_LOCAL, EMSGSIZE,
		    "a datagram of %zu octets exceeds %d", len,
		    SOCKSM_DATA_MAX);
	socks_build_dgram(hdr, &d);
	msg.msg_name = &a->ss;
	msg.msg_namelen = a->sslen;
	if (send_wait(s, &msg) == -1)
		return client_fail(s, SOCKSM_LOCAL, errno,
		    "cannot send to the relay for %s: %s", a->name,
		    strerror(errno));
	return (ssize_t)len;
}

/*
 * The association that a datagram belongs to, or NULL: it must come from that
 * association's relay, whole, with a clean header (P26, P27, P28).
 */
static struct client_assoc *
judge(struct socksm *s, const uint8_t *hdr, size_t len,
    const struct sockaddr_storage *from)
{
	struct client_assoc	*a;
	struct socks_dgram	 d;
	struct endpoint		 ep;

	if (socks_parse_dgram(hdr, len, &d) == -1 || d.rsv != 0 ||
	    (d.frag != 0 && d.frag != 0x81))
		return NULL;
	if ((a = client_assoc(s, d.aid)) == NULL ||
	    (a->flags & SOCKS_F_RECEIVE) == 0)
		return NULL;
	if (endpoint_from_sockaddr(&ep, (const struct sockaddr *)from) == -1 ||
	    !endpoint_eq(&ep, &a->relay))
		return NULL;
	return a;
}

/* The next datagram that is there: its octets, 0 if bad, -1 with errno. */
static ssize_t
take_one(struct socksm *s, void *buf, size_t size, struct client_assoc **a)
{
	struct sockaddr_storage	 ss;
	uint8_t			 hdr[SOCKS_DGRAM_HDR];
	struct iovec		 iov[2] = { { hdr, sizeof(hdr) },
				    { buf, size } };
	struct msghdr		 msg = { .msg_name = &ss,
				    .msg_namelen = sizeof(ss),
				    .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t			 n;

	memset(&ss, 0, sizeof(ss));
	*a = NULL;
	if ((n = recvmsg(s->udp, &msg, 0)) == -1)
		return transient(errno) && errno != EINTR ? 0 : -1;
	if ((*a = judge(s, hdr, (size_t)n, &ss)) != NULL)
		return n - SOCKS_DGRAM_HDR;
	s->drops++;
	return 0;
}

/* The next good one. Strangers cannot keep us here: EAGAIN after some. */
static ssize_t
take(struct socksm *s, void *buf, size_t size, uint32_t *aid)
{
	struct client_assoc	*a;
	ssize_t			 n;
	int			 i;

	for (i = 0; i < BAD_MAX; i++) {
		if ((n = take_one(s, buf, size, &a)) == -1)
			return -1;
		if (a == NULL)
			continue;
		if (aid != NULL)
			*aid = a->aid;
		return n;
	}
	errno = EAGAIN;
	return -1;
}

/* Until either descriptor has something: 1, 0 too late, -1 with errno. */
static int
wait_any(struct socksm *s, int timeout, short *ctl_events)
{
	struct pollfd	 pfd[2] = {
		{ .fd = s->udp, .events = POLLIN },
		{ .fd = s->ctl, .events = POLLIN }
	};
	int		 n = poll(pfd, 2, timeout);

	*ctl_events = n > 0 && pfd[0].revents == 0 ? pfd[1].revents : 0;
	return n;
}

static int
time_left(int timeout, int64_t deadline)
{
	int64_t		 left;

	if (timeout <= 0)
		return timeout;
	left = deadline - client_now();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

ssize_t
socksm_recv(struct socksm *s, void *buf, size_t size, uint32_t *aid,
    int timeout)
{
	int64_t		 deadline = client_now() + timeout;
	ssize_t		 n;
	int		 over = 0, ready;
	short		 ctl;

	for (;;) {
		if (s->udp == -1)
			return closed(s);
		if ((n = take(s, buf, size, aid)) != -1)
			return n;
		if (errno != EAGAIN || over)
			break;
		ready = wait_any(s, time_left(timeout, deadline), &ctl);
		if (ready == -1)
			break;
		if (ctl != 0 && socksm_check(s) == -1)
			return -1;
		/* What came at the last moment is still looked at, once. */
		over = ready == 0 || (timeout >= 0 && client_now() >= deadline);
	}
	return client_fail(s, SOCKSM_LOCAL, errno,
	    "cannot receive: %s", strerror(errno));
}
