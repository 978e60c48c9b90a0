"""P14 to P27, P31, P32, P42, P44, P47: unicast associations, and the pool of
sockets by which they leave."""

import os

from conf import BOTH, under
from socks import (ANY, MM, MU, RECV, SEND, TCPENC, UNICAST, Fail,
                    addr4, code, control, datagram, eq, name, udp_bind)

ALL = RECV | SEND
OUT, OUT2, FAR = "192.0.2.10", "192.0.2.11", "198.51.100.10"
EGRESS = "192.0.2.1"
STRANGER = ("10.0.0.3", 6000)       # not the host that asks


def bind(c, remote, flags=ALL, aid=0, local=ANY):
    """A unicast UDP BIND; the answer is not judged."""
    return c.ask(udp_bind(remote, flags, 0, c.next_tid(), aid, local),
                 "reply to UDP BIND")


def bound(c, remote, flags=ALL, aid=0, local=ANY, egress=EGRESS):
    """One that must succeed, checked in full."""
    got = bind(c, remote, flags, aid, local)
    got.check(0x00, flags=(flags & ALL) | UNICAST, aid=None, local=c.relay,
              remote=None)
    eq(got.remote[0], egress, "address of REMOTE (P22)")
    if not got.aid or not got.remote[1]:
        raise Fail(f"AID {got.aid}, REMOTE {got.remote}")
    if aid:
        eq(got.aid, aid, "AID of a second UDP BIND")
    return got


def refused(c, want, remote, flags=ALL, aid=0, local=ANY, left=0):
    return bind(c, remote, flags, aid, local).check(want, flags=left)


def outward(t, c, member, got, peer, what="outward"):
    """A datagram of the client reaches the peer, from the egress socket."""
    data = t.payload()
    member.send(datagram(got.aid, data), c.relay)
    peer.expect(data, got.remote, what=what)


def inward(t, c, peer, got, member, what="inward"):
    """P27: from the relay, header and all."""
    data = t.payload()
    peer.send(data, got.remote)
    member.expect(datagram(got.aid, data), c.relay, what=what)


def drops(t, c, member, want):
    """The association's record, when it has ended (P47)."""
    c.close()
    local = f"{member.addr[0]}:{member.port}"
    record = t.until(lambda: t.records("association", local=local),
                     "its record")[0]
    eq(record.get("drop-reasons", ""), want, "drops")
    return record


def both(t, c, member, got, peer, what="both ways"):
    outward(t, c, member, got, peer, f"{what}, outward")
    inward(t, c, peer, got, member, f"{what}, inward")


def pair(t, flags=ALL, host=OUT, port=None, src="10.0.0.2"):
    """A client, its member, a peer outside and their association."""
    port = port or 7300 + next(t.serial) % 600
    c = t.enhanced(src=src)
    member = t.inside(host=src)
    peer = t.outside(host, port=port)
    got = bound(c, peer.addr, flags, local=member.addr)
    return c, member, peer, got


# ---- P14, P23, P24: what is wrong with REMOTE -------------------------------

