# socksmd: builds with GNU make and with BSD make, -j included.
#
#	make			all libraries and programs
#	make install		below ${DESTDIR}${PREFIX}, /usr/local by default
#	make demo		sets the machine up, builds, shows what it does
#	make regress		sets the machine up, builds, tests everything
#	make lint		the manual pages
#	make clean
#
# compat/build.mk lists what may be given on the command line.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
EXAMPLEDIR = ${PREFIX}/share/examples/socksmd

EXAMPLES = etc/socksmd.conf etc/socksmd.service etc/socksmd.sysusers \
	etc/socksmd.tmpfiles etc/socksmd.rc etc/socksmd.nft etc/socksmd.pf

PROGS = socksmd socksmctl socksmc
SUBDIRS = compat libsocksm ${PROGS}

all: ${SUBDIRS}

compat:
	${MAKE} -C compat

libsocksm: compat
	${MAKE} -C libsocksm

socksmd: libsocksm
	${MAKE} -C socksmd

socksmctl: libsocksm
	${MAKE} -C socksmctl

socksmc: libsocksm
	${MAKE} -C socksmc

# The configuration of a running daemon is never touched; without one, the
# example becomes it.  Units and scripts say in their first lines where they
# go: what starts at boot is not for us to decide.
install: all
	for d in ${SUBDIRS}; do ${MAKE} -C $$d install || exit 1; done
	install -d ${DESTDIR}${EXAMPLEDIR} ${DESTDIR}${SYSCONFDIR}
	install -m 644 ${EXAMPLES} ${DESTDIR}${EXAMPLEDIR}
	test -e ${DESTDIR}${SYSCONFDIR}/socksmd.conf || \
	    install -m 600 etc/socksmd.conf ${DESTDIR}${SYSCONFDIR}

setup:
	sh etc/setup

# After setup, with a make of its own: what it installs is looked for there.
demo: setup
	${MAKE} all
	sh regress/demo

regress: setup
	${MAKE} regress-build
	sh regress/run

regress-build: all
	for m in regress/*/Makefile; do \
	    ${MAKE} -C $${m%/Makefile} || exit 1; done

# Pages that are not installed here cannot be found, and need not be.
lint:
	! mandoc -Tlint -Wstyle */*.[1-9] 2>&1 | grep -v \
	    -e 'referenced manual not found' -e 'outdated mandoc.db'

clean:
	for d in ${SUBDIRS}; do ${MAKE} -C $$d clean || exit 1; done
	for m in regress/*/Makefile; do \
	    ${MAKE} -C $${m%/Makefile} clean || exit 1; done

.PHONY: all ${SUBDIRS} install setup demo regress regress-build lint clean
