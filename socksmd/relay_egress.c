/*
 * relay_egress.c: unicast datagrams, both ways; it runs in the engine.
 */

#include <sys/types.h>
