/*
 * names.c: host names in the configuration, resolved before it is sent; runs
 * in the parent.
 */

#include <sys/types.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"

void
names_on_resolved(enum proc_role from, const void *data, int fd)
{
	(void)data;
	(void)fd;
	fatalx("parent: %s: RESOLVED without a question", proc_name(from));
}
