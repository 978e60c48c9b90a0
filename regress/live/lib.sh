# lib.sh: what the live tests share: the daemon, its clients, senders, checks.
#
# Every function that waits has a limit.  A check that does not hold ends the
# test: fail.

SOCKSMD=${SOCKSMD:-$top/socksmd/socksmd}
SOCKSMCTL=${SOCKSMCTL:-$top/socksmctl/socksmctl}
SOCKSMC=${SOCKSMC:-$top/socksmc/socksmc}
daemon=
started_by=

fail() {
	echo "why: $*"
	exit 1
}

skip() {
	echo "why: $*"
	exit 77
}

# check WHAT COMMAND ...: the command must succeed.
check() {
	check_what=$1
	shift
	"$@" || fail "$check_what"
}

# check_within SECONDS WHAT COMMAND ...
check_within() {
	within_n=$1 within_what=$2
	shift 2
	wait_for "$within_n" "$@" || fail "$within_what, not within $within_n s"
}

not() {
	! "$@"
}

needs() {
	for need; do
		command -v "$need" >/dev/null || skip "needs $need"
	done
}

# net.sh calls this before it removes everything.
at_exit() {
	[ ! -s "$T/log" ] || tail -n 40 "$T/log" | sed 's/^/log: /'
	[ ! -s "$T/client.err" ] || sed 's/^/client: /' "$T/client.err"
}

# -- configuration

# The groups by second octet: 1 everybody, 2 alice, 3 nobody.
conf_write() {	# file
	cat >"$1" <<END
set log sessions
set limit { groups 64 }
listen on fwin port 1080 auth { userpass, none }
inside on fwin
egress on fwout
users file "$T/users"

block log all
pass receive from 10.0.0.0/24 to 239.1.0.0/16 label "everybody"
pass send from 10.0.0.0/24 to 239.1.0.0/16 ttl <= 16 label "everybody"
pass receive from 10.0.0.0/24 to 239.2.0.0/16 user alice label "alice"
pass send from 10.0.0.0/24 to 239.2.0.0/16 user alice ttl <= 16 label "alice"
END
	echo secret >"$T/password"
	perl -e 'printf "alice:%s\n", crypt("secret", q($6$live$))' \
	    >"$T/users"
	chmod 600 "$T/users" "$T/password"
}

# -- the daemon

# A test may have it started by another program: started_by.
daemon_run() {	# option ...
	$FW $started_by "$SOCKSMD" -d -s "$T/control" "$@" >>"$T/log" 2>&1 &
	daemon=$!
}

daemon_up_or_gone() {
	gone "$daemon" || ctl show summary >/dev/null 2>&1
}

# Starts it under conf_write's configuration, or the file $1.
daemon_start() {
	: >"$T/log"
	conf_write "$T/conf"
	daemon_run -f "${1:-$T/conf}"
	wait_for 15 daemon_up_or_gone
	ctl show summary >/dev/null || fail "socksmd did not start: $(
	    tail -1 "$T/log")"
}

ctl() {
	"$SOCKSMCTL" -s "$T/control" "$@"
}

# The process of a role, by the kernel's list and not by the daemon's word.
role_pid() {
	ps -o pid=,args= --ppid "$daemon" | awk -v r="$1" '
	    $0 ~ r && !found { print $1; found = 1 }'
}

children() {
	ps -o pid= --ppid "$daemon"
}

daemon_ended() {	# within seconds
	wait_for "$1" gone "$daemon" || fail "socksmd runs on after $1 s"
	wait "$daemon"
}

# Nothing of a daemon is left: no process, no socket file, no membership.
nothing_left() {
	left=$(ip netns pids "$NET_FW" | tr '\n' ' ')
	[ -z "$left" ] || fail "processes left: $(ps -o pid=,args= $left)"
	[ ! -e "$T/control" ] || fail "the control socket is left"
	$FW cat /proc/net/igmp | grep -q '^[^0-9].* [0-9]*EF ' &&
	    fail "memberships left: $($FW cat /proc/net/igmp)"
	return 0
}

