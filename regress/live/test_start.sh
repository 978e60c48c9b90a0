# What keeps it from starting is named, with file and line where there is one;
# it exits 1 and leaves nothing behind.

# Starts it with these arguments; it must end with 1 and say what is expected.
refuses() {	# pattern option ...
	refuses_what=$1
	shift
	: >"$T/log"
	daemon_run "$@"
	daemon_ended 10
	status=$?
	logged "$refuses_what" || fail "says not $refuses_what: $(cat "$T/log")"
	[ $status = 1 ] || fail "exit status $status"
}

test_start_bad_configuration() {
	conf_write conf
	printf 'pass recieve from any to 239.9.0.0/16\nset max-ttl 300\n' >>conf
	n=$(wc -l <conf)
	refuses "conf:$((n - 1)):" -f conf
	logged "conf:$n:" || fail "only the first of two errors is told"
	nothing_left
}

test_start_no_file() {
	conf_write conf
	refuses "nosuch\.conf.*No such file" -f nosuch.conf
	nothing_left
}

test_start_no_users_file() {
	conf_write conf
	rm users
	n=$(grep -n '^users file' conf | cut -d: -f1)
	refuses "conf:$n:.*users.*No such file" -f conf
	nothing_left
}

test_start_file_is_directory() {
	mkdir conf
	refuses "conf.*(directory|not a regular file)" -f conf
	nothing_left
}

test_start_no_interface() {
	conf_write conf
	sed 's/^egress on fwout/egress on nosuch0/' conf >conf2
	n=$(grep -n '^egress' conf2 | cut -d: -f1)
	refuses "conf2:$n:.*nosuch0" -f conf2
	nothing_left
}

test_start_no_listen_interface() {
	conf_write conf
	sed 's/^listen on fwin/listen on nosuch0/' conf >conf2
	n=$(grep -n '^listen' conf2 | cut -d: -f1)
	refuses "conf2:$n:.*nosuch0" -f conf2
	nothing_left
}

test_start_port_in_use() {
	needs python3
	conf_write conf
	n=$(grep -n '^listen' conf | cut -d: -f1)
	$FW python3 -c '
import socket, time
s = socket.socket()
s.bind(("10.0.0.1", 1080))
s.listen()
open("bound", "w").close()
time.sleep(50)' &
	other=$!
	check_within 5 "the port is not taken" test -e bound
	refuses "conf:$n:.*10\.0\.0\.1.*1080.*in use" -f conf
	kill $other
	check_within 5 "the other goes on" gone $other
	nothing_left
}

# Without -d the shell goes on once it serves, not before.
in_background() {
	ctl show summary >/dev/null || fail "it does not serve yet"
	daemon=$(ip netns pids "$NET_FW" | xargs ps -o pid=,args= |
	    awk '/parent/ { print $1 }')
	[ -n "$daemon" ] || fail "no process calls itself parent"
	[ "$(readlink "/proc/$daemon/cwd")" = / ] || fail "it stays in $T"
	receive one 239.1.0.1:5000
	kill "$daemon"
	check_within 10 "it goes on" gone "$daemon"
	nothing_left
}

test_start_background() {
	conf_write conf
	$FW "$SOCKSMD" -s "$T/control" -f conf >log 2>&1 ||
	    fail "exit status $?: $(cat log)"
	in_background
}

# Its sockets must not take the places of what it closes in the background.
test_start_closed_files() {
	conf_write conf
	$FW "$SOCKSMD" -s "$T/control" -f conf <&- >&- 2>&- ||
	    fail "exit status $?"
	in_background
}

test_start_background_fails() {
	conf_write conf
	sed 's/^egress on fwout/egress on nosuch0/' conf >conf2
	$FW "$SOCKSMD" -s "$T/control" -f conf2 >log 2>&1 && fail "exits 0"
	logged "conf2:.*nosuch0" || fail "$(cat log)"
	nothing_left
}

# A second one must not take the first one's sockets from under it.
test_start_twice() {
	daemon_start
	first=$daemon
	cp log log.first
	sed 's/port 1080/port 1081/' conf >conf2
	: >log
	daemon_run -f conf2
	daemon_ended 10
	[ $? = 1 ] || fail "exit status is not 1"
	logged "$T/control" || fail "says not what is taken: $(cat log)"
	daemon=$first
	ctl show summary >/dev/null || fail "the first is out of reach"
}

# -s in place of -f must not cost the operator the file.
test_start_socket_is_file() {
	conf_write conf
	cp conf conf2
	: >log
	$FW "$SOCKSMD" -d -s "$T/conf2" -f conf >log 2>&1 &
	daemon=$!
	daemon_ended 10
	[ $? = 1 ] || fail "exit status is not 1"
	logged "conf2.*in use" || fail "$(cat log)"
	cmp -s conf conf2 || fail "the file is gone"
}

test_start_no_socket_directory() {
	conf_write conf
	: >log
	$FW "$SOCKSMD" -d -s "$T/nosuch/control" -f conf >log 2>&1 &
	daemon=$!
	daemon_ended 10
	[ $? = 1 ] || fail "exit status is not 1"
	logged "nosuch/control.*No such file" || fail "$(cat log)"
	nothing_left
}

# Without its user it must not go on as root.
test_start_no_user() {
	conf_write conf
	grep -v '^_socksmd:' /etc/passwd >passwd
	: >log
	$FW unshare -m sh -c 'mount --bind "$1" /etc/passwd && shift &&
	    exec "$@"' sh "$T/passwd" \
	    "$SOCKSMD" -d -s "$T/control" -f conf >log 2>&1 &
	daemon=$!
	daemon_ended 10
	[ $? = 1 ] || fail "exit status is not 1"
	logged "_socksmd" || fail "does not name the user: $(cat log)"
	nothing_left
}

test_start_not_root() {
	conf_write conf
	chmod 644 conf users
	$FW setpriv --reuid 65534 --regid 65534 --clear-groups \
	    "$SOCKSMD" -d -s "$T/control" -f conf >log 2>&1 &
	daemon=$!
	daemon_ended 10
	[ $? = 1 ] || fail "exit status is not 1"
	logged "root" || fail "does not say that it needs root: $(cat log)"
	nothing_left
}

test_start_bad_option() {
	: >log
	daemon_run -Q
	daemon_ended 5
	[ $? = 1 ] || fail "exit status is not 1"
	logged "^usage: " || fail "$(cat log)"
}

# -n checks and touches nothing; what -nv prints means the same again.
test_check_only() {
	conf_write conf
	"$SOCKSMD" -n -f conf >out 2>&1 || fail "refuses it: $(cat out)"
	"$SOCKSMD" -nv -f conf >printed 2>out || fail "-nv: $(cat out)"
	"$SOCKSMD" -nv -f printed >again 2>out || fail "$(cat out)"
	cmp printed again || fail "its own output is another configuration"
	echo "pass nonsense" >>conf
	"$SOCKSMD" -n -f conf >out 2>&1
	[ $? = 1 ] || fail "exit status of -n is not 1"
	grep -q "conf:$(wc -l <conf):" out || fail "$(cat out)"
	nothing_left
}

# A firewall may have more addresses than any table of ours has room for.
test_start_many_addresses() {
	for i in $(seq 250); do
		echo "addr add 172.16.1.$i/32 dev lo"
		echo "addr add 172.16.2.$i/32 dev lo"
	done | ip -n "$NET_FW" -batch - || fail "no addresses"
	daemon_start
	receive one 239.1.0.1:5000
}
