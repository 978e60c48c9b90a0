"""P19 to P22: the AID, and the addresses in requests and replies."""

from conf import BOTH, RECEIVE, SENDING, served, under, unless
from env import INSIDE, SERVER, SERVER2
from socks import (ANY, MULTI, MU, RECV, RELEASE, SEND, TCPENC, UNICAST,
                   Fail, control, datagram, eq, udp_bind)

ROUNDS, BATCH = 20, 100


# ---- P19 ------------------------------------------------------------------

def p19_two_thousand_aids(t):
    """Never 0, never twice, and nothing to be guessed from the last."""
    group = t.group(SENDING)
    c = t.enhanced()
    aids = []
    for _ in range(ROUNDS):
        c.send(b"".join(udp_bind(group, SEND | MULTI, 3, n)
                        for n in range(BATCH)))
        fresh = [c.reply(n).check(0, SEND | MULTI | MU, None, c.relay,
                                  group).aid for n in range(BATCH)]
        c.send(b"".join(control(RELEASE, SEND, 0, n, aid)
                        for n, aid in enumerate(fresh)))
        for n, aid in enumerate(fresh):
            c.reply(n).check(0, SEND, aid)
        aids += fresh
    eq(0 in aids, False, "AID 0")
    eq(len(set(aids)), len(aids), "different AIDs")
    # 2,000 random values spread; counters and their kin do not
    for shift in (0, 8, 16):
        if len({aid >> shift & 0xffff for aid in aids}) < 1800:
            raise Fail(f"16 bits of the AIDs at {shift} hardly vary")
    if len({(b - a) & 0xffffffff for a, b in zip(aids, aids[1:])}) < 1990:
        raise Fail("the distances between AIDs repeat")


def p19_receivers_and_connections(t):
    """Distinct across connections, hosts, directions."""
    clients = [t.enhanced(src=INSIDE[n % 4]) for n in range(8)]
    aids = [c.bound(t.group(BOTH), flags, ttl=1).aid
            for c in clients for flags in (RECV, SEND, RECV | SEND)
            for _ in range(5)]
    eq(len(set(aids)), len(aids), "different AIDs")


def p19_old_aid_is_dead(t):
    """A datagram with a former owner's AID reaches nobody."""
    group = t.group(BOTH)
    c = t.enhanced()
    member, listener = t.inside(), t.listener(group)
    old = c.bound(group, SEND, ttl=3, local=member.addr).aid
    t.sent(member, c.relay, old, listener)
    c.release(old)
    new = c.bound(group, SEND, ttl=3, local=member.addr).aid
    member.send(datagram(old, b"from the past"), c.relay)
    t.sent(member, c.relay, new, listener, "first that came outside")


# ---- P20 ------------------------------------------------------------------

def p20_unspecified_local_is_the_peer(t):
    """0.0.0.0 with a port: that port of the control connection's host, and
    of no other."""
    group = t.group(BOTH)
    c = t.enhanced(src=INSIDE[0])
    member = t.inside(INSIDE[0])
    other = t.inside(INSIDE[1], member.port)
    listener, out = t.listener(group), t.outside()
    aid = c.bound(group, RECV | SEND, ttl=3,
                  local=("0.0.0.0", member.port)).aid
    t.heard(out, group, member, aid)
    other.send(datagram(aid, b"another host, same port"), c.relay)
    t.sent(member, c.relay, aid, listener, "first that came outside")
    other.silent("another host")


def p20_third_party(t):
    """Another address than the peer's: X'02', and nothing is created."""
    c = t.enhanced(src=INSIDE[0])
    for host in (INSIDE[1], SERVER, "192.0.2.10", "127.0.0.1",
                 "255.255.255.255", "239.1.1.1", "10.0.0.255"):
        for flags in (RECV, SEND, RECV | SEND):
            group = t.group(BOTH)
            c.refused(0x02, group, flags, ttl=3, local=(host, 6000))
            t.joined_now(group, 0, f"LOCAL {host}")
    c.refused(0x02, t.group(BOTH), local=(INSIDE[1], 0))


@under("local-any")
def p20_local_any(t):
    """The rule's `local any` lifts that."""
    group = t.group(BOTH)
    c = t.enhanced(src=INSIDE[0])
    third, out = t.inside(INSIDE[1]), t.outside()
    aid = c.bound(group, RECV, local=third.addr).aid
    t.heard(out, group, third, aid)


