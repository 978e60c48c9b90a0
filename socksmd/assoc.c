/*
 * assoc.c: associations, by AID and by grant, and their idle time; it runs in
 * the engine.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/time.h>

#include <event.h>
#include <stdint.h>
#include <stdlib.h>

#include "compat.h"
#include "aid.h"
#include "assoc.h"
#include "egress.h"
#include "engine.h"
#include "idmap.h"
#include "log.h"
#include "proc.h"
#include "request.h"
#include "session.h"

/*
 * Idle time: a wheel of one slot a second. A datagram only notes the time; an
 * association whose slot comes round is looked at and, if it was used since,
 * put where it may be idle next. So a touch costs one store.
 */
#define WHEEL_SLOTS	512

static struct idmap	 by_aid, by_grant;
static TAILQ_HEAD(, assoc) wheel[WHEEL_SLOTS];
static struct event	 wheel_ev;
static long long	 wheel_now;	/* ms, of the last tick */
static long long	 wheel_tick;	/* seconds, slot that was last looked at */

static void	 wheel_event(int, short, void *);

void
assoc_init(void)
{
	int		 i;

	for (i = 0; i < WHEEL_SLOTS; i++)
		TAILQ_INIT(&wheel[i]);
	evtimer_set(&wheel_ev, wheel_event, NULL);
	wheel_now = engine_now();
	wheel_tick = wheel_now / 1000;
}

static void
wheel_set(void)
{
	struct timeval	 tv = { 1, 0 };

	if (by_aid.n > 0 && !evtimer_pending(&wheel_ev, NULL))
		if (evtimer_add(&wheel_ev, &tv) == -1)
			fatal("timer of the associations");
}

/* The slot of the second in which a may be idle, or the farthest. */
static uint32_t
wheel_slot(const struct assoc *a)
{
	long long	 at = a->last / 1000 + a->idle + 2;

	if (at <= wheel_tick)
		at = wheel_tick + 1;
	if (at >= wheel_tick + WHEEL_SLOTS)
		at = wheel_tick + WHEEL_SLOTS - 1;
	return (uint32_t)(at % WHEEL_SLOTS);
}

static void
wheel_insert(struct assoc *a)
{
	if (a->idle == 0)
		return;
	a->idle_slot = wheel_slot(a);
	TAILQ_INSERT_TAIL(&wheel[a->idle_slot], a, idle_entry);
	a->queued = 1;
}

static void
wheel_remove(struct assoc *a)
{
	if (!a->queued)
		return;
	TAILQ_REMOVE(&wheel[a->idle_slot], a, idle_entry);
	a->queued = 0;
}

/* last may be a tick older than the datagram; late by that is right (P48). */
static int
assoc_is_idle(const struct assoc *a)
{
	return wheel_now - a->last >= a->idle * 1000LL + 1000;
}

/* What goes back never goes to this slot again: wheel_slot(). */
static void
wheel_look(uint32_t slot)
{
	struct session	*s;
	struct assoc	*a;

	while ((a = TAILQ_FIRST(&wheel[slot])) != NULL) {
		if (!assoc_is_idle(a)) {
			wheel_remove(a);
			wheel_insert(a);
			continue;
		}
		s = a->session;
		assoc_close(a, END_IDLE);
		session_turn(s);
	}
}

static void
wheel_event(int fd, short what, void *arg)
{
	long long	 second;
	int		 i;

	(void)fd;
	(void)what;
	(void)arg;
	wheel_now = engine_now();
	second = wheel_now / 1000;
	for (i = 0; i < WHEEL_SLOTS && wheel_tick < second; i++)
		wheel_look((uint32_t)(++wheel_tick % WHEEL_SLOTS));
	wheel_tick = second;
	wheel_set();
}

struct assoc *
assoc_find(uint32_t aid)
{
	return idmap_get(&by_aid, aid);
}

struct assoc *
assoc_by_grant(uint64_t grant)
{
	return idmap_get(&by_grant, grant);
}

void
assoc_touch(struct assoc *a)
{
	a->last = wheel_now;
}

int
assoc_session_alive(const struct assoc *a)
{
	return a->session->state == SESSION_ENHANCED;
}

