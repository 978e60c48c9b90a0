/*
 * flow.c: the octets of a CONNECT in both directions, with the ends of each
 * passed on as what they were (P6); it runs in the engine.
 *
 * A turn moves one system call's worth, so that no stream holds up another. A
 * source is read only while nothing that came from it waits: a slow sink holds
 * its source back, and costs no more than the system's buffers and one pipe.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <event.h>
#include <stdint.h>

#include "compat.h"
#include "engine.h"
#include "session.h"
#include "stream.h"

/* P6: a FIN as a FIN; the other direction goes on. */
static void
flow_finish(struct stream *st, int i)
{
	st->flow[i].done = 1;
	st->over = st->flow[!i].done;
	/*
	 * With both done, closing says it. It can only fail if the connection
	 * is gone: reading it tells.
	 */
	if (!st->over)
		(void)shutdown(st->side[!i].fd, SHUT_WR);
}

static enum lane_state
flow_step(struct stream *st, int i)
{
	struct flow	*f = &st->flow[i];
	enum lane_state	 state;

	if (f->lane.held > 0 &&
	    (state = lane_push(&f->lane, st->side[!i].fd)) != LANE_IDLE)
		return state;
	return lane_take(&f->lane, st->side[i].fd, st->side[!i].fd);
}

/* -1: the session has ended. */
static int
flow_turn(struct stream *st, int i)
{
	struct flow	*f = &st->flow[i];
	struct session	*s = st->session;
	uint64_t	 before = f->lane.taken + f->lane.moved;

	if (f->done)
		return 0;
	switch (flow_step(st, i)) {
	case LANE_IDLE:
	case LANE_BLOCKED:
		break;
	case LANE_EOF:
		flow_finish(st, i);
		break;
	case LANE_MEMORY:
		session_close(s, END_LIMIT);
		return -1;
	case LANE_SOURCE:
	case LANE_SINK:
		session_close(s, END_RESET);
		return -1;
	}
	if (f->done || f->lane.taken + f->lane.moved != before)
		s->used = engine_now();
	if (!st->over)
		return 0;
	session_close(s, i == FLOW_IN ? END_CLIENT : END_REMOTE);
	return -1;
}

/* One kind of event of a side, as wanted. */
static int
side_want(struct event *ev, uint8_t *is, int want)
{
	if (want && !*is && event_add(ev, NULL) == -1)
		return -1;
	if (!want && *is)
		event_del(ev);
	*is = (uint8_t)want;
	return 0;
}

/* -1: the session has ended. */
static int
flow_watch(struct stream *st)
{
	struct side	*e;
	int		 i;

	for (i = 0; i < SIDES; i++) {
		e = &st->side[i];
		if (side_want(e->ev_read, &e->reading, !st->flow[i].done &&
		    st->flow[i].lane.held == 0) == 0 &&
		    side_want(e->ev_write, &e->writing,
		    st->flow[!i].lane.held > 0) == 0)
			continue;
		session_close(st->session, END_LIMIT);
		return -1;
	}
	return 0;
}

/* What a side sends goes one way, what it can take comes the other. */
void
flow_ready(struct stream *st, int i, short what)
{
	int		 half = st->flow[0].done | st->flow[1].done;

	if (what & EV_WRITE)
		st->side[i].writing = 0;
	if (flow_turn(st, what & EV_READ ? i : !i) == -1 ||
	    flow_watch(st) == -1)
		return;
	if (!half && (st->flow[0].done | st->flow[1].done))
		session_arm(st->session);	/* half-closed: due sooner */
}

static void
flow_event(int fd, short what, void *arg)
{
	(void)fd;
	flow_ready(arg, SIDE_REMOTE, what);
}

/* The client's events are in the loop or not, as its session had them. */
static void
flow_events(struct stream *st)
{
	struct session	*s = st->session;
	struct side	*c = &st->side[SIDE_CLIENT];
	struct side	*r = &st->side[SIDE_REMOTE];

	c->fd = s->fd;
	c->ev_read = &s->ev_read;
	c->ev_write = &s->ev_write;
	c->reading = s->reading;
	c->writing = s->writing;
	s->reading = s->writing = 0;
	event_set(r->ev_read, r->fd, EV_READ | EV_PERSIST, flow_event, st);
	event_set(r->ev_write, r->fd, EV_WRITE, flow_event, st);
}

int
flow_started(const struct stream *st)
{
	return st->side[SIDE_CLIENT].fd != -1;
}

/* P5: what came behind the request goes first. A FIN is read once more. */
int
flow_start(struct stream *st)
{
	struct session	*s = st->session;
	struct flow	*out = &st->flow[FLOW_OUT];

	flow_events(st);
	if (s->in_len > 0) {
		lane_give(&out->lane, s->in, s->in_len);
		s->in = NULL;
		s->in_len = 0;
		if (flow_turn(st, FLOW_OUT) == -1)
			return -1;
	}
	return flow_watch(st);
}

void
flow_stop(struct stream *st)
{
	struct side	*e;
	int		 i;

	for (i = 0; i < SIDES; i++) {
		e = &st->side[i];
		if (e->reading)
			event_del(e->ev_read);
		if (e->writing)
			event_del(e->ev_write);
		lane_close(&st->flow[i].lane);
	}
}
