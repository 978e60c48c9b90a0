# What socksmctl changes and watches, in a running daemon.

alice_receives() {	# group
	$IN env SOCKSM_SERVER=10.0.0.1:1080 SOCKSM_USER=alice \
	    SOCKSM_PASSWORD_FILE="$T/password" "$SOCKSMC" \
	    recv "$1:5000" >alice.got 2>alice.err &
	alices=$!
	check_within 10 "alice has not joined" is_members 1 "$1"
}

killed() {	# what it must say, words of kill
	killed_says=$1
	shift
	ctl kill "$@" >killed || fail "kill $*: exit status $?"
	[ "$(cat killed)" = "$killed_says" ] || fail "kill $*: $(cat killed)"
}

test_kill_session() {
	daemon_start
	receive one 239.1.0.1:5000
	first=$receiver
	receive two 239.1.0.2:5000
	sid=$(ctl -j show sessions | sed -n 's/.*"session":\([0-9]*\).*/\1/p' |
	    sort -n | head -1)
	killed "1 sessions killed" session "$sid"
	check_within 5 "it goes on" gone $first
	check_within 5 "not recorded as revoked" logged \
	    "^session sid=$sid .* reason=revoked"
	check "the other has ended" not gone $receiver
	killed "0 associations killed" session "$sid"
}

test_kill_user() {
	daemon_start
	receive one 239.1.0.1:5000
	alice_receives 239.2.0.1
	killed "0 associations killed" user bob
	killed "1 sessions killed" user alice
	check_within 5 "alice goes on" gone $alices
	check "the other has ended" not gone $receiver
}

test_kill_host() {
	daemon_start
	receive one 239.1.0.1:5000
	first=$receiver
	receive two 239.1.0.2:5000
	killed "0 associations killed" host 10.0.0.3
	killed "2 sessions killed" host 10.0.0.2
	check_within 5 "the first goes on" gone $first
	check_within 5 "the second goes on" gone $receiver
}

test_kill_association() {
	daemon_start
	receive one 239.1.0.1:5000
	receive two 239.1.0.2:5000
	aid=$(ctl show associations group 239.1.0.1 | awk 'NR == 2 { print $1 }')
	killed "1 associations killed" association "$aid"
	check_within 5 "still a member" is_members 0 239.1.0.1
	check "the other has ended" is_members 1 239.1.0.2
	grant=$(ctl -j show associations |
	    sed -n 's/.*"grant":\([0-9]*\).*/\1/p')
	killed "1 associations killed" grant "$grant"
	check_within 5 "still a member" is_members 0 239.1.0.2
	check_within 5 "two records" two_revoked
}

two_revoked() {
	[ "$(grep -c '^association .*reason=revoked' log)" = 2 ]
}

test_kill_label() {
	daemon_start
	receive one 239.1.0.1:5000
	alice_receives 239.2.0.1
	killed "1 associations killed" label alice
	check_within 5 "alice is still a member" is_members 0 239.2.0.1
	check "the other has ended" is_members 1 239.1.0.1
}

# Reading is for whom the socket is open, changing for root alone.
test_control_is_for_root() {
	needs setpriv
	daemon_start
	receive one 239.1.0.1:5000
	chmod 666 control
	for words in reload "kill host 10.0.0.2" "log verbose" \
	    "reset statistics" "kill label everybody"; do
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		    "$SOCKSMCTL" -s "$T/control" $words >refused 2>&1
		[ $? = 1 ] || fail "$words: exit status is not 1"
		grep -q "for root" refused || fail "$words: $(cat refused)"
	done
	setpriv --reuid 65534 --regid 65534 --clear-groups "$SOCKSMCTL" \
	    -s "$T/control" show summary >/dev/null || fail "show: $?"
	check "it was done" test "$(associations)" = 1
}

test_explain() {
	daemon_start
	ctl explain receive from 10.0.0.2 to 239.1.0.1 port 5000 >said ||
	    fail "exit status $?"
	grep -q '^pass by rule 1 ' said || fail "$(cat said)"
	grep -q '^   0 overruled ' said || fail "rule 0: $(cat said)"
	grep -q '^   1 decides ' said || fail "rule 1: $(cat said)"
	grep -q '^   3 differs: to ' said || fail "rule 3: $(cat said)"
	ctl exp rec from 10.0.0.2 to 239.2.0.1 port 5000 >said || fail "$?"
	grep -q '^refused with 0x11 by rule 0' said || fail "$(cat said)"
	grep -q '^   3 differs: user ' said || fail "rule 3: $(cat said)"
	ctl explain receive from 10.0.0.2 to 239.2.0.1 user alice >said
	grep -q '^pass by rule 3 ' said || fail "$(cat said)"
	ctl explain send from 10.0.0.2 to 239.1.0.1 ttl 17 >said
	grep -q '^refused with 0x15 by rule 2 ttl<=16' said ||
	    fail "$(cat said)"
	ctl explain receive from 10.1.0.2 to 239.1.0.1 >said
	grep -q '^   1 differs: from ' said || fail "$(cat said)"
	ctl -j explain receive from 10.0.0.2 to 239.1.0.1 |
	    python3 -c 'import json, sys
rows = json.load(sys.stdin)["explain"]
assert rows[0]["pass"] is True and rows[0]["rule"] == 1
assert [r["what"] for r in rows[1:3]] == ["overruled", "decides"]
assert rows[3]["why"] == "command"' || fail "JSON"
	# and it has counted nothing
	ctl -j show rules | grep -q '"evaluations":[1-9]' &&
	    fail "explaining counts"
	return 0
}

