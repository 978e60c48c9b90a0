/*
 * control.c: the control socket and its clients (socksmctl); runs in policy.
 *
 * A client that does not read costs its own queue up to a mark, and nobody
 * anything else: listings go on from a cursor, a batch a turn.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "handlers.h"
#include "log.h"
#include "policy.h"
#include "proc.h"

#define CONTROL_CLIENTS	16
#define CONTROL_BATCH	500	/* objects in one turn */
#define CONTROL_MARK	256	/* messages queued towards a client */
#define CONTROL_IDLE	60	/* seconds without progress */
#define CONTROL_LATE	3	/* seconds for the engine to answer */

TAILQ_HEAD(ctl_clients, ctl_client);

static struct ctl_clients	 clients = TAILQ_HEAD_INITIALIZER(clients);
static uint32_t			 nclients;
static uint32_t			 last_client;
static int			 listener = -1;
static struct event		 accepting;
static struct event		 pause_over;

static uint32_t
client_wants(const struct ctl_client *c)
{
	return c->tail - c->head;
}

/* The one destructor. */
static void
client_close(struct ctl_client *c)
{
	event_del(&c->in);
	event_del(&c->out);
	evtimer_del(&c->turn);
	evtimer_del(&c->deadline);
	TAILQ_REMOVE(&clients, c, entry);
	nclients--;
	imsgbuf_clear(&c->ibuf);
	close(c->ibuf.fd);
	free(c);
}

/* Something went on, or the engine is asked: the clock starts again. */
static void
client_progress(struct ctl_client *c)
{
	struct timeval	 tv = { CONTROL_IDLE, 0 };

	if (client_wants(c) > 0)
		tv.tv_sec = CONTROL_LATE;
	evtimer_add(&c->deadline, &tv);
}

void
control_row(struct ctl_client *c, enum ctl_type type, const void *data,
    size_t len)
{
	if (c->dead)
		return;
	if (imsg_compose(&c->ibuf, type, 0, 0, -1, data, len) == -1)
		c->dead = 1;
	else if (type != CTL_DROP && type != CTL_END)
		c->rows++;
}

void
control_end(struct ctl_client *c, int error, const char *text)
{
	struct ctl_end	 end;

	memset(&end, 0, sizeof(end));
	end.error = error;
	end.rows = c->rows;
	strlcpy(end.text, text, sizeof(end.text));
	control_row(c, CTL_END, &end, sizeof(end));
	c->ended = 1;
	c->walked = 1;
	c->head = c->tail;
}

void
control_fail(struct ctl_client *c, const char *text)
{
	control_end(c, EINVAL, text);
}

int
control_count(struct ctl_client *c, enum count_what what, uint64_t grant,
    const struct sock_key *key)
{
	struct want		*w = &c->want[c->tail % CONTROL_WANTS];
	struct msg_count	 m;

	if (!proc_attached(PROC_ENGINE))
		return -1;
	memset(&m, 0, sizeof(m));
	memset(w, 0, sizeof(*w));
	m.token = w->token = (uint64_t)c->id << 32 | ++c->seq;
	m.what = what;
	m.grant = w->grant = grant;
	if (key != NULL)
		m.key = w->key = *key;
	c->tail++;
	if (client_wants(c) == 1)
		client_progress(c);
	(void)proc_send(PROC_ENGINE, M_COUNT, &m, -1);
	return 0;
}

static int
client_full(struct ctl_client *c)
{
	return imsgbuf_queuelen(&c->ibuf) > CONTROL_MARK ||
	    client_wants(c) == CONTROL_WANTS;
}

/* One batch. */
static void
client_walk(struct ctl_client *c)
{
	int	 n;

	for (n = 0; n < CONTROL_BATCH && !c->walked && !c->dead &&
	    !client_full(c); n++)
		if (!c->listing->step(c))
			c->walked = 1;
	if (c->dead || c->ended || c->open || !c->walked ||
	    client_wants(c) > 0)
		return;
	if (c->listing->end != NULL)
		c->listing->end(c);
	control_end(c, 0, "");
}

static void
client_write(struct ctl_client *c)
{
	uint32_t	 before = imsgbuf_queuelen(&c->ibuf);

	if (c->dead || before == 0)
		return;
	if (imsgbuf_write(&c->ibuf) == -1) {
		c->dead = 1;
		return;
	}
	if (imsgbuf_queuelen(&c->ibuf) < before)
		client_progress(c);
	if (imsgbuf_queuelen(&c->ibuf) > 0)
		event_add(&c->out, NULL);
	else if (c->ended)
		c->dead = 1;			/* all said */
}

/*
 * The last thing in every callback: c may be gone behind it. Where the client
 * or the engine is behind, their next word goes on with the listing; else the
 * next turn of the event loop does.
 */
static void
client_settle(struct ctl_client *c)
{
	struct timeval	 now = { 0, 0 };

	if (!c->dead && c->listing != NULL && !c->ended &&
	    !evtimer_pending(&c->turn, NULL))
		client_walk(c);
	client_write(c);
	if (c->dead)
		client_close(c);
	else if (c->listing != NULL && !c->walked && !client_full(c))
		evtimer_add(&c->turn, &now);
}

static void
client_request(struct ctl_client *c, struct imsg *imsg)
{
	struct ctl_request	 r;
	uint32_t		 type = imsg_get_type(imsg);

	if (c->listing != NULL || imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    memchr(r.user, '\0', sizeof(r.user)) == NULL ||
	    memchr(r.label, '\0', sizeof(r.label)) == NULL ||
	    memchr(r.question.command, '\0',
	    sizeof(r.question.command)) == NULL ||
	    memchr(r.question.domain, '\0',
	    sizeof(r.question.domain)) == NULL) {
		c->dead = 1;
		return;
	}
	c->req = r;
	if (r.version != CTL_VERSION)
		control_end(c, EPROTONOSUPPORT, "other version of socksmctl");
	else if ((c->listing = show_listing(type)) == NULL &&
	    (c->listing = command_listing(type)) == NULL)
		control_end(c, ENOTSUP, "unknown request");
	else if (c->listing->root && c->uid != 0)
		control_end(c, EPERM, "this is for root");
}

