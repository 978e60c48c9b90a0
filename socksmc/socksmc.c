/*
 * socksmc.c: a client of socksmd(8) for scripts, which receives from a group
 * to standard output or sends standard input to one: options and connection.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <readpassphrase.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "socksm.h"
#include "socksmc.h"

#define DEFAULT_LENGTH	1316		/* seven MPEG-TS packets */
#define DEFAULT_TTL	1		/* as of any multicast socket */

static __dead void	 usage(void);

static __dead void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: socksmc [-v] [-n count] [-p passwordfile] "
	    "[-s server[:port]]\n"
	    "               [-u user] [-w seconds] recv group:port\n"
	    "       socksmc [-v] [-l length] [-n count] [-p passwordfile] "
	    "[-r rate]\n"
	    "               [-s server[:port]] [-t ttl] [-u user] send "
	    "group:port\n");
	exit(EXIT_LOCAL);
}

int
failed(const struct socksm *s)
{
	warnx("%s", socksm_error(s));
	switch (socksm_class(s)) {
	case SOCKSM_UNREACHABLE:
		return EXIT_UNREACHABLE;
	case SOCKSM_AUTH:
		return EXIT_AUTH;
	case SOCKSM_REFUSED:
		return EXIT_REFUSED;
	case SOCKSM_LOST:
		return EXIT_LOST;
	default:
		return EXIT_LOCAL;
	}
}

static long long
number(const char *what, const char *s, long long min, long long max)
{
	const char	*errstr;
	long long	 n = strtonum(s, min, max, &errstr);

	if (errstr != NULL)
		errx(EXIT_LOCAL, "%s \"%s\" is %s, not between %lld and %lld",
		    what, s, errstr, min, max);
	return n;
}

/*
 * Splits "host", "host:port", "[address]:port" or a bare IPv6 address; gives
 * the port, or NULL if there is none.
 */
