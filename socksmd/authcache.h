/*
 * authcache.h: logins that succeeded a short while ago.
 */

#ifndef AUTHCACHE_H
#define AUTHCACHE_H

#include <stdint.h>

#define AUTHCACHE_MAX	4096

/* Empties it, under a new key; seconds 0 switches it off. */
void	 authcache_reset(uint32_t seconds);
int	 authcache_find(const char *user, const char *pass);
void	 authcache_add(const char *user, const char *pass);
uint32_t authcache_count(void);

#endif
