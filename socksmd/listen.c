/*
 * listen.c: the parent accepts, numbers the session, tells policy who it is
 * and only then mails the connection to the engine; it never reads from it.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "handlers.h"
#include "iface.h"
#include "log.h"
#include "parent.h"
#include "sockopen.h"

#define LISTEN_MAX	128
#define ACCEPT_TURN	64	/* connections per turn of the event loop */
/*
 * Queued towards the engine: then connections wait. Below PERMIT_FDS, or a
 * flood of connections would have every grant refused.
 */
#define ENGINE_FDS	128
#define PAUSE_SECONDS	1	/* after EMFILE */

struct listener {
	const struct conf_listener *conf;
	struct endpoint	 ep;
	uint32_t	 ifindex;
	int		 fd;
	struct event	 ev;
};

/* An accepted connection, until policy's queue has taken its SESSION. */
struct waiting {
	TAILQ_ENTRY(waiting) entry;
	struct msg_session msg;
	uint64_t	 seq;
	int		 fd;
};

static struct listener	 listeners[LISTEN_MAX];
static uint32_t		 nlisteners;
static TAILQ_HEAD(, waiting) waitings = TAILQ_HEAD_INITIALIZER(waitings);
static struct event	 pause_ev;
static int		 paused;
static int		 running;

static void
listen_pause(int seconds)
{
	struct timeval	 tv = { seconds, 0 };
	uint32_t	 i;

	for (i = 0; i < nlisteners && !paused; i++)
		event_del(&listeners[i].ev);
	paused = 1;
	if (seconds > 0)
		event_add(&pause_ev, &tv);
}

static void
listen_resume(void)
{
	uint32_t	 i;

	if (!paused || !running || evtimer_pending(&pause_ev, NULL) ||
	    proc_queued_fds(PROC_ENGINE) >= ENGINE_FDS ||
	    !TAILQ_EMPTY(&waitings))
		return;
	paused = 0;
	for (i = 0; i < nlisteners; i++)
		event_add(&listeners[i].ev, NULL);
}

static void
listen_resume_event(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	listen_resume();
}

/* Those whose SESSION has left for policy go to the engine, in order. */
static void
listen_forward(void)
{
	struct waiting	*w;

	while ((w = TAILQ_FIRST(&waitings)) != NULL &&
	    proc_queued_fds(PROC_ENGINE) < ENGINE_FDS &&
	    proc_left(PROC_POLICY, w->seq)) {
		TAILQ_REMOVE(&waitings, w, entry);
		proc_send(PROC_ENGINE, M_CLIENT, &w->msg, w->fd);
		free(w);
	}
	if (!TAILQ_EMPTY(&waitings) && !paused)
		listen_pause(0);
}

/* After accepting, and whenever a queue to a child has become shorter. */
static void
listen_drained(void)
{
	listen_forward();
	listen_resume();
}

/* A client on this very machine comes over the loopback interface. */
static uint32_t
listen_ifindex(const struct endpoint *peer, const struct iface_addr *local)
{
	static uint32_t	 lo;

	if (iface_of(&peer->addr) == NULL)
		return local->ifindex;
	if (lo == 0)
		lo = iface_index("lo") ? iface_index("lo") : iface_index("lo0");
	return lo;
}

static int
listen_session(struct listener *l, int fd, const struct endpoint *peer,
    struct msg_session *msg)
{
	const struct iface_addr	*local;
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);

	memset(msg, 0, sizeof(*msg));
	msg->generation = parent.generation;
	msg->listener = l - listeners;
	msg->peer = *peer;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(&msg->local, (struct sockaddr *)&ss) == -1)
		return -1;
	if ((local = iface_of(&msg->local.addr)) == NULL)
		return -1;
	msg->ifindex = listen_ifindex(peer, local);
	msg->mtu = iface_mtu(msg->ifindex);
	return 0;
}

static void
listen_take(struct listener *l, int fd, const struct endpoint *peer)
{
	static struct log_rate	 rate;
	char			 buf[ENDPOINT_STRLEN];
	struct waiting		*w;

	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    listen_session(l, fd, peer, &w->msg) == -1 ||
	    (w->msg.sid = live_new(&peer->addr)) == 0) {
		if (log_ok(&rate, 10, "connections over a limit"))
			log_info("connection from %s closed: limit of "
			    "sessions", endpoint_print(peer, buf,
			    sizeof(buf)));
		free(w);
		close(fd);
		return;
	}
	w->fd = fd;
	w->seq = proc_send(PROC_POLICY, M_SESSION, &w->msg, -1);
	TAILQ_INSERT_TAIL(&waitings, w, entry);
}

/* 1: there may be more; 0: not now. */
static int
listen_accept_one(struct listener *l)
{
	static struct log_rate	 rate;
	struct sockaddr_storage	 ss;
	struct endpoint		 peer;
	socklen_t		 len = sizeof(ss);
	int			 fd;

	fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			if (log_ok(&rate, 1, "accept"))
				log_warn("accept: waiting %d s",
				    PAUSE_SECONDS);
			listen_pause(PAUSE_SECONDS);
			return 0;
		}
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (endpoint_from_sockaddr(&peer, (struct sockaddr *)&ss) == -1) {
		close(fd);
		return 1;
	}
	addr_unmap(&peer.addr);
	listen_take(l, fd, &peer);
	return 1;
}

