/*
 * auth.c: tests of the process that checks passwords: who gets in, in which
 * turn, what is remembered, and who hears of it first.
 */

#include "policy_stub.h"

#include <crypt.h>

#include "authcache.h"
#include "socks.h"

static void
conf(uint32_t generation, uint32_t cache, int count, ...)
{
	struct msg_generation	 gen = { generation };
	struct msg_settings	 set;
	struct msg_hash		 hash;
	va_list			 ap;

	memset(&set, 0, sizeof(set));
	set.generation = generation;
	set.settings.auth_cache = cache;
	auth_on_begin(PROC_PARENT, &gen, -1);
	auth_on_settings(PROC_PARENT, &set, -1);
	va_start(ap, count);
	while (count-- > 0) {
		memset(&hash, 0, sizeof(hash));
		hash.generation = generation;
		strlcpy(hash.name, va_arg(ap, const char *), sizeof(hash.name));
		strlcpy(hash.hash, va_arg(ap, const char *), sizeof(hash.hash));
		auth_on_hash(PROC_PARENT, &hash, -1);
	}
	va_end(ap);
	auth_on_prepare(PROC_PARENT, &gen, -1);
	auth_on_commit(PROC_PARENT, &gen, -1);
	assert_int_equal(nsent, 2);
	assert_int_equal(sent[1].type, M_CONF_ACK);
	assert_int_equal(sent[1].u.generation.generation, generation);
	nsent = 0;
}

/* Cheap ones: the formats' cost is not what is tested. */
static const char *
hashed(const char *pass)
{
	static char	 made[256];

	strlcpy(made, crypt(pass, "$2b$04$abcdefghijklmnopqrstuu"),
	    sizeof(made));
	return made;
}

static int
setup(void **state)
{
	(void)state;
	stub_reset();
	conf(1, 300, 4, "alice", hashed("secret"), "locked", "*", "des",
	    "abJnggxhB/yWI", "foreign", "$99$what$ever");
	return 0;
}

static void
login(uint64_t sid, uint8_t host, const char *user, const char *pass)
{
	struct msg_auth	 m;
	uint8_t		 ip[4] = { 10, 0, 0, host };

	memset(&m, 0, sizeof(m));
	m.sid = sid;
	addr_v4(&m.peer, ip);
	strlcpy(m.user, user, sizeof(m.user));
	strlcpy(m.pass, pass, sizeof(m.pass));
	auth_on_auth(PROC_ENGINE, &m, -1);
}

/* Turns of the event loop until nothing waits. */
static void
turns(void)
{
	event_dispatch();
}

static int
authed(uint64_t sid)
{
	uint32_t	 i;

	for (i = 0; i < nsent; i++)
		if (sent[i].type == M_AUTHED && sent[i].u.authed.sid == sid)
			return sent[i].u.authed.ok;
	return -1;
}

static void
test_right_and_wrong(void **state)
{
	(void)state;
	login(1, 1, "alice", "secret");
	login(2, 1, "alice", "Secret");
	login(3, 1, "nobody", "secret");
	login(4, 1, "locked", "*");
	login(5, 1, "foreign", "secret");
	login(6, 1, "des", "secret");
	login(7, 1, "", "secret");
	login(8, 1, "alice", "");
	turns();
	assert_int_equal(authed(1), 1);
	for (uint64_t sid = 2; sid <= 8; sid++)
		assert_int_equal(authed(sid), 0);
}

/* P3: PLEN 0 is a failed login, even for who has the empty password. */
static void
test_empty_password(void **state)
{
	(void)state;
	conf(2, 300, 1, "alice", hashed(""));
	login(1, 1, "alice", "");
	turns();
	assert_int_equal(authed(1), 0);
}

static void
test_policy_hears_first(void **state)
{
	(void)state;
	login(1, 1, "alice", "secret");
	stub_left = 0;			/* nothing leaves the queue */
	turns();
	assert_int_equal(nsent, 1);
	assert_int_equal(sent[0].peer, PROC_POLICY);
	assert_int_equal(sent[0].type, M_IDENTITY);
	assert_int_equal(sent[0].u.identity.ok, 1);
	assert_int_equal(sent[0].u.identity.method, SOCKS_METHOD_USERPASS);
	assert_string_equal(sent[0].u.identity.user, "alice");
	stub_left = 1;
	stub_on_drain();
	assert_int_equal(nsent, 2);
	assert_int_equal(sent[1].type, M_AUTHED);
	assert_int_equal(sent[1].peer, PROC_ENGINE);
}

