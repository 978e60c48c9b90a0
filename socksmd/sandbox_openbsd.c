/*
 * sandbox_openbsd.c: on OpenBSD a child gives up names, users and, by
 * pledge(2), all promises but those of its role. Not tested there yet.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

static const char *const promises[PROC_MAX] = {
	[PROC_PARENT] = "stdio rpath wpath cpath inet unix mcast sendfd proc "
	    "unveil",
	[PROC_ENGINE] = "stdio recvfd",
	[PROC_POLICY] = "stdio recvfd unix",
	[PROC_AUTH] = "stdio recvfd",
	[PROC_RESOLVER] = "stdio recvfd",
};

void
sandbox_child(enum proc_role role)
{
	struct passwd	*pw;

	if ((pw = getpwnam(SOCKSMD_USER)) == NULL)
		fatalx("%s: no user %s", proc_name(role), SOCKSMD_USER);
	if (chroot(SOCKSMD_CHROOT) == -1 || chdir("/") == -1)
		fatal("%s: chroot %s", proc_name(role), SOCKSMD_CHROOT);
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("%s: becoming %s", proc_name(role), SOCKSMD_USER);
	if (unveil(NULL, NULL) == -1)
		fatal("%s: unveil", proc_name(role));
	if (pledge(promises[role], NULL) == -1)
		fatal("%s: pledge", proc_name(role));
}

void
sandbox_parent(void)
{
	if (pledge(promises[PROC_PARENT], NULL) == -1)
		fatal("parent: pledge");
}
