/*
 * socks_ctl.c: the packets of enhanced mode on the control connection, their
 * framing and what is inside; it runs in the engine and in clients.
 */

#include <sys/types.h>

#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "cursor.h"
#include "socks.h"

/* Octets that a packet of this type has at least (P11), 0 for no type. */
static uint16_t
packet_fixed(uint8_t type)
{
	switch (type) {
	case SOCKS_PKT_REQUEST:
	case SOCKS_PKT_REPLY:
		return SOCKS_CTL_FIXED;
	case SOCKS_PKT_DATA:
		return SOCKS_DATA_FIXED;
	default:
		return 0;
	}
}

enum socks_parse
socks_parse_frame(const uint8_t *buf, size_t len, uint8_t *type,
    uint16_t *size)
{
	struct cursor	 c = { buf, len };
	uint16_t	 fixed;

	*type = 0;
	*size = 0;
	if (cursor_get_n8(&c, type) == -1)
		return SOCKS_P_MORE;
	if ((fixed = packet_fixed(*type)) == 0)
		return SOCKS_P_BAD;
	if (cursor_get_n16(&c, size) == -1)
		return SOCKS_P_MORE;
	return *size < fixed ? SOCKS_P_BAD : SOCKS_P_OK;
}

/* One whole address; what is cut short is X'01', not "more" (P12). */
static uint8_t
take_addr(struct cursor *c, struct socks_addr *sa)
{
	size_t		 used;

	if (socks_parse_addr(c->p, c->left, &used, sa) != SOCKS_P_OK)
		return SOCKS_FAILURE;
	(void)cursor_take(c, used);
	/* A name that cannot resolve is well-formed: X'04' has its own rank. */
	return sa->fault == SOCKS_HOSTUNREACH ? SOCKS_OK : sa->fault;
}

/* LOCAL of a UDP BIND is never looked up: as a name it is X'08' (P14). */
static uint8_t
take_local(struct cursor *c, struct socks_addr *sa)
{
	if (c->left > 0 && c->p[0] == SOCKS_ATYP_NAME)
		return SOCKS_BADATYP;
	return take_addr(c, sa);
}

/* UDP BIND needs both addresses and nothing else (P12). */
static uint8_t
bind_addrs(struct cursor *c, struct socks_ctl *ctl)
{
	uint8_t		 fault;

	if ((fault = take_local(c, &ctl->local)) != SOCKS_OK ||
	    (fault = take_addr(c, &ctl->remote)) != SOCKS_OK)
		return fault;
	return c->left == 0 ? SOCKS_OK : SOCKS_FAILURE;
}

/* UDP RELEASE, SET TTL and replies: nothing, or exactly two (P12). */
static uint8_t
other_addrs(struct cursor *c, struct socks_ctl *ctl)
{
	if (c->left == 0)
		return SOCKS_OK;
	if (take_addr(c, &ctl->local) != SOCKS_OK ||
	    take_addr(c, &ctl->remote) != SOCKS_OK || c->left != 0)
		return SOCKS_FAILURE;
	return SOCKS_OK;
}

static uint8_t
take_addrs(struct cursor *c, struct socks_ctl *ctl)
{
	if (ctl->type == SOCKS_PKT_REPLY)
		return other_addrs(c, ctl);
	switch (ctl->cmd) {
	case SOCKS_UDP_BIND:
		return bind_addrs(c, ctl);
	case SOCKS_UDP_RELEASE:
	case SOCKS_SET_TTL:
		return other_addrs(c, ctl);
	default:			/* P14: X'07', whatever follows */
		return SOCKS_OK;
	}
}

void
socks_parse_control(const uint8_t *buf, size_t len, struct socks_ctl *ctl)
{
	struct cursor	 c = { buf, len };
	uint16_t	 size;

	memset(ctl, 0, sizeof(*ctl));
	if (cursor_get_n8(&c, &ctl->type) == -1 ||
	    cursor_get_n16(&c, &size) == -1 ||
	    cursor_get_n8(&c, &ctl->cmd) == -1 ||
	    cursor_get_n16(&c, &ctl->flags) == -1 ||
	    cursor_get_n8(&c, &ctl->rsvd) == -1 ||
	    cursor_get_n16(&c, &ctl->tid) == -1 ||
	    cursor_get_n32(&c, &ctl->aid) == -1) {
		ctl->fault = SOCKS_FAILURE;
		return;
	}
	ctl->fault = take_addrs(&c, ctl);
}

static int
addr_absent(const struct socks_addr *sa)
{
	return sa->ep.addr.af == ADDR_NONE && sa->name[0] == '\0';
}

/* Replies and UDP BIND always carry both addresses (P12, P13). */
static int
needs_addrs(const struct socks_ctl *ctl)
{
	return ctl->type == SOCKS_PKT_REPLY || ctl->cmd == SOCKS_UDP_BIND ||
	    !addr_absent(&ctl->local) || !addr_absent(&ctl->remote);
}

size_t
socks_build_control(uint8_t *buf, size_t size, const struct socks_ctl *ctl)
{
	size_t		 n, len = SOCKS_CTL_FIXED;

	if (size < SOCKS_CTL_FIXED)
		return 0;
	if (needs_addrs(ctl)) {
		if ((n = socks_build_addr(buf + len, size - len,
		    &ctl->local)) == 0)
			return 0;
		len += n;
		if ((n = socks_build_addr(buf + len, size - len,
		    &ctl->remote)) == 0)
			return 0;
		len += n;
	}
	buf[0] = ctl->type;
	store_n16(buf + 1, (uint16_t)len);
	buf[3] = ctl->cmd;
	store_n16(buf + 4, ctl->flags);
	buf[6] = ctl->rsvd;
	store_n16(buf + 7, ctl->tid);
	store_n32(buf + 9, ctl->aid);
	return len;
}
