"""Clients, senders and listeners by IPv6, for the tests that need them.

The client of socks.py writes and reads IPv4 forms only, and reads them
strictly; this one takes both, as packets mix them: the relay inside has the
family of the control connection, a group has either.
"""

import socket
import struct

import env
import socks
from socks import MU, MULTI, RECV, SEND, UNICAST, Client, Fail, Udp, eq

SERVER, SERVER2, SERVER_LL = env.ADDRESSES6["fwin"]
INSIDE = env.ADDRESSES6["in0"][:-1]
INSIDE_LL = env.ADDRESSES6["in0"][-1]
OUT, OUT2, BLOCKED, OUT_LL = env.ADDRESSES6["out0"]
FAR = env.ADDRESSES6["out1"][0]
FIREWALL = env.ADDRESSES6["fwout"][0]
ANY = ("::", 0)
NOTHING = ("0.0.0.0", 0)        # how an address is not populated (P13)

IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_FREEBIND = 51, 52, 78
IPV6_MULTICAST_ALL, MCAST_JOIN_GROUP = 29, 42


def addr(host, port):
    """ATYP, address and port, by what the address looks like."""
    if ":" not in host:
        return socks.addr4(host, port)
    return struct.pack("!B16sH", 4, socket.inet_pton(socket.AF_INET6, host),
                       port)


def take(raw, what):
    """(host, port) at the head of raw, and what follows it."""
    size = {1: 4, 4: 16}.get(raw[0])
    if size is None:
        raise Fail(f"{what}: ATYP {raw[0]} in {raw.hex(' ')}")
    host = socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6,
                            raw[1:1 + size])
    return (host, struct.unpack("!H", raw[1 + size:3 + size])[0]), \
        raw[3 + size:]


class Reply(socks.Reply):
    """A control reply whose addresses are of either family."""

    def __init__(self, raw):                # pylint: disable=W0231
        self.raw = raw
        (self.ptype, self.size, self.code, self.flags, self.rsvd, self.tid,
         self.aid) = struct.unpack("!BHBHBHL", raw[:13])
        self.local, rest = take(raw[13:], "LOCAL")
        self.remote, rest = take(rest, "REMOTE")
        eq(rest, b"", f"behind REMOTE in {raw.hex(' ')}")
        eq(self.rsvd, 0, f"RSVD of the reply {raw.hex(' ')}")


class Client6(Client):
    """A control connection whose packets carry addresses of both families."""

    def enhanced(self):
        got = self.read(4, "reply to ENHANCED_UDP_MODE")
        eq(got[:3], b"\1\0\0", "reply to ENHANCED_UDP_MODE")
        got = got[3:] + self.read(18 if got[3] == 4 else 6, "its address")
        self.relay, _ = take(got, "reply to ENHANCED_UDP_MODE")
        return self

    def reply(self, tid=None, what="control reply"):
        head = self.read(3, what)
        ptype, size = struct.unpack("!BH", head)
        eq(ptype, socks.REPLY, f"{what}: packet type")
        if size not in (27, 39, 51):
            raise Fail(f"{what}: SIZE {size}")
        got = Reply(head + self.read(size - 3, what))
        if tid is not None:
            eq(got.tid, tid, f"{what}: TID")
        return got

    def bind(self, group, flags=RECV, ttl=0, aid=0, local=ANY, tid=None):
        tail = [a if isinstance(a, bytes) else addr(*a[:2])
                for a in (group, local)]
        return super().bind(tail[0], flags, ttl, aid, tail[1], tid)

    def bound(self, group, flags=RECV, ttl=0, aid=0, local=ANY):
        """A multicast UDP BIND that must succeed, checked in full."""
        got = self.bind(group, flags, ttl, aid, local)
        got.check(0x00, flags=(flags & (RECV | SEND | UNICAST)) | MULTI | MU,
                  aid=aid or None, local=self.relay, remote=group)
        if not got.aid:
            raise Fail("UDP BIND granted with AID 0")
        return got