static void
client_in(int fd, short what, void *arg)
{
	struct ctl_client	*c = arg;
	struct imsg		 imsg;
	int			 n;

	(void)fd;
	(void)what;
	if (imsgbuf_read(&c->ibuf) != 1)
		c->dead = 1;			/* closed, or broken */
	while (!c->dead && (n = imsgbuf_get(&c->ibuf, &imsg)) != 0) {
		if (n == -1) {
			c->dead = 1;
			break;
		}
		client_request(c, &imsg);
		imsg_free(&imsg);
	}
	client_settle(c);
}

static void
client_out(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_settle(arg);
}

static void
client_late(int fd, short what, void *arg)
{
	struct ctl_client	*c = arg;

	(void)fd;
	(void)what;
	if (client_wants(c) > 0 && !c->ended) {
		if (c->listing->late != NULL) {
			c->listing->late(c);
			control_end(c, 0, "");
		} else
			control_end(c, ETIMEDOUT, "the engine does not answer");
		client_progress(c);
	} else if (c->open && !c->ended && imsgbuf_queuelen(&c->ibuf) == 0)
		client_progress(c);	/* there is nothing to say */
	else
		c->dead = 1;
	client_settle(c);
}

/* Full: root is let in for the oldest client of somebody else. */
static int
client_room(uid_t uid)
{
	struct ctl_client	*c;

	if (nclients < CONTROL_CLIENTS)
		return 1;
	if (uid != 0)
		return 0;
	TAILQ_FOREACH(c, &clients, entry)
		if (c->uid != 0) {
			client_close(c);
			return 1;
		}
	return 0;
}

static void
client_new(int fd)
{
	struct ctl_client	*c;
	uid_t			 uid;
	gid_t			 gid;

	if (getpeereid(fd, &uid, &gid) == -1 || !client_room(uid) ||
	    (c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	if (imsgbuf_init(&c->ibuf, fd) == -1) {
		free(c);
		close(fd);
		return;
	}
	c->id = ++last_client;
	c->uid = uid;
	event_set(&c->in, fd, EV_READ | EV_PERSIST, client_in, c);
	event_set(&c->out, fd, EV_WRITE, client_out, c);
	evtimer_set(&c->turn, client_out, c);
	evtimer_set(&c->deadline, client_late, c);
	event_add(&c->in, NULL);
	TAILQ_INSERT_TAIL(&clients, c, entry);
	nclients++;
	client_progress(c);
}

/* Without descriptors accepting rests, or the loop would turn for nothing. */
static void
control_accept(int fd, short what, void *arg)
{
	struct timeval	 tv = { 1, 0 };
	int		 s;

	(void)what;
	(void)arg;
	s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s != -1) {
		client_new(s);
		return;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
	    errno == ENOBUFS) {
		event_del(&accepting);
		evtimer_add(&pause_over, &tv);
	}
}

static void
control_again(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_add(&accepting, NULL);
}

void
control_init(void)
{
	evtimer_set(&pause_over, control_again, NULL);
}

void
control_on_socket(enum proc_role from, const void *data, int fd)
{
	int	 flags;

	(void)from;
	(void)data;
	if (fd == -1) {
		log_warnx("policy: the control socket was lost on the way");
		return;
	}
	control_close();
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("policy: control socket");
	listener = fd;
	event_set(&accepting, fd, EV_READ | EV_PERSIST, control_accept, NULL);
	event_add(&accepting, NULL);
}

void
control_close(void)
{
	struct ctl_client	*c;

	while ((c = TAILQ_FIRST(&clients)) != NULL)
		client_close(c);
	if (listener == -1)
		return;
	event_del(&accepting);
	evtimer_del(&pause_over);
	close(listener);
	listener = -1;
}

/*
 * The engine's figures, in the order they were asked for; of a client that
 * has gone they are dropped.
 */
void
control_on_counters(enum proc_role from, const void *data, int fd)
{
	const struct msg_counters	*m = data;
	struct ctl_client		*c;
	struct want			 w;

	(void)from;
	(void)fd;
	if (m->token >> 32 == 0 || m->token >> 32 > last_client)
		fatalx("policy: engine sent figures that nobody asked for");
	TAILQ_FOREACH(c, &clients, entry)
		if (c->id == m->token >> 32)
			break;
	if (c == NULL || c->ended)
		return;
	w = c->want[c->head % CONTROL_WANTS];
	if (client_wants(c) == 0 || w.token != m->token)
		fatalx("policy: engine sent figures out of turn");
	c->head++;
	client_progress(c);
	c->listing->counted(c, &w, m);
	/* Half a window at a time, so that the engine is not woken for one. */
	if (client_wants(c) <= CONTROL_WANTS / 2)
		client_settle(c);
}

struct ctl_client *
control_next(struct ctl_client *c)
{
	do
		c = c == NULL ? TAILQ_FIRST(&clients) : TAILQ_NEXT(c, entry);
	while (c != NULL && c->dead);
	return c;
}

int
control_behind(struct ctl_client *c)
{
	return imsgbuf_queuelen(&c->ibuf) > CONTROL_MARK;
}

/* For who has something to say to clients from within another's doing. */
void
control_later(struct ctl_client *c)
{
	struct timeval	 now = { 0, 0 };

	evtimer_add(&c->turn, &now);
}
