# What an engine that was taken over can do with the sockets it has, without
# and with the rules of etc/socksmd.nft (socksmd(8), SECURITY).

# A receiver and a sender: relay, group and send sockets.  172.16.0.9 is a host
# inside that is no client's.
taken_start() {
	needs python3 tcpdump "$@"
	ip -n "$NET_IN" addr add 172.16.0.9/32 dev in0
	daemon_start
	receive one 239.1.0.1:5000
	mkfifo pipe
	taken_n=$(associations)
	client -t 4 send 239.1.0.1:5001 <pipe 2>client.err &
	sender=$!
	exec 3>pipe
	echo first >&3
	check_within 10 "no association that sends" \
	    more_associations "$taken_n" $sender
	engine=$(role_pid engine)
	# a sniffer sees what leaves towards it, whoever is there to take it
	sniff inside "$IN" in0 "udp dst port 7777"
	sniff outside "$OUT" out0 "udp dst port 7777"
}

# takes KIND HOST WANT: each socket of that kind sends there, WANT is what
# comes of it.
takes() {
	python3 "$here/taken.py" "$engine" "$1" "$2:7777" "$1 to $2" >took 2>&1
	case $?:$3 in
	0:*)	;;
	*)	fail "$1 to $2: $(cat took)" ;;
	esac
	[ "$(sort -u took)" = "$3" ] || fail "$1 to $2: $(cat took)"
}

seen() {	# name text
	sniffed "$1" -A | grep -q "$2"
}

test_taken_interface() {
	taken_start
	# By another interface: on the way or not, it does not come out there.
	takes inside 192.0.2.10 sent
	takes egress 10.0.0.3 sent
	takes egress 172.16.0.9 sent
	# By its own, anywhere: that is the packet filter's.
	takes inside 172.16.0.9 sent
	takes egress 192.0.2.10 sent
	check_within 5 "nothing inside: the test sees nothing" \
	    seen inside "inside to 172.16.0.9"
	check_within 5 "nothing outside: the test sees nothing" \
	    seen outside "egress to 192.0.2.10"
	check "a relay socket reaches outside" not seen outside "inside to"
	check "an egress socket reaches inside" not seen inside "egress to"
}

filter_load() {	# as the operator fills it in
	sed -e 's/^define inside_if = .*/define inside_if = { "fwin" }/' \
	    -e 's/^define inside_4 = .*/define inside_4 = { 10.0.0.0\/24 }/' \
	    -e 's/^define egress_if = .*/define egress_if = { "fwout" }/' \
	    -e 's/^define egress_4 = .*/define egress_4 = { 239.1.0.0\/16 }/' \
	    "$top/etc/socksmd.nft" >filter.nft
	$FW nft -f filter.nft || fail "nft: the filter does not load"
	# once more: it is to replace itself
	$FW nft -f filter.nft || fail "nft: the filter does not load twice"
}

test_taken_filter() {
	taken_start nft multicat
	filter_load
	takes inside 172.16.0.9 EPERM
	takes inside 192.0.2.10 EPERM
	takes inside 239.1.0.9 EPERM
	takes egress 192.0.2.10 EPERM
	takes egress 10.0.0.3 EPERM
	takes egress 239.3.0.1 EPERM
	takes inside 10.0.0.3 sent
	takes egress 239.1.0.9 sent
	check_within 5 "nothing inside: the test sees nothing" \
	    seen inside "inside to 10.0.0.3"
	check_within 5 "nothing outside: the test sees nothing" \
	    seen outside "egress to 239.1.0.9"
	for text in 172.16.0.9 192.0.2.10 239.3.0.1 "egress to 10.0.0.3"; do
		check "$text inside" not seen inside "to $text"
		check "$text outside" not seen outside "to $text"
	done
	# And all that the daemon is for goes on.
	multicat_file sent 100 400
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
	sniff wire "$OUT" out0 "udp dst port 5001"
	echo second >&3
	check_within 5 "a member's datagram does not leave" seen wire second
	$FW nft list chain inet socksmd egress >counters
	grep -q 'packets [1-9]' counters || fail "no counter: $(cat counters)"
}
