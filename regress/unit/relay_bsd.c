/*
 * relay_bsd.c: the tests of relay.c over the portable back end of relay_io.h.
 */

#define SEGMENTS	0
#include "relay.c"
