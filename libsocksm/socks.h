/*
 * socks.h: constants of RFC 1928, RFC 1929 and the UDP and multicast
 * extensions, the decoded packets, and the functions that read and build them.
 *
 * Nothing here allocates, keeps state or trusts a length.
 */

#ifndef SOCKS_H
#define SOCKS_H

#include <sys/types.h>
#include <stdint.h>

#include "addr.h"

#define SOCKS_VERSION		0x05
#define SOCKS_AUTH_VERSION	0x01	/* RFC 1929 sub-negotiation */
#define SOCKS_UDP_VERSION	0x01	/* draft 3.1.1.2, first octet of reply */

/* Methods. */
#define SOCKS_METHOD_NONE	0x00
#define SOCKS_METHOD_GSSAPI	0x01
#define SOCKS_METHOD_USERPASS	0x02
#define SOCKS_METHOD_REFUSED	0xff

/* Commands of a request. */
#define SOCKS_CONNECT		0x01
#define SOCKS_BIND		0x02
#define SOCKS_ASSOCIATE		0x03
#define SOCKS_ENHANCED		0x04
#define SOCKS_FEATURES		0x10

/* Address types. */
#define SOCKS_ATYP_V4		0x01
#define SOCKS_ATYP_NAME		0x03
#define SOCKS_ATYP_V6		0x04

/* Reply codes. */
#define SOCKS_OK		0x00
#define SOCKS_FAILURE		0x01
#define SOCKS_REFUSED		0x02
#define SOCKS_NETUNREACH	0x03
#define SOCKS_HOSTUNREACH	0x04
#define SOCKS_CONNREFUSED	0x05
#define SOCKS_TTLEXPIRED	0x06
#define SOCKS_BADCOMMAND	0x07
#define SOCKS_BADATYP		0x08
#define SOCKS_BADAID		0x10
#define SOCKS_NORECEIVE		0x11
#define SOCKS_NOSEND		0x12
#define SOCKS_BADCONTEXT	0x13
#define SOCKS_BADGROUP		0x14
#define SOCKS_BADTTL		0x15

/* Packets of enhanced mode (draft 3.3, 3.4). */
#define SOCKS_PKT_REQUEST	0x01
#define SOCKS_PKT_REPLY		0x02
#define SOCKS_PKT_DATA		0x03

#define SOCKS_UDP_BIND		0x05
#define SOCKS_UDP_RELEASE	0x06
#define SOCKS_SET_TTL		0x07

#define SOCKS_F_RECEIVE		0x0001
#define SOCKS_F_SEND		0x0002
#define SOCKS_F_UNICAST		0x0004
#define SOCKS_F_TCP		0x0008
#define SOCKS_F_MULTICAST	0x0010
#define SOCKS_F_MU		0x0020
#define SOCKS_F_MM		0x0040
#define SOCKS_F_SOURCE		0x0100	/* P46, our extension */
#define SOCKS_F_DIRECTIONS	(SOCKS_F_RECEIVE | SOCKS_F_SEND)

#define SOCKS_CTL_FIXED		13	/* P12 */
#define SOCKS_DATA_FIXED	7	/* P30 */
#define SOCKS_DGRAM_HDR		8	/* P26 */
#define SOCKS_NAME_MAX		253	/* P4, without a trailing dot */

/* Longest reply of any kind: all features, with eight methods (P9). */
#define SOCKS_REPLY_MAX		80

/*
 * What the parsers of a stream return. They never consume by themselves:
 * with SOCKS_P_OK *used tells how many octets the packet took.
 */
enum socks_parse {
	SOCKS_P_BAD = -1,	/* close the connection */
	SOCKS_P_MORE = 0,	/* not all there yet */
	SOCKS_P_OK = 1
};

struct socks_methods {
	uint8_t		 n;
	uint8_t		 method[255];
};

struct socks_userpass {
	uint8_t		 version;	/* anything but 1 is a failed login */
	uint8_t		 ulen;
	uint8_t		 plen;
	char		 user[256];	/* NUL-terminated; may hold NULs */
	char		 pass[256];
};

/*
 * An address of a packet. A name that is an address in text has become that
 * address (P4) and name is empty; mapped addresses are unmapped; one trailing
 * dot of a name is gone.
 */
