"""P40 to P43, P45: loops, leaks, TTL, what no careless rule opens."""

import re
import socket
import time

from conf import BOTH, DEFAULT, SINGLE, under
from env import BLOCKED, FAR, INSIDE, OUT, OUT2, SERVER
from socks import RECV, SEND, Fail, datagram, eq
from test_relay import receiver, sender

ALL = RECV | SEND


# ---- P40 ------------------------------------------------------------------

def p40_own_addresses(t):
    """What leaves the firewall itself is not heard: here another program
    on it, with multicast loopback on and each of its addresses."""
    group = t.group(BOTH)
    member, aid = receiver(t, group)
    listener, out = t.listener(group), t.outside()
    for own in ("192.0.2.1", "198.51.100.1", SERVER):
        sock = t.keep(t.net.udp("fw", own, loop=1))
        sock.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                             socket.inet_aton("192.0.2.1"))
        data = t.payload()
        sock.send(data, group)
        listener.expect(data, what=f"{own} outside")
        t.heard(out, group, member, aid, f"first after {own}")


def p40_no_loopback(t):
    """A program on the firewall that has joined the group outside hears the
    outsiders, and nothing that the relay sends."""
    group, c, member, aid, listener = sender(t)
    local = t.keep(t.net.member("fw", "fwout", group, ("0.0.0.0", group[1])))
    for _ in range(3):
        t.sent(member, c.relay, aid, listener)
    data = t.payload()
    t.outside().send(data, group)
    local.expect(data, what="first on the firewall")


def p40_arrival_interface(t):
    """The group's traffic on the inside interface is not the group's, not
    even when another program has joined it there."""
    group = t.group(BOTH)
    member, aid = receiver(t, group)
    here = t.keep(t.net.member("fw", "fwin", group, ("0.0.0.0", group[1])))
    insider, out = t.inside(INSIDE[5]), t.outside()
    for _ in range(3):
        data = t.payload()
        insider.send(data, group)
        here.expect(data, what="heard by the other program")
        t.heard(out, group, member, aid, "first that was relayed")


def p40_wrong_destination(t):
    """Unicast to the group's port, and other groups on that port that the
    firewall hears."""
    group, foreign = t.group(BOTH), t.group(BOTH)
    member, aid = receiver(t, group)
    out = t.outside()
    t.keep(t.net.member("fw", "fwout", foreign, ("0.0.0.0", 5998)))
    for to in (("192.0.2.1", group[1]), foreign, ("198.51.100.1", group[1])):
        try:
            out.send(t.payload(), to)
        except OSError:
            pass                    # no route, or an ICMP error: also good
        t.heard(out, group, member, aid, f"first after one to {to[0]}")


def p40_block_deliver(t):
    """A source that `block deliver` names, for each group; and a group that
    passes a single source."""
    group = t.group(BOTH)
    member, aid = receiver(t, group)
    blocked, out = t.outside(BLOCKED), t.outside()
    for _ in range(3):
        blocked.send(t.payload(), group)
        t.heard(out, group, member, aid, "first that was relayed")
    group = t.group(SINGLE)
    member, aid = receiver(t, group)
    other = t.outside(OUT2)
    for who in (other, blocked, other):
        who.send(t.payload(), group)
        t.heard(out, group, member, aid, "first that was relayed")


def echoing(t, size=48):
    """A sender, a receiver, and a payload the receiver has had from it."""
    group, c, member, aid, listener = sender(t, flags=ALL)
    other, its = receiver(t, group, INSIDE[1])
    data = t.payload(size)
    member.send(datagram(aid, data), c.relay)
    other.expect(datagram(its, data))
    listener.expect(data)
    return group, (c, member, aid, listener), (other, its), data


def p40_echo(t):
    """A member's payload that comes back from outside within a second is
    dropped, and its source ignored for this group, no other source and no
    other group."""
    group, (c, member, aid, listener), (other, its), data = echoing(t)
    echo, good = t.outside(OUT2), t.outside(OUT)
    second = t.group(BOTH)
    elsewhere, aid2 = receiver(t, second)
    echo.send(data, group)
    t.heard(good, group, other, its, "first after the echo")
    for _ in range(3):
        echo.send(t.payload(), group)
        t.heard(good, group, other, its, "first after the ignored source")
    t.heard(echo, second, elsewhere, aid2, "another group")
    t.until(lambda: f"loop via {OUT2}" in t.log(), "loop in the log")
    # the group is not suspended, for anybody
    t.sent(member, c.relay, aid, listener)
    other.get("the member's")
    # `good` spoke four times, the echo never
    eq(len(member.drain(0.1)), 4, "datagrams at the sender")
    if re.search(rf"loop via {re.escape(OUT)}\b", t.log()):
        raise Fail("loop via an innocent source in the log")


