# Many receivers, many associations.

test_sixteen_receivers() {
	needs multicat python3
	daemon_start
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		receive r$n 239.1.0.1:5000
	done
	check "not one membership for all" is_members 1 239.1.0.1
	# P48: one more from this host is refused
	client recv 239.1.0.1:5000 >refused 2>&1 && fail "a seventeenth"
	grep -q "X'11'" refused || fail "not X'11': $(cat refused)"
	multicat_file sent 4000 1000
	multicat_send sent 239.1.0.1:5000
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		got r$n sent.ts
	done
}

rss() {
	for pid in $daemon $(children); do
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status
	done | tr '\n' ' '
}

descriptors() {
	for pid in $daemon $(children); do
		ls /proc/$pid/fd | wc -l
	done | tr '\n' ' '
}

churn() {
	$IN python3 "$here/churn.py" "$@" || fail "churn.py $*"
}

no_association() {
	[ "$(associations)" = 0 ]
}

# None has grown by more than that, in kB, but the engine, which may have
# something more; descriptors are the same.
flat() {	# before descriptors-before more
	flat_now=$(rss)
	echo "kB before: $1 after: $flat_now"
	[ "$(descriptors)" = "$2" ] ||
	    fail "descriptors: $2 then $(descriptors)"
	flat_more=$3 flat_before=$1
	set -- $1
	for pid in $daemon $(children); do
		more=512
		[ "$pid" != "$(role_pid engine)" ] || more=$((512 + flat_more))
		now=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
		    /proc/$pid/status)
		[ "$now" -le $(($1 + more)) ] ||
		    fail "kB of each process: $flat_before then $flat_now"
		shift
	done
}

# After the first rounds nothing may grow any more.  A freed AID rests for two
# minutes (P19), which costs the engine up to 128 octets each.
test_memory_flat() {
	needs python3
	daemon_start
	churn 10.0.0.1 1080 2 500
	check_within 10 "associations left" no_association
	before=$(rss) fds=$(descriptors)
	churn 10.0.0.1 1080 8 1000
	check_within 10 "associations left" no_association
	flat "$before" "$fds" $((8000 * 128 / 1024))
}

# As many sessions come and go.
test_memory_flat_sessions() {
	needs python3
	daemon_start
	churn 10.0.0.1 1080 300 1
	check_within 10 "associations left" no_association
	before=$(rss) fds=$(descriptors)
	churn 10.0.0.1 1080 2000 1
	check_within 10 "associations left" no_association
	flat "$before" "$fds" $((2000 * 128 / 1024))
}
