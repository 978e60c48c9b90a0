"""P26, P27, P31 to P37: datagrams, groups, release."""

import struct
import time

from conf import BOTH, DEFAULT, HIGH, served, under
from env import INSIDE, SERVER, SERVER2
from socks import (MM, MU, MULTI, RECV, SEND, TCPENC, UNICAST, Fail, Skip,
                   datagram, eq, udp_bind)

ALL = RECV | SEND
LARGEST = 65507 - 8         # so that header and data still fit a datagram


def sender(t, ttl=3, flags=SEND, host=INSIDE[0], kind=BOTH):
    """(group, connection, client's socket, AID, listener outside)"""
    group = t.group(kind)
    c = t.enhanced(src=host)
    member, listener = t.inside(host), t.listener(group)
    aid = c.bound(group, flags, ttl=ttl, local=member.addr).aid
    return group, c, member, aid, listener


def receiver(t, group, host=INSIDE[0], c=None, server=SERVER):
    """(client's socket, AID) of one more receiver"""
    c = c or t.enhanced(src=host, server=server)
    member = t.inside(host)
    return member, c.bound(group, RECV, local=member.addr).aid


# ---- P26 ------------------------------------------------------------------

def p26_dropped(t):
    """Each reason alone; no answer; then a good one is the first outside."""
    group, c, member, aid, listener = sender(t)
    same_host, other_host = t.inside(INSIDE[0]), t.inside(INSIDE[1],
                                                          member.port)
    back = t.sniff("in", "in0")
    data = t.payload()
    bad = [("an empty datagram", member, b"")]
    bad += [(f"{n} octets", member, datagram(aid, b"")[:n])
            for n in range(1, 8)]
    bad += [(f"RSV {rsv}", member, datagram(aid, data, rsv=rsv))
            for rsv in (1, 0x80, 0xff)]
    bad += [(f"AID {who:#x}", member, datagram(who, data))
            for who in (0, aid ^ 1, aid ^ 0x80000000, 0xffffffff,
                        struct.unpack("<L", struct.pack(">L", aid))[0])]
    bad += [("another port", same_host, datagram(aid, data)),
            ("another host", other_host, datagram(aid, data))]
    for what, who, raw in bad:
        who.send(raw, c.relay)
        t.sent(member, c.relay, aid, listener, f"after {what}")
    if back.not_tcp(0.1):
        raise Fail("a dropped datagram was answered")
    c.alive()


def p26_receivers_may_not_send(t):
    group = t.group(BOTH)
    c = t.enhanced()
    member, listener, out = t.inside(), t.listener(group), t.outside()
    aid = c.bound(group, RECV, local=member.addr).aid
    for _ in range(3):
        member.send(datagram(aid, t.payload()), c.relay)
    listener.silent("a receiver's datagram outside")
    t.heard(out, group, member, aid)


def p26_released_direction(t):
    group, c, member, aid, listener = sender(t, flags=ALL)
    t.sent(member, c.relay, aid, listener)
    c.release(aid, SEND)
    member.send(datagram(aid, t.payload()), c.relay)
    listener.silent("after RELEASE of SEND-TO")
    t.heard(t.outside(), group, member, aid)


def p26_fragments(t):
    if served("fragments"):
        raise Skip("see P28")
    _, c, member, aid, listener = sender(t)
    for frag in (1, 2, 127, 0x80, 0x81, 0x82, 0xff):
        member.send(datagram(aid, t.payload(), frag=frag, dgid=9), c.relay)
        t.sent(member, c.relay, aid, listener, f"after FRAG {frag:#x}")


def p26_dgid_of_a_whole_datagram(t):
    """DGID says nothing where FRAG is 0."""
    _, c, member, aid, listener = sender(t)
    for dgid in (0, 1, 0xffff):
        data = t.payload()
        member.send(datagram(aid, data, dgid=dgid), c.relay)
        listener.expect(data, what=f"DGID {dgid}")


def p26_empty_data(t):
    _, c, member, aid, listener = sender(t)
    member.send(datagram(aid, b""), c.relay)
    listener.expect(b"", what="an empty datagram outside")
    t.sent(member, c.relay, aid, listener)


