# Streams through the daemon, in both directions, compared octet for octet.

test_ffmpeg_live() {
	needs ffmpeg tcpdump python3
	daemon_start
	receive one 239.1.0.1:5000
	sniff out "$OUT" out0 "udp dst port 5000"
	$OUT ffmpeg -nostdin -v error -re -f lavfi \
	    -i testsrc=size=320x240:rate=25 -t 4 -c:v mpeg2video -b:v 1M \
	    -f mpegts "udp://239.1.0.1:5000?localaddr=192.0.2.10&ttl=4&pkt_size=1316" ||
	    fail "ffmpeg failed"
	wire out
	check "ffmpeg sent little" size_is out.wire 100000
	got one out.wire
}

test_multicat_file() {
	needs multicat python3
	daemon_start
	receive one 239.1.0.1:5000
	multicat_file sent 3000 1500
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
}

# The client ends by itself once it has what was asked for.
test_count_given() {
	needs multicat python3
	daemon_start
	receive one 239.1.0.1:5000 -n 200
	multicat_file sent 200 400
	multicat_send sent 239.1.0.1:5000
	check_within 5 "socksmc -n 200 goes on" gone $receiver
	wait $receiver || fail "socksmc exits $?"
	got one sent.ts
	check_within 5 "still a member" is_members 0 239.1.0.1
}

test_idle_given() {
	needs multicat python3
	daemon_start
	receive one 239.1.0.1:5000 -w 2
	multicat_file sent 100 400
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
	check_within 6 "socksmc -w 2 goes on" gone $receiver
}

# The sequence numbers are iperf's own, the loss is counted from them.
test_iperf_loss() {
	needs iperf python3
	daemon_start
	receive one 239.1.0.1:5200
	$OUT iperf -c 239.1.0.1 -u -T 4 -b 10M -l 1316 -t 3 -p 5200 \
	    -B 192.0.2.10 >iperf.log || fail "iperf failed"
	sent=$(sed -n 's/.*Sent \([0-9]*\) datagrams.*/\1/p' iperf.log)
	[ "${sent:-0}" -gt 1000 ] || fail "iperf sent ${sent:-nothing}"
	check_within 10 "not all that was sent has come: $(stat -c %s one.got)" \
	    size_is one.got $(($(udp_sent) * 1316))
	python3 - one.got <<'END' || fail "$(cat iperf.lost)"
import struct, sys
data = open(sys.argv[1], "rb").read()
seen = [struct.unpack("!i", data[at:at + 4])[0]
        for at in range(0, len(data), 1316)]
# numbered from 1; the last is negative: iperf says that it has finished
if [abs(n) for n in seen] != list(range(1, len(seen) + 1)) or seen[-1] > 0:
    missing = set(range(1, abs(seen[-1]) + 1)) - {abs(n) for n in seen}
    with open("iperf.lost", "w") as file:
        print(f"{len(missing)} lost of {abs(seen[-1])}", file=file)
    sys.exit(1)
END
}

test_two_receivers() {
	needs multicat python3
	daemon_start
	receive one 239.1.0.1:5000
	receive two 239.1.0.1:5000
	check "not one membership for both" is_members 1 239.1.0.1
	multicat_file sent 1000 1000
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
	got two sent.ts
}

test_two_groups_on_one_port() {
	needs multicat python3
	daemon_start
	receive one 239.1.0.1:5000
	receive two 239.1.0.2:5000
	multicat_file feed-a 300 1000
	multicat_file feed-b 300 1000
	multicat_send feed-a 239.1.0.1:5000
	multicat_send feed-b 239.1.0.2:5000
	got one feed-a.ts
	got two feed-b.ts
}

# Inside there is only unicast, from the relay's one port.
test_inside_is_unicast() {
	needs multicat tcpdump python3
	daemon_start
	sniff in "$IN" in0 "udp"
	receive one 239.1.0.1:5000
	multicat_file sent 100 1000
	multicat_send sent 239.1.0.1:5000
	got one sent.ts
	check_within 5 "tcpdump saw too little" sniffed_at_least 100 in
	sniffed in | awk '$3 !~ /^10\.0\.0\.1\./ || $5 !~ /^10\.0\.0\.2\./ {
	    print; bad = 1 } END { exit bad }' || fail "something else inside"
	ports=$(sniffed in | awk '{ print $3 }' | sort -u | wc -l)
	check "$ports relay ports for one client" test "$ports" = 1
}