@under("unicast")
def p14_unicast_order_of_faults(t):
    """Each fault together with each that ranks below it."""
    c = t.enhanced()
    member = t.inside()
    aid = bound(c, (OUT, 7000), RECV, local=member.addr).aid
    group = c.bound(t.group(BOTH)).aid
    unknown = next(n for n in range(1, 9) if n not in (aid, group))
    faults = [
        (0x01, "an octet left over", {"more": b"\0"}),
        (0x07, "no direction", {"flags": UNICAST}),
        (0x07, "encapsulated and not", {"flags": ALL | UNICAST | TCPENC}),
        (0x10, "unknown AID", {"aid": unknown}),
        (0x13, "a multicast association", {"aid": group}),
        (0x14, "a group", {"remote": ("239.1.1.1", 7000)}),
        (0x13, "another REMOTE on an AID", {"aid": aid}),
        (0x13, "another LOCAL on an AID", {"aid": aid,
                                           "remote": (OUT, 7000),
                                           "local": (member.addr[0], 1)}),
        (0x04, "no host", {"remote": ("0.0.0.0", 7000)}),
        (0x02, "a third party as LOCAL", {"local": STRANGER}),
        (0x02, "no rule", {"remote": (OUT, 9)}),
    ]

    def ask(*changes):
        want = {"flags": ALL, "aid": 0, "local": ANY, "remote": (OUT, 7001),
                "more": b""}
        for change in changes:
            want.update(change)
        tail = addr4(*want["local"]) + addr4(*want["remote"]) + want["more"]
        return c.ask(control(0x05, want["flags"], 0, c.next_tid(),
                             want["aid"], tail))

    for i, (answer, what, change) in enumerate(faults):
        ask(change).check(answer)
        for later, also, more in faults[i + 1:]:
            if set(change) & set(more) or later == answer:
                continue
            got = ask(change, more)
            if got.code != answer:
                raise Fail(f"{what}, {also}: got {code(got.code)}, "
                           f"want {code(answer)}")
    ask().check(0x00, flags=ALL | UNICAST, aid=None, local=c.relay,
                remote=None)


@under("unicast")
def p23_group_without_multicast(t):
    c = t.enhanced()
    for host in ("224.0.0.1", "239.1.1.1", "232.1.1.1", "239.255.255.255"):
        for flags in (RECV, SEND, ALL, ALL | UNICAST):
            refused(c, 0x14, (host, 7000), flags)
    refused(c, 0x14, ("239.1.1.1", 0), RECV)


@under("unicast")
def p23_name_that_is_an_address(t):
    """P4: a dotted quad is that address, here and for P18."""
    c = t.enhanced()
    got = bind(c, name(OUT, 7000), ALL)
    got.check(0x00, flags=ALL | UNICAST, aid=None, local=c.relay, remote=None)
    bound(c, (OUT, 7000), ALL, got.aid)
    for bad, answer in ((name("127.1", 7000), 0x04),
                        (name("2130706433", 7000), 0x04),
                        (name("a..b", 7000), 0x01), (name("", 7000), 0x01)):
        refused(c, answer, bad)


@under("unicast")
def p24_no_host(t):
    """0.0.0.0: X'04', whatever the ruleset says."""
    c = t.enhanced()
    for port in (0, 7000, 9):
        for flags in (RECV, SEND, ALL):
            refused(c, 0x04, ("0.0.0.0", port), flags)


@under("unicast")
def p24_any_port_of_a_host(t):
    """REMOTE port 0 receives from every port of the host, and of no other."""
    c = t.enhanced()
    member = t.inside()
    got = bound(c, (OUT2, 0), RECV, local=member.addr)
    peers = [t.outside(OUT2) for _ in range(3)]
    other = t.outside(OUT)
    for peer in peers:
        inward(t, c, peer, got, member)
    other.send(b"of another host", got.remote)
    inward(t, c, peers[0], got, member, "behind the other host's")


@under("unicast")
def p24_any_port_and_sending(t):
    """X'02', and FLAGS show RECEIVE-FROM where that would pass."""
    c = t.enhanced()
    member = t.inside()
    refused(c, 0x02, (OUT2, 0), ALL, left=RECV)
    refused(c, 0x02, (OUT2, 0), SEND)
    got = bound(c, (OUT2, 0), RECV, local=member.addr)
    refused(c, 0x02, (OUT2, 0), SEND, got.aid)
    refused(c, 0x02, (OUT2, 0), ALL, got.aid, left=RECV)
    inward(t, c, t.outside(OUT2), got, member, "unharmed")


