/*
 * pipe.c: the pool of pipes that octets of streams are spliced through, each
 * lent only while it holds some; Linux only, it runs in the engine.
 *
 * A user may have 64 MiB of pipes (pipe-user-pages-soft) before the system
 * gives him small ones only: these bounds stay below it.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipe.h"

#define LARGE_SIZE	(1024 * 1024)
#define LARGE_MAX	40
#define SMALL_SIZE	(64 * 1024)	/* what the system gives unasked */
#define SMALL_MAX	256
#define SPARE_MAX	8		/* kept although not lent */

static LIST_HEAD(, pipe) spare = LIST_HEAD_INITIALIZER(spare);
static unsigned		 nspare, nlarge, nsmall;

unsigned
pipe_number(void)
{
	return nlarge + nsmall;
}

/* What the system refuses to enlarge serves as it is. */
static void
pipe_enlarge(struct pipe *p)
{
	p->room = SMALL_SIZE;
	if (nlarge < LARGE_MAX &&
	    fcntl(p->in, F_SETPIPE_SZ, LARGE_SIZE) != -1) {
		p->room = LARGE_SIZE;
		p->large = 1;
	}
	if (p->large)
		nlarge++;
	else
		nsmall++;
}

static struct pipe *
pipe_new(void)
{
	struct pipe	*p;
	int		 fds[2];

	if (nlarge >= LARGE_MAX && nsmall >= SMALL_MAX)
		return NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	if (pipe2(fds, PIPE_FLAGS) == -1) {
		free(p);
		return NULL;
	}
	p->out = fds[0];
	p->in = fds[1];
	pipe_enlarge(p);
	return p;
}

struct pipe *
pipe_lend(void)
{
	struct pipe	*p;

	if ((p = LIST_FIRST(&spare)) == NULL)
		return pipe_new();
	LIST_REMOVE(p, entry);
	nspare--;
	return p;
}

void
pipe_return(struct pipe *p)
{
	if (nspare >= SPARE_MAX) {
		pipe_close(p);
		return;
	}
	LIST_INSERT_HEAD(&spare, p, entry);
	nspare++;
}

void
pipe_close(struct pipe *p)
{
	close(p->in);
	close(p->out);
	if (p->large)
		nlarge--;
	else
		nsmall--;
	free(p);
}
