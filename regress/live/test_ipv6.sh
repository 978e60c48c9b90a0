# Streams by IPv6 through the daemon, beside IPv4, with the packet filter on.

# The namespaces are without IPv6 otherwise.
six_up() {
	for six in "$FW fwout 2001:db8:0:1::1" "$FW fwin 2001:db8:0:a::1" \
	    "$OUT out0 2001:db8:0:1::10" "$IN in0 2001:db8:0:a::2"; do
		set -- $six		# ip netns exec NAME dev address
		$1 $2 $3 $4 sh -c "echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		    echo 0 >/proc/sys/net/ipv6/conf/$5/disable_ipv6
		    echo 0 >/proc/sys/net/ipv6/conf/$5/accept_dad"
		ip -n "$4" addr add "$6/64" dev "$5" nodad
	done
}

six_conf() {
	cat >conf6 <<END
set log sessions
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block log all
pass receive from 2001:db8:0:a::/64 to { ff05::1:0/112, 239.1.0.0/16 }
pass send from 2001:db8:0:a::/64 to { ff05::1:0/112, 239.1.0.0/16 } ttl <= 16
END
}

six_filter() {
	sed -e 's/^define inside_if = .*/define inside_if = { "fwin" }/' \
	    -e 's/^define inside_6 = .*/define inside_6 = { 2001:db8:0:a::\/64 }/' \
	    -e 's/^define egress_if = .*/define egress_if = { "fwout" }/' \
	    -e 's/^define egress_4 = .*/define egress_4 = { 239.1.0.0\/16 }/' \
	    -e 's/^define egress_6 = .*/define egress_6 = { ff05::1:0\/112 }/' \
	    "$top/etc/socksmd.nft" >filter.nft
	$FW nft -f filter.nft || fail "nft: the filter does not load"
}

six_client() {
	$IN env "SOCKSM_SERVER=[2001:db8:0:a::1]:1080" "$SOCKSMC" "$@"
}

# six_send FILE GROUP: from outside, hop limit 4.
six_send() {
	$OUT python3 - "$1" "$2" <<'END'
import socket, struct, sys, time
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(41, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("out0"))
sock.setsockopt(41, socket.IPV6_MULTICAST_HOPS, 4)
with open(sys.argv[1], "rb") as file:
    while data := file.read(1316):
        sock.sendto(data, (sys.argv[2], 5000))
        time.sleep(0.0005)
END
}

six_start() {
	needs python3 multicat "$@"
	six_up
	six_conf
	daemon_start conf6
}

# six_receive NAME GROUP: as receive, by IPv6; ends after 400 datagrams.
six_receive() {
	six_n=$(associations)
	six_client -n 400 recv "$2" >"$1.got" 2>client.err &
	receiver=$!
	check_within 10 "no association for $2" \
	    more_associations "$six_n" $receiver
}

test_ipv6_receive() {
	six_start nft
	six_filter
	six_receive six "[ff05::1:1]:5000"
	multicat_file sent 400 1000
	six_send sent.ts ff05::1:1
	got six sent.ts
	six_receive four 239.1.0.1:5000
	multicat_send sent 239.1.0.1:5000
	got four sent.ts
	check "no record of a client by IPv6" \
	    logged 'association .*client=.?\[2001:db8:0:a::2\]'
}

test_ipv6_send() {
	six_start nft tcpdump
	six_filter
	sniff out "$OUT" out0 "udp dst port 5000"
	for to in "[ff05::1:1]:5000" 239.1.0.1:5000; do
		echo "hello $to" | six_client -t 7 send "$to" ||
		    fail "send to $to: $?"
		check_within 5 "nothing outside for $to" said "hello $to"
	done
	sniffed out -v >out.text
	grep -q 'hlim 7' out.text || fail "hop limit: $(cat out.text)"
	echo no | six_client -t 17 send "[ff05::1:1]:5000" >refused 2>&1 &&
	    fail "hop limit 17 is sent"
	echo no | six_client -t 1 send "[ff05::2:1]:5000" >refused 2>&1 &&
	    fail "a group that no rule passes is sent to"
	return 0
}

said() {
	sniffed out -A | grep -qF "$1"
}
