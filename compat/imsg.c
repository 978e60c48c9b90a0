/*
 * Whole messages over a local stream socket, with at most one descriptor
 * each; part of every process.
 *
 * On the wire a message is struct imsg_hdr and its payload; the top bit of
 * len says that a descriptor was attached.  A sendmsg(2) carries at most one
 * descriptor, and that belongs to the first message of it.  A recvmsg(2) ends
 * where octets that came with a descriptor end, so among the messages that
 * begin in one recvmsg(2) at most one is marked, and the descriptor that came
 * is its own, or lost if none came.  So a lost one never shifts the others.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "ibuf_fd.h"

#define IMSG_ALLOW_FDPASS	0x01
#define IMSG_FD_MARK		0x80000000U
#define IMSG_READ_SIZE		65536
#define IMSG_IOVS		64	/* messages in one sendmsg(2) */
#define IMSG_BURST		32	/* system calls in one read or write */

TAILQ_HEAD(ibufqueue, ibuf);

struct msgbuf {
	struct ibufqueue	 wq;		/* to be written */
	uint32_t		 wlen;
	struct ibufqueue	 rq;		/* whole messages, not yet got */
	unsigned char		*rbuf;
	size_t			 rsize;
	size_t			 rlen;		/* octets of an unfinished one */
	int			 rfd;		/* that came with its start */
	int			 error;		/* the stream makes no sense */
};

union control {
	struct cmsghdr	hdr;
	unsigned char	buf[CMSG_SPACE(sizeof(int))];
};

static void	fd_drop(int *);
static int	msgbuf_recv(struct imsgbuf *, int);
static int	msgbuf_fds(struct msghdr *);
static int	msgbuf_split(struct imsgbuf *, size_t, int);
static void	msgbuf_consume(struct msgbuf *, size_t);
static int	msgbuf_room(struct msgbuf *, size_t);
static int	msgbuf_peek(struct imsgbuf *, size_t, struct imsg_hdr *);
static int	msgbuf_take(struct msgbuf *, size_t, size_t, int, int *);
static int	msgbuf_send(struct imsgbuf *);
static void	msgbuf_sent(struct msgbuf *, size_t);
static void	control_set(struct msghdr *, union control *, int);
static void	ibufqueue_clear(struct ibufqueue *);

int
imsgbuf_init(struct imsgbuf *imsgbuf, int fd)
{
	struct msgbuf	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (-1);
	if ((w->rbuf = malloc(IMSG_READ_SIZE)) == NULL) {
		free(w);
		return (-1);
	}
	w->rsize = IMSG_READ_SIZE;
	w->rfd = -1;
	TAILQ_INIT(&w->wq);
	TAILQ_INIT(&w->rq);
	imsgbuf->w = w;
	imsgbuf->pid = getpid();
	imsgbuf->maxsize = MAX_IMSGSIZE;
	imsgbuf->fd = fd;
	imsgbuf->flags = 0;
	return (0);
}

void
imsgbuf_allow_fdpass(struct imsgbuf *imsgbuf)
{
	imsgbuf->flags |= IMSG_ALLOW_FDPASS;
}

/* The largest payload. */
int
imsgbuf_set_maxsize(struct imsgbuf *imsgbuf, uint32_t max)
{
	if (max > UINT32_MAX - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return (-1);
	}
	max += IMSG_HEADER_SIZE;
	if (max & IMSG_FD_MARK) {
		errno = EINVAL;
		return (-1);
	}
	imsgbuf->maxsize = max;
	return (0);
}

static void
ibufqueue_clear(struct ibufqueue *queue)
{
	struct ibuf	*buf;

	while ((buf = TAILQ_FIRST(queue)) != NULL) {
		TAILQ_REMOVE(queue, buf, entry);
		ibuf_free(buf);
	}
}

