/*
 * control_sock.h: sockets and groups that only count, for the tests of the
 * engine's control side; included by control_stub.h.
 */
#ifndef CONTROL_SOCK_H
#define CONTROL_SOCK_H

/* Sockets: a new one each time, freed with its last user. */
struct sock *
sock_install(const struct msg_socket *m, int fd)
{
	struct sock	*s;

	if (fd != -1)
		close(fd);
	if (m->err != 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	s->key = m->grant.key;
	s->bound = m->bound;
	return s;
}

void
sock_ref(struct sock *s)
{
	s->refs++;
	stub_refs[s->key.kind]++;
}

void
sock_unref(struct sock *s)
{
	assert_true(s->refs > 0);
	stub_refs[s->key.kind]--;
	if (--s->refs == 0)
		free(s);
}

void
sock_collect(uint64_t oldest)
{
	(void)oldest;
	stub_collected++;
}

void
sock_close_all(void)
{
}

void
sock_kernel_drops_all(void)
{
}

int
group_join(struct group *g, struct assoc *a)
{
	(void)g;
	(void)a;
	if (stub_join_fails)
		return -1;
	stub_receivers++;
	return 0;
}

void
group_leave(struct group *g, struct assoc *a)
{
	(void)g;
	(void)a;
	stub_receivers--;
}

void
group_sender(const struct assoc *a, int on)
{
	assert_non_null(a->send);
	stub_senders += on ? 1 : -1;
}

int
group_port_held(const struct group *g, const struct endpoint *local,
    const struct assoc *but)
{
	(void)g;
	(void)local;
	(void)but;
	return stub_port_held;
}

void
group_filter(struct group *g, int on)
{
	(void)g;
	(void)on;
}

void
group_count(const struct sock_key *key, struct msg_counters *c)
{
	(void)key;
	c->found = 1;
	c->receivers = 7;
}

uint32_t
group_number(void)
{
	return 3;
}

void
relay_init(void)
{
}

#endif
