/*
 * log.h: one line per event, to syslog or standard error from the parent, to
 * the parent by message from a child.
 */

#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "types.h"

#define PRINTFLIKE(f, a) __attribute__((__format__(__printf__, f, a)))

void	 log_init(const char *name, int foreground, int verbose);
void	 log_to_parent(void);		/* children: after the channel */
void	 log_verbose(int);
int	 log_is_verbose(void);
/* Parent only: a line that a child sent, of which nothing is trusted. */
void	 log_child(enum proc_role, uint32_t priority, const char *text);
/* With strerror(errno). */
void	 log_warn(const char *, ...) PRINTFLIKE(1, 2);
void	 log_warnx(const char *, ...) PRINTFLIKE(1, 2);
void	 log_info(const char *, ...) PRINTFLIKE(1, 2);
void	 log_debug(const char *, ...) PRINTFLIKE(1, 2);
/* Never for what a peer can cause. */
void	 fatal(const char *, ...) PRINTFLIKE(1, 2)
	    __attribute__((__noreturn__));
void	 fatalx(const char *, ...) PRINTFLIKE(1, 2)
	    __attribute__((__noreturn__));

/*
 * For events that a stranger can cause at will: true at most `burst' times in
 * ten seconds, then false; the line that says how many were left out comes by
 * itself. One static struct per place.
 */
struct log_rate {
	long long	 since;		/* ms, monotonic */
	unsigned	 n;
	unsigned	 left_out;
};
int	 log_ok(struct log_rate *, unsigned burst, const char *what);

/* What a client sent, made safe for a line; returns dst. */
const char *log_vis(char *dst, size_t, const char *src, size_t);

/* Milliseconds of CLOCK_MONOTONIC; tests may set the clock. */
long long clock_ms(void);
void	 clock_set(long long (*)(void));

#endif
