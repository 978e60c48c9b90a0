# What each process is and holds, as the kernel sees it.

status_of() {	# pid key
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

each_child() {	# function
	daemon_start
	receive one 239.1.0.1:5000
	for role in engine policy auth; do
		pid=$(role_pid $role)
		[ -n "$pid" ] || fail "no process $role"
		"$1"
	done
}

# Started by a root who is in other groups as well.
test_ring_user() {
	needs setpriv
	started_by="setpriv --groups 0,4,6"
	id=$(id -u _socksmd) gid=$(id -g _socksmd)
	each_child is_user
}

is_user() {
	for u in $(status_of $pid Uid); do
		[ "$u" = "$id" ] || fail "$role: Uid $(status_of $pid Uid)"
	done
	for g in $(status_of $pid Gid) $(status_of $pid Groups); do
		[ "$g" = "$gid" ] || fail "$role: $g among its groups"
	done
}

test_ring_chroot() {
	each_child is_locked_in
}

is_locked_in() {
	root=$(readlink /proc/$pid/root)
	[ "$root" = /var/empty ] || fail "$role: root $root"
	[ "$(readlink /proc/$pid/cwd)" = /var/empty ] || fail "$role: cwd"
}

test_ring_seccomp() {
	each_child is_filtered
	[ "$(status_of $daemon NoNewPrivs)" = 1 ] || fail "parent: NoNewPrivs"
}

is_filtered() {
	[ "$(status_of $pid Seccomp)" = 2 ] || fail "$role: no seccomp filter"
	[ "$(status_of $pid NoNewPrivs)" = 1 ] || fail "$role: NoNewPrivs"
}

test_ring_capabilities() {
	each_child is_powerless
	# NET_BIND_SERVICE, NET_ADMIN, NET_RAW, KILL: bits 10, 12, 13, 5
	got=$(status_of $daemon CapEff)
	[ $((0x$got)) = $((1 << 10 | 1 << 12 | 1 << 13 | 1 << 5)) ] ||
	    fail "parent: CapEff $got"
}

is_powerless() {
	for set in CapInh CapPrm CapEff CapAmb; do
		got=$(status_of $pid $set)
		[ $((0x$got)) = 0 ] || fail "$role: $set $got"
	done
}

test_ring_limits() {
	each_child is_limited
}

is_limited() {
	for what in "Max core file size" "Max processes" "Max file size"; do
		grep -Eq "^$what +0 +0 " /proc/$pid/limits ||
		    fail "$role: $(grep "^$what" /proc/$pid/limits)"
	done
}

# Each was started anew: none has the address of another's code.
test_ring_layouts() {
	daemon_start
	n=$(for pid in $daemon $(children); do
		sed -n '1s/-.*//p' /proc/$pid/maps
	done | sort -u | wc -l)
	[ "$n" -ge 4 ] || fail "only $n layouts"
}

# Inodes of the sockets of a family that a process holds.
inodes_held() {	# pid
	for fd in /proc/$1/fd/*; do
		readlink "$fd"
	done | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p'
}

inodes_of() {	# file of /proc/net, column
	awk -v c="$2" 'NR > 1 { print $c }' "/proc/$daemon/net/$1"
}

# How many of a process's sockets are in the list on standard input?
held_in() {	# pid
	inodes_held "$1" | sort >held
	sort | comm -12 - held | wc -l
}

test_ring_descriptors() {
	each_child has_nothing_else
	engine=$(role_pid engine)
	policy=$(role_pid policy)
	auth=$(role_pid auth)
	for pid in $policy $auth; do
		for proto in tcp udp tcp6 udp6 raw packet; do
			n=$(inodes_of $proto 10 | held_in $pid)
			[ "$n" = 0 ] || fail "$pid holds $n of $proto"
		done
	done
	# state 0A is LISTEN
	n=$(awk '$4 == "0A" { print $10 }' /proc/$daemon/net/tcp |
	    held_in $engine)
	[ "$n" = 0 ] || fail "the engine holds a listening socket"
	n=$(inodes_of tcp 10 | held_in $engine)
	[ "$n" = 1 ] || fail "the engine holds $n TCP sockets for 1 client"
	n=$(inodes_of udp 10 | held_in $daemon)
	[ "$n" = 0 ] || fail "the parent keeps $n relay sockets"
	# a client's connection is the engine's alone
	n=$(awk '$4 == "01" { print $10 }' /proc/$daemon/net/tcp |
	    held_in $daemon)
	[ "$n" = 0 ] || fail "the parent keeps a client's connection"
}

# Sockets, the event loop and /dev/null; no file, and pipes only to itself,
# by which libevent tells itself of signals.
has_nothing_else() {
	for fd in /proc/$pid/fd/*; do
		to=$(readlink "$fd")
		case $to in
		"socket:["* | "anon_inode:[eventpoll]" | /dev/null) ;;
		"anon_inode:[eventfd]" | "anon_inode:[timerfd]") ;;
		"pipe:["*)
			[ "$(holders "$to")" = 1 ] ||
			    fail "$role: descriptor ${fd##*/} is a shared $to"
			;;
		*)	fail "$role: descriptor ${fd##*/} is $to" ;;
		esac
	done
}

