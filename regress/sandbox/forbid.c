/*
 * forbid.c: puts a process into the sandbox of a role, by the daemon's own
 * sandbox code, and has it try one thing: what is forbidden must end it with
 * SIGSYS, what is allowed must work.
 *
 *	forbid			all of it, one line per role and call
 *	forbid PATTERN ...	those whose name matches, as in engine-socket
 *	forbid -v ROLE CALL	this one, telling what happens (make demo)
 *
 * What is forbidden is tried outside of the sandbox as well: there it must
 * not end in SIGSYS, or the test would prove nothing.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "forbid.h"
#include "log.h"
#include "sandbox.h"

#define LIMIT		10	/* seconds that one call may take */
#define BROKEN		99	/* exit status: the sandbox did not close */

struct hands	hands;

static const struct {
	enum proc_role	 role;
	unsigned	 bit;
	const char	*name;
} roles[] = {
	{ PROC_ENGINE,	ENGINE,	"engine" },
	{ PROC_POLICY,	POLICY,	"policy" },
	{ PROC_AUTH,	AUTH,	"auth" },
	{ PROC_RESOLVER, RESOLVER, "resolver" },
};
#define NROLES (sizeof(roles) / sizeof(roles[0]))

/* What sandbox_linux.c wants of the daemon, without the daemon. */
const char *
proc_name(enum proc_role role)
{
	size_t i;

	for (i = 0; i < NROLES; i++)
		if (roles[i].role == role)
			return (roles[i].name);
	return ("parent");
}

static void
say(const char *fmt, va_list ap, const char *tail)
{
	fprintf(stderr, "sandbox: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "%s%s\n", *tail ? ": " : "", tail);
}

#define LOG_STUB(name)							\
void									\
name(const char *fmt, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	say(fmt, ap, "");						\
	va_end(ap);							\
}
LOG_STUB(log_warn)
LOG_STUB(log_warnx)
LOG_STUB(log_info)
LOG_STUB(log_debug)

void
fatal(const char *fmt, ...)
{
	va_list ap;
	const char *why = strerror(errno);

	va_start(ap, fmt);
	say(fmt, ap, why);
	va_end(ap);
	_exit(BROKEN);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, "");
	va_end(ap);
	_exit(BROKEN);
}

static void
need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "forbid: %s: %s\n", what, strerror(errno));
	_exit(BROKEN);
}

static int
listener(int domain, const struct sockaddr *sa, socklen_t len)
{
	int fd;

	fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0);
	need(fd != -1, "socket");
	need(bind(fd, sa, len) == 0, "bind");
	need(listen(fd, 4) == 0, "listen");
	return (fd);
}

/* A listening socket in the file system, as socksmctl's; its name goes. */
static int
unix_listener(void)
{
	struct sockaddr_un sun;
	int fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/forbid.%ld.sock",
	    (long)getpid());
	fd = listener(AF_UNIX, (struct sockaddr *)&sun, sizeof(sun));
	hands.waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	need(hands.waiting != -1 && connect(hands.waiting,
	    (struct sockaddr *)&sun, sizeof(sun)) == 0, "connect");
	unlink(sun.sun_path);
	return (fd);
}

/* All that the calls need is made here, while it still can be made. */
static void
hands_fill(void)
{
	struct sockaddr_in *sin = &hands.to;
	int pair[2];

	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	hands.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	need(hands.udp != -1 && bind(hands.udp, (struct sockaddr *)sin,
	    sizeof(*sin)) == 0, "udp socket");
	hands.tcp = listener(AF_INET, (struct sockaddr *)sin, sizeof(*sin));
	hands.ctl = unix_listener();
	hands.null = open("/dev/null", O_RDWR);
	need(hands.null != -1, "/dev/null");
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0,
	    "socketpair");
	hands.stream = pair[0];
	hands.peer = pair[1];
	sin->sin_port = htons(9);
	hands.parent = getppid();
}

