/*
 * sandbox.h: the one way by which a process gives up what it does not need.
 */

#ifndef SANDBOX_H
#define SANDBOX_H

#include "types.h"

#define SOCKSMD_USER	"_socksmd"
#define SOCKSMD_CHROOT	"/var/empty"

/*
 * In a child, after its event loop and random generator are set up and before
 * it reads its first message: chroot, own user, no new privileges, limits,
 * Landlock, seccomp or pledge. Fatal if any of it fails.
 */
void	 sandbox_child(enum proc_role);
/* In the parent, once the children run: keeps the capabilities it needs. */
void	 sandbox_parent(void);

#endif
