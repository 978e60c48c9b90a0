"""P11 to P13: framing and form of control packets and replies."""

from conf import BOTH, NOTHING, RECEIVE
from env import INSIDE
from socks import (ANY, BIND, MU, MULTI, RECV, RELEASE, SEND, SETTTL, Fail,
                   addr4, control, datagram, encapsulated, eq, name, udp_bind)

TWO = addr4("10.9.8.7", 1) + addr4("1.2.3.4", 5)
V6 = b"\4" + bytes(15) + b"\1" + b"\0\5"


# ---- P11 ------------------------------------------------------------------

def p11_unknown_packet_type(t):
    for ptype in (0x00, 0x04, 0x05, 0x10, 0x7f, 0x81, 0xff):
        c = t.enhanced()
        c.send(control(0x99, tid=1, ptype=ptype))
        c.closed(f"packet type {ptype:#04x}")


def p11_reply_from_a_client(t):
    c = t.enhanced()
    c.send(control(0, tid=1, tail=addr4(*ANY) * 2, ptype=0x02))
    c.closed("a control reply from a client")


def p11_size_below_the_fixed_part(t):
    for size in (0, 1, 3, 7, 12):
        c = t.enhanced()
        c.send(control(0x99, tid=1, size=size))
        c.closed(f"control packet of SIZE {size}")
    for size in (0, 1, 3, 6):
        c = t.enhanced()
        c.send(encapsulated(0, b"data", size=size))
        c.closed(f"data packet of SIZE {size}")


def p11_bad_size_before_the_rest_came(t):
    """The three octets suffice to know that the framing is lost."""
    for head in (b"\1\0\x0c", b"\3\0\6", b"\0\0\x0d", b"\2\0\x1b"):
        c = t.enhanced()
        c.send(head)
        c.closed(f"nothing but {head.hex(' ')}")


def p11_size_alone_frames(t):
    """Whatever a packet holds, the next one begins where SIZE says."""
    c = t.enhanced()
    for size in (13, 14, 26, 27, 28, 300, 4096, 65535):
        junk = (b"\1\0\x0d\x05\xff" * 14000)[:size - 13]
        c.send(control(0x99, tid=size, tail=junk) + control(0x98, tid=1))
        c.reply(size).check(0x07)
        c.reply(1).check(0x07)
        c.send(control(BIND, RECV | MULTI, tid=size, tail=b"\1" * (size - 13)))
        got = c.reply(size, f"UDP BIND of SIZE {size}")
        # 27 octets of ones are two addresses, and no group
        got.check(0x14 if size == 27 else 0x01)
    c.alive()


def p11_data_packets_are_never_answered(t):
    """Unknown AID, an association that is not encapsulated, no data, the
    largest SIZE: dropped, and the next packet is read."""
    group = t.group(BOTH)
    out = t.listener(group)
    c = t.enhanced()
    member = t.inside()
    aid = c.bound(group, SEND, ttl=3, local=member.addr).aid
    for which in (0, 1, 0xffffffff, aid):
        for data in (b"", b"x", bytes(1400), bytes(65535 - 7)):
            c.send(encapsulated(which, data))
    c.alive("after data packets")
    t.sent(member, c.relay, aid, out, "first that came outside")
    c.silent("data packets")


def p11_close_releases(t):
    group = t.group(BOTH)
    c = t.enhanced()
    c.bound(group)
    t.joined_now(group, 1, "bound")
    c.send(b"\xff\xff\xff")
    c.closed("packet type 0xff")
    t.joined(group, 0, "framing lost")


# ---- P12 ------------------------------------------------------------------

def p12_bind_needs_both_addresses(t):
    group = t.group(BOTH)
    local, remote = addr4(*ANY), addr4(*group)
    c = t.enhanced()
    for what, tail in (
            ("no address", b""), ("one address", local),
            ("REMOTE cut in the address", local + remote[:3]),
            ("REMOTE cut in the port", local + remote[:6]),
            ("REMOTE's ATYP alone", local + b"\1"),
            ("LOCAL cut", local[:4]), ("LOCAL's ATYP alone", b"\1"),
            ("an octet left over", local + remote + b"\0"),
            ("a third address", local + remote + local),
            ("a long tail", local + remote + bytes(1000))):
        tid = c.next_tid()
        got = c.ask(control(BIND, RECV | MULTI, 0, tid, 0, tail), what)
        got.check(0x01)
        t.joined_now(group, 0, what)
    c.bound(group)


def p12_release_and_set_ttl_tails(t):
    """Nothing there, or exactly two well-formed addresses, ignored."""
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group, RECV | SEND, ttl=3).aid
    good = (b"", TWO, addr4(*ANY) * 2, addr4(*ANY) + name("h.example", 1),
            name("h.example", 1) * 2, V6 * 2)
    for tail in good:
        c.set_ttl(aid, 4, tail=tail)
        c.release(aid, SEND, tail=tail)
        t.joined_now(group, 1, "RELEASE of SEND-TO")
        c.bound(group, SEND, ttl=3, aid=aid)


