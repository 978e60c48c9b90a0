/*
 * dns.h: DNS messages as far as a stub resolver needs them (RFC 1035, 3596,
 * 6891): one question about addresses, and its answer. Pure: no sockets.
 */

#ifndef DNS_H
#define DNS_H

#include <sys/types.h>
#include <stdint.h>

#include "addr.h"

#define DNS_PORT	53
#define DNS_NAMELEN	255	/* on the wire, with the root's zero */
#define DNS_QUERYLEN	(12 + DNS_NAMELEN + 4 + 11)
#define DNS_ANSWERLEN	1232	/* what we say that we take: no fragments */

#define DNS_A		1
#define DNS_CNAME	5
#define DNS_AAAA	28

struct dns_question {
	uint16_t	 id;
	uint16_t	 type;		/* DNS_A or DNS_AAAA */
	uint8_t		 edns;
	uint8_t		 len;
	uint8_t		 name[DNS_NAMELEN];	/* as on the wire */
};

enum dns_result {
	DNS_FOREIGN,	/* no answer to this question: as if it never came */
	DNS_FOUND,
	DNS_NODATA,	/* the name has no address of this type */
	DNS_NXNAME,	/* there is no such name */
	DNS_FAILED,	/* this server does not know */
	DNS_PLAIN	/* this server wants to be asked without EDNS */
};

/* Text to wire; 0, or -1 for what no name can be. */
int	 dns_name(struct dns_question *, const char *);
/* Changes the case of letters at random: an answer has to repeat it. */
void	 dns_mix(struct dns_question *);
size_t	 dns_build(const struct dns_question *, uint8_t [DNS_QUERYLEN]);
/* Adds the addresses of the name, behind aliases as well, at most max. */
enum dns_result dns_parse(const struct dns_question *, const uint8_t *, size_t,
	    struct addr *, uint8_t *n, uint8_t max);

#endif
