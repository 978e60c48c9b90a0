/*
 * sandbox_linux.c: on Linux a child gives up names, files, users and all
 * system calls but a short list; the parent all capabilities but four.
 */

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "log.h"
#include "pipe.h"
#include "sandbox.h"

#define ENGINE	(1U << PROC_ENGINE)
#define POLICY	(1U << PROC_POLICY)
#define AUTH	(1U << PROC_AUTH)
#define RESOLVER (1U << PROC_RESOLVER)
#define ALL	(ENGINE | POLICY | AUTH | RESOLVER)

/* How an argument is looked at: up to two per call. */
enum check { ANY, EQUAL, WITHOUT };

struct arg {
	enum check	 check;
	unsigned	 nr;
	uint64_t	 value;
};

struct allowed {
	unsigned	 roles;
	int		 call;
	struct arg	 arg[2];
};

#define CALL(name)	SCMP_SYS(name)

static const struct allowed allowed[] = {
	/* channels and the event loop */
	{ ALL, CALL(read), { { 0 } } },
	{ ALL, CALL(readv), { { 0 } } },
	{ ALL, CALL(write), { { 0 } } },
	{ ALL, CALL(writev), { { 0 } } },
	{ ALL, CALL(recvmsg), { { 0 } } },
	/* MSG_FASTOPEN is a connect(2) of a TCP socket that is not connected */
	{ ALL, CALL(sendmsg), { { WITHOUT, 2, MSG_FASTOPEN } } },
	{ ALL, CALL(close), { { 0 } } },
	{ ALL, CALL(poll), { { 0 } } },
	{ ALL, CALL(ppoll), { { 0 } } },
	{ ALL, CALL(epoll_wait), { { 0 } } },
	{ ALL, CALL(epoll_pwait), { { 0 } } },
	{ ALL, CALL(epoll_pwait2), { { 0 } } },
	{ ALL, CALL(epoll_ctl), { { 0 } } },
	{ ALL, CALL(clock_gettime), { { 0 } } },
	{ ALL, CALL(gettimeofday), { { 0 } } },
	{ ALL, CALL(time), { { 0 } } },
	{ ALL, CALL(getrandom), { { 0 } } },
	/* memory, never executable */
	{ ALL, CALL(brk), { { 0 } } },
	{ ALL, CALL(munmap), { { 0 } } },
	{ ALL, CALL(mremap), { { 0 } } },
	{ ALL, CALL(madvise), { { 0 } } },
	{ ALL, CALL(mmap), { { WITHOUT, 2, PROT_EXEC } } },
	{ ALL, CALL(mprotect), { { WITHOUT, 2, PROT_EXEC } } },
	/* the end */
	{ ALL, CALL(exit), { { 0 } } },
	{ ALL, CALL(exit_group), { { 0 } } },
	{ ALL, CALL(futex), { { 0 } } },
	{ ALL, CALL(getpid), { { 0 } } },
	{ ALL, CALL(gettid), { { 0 } } },
	{ ALL, CALL(rt_sigreturn), { { 0 } } },
	{ ALL, CALL(rt_sigprocmask), { { 0 } } },
	{ ALL, CALL(restart_syscall), { { 0 } } },
	/* flags of descriptors, no duplicates, no owners */
	{ ALL, CALL(fcntl), { { EQUAL, 1, F_GETFL } } },
	{ ALL, CALL(fcntl), { { EQUAL, 1, F_SETFL } } },
	{ ALL, CALL(fcntl), { { EQUAL, 1, F_GETFD } } },
	{ ALL, CALL(fcntl), { { EQUAL, 1, F_SETFD } } },
	/* the engine: datagrams, and the end of a connection */
	{ ENGINE, CALL(recvmmsg), { { 0 } } },
	{ ENGINE, CALL(sendmmsg), { { WITHOUT, 3, MSG_FASTOPEN } } },
	{ ENGINE, CALL(shutdown), { { 0 } } },
	{ ENGINE, CALL(setsockopt),
	    { { EQUAL, 1, SOL_SOCKET }, { EQUAL, 2, SO_LINGER } } },
	{ ENGINE, CALL(getsockopt),
	    { { EQUAL, 1, SOL_SOCKET }, { EQUAL, 2, SO_ERROR } } },
	{ ENGINE, CALL(getsockopt),
	    { { EQUAL, 1, SOL_SOCKET }, { EQUAL, 2, SO_MEMINFO } } },
	/* the engine: streams, through pipes of its own */
	{ ENGINE, CALL(splice), { { EQUAL, 5, PIPE_SPLICE } } },
	{ ENGINE, CALL(pipe2), { { EQUAL, 1, PIPE_FLAGS } } },
	{ ENGINE, CALL(fcntl), { { EQUAL, 1, F_SETPIPE_SZ } } },
	/* policy: socksmctl, and who is there */
	{ POLICY, CALL(accept4), { { 0 } } },
	{ POLICY, CALL(getsockopt),
	    { { EQUAL, 1, SOL_SOCKET }, { EQUAL, 2, SO_PEERCRED } } },
};

