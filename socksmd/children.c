/*
 * children.c: starts the other processes, connects them, and reaps them;
 * runs in the parent.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"

#include "log.h"
#include "parent.h"
#include "proc.h"

#define CHILD_FD	3	/* a child's channel to the parent */

static const char	*program;
static pid_t		 pids[PROC_MAX];

/* Who talks to whom besides the parent. */
static const enum proc_role pairs[][2] = {
	{ PROC_ENGINE, PROC_POLICY },
	{ PROC_ENGINE, PROC_AUTH },
	{ PROC_AUTH, PROC_POLICY },
	{ PROC_POLICY, PROC_RESOLVER },
};

static void
children_pair(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, sv) == -1)
		fatal("parent: socketpair");
}

/* In the child: nothing but its channel, /dev/null, and a clean mask. */
static void __dead
children_exec(enum proc_role role, int fd)
{
	char	*argv[5], verbose[] = "-v";
	int	 null, i = 0;

	if ((null = open("/dev/null", O_RDWR)) == -1)
		fatal("%s: /dev/null", proc_name(role));
	if (dup2(fd, CHILD_FD) == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1)
		fatal("%s: dup2", proc_name(role));
	/* standard error stays until exec, for the line below */
	if (fcntl(CHILD_FD, F_SETFD, 0) == -1)
		fatal("%s: fcntl", proc_name(role));
	argv[i++] = (char *)(uintptr_t)program;
	if (log_is_verbose())
		argv[i++] = verbose;
	argv[i++] = (char *)(uintptr_t)"-P";
	argv[i++] = (char *)(uintptr_t)proc_name(role);
	argv[i] = NULL;
	closefrom(CHILD_FD + 1);
	if (dup2(STDIN_FILENO, STDERR_FILENO) == -1)
		_exit(1);
	execv(program, argv);
	_exit(127);
}

static void
children_start_one(enum proc_role role)
{
	int	 sv[2];

	children_pair(sv);
	switch (pids[role] = fork()) {
	case -1:
		fatal("parent: fork of %s", proc_name(role));
	case 0:
		/* dup2 of a descriptor onto itself would keep close-on-exec */
		children_exec(role, sv[1]);
	}
	close(sv[1]);
	proc_attach(role, sv[0]);
}

static void
children_connect(enum proc_role a, enum proc_role b)
{
	struct msg_channel	 msg;
	int			 sv[2];

	children_pair(sv);
	memset(&msg, 0, sizeof(msg));
	msg.peer = b;
	proc_send(a, M_CHANNEL, &msg, sv[0]);
	msg.peer = a;
	proc_send(b, M_CHANNEL, &msg, sv[1]);
}

void
children_start(const char *path)
{
	size_t	 i;

	program = path;
	children_start_one(PROC_ENGINE);
	children_start_one(PROC_POLICY);
	children_start_one(PROC_AUTH);
	children_start_one(PROC_RESOLVER);
	for (i = 0; i < nitems(pairs); i++)
		children_connect(pairs[i][0], pairs[i][1]);
}

int
children_alive(enum proc_role role)
{
	return pids[role] > 0;
}

int
children_pid(enum proc_role role)
{
	return role == PROC_PARENT ? getpid() : pids[role];
}

void
children_reap(void (*gone)(enum proc_role, int))
{
	pid_t	 pid;
	int	 status, i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < PROC_MAX; i++)
			if (pids[i] == pid) {
				pids[i] = 0;
				gone(i, status);
			}
}

static void
children_ignore(enum proc_role role, int status)
{
	(void)role;
	(void)status;
}

static int
children_left(void)
{
	int	 i, n = 0;

	for (i = 0; i < PROC_MAX; i++)
		n += pids[i] > 0;
	return n;
}

/* The event loop is over: waiting in small steps is all there is to do. */
void
children_end(int ms)
{
	const struct timespec	 step = { 0, 5 * 1000 * 1000 };
	long long		 end = clock_ms() + ms;
	int			 i, killed = 0;

	for (i = 0; i < PROC_MAX; i++)
		proc_detach(i);
	for (;;) {
		children_reap(children_ignore);
		if (children_left() == 0)
			return;
		if (clock_ms() >= end) {
			if (killed++)
				return;
			for (i = 0; i < PROC_MAX; i++)
				if (pids[i] > 0) {
					log_warnx("%s does not stop: killed",
					    proc_name(i));
					(void)kill(pids[i], SIGKILL);
				}
			end = clock_ms() + ms;
		}
		(void)nanosleep(&step, NULL);
	}
}
