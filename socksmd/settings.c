/*
 * settings.c: the "set" options, their defaults, bounds and text; it runs in
 * the parent, before the configuration goes to the others.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "settings.h"

struct choice {
	const char	*name;
	uint8_t		 value;
	uint8_t		 later;		/* in the manual's plans */
};

/* One number or word of struct settings; those of one option stand together. */
struct setting {
	const char	*option;
	const char	*item;		/* NULL: the option itself */
	size_t		 off;
	uint8_t		 wide;		/* uint32_t, else uint8_t */
	uint8_t		 octets;	/* takes K, M and G */
	uint32_t	 min;
	uint32_t	 max;
	uint32_t	 def;
	const struct choice *choices;
};

static const struct choice modes[] = {
	{ "mu", MODE_MU, 0 }, { "mm", MODE_MM, 1 }, { NULL, 0, 0 }
};
static const struct choice policies[] = {
	{ "return", 0, 0 }, { "drop", 1, 0 }, { NULL, 0, 0 }
};
static const struct choice reloads[] = {
	{ "revalidate", 0, 0 }, { "keep", 1, 0 }, { NULL, 0, 0 }
};
static const struct choice levels[] = {
	{ "none", LOG_NONE, 0 }, { "blocked", LOG_BLOCKED, 0 },
	{ "sessions", LOG_SESSIONS, 0 }, { "all", LOG_ALL, 0 }, { NULL, 0, 0 }
};
static const struct choice extensions[] = {
	{ "base", EXT_BASE, 0 }, { "multicast", EXT_MULTICAST, 0 },
	{ "source-address", EXT_SOURCE_ADDRESS, 1 }, { NULL, 0, 0 }
};

#define OFF(f)		offsetof(struct settings, f)
#define CHOICE(o, f, def, c)	{ o, NULL, OFF(f), 0, 0, 0, 255, def, c }
#define OCTET(o, f, lo, hi, def) { o, NULL, OFF(f), 0, 0, lo, hi, def, NULL }
#define WIDE(o, f, u, lo, hi, def) { o, NULL, OFF(f), 1, u, lo, hi, def, NULL }
#define LIMIT(i, n, hi, def)	\
	{ "limit", i, OFF(limit[n]), 1, 0, 1, hi, def, NULL }
#define TIMEOUT(i, n, lo, hi, def)	\
	{ "timeout", i, OFF(timeout[n]), 1, 0, lo, hi, def, NULL }

static const struct setting settings[] = {
	CHOICE("multicast-mode", multicast_mode, MODE_MU, modes),
	LIMIT("sessions", LIMIT_SESSIONS, 1000000, 10000),
	LIMIT("sessions-per-host", LIMIT_SESSIONS_PER_HOST, 1000000, 256),
	LIMIT("associations", LIMIT_ASSOCIATIONS, 10000000, 100000),
	LIMIT("associations-per-session", LIMIT_ASSOCIATIONS_PER_SESSION,
	    10000000, 1024),
	LIMIT("groups", LIMIT_GROUPS, 65536, 512),
	LIMIT("receivers-per-host", LIMIT_RECEIVERS_PER_HOST, 65536, 16),
	TIMEOUT("handshake", TIMEOUT_HANDSHAKE, 1, 600, 10),
	TIMEOUT("connect", TIMEOUT_CONNECT, 1, 600, 30),
	TIMEOUT("idle", TIMEOUT_IDLE, 1, 2592000, 3600),
	TIMEOUT("half-closed", TIMEOUT_HALF_CLOSED, 1, 86400, 120),
	TIMEOUT("stalled", TIMEOUT_STALLED, 1, 3600, 30),
	TIMEOUT("auth-failure", TIMEOUT_AUTH_FAILURE, 1, 60, 2),
	{ "extensions", NULL, OFF(extensions), 0, 0, 0, 255,
	    EXT_BASE | EXT_MULTICAST, extensions },
	OCTET("max-ttl", max_ttl, 1, 255, 15),			/* P33 */
	CHOICE("block-policy", block_drop, 0, policies),
	CHOICE("reload", reload_keep, 0, reloads),
	CHOICE("log", log, LOG_SESSIONS, levels),
	WIDE("auth-cache", auth_cache, 0, 0, 86400, 300),
	WIDE("group-buffer", group_buffer, 1, 65536, 1U << 30, 4U << 20)
};