def p40_echo_is_ignored_longer_than_a_second(t):
    group, _, (other, its), data = echoing(t)
    echo, good = t.outside(OUT2), t.outside(OUT)
    echo.send(data, group)
    t.heard(good, group, other, its, "first after the echo")
    time.sleep(2.5)
    echo.send(t.payload(), group)
    t.heard(good, group, other, its, "the source is still ignored")


def p40_late_echo(t):
    """After the second it is an ordinary datagram."""
    group, _, (other, its), data = echoing(t)
    time.sleep(1.3)
    echo = t.outside(OUT2)
    echo.send(data, group)
    other.expect(datagram(its, data), what="the same payload, later")
    t.heard(echo, group, other, its, "the source is not ignored")


def p40_small_payloads_are_no_echo(t):
    """Below 16 octets a likeness says nothing; 16 count."""
    for size in (0, 1, 15):
        group, _, (other, its), data = echoing(t, size)
        echo = t.outside(OUT2)
        echo.send(data, group)
        other.expect(datagram(its, data), what=f"{size} octets again")
        t.heard(echo, group, other, its, "the source is not ignored")
    group, _, (other, its), data = echoing(t, 16)
    echo, good = t.outside(OUT2), t.outside(OUT)
    echo.send(data, group)
    t.heard(good, group, other, its, "first after an echo of 16 octets")


def p40_likeness_is_no_echo(t):
    """One octet more, less or other; or the same in another group."""
    group, _, (other, its), data = echoing(t)
    echo = t.outside(OUT2)
    for near in (data + b"\0", data[:-1], data[:-1] + bytes([data[-1] ^ 1])):
        echo.send(near, group)
        other.expect(datagram(its, near), what="a similar payload")
    second = t.group(BOTH)
    elsewhere, aid = receiver(t, second)
    echo.send(data, second)
    elsewhere.expect(datagram(aid, data), what="in another group")


def p40_outsiders_may_repeat(t):
    """Only what a member sent is an echo: two outsiders that say the same
    are both heard."""
    group, _, (other, its), _ = echoing(t)
    data = t.payload()
    for who in (t.outside(OUT), t.outside(OUT2), t.outside(OUT)):
        who.send(data, group)
        other.expect(datagram(its, data), what="an outsider's repetition")


# ---- P41 ------------------------------------------------------------------

def p41_two_groups_on_one_port(t):
    first, second = t.group(BOTH), t.group(BOTH)
    a, aid1 = receiver(t, first)
    b, aid2 = receiver(t, second)
    both, aid3 = receiver(t, first, INSIDE[1])
    out = t.outside()
    for _ in range(5):
        t.heard(out, first, a, aid1)
        t.heard(out, second, b, aid2)
        both.get("its one group")
    both.silent("the other group", 0.1)
    eq(aid3 not in (aid1, aid2), True, "an AID of its own")


def p41_two_ports_of_one_group(t):
    group = t.group(BOTH)
    other = (group[0], 5001)
    a, aid1 = receiver(t, group)
    b, aid2 = receiver(t, other)
    out = t.outside()
    for _ in range(5):
        t.heard(out, group, a, aid1)
        t.heard(out, other, b, aid2)


@under("two")
def p41_one_group_on_two_interfaces(t):
    """The rules send 10.0.0.3 to the second interface.  Many source ports:
    sockets that share a port may be chosen by a hash over them."""
    group = t.group(BOTH)
    a, aid1 = receiver(t, group, "10.0.0.2")
    t.joined_now(group, 1, "first")
    t.joined_now(group, 0, "first", "fwout2")
    b, aid2 = receiver(t, group, "10.0.0.3")
    t.joined_now(group, 1, "second")
    t.joined_now(group, 1, "second", "fwout2")
    for _ in range(16):
        t.heard(t.outside(OUT), group, a, aid1, "the first interface")
        t.heard(t.outside(FAR), group, b, aid2, "the second interface")
    a.silent("the other interface", 0.1)
    b.silent("the other interface", 0.1)


@under("two")
def p41_sending_on_two_interfaces(t):
    """Out on its own interface only, and to that one's receivers only."""
    group = t.group(BOTH)
    near, far = t.listener(group), t.listener(group, "out1")
    a, b = t.enhanced(src="10.0.0.2"), t.enhanced(src="10.0.0.3")
    first, second = t.inside("10.0.0.2"), t.inside("10.0.0.3")
    aid1 = a.bound(group, ALL, ttl=4, local=first.addr).aid
    aid2 = b.bound(group, ALL, ttl=5, local=second.addr).aid
    for _ in range(3):
        t.sent(first, a.relay, aid1, near, ttl=4)
        t.sent(second, b.relay, aid2, far, ttl=5)
    near.silent("the other interface", 0.1)
    far.silent("the other interface", 0.05)
    first.silent("a member on the other interface", 0.05)
    second.silent("a member on the other interface", 0.05)


