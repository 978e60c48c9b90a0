/*
 * msg.c: the table of all messages between the processes, and the names that
 * logs and listings use; linked into every process.
 */

#include <sys/types.h>
#include <net/if.h>

#include "handlers.h"
#include "msg.h"
#include "proc.h"
#include "rule.h"

#define ROW(type, from, to, size, fd, handler) \
	{ M_##type, PROC_##from, PROC_##to, FD_##fd, size, #type, handler }
#define NO_BODY		0
#define BODY(s)		sizeof(struct s)

const struct msg_desc msg_table[] = {
	ROW(CHANNEL, PARENT, ENGINE, BODY(msg_channel), MAY, child_on_channel),
	ROW(CHANNEL, PARENT, POLICY, BODY(msg_channel), MAY, child_on_channel),
	ROW(CHANNEL, PARENT, AUTH, BODY(msg_channel), MAY, child_on_channel),
	ROW(READY, ENGINE, PARENT, NO_BODY, NONE, parent_on_ready),
	ROW(READY, POLICY, PARENT, NO_BODY, NONE, parent_on_ready),
	ROW(READY, AUTH, PARENT, NO_BODY, NONE, parent_on_ready),
	ROW(LOG, ENGINE, PARENT, BODY(msg_log), NONE, parent_on_log),
	ROW(LOG, POLICY, PARENT, BODY(msg_log), NONE, parent_on_log),
	ROW(LOG, AUTH, PARENT, BODY(msg_log), NONE, parent_on_log),
	ROW(SHUTDOWN, PARENT, ENGINE, NO_BODY, NONE, engine_on_shutdown),
	ROW(DONE, ENGINE, POLICY, NO_BODY, NONE, policy_on_done),
	ROW(DONE, POLICY, PARENT, NO_BODY, NONE, parent_on_done),

	ROW(CONF_BEGIN, PARENT, ENGINE, BODY(msg_generation), NONE,
	    engine_on_begin),
	ROW(CONF_BEGIN, PARENT, POLICY, BODY(msg_generation), NONE,
	    policy_on_begin),
	ROW(CONF_BEGIN, PARENT, AUTH, BODY(msg_generation), NONE,
	    auth_on_begin),
	ROW(CONF_SETTINGS, PARENT, ENGINE, BODY(msg_settings), NONE,
	    engine_on_settings),
	ROW(CONF_SETTINGS, PARENT, POLICY, BODY(msg_settings), NONE,
	    policy_on_settings),
	ROW(CONF_SETTINGS, PARENT, AUTH, BODY(msg_settings), NONE,
	    auth_on_settings),
	ROW(CONF_LISTENER, PARENT, ENGINE, BODY(msg_listener), NONE,
	    engine_on_listener),
	ROW(CONF_LISTENER, PARENT, POLICY, BODY(msg_listener), NONE,
	    policy_on_listener),
	ROW(CONF_ADDR, PARENT, ENGINE, BODY(msg_addr), NONE, engine_on_addr),
	ROW(CONF_ADDR, PARENT, POLICY, BODY(msg_addr), NONE, policy_on_addr),
	ROW(CONF_IFACE, PARENT, POLICY, BODY(msg_iface), NONE,
	    policy_on_iface),
	ROW(CONF_RULE, PARENT, POLICY, BODY(rule), NONE, policy_on_rule),
	ROW(CONF_TABLE, PARENT, POLICY, BODY(msg_table), NONE,
	    policy_on_table),
	ROW(CONF_ENTRY, PARENT, POLICY, BODY(msg_entry), NONE,
	    policy_on_entry),
	ROW(CONF_USER, PARENT, POLICY, BODY(msg_user), NONE, policy_on_user),
	ROW(CONF_HASH, PARENT, AUTH, BODY(msg_hash), NONE, auth_on_hash),
	ROW(CONF_PROC, PARENT, POLICY, BODY(msg_proc), NONE, policy_on_proc),
	ROW(CONF_PREPARE, PARENT, ENGINE, BODY(msg_generation), NONE,
	    engine_on_prepare),
	ROW(CONF_PREPARE, PARENT, POLICY, BODY(msg_generation), NONE,
	    policy_on_prepare),
	ROW(CONF_PREPARE, PARENT, AUTH, BODY(msg_generation), NONE,
	    auth_on_prepare),
	ROW(CONF_COMMIT, PARENT, ENGINE, BODY(msg_generation), NONE,
	    engine_on_commit),
	ROW(CONF_COMMIT, PARENT, POLICY, BODY(msg_generation), NONE,
	    policy_on_commit),
	ROW(CONF_COMMIT, PARENT, AUTH, BODY(msg_generation), NONE,
	    auth_on_commit),
	ROW(CONF_ACK, ENGINE, PARENT, BODY(msg_generation), NONE,
	    distribute_on_ack),
	ROW(CONF_ACK, POLICY, PARENT, BODY(msg_generation), NONE,
	    distribute_on_ack),
	ROW(CONF_ACK, AUTH, PARENT, BODY(msg_generation), NONE,
	    distribute_on_ack),
	ROW(CONTROL, PARENT, POLICY, NO_BODY, MAY, control_on_socket),

	ROW(SESSION, PARENT, POLICY, BODY(msg_session), NONE,
	    identity_on_session),
	ROW(CLIENT, PARENT, ENGINE, BODY(msg_session), MAY, session_on_client),
	ROW(AUTH, ENGINE, AUTH, BODY(msg_auth), NONE, auth_on_auth),
	ROW(IDENTITY, AUTH, POLICY, BODY(msg_identity), NONE,
	    identity_on_identity),
	ROW(AUTHED, AUTH, ENGINE, BODY(msg_authed), NONE, session_on_authed),
	ROW(ASK, ENGINE, POLICY, BODY(msg_ask), NONE, question_on_ask),
	ROW(DENY, POLICY, ENGINE, BODY(msg_deny), NONE, request_on_deny),
	ROW(GRANT, POLICY, PARENT, BODY(msg_grant), NONE, permit_on_grant),
	ROW(SOCKET, PARENT, ENGINE, BODY(msg_socket), MAY, request_on_socket),
	ROW(REVOKE, POLICY, PARENT, BODY(msg_revoke), NONE, permit_on_revoke),
	ROW(REVOKED, PARENT, ENGINE, BODY(msg_revoke), NONE,
	    request_on_revoked),
	ROW(SOURCE, ENGINE, POLICY, BODY(msg_source), NONE,
	    question_on_source),
	ROW(SOURCED, POLICY, ENGINE, BODY(msg_source), NONE,
	    group_on_sourced),
	ROW(RELEASED, ENGINE, POLICY, BODY(msg_released), NONE,
	    grant_on_released),
	ROW(END, ENGINE, POLICY, BODY(msg_end), NONE, identity_on_end),
	ROW(ENDED, POLICY, PARENT, BODY(msg_ended), NONE, live_on_ended),
	ROW(COUNT, POLICY, ENGINE, BODY(msg_count), NONE, engine_on_count),
	ROW(COUNTERS, ENGINE, POLICY, BODY(msg_counters), NONE,
	    control_on_counters),
};

const size_t msg_table_len = sizeof(msg_table) / sizeof(msg_table[0]);