def p26_nothing_but_the_data_goes_out(t):
    """Sizes around what one frame holds, up to the largest."""
    _, c, member, aid, listener = sender(t)
    for size in (1, 7, 8, 9, 15, 16, 1463, 1464, 1465, 1472, 1473, 8000,
                 LARGEST):
        data = t.payload(size)
        member.send(datagram(aid, data), c.relay)
        listener.expect(data, what=f"{size} octets outside")


# ---- P27 ------------------------------------------------------------------

def p27_header_and_source(t):
    group = t.group(BOTH)
    out = t.outside()
    for server in (SERVER, SERVER2):
        c = t.enhanced(server=server)
        member, aid = receiver(t, group, c=c)
        for size in (0, 1, 100, 1400):
            data = t.payload(size)
            out.send(data, group)
            got = member.expect(b"\0\0\0\0" + aid.to_bytes(4, "big") + data,
                                src=c.relay)
            eq(len(got[0]), 8 + size, "length")


# ---- P31 ------------------------------------------------------------------

def p31_needs_a_direction(t):
    """X'13' without either bit; FLAGS come back as they went."""
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group, ALL, ttl=3).aid
    for flags in (0, MULTI, MU | MULTI, UNICAST, TCPENC, 0x8000, 0xfffc):
        c.release(aid, flags, want=0x13)
    t.joined_now(group, 1, "nothing released")
    c.bound(group, ALL, ttl=3, aid=aid)


def p31_echoes_undefined_flags(t):
    c = t.enhanced()
    for flags in (RECV | 0x8000, SEND | 0xfff0, 0xffff, ALL | MULTI | MM,
                  ALL | UNICAST | TCPENC):
        aid = c.bound(t.group(BOTH), ALL, ttl=3).aid
        c.release(aid, flags)
        c.release(0x5a5a5a5a, flags, want=0x10)


def p31_one_direction_then_the_other(t):
    group, c, member, aid, listener = sender(t, flags=ALL)
    out = t.outside()
    c.release(aid, RECV)
    t.joined(group, 0, "RECEIVE-FROM released")
    out.send(t.payload(), group)
    t.sent(member, c.relay, aid, listener, "SEND-TO stands")
    member.silent("RECEIVE-FROM released")
    c.release(aid, RECV)                    # does not stand: succeeds
    t.sent(member, c.relay, aid, listener, "SEND-TO still stands")
    c.release(aid, SEND)
    c.release(aid, SEND, want=0x10)


def p31_direction_that_does_not_stand(t):
    group = t.group(BOTH)
    c = t.enhanced()
    member, aid = receiver(t, group, c=c)
    for _ in range(2):
        c.release(aid, SEND)
    t.joined_now(group, 1, "a receiver, SEND-TO released")
    t.heard(t.outside(), group, member, aid)
    c.release(aid, ALL)                     # draft 3.3.2.1: permissible
    t.joined(group, 0, "both released")
    c.release(aid, RECV, want=0x10)


def p31_framing_comes_first(t):
    c = t.enhanced()
    c.release(0x77777777, RECV, want=0x01, tail=b"\0")
    c.release(0x77777777, 0, want=0x01, tail=b"\0")
    c.set_ttl(0x77777777, 5, want=0x01, tail=b"\1\2\3")
    c.set_ttl(0x77777777, 0, want=0x01, tail=b"\1\2\3")


def p31_released_receiver_hears_no_more(t):
    """And the other receiver of the group still does."""
    group = t.group(BOTH)
    out = t.outside()
    c = t.enhanced()
    first, aid1 = receiver(t, group, c=c)
    second, aid2 = receiver(t, group, c=c)
    t.heard(out, group, first, aid1)
    second.get()
    c.release(aid1, RECV)
    t.heard(out, group, second, aid2)
    t.joined_now(group, 1, "one receiver left")
    first.silent("released")


# ---- P32 ------------------------------------------------------------------

def p32_end_of_the_connection(t):
    """FIN, close and RST: groups, AIDs and relaying end at once."""
    for what in ("fin", "close", "reset"):
        group = t.group(BOTH)
        c, witness = t.enhanced(), t.enhanced(src=INSIDE[1])
        member, listener = t.inside(), t.listener(group)
        aid = c.bound(group, ALL, ttl=3, local=member.addr).aid
        t.joined_now(group, 1, "bound")
        relay = c.relay
        getattr(c, what)()
        t.joined(group, 0, what)
        if what == "fin":
            c.closed("after our FIN")
        witness.refused(0x10, group, aid=aid)
        member.send(datagram(aid, t.payload()), relay)
        listener.silent(f"after {what}", 0.1)


