# A new configuration in a running daemon: as a whole or not at all, without
# harm to what both allow.

# conf_with LINE ...: the configuration, and these lines in its end.
conf_with() {
	conf_write "$T/conf.new"
	for conf_line; do
		echo "$conf_line"
	done >>"$T/conf.new"
	mv "$T/conf.new" "$T/conf"
}

generation() {
	ctl -j show summary | sed -n 's/.*"generation":\([0-9]*\).*/\1/p'
}

is_generation() {
	[ "$(generation)" = "$1" ]
}

start_reloadable() {
	daemon_start
	is_generation 1 || fail "generation $(generation) at the start"
}

test_reload_by_socksmctl() {
	start_reloadable
	client recv 239.3.0.1:5000 -w 1 >refused 2>&1 && fail "nothing to change"
	conf_with 'pass receive from any to 239.3.0.0/16'
	ctl reload >reloaded || fail "reload: exit status $?"
	grep -q "generation 2" reloaded || fail "it says: $(cat reloaded)"
	is_generation 2 || fail "generation $(generation)"
	receive one 239.3.0.1:5000
	logged "reloaded: generation 2, 1 listeners" || fail "not in the log"
}

test_reload_by_signal() {
	start_reloadable
	conf_with 'pass receive from any to 239.3.0.0/16'
	kill -HUP $daemon
	check_within 5 "no new generation" is_generation 2
	receive one 239.3.0.1:5000
}

# Every error is told, with its line, and nothing changes.
test_reload_errors() {
	start_reloadable
	receive one 239.1.0.1:5000
	conf_with 'pass receive from 300.1.1.1 to any' \
	    'pass fetch from any to any' 'block receive from any to any'
	first=$(($(wc -l <conf) - 2))
	ctl reload >reloaded 2>&1
	[ $? = 1 ] || fail "exit status is not 1"
	grep -q "conf:$first:" reloaded || fail "line $first: $(cat reloaded)"
	grep -q "conf:$((first + 1)):" reloaded ||
	    fail "line $((first + 1)): $(cat reloaded)"
	grep -q "nothing has changed" reloaded || fail "$(cat reloaded)"
	is_generation 1 || fail "generation $(generation)"
	logged "conf:$first:" || fail "not in the log"
	check "the association has ended" test "$(associations)" = 1
	kill -HUP $daemon
	check_within 5 "the signal's errors are not in the log" twice_failed
	is_generation 1 || fail "generation $(generation)"
	# and it can be repaired
	conf_write conf
	ctl reload >/dev/null || fail "the good one again: $?"
	is_generation 2 || fail "generation $(generation)"
	check "the association has ended" test "$(associations)" = 1
}

twice_failed() {
	[ "$(grep -c 'reload failed' log)" = 2 ]
}

# What depends on the system: a port that is taken, an interface not there.
test_reload_errors_of_system() {
	needs python3
	start_reloadable
	$FW python3 -c 'import socket, time
s = socket.socket(); s.bind(("10.0.0.1", 1099)); s.listen(); time.sleep(60)' &
	check_within 5 "the port is not taken" in_use 1099
	conf_with 'listen on fwin port 1099 auth none' \
	    'listen on fwin port 1098 auth none'
	ctl reload >reloaded 2>&1 && fail "a port that is taken"
	grep -q "10.0.0.1:1099: " reloaded || fail "$(cat reloaded)"
	in_use 1098 && fail "one of the new ones listens"
	conf_with 'egress on nosuch'
	ctl reload >reloaded 2>&1 && fail "an interface that is not there"
	grep -q "nosuch: no such interface" reloaded || fail "$(cat reloaded)"
	is_generation 1 || fail "generation $(generation)"
	receive one 239.1.0.1:5000
	[ "$(grep -c . reloaded)" = 2 ] || fail "$(cat reloaded)"
}

in_use() {	# port
	$FW cat /proc/net/tcp | grep -q ":$(printf %04X "$1") 00000000:0000 0A"
}

# Another listener; then the first one goes, and with it who came by it.
test_reload_listeners() {
	start_reloadable
	receive one 239.1.0.1:5000
	first=$receiver
	conf_with 'listen on fwin port 1090 auth none'
	ctl reload >/dev/null || fail "reload: $?"
	in_use 1090 || fail "the new one does not listen"
	check "the first one's session has ended" test "$(associations)" = 1
	$IN env SOCKSM_SERVER=10.0.0.1:1090 "$SOCKSMC" recv 239.1.0.2:5000 \
	    >two.got 2>client.err &
	check_within 10 "no association by the new one" \
	    more_associations 1 $!
	second=$!
	sed 's/port 1080.*/port 1090 auth none/;$d' conf >conf.new
	mv conf.new conf
	ctl reload >/dev/null || fail "reload: $?"
	in_use 1080 && fail "the old one listens on"
	check_within 5 "its session goes on" gone $first
	check_within 5 "recorded as it should be" logged \
	    "^session .* reason=revoked"
	check "the other session has ended" not gone $second
	check "it has no association" test "$(associations)" = 1
}

