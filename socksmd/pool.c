/*
 * pool.c: which slot of a pool of egress sockets a remote gets; runs in policy.
 */

#include <sys/types.h>
