# 100,000 associations on one control connection.

MANY=100000

many_conf() {	# file
	cat >"$1" <<END
set log sessions
set limit { associations 200000, associations-per-session 200000 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block log all
pass udp from any to 192.0.2.0/24 port > 1023
END
}

many_rss() {
	for pid in $daemon $(children); do
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status
	done | tr '\n' ' '
}

many_descriptors() {
	for pid in $daemon $(children); do
		ls /proc/$pid/fd
	done | wc -l
}

many_ready() {
	grep -q '^ready' "$1" || gone "$2"
}

many_none() {
	[ "$(associations)" = 0 ]
}

# Idle they cost at most 1 KiB each, all processes together, and a handful of
# descriptors.
test_many_associations() {
	needs python3
	many_conf "$T/many"
	daemon_start "$T/many"
	ip -n $NET_OUT addr add 192.0.2.11/24 dev out0 ||
	    fail "no second address"
	$OUT python3 "$here/many.py" echo $MANY 192.0.2.10 192.0.2.11 \
	    >echo.out 2>&1 &
	echo=$!
	check_within 10 "no echo" many_ready echo.out $echo
	grep -q '^ready' echo.out || fail "no echo: $(tail -1 echo.out)"
	before=$(many_rss) fds=$(many_descriptors)
	mkfifo go
	$IN python3 "$here/many.py" 10.0.0.1 1080 $MANY \
	    192.0.2.10 192.0.2.11 <go >many.out 2>&1 &
	many=$!
	exec 9>go
	check_within 45 "not made" many_ready many.out $many
	grep '^ready' many.out || fail "$(tail -1 many.out)"
	[ "$(associations)" = $MANY ] || fail "$(associations) associations"
	after=$(many_rss) more=$(($(many_descriptors) - fds))
	echo "kB before: $before after: $after"
	octets=$(echo "$before $after" | awk -v n=$MANY '{
		for (i = 1; i <= NF / 2; i++)
			sum += $(i + NF / 2) - $i
		print int(sum * 1024 / n)
	}')
	echo "octets for each: $octets; descriptors more: $more"
	[ "$more" -le 8 ] || fail "$more descriptors more"
	[ "$octets" -le 1024 ] || fail "$octets octets for each, $before then $after"
	exec 9>&-
	check_within 20 "associations left" many_none
	kill $echo
}