/* A failed login tells policy what was tried. */
static void
test_tried(void **state)
{
	(void)state;
	login(1, 1, "mallory", "x");
	turns();
	assert_int_equal(sent[0].u.identity.ok, 0);
	assert_string_equal(sent[0].u.identity.user, "mallory");
}

/* A host that tries ten does not keep another waiting behind all of them. */
static void
test_addresses_take_turns(void **state)
{
	uint64_t	 sid;
	uint32_t	 i, n = 0;

	(void)state;
	for (sid = 1; sid <= 10; sid++)
		login(sid, 1, "guess", "x");
	login(11, 2, "alice", "secret");
	turns();
	for (i = 0; i < nsent; i++) {
		if (sent[i].type != M_AUTHED)
			continue;
		n++;
		if (sent[i].u.authed.sid == 11)
			break;
	}
	assert_int_equal(n, 2);
}

static void
test_queue_is_bounded(void **state)
{
	uint64_t	 sid;
	unsigned	 host;

	(void)state;
	for (sid = 1; sid <= 17; sid++)
		login(sid, 1, "guess", "x");
	assert_int_equal(authed(16), -1);
	assert_int_equal(authed(17), 0);
	for (host = 2; host < 65; host++)
		for (sid = 0; sid < 16; sid++)
			login(host * 100 + sid, host, "guess", "x");
	nsent = 0;
	login(9000, 200, "alice", "secret");
	assert_int_equal(authed(9000), 0);
	/* Let the queue run empty, answers and all. */
	for (host = 0; host < 1024; host++) {
		nsent = 0;
		event_loop(EVLOOP_ONCE);
	}
	nsent = 0;
	login(9001, 200, "alice", "secret");
	turns();
	assert_int_equal(authed(9001), 1);
}

static void
test_success_is_remembered(void **state)
{
	(void)state;
	login(1, 1, "alice", "secret");
	turns();
	login(2, 2, "alice", "secret");		/* no turn needed */
	assert_int_equal(authed(2), 1);
	login(3, 2, "alice", "secreT");
	assert_int_equal(authed(3), -1);
	turns();
	assert_int_equal(authed(3), 0);
	stub_now += 299999;
	login(4, 1, "alice", "secret");
	assert_int_equal(authed(4), 1);
	stub_now += 1;
	login(5, 1, "alice", "secret");
	assert_int_equal(authed(5), -1);
	turns();
	assert_int_equal(authed(5), 1);
}

static void
test_reload_forgets(void **state)
{
	(void)state;
	login(1, 1, "alice", "secret");
	turns();
	assert_int_equal(authcache_count(), 1);
	nsent = 0;
	conf(2, 300, 1, "alice", hashed("changed"));
	assert_int_equal(authcache_count(), 0);
	login(2, 1, "alice", "secret");
	login(3, 1, "alice", "changed");
	turns();
	assert_int_equal(authed(2), 0);
	assert_int_equal(authed(3), 1);
}

static void
test_cache_can_be_off(void **state)
{
	(void)state;
	conf(2, 0, 1, "alice", hashed("secret"));
	login(1, 1, "alice", "secret");
	turns();
	assert_int_equal(authed(1), 1);
	login(2, 1, "alice", "secret");
	assert_int_equal(authed(2), -1);
	turns();
}

static void
test_cache_is_bounded(void **state)
{
	char	 name[16];
	int	 i;

	(void)state;
	for (i = 0; i <= AUTHCACHE_MAX; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		authcache_add(name, "p");
	}
	assert_int_equal(authcache_count(), AUTHCACHE_MAX);
	assert_int_equal(authcache_find("u0", "p"), 0);
	assert_int_equal(authcache_find("u1", "p"), 1);
	/* The border between name and password counts. */
	authcache_add("ab", "c");
	assert_int_equal(authcache_find("a", "bc"), 0);
}

static void
test_broken_messages(void **state)
{
	struct msg_auth		 m;
	struct msg_generation	 gen = { 77 };

	(void)state;
	memset(&m, 'x', sizeof(m));
	assert_fatal(auth_on_auth(PROC_ENGINE, &m, -1), "not terminated");
	assert_fatal(auth_on_commit(PROC_PARENT, &gen, -1), "generation 77");
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_right_and_wrong),
		T(test_empty_password),
		T(test_policy_hears_first),
		T(test_tried),
		T(test_addresses_take_turns),
		T(test_queue_is_bounded),
		T(test_success_is_remembered),
		T(test_reload_forgets),
		T(test_cache_can_be_off),
		T(test_cache_is_bounded),
		T(test_broken_messages),
	};

	event_init();
	auth_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