# Who waits in the backlog of a listener that stays is served.
test_reload_keeps_backlog() {
	needs python3
	start_reloadable
	kill -STOP $daemon
	$IN python3 - 10.0.0.1 1080 >backlog 2>&1 <<'END' &
import socket, sys
peers = [socket.create_connection((sys.argv[1], int(sys.argv[2])))
         for _ in range(20)]
for peer in peers:
    peer.sendall(b"\x05\x01\x00")
print("waiting", flush=True)
for peer in peers:
    peer.settimeout(10)
    if peer.recv(2) != b"\x05\x00":
        sys.exit("not served")
print("served", flush=True)
END
	waiter=$!
	check_within 5 "they do not connect" grep -q waiting backlog
	kill -HUP $daemon
	kill -CONT $daemon
	wait $waiter || fail "$(cat backlog)"
	check_within 5 "no reload" is_generation 2
}

# A rule less: those it allowed end at once, the others lose nothing.
test_reload_revokes() {
	needs multicat python3
	start_reloadable
	receive one 239.1.0.1:5000
	first=$receiver
	receive two 239.1.0.2:5000
	second=$receiver
	multicat_file sent 3000 1500
	multicat_send sent 239.1.0.1:5000 &
	sender=$!
	check_within 5 "nothing arrives" size_is one.got 100000
	conf_with 'block receive from any to 239.1.0.2'
	ctl reload >/dev/null || fail "reload: $?"
	check_within 3 "not left" is_members 0 239.1.0.2
	check_within 3 "no record" logged \
	    "^association .*group=239\.1\.0\.2:5000 .*label=everybody .*reason=revoked"
	wait $sender || fail "the sender"
	got one sent.ts
	check "the other has ended" not gone $first
	check "not one association" test "$(associations)" = 1
	logged "1 revoked" || fail "the log does not say how many"
}

test_reload_keep() {
	start_reloadable
	receive one 239.1.0.1:5000
	conf_with 'set reload keep' 'block receive from any to any'
	ctl reload >/dev/null || fail "reload: $?"
	client recv 239.1.0.2:5000 >refused 2>&1 && fail "the rules are old"
	check "it was not kept" test "$(associations)" = 1
	check "not a member any more" is_members 1 239.1.0.1
}

# The user has gone: so does her session, and she cannot come back.
test_reload_user_gone() {
	start_reloadable
	$IN env SOCKSM_SERVER=10.0.0.1:1080 SOCKSM_USER=alice \
	    SOCKSM_PASSWORD_FILE="$T/password" "$SOCKSMC" \
	    recv 239.1.0.1:5000 >alice.got 2>client.err &
	alices=$!
	check_within 10 "alice has not joined" is_members 1 239.1.0.1
	sed -i 's/^alice:/bob:/' users
	ctl reload >/dev/null 2>&1 || fail "reload: $?"
	check_within 5 "alice goes on" gone $alices
	check_within 5 "no record" logged \
	    "^session .*user=alice .*reason=revoked"
	alice recv 239.1.0.1:5000 >refused 2>&1 && fail "alice is let in"
	check "still a member" is_members 0 239.1.0.1
}

# deliver rules that come with a reload hold for groups joined before.
test_reload_deliver() {
	needs multicat python3
	start_reloadable
	receive one 239.1.0.1:5000
	multicat_file sent 200 2000
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
	conf_with 'block deliver from 192.0.2.10 to 239.1.0.0/16'
	ctl reload >/dev/null || fail "reload: $?"
	size=$(stat -c %s one.got)
	multicat_send sent 239.1.0.1:5000
	check_within 5 "not counted as blocked" blocked 100
	# the verdict of before holds until the new one has come
	more=$((($(stat -c %s one.got) - size) / 1316))
	[ $more -lt 100 ] || fail "$more datagrams were delivered"
	conf_write conf
	ctl reload >/dev/null || fail "reload: $?"
	multicat_send sent 239.1.0.1:5000
	check_within 5 "delivered no more" size_is one.got $((size + 100 * 1316))
}