def p32_others_go_on(t):
    """Another connection's receiver of the same group is not disturbed."""
    group = t.group(BOTH)
    out = t.outside()
    first = t.enhanced()
    receiver(t, group, c=first)
    member, aid = receiver(t, group, INSIDE[1])
    t.joined_now(group, 1, "two receivers")
    first.fin()
    first.closed("after our FIN")
    for _ in range(3):
        t.heard(out, group, member, aid)
    t.joined_now(group, 1, "one receiver left")


def p32_many_associations(t):
    """Fifty groups and as many senders end with their connection."""
    c = t.enhanced()
    groups = [t.group(BOTH) for _ in range(50)]
    c.send(b"".join(udp_bind(g, ALL | MULTI, 1, n)
                    for n, g in enumerate(groups)))
    for n, group in enumerate(groups):
        c.reply(n).check(0, ALL | MULTI | MU, None, c.relay, group)
    eq([t.net.igmp(g) for g in groups], [1] * 50, "memberships")
    c.fin()
    t.until(lambda: not any(t.net.igmp(g) for g in groups),
            "all memberships gone", 2)


def p32_close_while_asking(t):
    """A FIN behind requests that are still being judged leaves nothing."""
    groups = []
    for n in range(20):
        c = t.enhanced()
        mine = [t.group(BOTH) for _ in range(8)]
        groups += mine
        c.send(b"".join(udp_bind(g, RECV | MULTI) for g in mine))
        if n % 2:
            c.fin()
        else:
            c.reset()
    # the last membership may only now come, and go: watch for a while
    quiet = 0
    end = time.monotonic() + 5
    while quiet < 10 and time.monotonic() < end:
        quiet = 0 if any(t.net.igmp(g) for g in groups) else quiet + 1
        time.sleep(0.03)
    eq([g for g in groups if t.net.igmp(g)], [], "groups still joined")
    t.enhanced().bound(t.group(BOTH))


# ---- P33 ------------------------------------------------------------------

def p33_ttl_on_the_wire(t):
    for kind, ttls in ((BOTH, (1, 2, 31, 32)), (DEFAULT, (1, 15)),
                       (HIGH, (1, 64, 128, 255))):
        for ttl in ttls:
            _, c, member, aid, listener = sender(t, ttl=ttl, kind=kind)
            t.sent(member, c.relay, aid, listener, f"TTL {ttl}", ttl=ttl)


def p33_refused_ttl(t):
    c = t.enhanced()
    for kind, ttl in ((BOTH, 0), (BOTH, 33), (BOTH, 255), (DEFAULT, 0),
                      (DEFAULT, 16), (DEFAULT, 255), (HIGH, 0)):
        c.refused(0x15, t.group(kind), SEND, ttl=ttl)


@under("limits")
def p33_max_ttl(t):
    """`set max-ttl` is the bound of rules without ttl."""
    c = t.enhanced()
    group = t.group(BOTH)
    c.refused(0x15, group, SEND, ttl=6)
    c.bound(group, SEND, ttl=5)


def p33_each_association_has_its_own(t):
    """Two senders of one group, datagrams mixed."""
    group, c, first, aid1, listener = sender(t, ttl=3)
    second = t.inside()
    aid2 = c.bound(group, SEND, ttl=17, local=second.addr).aid
    for _ in range(10):
        t.sent(first, c.relay, aid1, listener, ttl=3)
        t.sent(second, c.relay, aid2, listener, ttl=17)
    burst = [(first, aid1, 3), (second, aid2, 17)] * 20
    sent = {}
    for who, aid, ttl in burst:
        data = t.payload()
        sent[data] = ttl
        who.send(datagram(aid, data), c.relay)
    for _ in burst:
        data, _, ttl = listener.get()
        eq(ttl, sent.pop(data, None), "TTL in a burst")


# ---- P34 ------------------------------------------------------------------

def p34_mode(t):
    """MU is the default; no preference, or both, is MU; MM is told as MU
    while it is not served."""
    c = t.enhanced()
    for flags in (RECV, SEND, ALL):
        for mode in (0, MU, MM | MU) + (() if served("mm") else (MM,)):
            c.bound(t.group(BOTH), flags | mode, ttl=3)


