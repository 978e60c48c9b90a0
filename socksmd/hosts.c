/*
 * hosts.c: the addresses of /etc/hosts, read once; runs in the resolver.
 */

#include <sys/types.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

#include "log.h"
#include "resolver.h"

#define HOSTS_MAX	500000	/* some block lists are that long */

struct host {
	char		*name;
	uint32_t	 order;		/* in the file */
	struct addr	 addr;
};

static struct host	*hosts;
static uint32_t		 nhosts, room;

static int
host_cmp(const void *va, const void *vb)
{
	const struct host	*a = va, *b = vb;
	int			 c = strcasecmp(a->name, b->name);

	if (c != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int
host_add(const struct addr *addr, const char *name)
{
	struct host	*p;
	uint32_t	 n;

	if (nhosts == HOSTS_MAX)
		return -1;
	if (nhosts == room) {
		n = room == 0 ? 64 : room * 2;
		if ((p = reallocarray(hosts, n, sizeof(*p))) == NULL)
			return -1;
		hosts = p;
		room = n;
	}
	if ((hosts[nhosts].name = strdup(name)) == NULL)
		return -1;
	hosts[nhosts].order = nhosts;
	hosts[nhosts++].addr = *addr;
	return 0;
}

/* address name ...; what cannot be understood is left out, as libc does. */
static int
host_line(char *line)
{
	struct addr	 addr;
	char		*word, *last;

	line[strcspn(line, "#\n")] = '\0';
	if ((word = strtok_r(line, " \t\r", &last)) == NULL ||
	    addr_parse(&addr, word) == -1)
		return 0;
	while ((word = strtok_r(NULL, " \t\r", &last)) != NULL)
		if (host_add(&addr, word) == -1)
			return -1;
	return 0;
}

void
hosts_load(const char *path)
{
	FILE	*f = fopen(path, "re");
	char	*line = NULL;
	size_t	 size = 0;

	if (f == NULL) {
		if (errno != ENOENT)
			log_warn("resolver: %s", path);
		return;
	}
	while (getline(&line, &size, f) != -1)
		if (host_line(line) == -1) {
			log_warnx("resolver: %s: names behind the %u. are "
			    "left out", path, nhosts);
			break;
		}
	free(line);
	(void)fclose(f);
	if (nhosts > 0)
		qsort(hosts, nhosts, sizeof(*hosts), host_cmp);
}

/* RFC 6761 6.3: no name server has a say in this one. */
static uint8_t
hosts_localhost(const char *name, struct addr *addr, uint8_t max)
{
	static const char	 local[] = "localhost";
	size_t			 len = strlen(name), tail = sizeof(local) - 1;

	if (max < 2 || len < tail ||
	    strcasecmp(name + len - tail, local) != 0 ||
	    (len > tail && name[len - tail - 1] != '.'))
		return 0;
	(void)addr_parse(&addr[0], "127.0.0.1");
	(void)addr_parse(&addr[1], "::1");
	return 2;
}

/* The first entry that is not before the name. */
static uint32_t
hosts_first(const char *name)
{
	uint32_t	 lo = 0, hi = nhosts, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcasecmp(hosts[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint8_t
hosts_find(const char *name, struct addr *addr, uint8_t max)
{
	uint32_t	 i = hosts_first(name);
	uint8_t		 n = 0;

	for (; i < nhosts && n < max &&
	    strcasecmp(hosts[i].name, name) == 0; i++)
		addr[n++] = hosts[i].addr;
	return n > 0 ? n : hosts_localhost(name, addr, max);
}