logged() {	# pattern
	grep -Eq -- "$1" "$T/log"
}

# -- clients

client() {	# as nobody in particular
	$IN env SOCKSM_SERVER=10.0.0.1:1080 "$SOCKSMC" "$@"
}

alice() {
	$IN env SOCKSM_SERVER=10.0.0.1:1080 SOCKSM_USER=alice \
	    SOCKSM_PASSWORD_FILE="$T/password" "$SOCKSMC" "$@"
}

# receive NAME GROUP:PORT [option ...]: in the background, to $T/NAME.got, its
# pid in $receiver; returns when its association stands.
receive() {
	receive_name=$1 receive_group=$2
	shift 2
	receive_n=$(associations)
	$IN env SOCKSM_SERVER=10.0.0.1:1080 "$SOCKSMC" "$@" recv \
	    "$receive_group" >"$T/$receive_name.got" 2>"$T/client.err" &
	receiver=$!
	check_within 10 "no association for $receive_group" \
	    more_associations "$receive_n" $receiver
}

associations() {
	ctl -j show associations | grep -o '"grant"' | wc -l
}

more_associations() {
	! gone "$2" || fail "socksmc ended: $(cat "$T/client.err")"
	[ "$(associations)" -gt "$1" ]
}

size_is() {	# file octets
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

# got NAME FILE: what the receiver wrote is, within some seconds, the file.
got() {
	got_size=$(stat -c %s "$2")
	check_within 10 "$1 has not received $got_size octets but $(
	    stat -c %s "$T/$1.got")" size_is "$T/$1.got" "$got_size"
	cmp "$2" "$T/$1.got" || fail "$1 received something else"
}

is_members() {	# number group
	[ "$(members "$2" fwout)" = "$1" ]
}

# -- senders and witnesses

# A file of random octets for multicat, with its time stamps: octets, rate in
# datagrams a second.
multicat_file() {	# file (of four letters at least) datagrams rate
	python3 - "$1" "$2" "$3" <<'END'
import os, struct, sys
name, number, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(name + ".ts", "wb") as data, open(name + ".aux", "wb") as aux:
    for n in range(number):
        data.write(os.urandom(1316))
        aux.write(struct.pack("!Q", n * 27000000 // rate))
END
}

multicat_send() {	# file group:port [ttl]
	$OUT multicat -u -U "$1.ts" "$2@192.0.2.10/ttl=${3:-4}" \
	    >"$T/multicat.log" 2>&1 || fail "multicat: $(cat "$T/multicat.log")"
}

# sniff NAME NAMESPACE-COMMAND DEV FILTER: tcpdump to $T/NAME.pcap, from now.
sniff() {
	sniff_name=$1 sniff_dev=$3 sniff_filter=$4
	$2 tcpdump -n -U -B 16384 -i "$sniff_dev" -w "$T/$sniff_name.pcap" \
	    "$sniff_filter" 2>"$T/$sniff_name.err" &
	sniffer=$!
	check_within 5 "tcpdump does not listen" \
	    grep -qs 'listening on' "$T/$sniff_name.err"
}

sniffed() {	# name, tcpdump's options
	sniffed_name=$1
	shift
	tcpdump -n "$@" -r "$T/$sniffed_name.pcap" 2>/dev/null
}

# Datagrams sent outside since the start, as the kernel there counts.
udp_sent() {
	$OUT awk '/^Udp:/ && n++ { print $5 }' /proc/net/snmp
}

# The payload of all of them, from the capture NAME, to $T/NAME.wire.
wire() {
	check_within 10 "tcpdump has not seen all that was sent" \
	    sniffed_at_least "$(udp_sent)" "$1"
	python3 "$here/payload.py" "$T/$1.pcap" >"$T/$1.wire"
}

sniffed_at_least() {	# number name
	[ "$(sniffed "$2" | wc -l)" -ge "$1" ]
}
