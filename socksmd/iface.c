/*
 * iface.c: which interfaces and own addresses there are; runs in the parent.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "iface.h"
#include "log.h"

#define MTU_UNKNOWN	1280

struct iface_addrs	iface_addrs = TAILQ_HEAD_INITIALIZER(iface_addrs);

static void
iface_clear(void)
{
	struct iface_addr	*a;

	while ((a = TAILQ_FIRST(&iface_addrs)) != NULL) {
		TAILQ_REMOVE(&iface_addrs, a, entry);
		free(a);
	}
}

static uint32_t
iface_ask_mtu(int s, const char *name)
{
	struct ifreq	 ifr;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(s, SIOCGIFMTU, &ifr) == -1 || ifr.ifr_mtu <= 0)
		return MTU_UNKNOWN;
	return ifr.ifr_mtu;
}

static uint8_t
iface_masklen(const struct sockaddr *mask, uint8_t full)
{
	struct addr	 m;
	uint8_t		 i;

	if (mask == NULL || addr_from_sockaddr(&m, mask) == -1)
		return full;
	for (i = 0; i < full; i++)
		if (!(m.b[i / 8] & (0x80 >> (i % 8))))
			break;
	return i;
}

static int
iface_add(const struct ifaddrs *ifa, int s)
{
	struct iface_addr	*a;
	struct addr		 addr;

	if (ifa->ifa_addr == NULL ||
	    addr_from_sockaddr(&addr, ifa->ifa_addr) == -1)
		return 0;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return -1;
	strlcpy(a->ifname, ifa->ifa_name, sizeof(a->ifname));
	a->ifindex = if_nametoindex(ifa->ifa_name);
	a->mtu = iface_ask_mtu(s, ifa->ifa_name);
	a->net.addr = addr;
	a->net.len = iface_masklen(ifa->ifa_netmask,
	    addr.af == ADDR_V4 ? 32 : 128);
	TAILQ_INSERT_TAIL(&iface_addrs, a, entry);
	return 0;
}

int
iface_load(void)
{
	struct ifaddrs	*list, *ifa;
	int		 s, error = 0;

	if ((s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	if (getifaddrs(&list) == -1) {
		close(s);
		return -1;
	}
	iface_clear();
	for (ifa = list; ifa != NULL && error == 0; ifa = ifa->ifa_next)
		error = iface_add(ifa, s);
	freeifaddrs(list);
	close(s);
	return error;
}

uint32_t
iface_index(const char *name)
{
	return if_nametoindex(name);
}

uint32_t
iface_mtu(uint32_t ifindex)
{
	const struct iface_addr	*a;

	TAILQ_FOREACH(a, &iface_addrs, entry)
		if (a->ifindex == ifindex)
			return a->mtu;
	return MTU_UNKNOWN;
}

const struct iface_addr *
iface_of(const struct addr *addr)
{
	const struct iface_addr	*a;

	TAILQ_FOREACH(a, &iface_addrs, entry)
		if (addr_eq(&a->net.addr, addr))
			return a;
	return NULL;
}

const struct iface_addr *
iface_first(uint32_t ifindex, uint8_t af)
{
	const struct iface_addr	*a;

	TAILQ_FOREACH(a, &iface_addrs, entry)
		if (a->ifindex == ifindex && a->net.addr.af == af)
			return a;
	return NULL;
}
