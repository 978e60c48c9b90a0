/*
 * types.c: the stable names of processes, drops, endings and figures, for
 * logs and listings; linked into every process.
 */

#include <stddef.h>

#include "settings.h"
#include "types.h"

#define NAME(table, i)	\
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) && (table)[i] != NULL \
	    ? (table)[i] : "unknown")

static const char *const proc_names[PROC_MAX] = {
	[PROC_PARENT] = "parent",
	[PROC_ENGINE] = "engine",
	[PROC_POLICY] = "policy",
	[PROC_AUTH] = "auth",
	[PROC_RESOLVER] = "resolver",
};

static const char *const drop_names[DROP_MAX] = {
	[DROP_SHORT] = "short",
	[DROP_RSV] = "rsv",
	[DROP_FRAG] = "frag",
	[DROP_AID] = "aid",
	[DROP_SOURCE] = "source",
	[DROP_DIRECTION] = "direction",
	[DROP_MODE] = "mode",
	[DROP_UNLEARNT] = "unlearnt",
	[DROP_SELF] = "self",
	[DROP_GROUP] = "group",
	[DROP_BLOCKED] = "blocked",
	[DROP_PENDING] = "pending",
	[DROP_ECHO] = "echo",
	[DROP_SIZE] = "size",
	[DROP_BUFFER] = "buffer",
	[DROP_SYSTEM] = "system",
	[DROP_KERNEL] = "kernel",
	[DROP_REMOTE] = "remote",
};

static const char *const end_names[END_MAX] = {
	[END_CLIENT] = "client",
	[END_RELEASE] = "release",
	[END_IDLE] = "idle",
	[END_TIMEOUT] = "timeout",
	[END_STALLED] = "stalled",
	[END_PROTOCOL] = "protocol",
	[END_METHOD] = "method",
	[END_AUTH] = "auth",
	[END_REFUSED] = "refused",
	[END_RESET] = "reset",
	[END_FAILED] = "failed",
	[END_REVOKED] = "revoked",
	[END_SHUTDOWN] = "shutdown",
	[END_LIMIT] = "limit",
	[END_ENGINE] = "engine",
	[END_REMOTE] = "remote",
	[END_DONE] = "done",
};

static const char *const stat_names[STAT_MAX] = {
	[STAT_SESSIONS] = "sessions",
	[STAT_SESSIONS_TOTAL] = "sessions_total",
	[STAT_ASSOCIATIONS] = "associations",
	[STAT_ASSOCIATIONS_TOTAL] = "associations_total",
	[STAT_GROUPS] = "groups",
	[STAT_REQUESTS] = "requests_total",
	[STAT_REFUSED] = "refused_total",
	[STAT_PENDING] = "pending",
	[STAT_AUTH_FAILED] = "auth_failed_total",
	[STAT_RX_DGRAMS] = "rx_datagrams_total",
	[STAT_TX_DGRAMS] = "tx_datagrams_total",
	[STAT_TX_CALLS] = "tx_calls_total",
	[STAT_TX_SEGMENTED] = "tx_segmented_total",
	[STAT_STREAMS] = "streams",
	[STAT_STREAMS_TOTAL] = "streams_total",
};

static const char *const limit_names[LIMIT_MAX] = {
	[LIMIT_SESSIONS] = "sessions",
	[LIMIT_SESSIONS_PER_HOST] = "sessions-per-host",
	[LIMIT_ASSOCIATIONS] = "associations",
	[LIMIT_ASSOCIATIONS_PER_SESSION] = "associations-per-session",
	[LIMIT_GROUPS] = "groups",
	[LIMIT_RECEIVERS_PER_HOST] = "receivers-per-host",
};

static const char *const timeout_names[TIMEOUT_MAX] = {
	[TIMEOUT_HANDSHAKE] = "handshake",
	[TIMEOUT_CONNECT] = "connect",
	[TIMEOUT_BIND] = "bind",
	[TIMEOUT_IDLE] = "idle",
	[TIMEOUT_HALF_CLOSED] = "half-closed",
	[TIMEOUT_STALLED] = "stalled",
	[TIMEOUT_REASSEMBLY] = "reassembly",
	[TIMEOUT_AUTH_FAILURE] = "auth-failure",
};

const char *
proc_name(enum proc_role i)
{
	return NAME(proc_names, i);
}

const char *
drop_name(enum drop i)
{
	return NAME(drop_names, i);
}

const char *
end_name(enum end_reason i)
{
	return NAME(end_names, i);
}

const char *
stat_name(enum statistic i)
{
	return NAME(stat_names, i);
}

const char *
limit_name(unsigned i)
{
	return NAME(limit_names, i);
}

const char *
timeout_name(unsigned i)
{
	return NAME(timeout_names, i);
}
