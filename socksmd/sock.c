/*
 * sock.c: the sockets that the parent made and the engine was handed, by their
 * keys, from installation to close; it runs in the engine.
 *
 * Only sock_collect() closes, from its timer or when an answer came or an
 * association ended, and never one that has users. The handlers of datagrams
 * close nothing, so a socket lasts as long as the event that it caused.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/time.h>

#include <event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "group.h"
#include "log.h"
#include "relay_io.h"

#define BUCKETS		256
#define CLOSE_MAX	16	/* a close that leaves a group takes 120 us */
#define CLOSE_PAUSE	5000	/* us until the next CLOSE_MAX */
#define CLOSE_RETRY	250000	/* us, while questions are in flight */

TAILQ_HEAD(sock_list, sock);
static struct sock_list	 socks[BUCKETS];
static uint32_t		 nidle;		/* of these, with refs 0 */
static struct event	 idle_ev;
static int		 ready;

static void	 sock_idle_event(int, short, void *);

static void
sock_init(void)
{
	int		 i;

	if (ready)
		return;
	for (i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&socks[i]);
	evtimer_set(&idle_ev, sock_idle_event, NULL);
	ready = 1;
}

static struct sock_list *
sock_bucket(const struct sock_key *k)
{
	uint32_t	 h = k->ifindex * 31 + k->port, i;

	for (i = 0; i < sizeof(k->addr.b); i++)
		h = h * 31 + k->addr.b[i];
	h = (h * 31 + k->kind) * 0x9e3779b1;
	return &socks[(h >> 16) % BUCKETS];
}

static int
sock_key_eq(const struct sock_key *a, const struct sock_key *b)
{
	return a->kind == b->kind && a->port == b->port &&
	    a->ifindex == b->ifindex && addr_eq(&a->addr, &b->addr) &&
	    addr_eq(&a->source, &b->source);
}

struct sock *
sock_find(const struct sock_key *k)
{
	struct sock	*s;

	sock_init();
	TAILQ_FOREACH(s, sock_bucket(k), entry)
		if (sock_key_eq(&s->key, k))
			return s;
	return NULL;
}

void
sock_kernel_drops(struct sock *s)
{
	uint32_t	 now = io_kernel_drops(s->fd), more;

	more = now - s->kernel;		/* it may wrap */
	s->kernel = now;
	if (s->group != NULL)
		group_drop(s->group, DROP_KERNEL, more);
	else
		engine.lost.drops[DROP_KERNEL] += more;
}

static void (*const events[SOCK_MAX])(int, short, void *) = {
	[SOCK_RELAY] = relay_inside_event,
	[SOCK_GROUP] = relay_group_event,
	[SOCK_EGRESS] = relay_egress_event,
	[SOCK_DEDICATED] = relay_egress_event
};

/* Nothing is expected on sockets that only send: nobody reads them. */
static int
sock_reads(const struct sock *s)
{
	return events[s->key.kind] != NULL;
}

void
sock_kernel_drops_all(void)
{
	struct sock	*s;
	int		 i;

	sock_init();
	for (i = 0; i < BUCKETS; i++)
		TAILQ_FOREACH(s, &socks[i], entry)
			if (sock_reads(s))
				sock_kernel_drops(s);
}

static void
sock_close(struct sock *s)
{
	if (sock_reads(s)) {
		event_del(&s->ev);
		sock_kernel_drops(s);
	}
	TAILQ_REMOVE(sock_bucket(&s->key), s, entry);
	if (s->refs == 0)
		nidle--;
	group_free(s->group);
	close(s->fd);
	free(s);
}

static void
sock_later(long usec)
{
	struct timeval	 tv = { 0, usec };

	/* A retry must not put off what is due sooner. */
	if (usec == CLOSE_RETRY && evtimer_pending(&idle_ev, NULL))
		return;
	evtimer_add(&idle_ev, &tv);
}

/* Closes some of the sockets that no answer can mean any more. */
static int
sock_close_idle(uint64_t oldest, int max)
{
	struct sock	*s, *next;
	int		 i, n = 0;

	for (i = 0; i < BUCKETS && nidle > 0; i++)
		for (s = TAILQ_FIRST(&socks[i]); s != NULL; s = next) {
			next = TAILQ_NEXT(s, entry);
			if (s->refs > 0 || s->idle_since >= oldest)
				continue;
			if (n++ == max)
				return max;
			sock_close(s);
		}
	return n;
}

