/*
 * echo.h: what members of a group have sent lately, to know it again when
 * another relay sends it back (P40); in the engine.
 */

#ifndef ECHO_H
#define ECHO_H

#include <sys/types.h>
#include <sys/uio.h>
#include <stdint.h>

#include "addr.h"

#define ECHO_MIN	16	/* shorter payloads are alike by chance */
#define ECHO_WINDOW	1000	/* ms a payload is remembered */
#define ECHO_IGNORE	60000	/* ms a source is ignored */

struct echo;			/* of one group; NULL: no member ever sent */

void	 echo_init(void);	/* draws the key */
uint64_t echo_hash(const void *, size_t);
/* Makes *e on first use; without memory the filter does nothing. */
void	 echo_remember(struct echo **e, uint64_t hash, long long now);
/*
 * A payload from outside: 1 if it is an echo, or its source has sent one
 * within the last minute. now is engine_now(), read once per burst.
 */
int	 echo_heard(struct echo *, const struct endpoint *group,
	    const struct addr *src, const struct iovec *, long long now);
void	 echo_free(struct echo *);

#endif
