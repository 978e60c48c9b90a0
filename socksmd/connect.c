/*
 * connect.c: questions for CONNECT and for names: resolved, judged address by
 * address, granted one after the other; runs in policy.
 */

#include <sys/types.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"

void
connect_on_next(enum proc_role from, const void *data, int fd)
{
	(void)data;
	(void)fd;
	fatalx("policy: %s: NEXT without a question", proc_name(from));
}

void
connect_on_resolved(enum proc_role from, const void *data, int fd)
{
	(void)data;
	(void)fd;
	fatalx("policy: %s: RESOLVED without a question", proc_name(from));
}
