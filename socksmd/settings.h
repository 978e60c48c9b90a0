/*
 * settings.h: the "set" options of socksmd.conf(5) as plain data; every
 * process has a copy. Defaults and bounds stand in settings.c's table.
 */

#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>
#include <stdio.h>

enum limit {
	LIMIT_SESSIONS,			/* control connections in all */
	LIMIT_SESSIONS_PER_HOST,
	LIMIT_ASSOCIATIONS,
	LIMIT_ASSOCIATIONS_PER_SESSION,
	LIMIT_GROUPS,			/* (group, port, interface) in all */
	LIMIT_RECEIVERS_PER_HOST,	/* per client address and group, P48 */
	LIMIT_MAX
};

enum timeout {				/* seconds */
	TIMEOUT_HANDSHAKE,
	TIMEOUT_CONNECT,
	TIMEOUT_BIND,
	TIMEOUT_IDLE,
	TIMEOUT_HALF_CLOSED,
	TIMEOUT_STALLED,
	TIMEOUT_REASSEMBLY,
	TIMEOUT_AUTH_FAILURE,
	TIMEOUT_MAX
};

#define MODE_MU			0x01
#define MODE_MM			0x02

#define EXT_BASE		0x01
#define EXT_MULTICAST		0x02
#define EXT_SOURCE_ADDRESS	0x04

enum log_level { LOG_NONE, LOG_BLOCKED, LOG_SESSIONS, LOG_ALL };

struct settings {
	uint32_t	 limit[LIMIT_MAX];
	uint32_t	 timeout[TIMEOUT_MAX];
	uint32_t	 auth_cache;		/* seconds */
	uint32_t	 group_buffer;		/* octets */
	uint8_t		 multicast_mode;	/* MODE_MU or MODE_MM */
	uint8_t		 extensions;		/* EXT_* */
	uint8_t		 max_ttl;
	uint8_t		 block_drop;		/* set block-policy drop */
	uint8_t		 reload_keep;
	uint8_t		 log;			/* enum log_level */
};

/* How the value of an option is written; -1: there is no such option. */
enum setting_kind {
	SETTING_WORD,		/* one word or number */
	SETTING_PAIRS,		/* names, each with a number */
	SETTING_FLAGS,		/* a set of words, or none */
	SETTING_LATER		/* known, not supported yet */
};

void	 settings_default(struct settings *);
int	 setting_kind(const char *option);
/*
 * Sets option (limit) or one item of it (sessions) to value. Returns 0, or -1
 * with what is wrong in err. For flags the first of a set starts a new one.
 */
int	 setting_set(struct settings *, const char *option, const char *item,
	    const char *value, char *err, size_t);
int	 setting_flag(struct settings *, const char *option, const char *flag,
	    int first, char *err, size_t);
void	 setting_none(struct settings *, const char *option);
void	 settings_print(const struct settings *, FILE *);

#endif
