"""IPv6: listeners, clients, groups, and each family beside the other (P4, P10,
P20 to P22, P33, P35 to P37, P40, P41, P43, P45, P48)."""

import socket
import struct

import env
import ipv6
from conf import BOTH, under
from env import wait_for
from ipv6 import (BLOCKED, FAR, FIREWALL, INSIDE, INSIDE_LL, OUT, OUT2,
                  SERVER, SERVER2, SERVER_LL, addr, enhanced, inside, joined,
                  listener, outside)
from socks import RECV, SEND, Fail, Skip, datagram, eq, request

ALL = RECV | SEND
V4 = env.INSIDE[0]


def member(t, group, flags=RECV, host=None, ttl=0, c=None):
    """(connection, client's socket, AID), of the family of the host."""
    c = c or enhanced(t, host)
    sock = inside(t, host or INSIDE[0])
    return c, sock, c.bound(group, flags, ttl, local=sock.addr).aid


# ---- listeners, P10, P21 --------------------------------------------------

@under("ipv6")
def p10_ipv6_listeners(t):
    """`listen on IF' is all its addresses; the relay has the family of the
    control connection, and the address by which that reached us."""
    for src, server in ((None, SERVER), (None, SERVER2),
                        (INSIDE_LL, SERVER_LL), (V4, env.SERVER),
                        (V4, env.SERVER2)):
        c = enhanced(t, src, server=server)
        eq(c.relay[0], server, "address of the relay")
        if not c.relay[1]:
            raise Fail("port 0 of the relay")
        c.alive()


@under("ipv6")
def p10_ipv6_listen_on_an_address(t):
    """`listen on ADDRESS' is that one alone."""
    enhanced(t, port=1081)
    enhanced(t, V4, port=1081)
    for src, server in ((None, SERVER2), (INSIDE_LL, SERVER_LL),
                        (V4, env.SERVER2)):
        try:
            ipv6.connect(t, src, 1081, server)
        except ConnectionRefusedError:
            continue
        raise Fail(f"{server} port 1081 accepts")


@under("ipv6")
def p10_ipv6_address_unused(t):
    """ENHANCED_UDP_MODE with an IPv6 address: unused, and its length known."""
    for host in ("::", "2001:db8::1", "ff05::1"):
        c = ipv6.connect(t).none()
        c.enhance(request(4, addr(host, 1234))).alive()


@under("ipv6")
def p21_ipv6_client_on_the_server_itself(t):
    """It is served as any, by the relay at the address that it reached."""
    group = ipv6.group(t)
    heard = listener(t, group)
    for host, dev in ((SERVER, "fwin"), (SERVER_LL, "fwin"),
                      (env.SERVER, None)):
        family = socket.AF_INET6 if dev else socket.AF_INET
        with t.net.ns("fw"):
            sock = socket.socket(family)
            to = ipv6.scoped(host, 1080, dev) if dev else (host, 1080)
            mine = ipv6.udp(t, "fw", dev, host) if dev else \
                t.keep(t.net.udp("fw", host))
        sock.bind((host, 0) + to[2:])
        sock.connect(to)
        c = t.keep(ipv6.Client6(sock, f"fw {host}")).none().enhance()
        eq(c.relay[0], host, "address of the relay")
        aid = c.bound(group, ALL, ttl=3, local=mine.addr).aid
        t.heard(outside(t), group, mine, aid)
        t.sent(mine, c.relay, aid, heard, ttl=3)


# ---- replies, P13, P16, P21, P22 ------------------------------------------

@under("ipv6")
def p13_ipv6_replies(t):
    """Each address in the form of its family; failures have the 27 octets of
    nothing populated."""
    six, four = ipv6.group(t), t.group(BOTH)
    for src, group, size in ((None, six, 51), (None, four, 39), (V4, six, 39),
                             (V4, four, 27)):
        c = enhanced(t, src)
        eq(c.bound(group).size, size, f"SIZE, {src} {group}")
        eq(c.bound(group, SEND, ttl=3).size, size, f"SIZE, {src} {group}")
        eq(c.refused(0x15, group, SEND, ttl=99).size, 27, "SIZE of a failure")
        eq(c.refused(0x14, (OUT, 5000)).size, 27, "SIZE of a failure")
        eq(c.refused(0x11, ("ff05::6:1", 5000)).size, 27, "SIZE of a failure")
        c.alive()


