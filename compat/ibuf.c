/*
 * A growing or borrowed run of octets that cannot be read or written past its
 * end; part of every process.
 */
#include "compat.h"

#ifdef __FreeBSD__
#include <sys/endian.h>
#else
#include <endian.h>
#endif
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "ibuf_fd.h"

static int	ibuf_grow(struct ibuf *, size_t);
static int	ibuf_owns_storage(const struct ibuf *);

/* A buffer of exactly len octets at most. */
struct ibuf *
ibuf_open(size_t len)
{
	return (ibuf_dynamic(len, len));
}

/* The first len octets come in the same allocation as the buffer itself. */
struct ibuf *
ibuf_dynamic(size_t len, size_t max)
{
	struct ibuf	*buf;

	if (max == 0 || max < len || len > SSIZE_MAX - sizeof(*buf)) {
		errno = EINVAL;
		return (NULL);
	}
	if ((buf = malloc(sizeof(*buf) + len)) == NULL)
		return (NULL);
	memset(buf, 0, sizeof(*buf));
	buf->buf = (unsigned char *)(buf + 1);
	buf->size = len;
	buf->max = max;
	buf->fd = IBUF_FD_NONE;
	return (buf);
}

static int
ibuf_owns_storage(const struct ibuf *buf)
{
	return (buf->buf != (const unsigned char *)(buf + 1));
}

/* What was in it may have been a password: wiped. */
void
ibuf_free(struct ibuf *buf)
{
	if (buf == NULL)
		return;
	if (buf->fd == IBUF_FD_BORROWED)
		abort();	/* made by ibuf_from_buffer: not ours to free */
	if (buf->fd >= 0)
		(void)close(buf->fd);	/* nobody is left to hear of it */
	explicit_bzero(buf->buf, buf->wpos);
	if (ibuf_owns_storage(buf))
		free(buf->buf);
	free(buf);
}

/* Make room for len more octets; doubles, so that many adds stay linear. */
static int
ibuf_grow(struct ibuf *buf, size_t len)
{
	unsigned char	*p;
	size_t		 size;

	if (len > ibuf_left(buf)) {
		errno = ERANGE;
		return (-1);
	}
	if (len <= buf->size - buf->wpos)
		return (0);
	size = buf->wpos + len;
	if (size < 2 * buf->size)
		size = 2 * buf->size;
	if (size > buf->max)
		size = buf->max;
	if ((p = malloc(size)) == NULL)
		return (-1);
	memcpy(p, buf->buf, buf->wpos);
	explicit_bzero(buf->buf, buf->wpos);
	if (ibuf_owns_storage(buf))
		free(buf->buf);
	buf->buf = p;
	buf->size = size;
	return (0);
}

void *
ibuf_reserve(struct ibuf *buf, size_t len)
{
	void	*p;

	if (ibuf_grow(buf, len) == -1)
		return (NULL);
	p = buf->buf + buf->wpos;
	buf->wpos += len;
	return (p);
}

int
ibuf_add(struct ibuf *buf, const void *data, size_t len)
{
	void	*p;

	if (len == 0)
		return (0);
	if ((p = ibuf_reserve(buf, len)) == NULL)
		return (-1);
	memcpy(p, data, len);
	return (0);
}

int
ibuf_add_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	return (ibuf_add(buf, ibuf_data(from), ibuf_size(from)));
}

int
ibuf_add_n8(struct ibuf *buf, uint64_t value)
{
	uint8_t	v = (uint8_t)value;

	if (value > UINT8_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_add(buf, &v, sizeof(v)));
}

int
ibuf_add_n16(struct ibuf *buf, uint64_t value)
{
	uint16_t	v = htobe16((uint16_t)value);

	if (value > UINT16_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_add(buf, &v, sizeof(v)));
}

int
ibuf_add_n32(struct ibuf *buf, uint64_t value)
{
	uint32_t	v = htobe32((uint32_t)value);

	if (value > UINT32_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_add(buf, &v, sizeof(v)));
}

int
ibuf_add_n64(struct ibuf *buf, uint64_t value)
{
	uint64_t	v = htobe64(value);

	return (ibuf_add(buf, &v, sizeof(v)));
}

int
ibuf_add_zero(struct ibuf *buf, size_t len)
{
	void	*p;

	if (len == 0)
		return (0);
	if ((p = ibuf_reserve(buf, len)) == NULL)
		return (-1);
	memset(p, 0, len);
	return (0);
}

/* Where len octets stand that were written already, pos after the cursor. */
void *
ibuf_seek(struct ibuf *buf, size_t pos, size_t len)
{
	if (pos > ibuf_size(buf) || len > ibuf_size(buf) - pos) {
		errno = ERANGE;
		return (NULL);
	}
	return (buf->buf + buf->rpos + pos);
}

