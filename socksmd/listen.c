/*
 * listen.c: the parent accepts, numbers the session, tells policy who it is
 * and only then mails the connection to the engine; it never reads from it.
 *
 * A reload opens what is new beside what there is, and changes nothing before
 * all processes have the new configuration; what both name goes on with its
 * descriptor and all that waits on it. A session has the methods and the label
 * of its listener as they were when it was accepted.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <event.h>
#include <stdio.h>
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
	TAILQ_ENTRY(listener) entry;
	uint32_t	 id;		/* never used again */
	uint8_t		 wanted;	/* by what was read last */
	uint8_t		 started;
	uint8_t		 nmethods;
	uint8_t		 methods[CONF_METHODS];
	char		 label[MSG_NAMELEN];
	const struct conf_listener *next;	/* between listen_open and
						 * listen_start */
	struct endpoint	 ep;
	uint32_t	 ifindex;
	int		 fd;
	struct event	 ev;
};
TAILQ_HEAD(listeners, listener);

/* An accepted connection, until policy's queue has taken its SESSION. */
struct waiting {
	TAILQ_ENTRY(waiting) entry;
	struct msg_session msg;
	uint64_t	 seq;
	int		 fd;
};

static struct listeners	 listeners = TAILQ_HEAD_INITIALIZER(listeners);
static uint32_t		 last_id;
static TAILQ_HEAD(, waiting) waitings = TAILQ_HEAD_INITIALIZER(waitings);
static struct event	 pause_ev;
static int		 paused;
static int		 running;

static void
listen_pause(int seconds)
{
	struct timeval	 tv = { seconds, 0 };
	struct listener	*l;

	TAILQ_FOREACH(l, &listeners, entry)
		if (!paused && l->started)
			event_del(&l->ev);
	paused = 1;
	if (seconds > 0)
		event_add(&pause_ev, &tv);
}

static void
listen_resume(void)
{
	struct listener	*l;

	if (!paused || !running || evtimer_pending(&pause_ev, NULL) ||
	    proc_queued_fds(PROC_ENGINE) >= ENGINE_FDS ||
	    !TAILQ_EMPTY(&waitings))
		return;
	paused = 0;
	TAILQ_FOREACH(l, &listeners, entry)
		if (l->started)
			event_add(&l->ev, NULL);
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

static int
listen_session(struct listener *l, int fd, const struct endpoint *peer,
    struct msg_session *msg)
{
	const struct iface_addr	*local;
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);

	memset(msg, 0, sizeof(*msg));
	msg->generation = parent.generation;
	msg->listener = l->id;
	msg->nmethods = l->nmethods;
	memcpy(msg->methods, l->methods, sizeof(msg->methods));
	strlcpy(msg->label, l->label, sizeof(msg->label));
	msg->peer = *peer;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    endpoint_from_sockaddr(&msg->local, (struct sockaddr *)&ss) == -1)
		return -1;
	if ((local = iface_of(&msg->local.addr)) == NULL)
		return -1;
	/*
	 * Of a client on this very machine, too: its datagrams go by way of
	 * loopback, but count as come in where their destination is.
	 */
	msg->ifindex = local->ifindex;
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

static struct listener *
listen_find(const struct endpoint *ep)
{
	struct listener	*l;

	TAILQ_FOREACH(l, &listeners, entry)
		if (endpoint_eq(&l->ep, ep))
			return l;
	return NULL;
}

static void
listen_close(struct listener *l)
{
	if (l->started && !paused)
		event_del(&l->ev);
	TAILQ_REMOVE(&listeners, l, entry);
	close(l->fd);
	free(l);
}

static struct listener *
listen_new(const struct conf_listener *c, const struct endpoint *ep,
    uint32_t ifindex, FILE *err)
{
	struct listener	*l;
	const char	*what = "memory";
	char		 buf[ENDPOINT_STRLEN];

	if ((l = calloc(1, sizeof(*l))) == NULL ||
	    (l->fd = sockopen_listen(ep, &what)) == -1) {
		fprintf(err, "%s:%u: listen on %s: %s: %s\n", c->file,
		    c->line, endpoint_print(ep, buf, sizeof(buf)), what,
		    strerror(errno));
		free(l);
		return NULL;
	}
	l->id = ++last_id;
	l->ep = *ep;
	TAILQ_INSERT_TAIL(&listeners, l, entry);
	l->ifindex = ifindex;
	return l;
}