# ---- P4 -------------------------------------------------------------------

@under("ipv6")
def p04_ipv6_mapped_is_ipv4(t):
    """::ffff:a.b.c.d is a.b.c.d, as REMOTE and as LOCAL."""
    group = t.group(BOTH)
    for src in (None, V4):
        c = enhanced(t, src)
        got = c.bind(("::ffff:" + group[0], 5000)).check(
            0x00, flags=None, aid=None, local=c.relay, remote=group)
        c.refused(0x11, ("::ffff:239.5.0.1", 5000))
        c.refused(0x14, ("::ffff:192.0.2.10", 5000))
        c.bound(group, aid=got.aid)
    t.joined_now(group, 1, "a mapped group")
    c, sock = enhanced(t, V4), inside(t, V4)
    aid = c.bound(group, local=("::ffff:" + V4, sock.port)).aid
    t.heard(t.outside(), group, sock, aid)
    c.refused(0x02, group, local=("::ffff:10.0.0.3", 6000))


# ---- P18, P20 -------------------------------------------------------------

@under("ipv6")
def p20_ipv6_local(t):
    """Its own address, or either `any'; nothing else, and no other family."""
    group = ipv6.group(t)
    c = enhanced(t)
    for host in (INSIDE[0], "::", "0.0.0.0", "::ffff:0.0.0.0"):
        c.bound(group, local=(host, 6000 + len(host)))
    for host in (INSIDE[1], V4, SERVER, "::1", INSIDE_LL, "ff05::1:1",
                 "::ffff:10.0.0.2", "2002:a00:2::1"):
        c.refused(0x02, group, local=(host, 6100))
    four = enhanced(t, V4)
    for host in (INSIDE[0], "::1", INSIDE_LL):
        four.refused(0x02, group, local=(host, 6100))
    four.bound(group, local=("::", 6100))


@under("ipv6")
def p20_ipv6_local_any(t):
    """`local any' is for hosts of its own family: the relay has that."""
    group = ("ff05::4:1", 5000)
    c, other = enhanced(t), inside(t, INSIDE[1])
    aid = c.bound(group, local=other.addr).aid
    t.heard(outside(t), group, other, aid)
    for host in (V4, "::1", SERVER, INSIDE_LL, "ff05::1:1"):
        c.refused(0x02, group, local=(host, 6100))
    enhanced(t, V4).refused(0x02, group, local=other.addr)


@under("ipv6")
def p20_ipv6_port_is_learnt(t):
    group = ipv6.group(t)
    heard = listener(t, group)
    for host in (None, INSIDE_LL):
        c, sock, thief = enhanced(t, host), inside(t, host), \
            inside(t, INSIDE[1])
        aid = c.bound(group, ALL, ttl=2).aid
        thief.send(datagram(aid, t.payload()), c.relay if not host else
                   enhanced(t, INSIDE[1]).relay)
        t.sent(sock, c.relay, aid, heard)
        t.heard(outside(t), group, sock, aid)
        thief.silent("another host's association", 0.05)


@under("ipv6")
def p20_ipv6_link_local_client(t):
    """Its scope is the interface of its control connection."""
    group = ipv6.group(t)
    heard = listener(t, group)
    c, sock, aid = member(t, group, ALL, INSIDE_LL, ttl=7)
    eq(c.relay[0], SERVER_LL, "address of the relay")
    data, src, _ = t.heard(outside(t), group, sock, aid)
    eq(src, c.relay, "the relay as source")
    t.sent(sock, c.relay, aid, heard, ttl=7)
    c.bound(group, aid=aid, local=sock.addr)
    # rules know the address without its scope
    c.bound(("ff05::8:1", 5000))
    enhanced(t).refused(0x11, ("ff05::8:1", 5000))
    four = t.group(BOTH)
    c, sock, aid = member(t, four, ALL, INSIDE_LL, ttl=7)
    t.heard(t.outside(), four, sock, aid)


