"""P14 to P18: UDP BIND, the order of its faults, its flags, its AID."""

from conf import (BOTH, DEFAULT, NOTHING, RECEIVE, SENDING, served, unless)
from socks import (ANY, BIND, MM, MU, MULTI, RECV, SEND, TCPENC, UNICAST, Fail,
                   addr4, control, eq, name, udp_bind)

STRANGER = ("10.0.0.3", 6000)       # not the host that asks
ALL = RECV | SEND


# ---- P14 ------------------------------------------------------------------

def p14_unknown_command(t):
    c = t.enhanced()
    two = addr4(*ANY) * 2
    for cmd in (0x00, 0x01, 0x04, 0x08, 0x42, 0x7f, 0xff):
        for tail in (b"", two, two + b"\0", b"\xff" * 14, bytes(500)):
            for flags, aid in ((0, 0), (0xffff, 0xffffffff)):
                tid = c.next_tid()
                got = c.ask(control(cmd, flags, 255, tid, aid, tail))
                got.check(0x07)


def p14_order_of_faults(t):
    """Each fault of UDP BIND together with each that ranks below it."""
    group, other = t.group(BOTH), t.group(BOTH)
    nothing, notgroup = t.group(NOTHING), ("192.0.2.10", 5000)
    c = t.enhanced()
    member = t.inside()
    aid = c.bound(group, RECV, local=member.addr).aid
    unknown = (aid + 1) & 0xffffffff or 1
    # fault: what it changes in a faultless request (a key of None: none)
    faults = [
        (0x01, "an octet left over", {"more": b"\0"}),
        (0x07, "no direction", {"flags": MULTI}),
        (0x07, "MM-MODE encapsulated", {"flags": ALL | MULTI | MM | TCPENC}),
        (0x10, "unknown AID", {"aid": unknown}),
        (0x14, "not a group", {"group": notgroup}),
        (0x14, "group port 0", {"group": (group[0], 0)}),
        (0x13, "another group on an AID", {"aid": aid, "group": other}),
        (0x13, "another LOCAL on an AID", {"aid": aid,
                                           "local": (member.addr[0], 1)}),
        (0x13, "another host on an AID", {"aid": aid, "local": STRANGER}),
        (0x02, "a third party as LOCAL", {"local": STRANGER}),
        (0x11, "no rule", {"group": nothing}),
        (0x15, "TTL 0", {"ttl": 0}),
        (0x15, "TTL too high", {"ttl": 33}),
    ]

    def ask(*changes):
        want = {"flags": ALL | MULTI, "ttl": 5, "aid": 0, "local": ANY,
                "group": other, "more": b""}
        for change in changes:
            want.update(change)
        tail = addr4(*want["local"]) + addr4(*want["group"]) + want["more"]
        tid = c.next_tid()
        return c.ask(control(BIND, want["flags"], want["ttl"], tid,
                             want["aid"], tail))

    for i, (code, what, change) in enumerate(faults):
        got = ask(change)
        check_fault(got, code, what)
        for later, also, more in faults[i + 1:]:
            if set(change) & set(more) or later == code or \
                    {code, later} == {0x02, 0x11}:
                continue            # not both at once, or of one rank
            check_fault(ask(change, more), code, f"{what}, {also}")
    ask().check(0x00, flags=ALL | MULTI | MU, aid=None, local=c.relay,
                remote=other)


def check_fault(got, code, what):
    try:
        # P16: with X'15' what the ruleset grants but SEND-TO, else nothing
        got.check(code, flags=RECV if code == 0x15 else 0)
    except Fail as why:
        raise Fail(f"{what}: {why}") from None


def p14_address_types_in_the_order_of_octets(t):
    group = t.group(BOTH)
    good, cut = addr4(*group), addr4(*group)[:4]
    c = t.enhanced()
    for what, tail, code in (
            ("LOCAL as a name", name("localhost", 1) + good, 0x08),
            ("LOCAL as an empty name", b"\3\0\0\1" + good, 0x08),
            ("LOCAL as a malformed name", name("a\0b", 1) + good, 0x08),
            ("LOCAL as a name, REMOTE cut", name("x", 1) + cut, 0x08),
            ("LOCAL's ATYP 2", b"\2" + bytes(6) + good, 0x08),
            ("LOCAL's ATYP 0", bytes(7) + good, 0x08),
            ("LOCAL's ATYP 255 alone", b"\xff", 0x08),
            ("REMOTE's ATYP 2", addr4(*ANY) + b"\2" + bytes(6), 0x08),
            ("REMOTE's ATYP 0 alone", addr4(*ANY) + b"\0", 0x08),
            ("REMOTE's ATYP 5, octets left over",
             addr4(*ANY) + b"\5" + bytes(60), 0x08),
            ("LOCAL cut, no REMOTE", addr4(*ANY)[:6], 0x01),
            ("LOCAL good, REMOTE cut", addr4(*ANY) + cut, 0x01)):
        for flags in (RECV | MULTI, 0, MULTI, UNICAST | TCPENC):
            tid = c.next_tid()
            got = c.ask(control(BIND, flags, 0, tid, 0xdead, tail), what)
            check_fault(got, code, what)
    c.bound(group)