void
sock_collect(uint64_t oldest_req)
{
	sock_init();
	if (nidle == 0)
		return;
	if (sock_close_idle(oldest_req, CLOSE_MAX) == CLOSE_MAX)
		sock_later(CLOSE_PAUSE);
	else if (nidle > 0)
		sock_later(CLOSE_RETRY);
}

static void
sock_idle_event(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	sock_collect(request_oldest());
}

void
sock_ref(struct sock *s)
{
	if (s->refs++ == 0)
		nidle--;
}

/*
 * The timer is for whoever forgets sock_collect(), and for the case that it
 * has to wait for an answer.
 */
void
sock_unref(struct sock *s)
{
	if (s->refs == 0)
		fatalx("socket without users loses one");
	if (--s->refs > 0)
		return;
	s->idle_since = request_newest();
	nidle++;
	sock_later(CLOSE_PAUSE);
}

/* Register what is to be read; -1 if it cannot be. */
static int
sock_listen(struct sock *s)
{
	if (!sock_reads(s))
		return 0;
	if (s->key.kind == SOCK_GROUP && (s->group = group_new(s)) == NULL)
		return -1;
	event_set(&s->ev, s->fd, EV_READ | EV_PERSIST, events[s->key.kind],
	    s);
	if (event_add(&s->ev, NULL) == -1) {
		group_free(s->group);
		return -1;
	}
	return 0;
}

/* Takes over fd. */
static struct sock *
sock_new(const struct msg_socket *m, int fd)
{
	struct sock	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		close(fd);
		return NULL;
	}
	s->key = m->grant.key;
	s->bound = m->bound;
	s->mtu = m->mtu;
	s->fd = fd;
	if (sock_listen(s) == -1) {
		log_warn("socket on interface %u", s->key.ifindex);
		close(fd);
		free(s);
		return NULL;
	}
	s->idle_since = request_newest();
	nidle++;
	TAILQ_INSERT_TAIL(sock_bucket(&s->key), s, entry);
	sock_later(CLOSE_RETRY);
	return s;
}

/* Corruption between processes is fatal; a failure of the system is not. */
static void
sock_check(const struct msg_socket *m)
{
	const struct sock_key	*k = &m->grant.key;

	if (k->kind <= SOCK_NONE || k->kind >= SOCK_MAX)
		fatalx("socket of kind %u", k->kind);
	if (k->addr.af != ADDR_V4 && k->addr.af != ADDR_V6)
		fatalx("socket of family %u", k->addr.af);
	if (k->kind == SOCK_GROUP &&
	    (k->port == 0 || !addr_is_multicast(&k->addr)))
		fatalx("socket for what is no group");
}

/* The key of one that is never shared may be another's, too. */
static int
sock_shared(const struct sock_key *k)
{
	return k->kind != SOCK_DEDICATED && k->kind != SOCK_CONNECT;
}

/*
 * One with users stays when another comes: policy may have believed it gone.
 * fd may be -1 where one should have come: it was lost on the way.
 */
struct sock *
sock_install(const struct msg_socket *m, int fd)
{
	struct sock	*old;

	sock_check(m);
	old = sock_shared(&m->grant.key) ? sock_find(&m->grant.key) : NULL;
	if (m->err != 0 || m->grant.reuse || (old != NULL && old->refs > 0)) {
		if (fd != -1)
			close(fd);
		return m->err != 0 ? NULL : old;
	}
	if (fd == -1)
		return NULL;
	if (old != NULL)
		sock_close(old);	/* no users */
	return sock_new(m, fd);
}

/* At the end: whoever has a pointer must not use it any more. */
void
sock_close_all(void)
{
	struct sock	*s;
	int		 i;

	sock_init();
	for (i = 0; i < BUCKETS; i++)
		while ((s = TAILQ_FIRST(&socks[i])) != NULL)
			sock_close(s);
	evtimer_del(&idle_ev);
}
