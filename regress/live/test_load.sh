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

# After the first rounds nothing may grow any more, in any process.
test_memory_flat() {
	needs python3
	daemon_start
	churn 10.0.0.1 1080 2 500
	check_within 10 "associations left" no_association
	before=$(rss) fds=$(descriptors)
	churn 10.0.0.1 1080 8 1000
	check_within 10 "associations left" no_association
	after=$(rss)
	echo "kB before: $before after: $after"
	[ "$(descriptors)" = "$fds" ] ||
	    fail "descriptors: $fds then $(descriptors)"
	set -- $before
	for now in $after; do
		[ "$now" -le $(($1 + 512)) ] ||
		    fail "kB of each process: $before then $after"
		shift
	done
}

# As many sessions come and go; neither does a login leave anything.
test_memory_flat_sessions() {
	needs python3
	daemon_start
	churn 10.0.0.1 1080 300 1
	check_within 10 "associations left" no_association
	before=$(rss) fds=$(descriptors)
	churn 10.0.0.1 1080 2000 1
	check_within 10 "associations left" no_association
	after=$(rss)
	echo "kB before: $before after: $after"
	[ "$(descriptors)" = "$fds" ] ||
	    fail "descriptors: $fds then $(descriptors)"
	set -- $before
	for now in $after; do
		[ "$now" -le $(($1 + 512)) ] ||
		    fail "kB of each process: $before then $after"
		shift
	done
}