test_monitor() {
	needs python3
	daemon_start
	watch_events
	ctl -j monitor >events.json &
	check_within 5 "nothing is seen" seen_both
	receive one 239.1.0.1:5000
	client recv 239.3.0.1:5000 >/dev/null 2>&1
	kill $receiver
	check_within 5 "no end" grep -q ' session-end ' events
	ctl reload >/dev/null || fail "reload: $?"
	check_within 5 "no reload" grep -q ' reload ' events
	for want in 'session-begin sid=[0-9]* client=10\.0\.0\.2:' \
	    'association-begin .*what=receive remote=239\.1\.0\.1:5000 rule=1 ' \
	    'refused .*what=receive remote=239\.3\.0\.1:5000 rule=0 code=0x11' \
	    'association-end .*label=everybody reason=release' \
	    'reload generation=2 reason=ok'; do
		grep -q " $want" events || fail "not seen: $want: $(cat events)"
	done
	check_within 5 "no JSON" grep -q '"reload"' events.json
	python3 -c 'import json
kinds = [json.loads(line)["event"] for line in open("events.json")]
assert "session-begin" in kinds and kinds[-1] == "reload", kinds
assert "association-end" in kinds and "refused" in kinds, kinds' ||
	    fail "JSON"
	check "the watcher has gone" not gone $watcher
}

watch_events() {
	"$SOCKSMCTL" -s "$T/control" monitor >events 2>watcher.err &
	watcher=$!
}

seen_both() {
	client recv 239.3.0.1:5000 >/dev/null 2>&1
	[ -s events ] && [ -s events.json ]
}

# A watcher that does not read is dropped, and nothing else suffers.
test_monitor_asleep() {
	needs python3
	daemon_start
	watch_events
	receive one 239.1.0.1:5000
	check_within 5 "it sees nothing" grep -q association-begin events
	kill -STOP $watcher
	before=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
	    "/proc/$(role_pid policy)/status")
	$IN python3 "$here/churn.py" 10.0.0.1 1080 4 1000 || fail "churn.py"
	after=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
	    "/proc/$(role_pid policy)/status")
	[ "$after" -le $((before + 2048)) ] ||
	    fail "policy has grown from $before to $after kB"
	kill -CONT $watcher
	check_within 10 "it was not dropped" gone $watcher
	wait $watcher
	[ $? = 2 ] || fail "its exit status is not 2"
	check "the other has ended" test "$(associations)" = 1
}

test_log_verbose() {
	daemon_start
	ctl log verbose || fail "exit status $?"
	ctl log brief || fail "exit status $?"
	ctl log loud >said 2>&1 && fail "loud"
	grep -q 'valid: brief verbose' said || fail "$(cat said)"
}

statistic() {	# name
	ctl -j show statistics | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

test_reset_statistics() {
	daemon_start
	receive one 239.1.0.1:5000
	client recv 239.3.0.1:5000 >/dev/null 2>&1
	[ "$(statistic sessions_total)" = 2 ] || fail "$(ctl show statistics)"
	ctl reset statistics || fail "exit status $?"
	for name in sessions_total associations_total requests_total \
	    denied_total granted_total; do
		[ "$(statistic $name)" = 0 ] || fail "$name is $(statistic $name)"
	done
	[ "$(statistic sessions)" = 1 ] || fail "what there is was cleared"
	[ "$(statistic associations)" = 1 ] || fail "so were associations"
	ctl -j show rules | grep -q '"matches":[1-9]' && fail "rules"
	return 0
}

# 100,000 associations are listed, and judged again by a reload, beside a
# stream that loses nothing.
test_listing_beside_a_stream() {
	needs python3 multicat
	conf_write "$T/conf"
	cat >"$T/many" <<END
set log sessions
set limit { associations 200000, associations-per-session 200000 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
pass udp from any to 192.0.2.0/24
pass receive from any to 239.1.0.0/16
END
	daemon_start "$T/many"
	ip -n "$NET_OUT" addr add 192.0.2.11/24 dev out0 || fail "address"
	$OUT python3 "$here/many.py" echo 100000 192.0.2.10 192.0.2.11 \
	    >echo.out 2>&1 &
	check_within 10 "no echo" grep -q ^ready echo.out
	mkfifo go
	$IN python3 "$here/many.py" 10.0.0.1 1080 100000 192.0.2.10 \
	    192.0.2.11 <go >many.out 2>&1 &
	exec 9>go
	check_within 45 "not made: $(cat many.out)" grep -q ^ready many.out
	receive one 239.1.0.1:5000
	multicat_file sent 4000 1000
	multicat_send sent 239.1.0.1:5000 &
	sender=$!
	check_within 5 "nothing arrives" size_is one.got 100000
	n=$(ctl -v show associations | grep -c '^[0-9a-f]\{8\} ')
	[ "$n" = 100001 ] || fail "$n associations are listed"
	ctl reload >/dev/null || fail "reload: $?"
	gone $sender && fail "the stream ended before the listing did"
	wait $sender || fail "the sender"
	got one sent.ts
	check "something was revoked" not logged revoked
	exec 9>&-
}