/* Policy holds to the limits as well; these are the memory's. */
static int
assoc_limit(const struct session *s)
{
	const uint32_t	*limit = engine.settings.limit;

	return by_aid.n >= limit[LIMIT_ASSOCIATIONS] ||
	    s->nassocs >= limit[LIMIT_ASSOCIATIONS_PER_SESSION];
}

struct assoc *
assoc_new(struct session *s)
{
	struct assoc	*a;

	if (assoc_limit(s) || (a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	do {
		a->aid = aid_make();
	} while (assoc_find(a->aid) != NULL);
	if (idmap_put(&by_aid, a->aid, a) == -1) {
		free(a);
		return NULL;
	}
	a->session = s;
	a->relay = s->relay;
	if (a->relay != NULL)
		sock_ref(a->relay);
	if (!evtimer_pending(&wheel_ev, NULL)) {	/* it had stopped */
		wheel_now = engine_now();
		wheel_tick = wheel_now / 1000;
	}
	a->last = wheel_now;
	TAILQ_INSERT_TAIL(&s->assocs, a, entry);
	s->nassocs++;
	engine.stat[STAT_ASSOCIATIONS]++;
	engine.stat[STAT_ASSOCIATIONS_TOTAL]++;
	wheel_set();
	return a;
}

/* A unicast one stays known by its source as long as a direction stands. */
static void
assoc_stop_receiving(struct assoc *a)
{
	if (a->recv == NULL)
		return;
	if (a->flags & SOCKS_F_MULTICAST)
		group_leave(a->recv->group, a);
	else if (a->send == NULL)
		egress_leave(a->recv, a);
	sock_unref(a->recv);
	a->recv = NULL;
}

static void
assoc_stop_sending(struct assoc *a)
{
	if (a->send == NULL)
		return;
	if (a->flags & SOCKS_F_MULTICAST)
		group_sender(a, 0);
	else if (a->recv == NULL)
		egress_leave(a->send, a);
	sock_unref(a->send);
	a->send = NULL;
	a->ttl = 0;
}

static void
assoc_free(struct assoc *a)
{
	struct session	*s = a->session;

	wheel_remove(a);
	assoc_stop_receiving(a);
	assoc_stop_sending(a);
	if (a->relay != NULL)
		sock_unref(a->relay);
	if (a->pending > 0)
		request_forget(s, a);
	(void)idmap_del(&by_aid, a->aid);
	if (assoc_by_grant(a->grant) == a)
		(void)idmap_del(&by_grant, a->grant);
	aid_rest(a->aid);
	TAILQ_REMOVE(&s->assocs, a, entry);
	s->nassocs--;
	engine.stat[STAT_ASSOCIATIONS]--;
	if (by_aid.n == 0)
		evtimer_del(&wheel_ev);
	free(a);
}

static void
released_send(struct msg_released *m)
{
	(void)proc_send(PROC_POLICY, M_RELEASED, m, -1);
}

void
assoc_released(const struct assoc *a, uint16_t stands, enum end_reason reason)
{
	struct msg_released m = {
		.sid = a->session->info.sid,
		.grant = a->grant,
		.stands = stands,
		.reason = (uint8_t)reason,
		.ttl = a->ttl,
		.counters = a->counters
	};

	released_send(&m);
}

void
assoc_released_grant(uint64_t sid, uint64_t grant, enum end_reason reason)
{
	struct msg_released m = {
		.sid = sid,
		.grant = grant,
		.reason = (uint8_t)reason
	};

	released_send(&m);
}

static void
assoc_end(struct assoc *a, enum end_reason reason)
{
	assoc_released(a, 0, reason);
	assoc_free(a);
}

void
assoc_close(struct assoc *a, enum end_reason reason)
{
	a->session->used = engine_now();
	assoc_end(a, reason);
	sock_collect(request_oldest());		/* P35: left at once */
}

/* P32: there may be many, so the sockets are collected once. */
void
assoc_close_all(struct session *s, enum end_reason reason)
{
	struct assoc	*a;

	if (TAILQ_EMPTY(&s->assocs))
		return;
	while ((a = TAILQ_FIRST(&s->assocs)) != NULL)
		assoc_end(a, reason);
	sock_collect(request_oldest());
}

/* One socket for both directions, and it stays the one it was. */
static int
assoc_extend_unicast(struct assoc *a, uint16_t dirs, struct sock *s)
{
	struct sock	*stands = egress_sock(a);

	if (stands == NULL && (s == NULL || egress_join(s, a) == -1))
		return -1;
	if (stands != NULL)
		s = stands;
	if ((dirs & SOCKS_F_RECEIVE) && a->recv == NULL) {
		a->recv = s;
		sock_ref(s);
	}
	if ((dirs & SOCKS_F_SEND) && a->send == NULL) {
		a->send = s;
		sock_ref(s);
	}
	return 0;
}

/* The rule of another direction may let it be idle for longer. */
static void
assoc_set_idle(struct assoc *a, uint32_t idle)
{
	if (a->idle == idle)
		return;
	wheel_remove(a);
	a->idle = idle;
	wheel_insert(a);
}

/* Joins and takes the references; directions that stand keep their own. */
static int
assoc_extend_group(struct assoc *a, const struct msg_grant *g,
    struct sock *recv, struct sock *send)
{
	uint16_t	 dirs = g->flags & SOCKS_F_DIRECTIONS;

	if ((dirs & SOCKS_F_RECEIVE) && a->recv == NULL && recv == NULL)
		return -1;
	if ((dirs & SOCKS_F_SEND) && a->send == NULL && send == NULL)
		return -1;
	if ((dirs & SOCKS_F_RECEIVE) && a->recv == NULL) {
		if (group_join(recv->group, a) == -1)
			return -1;
		a->recv = recv;
		sock_ref(recv);
		group_filter(recv->group, g->filter);
	}
	if (dirs & SOCKS_F_SEND) {
		if (a->send == NULL) {
			a->send = send;
			sock_ref(send);
			group_sender(a, 1);
		}
		a->ttl = g->ttl;
	}
	return 0;
}

int
assoc_extend(struct assoc *a, const struct msg_grant *g, struct sock *recv,
    struct sock *send)
{
	uint16_t	 dirs = g->flags & SOCKS_F_DIRECTIONS;
	int		 error;

	if (a->flags & SOCKS_F_MULTICAST)
		error = assoc_extend_group(a, g, recv, send);
	else
		error = assoc_extend_unicast(a, dirs, recv);
	if (error == -1)
		return -1;
	a->flags |= dirs;
	assoc_set_idle(a, g->idle);
	return 0;
}

struct assoc *
assoc_open(struct session *s, const struct msg_grant *g, struct sock *recv,
    struct sock *send)
{
	struct assoc	*a;

	if ((a = assoc_new(s)) == NULL)
		return NULL;
	a->grant = g->grant;
	a->flags = g->flags;
	a->idle = g->idle;
	a->local = g->local;
	a->remote = g->remote;
	if (idmap_put(&by_grant, a->grant, a) == -1 ||
	    assoc_extend(a, g, recv, send) == -1) {
		assoc_free(a);
		return NULL;
	}
	wheel_insert(a);
	return a;
}

/* P31: a direction that does not stand is no fault. */
void
assoc_drop_direction(struct assoc *a, uint16_t flags)
{
	uint16_t	 stood = a->flags & SOCKS_F_DIRECTIONS;
	uint16_t	 stands = stood & ~flags;

	if (stands == 0) {
		assoc_close(a, END_RELEASE);
		return;
	}
	if (stands == stood)
		return;
	if (!(stands & SOCKS_F_RECEIVE))
		assoc_stop_receiving(a);
	if (!(stands & SOCKS_F_SEND))
		assoc_stop_sending(a);
	a->flags = (a->flags & ~SOCKS_F_DIRECTIONS) | stands;
	assoc_released(a, stands, END_RELEASE);
	sock_collect(request_oldest());
}

/* P20, P48: the right host may open the port once, if nobody holds it. */
int
assoc_learn(struct assoc *a, const struct endpoint *src)
{
	if (!addr_eq(&a->local.addr, &src->addr))
		return -1;
	if (a->local.port == src->port)
		return 0;
	if (a->local.port != 0 || src->port == 0)
		return -1;
	if (a->recv != NULL && (a->flags & SOCKS_F_MULTICAST) &&
	    group_port_held(a->recv->group, src, a))
		return -1;
	a->local.port = src->port;
	return 0;
}