def p14_not_a_group(t):
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group).aid
    for host in ("192.0.2.10", "223.255.255.255", "240.0.0.1", "0.0.0.0",
                 "255.255.255.255", "127.0.0.1", "10.0.0.2"):
        c.refused(0x14, (host, 5000), RECV)
        c.refused(0x14, (host, 5000), ALL, ttl=3)
        c.refused(0x14, (host, 5000), RECV, aid=aid)
    c.refused(0x14, (group[0], 0), RECV)
    c.refused(0x14, (group[0], 0), RECV, aid=aid)
    t.joined_now(group, 1, "after the faults")


def p14_every_failure_keeps_the_connection(t):
    c = t.enhanced()
    for _ in range(3):
        c.refused(0x11, t.group(NOTHING))
        c.refused(0x12, t.group(NOTHING), SEND, ttl=1)
        c.refused(0x14, ("10.1.1.1", 5000))
        c.release(0x1234, want=0x10)
        c.set_ttl(0x1234, 5, want=0x10)
        c.silent("after failures", 0.05)
    c.bound(t.group(BOTH))


# ---- P15 ------------------------------------------------------------------

def p15_contradictory_flags(t):
    group = t.group(BOTH)
    c = t.enhanced()
    for flags in (MULTI, MULTI | MU, MULTI | UNICAST, MULTI | TCPENC,
                  0, UNICAST, TCPENC, 0xfff0 & ~TCPENC,
                  ALL | UNICAST | TCPENC, RECV | MULTI | UNICAST | TCPENC,
                  RECV | MULTI | MM | TCPENC, SEND | MULTI | MM | TCPENC,
                  ALL | MULTI | MU | MM | TCPENC):
        tid = c.next_tid()
        got = c.ask(udp_bind(group, flags, 3, tid))
        check_fault(got, 0x07, f"FLAGS {flags:#06x}")
    t.joined_now(group, 0, "contradictory flags")


def p15_undefined_bits(t):
    """Ignored, and never set in a reply (c.bound compares all of FLAGS)."""
    c = t.enhanced()
    for bit in (0x0080, 0x0100, 0x0200, 0x0400, 0x0800, 0x1000, 0x2000,
                0x4000, 0x8000, 0xff80):
        c.bound(t.group(BOTH), RECV | bit)
        c.bound(t.group(BOTH), ALL | bit, ttl=3)
        c.refused(0x11, t.group(NOTHING), ALL | bit, ttl=3)


def p15_unicast_bit_of_a_multicast_request(t):
    """UDP-UNICAST means 'not encapsulated' there; P16 gives it back."""
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    group = t.group(BOTH)
    aid = c.bound(group, RECV | UNICAST, local=member.addr).aid
    t.heard(out, group, member, aid)


def p15_tcp_encapsulated_multicast(t):
    group = t.group(BOTH)
    c = t.enhanced()
    got = c.bind(group, RECV | TCPENC)
    if served("tcp-encapsulation"):
        got.check(0x00, flags=RECV | TCPENC | MULTI | MU, aid=None,
                  local=c.server, remote=group)
    else:
        got.check(0x07)
        t.joined_now(group, 0, "refused")


def p15_unicast_and_neither(t):
    """Neither kind of bit is taken as UDP-UNICAST."""
    c = t.enhanced()
    for flags in (ALL, ALL | UNICAST, RECV, SEND | UNICAST):
        tid = c.next_tid()
        got = c.ask(udp_bind(("192.0.2.10", 7000), flags, 0, tid))
        if not served("unicast"):
            got.check(0x07)
            continue
        got.check(0x00, flags=(flags & ALL) | UNICAST, aid=None,
                  local=c.relay, remote=None)
        eq(got.remote[0], "192.0.2.1", "egress address (P22)")


# ---- P16 ------------------------------------------------------------------

def p16_flags_of_success(t):
    """Exactly what was asked for, UDP-MULTICAST, and one mode."""
    c = t.enhanced()
    for flags in (RECV, SEND, ALL):
        for more in (0, MU, UNICAST, MU | UNICAST):
            c.bound(t.group(BOTH), flags | more, ttl=3)


