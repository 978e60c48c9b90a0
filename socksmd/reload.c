/*
 * reload.c: reads the configuration anew and puts it in force as a whole, or
 * not at all; runs in the parent.
 *
 * Nothing that is in force changes before all processes have acknowledged
 * what is new. One reload at a time: who asks meanwhile gets one more, however
 * many ask.
 */

#include <sys/types.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "handlers.h"
#include "iface.h"
#include "log.h"
#include "parent.h"

#define RELOAD_LINES	100	/* to the log, and to socksmctl */

/* Who waits for the end of it: the log alone, or socksmctl as well. */
#define BY_SIGNAL	0x01
#define BY_CONTROL	0x02

static char	 file[PATH_MAX];
static int	 dir = -1;	/* where relative paths begin */
static uint8_t	 running = BY_SIGNAL;	/* the start is like one */
static uint8_t	 wanted;	/* when that has ended */

static struct conf	*conf;	/* while it is no generation yet */
static FILE		*err;	/* what is wrong with it */
static char		*text;	/* the same, once err is closed */
static size_t		 text_len;

static void	 reload_want(uint8_t);

void
reload_init(const char *path)
{
	if (strlcpy(file, path, sizeof(file)) >= sizeof(file))
		fatalx("%s: name too long", path);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
reload_line(const char *line)
{
	struct msg_reload	 m;

	log_warnx("%s", line);
	if (!(running & BY_CONTROL))
		return;
	memset(&m, 0, sizeof(m));
	strlcpy(m.text, line, sizeof(m.text));
	(void)proc_send(PROC_POLICY, M_RELOAD_LINE, &m, -1);
}

/* What was written to err, line by line. */
static void
reload_lines(void)
{
	char		*line, *rest = text, more[64];
	unsigned	 n = 0;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (n++ < RELOAD_LINES)
			reload_line(line);
	}
	if (n <= RELOAD_LINES)
		return;
	snprintf(more, sizeof(more), "%u more lines left out",
	    n - RELOAD_LINES);
	reload_line(more);
}

/* The result, to policy in any case: it has to look at what is live. */
static void
reload_result(int ok)
{
	struct msg_reload	 m;

	memset(&m, 0, sizeof(m));
	m.ok = ok;
	m.asked = (running & BY_CONTROL) != 0;
	if (ok)
		log_info("reloaded: generation %u, %u listeners",
		    parent.generation, listen_count());
	else {
		strlcpy(m.text, "nothing has changed", sizeof(m.text));
		log_warnx("reload failed: %s", m.text);
	}
	(void)proc_send(PROC_POLICY, M_RELOADED, &m, -1);
}

static void
reload_next(void)
{
	uint8_t	 by = wanted;

	running = wanted = 0;
	if (by != 0)
		reload_want(by);
}

static void
reload_end(int ok)
{
	if (err != NULL)
		(void)fclose(err);	/* memory: what failed is left out */
	err = NULL;
	reload_lines();
	free(text);
	text = NULL;
	if (!ok)
		conf_free(conf);
	conf = NULL;
	reload_result(ok);
	reload_next();
}

static void
reload_committed(void)
{
	reload_end(1);
}

/*
 * The configuration is read, its names are resolved: what of it depends on
 * the system, then the children.
 */
static void
reload_named(void)
{
	int	 bad;

	bad = distribute_check(conf, err) == -1;
	if (listen_open(conf, err) == -1)
		bad = 1;
	else if (bad)
		listen_give_up();
	if (bad)
		reload_end(0);
	else
		distribute_start(conf, reload_committed);
}

static void
reload_resolved(int ok)
{
	if (ok)
		reload_named();
	else
		reload_end(0);
}

/* In the directory of the start, if that is still to be reached. */
static void
reload_parse(void)
{
	if (dir == -1 || fchdir(dir) == -1)
		log_debug("parent: directory of the start: %s",
		    strerror(errno));
	conf = conf_parse(file, err);
	if (!parent.foreground && chdir("/") == -1)
		log_warn("chdir /");
}

static void
reload_start(uint8_t by)
{
	running = by;
	text = NULL;
	if ((err = open_memstream(&text, &text_len)) == NULL) {
		log_warn("reload");
		reload_end(0);
		return;
	}
	if (strcmp(file, "-") == 0)
		fprintf(err, "the configuration came from standard input and "
		    "cannot be read again\n");
	else if (iface_load() == -1)
		fprintf(err, "interfaces: %s\n", strerror(errno));
	else
		reload_parse();
	if (conf == NULL)
		reload_end(0);
	else
		names_resolve(conf, err, reload_resolved);
}

static void
reload_want(uint8_t by)
{
	if (parent_stopping())
		return;
	if (running != 0)
		wanted |= by;
	else
		reload_start(by);
}

/* The start is over. */
void
reload_up(void)
{
	reload_next();
}

void
reload_signal(void)
{
	reload_want(BY_SIGNAL);
}

void
reload_on_reload(enum proc_role from, const void *data, int fd)
{
	(void)from;
	(void)data;
	(void)fd;
	reload_want(BY_CONTROL);
}