def p34_granted_mode_is_the_real_one(t):
    """Told MU after asking for MM: the datagrams come by unicast."""
    if served("mm"):
        raise Skip("see P38")
    group = t.group(BOTH)
    c = t.enhanced()
    member, listener = t.inside(), t.listener(group)
    aid = c.bound(group, ALL | MM, ttl=3, local=member.addr).aid
    t.heard(t.outside(), group, member, aid)
    t.sent(member, c.relay, aid, listener)
    t.joined_now(group, 0, "MU-mode", "fwin")


# ---- P35 ------------------------------------------------------------------

def p35_joined_once(t):
    """One membership, on the egress interface only, however many receive;
    left with the last."""
    group = t.group(BOTH)
    clients = [t.enhanced(src=INSIDE[n]) for n in range(4)]
    aids = [[c.bound(group, RECV, local=("0.0.0.0", 6000 + n)).aid
             for n in range(3)] for c in clients]
    t.joined_now(group, 1, "twelve receivers")
    for dev in ("fwin", "fwout2", "lo"):
        t.joined_now(group, 0, "twelve receivers", dev)
    for c, mine in zip(clients, aids):
        for aid in mine:
            t.joined_now(group, 1, "some receivers")
            c.release(aid)
    t.joined(group, 0, "no receiver")
    clients[0].bound(group)
    t.joined_now(group, 1, "joined again")


def p35_senders_do_not_join(t):
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group, SEND, ttl=3).aid
    t.joined_now(group, 0, "a sender")
    c.bound(group, RECV, aid=aid)
    t.joined_now(group, 1, "and receiver")
    c.release(aid, RECV)
    t.joined(group, 0, "a sender again")


def p35_kernel_refuses(t):
    """The kernel's own limit: X'01', logged, and nothing is left."""
    key = "ipv4/igmp_max_memberships"
    group = t.group(BOTH)
    c = t.enhanced()
    with t.net.ns("fw"):
        with open(f"/proc/sys/net/{key}", encoding="ascii") as file:
            before = file.read().strip()
        t.net.sysctl(key, 0)
    try:
        c.bind(group, RECV).check(0x01, flags=None)
        c.bound(group, SEND, ttl=3)
    finally:
        with t.net.ns("fw"):
            t.net.sysctl(key, before)
    t.until(lambda: group[0] in t.log(), "the failed join in the log")
    c.bound(group, RECV)
    t.joined_now(group, 1, "joined at last")


@under("limits")
def p35_configured_limits(t):
    """`set limit groups` and associations-per-session: X'11' and X'12'."""
    c, other = t.enhanced(), t.enhanced(src=INSIDE[1])
    groups = [t.group(BOTH) for _ in range(5)]
    aids = [c.bound(g).aid for g in groups[:4]]
    c.bind(groups[4]).check(0x11, flags=None)
    other.bound(groups[0])                  # no new group
    c.release(aids[3])
    t.joined(groups[3], 0, "released")
    aid = c.bound(groups[4]).aid
    c.release(aid)
    one = groups[0]
    for n in range(3):
        c.bound(one, SEND, ttl=3, local=("0.0.0.0", 6000 + n))
    c.bind(one, SEND, 3, local=("0.0.0.0", 6009)).check(0x12, flags=None)
    c.alive()


# ---- P36 ------------------------------------------------------------------

def p36_each_receiver_its_own_aid(t):
    """Two hosts, two sockets of one host, two of one connection, and one
    behind the server's other address: one copy each."""
    group = t.group(BOTH)
    out, second = t.outside(), t.outside("192.0.2.11")
    c = t.enhanced(src=INSIDE[0])
    members = [receiver(t, group, INSIDE[0], c=c),
               receiver(t, group, INSIDE[0], c=c),
               receiver(t, group, INSIDE[0]), receiver(t, group, INSIDE[1]),
               receiver(t, group, INSIDE[2], server=SERVER2)]
    eq(len({aid for _, aid in members}), 5, "different AIDs")
    for who in (out, second, out):
        data = t.payload()
        who.send(data, group)
        for member, aid in members:
            member.expect(datagram(aid, data))
    for member, _ in members:
        member.silent("a second copy", 0.05)


