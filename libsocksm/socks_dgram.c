/*
 * socks_dgram.c: the headers that stand before the data of a datagram, over
 * UDP and TCP-encapsulated; it runs in the engine's hot path and in clients.
 */

#include <sys/types.h>

#include <stdint.h>

#include "addr.h"
#include "cursor.h"
#include "socks.h"

int
socks_parse_dgram(const uint8_t *buf, size_t len, struct socks_dgram *d)
{
	struct cursor	 c = { buf, len };

	if (cursor_get_n8(&c, &d->rsv) == -1 ||
	    cursor_get_n8(&c, &d->frag) == -1 ||
	    cursor_get_n16(&c, &d->dgid) == -1 ||
	    cursor_get_n32(&c, &d->aid) == -1)
		return -1;
	return 0;
}

void
socks_build_dgram(uint8_t buf[SOCKS_DGRAM_HDR], const struct socks_dgram *d)
{
	buf[0] = d->rsv;
	buf[1] = d->frag;
	store_n16(buf + 2, d->dgid);
	store_n32(buf + 4, d->aid);
}

/* SIZE counts its own header, so at most 65,528 octets of data fit (P30). */
size_t
socks_build_data(uint8_t buf[SOCKS_DATA_FIXED], uint32_t aid, size_t datalen)
{
	if (datalen > UINT16_MAX - SOCKS_DATA_FIXED)
		return 0;
	buf[0] = SOCKS_PKT_DATA;
	store_n16(buf + 1, (uint16_t)(datalen + SOCKS_DATA_FIXED));
	store_n32(buf + 3, aid);
	return SOCKS_DATA_FIXED;
}