/* Drop everything queued either way; the socket stays the caller's. */
void
imsgbuf_clear(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;

	if (w == NULL)
		return;
	ibufqueue_clear(&w->wq);
	ibufqueue_clear(&w->rq);
	fd_drop(&w->rfd);
	explicit_bzero(w->rbuf, w->rlen);
	free(w->rbuf);
	free(w);
	imsgbuf->w = NULL;
}

uint32_t
imsgbuf_queuelen(struct imsgbuf *imsgbuf)
{
	return (imsgbuf->w == NULL ? 0 : imsgbuf->w->wlen);
}

/*
 * A descriptor ends a recvmsg(2) early, so more may be waiting: go on, but
 * never block for it.  What fails there fails again at the next call.
 */
int
imsgbuf_read(struct imsgbuf *imsgbuf)
{
	int	i, n, flags = 0;

	if (imsgbuf->w->error != 0) {
		errno = imsgbuf->w->error;
		return (-1);
	}
	for (i = 0; i < IMSG_BURST; i++) {
		n = msgbuf_recv(imsgbuf, flags);
		if (n != 2)
			return (i == 0 ? n : 1);
		flags = MSG_DONTWAIT;
	}
	return (1);
}

/* As imsgbuf_read(), and 2 if a descriptor came. */
static int
msgbuf_recv(struct imsgbuf *imsgbuf, int flags)
{
	struct msgbuf	*w = imsgbuf->w;
	struct msghdr	 msg;
	struct iovec	 iov;
	union control	 control;
	ssize_t		 n;
	size_t		 old = w->rlen;
	int		 attached;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = w->rbuf + old;
	iov.iov_len = w->rsize - old;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (imsgbuf->flags & IMSG_ALLOW_FDPASS) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
	}
	do {
		n = recvmsg(imsgbuf->fd, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return (errno == EAGAIN || errno == EWOULDBLOCK ? 1 : -1);
	attached = msg.msg_controllen != 0 || (msg.msg_flags & MSG_CTRUNC);
	w->rlen += (size_t)n;
	if (msgbuf_split(imsgbuf, old, msgbuf_fds(&msg)) == -1) {
		w->error = errno;
		return (-1);
	}
	if (n == 0)
		return (0);
	return (attached ? 2 : 1);
}

/* The first descriptor that came, or -1; nobody of ours sends more. */
static int
msgbuf_fds(struct msghdr *msg)
{
	struct cmsghdr	*c;
	unsigned char	*p;
	size_t		 len;
	int		 fd, first = -1;

	if (msg->msg_controllen == 0)
		return (-1);
	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		p = CMSG_DATA(c);
		len = c->cmsg_len - CMSG_LEN(0);
		for (; len >= sizeof(fd); p += sizeof(fd), len -= sizeof(fd)) {
			memcpy(&fd, p, sizeof(fd));
			if (first == -1)
				first = fd;
			else
				(void)close(fd);	/* never asked for */
		}
	}
	return (first);
}

static void
fd_drop(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);	/* nobody is left to hear of it */
	*fd = -1;
}

/*
 * Move every whole message to the queue.  The first may have begun before
 * this read, in the old octets; then its descriptor, if any, is w->rfd.
 */
static int
msgbuf_split(struct imsgbuf *imsgbuf, size_t old, int fd)
{
	struct msgbuf	*w = imsgbuf->w;
	struct imsg_hdr	 hdr;
	size_t		 pos = 0;
	int		 n, r = 0, *owner;

	while ((n = msgbuf_peek(imsgbuf, pos, &hdr)) == 1) {
		owner = pos == 0 && old != 0 ? &w->rfd : &fd;
		if ((r = msgbuf_take(w, pos, hdr.len & ~IMSG_FD_MARK,
		    (hdr.len & IMSG_FD_MARK) != 0, owner)) == -1)
			break;
		pos += hdr.len & ~IMSG_FD_MARK;
		fd_drop(&w->rfd);	/* came with a message without mark */
	}
	if (n == -1)
		r = -1;
	if (pos < w->rlen && (pos != 0 || old == 0)) {
		/* the unfinished message began in this read */
		w->rfd = fd;
		fd = -1;
	}
	fd_drop(&fd);
	msgbuf_consume(w, pos);
	return (r);
}