class Udp6(Udp):
    """A datagram socket; to link-local addresses it sends by dev."""

    def __init__(self, sock, label, dev):
        self.dev = socket.if_nametoindex(dev)
        sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
        self.sock, self.label = sock, label
        self.addr = sock.getsockname()[:2]
        self.port = self.addr[1]

    def send(self, data, to):
        local = to[0].startswith(("fe80", "ff02", "ff12"))
        super().send(data, (to[0], to[1], 0, self.dev if local else 0))

    def get(self, what="a datagram", limit=socks.PATIENCE):
        """(data, source, hop limit)"""
        self.sock.settimeout(limit)
        try:
            data, anc, _, src = self.sock.recvmsg(65536, 256)
        except TimeoutError:
            raise Fail(f"{what}: nothing within {limit:g} s") from None
        hops = [struct.unpack("i", d)[0] for level, kind, d in anc
                if (level, kind) == (socket.IPPROTO_IPV6, IPV6_HOPLIMIT)]
        socks.trace(self.label, f"< {src[0]}:{src[1]}", data)
        return data, (src[0].partition("%")[0], src[1]), \
            hops[0] if hops else None


# ---- what a test asks for -------------------------------------------------

def scoped(host, port, dev):
    return (host, port, 0,
            socket.if_nametoindex(dev) if host.startswith("fe80") else 0)


def connect(t, src=None, port=1080, server=None, kind=Client6):
    """From src, which says the family, to the server's address of it."""
    src = src or INSIDE[0]
    if ":" not in src:
        sock = t.net.tcp(src, (server or env.SERVER, port))
        return t.keep(kind(sock, f"tcp {src}"))
    server = server or (SERVER_LL if src == INSIDE_LL else SERVER)
    with t.net.ns("in"):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        where, to = scoped(src, 0, "in0"), scoped(server, port, "in0")
    try:
        sock.settimeout(socks.PATIENCE)
        sock.bind(where)
        sock.connect(to)
    except OSError:
        sock.close()
        raise
    return t.keep(kind(sock, f"tcp {src}"))


def enhanced(t, src=None, port=1080, server=None):
    return connect(t, src, port, server).none().enhance()


def udp(t, where, dev, host, port=0, hops=4, foreign=False):
    """A socket bound to host; what it sends to a group leaves by dev."""
    with t.net.ns(where):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        index = socket.if_nametoindex(dev)
        if foreign:                         # an address that is not ours
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        sock.bind(scoped(host, port, dev))
        for option, value in ((socket.IPV6_MULTICAST_IF, index),
                              (socket.IPV6_MULTICAST_HOPS, hops),
                              (socket.IPV6_MULTICAST_LOOP, 0)):
            sock.setsockopt(socket.IPPROTO_IPV6, option, value)
        return t.keep(Udp6(sock, f"{where} {host}", dev))


def inside(t, host=None, port=0):
    """A client's datagram socket, of the family of its address."""
    host = host or INSIDE[0]
    if ":" not in host:
        return t.inside(host, port)
    return udp(t, "in", "in0", host, port)


def outside(t, host=OUT, dev="out0", **options):
    return udp(t, "out", dev, host, **options)


def listener(t, group, dev="out0", where="out"):
    """A socket that has joined the group on dev, and hears only that."""
    if ":" not in group[0]:
        return t.listener(group, dev)
    with t.net.ns(where):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        index = socket.if_nametoindex(dev)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        dev.encode())
        if where == "fw":                   # beside the relay's socket
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
        sock.bind((group[0], group[1], 0, index))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(socket.AF_INET6, group[0]) +
                        struct.pack("@I", index))
        return t.keep(Udp6(sock, f"{dev} {group[0]}", dev))


def group(t, kind="1", port=5000):
    """A group of ff05::KIND:0/112 that nobody else in this run uses."""
    return (f"ff05::{kind}:{next(t.serial):x}", port)


def members(t, where, dev="fwout"):
    """How many sockets of the firewall are in the group on dev (P35)."""
    want = socket.inet_pton(socket.AF_INET6, where[0]).hex()
    with t.net.ns("fw"):
        with open("/proc/thread-self/net/igmp6", encoding="ascii") as file:
            rows = [line.split() for line in file]
    return sum(int(row[3]) for row in rows if row[1:3] == [dev, want])


def joined(t, where, count, what, dev="fwout"):
    t.until(lambda: members(t, where, dev) == count,
            f"{what}: {count} memberships of {where[0]} on {dev}", 1.0)
