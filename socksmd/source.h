/*
 * source.h: the sources a group has heard, and what policy said of them; in
 * the engine.
 */

#ifndef SOURCE_H
#define SOURCE_H

#include <sys/queue.h>
#include <stdint.h>

#include "addr.h"

#define SOURCES_MAX	256	/* per group; the least recently heard goes */
#define SOURCES_ASKED	16	/* questions in flight per group */
#define SOURCES_RATE	256	/* questions per group and second */
#define SOURCE_WAITING	64	/* datagrams that wait for one verdict, as
				 * many as come in one burst */
#define SOURCE_OCTETS	(256 << 10)	/* of them */
#define SOURCE_BUDGET	(2 << 20)	/* of all that wait in the process */
#define SOURCE_BUCKETS	64

struct dgram;
struct group;
struct source;
TAILQ_HEAD(source_list, source);
LIST_HEAD(source_bucket, source);

struct sources {
	struct source_list	 recent;	/* latest first */
	struct source_bucket	 bucket[SOURCE_BUCKETS];
	uint32_t		 n;
	uint32_t		 asked;		/* questions in flight */
	uint32_t		 in_second;	/* questions since second */
	long long		 second;
};

void	 sources_init(struct sources *);
void	 sources_free(struct group *);
/*
 * A datagram from outside: 1 if it may be delivered; else it was dropped and
 * counted, or it waits and is delivered by source_answer(). now is engine_now().
 */
int	 source_judge(struct group *, const struct dgram *, long long now);
void	 source_answer(struct group *, const struct endpoint *src, int pass,
	    uint32_t generation);

#endif
