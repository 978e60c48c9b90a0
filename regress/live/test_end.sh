# How it ends: told to, or because one of its processes did.

# One receiver, one sender; both connections stand.
two_clients() {
	receive one 239.1.0.1:5000
	first=$receiver
	mkfifo pipe
	client -t 4 send 239.1.0.1:5001 <pipe 2>send.err &
	second=$!
	exec 9>pipe
	echo hello >&9
	check_within 10 "no second association" two_associations
}

two_associations() {
	[ "$(associations)" = 2 ]
}

clients_end() {
	check_within 5 "the receiving client hangs" gone $first
	exec 9>&-
	check_within 5 "the sending client hangs" gone $second
}

stops_at() {	# signal
	daemon_start
	two_clients
	kill -"$1" "$daemon"
	daemon_ended 10
	status=$?
	[ $status = 0 ] || fail "exit status $status"
	clients_end
	nothing_left
	n=$(grep -Ec 'association .*reason="?shutdown' log)
	[ "$n" = 2 ] || fail "$n records of 2 associations"
	n=$(grep -Ec 'session .*reason="?shutdown' log)
	[ "$n" = 2 ] || fail "$n records of 2 sessions"
}

test_sigterm() {
	stops_at TERM
}

test_sigint() {
	stops_at INT
}

# An interrupt from a terminal reaches all of its processes.
test_sigint_to_all() {
	daemon_start
	two_clients
	kill -INT "$daemon" $(children)
	daemon_ended 10
	status=$?
	[ $status = 0 ] || fail "exit status $status"
	clients_end
	nothing_left
}

# A reload is not served yet: a line says so, and nothing else happens.
test_sighup() {
	daemon_start
	two_clients
	kill -HUP "$daemon"
	check_within 5 "the log says nothing" logged reload
	two_associations || fail "associations ended"
	receive three 239.1.0.2:5000
}

dies_with() {	# role
	daemon_start
	two_clients
	pid=$(role_pid "$1")
	[ -n "$pid" ] || fail "no process $1: $(ps -o args= --ppid $daemon)"
	kill -KILL "$pid"
	daemon_ended 10
	status=$?
	[ $status = 1 ] || fail "exit status $status"
	logged "$1.*(signal 9|SIGKILL|[Kk]illed)" ||
	    fail "the log does not name $1 and its signal: $(cat log)"
	clients_end
	nothing_left
}

test_engine_dies() {
	dies_with engine
}

policy_knows() {
	[ "$(ls /proc/$policy/fd | wc -l)" -lt "$fds" ] &&
	    grep -q '^State:.S' /proc/$policy/status
}

# With many groups to leave an engine is long in dying: policy has recorded
# all before the parent is told. The log still says how it ended.
test_engine_dies_slowly() {
	daemon_start
	two_clients
	policy=$(role_pid policy)
	fds=$(ls /proc/$policy/fd | wc -l)
	pid=$(role_pid engine)
	kill -STOP "$daemon"
	kill -KILL "$pid"
	check_within 5 "policy does not notice" policy_knows
	kill -CONT "$daemon"
	daemon_ended 10
	status=$?
	[ $status = 1 ] || fail "exit status $status"
	logged 'engine.*signal 9' ||
	    fail "the log does not name the engine: $(cat log)"
	clients_end
	nothing_left
}

test_policy_dies() {
	dies_with policy
}

test_auth_dies() {
	dies_with auth
}

# Nobody is left to tell them; they see the channel close.
test_parent_dies() {
	daemon_start
	two_clients
	kids=$(children)
	kill -KILL "$daemon"
	for kid in $kids; do
		check_within 5 "process $kid goes on" gone $kid
	done
	clients_end
	check_within 5 "still a member" is_members 0 239.1.0.1
}

# With connections that had been open and linger in the kernel.
test_restart_at_once() {
	daemon_start
	two_clients
	kill "$daemon"
	daemon_ended 10
	clients_end
	daemon_start
	receive again 239.1.0.1:5000
	check "not joined" is_members 1 239.1.0.1
}

# A socket file that a predecessor left when it was killed is no obstacle.
test_restart_after_kill() {
	daemon_start
	kids=$(children)
	kill -KILL "$daemon" $kids
	daemon_ended 5
	for kid in $kids; do
		check_within 5 "process $kid goes on" gone $kid
	done
	daemon_start
	receive again 239.1.0.1:5000
}

test_record_of_a_stream() {
	needs multicat python3
	daemon_start
	$IN env SOCKSM_SERVER=10.0.0.1:1080 SOCKSM_USER=alice \
	    SOCKSM_PASSWORD_FILE="$T/password" "$SOCKSMC" -n 100 \
	    recv 239.2.0.1:5000 >alice.got 2>client.err &
	receiver=$!
	check_within 10 "alice has not joined" is_members 1 239.2.0.1
	multicat_file sent 100 500
	multicat_send sent 239.2.0.1:5000
	check_within 10 "socksmc goes on" gone $receiver
	check_within 5 "no record" logged 'association .*239\.2\.0\.1'
	line=$(grep 'association .*239\.2\.0\.1' log)
	for want in alice 10.0.0.2 5000 label=\"*alice 131600 reason=; do
		echo "$line" | grep -q -- "$want" || fail "no $want: $line"
	done
	check_within 5 "no record" logged 'session .*user="?alice'
}
