# net.sh: three network namespaces for a script, removed whenever it ends.
#
#	$NET_OUT                $NET_FW                  $NET_IN
#	out0 192.0.2.10/24 -- fwout 192.0.2.1/24
#	                      fwin 10.0.0.1/24 -- in0 10.0.0.2/24, 10.0.0.3/24
#
# To be read with "." by a POSIX shell that runs as root on Linux.  net_up
# makes them and the directory $NET_TMP; $OUT, $FW and $IN, put unquoted before
# a command, run it in the outside, on the firewall, inside:
#
#	$OUT ping -c 1 192.0.2.1
#	$FW socksmd -d & pid=$!
#
# On every exit, signals included, the processes in the namespaces are ended,
# and namespaces and directory removed.  A script with work of its own to do
# then defines the function at_exit.  What a predecessor left that was killed
# outright, the next net_up removes.

# Is there what the namespaces need?  Says what is missing.
net_usable() {
	[ "$(uname -s)" = Linux ] || { echo "needs Linux"; return 1; }
	[ "$(id -u)" = 0 ] || { echo "needs root"; return 1; }
	command -v ip >/dev/null || { echo "needs ip(8), iproute2"; return 1; }
	unshare -n true 2>/dev/null ||
	    { echo "needs the right to make network namespaces"; return 1; }
}

net_names() {
	NET_OUT=smd$1-out NET_FW=smd$1-fw NET_IN=smd$1-in
}

net_pids() {
	for net_n in $NET_OUT $NET_FW $NET_IN; do
		ip netns pids "$net_n" 2>/dev/null
	done
}

net_empty() {
	[ -z "$(net_pids)" ]
}

# Ends what runs in the namespaces, then removes them.
net_remove() {
	net_p=$(net_pids)
	[ -z "$net_p" ] || kill $net_p 2>/dev/null
	if ! wait_for 3 net_empty; then
		net_p=$(net_pids)
		[ -z "$net_p" ] || kill -KILL $net_p 2>/dev/null
		wait_for 3 net_empty
	fi
	for net_n in $NET_OUT $NET_FW $NET_IN; do
		ip netns del "$net_n" 2>/dev/null
	done
	return 0
}

# Namespaces and directories of scripts that are no more.
net_sweep() {
	for net_old in $(ip netns list |
	    sed -n 's/^smd\([0-9][0-9]*\)-.*/\1/p' | sort -u); do
		[ -d "/proc/$net_old" ] && continue
		net_names "$net_old"
		net_remove
		rm -rf "${TMPDIR:-/tmp}/smd.$net_old".??????
	done
}

at_exit() {
	:
}

net_down() {
	net_status=$?
	set +e
	trap '' HUP INT PIPE TERM
	trap - EXIT
	at_exit
	net_names $$
	net_remove
	[ -z "$NET_TMP" ] || rm -rf "$NET_TMP"
	exit "$net_status"
}

net_add() {
	ip netns add "$1" || return 1
	for net_k in ipv6/conf/all/disable_ipv6 ipv6/conf/default/disable_ipv6; do
		ip netns exec "$1" sh -c "[ ! -e /proc/sys/net/$net_k ] ||
		    echo 1 >/proc/sys/net/$net_k"
	done
	ip netns exec "$1" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	ip -n "$1" link set lo up
}

# A cable from the firewall: net_cable fwdev namespace dev.  Without
# gso_max_segs it would carry several datagrams in one frame, which no cable
# does, and tcpdump would show that.
net_cable() {
	ip -n $NET_FW link add "$1" type veth peer name "$3" netns "$2" &&
	    ip -n $NET_FW link set "$1" up gso_max_segs 1 &&
	    ip -n "$2" link set "$3" up gso_max_segs 1
}

net_running() {
	ip -n "$1" -br link show dev "$2" | grep -q LOWER_UP
}

net_up() {
	NET_TMP=
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM
	trap net_down EXIT
	net_sweep
	net_names $$
	OUT="ip netns exec $NET_OUT"
	FW="ip netns exec $NET_FW"
	IN="ip netns exec $NET_IN"
	NET_TMP=$(mktemp -d "${TMPDIR:-/tmp}/smd.$$.XXXXXX") || return 1
	net_add $NET_OUT && net_add $NET_FW && net_add $NET_IN &&
	    net_cable fwout $NET_OUT out0 && net_cable fwin $NET_IN in0 &&
	    ip -n $NET_OUT addr add 192.0.2.10/24 dev out0 &&
	    ip -n $NET_FW addr add 192.0.2.1/24 dev fwout &&
	    ip -n $NET_FW addr add 10.0.0.1/24 dev fwin &&
	    ip -n $NET_IN addr add 10.0.0.2/24 dev in0 &&
	    ip -n $NET_IN addr add 10.0.0.3/24 dev in0 &&
	    wait_for 5 net_running $NET_OUT out0 &&
	    wait_for 5 net_running $NET_FW fwout &&
	    wait_for 5 net_running $NET_FW fwin &&
	    wait_for 5 net_running $NET_IN in0
}

# Waits until the command succeeds, at most so many seconds; 1 if it did not.
wait_for() {
	wait_n=$(($1 * 20))
	shift
	while ! "$@"; do
		wait_n=$((wait_n - 1))
		[ $wait_n -gt 0 ] || return 1
		sleep 0.05
	done
}

# Has the process come to its end?  (One that waits to be reaped has.)
gone() {
	gone_s=$(sed -n 's/^State:[^A-Z]*\(.\).*/\1/p' "/proc/$1/status" \
	    2>/dev/null) || return 0
	[ -z "$gone_s" ] || [ "$gone_s" = Z ]
}

# How many sockets on an interface of the firewall are members of a group?
members() {	# group device
	$FW cat /proc/net/igmp | awk -v g="$(group_hex "$1")" -v d="$2" '
	    /^[0-9]/ { dev = $2 } dev == d && $1 == g { n = $2 }
	    END { print n + 0 }'
}

group_hex() {
	echo "$1" | { IFS=. read -r a b c d; printf '%02X%02X%02X%02X\n' \
	    "$d" "$c" "$b" "$a"; }
}
