/*
 * What the systems lack of each other; every C file may include it first.
 *
 * On Linux the BSD functions (strlcpy, strtonum, getpeereid, setproctitle,
 * sys/queue.h, sys/tree.h, vis.h ...) come from libbsd's overlay, which sits
 * before the system's headers in the include path; nothing is needed here.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <sys/types.h>
#include <sys/cdefs.h>

#ifndef __dead
#define __dead		__attribute__((__noreturn__))
#endif

#ifndef nitems
#define nitems(a)	(sizeof((a)) / sizeof((a)[0]))
#endif

#ifndef MINIMUM
#define MINIMUM(a, b)	((a) < (b) ? (a) : (b))
#endif
#ifndef MAXIMUM
#define MAXIMUM(a, b)	((a) > (b) ? (a) : (b))
#endif

#ifdef __linux__
/* libbsd asks which of the two kinds of strnvis(3) is meant. */
#ifndef LIBBSD_OPENBSD_VIS
#define LIBBSD_OPENBSD_VIS
#endif

/* setproctitle(3) of libbsd needs this once, first thing in main(). */
#include <unistd.h>
#else
#define setproctitle_init(argc, argv, envp)	do { } while (0)
#endif

#endif /* COMPAT_H */
