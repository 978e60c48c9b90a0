# What the build needs to know of OpenBSD; kept in mind, not tested.
YACC = yacc
LIBS_SYS = -lutil
LIBS_EVENT = -levent
LIBS_TLS = -ltls -lssl -lcrypto
MANDIR = ${PREFIX}/man
COMPAT_SRCS =
include ${TOP}/compat/build.mk