def p20_port_is_learnt(t):
    """Until the first valid datagram nothing goes to the client, then all
    goes there, and later ports do not move it."""
    group = t.group(BOTH)
    c = t.enhanced()
    wire = t.sniff("in", "in0")
    member, second = t.inside(), t.inside()
    listener, out = t.listener(group), t.outside()
    aid = c.bound(group, RECV | SEND, ttl=3, local=ANY).aid
    for _ in range(5):
        out.send(t.payload(), group)
    eq(wire.not_tcp(0.3), [], "before the port is learnt")
    t.sent(member, c.relay, aid, listener, "the first datagram")
    t.heard(out, group, member, aid, "learnt")
    second.send(datagram(aid, b"from a second port"), c.relay)
    t.sent(member, c.relay, aid, listener, "first that came outside")
    t.heard(out, group, member, aid, "not moved")
    second.silent("a second port")


def p20_what_does_not_teach(t):
    """Not valid: too short, RSV, another AID, another host."""
    group = t.group(BOTH)
    c = t.enhanced(src=INSIDE[0])
    wrong, foreign = t.inside(INSIDE[0]), t.inside(INSIDE[1])
    right, out = t.inside(INSIDE[0]), t.outside()
    listener = t.listener(group)
    aid = c.bound(group, RECV | SEND, ttl=3, local=ANY).aid
    for raw in (b"", bytes(7), datagram(aid, b"")[:7],
                datagram(aid, b"x", rsv=1), datagram(aid ^ 1, b"x")):
        wrong.send(raw, c.relay)
    foreign.send(datagram(aid, b"another host"), c.relay)
    t.sent(right, c.relay, aid, listener, "first that came outside")
    t.heard(out, group, right, aid, "the first valid one taught")
    wrong.silent("what was not valid")
    foreign.silent("another host")


def p20_receiver_teaches_too(t):
    """A receive-only association learns from a datagram that is dropped; an
    empty one will do."""
    for data in (b"teach", b""):
        group = t.group(BOTH)
        c = t.enhanced()
        member, out = t.inside(), t.outside()
        wire = t.sniff("out", "out0")
        aid = c.bound(group, RECV, local=ANY).aid
        member.send(datagram(aid, data), c.relay)
        sent, got = [], []
        while not got and len(sent) < 40:   # one may overtake the lesson
            sent.append(t.payload())
            out.send(sent[-1], group)
            got = member.drain(0.1)
        eq(got, [datagram(aid, s) for s in sent][-len(got) or 1:],
           "learnt from a receiver")
        eq(wire.not_tcp(0.1), [], "a receiver's datagram outside")


# ---- P21, P22 -------------------------------------------------------------

def p21_local_of_the_reply(t):
    """The relay at the address where this control connection came in; the
    datagrams come from there (P27)."""
    group = t.group(BOTH)
    out = t.outside()
    for server in (SERVER, SERVER2):
        c = t.enhanced(server=server)
        member = t.inside()
        got = c.bind(group, RECV, local=member.addr)
        got.check(0, RECV | MULTI | MU, None, c.relay, group)
        eq(got.local[0], server, "address of LOCAL")
        data = t.payload()
        out.send(data, group)
        member.expect(datagram(got.aid, data), src=got.local)


def p21_failure_has_no_local(t):
    c = t.enhanced()
    c.refused(0x11, t.group(SENDING))       # all fields compared with 0
    c.refused(0x15, t.group(BOTH), SEND)


def p21_tcp_encapsulated(t):
    c = t.enhanced()
    tid = c.next_tid()
    got = c.ask(udp_bind(("192.0.2.10", 7000), RECV | SEND | TCPENC, 0, tid))
    if served("tcp-encapsulation"):
        got.check(0, RECV | SEND | TCPENC, None, c.server, None)
    else:
        got.check(0x07)


def p22_remote_of_the_reply(t):
    c = t.enhanced()
    for port in (5000, 5999):
        group = t.group(BOTH, port)
        eq(c.bind(group, RECV).remote, group, "REMOTE")
        eq(c.bind(group, SEND, 3).remote, group, "REMOTE")
    eq(c.bind(t.group(RECEIVE), SEND, 3).remote, ANY, "REMOTE of a failure")


def p22_unicast(t):
    c = t.enhanced()
    tid = c.next_tid()
    got = c.ask(udp_bind(("192.0.2.10", 7001), RECV | SEND | UNICAST, 0, tid))
    if served("unicast"):
        got.check(0, RECV | SEND | UNICAST, None, c.relay, None)
        eq(got.remote[0], "192.0.2.1", "address of REMOTE")
        eq(got.remote[1] != 0, True, "port of REMOTE")
    else:
        got.check(unless("unicast", 0))
