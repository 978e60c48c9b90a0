/*
 * control.h: the control socket's side of policy, as policy.c sees it.
 */

#ifndef CONTROL_H
#define CONTROL_H

void	 control_init(void);
void	 control_close(void);

#endif
