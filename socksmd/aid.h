/*
 * aid.h: association identifiers, made and laid to rest (P19).
 */

#ifndef AID_H
#define AID_H

#include <stdint.h>

#define AID_REST_MS	120000		/* P19 */
#define AID_REST_MAX	262144		/* then the oldest leaves early */

/* An AID that is not 0 and does not rest; whether it is in use is not asked. */
uint32_t aid_make(void);
void	 aid_rest(uint32_t aid);	/* its association has gone */
int	 aid_resting(uint32_t aid);

#endif
