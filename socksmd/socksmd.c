/*
 * socksmd.c: main(): options, checks that can be made before anything runs,
 * going into the background, and the turn-off for children (-P).
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "conf.h"
#include "iface.h"
#include "log.h"
#include "parent.h"
#include "proc.h"
#include "sandbox.h"
#include "socksmd.h"
#include "sockopen.h"

#define CHANNEL_FD	3

static char	 program[PATH_MAX];
static pid_t	 owner;		/* of the control socket's path */
static int	 started_fd = -1;	/* the foreground process waits here */

static void __dead
usage(void)
{
	fprintf(stderr, "usage: socksmd [-dnrv] [-D macro=value] [-f file] "
	    "[-s socket]\n");
	exit(1);
}

const char *
socksmd_program(void)
{
	return program;
}

static void
find_program(const char *argv0)
{
	if (realpath("/proc/self/exe", program) != NULL)
		return;
	if (strchr(argv0, '/') == NULL || realpath(argv0, program) == NULL)
		fatalx("%s: start it by its full path", argv0);
}

static enum proc_role
role_by_name(const char *name)
{
	int	 i;

	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (strcmp(proc_name(i), name) == 0)
			return i;
	fatalx("%s: no such process", name);
}

/* As many descriptors as the system lets us have: the engine needs them. */
static void
raise_files(void)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("limit of descriptors");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("limit of descriptors");
}

static void (*const child_init[PROC_MAX])(void) = {
	[PROC_ENGINE] = engine_init,
	[PROC_POLICY] = policy_init,
	[PROC_AUTH] = auth_init,
	[PROC_RESOLVER] = resolver_init,
};

/* The parent takes a child down by closing its channel, not by signals. */
static void
child_signals(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

void
child_main(enum proc_role role)
{
	struct stat	 st;

	if (fstat(CHANNEL_FD, &st) == -1 || !S_ISSOCK(st.st_mode))
		fatalx("-P is for socksmd itself");
	if (fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == -1)
		fatal("%s: channel", proc_name(role));
	setproctitle("%s", proc_name(role));
	child_signals();
	event_init();
	proc_init(role, msg_table, msg_table_len);
	proc_attach(PROC_PARENT, CHANNEL_FD);
	log_to_parent();
	child_init[role]();
	sandbox_child(role);
	proc_send(PROC_PARENT, M_READY, NULL, -1);
	proc_run();
}

static void
make_chroot(void)
{
	if (mkdir(SOCKSMD_CHROOT, 0555) == -1 && errno != EEXIST)
		fatal("%s", SOCKSMD_CHROOT);
}

static void
check_machine(void)
{
	if (geteuid() != 0)
		fatalx("socksmd: must be started by root");
	if (getpwnam(SOCKSMD_USER) == NULL)
		fatalx("socksmd: no user %s: create it, for example with "
		    "useradd -r -d %s -s /usr/sbin/nologin %s", SOCKSMD_USER,
		    SOCKSMD_CHROOT, SOCKSMD_USER);
	if (iface_load() == -1)
		fatal("socksmd: interfaces");
}

/* However the parent ends, it leaves no socket file behind. */
static void
remove_control(void)
{
	if (getpid() == owner)
		(void)unlink(parent.control);
}

/* All that can fail for the operator's sake: before anything is started. */
static void
open_all(void)
{
	const char	*what;
	int		 error;

	error = distribute_check(parent.conf, stderr);
	if (listen_open(parent.conf, stderr) == -1 || error == -1)
		exit(1);
	parent.control_fd = sockopen_control(parent.control, &what);
	if (parent.control_fd == -1)
		fatal("control socket %s: %s", parent.control, what);
	owner = getpid();
	if (atexit(remove_control) != 0)
		fatalx("atexit");
}

/*
 * The process that the shell started waits until the ring is up, so that its
 * exit status is the daemon's.
 */
static void
background(void)
{
	int	 p[2];
	char	 c;

	if (pipe(p) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		break;
	default:
		close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
	close(p[0]);
	started_fd = p[1];
	if (fcntl(started_fd, F_SETFD, FD_CLOEXEC) == -1 || setsid() == -1 ||
	    chdir("/") == -1)
		fatal("going into the background");
	owner = getpid();
}

void
socksmd_started(void)
{
	int	 null;

	if (started_fd == -1)
		return;
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		fatal("/dev/null");
	(void)dup2(null, STDIN_FILENO);		/* three slots that are there */
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	close(null);
	log_init("socksmd", 0, log_is_verbose());
	log_info("socksmd started: generation %u, %u listeners",
	    parent.generation, listen_count());
	if (write(started_fd, "", 1) != 1)
		log_debug("nobody waits for the start");
	close(started_fd);
	started_fd = -1;
}

struct options {
	const char	*file;
	const char	*role;
	int		 debug;
	int		 noaction;
	int		 resolve;
	int		 verbose;
};

static int
check_only(const struct options *o)
{
	struct conf	*conf;

	if ((conf = conf_parse(o->file, stderr)) == NULL)
		return 1;
	if (o->resolve && conf_lookup(conf, stderr) != 0) {
		conf_free(conf);
		return 1;
	}
	if (o->verbose)
		conf_print(conf, stdout);
	else
		fprintf(stderr, "configuration OK\n");
	conf_free(conf);
	return 0;
}

/* Whoever starts us may have closed these: they must not become sockets. */
static void
standard_files(void)
{
	int	 fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			_exit(1);	/* there is nowhere to say why */
	} while (fd <= STDERR_FILENO);
	close(fd);
}

static void
parse_options(int argc, char *argv[], struct options *o)
{
	int	 ch;

	while ((ch = getopt(argc, argv, "D:df:nP:rs:v")) != -1)
		switch (ch) {
		case 'D':
			if (conf_define(optarg) == -1)
				fatalx("-D %s: expected macro=value", optarg);
			break;
		case 'd':
			o->debug = 1;
			break;
		case 'f':
			o->file = optarg;
			break;
		case 'n':
			o->noaction = 1;
			break;
		case 'P':
			o->role = optarg;
			break;
		case 'r':
			o->resolve = 1;
			break;
		case 's':
			parent.control = optarg;
			break;
		case 'v':
			o->verbose = 1;
			break;
		default:
			usage();
		}
	if (argc != optind)
		usage();
}

int
main(int argc, char *argv[], char *envp[])
{
	struct options	 o = { .file = SOCKSMD_CONF };

	standard_files();
	setproctitle_init(argc, argv, envp);
	parent.control = SOCKSMD_SOCKET;
	parse_options(argc, argv, &o);
	log_init("socksmd", 1, o.verbose);
	if (o.role != NULL)
		child_main(role_by_name(o.role));
	if (o.noaction)
		return check_only(&o);
	check_machine();
	find_program(argv[0]);
	if ((parent.conf = conf_parse(o.file, stderr)) == NULL)
		return 1;
	reload_init(o.file);
	make_chroot();
	raise_files();
	open_all();
	parent.foreground = o.debug;
	if (!o.debug)
		background();
	parent_main();
}