test_user_decides() {
	needs multicat python3
	daemon_start
	client recv 239.2.0.1:5000 >refused 2>&1 && fail "anybody may receive"
	grep -q "X'11'" refused || fail "not X'11': $(cat refused)"
	$IN env SOCKSM_SERVER=10.0.0.1:1080 SOCKSM_USER=alice \
	    SOCKSM_PASSWORD_FILE="$T/password" "$SOCKSMC" \
	    recv 239.2.0.1:5000 >alice.got 2>client.err &
	check_within 10 "alice has not joined" is_members 1 239.2.0.1
	multicat_file sent 100 1000
	multicat_send sent 239.2.0.1:5000
	got alice sent.ts
	ctl show associations | grep -q alice || fail "alice is not shown"
}

test_wrong_password() {
	daemon_start
	echo wrong >password
	alice recv 239.1.0.1:5000 >refused 2>&1 && fail "it was taken"
	check "a group was joined" is_members 0 239.1.0.1
	[ -s refused ] || fail "socksmc does not say why"
}

# Outwards: the TTL is on the wire, the source is the firewall.
test_send_ttl() {
	needs tcpdump
	daemon_start
	sniff out "$OUT" out0 "udp dst port 5000"
	echo "hello outside" | client -t 7 send 239.1.0.1:5000 ||
	    fail "socksmc send: $?"
	check_within 5 "nothing arrived outside" sniffed_at_least 1 out
	sniffed out -v | grep -q 'ttl 7,' || fail "not TTL 7: $(sniffed out -v)"
	sniffed out -A | grep -q 'hello outside' || fail "not what was sent"
	sniffed out | grep -q ' 192\.0\.2\.1\.' || fail "$(sniffed out)"
}

test_send_to_multicat() {
	needs multicat python3
	daemon_start
	$OUT multicat -u -U @239.1.0.1:5000/ifaddr=192.0.2.10 outside.got \
	    >multicat.log 2>&1 &
	check_within 5 "multicat does not listen" outside_joined
	multicat_file sent 300 1000
	client -t 4 -r 8000 send 239.1.0.1:5000 <sent.ts || fail "socksmc send: $?"
	got outside sent.ts
}

outside_joined() {
	$OUT grep -q "$(group_hex 239.1.0.1)" /proc/net/igmp
}

test_ttl_refused() {
	daemon_start
	echo hello | client -t 17 send 239.1.0.1:5000 >refused 2>&1 &&
	    fail "TTL 17 was granted where 16 is allowed"
	grep -q "X'15'" refused || fail "not X'15': $(cat refused)"
	echo hello | client -t 16 send 239.1.0.1:5000 || fail "TTL 16: $?"
}

test_group_refused() {
	daemon_start
	client recv 239.3.0.1:5000 >refused 2>&1 && fail "it was granted"
	grep -q "X'11'" refused || fail "not X'11': $(cat refused)"
	echo hello | client -t 1 send 239.3.0.1:5000 >refused 2>&1 &&
	    fail "sending was granted"
	grep -q "X'12'" refused || fail "not X'12': $(cat refused)"
}

# A member's datagrams reach the others inside as well, and outside once.
test_member_to_member() {
	needs tcpdump python3 multicat
	daemon_start
	receive one 239.1.0.1:5000
	sniff out "$OUT" out0 "udp dst port 5000"
	multicat_file sent 50 100
	client -t 4 -r 8000 send 239.1.0.1:5000 <sent.ts || fail "socksmc send: $?"
	got one sent.ts
	check_within 5 "outside saw less" sniffed_at_least 50 out
	python3 "$here/payload.py" out.pcap | cmp - sent.ts ||
	    fail "outside saw something else"
}

test_leaves_with_the_connection() {
	daemon_start
	receive one 239.1.0.1:5000
	first=$receiver
	receive two 239.1.0.1:5000
	check "not joined" is_members 1 239.1.0.1
	kill -KILL $first
	wait_for 5 one_association || fail "an association without a client"
	check "left while one receives" is_members 1 239.1.0.1
	kill -KILL $receiver
	check_within 2 "still a member" is_members 0 239.1.0.1
}

one_association() {
	[ "$(associations)" = 1 ]
}