static const char *
split(const char *what, const char *s, char *host, size_t size)
{
	const char	*colon = strchr(s, ':'), *end, *port = NULL;
	size_t		 len = strlen(s);

	if (*s == '[') {
		if ((end = strchr(s, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			errx(EXIT_LOCAL, "%s \"%s\": no [address]:port", what,
			    s);
		len = (size_t)(end - ++s);
		port = end[1] == ':' ? end + 2 : NULL;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		len = (size_t)(colon - s);
		port = colon + 1;
	}
	if (len == 0 || len >= size || (port != NULL && *port == '\0'))
		errx(EXIT_LOCAL, "%s \"%s\": an empty or overlong part", what,
		    s);
	memcpy(host, s, len);
	host[len] = '\0';
	return port;
}

static void
set_server(struct options *o, const char *s)
{
	const char	*port = split("server", s, o->host, sizeof(o->host));

	if (port == NULL)
		port = "1080";
	if (strlcpy(o->port, port, sizeof(o->port)) >= sizeof(o->port))
		errx(EXIT_LOCAL, "server \"%s\": the port is too long", s);
}

static void
set_group(struct options *o, const char *s)
{
	const char	*port = split("group", s, o->group, sizeof(o->group));

	if (port == NULL)
		errx(EXIT_LOCAL, "group \"%s\" has no port: give %s:port", s,
		    strchr(s, ':') != NULL ? "[address]" : "group");
	o->gport = (uint16_t)number("port", port, 1, UINT16_MAX);
}

static void
set_ttl(struct options *o, const char *s)
{
	o->ttl = (uint8_t)number("TTL", s, 1, UINT8_MAX);
}

static void
from_environment(struct options *o)
{
	const char	*s;

	if ((s = getenv("SOCKSM_SERVER")) != NULL)
		set_server(o, s);
	if ((s = getenv("SOCKSM_TTL")) != NULL)
		set_ttl(o, s);
	o->user = getenv("SOCKSM_USER");
	o->passfile = getenv("SOCKSM_PASSWORD_FILE");
}

static void
set_option(struct options *o, int ch)
{
	switch (ch) {
	case 'l':
		o->length = (size_t)number("length", optarg, 1,
		    SOCKSM_DATA_MAX);
		break;
	case 'n':
		o->count = (uint64_t)number("count", optarg, 1, LLONG_MAX);
		break;
	case 'p':
		o->passfile = optarg;
		break;
	case 'r':
		o->rate = (uint64_t)number("rate", optarg, 1, 100000000);
		break;
	case 's':
		set_server(o, optarg);
		break;
	case 't':
		set_ttl(o, optarg);
		break;
	case 'u':
		o->user = optarg;
		break;
	case 'v':
		o->verbose = 1;
		break;
	case 'w':
		o->wait = (int)number("seconds", optarg, 1, INT_MAX / 1000);
		break;
	default:
		usage();
	}
}

/* The first line of a file, without its end; longer is refused later. */
static void
password_from_file(const char *path, char *buf, size_t size)
{
	struct stat	 st;
	FILE		*f;

	if ((f = fopen(path, "r")) == NULL)
		err(EXIT_LOCAL, "cannot open the password file %s", path);
	if (fstat(fileno(f), &st) == 0 && (st.st_mode & 077) != 0 &&
	    S_ISREG(st.st_mode))
		warnx("others may read the password file %s", path);
	setvbuf(f, NULL, _IONBF, 0);	/* leaves no copy behind */
	if (fgets(buf, (int)size, f) == NULL)
		errx(EXIT_LOCAL, "the password file %s is empty", path);
	(void)fclose(f);		/* only read */
	buf[strcspn(buf, "\r\n")] = '\0';
}

static void
set_password(struct socksm *s, const struct options *o)
{
	char		 pass[512];
	int		 ret;

	if (o->passfile != NULL)
		password_from_file(o->passfile, pass, sizeof(pass));
	else if (readpassphrase("Password: ", pass, sizeof(pass),
	    RPP_REQUIRE_TTY) == NULL)
		errx(EXIT_LOCAL, "no password for user %s: give -p", o->user);
	ret = socksm_set_user(s, o->user, pass);
	explicit_bzero(pass, sizeof(pass));
	if (ret == -1)
		exit(failed(s));
}

static void
prepare(struct socksm *s, const struct options *o)
{
	if (o->host[0] == '\0')
		errx(EXIT_LOCAL, "no server: give -s or set SOCKSM_SERVER");
	if (socksm_set_server(s, o->host, o->port) == -1)
		exit(failed(s));
	if (o->user != NULL)
		set_password(s, o);
}

static int
work(struct socksm *s, const struct options *o, int sending)
{
	uint32_t	 aid = 0;
	int		 ret;

	if (socksm_connect(s) == -1)
		return failed(s);
	if (socksm_bind_group(s, o->group, o->gport,
	    sending ? SOCKSM_SEND : SOCKSM_RECEIVE, o->ttl, &aid) == -1)
		return failed(s);
	if (o->verbose)
		warnx("%s %s port %u through %s port %s, association 0x%08x",
		    sending ? "sending to" : "receiving from", o->group,
		    o->gport, o->host, o->port, aid);
	pipe_signals();
	ret = sending ? pipe_send(s, aid, o) : pipe_recv(s, o);
	if (ret != EXIT_LOST && socksm_release(s, aid,
	    SOCKSM_SEND | SOCKSM_RECEIVE) == -1 && o->verbose)
		warnx("%s", socksm_error(s));
	return ret;
}

int
main(int argc, char *argv[])
{
	struct options	 o = { .length = DEFAULT_LENGTH, .ttl = DEFAULT_TTL };
	struct socksm	*s;
	int		 ch, ret, sending;

	from_environment(&o);
	while ((ch = getopt(argc, argv, "l:n:p:r:s:t:u:vw:")) != -1)
		set_option(&o, ch);
	argc -= optind;
	argv += optind;
	if (argc != 2)
		usage();
	sending = strcmp(argv[0], "send") == 0;
	if (!sending && strcmp(argv[0], "recv") != 0)
		usage();
	set_group(&o, argv[1]);
	if ((s = socksm_new()) == NULL)
		err(EXIT_LOCAL, NULL);
	prepare(s, &o);
	ret = work(s, &o, sending);
	socksm_free(s);
	return ret;
}