# ---- P42 ------------------------------------------------------------------

def p42_set_ttl(t):
    _, c, member, aid, listener = sender(t, ttl=3)
    for ttl in (1, 32, 7):
        c.set_ttl(aid, ttl)
        t.sent(member, c.relay, aid, listener, f"TTL {ttl}", ttl=ttl)
    for ttl in (0, 33, 255):
        c.set_ttl(aid, ttl, want=0x15)
        t.sent(member, c.relay, aid, listener, "the old TTL", ttl=7)


def p42_without_ttl_in_the_rule(t):
    _, c, member, aid, listener = sender(t, ttl=3, kind=DEFAULT)
    c.set_ttl(aid, 16, want=0x15)
    c.set_ttl(aid, 15)
    t.sent(member, c.relay, aid, listener, ttl=15)


def p42_flags_are_unused(t):
    _, c, member, aid, listener = sender(t, ttl=3)
    for ttl, flags in ((4, 1), (5, 2), (6, 0xffff)):
        c.set_ttl(aid, ttl, flags=flags)
        t.sent(member, c.relay, aid, listener, ttl=ttl)


def p42_without_a_send_direction(t):
    group = t.group(BOTH)
    c = t.enhanced()
    aid = c.bound(group, RECV).aid
    c.set_ttl(aid, 5, want=0x13)
    c.bound(group, SEND, ttl=5, aid=aid)
    c.set_ttl(aid, 6)
    c.release(aid, SEND)
    c.set_ttl(aid, 7, want=0x13)


def p42_unknown_aid(t):
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced()
    member, listener = t.inside(), t.listener(group)
    aid = a.bound(group, SEND, ttl=5, local=member.addr).aid
    for who in (0, aid ^ 1, 0xffffffff):
        a.set_ttl(who, 9, want=0x10)
    b.set_ttl(aid, 9, want=0x10)
    t.sent(member, a.relay, aid, listener, "untouched", ttl=5)


# ---- P43, P45 -------------------------------------------------------------

LINK_LOCAL = ("224.0.0.0", "224.0.0.2", "224.0.0.5", "224.0.0.22",
              "224.0.0.251", "224.0.0.252", "224.0.0.255")


@under("careless")
def p43_link_local_groups(t):
    """Not by `any`, not by a wide prefix, not by a table."""
    c = t.enhanced()
    for host in LINK_LOCAL:
        before = t.net.igmp(host)
        c.refused(0x11, (host, 5353), RECV)
        c.refused(0x12, (host, 5353), SEND, ttl=1)
        c.refused(0x11, (host, 5353), ALL, ttl=1)
        t.joined_now(host, before, "refused")
    c.refused(0x11, ("224.0.0.1", 5353), RECV)


@under("careless")
def p43_named_literally(t):
    c = t.enhanced()
    c.bound(("224.0.0.77", 5000), RECV)
    c.refused(0x12, ("224.0.0.77", 5000), SEND, ttl=1)
    c.refused(0x12, ("224.0.0.77", 5000), ALL, ttl=1, left=RECV)
    c.refused(0x11, ("224.0.0.78", 5000), ALL, ttl=1, left=SEND)
    member = t.inside()
    listener = t.listener(("224.0.0.78", 5000))
    aid = c.bound(("224.0.0.78", 5000), SEND, ttl=1, local=member.addr).aid
    t.sent(member, c.relay, aid, listener, ttl=1)


@under("careless")
def p43_neighbours_are_open(t):
    """What is not protected, the careless rules do open."""
    c = t.enhanced()
    for host in ("224.0.1.1", "224.1.0.1", "233.252.0.1", "239.255.255.255"):
        c.bound((host, 5000), ALL, ttl=255)


@under("careless")
def p45_what_is_no_group(t):
    """`any` opens nothing but groups to a multicast request."""
    c = t.enhanced()
    for host in ("127.0.0.1", SERVER, "192.0.2.1", "192.0.2.255",
                 "255.255.255.255", "0.0.0.0", "0.1.2.3", "169.254.1.1",
                 "240.0.0.1"):
        c.refused(0x14, (host, 5000), RECV)
        c.refused(0x14, (host, 5000), ALL, ttl=1)


@under("careless")
def p45_third_party_is_not_opened(t):
    """Nor does it make another host one's LOCAL (P20)."""
    c = t.enhanced()
    for host in (INSIDE[1], SERVER, "127.0.0.1"):
        c.refused(0x02, t.group(BOTH), ALL, ttl=1, local=(host, 6000))