/* 1 if a whole message stands at pos, 0 if not yet, -1 if none can. */
static int
msgbuf_peek(struct imsgbuf *imsgbuf, size_t pos, struct imsg_hdr *hdr)
{
	struct msgbuf	*w = imsgbuf->w;
	size_t		 len, left = w->rlen - pos;

	if (left < sizeof(*hdr))
		return (0);
	memcpy(hdr, w->rbuf + pos, sizeof(*hdr));
	len = hdr->len & ~IMSG_FD_MARK;
	if (len < sizeof(*hdr) || len > imsgbuf->maxsize) {
		errno = ERANGE;
		return (-1);
	}
	if (len <= left)
		return (1);
	return (pos == 0 ? msgbuf_room(w, len) : 0);
}

/* Room for one message of len octets, which set_maxsize may have allowed. */
static int
msgbuf_room(struct msgbuf *w, size_t len)
{
	unsigned char	*p;

	if (len <= w->rsize)
		return (0);
	if ((p = malloc(len)) == NULL)
		return (-1);
	memcpy(p, w->rbuf, w->rlen);
	explicit_bzero(w->rbuf, w->rlen);
	free(w->rbuf);
	w->rbuf = p;
	w->rsize = len;
	return (0);
}

static int
msgbuf_take(struct msgbuf *w, size_t pos, size_t len, int marked, int *fd)
{
	struct ibuf	*buf;

	if ((buf = ibuf_open(len)) == NULL)
		return (-1);
	(void)ibuf_add(buf, w->rbuf + pos, len);	/* fits: len is max */
	if (marked && *fd == -1)
		buf->fd = IBUF_FD_LOST;
	else if (marked) {
		ibuf_fd_set(buf, *fd);
		*fd = -1;
	}
	TAILQ_INSERT_TAIL(&w->rq, buf, entry);
	return (0);
}

/* The octets before pos live on in their messages alone: wiped here. */
static void
msgbuf_consume(struct msgbuf *w, size_t pos)
{
	size_t	left = w->rlen - pos;

	if (pos == 0)
		return;
	memmove(w->rbuf, w->rbuf + pos, left);
	explicit_bzero(w->rbuf + left, pos);
	w->rlen = left;
}

/* Write until nothing is left, the socket is full or others want a turn. */
int
imsgbuf_write(struct imsgbuf *imsgbuf)
{
	int	i, n = 1;

	for (i = 0; i < IMSG_BURST && n == 1; i++) {
		if (imsgbuf->w->wlen == 0)
			return (0);
		n = msgbuf_send(imsgbuf);
	}
	return (n == -1 ? -1 : 0);
}

/* One sendmsg(2): 1 went on, 0 try again later, -1 error. */
static int
msgbuf_send(struct imsgbuf *imsgbuf)
{
	struct msgbuf	*w = imsgbuf->w;
	struct msghdr	 msg;
	struct iovec	 iov[IMSG_IOVS];
	union control	 control;
	struct ibuf	*buf;
	ssize_t		 n;
	size_t		 i = 0;

	memset(&msg, 0, sizeof(msg));
	TAILQ_FOREACH(buf, &w->wq, entry) {
		if (i == nitems(iov) || (i != 0 && ibuf_fd_avail(buf)))
			break;
		iov[i].iov_base = ibuf_data(buf);
		iov[i++].iov_len = ibuf_size(buf);
	}
	msg.msg_iov = iov;
	msg.msg_iovlen = i;
	buf = TAILQ_FIRST(&w->wq);
	if (ibuf_fd_avail(buf))
		control_set(&msg, &control, buf->fd);
	do {
		n = sendmsg(imsgbuf->fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == -1)	/* ETOOMANYREFS: the receiver has yet to read some */
		return (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS || errno == ETOOMANYREFS ? 0 : -1);
	msgbuf_sent(w, (size_t)n);
	return (1);
}

static void
control_set(struct msghdr *msg, union control *control, int fd)
{
	memset(control, 0, sizeof(*control));
	control->hdr.cmsg_len = CMSG_LEN(sizeof(fd));
	control->hdr.cmsg_level = SOL_SOCKET;
	control->hdr.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control->hdr), &fd, sizeof(fd));
	msg->msg_control = control->buf;
	msg->msg_controllen = sizeof(control->buf);
}