@under("unicast")
def p24_any_port_is_more_than_some(t):
    """A rule for some ports of a host does not pass all of them, and one
    that blocks some blocks all."""
    c = t.enhanced()
    for host in (OUT, "192.0.2.66", "192.0.2.12"):
        refused(c, 0x02, (host, 0), RECV)
        refused(c, 0x02, (host, 0), ALL)
    for host, port in (("192.0.2.66", 26), ("192.0.2.12", 54)):
        bound(c, (host, port), RECV)
    for host, port in (("192.0.2.66", 25), ("192.0.2.12", 53)):
        refused(c, 0x02, (host, port), RECV)


@under("unicast")
def p24_any_port_beside_one(t):
    """One port of the host and all of them, in either order: each has what
    comes to its own socket."""
    for first in (0, 1):
        c = t.enhanced()
        members = t.inside(), t.inside()
        peer = t.outside(OUT2)
        remotes = [peer.addr, (OUT2, 0)]
        got = [None, None]
        for i in (first, 1 - first):
            got[i] = bound(c, remotes[i], RECV, local=members[i].addr)
        eq(got[0].remote != got[1].remote, True, "two sockets")
        for i in (0, 1, 0):
            inward(t, c, peer, got[i], members[i])
        c.close()


# ---- P15 to P18 -------------------------------------------------------------

@under("unicast")
def p16_unicast_flags(t):
    """Exactly the directions, and UDP-UNICAST, asked for or taken."""
    c = t.enhanced()
    for flags in (RECV, SEND, ALL):
        for more in (0, UNICAST, MU, MM, MU | MM | UNICAST, 0x0100, 0xff80):
            bound(c, (OUT, 7000), flags | more)


@under("unicast")
def p17_unicast_is_one_question(t):
    """X'02' for both directions at once, and nothing is left over."""
    c = t.enhanced()
    for remote in ((OUT, 6999), (OUT, 8000), ("192.0.3.10", 7000),
                   (FAR, 7000), (EGRESS, 7000), ("127.0.0.1", 7000),
                   ("10.0.0.1", 7000), ("192.0.2.255", 7000), ("192.0.2.0", 7000)):
        for flags in (RECV, SEND, ALL):
            refused(c, 0x02, remote, flags)


@under("unicast")
def p18_unicast_adding_a_direction(t):
    for first, second in ((RECV, SEND), (SEND, RECV), (RECV, ALL),
                          (SEND, ALL)):
        c, member, peer, got = pair(t, first)
        again = bound(c, peer.addr, second, got.aid, member.addr)
        eq(again.remote, got.remote, "the socket stays")
        both(t, c, member, got, peer)


@under("unicast")
def p18_unicast_asking_again(t):
    c, member, peer, got = pair(t)
    for flags in (RECV, SEND, ALL):
        for local in (ANY, member.addr, (member.addr[0], 0)):
            again = bound(c, peer.addr, flags, got.aid, local)
            eq(again.remote, got.remote, "the socket stays")
    both(t, c, member, got, peer)


@under("unicast")
def p18_unicast_mismatch(t):
    c, member, peer, got = pair(t)
    for remote, local in (((OUT, 7001), member.addr),
                          ((OUT, 0), member.addr),
                          ((OUT2, 7000), member.addr),
                          (peer.addr, (member.addr[0], member.port ^ 1)),
                          (peer.addr, ("10.0.0.3", member.port))):
        for flags in (RECV, SEND, ALL):
            refused(c, 0x13, remote, flags, got.aid, local)
    c.refused(0x13, t.group(BOTH), RECV, aid=got.aid)
    other = t.enhanced()
    refused(other, 0x10, peer.addr, ALL, got.aid, member.addr)
    both(t, c, member, got, peer, "unharmed")


# ---- P20 --------------------------------------------------------------------

@under("unicast")
def p20_unicast_port_is_learnt(t):
    """From the first datagram with the AID; nothing is sent there before."""
    c = t.enhanced()
    member, peer = t.inside(), t.outside(OUT, port=7000)
    got = bound(c, peer.addr)
    peer.send(b"too early", got.remote)
    outward(t, c, member, got, peer)
    inward(t, c, peer, got, member)
    other = t.inside()
    other.send(datagram(got.aid, b"from another port"), c.relay)
    both(t, c, member, got, peer, "the port stays")


