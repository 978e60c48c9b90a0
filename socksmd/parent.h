/*
 * parent.h: what the parent's files share.
 */

#ifndef PARENT_H
#define PARENT_H

#include <stdint.h>

#include "conf.h"
#include "msg.h"
#include "types.h"

struct parent {
	struct conf	*conf;		/* the running configuration */
	uint32_t	 generation;
	int		 foreground;
	const char	*control;	/* path of the control socket */
	int		 control_fd;	/* until policy has it */
};
extern struct parent	parent;

/* parent.c */
__attribute__((__noreturn__)) void	parent_main(void);
void	 parent_up(void);		/* all processes have the rules */
__attribute__((__noreturn__)) void	parent_stop(int status);

/* children.c */
void	 children_start(const char *program);
int	 children_alive(enum proc_role);
int	 children_pid(enum proc_role);
/* Reaps; calls back for each one that ended, with a line that says how. */
void	 children_reap(void (*)(enum proc_role, int status));
void	 children_end(int ms);		/* waits, then kills what is left */

/* distribute.c */
int	 distribute_check(const struct conf *);	/* interfaces; errors logged */
void	 distribute_start(void);	/* sends generation parent.generation */
uint8_t	 distribute_iface_role(uint32_t ifindex);
const struct addr *distribute_iface_addr(uint32_t ifindex, uint8_t af);

/* listen.c */
int	 listen_open(const struct conf *);	/* errors are logged, -1 */
void	 listen_start(void);
void	 listen_stop(void);
int	 listen_is_local(const struct addr *);	/* a listener's address */
uint32_t listen_count(void);
void	 listen_describe(uint32_t i, struct msg_listener *);

/* live.c */
uint64_t live_new(const struct addr *peer);	/* a sid; 0: over a limit */

/* permit.c */
void	 permit_load(const struct conf *);

#endif
