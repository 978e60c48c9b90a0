# Names of hosts in the configuration: addresses before anything is changed.

# The daemon with a hosts file and a name server of the test's own: none.
hosts() {	# line ...
	for hosts_line; do
		echo "$hosts_line"
	done >"$T/hosts"
	chmod 644 "$T/hosts"
	echo "nameserver 127.0.0.9" >"$T/resolv.conf"
	chmod 644 "$T/resolv.conf"
	cat >"$T/with_hosts" <<'END'
#!/bin/sh
mount --make-rprivate / && mount --bind "$T/hosts" /etc/hosts &&
    mount --bind "$T/resolv.conf" /etc/resolv.conf && exec "$@"
END
	chmod 755 "$T/with_hosts"
	export T
	started_by="unshare -m $T/with_hosts"
}

conf_names() {	# line ...
	conf_write "$T/conf.names"
	for conf_line; do
		echo "$conf_line"
	done >>"$T/conf.names"
	mv "$T/conf.names" "$T/names"
}

test_names_at_start() {
	hosts "10.0.0.2 inside.test" "10.0.0.77 other.test" "::1 localhost"
	conf_names "table <t> { ! other.test, 10.0.0.0/24 }" \
	    "pass receive from inside.test to 239.3.0.0/16" \
	    "pass receive from <t> to 239.4.0.0/16" \
	    "block receive from other.test to any label other"
	daemon_start "$T/names"
	ctl show rules >rules
	grep -q "from 10.0.0.2 to 239.3.0.0/16" rules || fail "$(cat rules)"
	grep -q "from 10.0.0.77 to any label" rules || fail "$(cat rules)"
	receive one 239.3.0.1:5000
	receive two 239.4.0.1:5000
}

test_names_unknown_at_start() {
	hosts "10.0.0.2 inside.test"
	conf_names "pass receive from nosuch.test to 239.3.0.0/16" \
	    "pass receive from inside.test to 239.3.0.0/16" \
	    "table <t> { nothere.test }"
	n=$(wc -l <names)
	: >log
	daemon_run -f names
	daemon_ended 50
	[ $? = 1 ] || fail "it does not exit 1"
	logged "names:$((n - 2)): nosuch.test: " || fail "$(cat log)"
	logged "names:$n: nothere.test: " || fail "$(cat log)"
	logged "inside.test" && fail "$(cat log)"
	nothing_left
}

test_names_no_such_interface() {
	conf_names "pass receive from any to 239.3.0.0/16" \
	    "pass receive from nosuch0 to 239.3.0.0/16"
	n=$(wc -l <names)
	: >log
	daemon_run -f names
	daemon_ended 10
	[ $? = 1 ] || fail "it does not exit 1"
	logged "names:$n: nosuch0: no such interface" || fail "$(cat log)"
	nothing_left
}

# Names are looked up anew, and all of a new file counts or nothing. (The
# hosts file itself is read when the daemon starts.)
test_names_at_reload() {
	hosts "10.0.0.77 other.test" "10.0.0.2 inside.test"
	conf_names "pass receive from other.test to 239.3.0.0/16"
	daemon_start "$T/names"
	client recv 239.3.0.1:5000 -w 1 >refused 2>&1 && fail "nothing to change"
	conf_names "pass receive from inside.test to 239.3.0.0/16"
	ctl reload >reloaded || fail "reload: $(cat reloaded)"
	receive one 239.3.0.1:5000
	conf_names "pass receive from nosuch.test to 239.3.0.0/16"
	n=$(wc -l <names)
	ctl reload >reloaded 2>&1 && fail "a name that is not known"
	grep -q "names:$n: nosuch.test: " reloaded || fail "$(cat reloaded)"
	grep -q "nothing has changed" reloaded || fail "$(cat reloaded)"
	ctl show rules | grep -q "from 10.0.0.2 to 239.3.0.0/16" ||
	    fail "$(ctl show rules)"
	check "the association has ended" test "$(associations)" = 1
}

# -n looks nothing up, -n -r does.
test_names_checked() {
	hosts "10.0.0.2 inside.test"
	conf_names "pass receive from nosuch.test to 239.3.0.0/16" \
	    "pass receive from inside.test to 239.3.0.0/16"
	n=$(wc -l <names)
	$FW $started_by "$SOCKSMD" -nv -f names >printed 2>err ||
	    fail "-n: $(cat err)"
	grep -q "from nosuch.test to" printed || fail "$(cat printed)"
	$FW $started_by "$SOCKSMD" -nr -f names >printed 2>err &&
	    fail "-r: $(cat printed)"
	grep -q "^names:$((n - 1)): nosuch.test: " err || fail "$(cat err)"
	grep -q "inside.test" err && fail "$(cat err)"
	return 0
}
