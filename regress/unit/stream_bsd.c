/*
 * stream_bsd.c: the tests of stream.c over the portable back end of
 * stream_io.h.
 */

#include "stream.c"
