/*
 * log.c: lines for the log; the parent writes them to syslog or standard
 * error, a child sends them to the parent.
 */

#include <sys/types.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"

#include <vis.h>

#include "log.h"
#include "proc.h"

#define LOG_QUEUE_MAX	4096	/* lines queued towards the parent */
#define RATE_MS		10000

static int		 foreground = 1;
static int		 verbose;
static int		 by_message;
static unsigned		 left_out;	/* lines lost to a full queue */
static long long	(*clock_fn)(void);

void
log_init(const char *name, int fg, int v)
{
	foreground = fg;
	verbose = v;
	if (!fg)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_to_parent(void)
{
	by_message = 1;
}

void
log_verbose(int v)
{
	verbose = v;
}

int
log_is_verbose(void)
{
	return verbose;
}

static void
log_line(int priority, const char *text)
{
	if (foreground)
		fprintf(stderr, "%s\n", text);
	else
		syslog(priority, "%s", text);
}

/*
 * Records are policy's, and have no name before them; an engine that was
 * taken over must not write any, nor a second line in its own, nor to every
 * terminal.
 */
void
log_child(enum proc_role from, uint32_t priority, const char *text)
{
	const char	*name = proc_name(from);
	char		 line[MSG_LOGLEN + 16];
	size_t		 i, len = strlen(name);

	line[0] = '\0';
	if (from != PROC_POLICY && (strncmp(text, name, len) != 0 ||
	    text[len] != ':'))
		snprintf(line, sizeof(line), "%s: ", name);
	strlcat(line, text, sizeof(line));
	for (i = 0; line[i] != '\0'; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	log_line(priority >= LOG_CRIT && priority <= LOG_DEBUG ?
	    (int)priority : LOG_ERR, line);
}

static void
log_send(int priority, const char *text)
{
	struct msg_log	 msg;

	if (proc_queued(PROC_PARENT) > LOG_QUEUE_MAX) {
		left_out++;
		return;
	}
	memset(&msg, 0, sizeof(msg));
	msg.priority = priority;
	if (left_out > 0) {
		snprintf(msg.text, sizeof(msg.text),
		    "%s: %u lines left out: the log could not keep up",
		    proc_name(proc_self()), left_out);
		left_out = 0;
		proc_send(PROC_PARENT, M_LOG, &msg, -1);
	}
	strlcpy(msg.text, text, sizeof(msg.text));
	proc_send(PROC_PARENT, M_LOG, &msg, -1);
}

static void
log_text(int priority, const char *text)
{
	if (by_message && proc_attached(PROC_PARENT))
		log_send(priority, text);
	else if (!by_message)
		log_line(priority, text);
}

static void
log_format(int priority, const char *suffix, const char *fmt, va_list ap)
{
	char	 text[MSG_LOGLEN];
	int	 n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		strlcpy(text, fmt, sizeof(text));
	if (suffix != NULL) {
		strlcat(text, ": ", sizeof(text));
		strlcat(text, suffix, sizeof(text));
	}
	log_text(priority, text);
}

void
log_warn(const char *fmt, ...)
{
	int	 saved = errno;
	va_list	 ap;

	va_start(ap, fmt);
	log_format(LOG_ERR, strerror(saved), fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_format(LOG_ERR, NULL, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_format(LOG_INFO, NULL, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list	 ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	log_format(LOG_DEBUG, NULL, fmt, ap);
	va_end(ap);
}

/* A child's last words must reach the parent before it is gone. */
static void __dead
fatal_exit(void)
{
	if (by_message)
		(void)proc_flush(PROC_PARENT, 1000);	/* as far as it goes */
	exit(1);
}

void
fatal(const char *fmt, ...)
{
	int	 saved = errno;
	va_list	 ap;

	va_start(ap, fmt);
	log_format(LOG_CRIT, strerror(saved), fmt, ap);
	va_end(ap);
	fatal_exit();
}

void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	log_format(LOG_CRIT, NULL, fmt, ap);
	va_end(ap);
	fatal_exit();
}

int
log_ok(struct log_rate *r, unsigned burst, const char *what)
{
	long long	 now = clock_ms();

	if (r->since == 0 || now - r->since >= RATE_MS) {
		if (r->left_out > 0)
			log_info("%s: %u more lines like this left out", what,
			    r->left_out);
		r->since = now;
		r->n = r->left_out = 0;
	}
	if (r->n < burst) {
		r->n++;
		return 1;
	}
	r->left_out++;
	return 0;
}

const char *
log_vis(char *dst, size_t dlen, const char *src, size_t slen)
{
	size_t	 i, o = 0;
	char	 one[5];

	/* strvisx may need four octets and a NUL for each; stop before. */
	for (i = 0; i < slen && o + sizeof(one) < dlen; i++) {
		vis(one, src[i], VIS_OCTAL | VIS_WHITE | VIS_DQ | VIS_CSTYLE,
		    i + 1 < slen ? src[i + 1] : 0);
		strlcpy(dst + o, one, dlen - o);
		o += strlen(one);
	}
	if (dlen > 0)
		dst[o] = '\0';
	return dst;
}

void
clock_set(long long (*fn)(void))
{
	clock_fn = fn;
}

long long
clock_ms(void)
{
	struct timespec	 ts;

	if (clock_fn != NULL)
		return clock_fn();
	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		abort();		/* there is no clock to go on with */
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
