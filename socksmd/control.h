/*
 * control.h: the control socket's clients, as control.c keeps them and
 * show.c answers them; and what policy.c calls.
 */

#ifndef CONTROL_H
#define CONTROL_H

#include <sys/queue.h>
#include <event.h>
#include <stdint.h>

#include "compat.h"
#include "imsg.h"
#include "ctl.h"
#include "msg.h"

#define CONTROL_WANTS	128	/* figures asked of the engine at a time */

/* An object whose figures the engine was asked for. */
struct want {
	uint64_t		 token;
	uint64_t		 grant;
	struct sock_key		 key;
};

struct listing;

struct ctl_client {
	TAILQ_ENTRY(ctl_client)	 entry;
	uint32_t		 id;		/* high half of its tokens */
	uint32_t		 seq;
	uid_t			 uid;
	uint8_t			 dead;		/* to be closed on the way out */
	uint8_t			 walked;	/* no more objects */
	uint8_t			 ended;		/* CTL_END is queued */
	uint8_t			 open;		/* no end but by control_end */
	struct imsgbuf		 ibuf;
	struct event		 in;
	struct event		 out;
	struct event		 turn;
	struct event		 deadline;
	const struct listing	*listing;	/* NULL: nothing asked yet */
	struct ctl_request	 req;
	uint32_t		 rows;
	/* Where the listing stands: what of it fits the listing. */
	uint64_t		 cursor;
	struct sock_key		 key;
	uint32_t		 generation;	/* 0: not begun; of explain */
	uint32_t		 decider;	/* rules: the one that decides */
	uint32_t		 limit;		/* and the last looked at */
	uint32_t		 sessions;	/* killed */
	uint32_t		 associations;
	/* In the order asked, which is that of the answers. */
	struct want		 want[CONTROL_WANTS];
	uint32_t		 head, tail;
};

/*
 * One listing: step handles one object and gives 0 behind the last; counted
 * gets the figures of one that asked for them; late is called instead, where
 * there is one, if the engine does not answer; end comes before CTL_END. What
 * changes anything is for root.
 */
struct listing {
	uint32_t		 type;
	int			(*step)(struct ctl_client *);
	void			(*counted)(struct ctl_client *,
				    const struct want *,
				    const struct msg_counters *);
	void			(*late)(struct ctl_client *);
	void			(*end)(struct ctl_client *);
	uint8_t			 root;
};

/* control.c */
void	 control_init(void);
void	 control_close(void);
void	 control_row(struct ctl_client *, enum ctl_type, const void *, size_t);
/* Asks the engine; -1 if it is not there. */
int	 control_count(struct ctl_client *, enum count_what, uint64_t grant,
	    const struct sock_key *);

/* One after the other, NULL: the first; those that are to go left out. */
struct ctl_client *control_next(struct ctl_client *);
int	 control_behind(struct ctl_client *);	/* reads too slowly */
void	 control_later(struct ctl_client *);	/* write, or close, in a turn */
void	 control_end(struct ctl_client *, int error, const char *text);
void	 control_fail(struct ctl_client *, const char *text);

/* command.c */
const struct listing *command_listing(uint32_t type);
void	 control_reloaded(const struct msg_reload *);

/* show.c */
const struct listing *show_listing(uint32_t type);

#endif
