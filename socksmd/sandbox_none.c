/*
 * sandbox_none.c: where there is neither seccomp nor pledge, a child still
 * gives up names and users. Says so in the log.
 */

#include <sys/types.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "compat.h"

#include "log.h"
#include "sandbox.h"

void
sandbox_child(enum proc_role role)
{
	struct passwd	*pw;

	if ((pw = getpwnam(SOCKSMD_USER)) == NULL)
		fatalx("%s: no user %s", proc_name(role), SOCKSMD_USER);
	if (chroot(SOCKSMD_CHROOT) == -1 || chdir("/") == -1)
		fatal("%s: chroot %s", proc_name(role), SOCKSMD_CHROOT);
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setregid(pw->pw_gid, pw->pw_gid) == -1 ||
	    setreuid(pw->pw_uid, pw->pw_uid) == -1)
		fatal("%s: becoming %s", proc_name(role), SOCKSMD_USER);
	log_warnx("%s: no system call filter on this system",
	    proc_name(role));
}

void
sandbox_parent(void)
{
}