/* In the manual's plans, so that the answer is not "unknown". */
static const char *const later[] = { "ban", "coalesce", "fragments",
    "inside-ttl", "prefork" };
static const char *const timeouts_later[] = { "bind", "reassembly" };

static uint32_t
setting_get(const struct settings *s, const struct setting *o)
{
	const char	*p = (const char *)s + o->off;
	uint32_t	 v;

	if (!o->wide)
		return *(const uint8_t *)p;
	memcpy(&v, p, sizeof(v));
	return v;
}

static void
setting_put(struct settings *s, const struct setting *o, uint32_t v)
{
	char		*p = (char *)s + o->off;

	if (o->wide)
		memcpy(p, &v, sizeof(v));
	else
		*(uint8_t *)p = (uint8_t)v;
}

void
settings_default(struct settings *s)
{
	size_t		 i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < nitems(settings); i++)
		setting_put(s, &settings[i], settings[i].def);
}

int
setting_kind(const char *option)
{
	size_t		 i;

	for (i = 0; i < nitems(settings); i++) {
		if (strcmp(settings[i].option, option) != 0)
			continue;
		if (settings[i].choices == extensions)
			return SETTING_FLAGS;
		return settings[i].item ? SETTING_PAIRS : SETTING_WORD;
	}
	for (i = 0; i < nitems(later); i++)
		if (strcmp(later[i], option) == 0)
			return SETTING_LATER;
	return -1;
}

static const struct setting *
setting_find(const char *option, const char *item)
{
	size_t		 i;

	for (i = 0; i < nitems(settings); i++) {
		if (strcmp(settings[i].option, option) != 0)
			continue;
		if (item == NULL || settings[i].item == NULL ||
		    strcmp(settings[i].item, item) == 0)
			return &settings[i];
	}
	return NULL;
}