int
ibuf_set(struct ibuf *buf, size_t pos, const void *data, size_t len)
{
	void	*p;

	if ((p = ibuf_seek(buf, pos, len)) == NULL)
		return (-1);
	if (len != 0)
		memcpy(p, data, len);
	return (0);
}

int
ibuf_set_n8(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint8_t	v = (uint8_t)value;

	if (value > UINT8_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_set(buf, pos, &v, sizeof(v)));
}

int
ibuf_set_n16(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint16_t	v = htobe16((uint16_t)value);

	if (value > UINT16_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_set(buf, pos, &v, sizeof(v)));
}

int
ibuf_set_n32(struct ibuf *buf, size_t pos, uint64_t value)
{
	uint32_t	v = htobe32((uint32_t)value);

	if (value > UINT32_MAX) {
		errno = EINVAL;
		return (-1);
	}
	return (ibuf_set(buf, pos, &v, sizeof(v)));
}

/* What has not been read yet: ibuf_size() octets from here. */
void *
ibuf_data(const struct ibuf *buf)
{
	return (buf->buf + buf->rpos);
}

size_t
ibuf_size(const struct ibuf *buf)
{
	return (buf->wpos - buf->rpos);
}

/* Octets that may still be added; none to a borrowed buffer. */
size_t
ibuf_left(const struct ibuf *buf)
{
	if (buf->fd == IBUF_FD_BORROWED)
		return (0);
	return (buf->max - buf->wpos);
}

/* Leave len unread octets, with zeros where there were fewer. */
int
ibuf_truncate(struct ibuf *buf, size_t len)
{
	if (ibuf_size(buf) >= len) {
		buf->wpos = buf->rpos + len;
		return (0);
	}
	if (buf->fd == IBUF_FD_BORROWED) {
		errno = ERANGE;
		return (-1);
	}
	return (ibuf_add_zero(buf, len - ibuf_size(buf)));
}

void
ibuf_rewind(struct ibuf *buf)
{
	buf->rpos = 0;
}

/* Read someone else's octets in place; buf is never freed or written to. */
void
ibuf_from_buffer(struct ibuf *buf, void *data, size_t len)
{
	memset(buf, 0, sizeof(*buf));
	buf->buf = data;
	buf->size = buf->max = buf->wpos = len;
	buf->fd = IBUF_FD_BORROWED;
}

void
ibuf_from_ibuf(struct ibuf *buf, const struct ibuf *from)
{
	ibuf_from_buffer(buf, ibuf_data(from), ibuf_size(from));
}

int
ibuf_get(struct ibuf *buf, void *data, size_t len)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	if (len != 0)
		memcpy(data, ibuf_data(buf), len);
	buf->rpos += len;
	return (0);
}

/* Cut the next len octets off as a buffer of their own, in place. */
int
ibuf_get_ibuf(struct ibuf *buf, size_t len, struct ibuf *new)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	ibuf_from_buffer(new, ibuf_data(buf), len);
	buf->rpos += len;
	return (0);
}

int
ibuf_get_n8(struct ibuf *buf, uint8_t *value)
{
	return (ibuf_get(buf, value, sizeof(*value)));
}

int
ibuf_get_n16(struct ibuf *buf, uint16_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return (-1);
	*value = be16toh(*value);
	return (0);
}

int
ibuf_get_n32(struct ibuf *buf, uint32_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return (-1);
	*value = be32toh(*value);
	return (0);
}

int
ibuf_get_n64(struct ibuf *buf, uint64_t *value)
{
	if (ibuf_get(buf, value, sizeof(*value)) == -1)
		return (-1);
	*value = be64toh(*value);
	return (0);
}

int
ibuf_skip(struct ibuf *buf, size_t len)
{
	if (ibuf_size(buf) < len) {
		errno = EBADMSG;
		return (-1);
	}
	buf->rpos += len;
	return (0);
}

int
ibuf_fd_avail(struct ibuf *buf)
{
	return (buf->fd >= 0);
}

/* Hand the descriptor over to the caller, -1 without. */
int
ibuf_fd_get(struct ibuf *buf)
{
	int	fd;

	if (buf->fd < 0)
		return (-1);
	fd = buf->fd;
	buf->fd = IBUF_FD_NONE;
	return (fd);
}

/* Take the descriptor over; an earlier one is closed. */
void
ibuf_fd_set(struct ibuf *buf, int fd)
{
	if (buf->fd == IBUF_FD_BORROWED)
		abort();	/* it would never be closed */
	if (buf->fd >= 0)
		(void)close(buf->fd);	/* replaced */
	buf->fd = fd >= 0 ? fd : IBUF_FD_NONE;
}
