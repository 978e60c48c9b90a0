/*
 * socksmctl.c: asks a running socksmd on its control socket and shows the
 * answer; the main program of socksmctl.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "imsg.h"

#include "output.h"
#include "parser.h"

#define ANSWER_MS	10000	/* the daemon says something by then */
#define RELOAD_MS	60000	/* names may have to be resolved */

enum { EXIT_OK, EXIT_ERROR, EXIT_DAEMON, EXIT_UNHEALTHY };

/* How large a row of each type is; 0: no row. */
static const size_t	 sizes[CTL_MAX] = {
	[CTL_SUMMARY] = sizeof(struct ctl_summary),
	[CTL_SESSION] = sizeof(struct ctl_session),
	[CTL_ASSOCIATION] = sizeof(struct ctl_association),
	[CTL_DROP] = sizeof(struct ctl_statistic),
	[CTL_GROUP] = sizeof(struct ctl_group),
	[CTL_RULE] = sizeof(struct ctl_rule),
	[CTL_TABLE] = sizeof(struct ctl_table),
	[CTL_USER] = sizeof(struct ctl_user),
	[CTL_STATISTIC] = sizeof(struct ctl_statistic),
	[CTL_PROCESS] = sizeof(struct ctl_process),
	[CTL_EVENT] = sizeof(struct ctl_event),
	[CTL_VERDICT] = sizeof(struct ctl_verdict),
	[CTL_EXPLAINED] = sizeof(struct ctl_explained),
	[CTL_LINE] = sizeof(struct ctl_line),
	[CTL_RELOADED] = sizeof(struct ctl_reloaded),
	[CTL_KILLED] = sizeof(struct ctl_killed),
	[CTL_END] = sizeof(struct ctl_end)
};

static int	 unhealthy;

static void __dead
usage(void)
{
	fprintf(stderr, "usage: socksmctl [-jv] [-s socket] command ...\n");
	exit(EXIT_ERROR);
}

static int
ctl_connect(const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(EXIT_ERROR, "socket %s: name too long", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(EXIT_ERROR, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(EXIT_DAEMON, "connect to socksmd on %s", path);
	return fd;
}

/* Waits for what comes next; returns when at least an octet was read. */
static void
ctl_read(struct imsgbuf *ibuf, int ms)
{
	struct pollfd	 pfd = { ibuf->fd, POLLIN, 0 };

	if (poll(&pfd, 1, ms) == 0)
		errx(EXIT_DAEMON, "socksmd does not answer");
	switch (imsgbuf_read(ibuf)) {
	case 1:
		return;
	case 0:
		errx(EXIT_DAEMON, "socksmd closed the connection");
	default:
		err(EXIT_DAEMON, "read from socksmd");
	}
}

/* 1: that was the end. */
static int
ctl_answer(struct imsg *imsg, const struct output *out)
{
	union {
		struct ctl_rule		 largest;
		struct ctl_explained	 or_this;
		struct ctl_user		 or_that;
		struct ctl_summary	 summary;
		struct ctl_end		 end;
	} row;
	uint32_t	 type = imsg_get_type(imsg);

	if (type >= CTL_MAX || sizes[type] == 0 || sizes[type] > sizeof(row) ||
	    imsg_get_data(imsg, &row, sizes[type]) == -1)
		errx(EXIT_DAEMON, "answer of another version of socksmd");
	if (type != CTL_END) {
		if (type == CTL_SUMMARY && !row.summary.healthy)
			unhealthy = 1;
		out->row(type, &row);
		if (type == CTL_EVENT && fflush(stdout) != 0)
			err(EXIT_ERROR, "write");
		return 0;
	}
	out->end();
	if (row.end.error != 0)
		errx(EXIT_ERROR, "socksmd: %.*s: %s",
		    (int)sizeof(row.end.text), row.end.text,
		    strerror(row.end.error));
	return 1;
}

static void
ctl_talk(int fd, const struct command *c, const struct output *out, int verbose)
{
	struct imsgbuf	 ibuf;
	struct imsg	 imsg;
	int		 n, done = 0;

	if (imsgbuf_init(&ibuf, fd) == -1 || imsg_compose(&ibuf, c->type, 0, 0,
	    -1, &c->req, sizeof(c->req)) == -1 || imsgbuf_flush(&ibuf) == -1)
		err(EXIT_DAEMON, "write to socksmd");
	out->begin(c->type, verbose);
	while (!done) {
		if ((n = imsgbuf_get(&ibuf, &imsg)) == -1)
			errx(EXIT_DAEMON, "answer is not for socksmctl");
		if (n == 0) {
			ctl_read(&ibuf, c->type == CTL_MONITOR ? -1 :
			    c->type == CTL_RELOAD ? RELOAD_MS : ANSWER_MS);
			continue;
		}
		done = ctl_answer(&imsg, out);
		imsg_free(&imsg);
	}
	imsgbuf_clear(&ibuf);
	close(fd);
}

int
main(int argc, char *argv[])
{
	const struct output	*out = &output_text;
	const char		*path = CTL_SOCKET;
	struct command		 c;
	int			 ch, verbose = 0;

	while ((ch = getopt(argc, argv, "js:v")) != -1)
		switch (ch) {
		case 'j':
			out = &output_json;
			break;
		case 's':
			path = optarg;
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			usage();
		}
	if (argc == optind)
		usage();
	if (parse_words(argc - optind, argv + optind, &c, stderr) == -1)
		return EXIT_ERROR;
	ctl_talk(ctl_connect(path), &c, out, verbose);
	if (fflush(stdout) != 0)
		err(EXIT_ERROR, "write");
	return unhealthy ? EXIT_UNHEALTHY : EXIT_OK;
}
