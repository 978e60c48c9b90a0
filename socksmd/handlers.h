/*
 * handlers.h: one prototype per row of the message table in msg.c; the name
 * says the file in which it stands.
 */

#ifndef HANDLERS_H
#define HANDLERS_H

#include "proc.h"

#define HANDLER(name) void name(enum proc_role, const void *, int)

/* all children: proc.c */
HANDLER(child_on_channel);
HANDLER(child_on_verbose);

/* parent: parent.c, distribute.c (configuration), permit.c, live.c */
HANDLER(parent_on_ready);
HANDLER(parent_on_log);
HANDLER(parent_on_verbose);
HANDLER(parent_on_done);
HANDLER(distribute_on_ack);
HANDLER(permit_on_grant);
HANDLER(permit_on_revoke);
HANDLER(live_on_ended);

/* engine: engine.c */
HANDLER(engine_on_shutdown);
HANDLER(engine_on_begin);
HANDLER(engine_on_settings);
HANDLER(engine_on_listener);
HANDLER(engine_on_addr);
HANDLER(engine_on_prepare);
HANDLER(engine_on_commit);
HANDLER(engine_on_count);
/* engine: session.c */
HANDLER(session_on_client);
HANDLER(session_on_authed);
/* engine: request.c (the questions in flight and their answers) */
HANDLER(request_on_deny);
HANDLER(request_on_socket);
HANDLER(request_on_revoked);
/* engine: group.c */
HANDLER(group_on_sourced);

/* policy: policy.c (configuration, life) */
HANDLER(policy_on_begin);
HANDLER(policy_on_settings);
HANDLER(policy_on_listener);
HANDLER(policy_on_addr);
HANDLER(policy_on_iface);
HANDLER(policy_on_rule);
HANDLER(policy_on_table);
HANDLER(policy_on_entry);
HANDLER(policy_on_user);
HANDLER(policy_on_proc);
HANDLER(policy_on_prepare);
HANDLER(policy_on_commit);
HANDLER(policy_on_done);
/* policy: identity.c (who each session is) */
HANDLER(identity_on_session);
HANDLER(identity_on_identity);
HANDLER(identity_on_end);
/* policy: question.c, grant.c */
HANDLER(question_on_ask);
HANDLER(question_on_source);
HANDLER(grant_on_released);
/* policy: connect.c, lookup.c (names) */
HANDLER(connect_on_next);
HANDLER(lookup_on_resolved);
/* policy: control.c */
HANDLER(control_on_socket);
HANDLER(control_on_counters);
/* policy: command.c, revalidate.c */
HANDLER(control_on_reload);
HANDLER(revalidate_on_reloaded);

/* resolver: resolver.c */
HANDLER(resolver_on_resolve);

/* parent: names.c (names of the configuration), reload.c */
HANDLER(names_on_resolved);
HANDLER(reload_on_reload);

/* auth: auth.c */
HANDLER(auth_on_begin);
HANDLER(auth_on_settings);
HANDLER(auth_on_hash);
HANDLER(auth_on_prepare);
HANDLER(auth_on_commit);
HANDLER(auth_on_auth);

#endif