/* Comes to an end by itself only where the call was let through. */
static void
attempt(const struct call *c, enum proc_role role, int sandboxed)
{
	struct rlimit none = { 0, 0 };
	int ok;

	(void)setrlimit(RLIMIT_CORE, &none);	/* SIGSYS would leave one */
	alarm(LIMIT);
	hands_fill();
	event_init();
	need(arc4random_uniform(1) == 0, "arc4random");
	if (sandboxed)
		sandbox_child(role);
	ok = c->try();
	_exit(ok ? 0 : 1);
}

static int
run(const struct call *c, enum proc_role role, int sandboxed)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	need(pid != -1, "fork");
	if (pid == 0)
		attempt(c, role, sandboxed);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	return (status);
}

static int
killed(int status)
{
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static const char *
outcome(int status)
{
	static char buf[64];

	if (WIFSIGNALED(status))
		snprintf(buf, sizeof(buf), "killed by SIG%s",
		    sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == BROKEN)
		snprintf(buf, sizeof(buf), "the sandbox did not close");
	else if (WEXITSTATUS(status) == 0)
		snprintf(buf, sizeof(buf), "it worked");
	else
		snprintf(buf, sizeof(buf), "the call failed without a signal");
	return (buf);
}

static void
report(const char *role, const struct call *c, const char *why)
{
	printf("%s %s-%s%s%s\n", why == NULL ? "ok" : "not ok", role, c->name,
	    why == NULL ? "" : " - ", why == NULL ? "" : why);
}

static void
check_forbidden(const char *name, enum proc_role role, const struct call *c)
{
	int status;

	status = run(c, role, 0);
	if (killed(status)) {
		report(name, c, "ended by SIGSYS without a sandbox already");
		return;
	}
	status = run(c, role, 1);
	/* Without 32-bit entry the kernel has another signal for this one. */
	if (killed(status) || (c->flags & OR_SEGV && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGSEGV))
		report(name, c, NULL);
	else
		report(name, c, outcome(status));
}

static void
check_allowed(const char *name, enum proc_role role, const struct call *c)
{
	int status;

	status = run(c, role, 1);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		report(name, c, NULL);
	else
		report(name, c, outcome(status));
}

static int
wanted(const char *role, const struct call *c, int argc, char **argv)
{
	char name[64];
	int i;

	snprintf(name, sizeof(name), "%s-%s", role, c->name);
	for (i = 0; i < argc; i++)
		if (fnmatch(argv[i], name, 0) == 0 ||
		    strncmp(argv[i], name, strlen(argv[i])) == 0)
			return (1);
	return (argc == 0);
}

static void
check_all(int argc, char **argv)
{
	const struct call *c;
	size_t i;

	for (i = 0; i < NROLES; i++)
		for (c = calls; c->name != NULL; c++) {
			if (!wanted(roles[i].name, c, argc, argv))
				continue;
			if (c->forbidden & roles[i].bit)
				check_forbidden(roles[i].name, roles[i].role,
				    c);
			else if (c->allowed & roles[i].bit)
				check_allowed(roles[i].name, roles[i].role, c);
		}
}

static int
tell(const char *role, const char *name)
{
	const struct call *c;
	size_t i;
	int status;

	for (i = 0; i < NROLES && strcmp(roles[i].name, role) != 0; i++)
		;
	for (c = calls; c->name != NULL && strcmp(c->name, name) != 0; c++)
		;
	if (i == NROLES || c->name == NULL) {
		fprintf(stderr, "forbid: no role %s or no call %s\n", role,
		    name);
		return (2);
	}
	status = run(c, roles[i].role, 1);
	printf("%s in the sandbox of the %s: %s\n", name, role,
	    outcome(status));
	return (killed(status) ? 0 : 1);
}

int
main(int argc, char **argv)
{
	setproctitle_init(argc, argv, environ);
	if (argc == 4 && strcmp(argv[1], "-v") == 0)
		return (tell(argv[2], argv[3]));
	if (geteuid() != 0 || getpwnam(SOCKSMD_USER) == NULL) {
		printf("skip sandbox - needs root and the user %s\n",
		    SOCKSMD_USER);
		return (0);
	}
	check_all(argc - 1, argv + 1);
	return (0);
}