/* n octets went, and with the first of them the descriptor of the first. */
static void
msgbuf_sent(struct msgbuf *w, size_t n)
{
	struct ibuf	*buf;
	int		 fd;

	if (n > 0 && (fd = ibuf_fd_get(TAILQ_FIRST(&w->wq))) != -1)
		(void)close(fd);	/* the receiver's now */
	while ((buf = TAILQ_FIRST(&w->wq)) != NULL && n >= ibuf_size(buf)) {
		n -= ibuf_size(buf);
		TAILQ_REMOVE(&w->wq, buf, entry);
		w->wlen--;
		ibuf_free(buf);
	}
	if (buf != NULL)
		(void)ibuf_skip(buf, n);	/* n is less than its size */
}

int
imsgbuf_flush(struct imsgbuf *imsgbuf)
{
	struct pollfd	pfd;

	while (imsgbuf_queuelen(imsgbuf) > 0) {
		pfd.fd = imsgbuf->fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			return (-1);
		if (imsgbuf_write(imsgbuf) == -1)
			return (-1);
	}
	return (0);
}

int
imsgbuf_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	struct msgbuf	*w = imsgbuf->w;
	struct ibuf	*buf;

	if ((buf = TAILQ_FIRST(&w->rq)) == NULL)
		return (0);
	if (ibuf_get(buf, &imsg->hdr, sizeof(imsg->hdr)) == -1)
		return (-1);
	TAILQ_REMOVE(&w->rq, buf, entry);
	imsg->hdr.len &= ~IMSG_FD_MARK;
	imsg->data = ibuf_size(buf) != 0 ? ibuf_data(buf) : NULL;
	imsg->buf = buf;
	return (1);
}

ssize_t
imsg_get(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	int	n;

	if ((n = imsgbuf_get(imsgbuf, imsg)) != 1)
		return (n);
	return ((ssize_t)imsg->hdr.len);
}

/* The rest of the payload as a buffer of its own, in place. */
int
imsg_get_ibuf(struct imsg *imsg, struct ibuf *buf)
{
	if (ibuf_size(imsg->buf) == 0) {
		errno = EBADMSG;
		return (-1);
	}
	return (ibuf_get_ibuf(imsg->buf, ibuf_size(imsg->buf), buf));
}

/* The next len octets of the payload. */
int
imsg_get_buf(struct imsg *imsg, void *data, size_t len)
{
	return (ibuf_get(imsg->buf, data, len));
}

/* The payload, which must be exactly len octets long. */
int
imsg_get_data(struct imsg *imsg, void *data, size_t len)
{
	if (len == 0) {
		errno = EINVAL;
		return (-1);
	}
	if (ibuf_size(imsg->buf) != len) {
		errno = EBADMSG;
		return (-1);
	}
	return (ibuf_get(imsg->buf, data, len));
}

int
imsg_get_fd(struct imsg *imsg)
{
	return (ibuf_fd_get(imsg->buf));
}

int
imsg_fd_lost(struct imsg *imsg)
{
	return (imsg->buf->fd == IBUF_FD_LOST);
}

uint32_t
imsg_get_id(struct imsg *imsg)
{
	return (imsg->hdr.peerid);
}

/* What remains of the payload. */
size_t
imsg_get_len(struct imsg *imsg)
{
	return (ibuf_size(imsg->buf));
}

pid_t
imsg_get_pid(struct imsg *imsg)
{
	return ((pid_t)imsg->hdr.pid);
}