def p12_release_and_set_ttl_bad_tails(t):
    group = t.group(BOTH)
    out = t.listener(group)
    c = t.enhanced()
    member = t.inside()
    aid = c.bound(group, RECV | SEND, ttl=3, local=member.addr).aid
    for what, tail in (
            ("one address", addr4(*ANY)), ("one octet", b"\0"),
            ("two addresses and an octet", TWO + b"\0"),
            ("three addresses", TWO + addr4(*ANY)),
            ("the second cut", TWO[:-1]), ("the first cut", TWO[:5]),
            ("an unknown ATYP", b"\2" + TWO[1:]),
            ("a name beyond the end", addr4(*ANY) + b"\3\x40abc")):
        c.release(aid, RECV | SEND, want=0x01, tail=tail)
        t.joined_now(group, 1, f"RELEASE with {what}")
        c.set_ttl(aid, 9, want=0x01, tail=tail)
    t.sent(member, c.relay, aid, out, "still as it was", ttl=3)


# ---- P13 ------------------------------------------------------------------

def p13_full_form(t):
    """27 octets each (Client.reply insists), unpopulated fields 0."""
    group, nothing = t.group(BOTH), t.group(NOTHING)
    c = t.enhanced()
    member = t.inside()
    aid = c.bound(group, RECV | SEND, ttl=3, local=member.addr).aid
    c.refused(0x11, nothing, RECV)
    c.refused(0x12, nothing, SEND, ttl=1)
    c.refused(0x10, group, RECV, aid=aid ^ 1)
    c.set_ttl(aid, 4)
    c.set_ttl(aid, 0, want=0x15)
    c.set_ttl(aid ^ 1, 4, want=0x10)
    c.release(aid ^ 1, RECV, want=0x10)
    c.release(aid, 0, want=0x13)
    c.release(aid)
    tid = c.next_tid()
    c.ask(control(0x42, 0xffff, 0xff, tid, aid, TWO)).check(0x07)


def p13_tid_is_echoed(t):
    c = t.enhanced()
    for tid in (0, 1, 0x00ff, 0xff00, 0x7fff, 0x8000, 0xffff):
        c.ask(control(0x42, tid=tid)).check(0x07)
        c.bind(t.group(NOTHING), RECV, tid=tid).check(0x11)
        c.ask(control(RELEASE, RECV, 0, tid, 7)).check(0x10, flags=RECV,
                                                       aid=7)


def p13_order_of_replies(t):
    """What is answered at once does not overtake what must be asked for."""
    c = t.enhanced()
    sent, want = b"", []
    for n in range(40):
        group, tid = t.group(BOTH), 10 * n
        both = RECV | SEND | MULTI
        for k, packet in enumerate((
                udp_bind(group, RECV | MULTI, tid=tid),
                control(0x42, tid=tid + 1),
                udp_bind(t.group(NOTHING), both, 1, tid + 2),
                udp_bind(group, both, 0, tid + 3, local=("0.0.0.0", 1000 + n)),
                control(RELEASE, SEND, 0, tid + 4, 0xdead),
                control(SETTTL, 0, 1, tid + 5, 0xdead),
                udp_bind(group, MULTI, tid=tid + 6),
                control(BIND, RECV | MULTI, 0, tid + 7))):
            sent += packet
            want.append((tid + k, (0x00, 0x07, 0x11, 0x15, 0x10, 0x10, 0x07,
                                   0x01)[k]))
    c.send(sent)
    got = [c.reply(what=f"reply {n} of {len(want)}")
           for n in range(len(want))]
    eq([(r.tid, r.code) for r in got], want, "TID and REPLY in order")
    c.silent("after all replies")


def p13_two_connections_do_not_wait_for_each_other(t):
    """A burst on one connection; another is answered meanwhile, and right."""
    a, b = t.enhanced(), t.enhanced(src=INSIDE[1])
    groups = [t.group(BOTH) for _ in range(100)]
    a.send(b"".join(udp_bind(g, RECV | MULTI, tid=n)
                    for n, g in enumerate(groups)))
    b.bound(t.group(BOTH))
    for n, g in enumerate(groups):
        a.reply(n).check(0, flags=RECV | MULTI | MU, aid=None, local=a.relay,
                         remote=g)


def p13_request_rsvd_of_a_receiver_is_unused(t):
    """RSVD without SEND-TO is unused, and never comes back."""
    c = t.enhanced()
    for ttl in (0, 1, 255):
        c.bound(t.group(RECEIVE), RECV, ttl=ttl)


def p13_datagrams_do_not_answer(t):
    """Nothing sent by UDP brings an answer on the control connection."""
    c = t.enhanced()
    member = t.inside()
    for raw in (b"", bytes(7), datagram(0, b"x"), datagram(9, b"x", rsv=1)):
        member.send(raw, c.relay)
    c.silent("datagrams")
    c.alive()
    if member.drain():
        raise Fail("a datagram was answered by a datagram")