static const struct choice *
choice_find(const struct choice *c, const char *name)
{
	for (; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* "base, multicast" */
static void
choice_names(const struct choice *c, char *buf, size_t size)
{
	buf[0] = '\0';
	for (; c->name != NULL; c++) {
		if (c->later)
			continue;
		if (buf[0] != '\0')
			(void)strlcat(buf, ", ", size);
		(void)strlcat(buf, c->name, size);
	}
}

static int
choice_refused(const struct choice *c, const char *option, const char *value,
    char *err, size_t size)
{
	const struct choice	*known = choice_find(c, value);
	char			 names[128];

	if (known != NULL) {
		(void)snprintf(err, size, "set %s %s: not supported yet",
		    option, value);
		return -1;
	}
	choice_names(c, names, sizeof(names));
	(void)snprintf(err, size, "set %s %s: must be one of %s", option,
	    value, names);
	return -1;
}

/* A number, perhaps with K, M or G behind it: 0 or -1. */
static int
number_value(const struct setting *o, const char *value, uint32_t *v)
{
	static const char	 units[] = "KMG";
	char			 buf[32];
	const char		*unit, *errstr;
	size_t			 len;
	long long		 n, factor = 1;

	len = strlcpy(buf, value, sizeof(buf));
	if (len == 0 || len >= sizeof(buf))
		return -1;
	if (o->octets && (unit = strchr(units, buf[len - 1])) != NULL) {
		factor = 1LL << (10 * (unit - units + 1));
		buf[len - 1] = '\0';
	}
	n = strtonum(buf, 0, UINT32_MAX, &errstr);
	if (errstr != NULL || n * factor < o->min || n * factor > o->max)
		return -1;
	*v = (uint32_t)(n * factor);
	return 0;
}

static int
number_set(struct settings *s, const struct setting *o, const char *value,
    char *err, size_t size)
{
	uint32_t	 v;

	if (number_value(o, value, &v) == -1) {
		(void)snprintf(err, size,
		    "set %s%s%s %s: must be a number from %u to %u", o->option,
		    o->item ? " " : "", o->item ? o->item : "", value, o->min,
		    o->max);
		return -1;
	}
	setting_put(s, o, v);
	return 0;
}

static int
item_refused(const char *option, const char *item, char *err, size_t size)
{
	size_t		 i;

	for (i = 0; i < nitems(timeouts_later); i++)
		if (strcmp(option, "timeout") == 0 &&
		    strcmp(item, timeouts_later[i]) == 0) {
			(void)snprintf(err, size, "set %s %s: not supported "
			    "yet", option, item);
			return -1;
		}
	(void)snprintf(err, size, "set %s: there is no %s \"%s\"", option,
	    option, item);
	return -1;
}

int
setting_set(struct settings *s, const char *option, const char *item,
    const char *value, char *err, size_t size)
{
	const struct setting	*o = setting_find(option, item);
	const struct choice	*c;

	if (o == NULL)
		return item_refused(option, item, err, size);
	if (o->choices == NULL)
		return number_set(s, o, value, err, size);
	c = choice_find(o->choices, value);
	if (c == NULL || c->later)
		return choice_refused(o->choices, option, value, err, size);
	setting_put(s, o, c->value);
	return 0;
}

int
setting_flag(struct settings *s, const char *option, const char *flag,
    int first, char *err, size_t size)
{
	const struct setting	*o = setting_find(option, NULL);
	const struct choice	*c = choice_find(o->choices, flag);
	uint32_t		 v = first ? 0 : setting_get(s, o);

	if (c == NULL || c->later)
		return choice_refused(o->choices, option, flag, err, size);
	setting_put(s, o, v | c->value);
	return 0;
}

void
setting_none(struct settings *s, const char *option)
{
	setting_put(s, setting_find(option, NULL), 0);
}

static void
flags_print(const struct choice *c, uint32_t v, FILE *f)
{
	const char	*sep = "{ ";

	if (v == 0) {
		fprintf(f, "none");
		return;
	}
	for (; c->name != NULL; c++) {
		if ((v & c->value) == 0)
			continue;
		fprintf(f, "%s%s", sep, c->name);
		sep = ", ";
	}
	fprintf(f, " }");
}

static void
octets_print(uint32_t v, FILE *f)
{
	static const char	 units[] = "KMG";
	int			 i = -1;

	for (; v != 0 && v % 1024 == 0 && i < 2; i++)
		v /= 1024;
	fprintf(f, "%u", v);
	if (i >= 0)
		fprintf(f, "%c", units[i]);
}

static void
value_print(const struct settings *s, const struct setting *o, FILE *f)
{
	const struct choice	*c;
	uint32_t		 v = setting_get(s, o);

	if (o->choices == extensions)
		flags_print(o->choices, v, f);
	else if (o->octets)
		octets_print(v, f);
	else if (o->choices == NULL)
		fprintf(f, "%u", v);
	else
		for (c = o->choices; c->name != NULL; c++)
			if (c->value == v)
				fprintf(f, "%s", c->name);
}

/* All of them: what is in force, also after defaults have changed. */
void
settings_print(const struct settings *s, FILE *f)
{
	const struct setting	*o, *last = NULL;
	size_t			 i;

	for (i = 0; i < nitems(settings); i++) {
		o = &settings[i];
		if (last != NULL && last->item != NULL)
			fprintf(f, "%s", o->item && strcmp(o->option,
			    last->option) == 0 ? ", " : " }\n");
		if (last == NULL || strcmp(o->option, last->option) != 0)
			fprintf(f, "set %s %s", o->option, o->item ? "{ " : "");
		if (o->item != NULL)
			fprintf(f, "%s ", o->item);
		value_print(s, o, f);
		if (o->item == NULL)
			fprintf(f, "\n");
		last = o;
	}
}
