/*
 * load.c: the load generator's beginning and its loop: prepares one work, then
 * runs it as often as the standard input says.
 */

#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

struct load	load;

static const struct work	*works[] = {
	&work_fanout, &work_unicast, &work_associate, &work_connect, &work_tcp,
	&work_sessions, &work_associations, &work_ask
};

static __attribute__((__noreturn__)) void
usage(void)
{
	size_t	 i;

	fprintf(stderr, "usage: load [-b] -I namespace -O namespace "
	    "-c client -o outside -s server -p port work\n");
	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		fprintf(stderr, "\t%s %s\n", works[i]->name, works[i]->args);
	exit(1);
}

static void
parse_address(struct in_addr *a, const char *text)
{
	if (inet_pton(AF_INET, text, a) != 1)
		errx(1, "%s: no IPv4 address", text);
}

static void
parse_option(int ch, const char *value)
{
	switch (ch) {
	case 'b':
		load.bare = 1;
		break;
	case 'I':
		load.in = value;
		break;
	case 'O':
		load.out = value;
		break;
	case 'c':
		parse_address(&load.client, value);
		break;
	case 'o':
		parse_address(&load.outside, value);
		break;
	case 's':
		parse_address(&load.server.sin_addr, value);
		break;
	case 'p':
		load.server.sin_port = htons(net_number(value, 1, 65535));
		break;
	default:
		usage();
	}
}

static const struct work *
parse_work(int argc, char **argv)
{
	size_t	 i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (argc > 0 && strcmp(argv[0], works[i]->name) == 0 &&
		    argc - 1 == works[i]->nargs)
			return works[i];
	usage();
}

/* "N [round] [WIDTH]" */
static void
parse_ask(struct ask *ask, char *line)
{
	char	*word = strtok(line, " \n");

	memset(ask, 0, sizeof(*ask));
	ask->width = 1;
	ask->n = net_number(word != NULL ? word : "", 1, 1L << 40);
	while ((word = strtok(NULL, " \n")) != NULL) {
		if (strcmp(word, "round") == 0)
			ask->round = 1;
		else
			ask->width = net_number(word, 1, SEGMENTS);
	}
}

static double
seconds(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	const struct work	*work;
	struct ask		 ask;
	uint64_t		 done;
	double			 start;
	char			 line[256];
	int			 ch;

	signal(SIGPIPE, SIG_IGN);
	load.server.sin_family = AF_INET;
	while ((ch = getopt(argc, argv, "bI:O:c:o:s:p:")) != -1)
		parse_option(ch, optarg);
	work = parse_work(argc - optind, argv + optind);
	if (load.in == NULL || load.out == NULL)
		usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	work->prepare(argv + optind + 1);
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		parse_ask(&ask, line);
		load.lost = 0;
		start = seconds();
		done = work->run(&ask);
		printf("%llu %llu %.6f\n", (unsigned long long)done,
		    (unsigned long long)load.lost, seconds() - start);
	}
	return 0;
}