uint32_t
imsg_get_type(struct imsg *imsg)
{
	return (imsg->hdr.type);
}

int
imsg_compose(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const void *data, size_t datalen)
{
	struct iovec	 iov;
	union {
		const void	*in;
		void		*out;
	} p = { data };		/* struct iovec knows no const */

	iov.iov_base = p.out;
	iov.iov_len = datalen;
	return (imsg_composev(imsgbuf, type, id, pid, fd, &iov, 1));
}

int
imsg_composev(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    int fd, const struct iovec *iov, int iovcnt)
{
	struct ibuf	*buf;
	size_t		 len = 0;
	int		 i;

	if (fd != -1 && (imsgbuf->flags & IMSG_ALLOW_FDPASS) == 0) {
		errno = EINVAL;
		return (-1);
	}
	for (i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > imsgbuf->maxsize) {
			errno = ERANGE;
			return (-1);
		}
		len += iov[i].iov_len;
	}
	if ((buf = imsg_create(imsgbuf, type, id, pid, len)) == NULL)
		return (-1);
	for (i = 0; i < iovcnt; i++)
		if (imsg_add(buf, iov[i].iov_base, iov[i].iov_len) == -1)
			return (-1);
	ibuf_fd_set(buf, fd);
	imsg_close(imsgbuf, buf);
	return (1);
}

/* datalen is what is expected; more may be added, up to the maximum. */
struct ibuf *
imsg_create(struct imsgbuf *imsgbuf, uint32_t type, uint32_t id, pid_t pid,
    size_t datalen)
{
	struct ibuf	*buf;
	struct imsg_hdr	 hdr;

	if (datalen > imsgbuf->maxsize - IMSG_HEADER_SIZE) {
		errno = ERANGE;
		return (NULL);
	}
	hdr.type = type;
	hdr.len = 0;		/* imsg_close() knows */
	hdr.peerid = id;
	hdr.pid = (uint32_t)(pid != 0 ? pid : imsgbuf->pid);
	if ((buf = ibuf_dynamic(IMSG_HEADER_SIZE + datalen,
	    imsgbuf->maxsize)) == NULL)
		return (NULL);
	(void)ibuf_add(buf, &hdr, sizeof(hdr));	/* has the room */
	return (buf);
}

int
imsg_add(struct ibuf *msg, const void *data, size_t datalen)
{
	if (ibuf_add(msg, data, datalen) == -1) {
		ibuf_free(msg);
		return (-1);
	}
	return ((int)datalen);
}

/* Queue it; a descriptor that may not travel is closed and not announced. */
void
imsg_close(struct imsgbuf *imsgbuf, struct ibuf *msg)
{
	uint32_t	len = (uint32_t)ibuf_size(msg);

	if ((imsgbuf->flags & IMSG_ALLOW_FDPASS) == 0)
		ibuf_fd_set(msg, -1);
	if (ibuf_fd_avail(msg))
		len |= IMSG_FD_MARK;
	(void)ibuf_set(msg, offsetof(struct imsg_hdr, len), &len, sizeof(len));
	TAILQ_INSERT_TAIL(&imsgbuf->w->wq, msg, entry);
	imsgbuf->w->wlen++;
}

/* As it came, from the start of the payload, but for the descriptor. */
int
imsg_forward(struct imsgbuf *imsgbuf, struct imsg *imsg)
{
	size_t	len = imsg->hdr.len - IMSG_HEADER_SIZE;

	ibuf_rewind(imsg->buf);
	if (ibuf_skip(imsg->buf, IMSG_HEADER_SIZE) == -1)
		return (-1);
	return (imsg_compose(imsgbuf, imsg->hdr.type, imsg->hdr.peerid,
	    (pid_t)imsg->hdr.pid, -1, len != 0 ? imsg->data : NULL, len));
}

void
imsg_free(struct imsg *imsg)
{
	ibuf_free(imsg->buf);
	imsg->buf = NULL;
	imsg->data = NULL;
}