static struct scmp_arg_cmp
allowed_cmp(const struct arg *a)
{
	if (a->check == WITHOUT)
		return SCMP_CMP64(a->nr, SCMP_CMP_MASKED_EQ, a->value, 0);
	/* ints: what stands above them in the register does not count */
	return SCMP_CMP64(a->nr, SCMP_CMP_MASKED_EQ, 0xffffffffU, a->value);
}

static int
allowed_add(scmp_filter_ctx ctx, const struct allowed *a)
{
	struct scmp_arg_cmp	 cmp[2];
	unsigned		 i, n = 0;

	for (i = 0; i < nitems(a->arg); i++)
		if (a->arg[i].check != ANY)
			cmp[n++] = allowed_cmp(&a->arg[i]);
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, a->call, n, cmp);
}

static void
sandbox_seccomp(enum proc_role role)
{
	scmp_filter_ctx	 ctx;
	unsigned	 i;
	int		 error;

	if ((ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		fatalx("%s: seccomp: no filter", proc_name(role));
	/* A call of another architecture's numbers dies as well. */
	if ((error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS)) != 0)
		goto fail;
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (i = 0; i < nitems(allowed); i++)
		if ((allowed[i].roles & (1U << role)) &&
		    (error = allowed_add(ctx, &allowed[i])) != 0)
			goto fail;
	/* abort(3) shall look like abort(3), not like a forbidden call. */
	if ((error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()))) != 0)
		goto fail;
	if ((error = seccomp_load(ctx)) != 0)
		goto fail;
	seccomp_release(ctx);
	return;
fail:
	errno = -error;
	fatal("%s: seccomp", proc_name(role));
}

/* No path at all, where the kernel has Landlock. */
static void
sandbox_landlock(enum proc_role role)
{
	struct landlock_ruleset_attr	 attr;
	long				 abi;
	int				 fd;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return;			/* the chroot and seccomp remain */
	memset(&attr, 0, sizeof(attr));
	attr.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd == -1 || syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		fatal("%s: landlock", proc_name(role));
	close(fd);
}

/* At most n; what the system gave us already may be less. */
static void
sandbox_limit(enum proc_role role, int what, const char *name, rlim_t n)
{
	struct rlimit	 rl;

	if (getrlimit(what, &rl) == -1)
		fatal("%s: limit of %s", proc_name(role), name);
	rl.rlim_max = MINIMUM(rl.rlim_max, n);
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(what, &rl) == -1)
		fatal("%s: limit of %s", proc_name(role), name);
}

static void
sandbox_user(enum proc_role role)
{
	struct passwd	*pw;
	struct stat	 st;

	if ((pw = getpwnam(SOCKSMD_USER)) == NULL)
		fatalx("%s: no user %s", proc_name(role), SOCKSMD_USER);
	if (stat(SOCKSMD_CHROOT, &st) == -1)
		fatal("%s: %s", proc_name(role), SOCKSMD_CHROOT);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		fatalx("%s: %s: must belong to root and be writable to nobody "
		    "else", proc_name(role), SOCKSMD_CHROOT);
	if (chroot(SOCKSMD_CHROOT) == -1 || chdir("/") == -1)
		fatal("%s: chroot %s", proc_name(role), SOCKSMD_CHROOT);
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("%s: becoming %s", proc_name(role), SOCKSMD_USER);
}

void
sandbox_child(enum proc_role role)
{
	sandbox_user(role);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("%s: prctl", proc_name(role));
	sandbox_limit(role, RLIMIT_CORE, "core files", 0);
	sandbox_limit(role, RLIMIT_FSIZE, "file size", 0);
	sandbox_limit(role, RLIMIT_NPROC, "processes", 0);
	if (role != PROC_ENGINE)
		sandbox_limit(role, RLIMIT_NOFILE, "descriptors", 64);
	sandbox_landlock(role);
	sandbox_seccomp(role);
}

/* What the parent needs after start: low ports, buffers and marks, signals. */
#define PARENT_CAPS	(1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | \
			    1U << CAP_NET_BIND_SERVICE | 1U << CAP_KILL)

void
sandbox_parent(void)
{
	struct __user_cap_header_struct	 head;
	struct __user_cap_data_struct	 data[2];
	int				 cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(PARENT_CAPS & (1U << cap)))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	memset(&head, 0, sizeof(head));
	memset(data, 0, sizeof(data));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	data[0].effective = data[0].permitted = PARENT_CAPS;
	if (syscall(SYS_capset, &head, data) == -1)
		fatal("parent: giving up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("parent: prctl");
}
