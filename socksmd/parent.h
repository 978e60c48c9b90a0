/*
 * parent.h: what the parent's files share.
 */

#ifndef PARENT_H
#define PARENT_H

#include <stdint.h>
#include <stdio.h>

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
int	 parent_stopping(void);
__attribute__((__noreturn__)) void	parent_stop(int status);

/* children.c */
void	 children_start(const char *program);
int	 children_alive(enum proc_role);
int	 children_pid(enum proc_role);
/* Reaps; calls back for each one that ended, with a line that says how. */
void	 children_reap(void (*)(enum proc_role, int status));
void	 children_end(int ms);		/* waits, then kills what is left */

/* distribute.c */
int	 distribute_check(const struct conf *, FILE *err); /* interfaces; -1:
					 * a line to err each, all is as it was */
/* Sends the configuration that was checked last, under a new generation. */
void	 distribute_start(struct conf *, void (*committed)(void));
uint8_t	 distribute_iface_role(uint32_t ifindex);
const struct addr *distribute_iface_addr(uint32_t ifindex, uint8_t af);
/* As configured (egress on IF address A), or NULL. */
const struct addr *distribute_egress_addr(uint32_t ifindex, uint8_t af);

/* listen.c */
/* Beside what listens; -1: a line to err each, and all is as it was. */
int	 listen_open(const struct conf *, FILE *err);
void	 listen_give_up(void);		/* closes again what that opened */
void	 listen_start(void);		/* what was opened; closes the rest */
void	 listen_stop(void);
int	 listen_is_local(const struct addr *);	/* a listener's address */
uint32_t listen_count(void);
void	 listen_each(void (*)(const struct msg_listener *));

/* reload.c */
void	 reload_init(const char *file);	/* while in the directory of start */
void	 reload_up(void);		/* the start is over */
void	 reload_signal(void);		/* SIGHUP */

/* live.c */
uint64_t live_new(const struct addr *peer);	/* a sid; 0: over a limit */

/* guard.c */
void	 guard_load(const struct conf *);	/* the next generation's rules */
/*
 * May it be a unicast destination of the command (P45)? of_last: by the rules
 * of the last generation.
 */
int	 guard_passes(const struct addr *, uint8_t command, int of_last);

/*
 * names.c: puts addresses in the place of the names of hosts, then calls back
 * with 1, or with 0 and what is wrong in err. Perhaps at once.
 */
void	 names_resolve(struct conf *, FILE *err, void (*done)(int));

/* permit.c */
void	 permit_load(const struct conf *);	/* of parent.generation */

#endif