def p16_flags_of_failure(t):
    """Of the directions asked for, those the ruleset would have granted."""
    c = t.enhanced()
    for kind, flags, ttl, want, left in (
            (NOTHING, RECV, 0, 0x11, 0), (NOTHING, SEND, 3, 0x12, 0),
            (NOTHING, ALL, 3, 0x11, 0),
            (RECEIVE, ALL, 3, 0x12, RECV), (RECEIVE, SEND, 3, 0x12, 0),
            (SENDING, ALL, 3, 0x11, SEND), (SENDING, RECV, 0, 0x11, 0),
            (BOTH, ALL, 0, 0x15, RECV), (BOTH, ALL, 33, 0x15, RECV),
            (BOTH, SEND, 0, 0x15, 0), (BOTH, SEND, 33, 0x15, 0),
            (DEFAULT, ALL, 16, 0x15, RECV),
            (SENDING, ALL, 0, 0x11, None), (RECEIVE, ALL, 0, 0x12, RECV)):
        for more in (0, MU, UNICAST, 0x8000):
            group = t.group(kind)
            # a refused receiver with a TTL that is refused, too: P16 leaves
            # open whether SEND-TO would have been granted
            c.refused(want, group, flags | more, ttl, left=left)
            t.joined_now(group, 0, f"{flags:#x} refused")


def p16_nothing_was_changed(t):
    """A failed second UDP BIND leaves the association as it was."""
    group = t.group(RECEIVE)
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    aid = c.bound(group, local=member.addr).aid
    c.refused(0x12, group, ALL, ttl=3, aid=aid, left=RECV)
    c.refused(0x12, group, SEND, ttl=3, aid=aid)
    c.set_ttl(aid, 3, want=0x13)
    t.heard(out, group, member, aid)

    group = t.group(SENDING)
    listener = t.listener(group)
    aid = c.bound(group, SEND, ttl=7, local=member.addr).aid
    c.refused(0x11, group, ALL, ttl=9, aid=aid, left=SEND)
    c.refused(0x15, group, SEND, ttl=33, aid=aid)
    c.refused(0x15, group, SEND, ttl=0, aid=aid)
    t.joined_now(group, 0, "refused")
    t.sent(member, c.relay, aid, listener, ttl=7)


# ---- P17 ------------------------------------------------------------------

def p17_all_or_nothing(t):
    c = t.enhanced()
    for kind, want, left in ((RECEIVE, 0x12, RECV), (SENDING, 0x11, SEND)):
        group = t.group(kind)
        c.refused(want, group, ALL, ttl=3, left=left)
        t.joined_now(group, 0, "all or nothing")
        half = c.bound(group, left, ttl=3).aid
        c.release(half)


def p17_judged_by_address_and_port(t):
    """The same group is open to one host and not to another, and open on
    some ports only."""
    from conf import HOST3
    a, b = t.enhanced(src="10.0.0.2"), t.enhanced(src="10.0.0.3")
    group = t.group(HOST3)
    a.refused(0x11, group)
    b.bound(group)
    for port in (1, 4999, 6000, 65535):
        a.refused(0x11, t.group(BOTH, port), ALL, ttl=3)
    for port in (5000, 5999):
        a.bound(t.group(BOTH, port), ALL, ttl=3)


def p17_judged_by_user(t):
    from conf import ALICE, PASSWORD
    group = t.group(ALICE)
    t.enhanced(port=1081, user=("alice", PASSWORD)).bound(group, ALL, ttl=3)
    t.enhanced(port=1081, user=("bob", PASSWORD)).refused(0x11, group, ALL,
                                                          ttl=3)
    t.enhanced().refused(0x12, group, SEND, ttl=3)


def p17_unicast(t):
    """X'02' for unicast, FLAGS with what stands open."""
    c = t.enhanced()
    tid = c.next_tid()
    got = c.ask(udp_bind(("192.0.2.10", 9), ALL | UNICAST, 0, tid))
    got.check(unless("unicast", 0x02))


# ---- P18 ------------------------------------------------------------------

def p18_aid_of_another_connection(t):
    """Not told from one that does not exist: but for TID, the same reply."""
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced()
    member, out = t.inside(), t.outside()
    aid = a.bound(group, ALL, ttl=3, local=member.addr).aid
    for who in (aid, (aid + 1) & 0xffffffff or 1):
        b.refused(0x10, group, RECV, aid=who)
        b.refused(0x10, group, ALL, ttl=3, aid=who, local=member.addr)
        b.release(who, want=0x10)
        b.set_ttl(who, 5, want=0x10)
    t.heard(out, group, member, aid, "unharmed")


