/*
 * conf_text.h: a configuration from a string, for tests that want to write
 * rules and not structs.
 */

#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"

static char	 conf_text_err[16384];

/* Writes text to a file that only we may write; its name. */
static inline const char *
conf_text_file(const char *text)
{
	static char	 name[32];
	int		 fd;

	(void)strlcpy(name, "/tmp/conf.XXXXXX", sizeof(name));
	if ((fd = mkstemp(name)) == -1 ||
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("cannot write %s", name);
	(void)close(fd);
	return name;
}

/* The configuration, or NULL and the messages in conf_text_err. */
static inline struct conf *
conf_text(const char *text)
{
	const char	*name = conf_text_file(text);
	struct conf	*c;
	FILE		*f;

	memset(conf_text_err, 0, sizeof(conf_text_err));
	if ((f = fmemopen(conf_text_err, sizeof(conf_text_err) - 1, "w")) ==
	    NULL)
		fail_msg("no stream");
	c = conf_parse(name, f);
	(void)fclose(f);
	(void)unlink(name);
	return c;
}

#endif
