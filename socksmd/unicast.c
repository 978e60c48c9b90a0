/*
 * unicast.c: UDP BIND without UDP-MULTICAST, judged and granted (P14 to P24);
 * runs in policy.
 */

#include <sys/types.h>
#include <string.h>

#include "judge.h"
#include "socks.h"

uint8_t
unicast_judge(struct asked *a)
{
	(void)a;
	return SOCKS_BADCOMMAND;
}

void
unicast_grant(struct asked *a)
{
	(void)a;
}
