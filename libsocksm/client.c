/*
 * client.c: the client object of socksm(3), its settings, life and errors; it
 * runs in programs of users.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "compat.h"

#define DEFAULT_PORT	"1080"		/* RFC 1928 3 */
#define DEFAULT_TIMEOUT	10000

static void
set_error(struct socksm *s, enum socksm_class class, const char *fmt,
    va_list ap)
{
	(void)vsnprintf(s->error, sizeof(s->error), fmt, ap);
	s->class = class;
	s->code = SOCKS_OK;
}

/* Notes what failed and gives -1. A lost connection is closed. */
int
client_fail(struct socksm *s, enum socksm_class class, int error,
    const char *fmt, ...)
{
	va_list		 ap;

	va_start(ap, fmt);
	set_error(s, class, fmt, ap);
	va_end(ap);
	if (class == SOCKSM_LOST)
		socksm_close(s);
	errno = error;
	return -1;
}

static int
code_errno(uint8_t code)
{
	switch (code) {
	case SOCKS_REFUSED:
	case SOCKS_NORECEIVE:
	case SOCKS_NOSEND:
	case SOCKS_BADTTL:
		return EACCES;
	case SOCKS_NETUNREACH:
		return ENETUNREACH;
	case SOCKS_HOSTUNREACH:
		return EHOSTUNREACH;
	case SOCKS_BADCOMMAND:
		return EOPNOTSUPP;
	case SOCKS_BADAID:
		return ENOENT;
	case SOCKS_BADCONTEXT:
		return EINVAL;
	case SOCKS_BADGROUP:
		return EADDRNOTAVAIL;
	default:
		return EIO;
	}
}

/* Notes a reply that says no: what was tried, then why, and the code. */
int
client_refuse(struct socksm *s, uint8_t code, const char *fmt, ...)
{
	va_list		 ap;
	size_t		 len;

	va_start(ap, fmt);
	set_error(s, SOCKSM_REFUSED, fmt, ap);
	va_end(ap);
	len = strlen(s->error);
	(void)snprintf(s->error + len, sizeof(s->error) - len,
	    ": %s (X'%02X')", socks_strerror(code), code);
	s->code = code;
	errno = code_errno(code);
	return -1;
}

int64_t
client_now(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return 0;		/* no such clock: nothing times out */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
client_deadline(const struct socksm *s)
{
	return client_now() + s->timeout;
}

struct socksm *
socksm_new(void)
{
	struct socksm	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->ctl = s->udp = -1;
	s->timeout = DEFAULT_TIMEOUT;
	return s;
}

void
socksm_free(struct socksm *s)
{
	if (s == NULL)
		return;
	socksm_close(s);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

void
socksm_close(struct socksm *s)
{
	if (s->ctl != -1)
		(void)close(s->ctl);	/* closed either way */
	if (s->udp != -1)
		(void)close(s->udp);
	s->ctl = s->udp = -1;
	s->inlen = 0;
	free(s->assoc);
	s->assoc = NULL;
	s->nassoc = 0;
}

int
socksm_set_server(struct socksm *s, const char *host, const char *port)
{
	if (port == NULL)
		port = DEFAULT_PORT;
	if (s->ctl != -1)
		return client_fail(s, SOCKSM_LOCAL, EISCONN,
		    "cannot set the server: already connected");
	if (*host == '\0' || strlen(host) >= sizeof(s->host) ||
	    *port == '\0' || strlen(port) >= sizeof(s->port))
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "server \"%.80s\" port \"%.40s\": empty or too long",
		    host, port);
	(void)strlcpy(s->host, host, sizeof(s->host));	/* fits, see above */
	(void)strlcpy(s->port, port, sizeof(s->port));
	return 0;
}

int
socksm_set_user(struct socksm *s, const char *user, const char *password)
{
	if (*user == '\0' || strlen(user) >= sizeof(s->user))
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "the user's name must have 1 to 255 octets");
	if (*password == '\0' || strlen(password) >= sizeof(s->pass))
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "the password must have 1 to 255 octets");
	(void)strlcpy(s->user, user, sizeof(s->user));	/* fits, see above */
	(void)strlcpy(s->pass, password, sizeof(s->pass));
	return 0;
}

int
socksm_set_timeout(struct socksm *s, int milliseconds)
{
	if (milliseconds <= 0)
		return client_fail(s, SOCKSM_LOCAL, EINVAL,
		    "the time-out must be 1 millisecond or more");
	s->timeout = milliseconds;
	return 0;
}

int
socksm_connect(struct socksm *s)
{
	int64_t		 deadline = client_deadline(s);
	int		 error;

	if (s->ctl != -1)
		return client_fail(s, SOCKSM_LOCAL, EISCONN,
		    "already connected");
	if (s->host[0] == '\0')
		return client_fail(s, SOCKSM_LOCAL, EINVAL, "no server is set");
	s->drops = 0;
	if (client_reach(s, deadline) == -1 ||
	    client_negotiate(s, deadline) == -1 ||
	    client_open_udp(s) == -1) {
		error = errno;
		socksm_close(s);
		if (s->class == SOCKSM_LOST)	/* there was none yet */
			s->class = SOCKSM_UNREACHABLE;
		errno = error;
		return -1;
	}
	return 0;
}

int
socksm_control_fd(const struct socksm *s)
{
	return s->ctl;
}

int
socksm_udp_fd(const struct socksm *s)
{
	return s->udp;
}

const char *
socksm_error(const struct socksm *s)
{
	return s->error;
}

enum socksm_class
socksm_class(const struct socksm *s)
{
	return s->class;
}

uint8_t
socksm_code(const struct socksm *s)
{
	return s->code;
}

uint64_t
socksm_drops(const struct socksm *s)
{
	return s->drops;
}