@under("ipv6")
def p18_ipv6_association(t):
    """An AID is for one LOCAL and one REMOTE, in whatever form they came."""
    group, four = ipv6.group(t), t.group(BOTH)
    c, sock, aid = member(t, group)
    for local in (sock.addr, (sock.addr[0], 0), ("::", sock.port),
                  ("0.0.0.0", 0)):
        c.bound(group, ALL, ttl=2, aid=aid, local=local)
    c.refused(0x13, four, aid=aid, local=sock.addr)
    c.refused(0x13, ipv6.group(t), aid=aid, local=sock.addr)
    c.refused(0x13, group, aid=aid, local=(INSIDE[1], sock.port))
    c.refused(0x13, group, aid=aid, local=(V4, sock.port))


@under("ipv6")
def p11_ipv6_sources_of_rules(t):
    """`from' an IPv6 address is that client's."""
    group = ("ff05::7:1", 5000)
    enhanced(t, INSIDE[1]).bound(group)
    for src in (INSIDE[0], INSIDE_LL, V4, env.INSIDE[1]):
        enhanced(t, src).refused(0x11, group)


# ---- P33, P42 -------------------------------------------------------------

@under("ipv6")
def p33_ipv6_hop_limit(t):
    group = ipv6.group(t)
    heard = listener(t, group)
    c, sock, aid = member(t, group, SEND, ttl=1)
    for ttl in (1, 2, 32):
        c.set_ttl(aid, ttl)
        data, src, _ = t.sent(sock, c.relay, aid, heard, ttl=ttl)
        eq(src[0], FIREWALL, "source address outside")
    for ttl in (0, 33, 255):
        c.set_ttl(aid, ttl, want=0x15)
        c.refused(0x15, group, SEND, ttl=ttl)
    t.sent(sock, c.relay, aid, heard, ttl=32)
    four, sock, aid = member(t, group, SEND, V4, ttl=9)
    t.sent(sock, four.relay, aid, heard, ttl=9)


# ---- P35 ------------------------------------------------------------------

@under("ipv6")
def p35_ipv6_joined_once(t):
    """By MLD on the egress interface only, and left with the last."""
    group = ipv6.group(t)
    c, _, aid = member(t, group)
    four, _, its = member(t, group, host=V4)
    joined(t, group, 1, "two receivers")
    for dev in ("fwin", "fwout2", "lo"):
        eq(ipv6.members(t, group, dev), 0, f"memberships on {dev}")
    c.release(aid)
    joined(t, group, 1, "one receiver")
    four.release(its)
    joined(t, group, 0, "no receiver")
    c.bound(group, SEND, ttl=3)
    joined(t, group, 0, "a sender")
    c.bound(group)
    joined(t, group, 1, "joined again")
    c.close()
    joined(t, group, 0, "closed")


# ---- P36, P37 -------------------------------------------------------------

@under("ipv6")
def p36_ipv6_either_family(t):
    """A group of either family to receivers of both, one copy each, from the
    LOCAL of their reply."""
    for group, out in ((ipv6.group(t), outside(t)),
                       (t.group(BOTH), t.outside())):
        all_of = [member(t, group, host=h)
                  for h in (None, INSIDE[1], V4, env.INSIDE[1], INSIDE_LL)]
        for size in (0, 1, 48, 1400, 1444, 1452, 8000, 65507 - 8):
            data = t.payload(size)
            out.send(data, group)
            for c, sock, aid in all_of:
                got = sock.expect(datagram(aid, data), what=f"{size} octets")
                eq(got[1], c.relay, "source")
        for _, sock, _ in all_of:
            sock.silent("a second copy", 0.02)


