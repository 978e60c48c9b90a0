/*
 * conf.h: a parsed configuration; the parent's, -n's and the tests' view.
 */

#ifndef CONF_H
#define CONF_H

#include <sys/queue.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "rule.h"
#include "settings.h"

#define CONF_METHODS	8
#define CONF_RULES	65536	/* lists and names of hosts expanded */
#define CONF_HOSTS	4096	/* names */
#define CONF_HOST_ADDRS	16	/* of each that count */

/* Methods as on the wire (RFC 1928 3). */
#define CONF_METHOD_NONE	0x00
#define CONF_METHOD_USERPASS	0x02

/* listen on IF|ADDR port N [label NAME] auth { ... } */
struct conf_listener {
	TAILQ_ENTRY(conf_listener) entry;
	char		 iface[IF_NAMESIZE];	/* or "" and addr */
	struct addr	 addr;
	uint16_t	 port;
	uint8_t		 methods[CONF_METHODS];	/* in the order given, P2 */
	uint8_t		 nmethods;
	char		 label[RULE_NAMELEN];
	char		 file[RULE_FILELEN];
	uint32_t	 line;
};
TAILQ_HEAD(conf_listeners, conf_listener);

/* inside on IF, egress on IF [address ADDR]; an interface once each */
struct conf_iface {
	TAILQ_ENTRY(conf_iface) entry;
	char		 name[IF_NAMESIZE];
	struct addr	 addr;			/* ADDR_NONE: the system's choice */
	char		 file[RULE_FILELEN];
	uint32_t	 line;
};
TAILQ_HEAD(conf_ifaces, conf_iface);

/* A line of the users file: what auth gets, and nobody else. */
struct conf_hash {
	TAILQ_ENTRY(conf_hash) entry;
	char		 name[RULE_NAMELEN];
	char		 hash[256];
};
TAILQ_HEAD(conf_hashes, conf_hash);

/* The name of a host, in rules by its number. */
struct conf_host {
	TAILQ_ENTRY(conf_host)	 entry;
	uint32_t		 nr;		/* from 0 */
	char			 name[256];
	struct addr		 addr[CONF_HOST_ADDRS];
	uint8_t			 naddrs;	/* 0: not resolved */
	char			 file[RULE_FILELEN];	/* its first place */
	uint32_t		 line;
};
TAILQ_HEAD(conf_hosts, conf_host);

/* A name in a table. */
struct conf_entry {
	TAILQ_ENTRY(conf_entry)	 entry;
	struct table		*table;
	const struct conf_host	*host;
	uint8_t			 neg;
	uint8_t			 from_file;	/* not to be printed */
};
TAILQ_HEAD(conf_entries, conf_entry);

struct conf {
	struct settings		 settings;
	struct conf_listeners	 listeners;
	struct conf_ifaces	 inside;
	struct conf_ifaces	 egress;
	struct rule_list	 rules;
	struct table_list	 tables;
	struct conf_hosts	 hosts;
	struct conf_entries	 entries;	/* tables' names of hosts */
	char			 users_file[256];
	struct user_list	 users;
	struct conf_hashes	 hashes;
	uint32_t		 errors;
	uint32_t		 warnings;
};

struct conf	*conf_new(void);	/* with the defaults */
void		 conf_free(struct conf *);	/* wipes hashes */
/*
 * Reads file ("-": standard input), with all it includes, the table files and
 * the users file. All errors go to err, one line each, "file:line: text".
 * Returns the configuration, or NULL if there was an error.
 */
struct conf	*conf_parse(const char *file, FILE *err);
/* -D macro=value, before conf_parse; 0, or -1 if it is not of that form. */
int		 conf_define(const char *assignment);
void		 conf_print(const struct conf *, FILE *);	/* -nv */

/* host.c */
const struct conf_host *conf_host(const struct conf *, uint32_t nr);
/* The name as a resolver wants it. */
void		 conf_host_query(const struct conf_host *, char *, size_t);
/* Fills in the addresses of all names, slowly (-n -r): how many failed. */
int		 conf_lookup(struct conf *, FILE *err);
/*
 * Puts addresses in the place of names, in rules and tables, once all names
 * are resolved: 0, or -1 with what is wrong in err.
 */
int		 conf_hosts_expand(struct conf *, FILE *err);

#endif