blocked() {	# at least so many
	[ "$(ctl -j show statistics |
	    sed -n 's/.*"drops_blocked":\([0-9]*\).*/\1/p')" -ge "$1" ]
}

# Relative paths are those of the start, also in the background.
test_reload_background() {
	conf_write "$T/conf"
	echo 'include "more"' >>conf
	: >more
	chmod 600 more
	$FW "$SOCKSMD" -s "$T/control" -f conf || fail "no start"
	daemon=$($FW pgrep -o socksmd) || daemon=$(ip netns pids "$NET_FW" |
	    sort -n | head -1)
	echo 'pass receive from any to 239.3.0.0/16' >more
	ctl reload || fail "reload: $?"
	is_generation 2 || fail "generation $(generation)"
	kill $daemon
	check_within 5 "it does not end" gone $daemon
}

# Many at once are not many reloads, and each of them gets its answer.
test_reload_at_once() {
	start_reloadable
	for n in 1 2 3 4 5 6 7 8 9 10; do
		ctl reload >reload.$n 2>&1 &
		eval "r$n=$!"
	done
	for n in 1 2 3 4 5 6 7 8 9 10; do
		eval "wait \$r$n" || fail "reload $n: $? $(cat reload.$n)"
	done
	[ "$(generation)" -le 11 ] || fail "generation $(generation)"
}

# 1,000 associations stream while good and bad files alternate: for some
# seconds, or with run -a for a minute.
test_reload_under_load() {
	needs python3
	start_reloadable
	sed -i 's/^set limit.*/set limit { groups 64, receivers-per-host 1024 }/' \
	    conf
	ctl reload >/dev/null || fail "reload: $?"
	cp conf conf.good
	sed 's/^set limit.*/&\nset log sessionz/' conf >conf.bad
	{ cat conf.good; echo 'block receive from any to 239.1.1.0/24'; } \
	    >conf.less
	$IN python3 "$here/streams.py" receive 10.0.0.1 1080 1000 many.stop \
	    many.ready many.revoked >many.out 2>&1 &
	many=$!
	check_within 20 "not all have an association" test -s many.ready
	$OUT python3 "$here/streams.py" send 192.0.2.10 many.stop >sent.out 2>&1 &
	sender=$!
	reload_for 4
	rss_of >before
	fds_of >fds.before
	reload_for $((${LIVE_ALL:-0} ? 60 : 8))
	fds_of >fds.now
	cp conf.less conf
	: >many.revoked
	ctl reload >/dev/null || fail "the one that revokes: $?"
	check_within 5 "revoked ones go on" half_left
	check_within 3 "not 500 records of what was revoked" revoked_recorded
	reload_less_for 2
	: >many.stop
	wait $sender || fail "$(tail -1 sent.out)"
	wait $many || fail "$(tail -3 many.out)"
	cat many.out
	flat_within 2048
}

half_left() {
	[ "$(ctl -j show summary |
	    sed -n 's/.*"associations":\([0-9]*\).*/\1/p')" = 500 ]
}

reload_for() {	# seconds
	end=$(($(date +%s) + $1))
	while [ "$(date +%s)" -lt "$end" ]; do
		cp conf.bad conf
		ctl reload >/dev/null 2>&1 && fail "the bad file was taken"
		cp conf.good conf
		ctl reload >/dev/null || fail "the good file: $?"
	done
}

reload_less_for() {	# seconds
	cp conf.less conf.good
	reload_for "$1"
}

# Alone, or summed: count=N.
revoked_recorded() {
	[ "$(sed -n 's/^association .* reason=revoked.*/1/p
	    s/^association .* count=\([0-9]*\).*/\1/p' log |
	    awk '{ n += $1 } END { print n }')" = 500 ]
}

rss_of() {
	for pid in $daemon $(children); do
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status
	done
}

# No process has grown by more than that, and none has more descriptors.
flat_within() {	# kB
	rss_of >now
	paste -d ' ' before now
	paste -d ' ' before now | awk -v most="$1" '
	    $2 > $1 + most { bad = 1 } END { exit bad }' ||
	    fail "kB before and after: $(paste -s -d ' ' before) $(
	    paste -s -d ' ' now)"
	paste -d ' ' fds.before fds.now | awk '$2 > $1 { bad = 1 }
	    END { exit bad }' || fail "descriptors: $(
	    paste -s -d ' ' fds.before) then $(paste -s -d ' ' fds.now)"
}

fds_of() {
	for pid in $daemon $(children); do
		ls /proc/$pid/fd | wc -l
	done
}
