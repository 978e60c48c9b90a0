/*
 * monitor.h: what happens, told to those who watch (socksmctl monitor).
 */

#ifndef MONITOR_H
#define MONITOR_H

#include "control.h"
#include "policy.h"

extern const struct listing	monitor_listing;

void	 monitor_session(const struct identity *);
void	 monitor_session_end(const struct identity *, const struct msg_end *);
/* flags: the directions that are new; 0: all that stand. */
void	 monitor_granted(const struct grant *, uint16_t flags);
void	 monitor_association_end(const struct grant *, enum end_reason);
void	 monitor_refused(const struct identity *, uint8_t command,
	    const struct endpoint *remote, const char *name, uint16_t flags,
	    uint8_t code, const struct verdict *);
void	 monitor_reload(int ok, const char *text);

#endif
