/*
 * reload.c: reads the configuration anew and puts it in force as a whole, or
 * not at all; runs in the parent.
 */

#include <sys/types.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"

void
reload_on_reload(enum proc_role from, const void *data, int fd)
{
	struct msg_reload	 m;

	(void)data;
	(void)fd;
	memset(&m, 0, sizeof(m));
	strlcpy(m.text, "reload is not supported yet", sizeof(m.text));
	proc_send(from, M_RELOADED, &m, -1);
}
