/*
 * relay_io.c: what the back ends of relay_io.h share, the accounts of what was
 * sent and what was not; it runs in the engine.
 */

#include <sys/types.h>

#include <errno.h>

#include "engine.h"
#include "relay_io.h"

/*
 * An error that says nothing of the datagram at hand: interrupted, or left
 * behind at the socket by an earlier one to somewhere else.
 */
int
io_transient(int error)
{
	return error == EINTR || error == ECONNREFUSED;
}

void
io_sent(struct io_dest *d, const struct iovec *payload, int n)
{
	int		 i;

	d->sent += n;
	for (i = 0; i < n; i++)
		d->octets += payload[i].iov_len;
	engine.stat[STAT_TX_DGRAMS] += n;
}

void
io_failed(struct io_dest *d, int n, int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		d->faults[IO_BUFFER] += n;
		break;
	case EMSGSIZE:
		d->faults[IO_SIZE] += n;
		break;
	default:
		d->faults[IO_SYSTEM] += n;
		break;
	}
}

int
io_too_long(const struct io_path *path, const struct iovec *payload)
{
	return payload->iov_len + path->hdrlen > IO_PAYLOAD_MAX;
}

void
io_count_too_long(const struct io_path *path, const struct iovec *payload,
    int n, struct io_dest *dest, int ndest)
{
	int		 i, long_ones = 0;

	for (i = 0; i < n; i++)
		long_ones += io_too_long(path, &payload[i]);
	for (i = 0; long_ones > 0 && i < ndest; i++)
		dest[i].faults[IO_SIZE] += long_ones;
}