@under("ipv6")
def p36_ipv6_bursts(t):
    """All of a burst in order, equal sizes and mixed."""
    group = ipv6.group(t)
    out = outside(t)
    all_of = [member(t, group, host=h) for h in (None, V4, INSIDE_LL)]
    for plan in ([100] * 60, [1316] * 40, [1400] * 20 + [3], [200, 0] * 20,
                 [(n * 37) % 1400 for n in range(60)]):
        burst = [n.to_bytes(2, "big")[:size] + t.payload(max(size - 2, 0))
                 for n, size in enumerate(plan)]
        for data in burst:
            out.send(data, group)
        for _, sock, aid in all_of:
            for n, data in enumerate(burst):
                sock.expect(datagram(aid, data), what=f"{n} of {len(burst)}")


@under("ipv6")
def p37_ipv6_members_of_both_families(t):
    """Outside, and to every other member whatever its family; never back."""
    for group in (ipv6.group(t), t.group(BOTH)):
        heard = listener(t, group)
        all_of = [member(t, group, ALL, h, ttl=5)
                  for h in (None, V4, INSIDE_LL)]
        for c, sock, aid in all_of:
            data = t.payload()
            sock.send(datagram(aid, data), c.relay)
            heard.expect(data, ttl=5)
            for _, other, its in all_of:
                if other is not sock:
                    other.expect(datagram(its, data))
        heard.silent("a second copy outside", 0.05)
        for _, sock, _ in all_of:
            sock.silent("its own, or a second copy", 0.02)


@under("ipv6")
def p26_ipv6_dropped(t):
    """From another port, another host or another address of that host; with
    another AID."""
    group = ipv6.group(t)
    heard = listener(t, group)
    c, sock, aid = member(t, group, SEND, ttl=3)
    for what, who, number in (
            ("another port", inside(t), aid),
            ("another host", inside(t, INSIDE[1], sock.port), aid),
            ("another AID", sock, aid ^ 1)):
        who.send(datagram(number, t.payload()), c.relay)
        t.sent(sock, c.relay, aid, heard, f"after {what}")


# ---- P40, P41 -------------------------------------------------------------

@under("ipv6")
def p40_ipv6_own_addresses(t):
    """What bears an address of the server's own is not relayed."""
    group = ipv6.group(t)
    c, sock, aid = member(t, group)
    for forged in (FIREWALL, SERVER, env.ADDRESSES6["fwout2"][0]):
        outside(t, forged, foreign=True).send(t.payload(), group)
        t.heard(outside(t), group, sock, aid, f"after {forged}")


@under("ipv6")
def p40_ipv6_arrival_interface(t):
    """Not what comes in elsewhere: inside, or by another interface outside,
    where somebody has joined the group as well."""
    group = ipv6.group(t)
    c, sock, aid = member(t, group)
    for dev in ("fwin", "fwout2"):
        listener(t, group, dev, "fw")
    inside(t, INSIDE[1]).send(t.payload(), group)
    outside(t, FAR, "out1").send(t.payload(), group)
    t.heard(outside(t), group, sock, aid, "after those of elsewhere")
    sock.silent("what came in elsewhere")


@under("ipv6")
def p40_ipv6_deliver(t):
    """`block deliver' by source; where single sources pass, only they."""
    group, single = ipv6.group(t), ("ff05::9:1", 5000)
    c, sock, aid = member(t, group)
    one = inside(t)
    its = c.bound(single, local=one.addr).aid
    outside(t, BLOCKED).send(t.payload(), group)
    outside(t, OUT2).send(t.payload(), single)
    t.heard(outside(t, OUT2), group, sock, aid)
    t.heard(outside(t, OUT), single, one, its)
    outside(t, BLOCKED).send(t.payload(), group)
    outside(t, OUT2).send(t.payload(), single)
    sock.silent("a blocked source")
    one.silent("a source that no rule passes", 0.05)


@under("ipv6")
def p40_ipv6_echo(t):
    """Another relay's echo of what a member sent is dropped, and told."""
    group = ipv6.group(t)
    c, sock, aid = member(t, group, ALL, ttl=3)
    _, other, its = member(t, group, host=INSIDE[1])
    heard = listener(t, group)
    data = t.sent(sock, c.relay, aid, heard)[0]
    other.expect(datagram(its, data))
    outside(t, OUT2).send(data, group)
    t.heard(outside(t), group, other, its, "after the echo")
    wait_for(lambda: f"loop via {OUT2}" in t.log(), "the loop in the log")