/* One address: as it listens already, or a new one. */
static int
listen_add(const struct conf_listener *c, const struct addr *addr,
    uint32_t ifindex, FILE *err)
{
	struct endpoint	 ep;
	struct listener	*l;
	char		 buf[ENDPOINT_STRLEN];

	memset(&ep, 0, sizeof(ep));
	ep.addr = *addr;
	ep.port = c->port;
	if (listen_count() == LISTEN_MAX) {
		fprintf(err, "%s:%u: listen on: more than %d addresses\n",
		    c->file, c->line, LISTEN_MAX);
		return -1;
	}
	if ((l = listen_find(&ep)) != NULL && l->wanted) {
		fprintf(err, "%s:%u: listen on %s: named twice\n", c->file,
		    c->line, endpoint_print(&ep, buf, sizeof(buf)));
		return -1;
	}
	if (l == NULL && (l = listen_new(c, &ep, ifindex, err)) == NULL)
		return -1;
	l->ifindex = ifindex;
	l->wanted = 1;
	l->next = c;
	return 0;
}

/* All addresses of an interface, link-local ones with their scope. */
static int
listen_add_iface(const struct conf_listener *c, FILE *err)
{
	const struct iface_addr	*a;
	uint32_t		 index = iface_index(c->iface);
	int			 n = 0;

	if (index == 0) {
		fprintf(err, "%s:%u: listen on %s: no such interface\n", c->file,
		    c->line, c->iface);
		return -1;
	}
	TAILQ_FOREACH(a, &iface_addrs, entry) {
		if (a->ifindex != index)
			continue;
		if (listen_add(c, &a->net.addr, index, err) == -1)
			return -1;
		n++;
	}
	if (n == 0) {
		fprintf(err, "%s:%u: listen on %s: the interface has no "
		    "address\n", c->file, c->line, c->iface);
		return -1;
	}
	return 0;
}

static int
listen_add_addr(const struct conf_listener *c, FILE *err)
{
	const struct iface_addr	*a = iface_of(&c->addr);
	char			 buf[ADDR_STRLEN];

	if (a == NULL) {
		fprintf(err, "%s:%u: listen on %s: no interface has this address\n",
		    c->file, c->line, addr_print(&c->addr, buf, sizeof(buf)));
		return -1;
	}
	return listen_add(c, &c->addr, a->ifindex, err);
}

/* Back to what listens. */
void
listen_give_up(void)
{
	struct listener	*l, *next;

	TAILQ_FOREACH_SAFE(l, &listeners, entry, next) {
		l->wanted = 1;
		if (!l->started)
			listen_close(l);
	}
}

int
listen_open(const struct conf *conf, FILE *err)
{
	const struct conf_listener	*c;
	struct listener			*l;
	int				 error = 0;

	TAILQ_FOREACH(l, &listeners, entry)
		l->wanted = 0;
	TAILQ_FOREACH(c, &conf->listeners, entry)
		if ((c->iface[0] != '\0' ? listen_add_iface(c, err) :
		    listen_add_addr(c, err)) == -1)
			error = -1;
	if (error == 0 && listen_count() == 0) {
		fprintf(err, "the configuration has no listen statement\n");
		error = -1;
	}
	if (error == -1)
		listen_give_up();
	return error;
}

static void
listen_take_over(struct listener *l)
{
	l->nmethods = l->next->nmethods;
	memcpy(l->methods, l->next->methods, sizeof(l->methods));
	strlcpy(l->label, l->next->label, sizeof(l->label));
	l->next = NULL;
	if (l->started)
		return;
	event_set(&l->ev, l->fd, EV_READ | EV_PERSIST, listen_accept, l);
	if (!paused)
		event_add(&l->ev, NULL);
	l->started = 1;
}

void
listen_start(void)
{
	struct listener	*l, *next;

	if (!running) {
		evtimer_set(&pause_ev, listen_resume_event, NULL);
		proc_on_drain(PROC_POLICY, listen_drained);
		proc_on_drain(PROC_ENGINE, listen_drained);
	}
	running = 1;
	TAILQ_FOREACH_SAFE(l, &listeners, entry, next) {
		if (l->wanted)
			listen_take_over(l);
		else
			listen_close(l);
	}
}

void
listen_stop(void)
{
	struct listener	*l;

	while ((l = TAILQ_FIRST(&listeners)) != NULL)
		listen_close(l);
	if (running)
		event_del(&pause_ev);
	running = 0;
}

int
listen_is_local(const struct addr *addr)
{
	const struct listener	*l;

	TAILQ_FOREACH(l, &listeners, entry)
		if (addr_eq(&l->ep.addr, addr))
			return 1;
	return 0;
}

uint32_t
listen_count(void)
{
	const struct listener	*l;
	uint32_t		 n = 0;

	TAILQ_FOREACH(l, &listeners, entry)
		n += l->wanted;
	return n;
}

void
listen_each(void (*fn)(const struct msg_listener *))
{
	const struct listener	*l;
	struct msg_listener	 msg;

	TAILQ_FOREACH(l, &listeners, entry) {
		if (!l->wanted)
			continue;
		memset(&msg, 0, sizeof(msg));
		msg.id = l->id;
		msg.nmethods = l->next->nmethods;
		memcpy(msg.methods, l->next->methods, sizeof(msg.methods));
		strlcpy(msg.label, l->next->label, sizeof(msg.label));
		fn(&msg);
	}
}