def p18_released_aid(t):
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group).aid
    c.release(aid)
    c.refused(0x10, group, aid=aid)
    c.release(aid, want=0x10)
    c.set_ttl(aid, 5, want=0x10)


def p18_adding_a_direction(t):
    """The same AID, in either order; FLAGS of what was asked for now."""
    for first, second, ttl in ((RECV, SEND, 4), (SEND, RECV, 3),
                               (RECV, ALL, 4), (SEND, ALL, 4)):
        group = t.group(BOTH)
        c = t.enhanced()
        member, out = t.inside(), t.outside()
        listener = t.listener(group)
        aid = c.bound(group, first, ttl=3, local=member.addr).aid
        c.bound(group, second, ttl=4, aid=aid, local=member.addr)
        t.joined_now(group, 1, "both directions")
        t.heard(out, group, member, aid)
        t.sent(member, c.relay, aid, listener, ttl=ttl)


def p18_mismatch(t):
    group, other = t.group(BOTH), t.group(BOTH)
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    aid = c.bound(group, local=member.addr).aid
    port = member.port
    for what, where, local in (
            ("another group", other, member.addr),
            ("another group port", (group[0], 5001), member.addr),
            ("another LOCAL port", group, (member.addr[0], port ^ 1)),
            ("0.0.0.0 and another port", group, ("0.0.0.0", port ^ 1)),
            ("another host", group, (STRANGER[0], port))):
        for flags in (RECV, SEND, ALL):
            got = c.bind(where, flags, 3, aid, local)
            check_fault(got, 0x13, what)
    t.joined_now(other, 0, "mismatch")
    if served("tcp-encapsulation"):
        c.refused(0x13, group, RECV | TCPENC, aid=aid, local=member.addr)
    t.heard(out, group, member, aid)


def p18_local_port_zero_matches(t):
    """In the request any port; in the association the one still unknown."""
    group = t.group(BOTH)
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    aid = c.bound(group, local=member.addr).aid
    for local in (ANY, (member.addr[0], 0), ("0.0.0.0", member.port)):
        c.bound(group, aid=aid, local=local)
    t.heard(out, group, member, aid, "the port stays")
    group = t.group(BOTH)
    aid = c.bound(group, local=ANY).aid
    c.bound(group, SEND, ttl=3, aid=aid, local=(member.addr[0], 7777))


def p18_asking_again_changes_nothing(t):
    """One membership however often, gone after one release."""
    group = t.group(BOTH)
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    aid = c.bound(group, local=member.addr).aid
    for _ in range(5):
        c.bound(group, aid=aid, local=member.addr)
    t.joined_now(group, 1, "asked six times")
    t.heard(out, group, member, aid)
    c.release(aid, RECV)
    t.joined(group, 0, "released once")
    c.release(aid, RECV, want=0x10)


def p18_asking_again_sets_the_ttl(t):
    group = t.group(BOTH)
    c = t.enhanced()
    member, listener = t.inside(), t.listener(group)
    aid = c.bound(group, ALL, ttl=5, local=member.addr).aid
    for flags, ttl, now in ((SEND, 9, 9), (ALL, 7, 7), (RECV, 20, 7),
                            (RECV, 0, 7), (SEND, 32, 32), (SEND, 1, 1)):
        c.bound(group, flags, ttl=ttl, aid=aid, local=member.addr)
        t.sent(member, c.relay, aid, listener, f"asked with {ttl}", ttl=now)
    c.refused(0x15, group, SEND, ttl=33, aid=aid)
    c.refused(0x15, group, SEND, ttl=0, aid=aid)
    t.sent(member, c.relay, aid, listener, "refused", ttl=1)


def p18_mode_preference_is_ignored(t):
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group, RECV | MU).aid
    for more in (MM, MU, MM | MU, 0):
        c.bound(group, RECV | more, aid=aid)


def p18_unicast_on_a_multicast_association(t):
    """X'13' once unicast is served (P14 ranks it before X'14')."""
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group).aid
    tid = c.next_tid()
    got = c.ask(udp_bind(group, RECV | UNICAST, 0, tid, aid))
    got.check(unless("unicast", 0x13))
    t.joined_now(group, 1, "unharmed")


def p18_remote_as_a_name(t):
    """Compared by its address (P4: a dotted quad is that address)."""
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group).aid
    c.bind(name(*group), RECV, aid=aid).check(
        0x00, flags=RECV | MULTI | MU, aid=aid, local=c.relay, remote=group)