@under("unicast")
def p20_unicast_receiver_learns(t):
    """A datagram of a receive-only association teaches, and is dropped."""
    c = t.enhanced()
    member, peer = t.inside(), t.outside(OUT, port=7000)
    got = bound(c, peer.addr, RECV)
    member.send(datagram(got.aid, b""), c.relay)
    inward(t, c, peer, got, member)
    peer.silent("no SEND-TO")


@under("unicast")
def p20_unicast_third_party(t):
    c = t.enhanced()
    refused(c, 0x02, (OUT, 7000), ALL, local=STRANGER)
    refused(c, 0x02, (OUT, 7000), RECV, local=("10.0.0.3", 0))
    member, peer = t.inside("10.0.0.4"), t.outside(OUT, port=6100)
    got = bound(c, peer.addr, local=member.addr)        # `local any'
    both(t, c, member, got, peer)
    for host in ("10.0.0.1", "192.0.2.1", "127.0.0.1", "239.1.1.1"):
        refused(c, 0x02, peer.addr, ALL, local=(host, 6000))


# ---- P22, P25: the pool -----------------------------------------------------

@under("unicast")
def p22_one_socket_for_many(t):
    """Different REMOTEs leave by one socket, and are told apart."""
    c = t.enhanced()
    rows = []
    for i in range(40):
        member, peer = t.inside(), t.outside((OUT, OUT2)[i % 2],
                                             port=7100 + i)
        rows.append((member, peer, bound(c, peer.addr, local=member.addr)))
    eq(len({got.remote for _, _, got in rows}), 1, "sockets")
    eq(len({got.aid for _, _, got in rows}), 40, "AIDs")
    for member, peer, got in rows:
        both(t, c, member, got, peer)


@under("unicast")
def p22_same_remote_another_socket(t):
    """Whoever shares a REMOTE must not share the socket (P25)."""
    rows = [pair(t)]
    peer = rows[0][2]
    for src in ("10.0.0.2", "10.0.0.3", "10.0.0.4"):
        c = t.enhanced(src=src)
        member = t.inside(src)
        rows.append((c, member, peer, bound(c, peer.addr, local=member.addr)))
    eq(len({got.remote for *_, got in rows}), 4, "sockets")
    for c, member, _, got in rows:
        both(t, c, member, got, peer)
    # the first place that becomes free is the next one's
    c, member, _, got = rows[1]
    c.release(got.aid)
    again = bound(c, peer.addr, local=member.addr)
    for other in (rows[0], rows[2], rows[3]):
        eq(again.remote != other[3].remote, True, "not another's socket")
        both(t, *other[:2], other[3], peer, "the others")
    both(t, c, member, again, peer)


@under("routed")
def p22_address_by_the_route(t):
    """Without an egress interface the address is the way's to REMOTE."""
    c = t.enhanced()
    for host, egress in ((OUT, "192.0.2.1"), (FAR, "198.51.100.1"),
                         (OUT2, "192.0.2.1"), (FAR, "198.51.100.1")):
        member, peer = t.inside(), t.outside(host)
        got = bound(c, peer.addr, local=member.addr, egress=egress)
        both(t, c, member, got, peer, host)


@under("unicast")
def p25_exactly_remote(t):
    """Another port, another address: dropped and counted, not relayed."""
    c, member, peer, got = pair(t)
    for who in (t.outside(OUT, port=7001), t.outside(OUT2, port=7000),
                t.outside(OUT)):
        who.send(b"not REMOTE", got.remote)
    inward(t, c, peer, got, member, "behind what was dropped")
    member.silent("nothing else")


def by_way_of_a_group(t):
    """REMOTE's datagram to a group that others receive is not for this
    association, even if the port is that of its socket; and that port is
    no hindrance for the group."""
    c, member, peer, got = pair(t)
    group = (t.group(BOTH)[0], got.remote[1])
    receiver = t.inside()
    aid = c.bound(group, local=receiver.addr).aid
    t.joined_now(group, 1, "the other's membership")
    t.heard(peer, group, receiver, aid)
    both(t, c, member, got, peer, "behind the group's")


