/*
 * egress.c: whose datagram from outside is; it runs in the engine.
 */

#include <sys/types.h>
