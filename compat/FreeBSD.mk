# What the build needs to know of FreeBSD; kept in mind, not tested.
YACC = yacc
CF_FreeBSD = -I/usr/local/include
LDF_FreeBSD = -L/usr/local/lib -Wl,--as-needed
LIBS_SYS = -lutil
LIBS_EVENT = -levent_core
LIBS_CRYPT = -lcrypt
LIBS_MD = -lmd
LIBS_TLS = -ltls
MANDIR = ${PREFIX}/share/man
COMPAT_SRCS = ibuf.c imsg.c
include ${TOP}/compat/build.mk