static void
listen_accept(int fd, short what, void *arg)
{
	struct listener	*l = arg;
	int		 i;

	(void)fd;
	(void)what;
	for (i = 0; i < ACCEPT_TURN && !paused; i++)
		if (!listen_accept_one(l))
			break;
	listen_drained();
}

static int
listen_add(const struct conf_listener *c, const struct addr *addr,
    uint32_t ifindex)
{
	struct listener	*l;
	const char	*what;
	char		 buf[ENDPOINT_STRLEN];

	if (nlisteners == LISTEN_MAX) {
		log_warnx("%s:%u: listen on: more than %d addresses", c->file,
		    c->line, LISTEN_MAX);
		return -1;
	}
	l = &listeners[nlisteners];
	memset(l, 0, sizeof(*l));
	l->conf = c;
	l->ep.addr = *addr;
	l->ep.port = c->port;
	l->ifindex = ifindex;
	if ((l->fd = sockopen_listen(&l->ep, &what)) == -1) {
		log_warn("%s:%u: listen on %s: %s", c->file, c->line,
		    endpoint_print(&l->ep, buf, sizeof(buf)), what);
		return -1;
	}
	nlisteners++;
	return 0;
}

/* All IPv4 addresses of an interface; IPv6 is not served yet. */
static int
listen_add_iface(const struct conf_listener *c)
{
	const struct iface_addr	*a;
	uint32_t		 index = iface_index(c->iface);
	int			 n = 0;

	if (index == 0) {
		log_warnx("%s:%u: listen on %s: no such interface", c->file,
		    c->line, c->iface);
		return -1;
	}
	TAILQ_FOREACH(a, &iface_addrs, entry) {
		if (a->ifindex != index || a->net.addr.af != ADDR_V4)
			continue;
		if (listen_add(c, &a->net.addr, index) == -1)
			return -1;
		n++;
	}
	if (n == 0) {
		log_warnx("%s:%u: listen on %s: the interface has no IPv4 "
		    "address", c->file, c->line, c->iface);
		return -1;
	}
	return 0;
}

static int
listen_add_addr(const struct conf_listener *c)
{
	const struct iface_addr	*a = iface_of(&c->addr);
	char			 buf[ADDR_STRLEN];

	if (c->addr.af != ADDR_V4) {
		log_warnx("%s:%u: listen on %s: IPv6 is not supported yet",
		    c->file, c->line, addr_print(&c->addr, buf, sizeof(buf)));
		return -1;
	}
	if (a == NULL) {
		log_warnx("%s:%u: listen on %s: no interface has this address",
		    c->file, c->line, addr_print(&c->addr, buf, sizeof(buf)));
		return -1;
	}
	return listen_add(c, &c->addr, a->ifindex);
}

int
listen_open(const struct conf *conf)
{
	const struct conf_listener	*c;
	int				 error = 0;

	TAILQ_FOREACH(c, &conf->listeners, entry)
		if ((c->iface[0] != '\0' ? listen_add_iface(c) :
		    listen_add_addr(c)) == -1)
			error = -1;
	if (error == 0 && nlisteners == 0) {
		log_warnx("the configuration has no listen statement");
		error = -1;
	}
	return error;
}

void
listen_start(void)
{
	uint32_t	 i;

	running = 1;
	evtimer_set(&pause_ev, listen_resume_event, NULL);
	proc_on_drain(PROC_POLICY, listen_drained);
	proc_on_drain(PROC_ENGINE, listen_drained);
	for (i = 0; i < nlisteners; i++) {
		event_set(&listeners[i].ev, listeners[i].fd,
		    EV_READ | EV_PERSIST, listen_accept, &listeners[i]);
		event_add(&listeners[i].ev, NULL);
	}
}

void
listen_stop(void)
{
	uint32_t	 i;

	for (i = 0; i < nlisteners; i++) {
		if (running)
			event_del(&listeners[i].ev);
		close(listeners[i].fd);
	}
	if (running)
		event_del(&pause_ev);
	running = 0;
	nlisteners = 0;
}

int
listen_is_local(const struct addr *addr)
{
	uint32_t	 i;

	for (i = 0; i < nlisteners; i++)
		if (addr_eq(&listeners[i].ep.addr, addr))
			return 1;
	return 0;
}

uint32_t
listen_count(void)
{
	return nlisteners;
}

void
listen_describe(uint32_t i, struct msg_listener *msg)
{
	const struct conf_listener	*c = listeners[i].conf;

	msg->id = i;
	msg->nmethods = c->nmethods;
	memcpy(msg->methods, c->methods, sizeof(msg->methods));
	strlcpy(msg->label, c->label, sizeof(msg->label));
}
