/*
 * socksmd.h: what main() knows and the parent asks for.
 */

#ifndef SOCKSMD_H
#define SOCKSMD_H

#define SOCKSMD_CONF	"/etc/socksmd.conf"
#define SOCKSMD_SOCKET	"/var/run/socksmd.sock"

const char	*socksmd_program(void);	/* absolute path, for the children */
void		 socksmd_started(void);	/* lets the caller's shell go on */

#endif