# How many processes of the machine hold it?
holders() {
	find /proc/[0-9]*/fd -lname "$(echo "$1" | sed 's/[][]/\\&/g')" \
	    2>/dev/null | cut -d/ -f3 | sort -u | wc -l
}

# Only policy can answer socksmctl.
test_ring_control_socket() {
	daemon_start
	awk -v p="$T/control" '$8 == p { print $7 }' /proc/$daemon/net/unix \
	    >control.inodes
	[ -s control.inodes ] || fail "no control socket in /proc/net/unix"
	for role in engine auth; do
		n=$(held_in "$(role_pid $role)" <control.inodes)
		[ "$n" = 0 ] || fail "$role holds the control socket"
	done
	n=$(held_in "$(role_pid policy)" <control.inodes)
	[ "$n" -ge 1 ] || fail "policy does not hold the control socket"
	n=$(held_in "$daemon" <control.inodes)
	[ "$n" = 0 ] || fail "the parent keeps the control socket"
}

test_ring_control_rights() {
	daemon_start
	mode=$(stat -c '%a %U' "$T/control")
	case $mode in
	"600 root" | "660 root") ;;
	*)	fail "control socket: $mode" ;;
	esac
	chmod 755 "$T"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	    "$SOCKSMCTL" -s "$T/control" show summary >out 2>&1 &&
	    fail "anybody may ask"
	return 0
}

# No secret stands where it need not: the hashes are auth's alone.
test_ring_hashes() {
	needs python3
	daemon_start
	for role in engine policy; do
		finds_hash "$(role_pid $role)" &&
		    fail "$role has the hash in its memory"
	done
	finds_hash "$(role_pid auth)" ||
	    fail "the search does not find it in auth either"
}

finds_hash() {	# pid
	python3 - "$1" "$(cut -d: -f2 "$T/users")" <<'END'
import re, sys
pid, want = sys.argv[1], sys.argv[2].encode()
with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
        open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in maps:
        lo, hi, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
        if mode[0] != "r" or "[v" in line:
            continue
        mem.seek(int(lo, 16))
        try:
            if want in mem.read(int(hi, 16) - int(lo, 16)):
                sys.exit(0)
        except OSError:
            pass
sys.exit(1)
END
}

# What etc/socksmd.service leaves to it is enough to start and to serve.
test_ring_service_unit() {
	needs setpriv
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' \
	    "$top/etc/socksmd.service" | tr 'A-Z' 'a-z' |
	    sed 's/cap_/+/g; s/ /,/g')
	started_by="setpriv --bounding-set=-all,$caps --inh-caps=-all
	    --no-new-privs"
	daemon_start
	receive one 239.1.0.1:5000
	check "not joined" is_members 1 239.1.0.1
}
