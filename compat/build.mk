# Flags and rules that every directory shares, for GNU make and BSD make.
#
# A Makefile sets TOP, OS and its products, and includes compat/${OS}.mk.
# To be given on the command line: WERROR=-Werror, CFLAGS and LDFLAGS (added
# behind ours), HARDEN= and HARDEN_LD= (to build with a sanitizer), PREFIX,
# DESTDIR, SYSCONFDIR, YACC, CC.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR = ${PREFIX}/sbin
BINDIR = ${PREFIX}/bin
LIBDIR = ${PREFIX}/lib
INCDIR = ${PREFIX}/include
EXAMPLEDIR = ${PREFIX}/share/examples/socksmd

WARN = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -Wsign-compare
HARDEN = -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
	-fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now
CF = -std=gnu11 -O2 -g ${WARN} ${WERROR} ${HARDEN} \
	-I${TOP}/compat -I${TOP}/libsocksm ${CF_${OS}} ${CF_DIR} ${CFLAGS}
LINK = ${CC} ${CF} ${HARDEN_LD} ${LDF_${OS}} ${LDFLAGS} -o $@

LIBCOMPAT = ${TOP}/compat/libcompat.a
LIBSOCKSM = ${TOP}/libsocksm/libsocksm.a

# Every header that a file of this directory may include: coarse, and right.
HDRS != ls *.h ${TOP}/compat/*.h ${TOP}/libsocksm/*.h ${HDR_DIRS} \
	2>/dev/null || true
MAKEFILES_USED = Makefile ${TOP}/compat/build.mk ${TOP}/compat/${OS}.mk

.SUFFIXES:
.SUFFIXES: .c .o

.c.o:
	${CC} ${CF} -c -o $@ $<

# For a make in one directory alone; the top level keeps them up to date.
${LIBCOMPAT}:
	${MAKE} -C ${TOP}/compat

${LIBSOCKSM}: ${LIBCOMPAT}
	${MAKE} -C ${TOP}/libsocksm
