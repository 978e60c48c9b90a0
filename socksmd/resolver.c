/*
 * resolver.c: resolves names for policy and for the configuration; a process
 * of its own, which sees no client.
 */

#include <sys/types.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"

void
resolver_init(void)
{
}

void
resolver_on_resolve(enum proc_role from, const void *data, int fd)
{
	const struct msg_resolve	*m = data;
	struct msg_resolved		 out;

	(void)fd;
	memset(&out, 0, sizeof(out));
	out.token = m->token;
	out.failed = 1;
	proc_send(from, M_RESOLVED, &out, -1);
}
