/*
 * parent.c: the privileged process; starts the ring, keeps it running, and
 * takes it down. It never reads an octet that a peer sent.
 */

#include <sys/types.h>
#include <sys/wait.h>
#include <event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "handlers.h"
#include "log.h"
#include "parent.h"
#include "sandbox.h"
#include "socksmd.h"

#define STOP_SECONDS	3	/* for records, before the rest is closed */
#define REAP_MS		2000
#define ALL_READY	(1U << PROC_ENGINE | 1U << PROC_POLICY | \
			    1U << PROC_AUTH | 1U << PROC_RESOLVER)

struct parent	parent;

static struct event	 ev_term, ev_int, ev_hup, ev_chld, ev_stop;
static unsigned		 ready;		/* one bit per process */
static int		 stopping;
static int		 recorded;	/* policy has: nothing is missing */
static int		 status_at_exit;

void
parent_stop(int status)
{
	listen_stop();
	children_end(REAP_MS);
	log_info("socksmd stopped");
	conf_free(parent.conf);
	exit(status);
}

int
parent_stopping(void)
{
	return stopping;
}

static void
parent_stop_now(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_warnx("parent: the end took longer than %d s", STOP_SECONDS);
	parent_stop(1);
}

/* Ends in good order: the engine ends all, policy records it and says so. */
static void
parent_shutdown(int status)
{
	struct timeval	 tv = { STOP_SECONDS, 0 };

	if (stopping)
		return;
	stopping = 1;
	status_at_exit = status;
	listen_stop();
	if (!proc_attached(PROC_POLICY))
		parent_stop(status);
	if (proc_attached(PROC_ENGINE))
		proc_send(PROC_ENGINE, M_SHUTDOWN, NULL, -1);
	evtimer_set(&ev_stop, parent_stop_now, NULL);
	event_add(&ev_stop, &tv);
}

void
parent_on_done(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)data;
	(void)fd;
	recorded = 1;
	if (stopping || !children_alive(PROC_ENGINE))
		parent_stop(status_at_exit);
	/*
	 * The engine is going: with many groups to leave that takes a while,
	 * and how it ended is to be in the log.
	 */
	parent_shutdown(1);
}

static void
parent_signal_stop(int sig, short what, void *arg)
{
	(void)what;
	(void)arg;
	log_info("%s: stopping", strsignal(sig));
	parent_shutdown(0);
}

static void
parent_signal_hup(int sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	reload_signal();
}

static void
parent_gone(enum proc_role role, int status)
{
	/* Its last lines are still in its channel. */
	proc_drain(role);
	if (stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (role != PROC_ENGINE || !recorded)
			return;
		log_warnx("engine ended without being told to");
		parent_stop(status_at_exit);
	}
	if (WIFSIGNALED(status))
		log_warnx("%s died: signal %d (%s)", proc_name(role),
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_warnx("%s died: exit status %d", proc_name(role),
		    WEXITSTATUS(status));
	if (role == PROC_POLICY || ready != ALL_READY ||
	    (role == PROC_ENGINE && recorded))
		parent_stop(1);
	/* Policy records what it knows of an engine that is gone: DONE. */
	parent_shutdown(1);
	status_at_exit = 1;		/* also if it was stopping already */
}

static void
parent_signal_child(int sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	children_reap(parent_gone);
}

/* A channel that closes is the forerunner of SIGCHLD: nothing to do yet. */
static void
parent_channel_closed(enum proc_role role)
{
	log_debug("parent: channel to %s closed", proc_name(role));
}

void
parent_on_log(enum proc_role from, const void *data, int fd)
{
	const struct msg_log	*msg = data;

	(void)fd;
	log_child(from, msg->priority,
	    msg_string(msg->text, sizeof(msg->text), "a line for the log"));
}

void
parent_on_verbose(enum proc_role from, const void *data, int fd)
{
	const struct msg_verbose	*msg = data;
	int				 i;

	(void)from;
	(void)fd;
	log_verbose(msg->verbose);
	for (i = PROC_PARENT + 1; i < PROC_MAX; i++)
		if (proc_attached(i))
			proc_send(i, M_VERBOSE, msg, -1);
}

/* The names of hosts in the configuration have become addresses. */
static void
parent_named(int ok)
{
	if (!ok)
		parent_stop(1);		/* errors are on standard error */
	if (!stopping)
		distribute_start(parent.conf, parent_up);
}

void
parent_on_ready(enum proc_role from, const void *data, int fd)
{
	(void)data;
	(void)fd;
	if (ready & (1U << from))
		fatalx("parent: %s is ready twice", proc_name(from));
	ready |= 1U << from;
	if (ready != ALL_READY)
		return;
	/* Nobody will be started any more. */
	sandbox_parent();
	proc_send(PROC_POLICY, M_CONTROL, NULL, parent.control_fd);
	parent.control_fd = -1;
	names_resolve(parent.conf, stderr, parent_named);
}

void
parent_up(void)
{
	if (stopping)
		return;
	log_info("socksmd started: generation %u, %u listeners",
	    parent.generation, listen_count());
	socksmd_started();
	reload_up();
}

static void
parent_signals(void)
{
	signal_set(&ev_term, SIGTERM, parent_signal_stop, NULL);
	signal_set(&ev_int, SIGINT, parent_signal_stop, NULL);
	signal_set(&ev_hup, SIGHUP, parent_signal_hup, NULL);
	signal_set(&ev_chld, SIGCHLD, parent_signal_child, NULL);
	signal_add(&ev_term, NULL);
	signal_add(&ev_int, NULL);
	signal_add(&ev_hup, NULL);
	signal_add(&ev_chld, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

void
parent_main(void)
{
	int	 i;

	setproctitle("parent");
	event_init();
	proc_init(PROC_PARENT, msg_table, msg_table_len);
	for (i = 0; i < PROC_MAX; i++)
		proc_on_close(i, parent_channel_closed);
	parent_signals();
	children_start(socksmd_program());
	proc_run();
}
