# What the build needs to know of Debian GNU/Linux.
YACC = byacc
BSD_CFLAGS != pkg-config --cflags libbsd-overlay
BSD_LIBS != pkg-config --libs libbsd-overlay
CF_Linux = -D_GNU_SOURCE ${BSD_CFLAGS}
LDF_Linux = -Wl,--as-needed
LIBS_SYS = ${BSD_LIBS}
LIBS_EVENT = -levent_core
LIBS_SANDBOX = -lseccomp
LIBS_CRYPT = -lcrypt
LIBS_MD = -lmd
LIBS_TLS = -ltls
MANDIR = ${PREFIX}/share/man
COMPAT_SRCS = ibuf.c imsg.c
include ${TOP}/compat/build.mk