@under("ipv6")
def p41_ipv6_groups_and_ports(t):
    """Two groups on one port and two ports of one group never mix."""
    one, two = ipv6.group(t), ipv6.group(t)
    three = (one[0], 5001)
    c = enhanced(t)
    socks = [(g, *member(t, g, c=c)[1:]) for g in (one, two, three)]
    for group, sock, aid in socks:
        t.heard(outside(t), group, sock, aid)
    for _, sock, _ in socks:
        sock.silent("another's", 0.05)


@under("two6")
def p41_ipv6_two_interfaces(t):
    """One group on two interfaces: two relays."""
    group = ipv6.group(t)
    near, far = member(t, group, ALL, INSIDE[0], ttl=3), \
        member(t, group, ALL, INSIDE[1], ttl=3)
    joined(t, group, 1, "near")
    joined(t, group, 1, "far", "fwout2")
    heard, other = listener(t, group), listener(t, group, "out1")
    t.heard(outside(t), group, *near[1:])
    t.heard(outside(t, FAR, "out1"), group, *far[1:])
    t.sent(near[1], near[0].relay, near[2], heard)
    t.sent(far[1], far[0].relay, far[2], other)
    for who in (near[1], far[1], heard, other):
        who.silent("the other relay's", 0.05)


# ---- P43, SSM, P45 --------------------------------------------------------

@under("careless6")
def p43_ipv6_scopes(t):
    """Scopes 0 to 2, whatever their flags, only by a literal rule."""
    c = enhanced(t)
    for host in ("ff00::1", "ff01::1", "ff02::1", "ff02::fb", "ff11::1",
                 "ff12::1234", "ff32::8000:1", "ff72::1", "fff2::1",
                 "ff20::1"):
        c.refused(0x11, (host, 5000))
        c.refused(0x12, (host, 5000), SEND, ttl=1)
    for host in ("ff03::1", "ff04::1", "ff05::1", "ff08::1", "ff0e::1",
                 "ff15::1", "ff1e::1"):
        c.bound((host, 5000), ALL, ttl=1)


@under("careless6")
def p43_ipv6_named_literally(t):
    """Then a link-local group is served as any other."""
    group = ("ff02::4d", 5000)
    heard = listener(t, group)
    for host in (None, V4, INSIDE_LL):
        c, sock, aid = member(t, group, ALL, host, ttl=1)
        joined(t, group, 1, "named literally")
        t.heard(outside(t), group, sock, aid)
        t.heard(outside(t, ipv6.OUT_LL), group, sock, aid)
        t.sent(sock, c.relay, aid, heard, ttl=1)
        c.close()
        joined(t, group, 0, "closed")


@under("ipv6")
def p35_ipv6_source_specific(t):
    """ff3x::/32 without a single source: X'11'; the table of a mapped prefix
    is of IPv4 (P4)."""
    c = enhanced(t)
    c.refused(0x11, ("ff3e::8000:1", 5000))
    c.bound(("239.9.0.77", 5000))


def reply_to_connect(t, host, port=7001):
    c = ipv6.connect(t).none()
    c.send(request(1, addr(host, port)))
    return c.read(4, f"reply to CONNECT to {host}")[1]


PROTECTED = (FIREWALL, SERVER, SERVER_LL, "::1", "::", "fe80::1:10",
             "2001:db8:0:a::", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
             "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1",
             "2002:a00:1::1", "2002:7f00:1::", "ff05::1:1", "ff02::1",
             "::ffff:192.0.2.255", "::ffff:224.0.0.1")


@under("careless6")
def p45_ipv6_connect(t):
    """Nothing of the server's own, in no form, by a careless rule; what is
    nobody's is merely not there."""
    if reply_to_connect(t, OUT) == 0x07:
        raise Skip("CONNECT is not served yet")
    for host in PROTECTED:
        eq(reply_to_connect(t, host), 0x02, f"CONNECT to {host}")
    eq(reply_to_connect(t, OUT), 0x05, f"CONNECT to {OUT}")