@under("unicast")
def p25_not_by_way_of_a_group(t):
    by_way_of_a_group(t)


@under("routed")
def p25_not_by_way_of_a_group_routed(t):
    """Here the socket has no address of its own."""
    by_way_of_a_group(t)


@under("unicast")
def p25_not_what_only_sends(t):
    """Without RECEIVE-FROM nothing comes in, and that is counted."""
    c, member, peer, got = pair(t, SEND)
    outward(t, c, member, got, peer)
    peer.send(b"not asked for", got.remote)
    outward(t, c, member, got, peer)
    member.silent("no RECEIVE-FROM")
    drops(t, c, member, "direction:1")


# ---- P26, P27, sizes --------------------------------------------------------

@under("unicast")
def p26_unicast_drops(t):
    """Each is dropped, never answered, and harms nothing."""
    c, member, peer, got = pair(t)
    stranger = t.inside("10.0.0.3")
    for raw in (b"", b"\0" * 7, datagram(got.aid, b"x", rsv=1),
                datagram(got.aid ^ 0x01010101, b"x"),
                datagram(got.aid, b"x", frag=0x80)):
        member.send(raw, c.relay)
    stranger.send(datagram(got.aid, b"not LOCAL"), c.relay)
    both(t, c, member, got, peer)
    peer.silent("dropped")
    drops(t, c, member, "rsv:1,frag:1,source:1")


@under("unicast")
def p26_unicast_sizes(t):
    """Empty ones pass, and up to 65,507 octets with the header (P27)."""
    c, member, peer, got = pair(t)
    for size in (0, 1, 1400, 1472, 1473, 9000, 40000, 65499):
        data = os.urandom(size)
        member.send(datagram(got.aid, data), c.relay)
        peer.expect(data, got.remote, what=f"{size} outward")
        peer.send(data, got.remote)
        member.expect(datagram(got.aid, data), c.relay,
                      what=f"{size} inward")


@under("unicast")
def p27_bursts_in_order(t):
    """Several associations at once, datagrams alike and not: each gets its
    own, in order, and nobody's is cut or joined."""
    c = t.enhanced()
    rows = []
    for i in range(4):
        member, peer = t.inside(), t.outside(OUT, port=7200 + i)
        rows.append((member, peer, bound(c, peer.addr, local=member.addr)))
    sizes = [700] * 12 + [0, 5, 5, 1300, 700, 700, 3000, 1] + [700] * 12
    sent = [[os.urandom(n) for n in sizes] for _ in rows]
    for k in range(len(sizes)):
        for i, (member, _, got) in enumerate(rows):
            member.send(datagram(got.aid, sent[i][k]), c.relay)
    for i, (_, peer, got) in enumerate(rows):
        for k, data in enumerate(sent[i]):
            peer.expect(data, got.remote, what=f"{i}: outward {k}")
    for i, (_, peer, got) in enumerate(rows):
        for data in sent[i]:
            peer.send(data, got.remote)
    for i, (member, _, got) in enumerate(rows):
        for k, data in enumerate(sent[i]):
            member.expect(datagram(got.aid, data), c.relay,
                          what=f"{i}: inward {k}")


# ---- P31, P32, P42, idle ----------------------------------------------------

@under("unicast")
def p31_unicast_one_direction(t):
    """What is left goes on; then the AID is gone, and its place is free."""
    for gone, left in ((RECV, SEND), (SEND, RECV)):
        c, member, peer, got = pair(t)
        c.release(got.aid, gone)
        c.release(got.aid, gone)            # does not stand: succeeds
        if left == SEND:
            peer.send(b"released", got.remote)
            outward(t, c, member, got, peer)
            member.silent("RECEIVE-FROM released")
        else:
            member.send(datagram(got.aid, b"released"), c.relay)
            inward(t, c, peer, got, member)
            peer.silent("SEND-TO released")
        bound(c, peer.addr, ALL, got.aid)
        both(t, c, member, got, peer, "both again")
        c.release(got.aid)
        refused(c, 0x10, peer.addr, ALL, got.aid)
        c.close()
        peer.close()