struct socks_addr {
	struct endpoint	 ep;		/* af ADDR_NONE if it is a name */
	char		 name[SOCKS_NAME_MAX + 1];
	uint8_t		 fault;		/* X'01', X'04', X'08' (P4), and neither
					 * address nor name; or SOCKS_OK */
};

struct socks_request {
	uint8_t		 cmd;
	uint8_t		 rsv;		/* a FLAG for LIST-FEATURES, P9 */
	struct socks_addr dst;
};

/* A control request (draft 3.3) or, with code for cmd, a reply (3.2). */
struct socks_ctl {
	uint8_t		 type;
	uint8_t		 cmd;		/* or the reply code */
	uint16_t	 flags;
	uint8_t		 rsvd;		/* TTL (P33) */
	uint16_t	 tid;
	uint32_t	 aid;
	uint8_t		 fault;		/* first of X'01' and X'08' in the order
					 * of octets, or SOCKS_OK; X'04' stays
					 * in remote.fault (P12, P14) */
	struct socks_addr local;	/* af ADDR_NONE, no name: absent */
	struct socks_addr remote;
};

/* The header of a datagram between client and server (P26). */
struct socks_dgram {
	uint8_t		 rsv;
	uint8_t		 frag;
	uint16_t	 dgid;
	uint32_t	 aid;
};

/* socks_v5.c */
enum socks_parse socks_parse_methods(const uint8_t *, size_t, size_t *used,
	    struct socks_methods *);
enum socks_parse socks_parse_userpass(const uint8_t *, size_t, size_t *used,
	    struct socks_userpass *);
/*
 * A request with an unknown ATYP, whose length nobody knows, is OK with
 * dst.fault SOCKS_BADATYP as soon as ATYP is there, and uses all that came.
 * An unknown command is the caller's to refuse, before dst.fault. The address
 * of SOCKS_ENHANCED is unused and has no other fault (P10); in
 * SOCKS_ASSOCIATE a numeric name is no hint and no fault (P8).
 */
enum socks_parse socks_parse_request(const uint8_t *, size_t, size_t *used,
	    struct socks_request *);
/* Client side; version is the reply's first octet. Unknown ATYP: BAD. */
enum socks_parse socks_parse_reply(const uint8_t *, size_t, size_t *used,
	    uint8_t *version, uint8_t *code, uint8_t *rsv, struct socks_addr *);
/* Builders return the number of octets written, 0 if size is too small. */
size_t	 socks_build_method(uint8_t *, size_t size, uint8_t method);
size_t	 socks_build_auth(uint8_t *, size_t size, uint8_t status);
size_t	 socks_build_reply(uint8_t *, size_t size, uint8_t version,
	    uint8_t code, uint8_t rsv, const struct endpoint *);  /* or NULL */
size_t	 socks_build_request(uint8_t *, size_t size,
	    const struct socks_request *);
const char *socks_strerror(uint8_t code);	/* for people */
const char *socks_strcommand(uint8_t cmd);	/* "connect", ... or "unknown" */

/* socks_addr.c: one address at the head of a buffer. */
enum socks_parse socks_parse_addr(const uint8_t *, size_t, size_t *used,
	    struct socks_addr *);
size_t	 socks_build_addr(uint8_t *, size_t size, const struct socks_addr *);
size_t	 socks_build_endpoint(uint8_t *, size_t size, const struct endpoint *);

/*
 * socks_ctl.c: framing (P11), then what is inside the SIZE octets of a packet.
 * A reply is a valid frame: that clients may not send one is the server's
 * to say. The builder writes SIZE, and in replies and UDP BIND both addresses.
 */
enum socks_parse socks_parse_frame(const uint8_t *, size_t, uint8_t *type,
	    uint16_t *size);	/* OK when type and size are there and valid;
				 * not that all size octets have come */
void	 socks_parse_control(const uint8_t *, size_t, struct socks_ctl *);
size_t	 socks_build_control(uint8_t *, size_t size, const struct socks_ctl *);

/* socks_dgram.c: 0, or -1 if shorter than the header; judges nothing else. */
int	 socks_parse_dgram(const uint8_t *, size_t, struct socks_dgram *);
void	 socks_build_dgram(uint8_t [SOCKS_DGRAM_HDR],
	    const struct socks_dgram *);
size_t	 socks_build_data(uint8_t [SOCKS_DATA_FIXED], uint32_t aid,
	    size_t datalen);	/* header of a TCP-encapsulated datagram, 0 if
				 * the data does not fit */

#endif
