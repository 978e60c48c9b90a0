/*
 * engine.h: what the engine's files share: its configuration, associations,
 * the sockets it was handed, and groups.
 */

#ifndef ENGINE_H
#define ENGINE_H

#include <sys/queue.h>
#include <event.h>
#include <stdint.h>

#include "addr.h"
#include "msg.h"
#include "socks.h"

struct session;			/* session.h, only for the control side */
struct group;			/* group.c */

/*
 * A socket the engine was handed, by its key. refs counts the associations
 * (or, for SOCK_RELAY, the sessions) that use it. At refs 0 it stays until
 * every question that was in flight then has been answered (msg.h, sock_key),
 * because the answer may say reuse.
 */
struct sock {
	TAILQ_ENTRY(sock) entry;
	struct sock_key	 key;
	struct endpoint	 bound;
	int		 fd;
	uint32_t	 mtu;
	uint32_t	 refs;
	uint64_t	 idle_since;	/* last req issued when refs became 0 */
	uint32_t	 kernel;	/* its drops that are counted already */
	struct event	 ev;
	struct group	*group;		/* SOCK_GROUP only */
};

/* An association: draft 3; at most 1 KiB with all that hangs on it. */
struct assoc {
	TAILQ_ENTRY(assoc) entry;	/* of its session */
	TAILQ_ENTRY(assoc) idle_entry;	/* of its slot of the idle wheel */
	uint64_t	 grant;
	struct session	*session;
	uint32_t	 aid;
	uint16_t	 flags;		/* directions that stand, P16 bits */
	uint8_t		 ttl;
	uint8_t		 no_segment;	/* UDP_SEGMENT failed to here: EMSGSIZE */
	uint32_t	 idle;		/* seconds, 0: never */
	uint16_t	 idle_slot;
	uint8_t		 queued;	/* is in that slot */
	uint32_t	 slot;		/* in group->receivers */
	uint32_t	 pending;	/* questions about it in flight */
	long long	 last;		/* ms of its last datagram */
	struct endpoint	 local;		/* the client's; port 0: not learnt */
	struct endpoint	 remote;	/* the group, or unicast REMOTE */
	struct sock	*relay;
	struct sock	*recv;		/* SOCK_GROUP, if it receives */
	struct sock	*send;		/* SOCK_SEND, if it sends; unicast: the
					 * same SOCK_EGRESS or SOCK_DEDICATED */
	struct counters	 counters;
};

/* The engine as configured by the parent. */
struct engine {
	uint32_t	 generation;
	struct settings	 settings;
	struct counters	 lost;		/* all drops that were not counted on
					 * an association */
	uint64_t	 stat[STAT_MAX];
};
extern struct engine	engine;

/* engine.c */
int	 engine_own_addr(const struct addr *);	/* one of ours, P40 */
long long engine_now(void);	/* ms; reads the clock: once per burst */
long long engine_timeout(enum timeout);			/* ms */
int	 engine_stopping(void);	/* all is recorded, nothing may follow */
const struct msg_listener *engine_listener(uint32_t id);

/* assoc.c: AID -> association; freed AIDs rest for 120 s (P19). */
struct assoc *assoc_find(uint32_t aid);
struct assoc *assoc_new(struct session *);	/* NULL: limit or memory */
/* Sockets it was the last to use are closed by this too, groups with them. */
void	 assoc_close(struct assoc *, enum end_reason);
void	 assoc_drop_direction(struct assoc *, uint16_t flags); /* P31 */
void	 assoc_touch(struct assoc *);	/* a datagram: one store, any time */
/*
 * P20: a datagram from src that carries the right AID: learns the port if it
 * is still open and no other receiver of the group holds it. 0: src is the
 * association's LOCAL now; -1: it is not.
 */
int	 assoc_learn(struct assoc *, const struct endpoint *src);
int	 assoc_session_alive(const struct assoc *);

/* sock.c */
/*
 * Takes over fd (or closes it). Returns the socket for m's key, reused or
 * new, or NULL where m says failure or reuse of what is not there.
 */
struct sock *sock_install(const struct msg_socket *, int fd);
void	 sock_ref(struct sock *);
void	 sock_unref(struct sock *);
void	 sock_collect(uint64_t oldest_req);	/* no question before it is
						 * in flight any more */
struct sock *sock_find(const struct sock_key *);
void	 sock_close_all(void);
/* Asks the kernel what it dropped: DROP_KERNEL of the group, and of all. */
void	 sock_kernel_drops(struct sock *);
void	 sock_kernel_drops_all(void);
/* request.c: the newest question issued so far. */
uint64_t request_newest(void);
uint64_t request_oldest(void);	/* in flight, or newest + 1 */

/* group.c: who receives from and sends to a group on an interface. */
struct group *group_new(struct sock *);
void	 group_free(struct group *);
int	 group_join(struct group *, struct assoc *);	/* a receiver; 0 or -1 */
void	 group_leave(struct group *, struct assoc *);
int	 group_port_held(const struct group *, const struct endpoint *local,
	    const struct assoc *but);		/* P20, P48 */
void	 group_filter(struct group *, int on);	/* grant.filter */
void	 group_sender(const struct assoc *, int on); /* sends now, does not any
						 * more: a->send is set */
void	 group_count(const struct sock_key *, struct msg_counters *);
uint32_t group_number(void);

/* relay.c: the datagrams. */
void	 relay_init(void);
void	 relay_inside_event(int fd, short, void *sock);	/* from clients */
void	 relay_group_event(int fd, short, void *sock);	/* from outside */
/* relay_egress.c */
void	 relay_egress_event(int fd, short, void *sock);	/* unicast */

#endif
