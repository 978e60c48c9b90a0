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
	/* In the order asked, which is that of the answers. */
	struct want		 want[CONTROL_WANTS];
	uint32_t		 head, tail;
};

/*
 * One listing: step handles one object and gives 0 behind the last; counted
 * gets the figures of one that asked for them; late is called instead, where
 * there is one, if the engine does not answer.
 */
struct listing {
	uint32_t		 type;
	int			(*step)(struct ctl_client *);
	void			(*counted)(struct ctl_client *,
				    const struct want *,
				    const struct msg_counters *);
	void			(*late)(struct ctl_client *);
};

/* control.c */
void	 control_init(void);
void	 control_close(void);
void	 control_row(struct ctl_client *, enum ctl_type, const void *, size_t);
/* Asks the engine; -1 if it is not there. */
int	 control_count(struct ctl_client *, enum count_what, uint64_t grant,
	    const struct sock_key *);

/* show.c */
const struct listing *show_listing(uint32_t type);

#endif