def p36_sizes(t):
    group = t.group(BOTH)
    out = t.outside()
    members = [receiver(t, group, INSIDE[n]) for n in range(2)]
    for size in (0, 1, 15, 16, 1463, 1464, 1465, 1472, 1473, 8000, LARGEST):
        data = t.payload(size)
        out.send(data, group)
        for member, aid in members:
            member.expect(datagram(aid, data), what=f"{size} octets")


def p36_bursts(t):
    """All of a burst, in order and unchanged, for equal sizes and mixed;
    with one short at the end, and empty ones among them."""
    group = t.group(BOTH)
    out = t.outside()
    members = [receiver(t, group, INSIDE[n]) for n in range(3)]
    sizes = [[100] * 60, [1316] * 40, [1400] * 20 + [3],
             [(n * 37) % 1400 for n in range(60)],
             [200, 0] * 20, [500, 500, 400, 500, 600] * 8]
    for plan in sizes:
        burst = [n.to_bytes(2, "big")[:size] + t.payload(max(size - 2, 0))
                 for n, size in enumerate(plan)]
        for data in burst:
            out.send(data, group)
        for member, aid in members:
            for n, data in enumerate(burst):
                member.expect(datagram(aid, data),
                              what=f"{n} of {len(burst)}")


def p36_first_datagrams_of_a_source(t):
    """A burst from a source never heard before: none is lost while its
    verdict is sought."""
    for _ in range(10):
        group = t.group(BOTH)
        member, aid = receiver(t, group)
        out = t.outside()
        burst = [t.payload() for _ in range(60)]
        for data in burst:
            out.send(data, group)
        for n, data in enumerate(burst):
            member.expect(datagram(aid, data), what=f"{n} of {len(burst)}")


# ---- P37 ------------------------------------------------------------------

def p37_outside_and_to_other_members(t):
    """To the group with its TTL, to every other receiver with that one's
    AID, never back to the sender."""
    group, c, member, aid, listener = sender(t, ttl=6, flags=ALL)
    others = [receiver(t, group, INSIDE[0], c=c),
              receiver(t, group, INSIDE[0]), receiver(t, group, INSIDE[1]),
              receiver(t, group, INSIDE[2], server=SERVER2)]
    for _ in range(3):
        data = t.payload()
        member.send(datagram(aid, data), c.relay)
        got = listener.expect(data, ttl=6)
        eq(got[1][0], "192.0.2.1", "source address outside")
        for other, its in others:
            other.expect(datagram(its, data))
    listener.silent("a second copy outside", 0.1)
    for other, _ in others:
        other.silent("a second copy", 0.05)
    member.silent("back to the sender")
    t.heard(t.outside(), group, member, aid)


def p37_sender_only(t):
    """A sender that does not receive reaches the members, too."""
    group, c, member, aid, listener = sender(t, ttl=1)
    other, its = receiver(t, group, INSIDE[1])
    data = t.payload()
    member.send(datagram(aid, data), c.relay)
    listener.expect(data, ttl=1)
    other.expect(datagram(its, data))
    t.outside().send(t.payload(), group)
    other.get("the outsider's")
    member.silent("a sender that does not receive")


def p37_two_members_talk(t):
    """Both send and receive: each hears the other, and never itself."""
    group, a, first, aid1, listener = sender(t, ttl=2, flags=ALL)
    b = t.enhanced(src=INSIDE[1])
    second = t.inside(INSIDE[1])
    aid2 = b.bound(group, ALL, ttl=9, local=second.addr).aid
    for _ in range(5):
        for c, me, aid, you, its, ttl in ((a, first, aid1, second, aid2, 2),
                                          (b, second, aid2, first, aid1, 9)):
            data = t.payload()
            me.send(datagram(aid, data), c.relay)
            you.expect(datagram(its, data))
            listener.expect(data, ttl=ttl)
    first.silent("itself")
    second.silent("itself", 0.05)


def p37_only_this_group(t):
    """Not to receivers of another group, or of another port of it."""
    group, c, member, aid, listener = sender(t)
    right, its = receiver(t, group, INSIDE[1])
    wrong = [receiver(t, t.group(BOTH), INSIDE[1])[0],
             receiver(t, (group[0], 5001), INSIDE[1])[0]]
    data = t.payload()
    member.send(datagram(aid, data), c.relay)
    right.expect(datagram(its, data))
    listener.expect(data)
    for who in wrong:
        who.silent("another group or port", 0.15)
