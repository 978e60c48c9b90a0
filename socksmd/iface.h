/*
 * iface.h: the parent's view of interfaces and their addresses.
 */

#ifndef IFACE_H
#define IFACE_H

#include <sys/queue.h>
#include <net/if.h>
#include <stdint.h>

#include "addr.h"

struct iface_addr {
	TAILQ_ENTRY(iface_addr)	 entry;
	char			 ifname[IF_NAMESIZE];
	uint32_t		 ifindex;
	uint32_t		 mtu;
	struct prefix		 net;	/* the address, host bits kept */
};
TAILQ_HEAD(iface_addrs, iface_addr);

extern struct iface_addrs	iface_addrs;

int	 iface_load(void);		/* reads them anew; 0, or -1 and errno */
uint32_t iface_index(const char *);	/* 0: there is none */
uint32_t iface_mtu(uint32_t ifindex);
/* The interface on which one of our own addresses lives, or NULL. */
const struct iface_addr *iface_of(const struct addr *);
/* The first address of a family on an interface, or NULL. */
const struct iface_addr *iface_first(uint32_t ifindex, uint8_t af);

#endif
