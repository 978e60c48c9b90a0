/*
 * resolver.h: what the files of the resolver share: the hosts file and the
 * sockets to the name servers, both there before the sandbox closes.
 */

#ifndef RESOLVER_H
#define RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define RESOLVER_HOSTS	"/etc/hosts"
#define RESOLVER_CONF	"/etc/resolv.conf"

/* resolver.c */
void	 resolver_open(const char *hosts, const char *conf, uint16_t port);

/* hosts.c */
void	 hosts_load(const char *path);
/* How many addresses the name has there; it also knows localhost. */
uint8_t	 hosts_find(const char *name, struct addr *, uint8_t max);

/* nameserver.c */
#define NAMESERVERS		3
#define NAMESERVER_SOCKETS	16	/* each, of a port of its own */

struct nameservers {
	uint32_t	 n;
	uint32_t	 timeout;	/* ms for one try */
	uint32_t	 attempts;	/* rounds through all of them */
};
extern struct nameservers	nameservers;

/* heard: called with the socket's number, and an answer or errno. */
void	 nameserver_load(const char *path, uint16_t port,
	    void (*heard)(uint32_t sock, const uint8_t *, size_t, int error));
uint32_t nameserver_socket(uint32_t server);	/* one of its, at random */
void	 nameserver_send(uint32_t sock, const uint8_t *, size_t);

#endif
