/*
 * nameserver.c: the name servers of /etc/resolv.conf and the sockets to them;
 * runs in the resolver.
 *
 * All sockets are made and connected before the sandbox closes: what others
 * than the server send them the kernel drops. Each server has several, so
 * that it is not one port that has to be guessed for as long as we run. The
 * search list is not read: the names that clients send are absolute.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"

#include "dns.h"
#include "log.h"
#include "resolver.h"

#define TIMEOUT_DEFAULT	2	/* seconds */
#define TIMEOUT_MAX_S	5
#define ATTEMPTS	2
#define ATTEMPTS_MAX	5
#define BURST		64	/* answers read in one turn */

struct server_socket {
	int		 fd;
	struct event	 ev;
};

struct nameservers	nameservers;

static struct server_socket	 socks[NAMESERVERS * NAMESERVER_SOCKETS];
static void	(*on_answer)(uint32_t, const uint8_t *, size_t, int);

static void
nameserver_event(int fd, short what, void *arg)
{
	uint32_t	 i = (uint32_t)((struct server_socket *)arg - socks);
	uint8_t		 buf[DNS_ANSWERLEN + 1];
	ssize_t		 n;
	int		 turns;

	(void)what;
	for (turns = 0; turns < BURST; turns++) {
		n = read(fd, buf, sizeof(buf));
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1)		/* most likely ECONNREFUSED */
			on_answer(i, NULL, 0, errno);
		else
			on_answer(i, buf, (size_t)n, 0);
	}
}

static int
nameserver_open(const struct endpoint *ep)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = endpoint_to_sockaddr(ep, &ss);
	int			 s;

	s = socket(addr_sockaf(&ep->addr),
	    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return -1;
	if (connect(s, (struct sockaddr *)&ss, len) == -1) {
		close(s);
		return -1;
	}
	return s;
}

static void
nameserver_add(const char *text, uint16_t port)
{
	struct endpoint		 ep;
	struct server_socket	*s;
	uint32_t		 i;
	int			 fd[NAMESERVER_SOCKETS];

	memset(&ep, 0, sizeof(ep));
	ep.port = port;
	if (nameservers.n == NAMESERVERS)
		return;			/* as many as libc takes */
	if (addr_parse(&ep.addr, text) == -1) {
		log_warnx("resolver: nameserver %.64s: not an address", text);
		return;
	}
	for (i = 0; i < NAMESERVER_SOCKETS; i++)
		if ((fd[i] = nameserver_open(&ep)) == -1) {
			log_warn("resolver: nameserver %s", text);
			while (i-- > 0)
				close(fd[i]);
			return;
		}
	for (i = 0; i < NAMESERVER_SOCKETS; i++) {
		s = &socks[nameservers.n * NAMESERVER_SOCKETS + i];
		s->fd = fd[i];
		event_set(&s->ev, s->fd, EV_READ | EV_PERSIST,
		    nameserver_event, s);
		event_add(&s->ev, NULL);
	}
	nameservers.n++;
}

/* timeout:n and attempts:n; the others are libc's own. */
static void
nameserver_option(const char *word)
{
	const char	*value = strchr(word, ':'), *err;
	long long	 n;

	if (value == NULL)
		return;
	n = strtonum(value + 1, 1, 1000, &err);
	if (err != NULL)
		return;
	if (strncmp(word, "timeout:", 8) == 0)
		nameservers.timeout =
		    (uint32_t)MINIMUM(n, TIMEOUT_MAX_S) * 1000;
	else if (strncmp(word, "attempts:", 9) == 0)
		nameservers.attempts = (uint32_t)MINIMUM(n, ATTEMPTS_MAX);
}

static void
nameserver_line(char *line, uint16_t port)
{
	char	*word, *last;

	line[strcspn(line, "#;\n")] = '\0';
	if ((word = strtok_r(line, " \t\r", &last)) == NULL)
		return;
	if (strcmp(word, "nameserver") == 0) {
		if ((word = strtok_r(NULL, " \t\r", &last)) != NULL)
			nameserver_add(word, port);
	} else if (strcmp(word, "options") == 0) {
		while ((word = strtok_r(NULL, " \t\r", &last)) != NULL)
			nameserver_option(word);
	}
}

void
nameserver_load(const char *path, uint16_t port,
    void (*heard)(uint32_t, const uint8_t *, size_t, int))
{
	FILE	*f;
	char	*line = NULL;
	size_t	 size = 0;

	on_answer = heard;
	nameservers.timeout = TIMEOUT_DEFAULT * 1000;
	nameservers.attempts = ATTEMPTS;
	if ((f = fopen(path, "re")) == NULL) {
		log_warn("resolver: %s", path);
	} else {
		while (getline(&line, &size, f) != -1)
			nameserver_line(line, port);
		free(line);
		(void)fclose(f);
	}
	if (nameservers.n == 0)
		log_warnx("resolver: no name server in %s: only the names of "
		    "%s are resolved", path, RESOLVER_HOSTS);
}

uint32_t
nameserver_socket(uint32_t server)
{
	return server * NAMESERVER_SOCKETS +
	    arc4random_uniform(NAMESERVER_SOCKETS);
}

/*
 * An error that is left over from an earlier datagram comes out here and is
 * told like an answer; what is lost all the same is asked again in time.
 */
void
nameserver_send(uint32_t sock, const uint8_t *p, size_t len)
{
	int	 fd = socks[sock].fd;

	if (write(fd, p, len) == -1 && errno == ECONNREFUSED &&
	    write(fd, p, len) == -1)
		log_debug("resolver: writing to a name server failed twice");
}