# ---- CONNECT and unicast to IPv6, as far as they are served ---------------

@under("ipv6")
def p06_ipv6_connect(t):
    """From either family to IPv6; BND in the form of its family."""
    for src in (None, V4, INSIDE_LL):
        with t.net.ns("out"):
            server = t.keep(socket.socket(socket.AF_INET6))
        server.bind((OUT, 7002 + len(src or "")))
        server.listen()
        server.settimeout(4)
        c = ipv6.connect(t, src).none()
        c.send(request(1, addr(*server.getsockname()[:2])) + b"early")
        got = c.read(4, "reply to CONNECT")
        if got[1] == 0x07:
            raise Skip("CONNECT is not served yet")
        eq(got, b"\5\0\0\4", "reply to CONNECT")
        bnd, _ = ipv6.take(got[3:] + c.read(18), "BND")
        far, peer = server.accept()
        t.keep(far)
        eq(bnd, peer[:2], "BND and the peer that came")
        eq(bnd[0], FIREWALL, "address outside")
        eq(far.recv(5), b"early", "what came with the request")
        far.sendall(b"late")
        eq(c.read(4), b"late", "the answer")
    c = ipv6.connect(t).none()
    c.send(request(1, addr(OUT, 6999)))
    eq(c.read(4)[1], 0x02, "a port that no rule passes")


@under("ipv6")
def p22_ipv6_unicast(t):
    """A unicast association to IPv6: REMOTE is the egress socket's."""
    for src in (None, V4, INSIDE_LL):
        c, sock = enhanced(t, src), inside(t, src)
        out = outside(t, port=7100 + len(src or ""))
        tid = c.next_tid()
        got = c.ask(udp_bind_unicast(out.addr, sock.addr, tid))
        if got.code == 0x07:
            raise Skip("unicast is not served yet")
        got.check(0x00, flags=ALL | 4, aid=None, local=c.relay, remote=None)
        eq(got.remote[0], FIREWALL, "address of the egress socket")
        data, back = t.payload(), t.payload()
        sock.send(datagram(got.aid, data), c.relay)
        eq(out.expect(data)[1], got.remote, "its source outside")
        outside(t, OUT2).send(t.payload(), got.remote)      # P25
        out.send(back, got.remote)
        sock.expect(datagram(got.aid, back), c.relay)


def udp_bind_unicast(remote, local, tid):
    tail = addr(*local) + addr(*remote)
    return struct.pack("!BHBHBHL", 1, 13 + len(tail), 5, ALL | 4, 0, tid,
                       0) + tail


# ---- P47, P48 -------------------------------------------------------------

@under("ipv6")
def p48_ipv6_receivers(t):
    """One per (group, port, client address, client port), also by IPv6."""
    group = ipv6.group(t)
    c, sock, aid = member(t, group)
    c.refused(0x11, group, local=sock.addr)
    enhanced(t).refused(0x11, group, local=sock.addr)
    enhanced(t, INSIDE[1]).bound(group, local=(INSIDE[1], sock.port))
    enhanced(t, V4).bound(group, local=(V4, sock.port))


@under("ipv6")
def p47_ipv6_records(t):
    """Addresses stand in brackets before their port."""
    group = ipv6.group(t)
    c, sock, aid = member(t, group)
    t.heard(outside(t), group, sock, aid)
    c.close()
    client = f"[{c.host}]:{c.port}"
    got = t.until(lambda: t.records("association", client=client),
                  "the record")[0]
    eq(got["group"], f"[{group[0]}]:{group[1]}", "group")
    eq(got["local"], f"[{sock.addr[0]}]:{sock.port}", "local")
    eq(got["in-datagrams"], "1", "in-datagrams")
    got = t.until(lambda: t.records("session", client=client),
                  "the session's")[0]
    eq(got["local"], f"[{SERVER}]:1080", "local")
