/*
 * readfile.c: reads a file whole, if nobody else may have written it; it runs
 * in the parent.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "lex.h"

#define READFILE_MAX	(64UL * 1024 * 1024)

static int
readfile_allowed(const struct stat *st, int secret, char *why, size_t size)
{
	const char	*text = NULL;

	if (!S_ISREG(st->st_mode))
		text = "not a regular file";
	else if (st->st_uid != 0 && st->st_uid != getuid())
		text = "owner is neither root nor the current user";
	else if (st->st_mode & (S_IWGRP | S_IWOTH))
		text = "writable by group or others";
	else if (secret && st->st_mode & S_IRWXO)
		text = "readable by others";
	if (text == NULL)
		return 1;
	(void)strlcpy(why, text, size);
	return 0;
}

/* size is a guess; a file's own size, so that no copy of a secret is made. */
static char *
readfile_all(int fd, size_t size, size_t *len)
{
	char		*buf, *p;
	ssize_t		 n;

	if ((buf = malloc(size + 1)) == NULL)
		return NULL;
	for (*len = 0; (n = read(fd, buf + *len, size - *len)) != 0; ) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		if ((*len += (size_t)n) < size)
			continue;
		errno = EFBIG;
		n = -1;
		if (size >= READFILE_MAX ||
		    (p = realloc(buf, size * 2 + 1)) == NULL)
			break;
		buf = p;
		size *= 2;
	}
	if (n == -1) {
		explicit_bzero(buf, *len);
		free(buf);
		return NULL;
	}
	buf[*len] = '\0';
	return buf;
}

/*
 * The text of a file ("-": standard input), to be freed by the caller, with
 * its length and a NUL behind it; or NULL, and why.
 */
char *
readfile(const char *path, int secret, size_t *len, struct stat *st,
    char *why, size_t size)
{
	char		*buf = NULL;
	int		 fd, in = strcmp(path, "-") == 0;

	memset(st, 0, sizeof(*st));
	*len = 0;
	fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || (!in && fstat(fd, st) == -1))
		(void)strlcpy(why, strerror(errno), size);
	else if ((in || readfile_allowed(st, secret, why, size)) &&
	    (buf = readfile_all(fd, in ? 65536 : (size_t)st->st_size + 1,
	    len)) == NULL)
		(void)strlcpy(why, strerror(errno), size);
	if (fd != -1 && !in)
		(void)close(fd);
	if (buf == NULL || memchr(buf, '\0', *len) == NULL)
		return buf;
	(void)strlcpy(why, "has a NUL octet in it", size);
	explicit_bzero(buf, *len);
	free(buf);
	return NULL;
}

/*
 * Cuts the next line off: without its end, comments and blanks around it. NULL
 * at the end of the text.
 */
char *
readfile_line(char **next, const char *end)
{
	char		*line = *next, *nl;
	size_t		 len;

	if (line >= end)
		return NULL;
	if ((nl = memchr(line, '\n', (size_t)(end - line))) == NULL)
		nl = line + (end - line);
	*nl = '\0';
	*next = nl + 1;
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t\r");
	for (len = strlen(line); len > 0 &&
	    strchr(" \t\r", line[len - 1]) != NULL; len--)
		line[len - 1] = '\0';
	return line;
}
