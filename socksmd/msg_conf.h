/*
 * msg_conf.h: the messages that carry a configuration; see msg.h.
 */

#ifndef MSG_CONF_H
#define MSG_CONF_H

#include <net/if.h>
#include <stdint.h>

#include "addr.h"
#include "settings.h"
#include "types.h"

struct msg_settings {
	uint32_t	 generation;
	struct settings	 settings;
};

struct msg_listener {
	uint32_t	 generation;
	uint32_t	 id;		/* names it in SESSION and CLIENT */
	uint8_t		 nmethods;
	uint8_t		 methods[8];	/* in the order of the file, P2 */
	char		 label[MSG_NAMELEN];
};

struct msg_addr {
	uint32_t	 generation;
	uint32_t	 ifindex;
	struct prefix	 net;		/* address with its network's length:
					 * host bits are kept here */
	char		 ifname[IF_NAMESIZE];
};

#define IFACE_INSIDE	0x01
#define IFACE_EGRESS	0x02
#define IFACE_VIA	0x04		/* named by a rule */

struct msg_iface {
	uint32_t	 generation;
	uint32_t	 ifindex;
	uint32_t	 mtu;
	uint8_t		 role;		/* IFACE_*; in the order of the file */
	char		 name[IF_NAMESIZE];
	struct addr	 addr;		/* source address, or ADDR_NONE */
};

struct msg_table {
	uint32_t	 generation;
	uint8_t		 is_const;
	uint8_t		 persist;
	char		 name[MSG_TABLELEN];
};

struct msg_entry {
	uint32_t	 generation;
	uint8_t		 neg;
	struct prefix	 prefix;
};

struct msg_user {
	uint32_t	 generation;
	uint8_t		 ngroups;
	char		 name[MSG_NAMELEN];
	char		 groups[8][MSG_NAMELEN];
};

struct msg_hash {
	uint32_t	 generation;
	char		 name[MSG_NAMELEN];
	char		 hash[256];
};

/* RELOAD_LINE, and RELOADED with no text: ok tells the result. */
struct msg_reload {
	uint8_t		 ok;
	uint8_t		 asked;		/* RELOADED: by RELOAD, not a signal */
	char		 text[512];
};

struct msg_proc {
	uint32_t	 role;
	int32_t		 pid;
	char		 user[MSG_NAMELEN];
};

#endif
