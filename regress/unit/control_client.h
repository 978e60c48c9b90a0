/*
 * control_client.h: for the tests of policy's control socket, that socket and
 * clients of it, as socksmctl is one.
 */

#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "policy_ask.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static char		 path[64];

static inline int
setup(void **state)
{
	struct sockaddr_un	 sun;
	int			 fd;

	(void)state;
	stub_reset();
	conf_begin();
	conf_pass(CMD_RECEIVE | CMD_SEND, NULL);
	conf_settings.limit[LIMIT_ASSOCIATIONS_PER_SESSION] = 100000;
	conf_settings.log = LOG_NONE;
	conf_end();
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(path, sizeof(path), "/tmp/control.%d", (int)getpid());
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 64) == -1)
		return -1;
	control_on_socket(PROC_PARENT, NULL, fd);
	return 0;
}

static inline int
teardown(void **state)
{
	control_close();
	(void)unlink(path);
	return conf_teardown(state);
}

/* A client as socksmctl is one. */
static inline void
client(struct imsgbuf *b, uint32_t type, const struct ctl_request *req,
    size_t len)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(imsgbuf_init(b, fd), 0);
	if (type == 0)
		return;
	assert_int_equal(imsg_compose(b, type, 0, 0, -1, req, len), 1);
	assert_int_equal(imsgbuf_write(b), 0);
}

static inline void
client_done(struct imsgbuf *b)
{
	imsgbuf_clear(b);
	close(b->fd);
}

static inline void
turn(void)
{
	int	 i;

	for (i = 0; i < 20; i++)
		event_loop(EVLOOP_NONBLOCK);
}

/* All that has come: rows by type; 1 once the daemon has closed. */
static inline int
client_read(struct imsgbuf *b, uint32_t rows[CTL_MAX])
{
	struct imsg	 imsg;
	int		 n, i;

	for (i = 0; i < 50; i++) {
		n = imsgbuf_read(b);
		while (imsgbuf_get(b, &imsg) == 1) {
			assert_true(imsg_get_type(&imsg) < CTL_MAX);
			rows[imsg_get_type(&imsg)]++;
			imsg_free(&imsg);
		}
		if (n != 1)
			return 1;
	}
	return 0;
}

#endif