@under("unicast")
def p31_unicast_leaves_its_place(t):
    """Whatever directions it had: its REMOTE is free on that socket, which
    another association keeps open."""
    c, member, peer, got = pair(t)
    other = t.outside(OUT2)
    for flags in (RECV, SEND, ALL, RECV, SEND):
        one = bound(c, other.addr, flags, local=member.addr)
        eq(one.remote, got.remote, "the socket")
        c.release(one.aid)
        other.send(b"nobody's", got.remote)
        both(t, c, member, got, peer, "the one that stays")


@under("unicast")
def p32_unicast_ends_with_its_connection(t):
    c, member, peer, got = pair(t)
    both(t, c, member, got, peer)
    drops(t, c, member, "")
    member.send(datagram(got.aid, b"after the end"), got.local)
    peer.send(b"after the end", got.remote)
    member.silent("after the end")
    peer.silent("after the end")


@under("unicast")
def p42_unicast_has_no_ttl(t):
    c, member, peer, got = pair(t)
    for ttl in (0, 1, 5, 255):
        c.set_ttl(got.aid, ttl, want=0x13)
    both(t, c, member, got, peer, "unharmed")


@under("no-base")
def p44_without_base(t):
    c = t.enhanced()
    for flags in (RECV, SEND, ALL, ALL | UNICAST):
        refused(c, 0x07, (OUT, 7000), flags)
    c.bound(t.group(BOTH))


@under("unicast")
def p44_unicast_tcp_encapsulated(t):
    """Not served yet."""
    c = t.enhanced()
    for flags in (RECV, SEND, ALL):
        refused(c, 0x07, (OUT, 7000), flags | TCPENC)


@under("unicast")
def p47_unicast_record(t):
    c, member, peer, got = pair(t)
    both(t, c, member, got, peer)
    both(t, c, member, got, peer)
    record = drops(t, c, member, "")
    for key, want in (("dir", "receive,send"), ("via", "fwout"),
                      ("label", "wire-udp"), ("in-datagrams", "2"),
                      ("in-octets", "96"), ("out-datagrams", "2"),
                      ("out-octets", "96"), ("drops", "0"),
                      ("reason", "client"), ("encap", "udp"),
                      ("local", f"{member.addr[0]}:{member.port}")):
        eq(record.get(key), want, key)


# ---- egress dedicated -------------------------------------------------------

@under("dedicated")
def p22_dedicated(t):
    """A socket for each, even to one REMOTE; both ways, both directions."""
    rows = []
    peer = t.outside(OUT, port=7000)
    for src in ("10.0.0.2", "10.0.0.3"):
        c = t.enhanced(src=src)
        member = t.inside(src)
        got = bound(c, peer.addr, RECV, local=member.addr)
        again = bound(c, peer.addr, ALL, got.aid)
        eq(again.remote, got.remote, "its own socket stays")
        rows.append((c, member, got))
    eq(len({got.remote for *_, got in rows}), 2, "sockets")
    for c, member, got in rows:
        both(t, c, member, got, peer)
    other = t.outside(OUT, port=7001)
    other.send(b"not REMOTE", rows[0][2].remote)
    inward(t, rows[0][0], peer, rows[0][2], rows[0][1])


@under("dedicated")
def p24_dedicated_any_port(t):
    c = t.enhanced()
    member = t.inside()
    got = bound(c, (OUT, 0), RECV, local=member.addr)
    for _ in range(3):
        inward(t, c, t.outside(OUT), got, member)
    t.outside(OUT2).send(b"another host", got.remote)
    inward(t, c, t.outside(OUT), got, member, "behind the other's")
