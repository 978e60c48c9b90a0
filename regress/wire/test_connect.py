"""P4 to P6, P45, P47: CONNECT, its codes, and the octets both ways."""

import contextlib
import os
import select
import socket
import struct
import threading
import time
import zlib

from conf import PASSWORD, under
from env import BLOCKED, FAR, INSIDE, OUT, OUT2
from socks import PATIENCE, Fail, addr4, code, eq, name, request, userpass

EGRESS = "192.0.2.1"
MIB = 1 << 20
LINGER_RST = struct.pack("ii", 1, 0)


class Listener:
    """A TCP server outside."""

    def __init__(self, t, host=OUT, port=0, backlog=600):
        with t.net.ns("out"):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.bind((host, port))
        self.sock.listen(backlog)
        self.addr = self.sock.getsockname()
        self.kept = []
        t.keep(self)

    def accept(self):
        self.sock.settimeout(PATIENCE)
        try:
            conn, peer = self.sock.accept()
        except socket.timeout:
            raise Fail("no connection comes outside") from None
        conn.settimeout(PATIENCE)
        self.kept.append(conn)
        return conn, peer

    def close(self):
        for sock in self.kept:
            sock.close()
        self.sock.close()


class Swallower(Listener):
    """Neither accepts nor refuses: its queue is full."""

    def __init__(self, t, host=OUT, port=0):
        super().__init__(t, host, port, backlog=0)
        for _ in range(2):
            with t.net.ns("out"):
                sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.connect_ex(self.addr)
            self.kept.append(sock)


def refused(c, want, what, limit=PATIENCE):
    """P4: a failed request is ten octets, then the close."""
    got = c.read(10, what, limit)
    if got[1] != want:
        raise Fail(f"{what}: want {code(want)}, got {code(got[1])}")
    eq(got, bytes([5, want, 0, 1]) + bytes(6), what)
    c.closed(f"{what}: after the answer")


def granted(c, what="CONNECT"):
    """BND, checked: the egress socket's address, never a wildcard."""
    got = c.read(10, f"reply to {what}")
    eq(got[:8], b"\5\0\0\1" + socket.inet_aton(EGRESS), f"reply to {what}")
    return EGRESS, struct.unpack("!H", got[8:])[0]


def connect(c, addr):
    c.send(request(1, addr4(*addr)))


def opened(t, server=None, **options):
    """A stream: the client, the remote's connection."""
    server = server or Listener(t)
    c = t.connect(**options).none()
    connect(c, server.addr)
    bnd = granted(c)
    conn, peer = server.accept()
    eq(peer, bnd, "BND and what the remote sees")
    return c, conn


def get(sock, count, what):
    data = b""
    while len(data) < count:
        try:
            more = sock.recv(count - len(data))
        except socket.timeout:
            raise Fail(f"{what}: {len(data)} of {count} octets") from None
        if not more:
            raise Fail(f"{what}: ended after {len(data)} of {count} octets")
        data += more
    return data


def fin(sock, what):
    sock.settimeout(PATIENCE)
    try:
        eq(sock.recv(1), b"", f"{what}: a FIN")
    except ConnectionResetError:
        raise Fail(f"{what}: an RST in place of a FIN") from None
    except socket.timeout:
        raise Fail(f"{what}: no FIN") from None


def rst(sock, what, limit=PATIENCE):
    sock.settimeout(limit)
    try:
        got = sock.recv(1)
    except ConnectionResetError:
        return
    except socket.timeout:
        raise Fail(f"{what}: no RST") from None
    raise Fail(f"{what}: want an RST, got {got!r}")


def broken(sock, what, limit=PATIENCE):
    """An RST to one that has had its FIN: reading would not tell."""
    poll = select.poll()
    poll.register(sock, 0)
    if not poll.poll(limit * 1000) or \
            not poll.poll(0)[0][1] & select.POLLERR:
        raise Fail(f"{what}: no RST")


def descriptors(t):
    """Of each process of the daemon, by its id."""
    got = {}
    for pid in t.net.pids("fw"):
        with contextlib.suppress(OSError):
            got[pid] = len(os.listdir(f"/proc/{pid}/fd"))
    return got


def rss(t):
    """kB of user memory of the whole daemon."""
    total = 0
    for pid in t.net.pids("fw"):
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith("RssAnon"))
    return total


def settled(t, before, more=0):
    """The daemon is back at its descriptors, but for some pipes."""
    def same():
        now = descriptors(t)
        return now.keys() == before.keys() and all(
            n <= before[pid] + more for pid, n in now.items())
    t.until(same, "descriptors as before")


# ---- P4, P5 ---------------------------------------------------------------

@under("connect")
def p05_payload_behind_the_request(t):
    """Method, request, payload and FIN in one segment; none is lost, and the
    FIN is half a close."""
    server = Listener(t)
    for size in (1, 100, 2100, 60000):
        data = os.urandom(size)
        c = t.connect()
        c.send(b"\5\1\0" + request(1, addr4(*server.addr)) + data)
        c.fin()
        eq(c.read(2), b"\5\0", "method selection")
        granted(c)
        conn, _ = server.accept()
        eq(get(conn, size, "early octets"), data, "early octets")
        fin(conn, "early FIN")
        conn.sendall(b"answer")
        conn.close()
        eq(c.read(6), b"answer", "the answer to a half-closed client")
        fin(c.sock, "the remote's end")


@under("connect")
def p05_payload_behind_a_login(t):
    server = Listener(t)
    c = t.connect(port=1081)
    c.send(b"\5\1\2" + userpass("alice", PASSWORD) +
           request(1, addr4(*server.addr)) + b"payload")
    c.fin()
    eq(c.read(4), b"\5\2\1\0", "method selection and login")
    granted(c)
    conn, _ = server.accept()
    eq(get(conn, 7, "early octets"), b"payload", "early octets")
    fin(conn, "early FIN")


@under("connect")
def p05_payload_of_a_refused_request(t):
    """The answer arrives although there were octets behind the request."""
    c = t.connect()
    c.send(b"\5\1\0" + request(1, addr4(BLOCKED, 80)) + bytes(5000))
    eq(c.read(2), b"\5\0", "method selection")
    refused(c, 0x02, "a refused address")


@under("connect-drop")
def p04_block_policy_drop(t):
    """What the ruleset refuses has no answer, all else has."""
    c = t.connect().none()
    connect(c, (BLOCKED, 80))
    c.closed("refused by the ruleset")
    c = t.connect().none()
    connect(c, (OUT, 9))
    refused(c, 0x05, "a port nobody listens on")


# ---- P6: codes ------------------------------------------------------------

@under("connect")
def p06_refused_by_the_ruleset(t):
    c = t.connect().none()
    connect(c, (BLOCKED, 80))
    refused(c, 0x02, "a refused address")


@under("connect")
def p06_connection_refused(t):
    for _ in range(5):
        c = t.connect().none()
        connect(c, (OUT, 9))
        refused(c, 0x05, "a port nobody listens on")


@under("connect")
def p06_unreachable(t):
    """X'03' without a route, X'04' for a host, X'02' for what the system
    prohibits."""
    c = t.connect().none()
    connect(c, ("203.0.113.1", 80))
    refused(c, 0x03, "no route")
    for kind, want in (("unreachable", 0x04), ("prohibit", 0x02)):
        t.net.ip("fw", "route", "add", kind, "203.0.113.0/24")
        try:
            c = t.connect().none()
            connect(c, ("203.0.113.1", 80))
            refused(c, want, f"a route that is {kind}")
        finally:
            t.net.ip("fw", "route", "del", kind, "203.0.113.0/24")


@under("connect")
def p06_timeout(t):
    """X'06' when `timeout connect' is over, and others do not wait for it."""
    swallower = Swallower(t)
    c = t.connect().none()
    began = time.monotonic()
    connect(c, swallower.addr)
    opened(t)
    if time.monotonic() - began > 1:
        raise Fail("one that hangs holds up another")
    refused(c, 0x06, "an address that swallows")
    took = time.monotonic() - began
    if not 1.8 < took < 3:
        raise Fail(f"X'06' after {took:.1f} s, want 2")


@under("connect")
def p06_a_slice_for_each_address(t):
    """Of a name with two addresses the one that swallows packets does not
    take all of the time."""
    server = Listener(t)
    swallower = Swallower(t, OUT2, server.addr[1])
    t.net.dns.set("two.slices.test", OUT2, OUT)
    c = t.connect().none()
    began = time.monotonic()
    c.send(request(1, name("two.slices.test", server.addr[1])))
    eq(granted(c), server.accept()[1], "BND and what the remote sees")
    took = time.monotonic() - began
    if not 0.8 < took < 1.6:
        raise Fail(f"the second address after {took:.1f} s, want 1")
    t.net.dns.set("two.slices.test", OUT2, OUT2)
    c = t.connect().none()
    c.send(request(1, name("two.slices.test", server.addr[1])))
    refused(c, 0x06, "addresses that swallow")
    eq(swallower.addr[1], server.addr[1], "port")


@under("connect")
def p06_a_client_that_leaves(t):
    """Its attempt is given up with it."""
    swallower = Swallower(t)
    before = descriptors(t)
    c = t.connect().none()
    connect(c, swallower.addr)
    t.until(lambda: sum(descriptors(t).values()) >= sum(before.values()) + 2,
            "the attempt's descriptors")
    c.reset()
    settled(t, before)


@under("connect")
def p45_protected(t):
    """`pass connect from any to any' opens neither the firewall itself nor
    what is no single host."""
    for host in ("10.0.0.1", EGRESS, "127.0.0.1", "0.0.0.0", "0.1.2.3",
                 "169.254.1.1", "224.0.0.1", "239.1.2.3", "255.255.255.255",
                 "192.0.2.255", "240.0.0.1"):
        c = t.connect().none()
        connect(c, (host, 1080))
        refused(c, 0x02, f"CONNECT to {host}")


@under("connect")
def p45_addresses_that_come_later(t):
    """An address that the firewall is given while socksmd runs is its own
    soon, without a reload."""
    for host, dev in (("192.0.2.77", "fwout"), ("10.0.0.77", "fwin")):
        t.net.ip("fw", "addr", "add", f"{host}/24", "dev", dev)
        try:
            time.sleep(1.2)
            c = t.connect().none()
            connect(c, (host, 1080))
            refused(c, 0x02, f"CONNECT to {host}")
        finally:
            t.net.ip("fw", "addr", "del", f"{host}/24", "dev", dev)


# ---- P6: octets -----------------------------------------------------------

@under("connect")
def p06_both_ways(t):
    c, conn = opened(t)
    for size in (1, 3, 1000, 40000):
        data = os.urandom(size)
        c.send(data)
        eq(get(conn, size, "outward"), data, "outward")
        data = os.urandom(size)
        conn.sendall(data)
        eq(c.read(size, "inward"), data, "inward")


def pump(sock, total, seed, result, key):
    """Sends so many octets that are known by their sum."""
    block = bytes((seed + i * 7 + (i >> 8)) & 255 for i in range(65521))
    left, crc = total, 0
    try:
        sock.settimeout(30)
        while left:
            part = block[:left]
            sock.sendall(part)
            crc = zlib.crc32(part, crc)
            left -= len(part)
        sock.shutdown(socket.SHUT_WR)
        result[key] = (total, crc)
    except OSError as error:
        result[key] = error


def drain(sock, result, key):
    got, crc = 0, 0
    try:
        sock.settimeout(30)
        while True:
            part = sock.recv(262144)
            if not part:
                break
            got += len(part)
            crc = zlib.crc32(part, crc)
        result[key] = (got, crc)
    except OSError as error:
        result[key] = error


@under("connect")
def p06_64_mib_both_ways_at_once(t):
    before = descriptors(t)
    c, conn = opened(t)
    result = {}
    jobs = [threading.Thread(target=pump, args=(c.sock, 64 * MIB, 1, result,
                                                "out sent")),
            threading.Thread(target=pump, args=(conn, 64 * MIB, 2, result,
                                                "in sent")),
            threading.Thread(target=drain, args=(conn, result, "out got")),
            threading.Thread(target=drain, args=(c.sock, result, "in got"))]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(40)
    eq(result.get("out got"), result.get("out sent"), "outward, and its sum")
    eq(result.get("in got"), result.get("in sent"), "inward, and its sum")
    eq(result["in got"][0], 64 * MIB, "octets")
    c.close()
    conn.close()
    settled(t, before, 16)


@under("connect")
def p06_half_close_of_the_client(t):
    c, conn = opened(t)
    c.send(b"question")
    c.fin()
    eq(get(conn, 8, "the question"), b"question", "the question")
    fin(conn, "the client's FIN")
    for _ in range(3):
        conn.sendall(b"answer")
        eq(c.read(6), b"answer", "the answer")
    conn.close()
    fin(c.sock, "the remote's FIN")


@under("connect")
def p06_half_close_of_the_remote(t):
    c, conn = opened(t)
    conn.sendall(b"banner")
    conn.shutdown(socket.SHUT_WR)
    eq(c.read(6), b"banner", "the banner")
    fin(c.sock, "the remote's FIN")
    for _ in range(3):
        c.send(b"more")
        eq(get(conn, 4, "after it"), b"more", "after it")
    c.fin()
    fin(conn, "the client's FIN")


@under("connect")
def p06_half_closed_timeout(t):
    """`timeout half-closed' from the last octet on; then an RST."""
    for client_first in (True, False):
        c, conn = opened(t)
        (c.sock if client_first else conn).shutdown(socket.SHUT_WR)
        fin(conn if client_first else c.sock, "the FIN")
        time.sleep(1.2)
        (conn if client_first else c.sock).sendall(b"x")
        time.sleep(1.2)
        (conn if client_first else c.sock).sendall(b"x")
        eq(get(c.sock if client_first else conn, 2, "half"), b"xx", "half")
        began = time.monotonic()
        broken(conn if client_first else c.sock, "half-closed too long")
        took = time.monotonic() - began
        if not 1.5 < took < 3:
            raise Fail(f"half-closed for {took:.1f} s, want 2")


@under("connect")
def p06_rst_of_the_client(t):
    c, conn = opened(t)
    c.send(b"x")
    get(conn, 1, "an octet")
    c.reset()
    rst(conn, "the client's RST")


@under("connect")
def p06_rst_of_the_remote(t):
    c, conn = opened(t)
    conn.sendall(b"x")
    c.read(1)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
    conn.close()
    rst(c.sock, "the remote's RST")


@under("connect")
def p06_idle(t):
    """`timeout idle' of the rule, from the last octet on."""
    c, conn = opened(t, Listener(t, OUT2))
    server = Listener(t, FAR)
    c = t.connect().none()
    connect(c, server.addr)
    eq(c.read(10)[1], 0, "CONNECT")
    far, _ = server.accept()
    for _ in range(3):
        time.sleep(0.6)
        far.sendall(b"x")
        eq(c.read(1), b"x", "in use")
    rst(c.sock, "idle for a second", 3)
    rst(far, "idle for a second")
    conn.sendall(b"y")          # the other goes on


@under("connect")
def p06_slow_reader(t):
    """It holds the writer back; the daemon's memory does not grow."""
    server = Listener(t)
    c, conn = opened(t, server)
    opened(t, server)
    before = rss(t)
    conn.setblocking(False)
    sent, end = 0, time.monotonic() + 20
    block = bytes(range(256)) * 256
    while time.monotonic() < end and sent < 256 * MIB:
        if not select.select([], [conn], [], 0.5)[1]:
            break
        sent += conn.send(block[sent % 256:])
    if sent >= 256 * MIB:
        raise Fail("256 MiB go out to a client that reads nothing")
    grown = rss(t) - before
    if grown > 1024:
        raise Fail(f"{grown} kB more for {sent} octets on their way")
    # others are not held up by it
    c2, conn2 = opened(t, server)
    conn2.sendall(b"x")
    eq(c2.read(1), b"x", "beside a slow reader")
    conn.settimeout(PATIENCE)
    conn.shutdown(socket.SHUT_WR)
    got = bytearray()
    c.sock.settimeout(PATIENCE)
    while True:
        part = c.sock.recv(1 << 18)
        if not part:
            break
        got += part
    eq(len(got), sent, "octets, in the end")
    eq(zlib.crc32(got), zlib.crc32((block * (sent // 65536 + 2))[:sent]),
       "the sum of the octets")


# ---- many -----------------------------------------------------------------

@under("connect")
def p06_a_thousand_after_each_other(t):
    server = Listener(t)
    opened(t, server)[0].close()
    before = descriptors(t)
    for n in range(1000):
        c = t.net.tcp(INSIDE[0], ("10.0.0.1", 1080))
        c.sendall(b"\5\1\0" + request(1, addr4(*server.addr)) + b"ping")
        get(c, 12, f"session {n}")
        conn = server.sock.accept()[0]
        eq(get(conn, 4, f"session {n}"), b"ping", f"session {n}")
        conn.sendall(b"pong")
        conn.close()
        eq(get(c, 4, f"session {n}"), b"pong", f"session {n}")
        c.close()
    settled(t, before)


@under("connect")
def p06_five_hundred_at_once(t):
    server = Listener(t)
    opened(t, server)[0].close()
    before = descriptors(t)
    kept = []
    for n in range(500):
        c = t.keep(t.net.tcp(INSIDE[n % 5], ("10.0.0.1", 1080)))
        c.sendall(b"\5\1\0" + request(1, addr4(*server.addr)))
        kept.append([c, None])
    ports = {}
    for n, pair in enumerate(kept):
        got = get(pair[0], 12, f"session {n}")
        eq(got[2:4], b"\5\0", f"session {n}")
        ports[struct.unpack("!H", got[10:])[0]] = pair
    for _ in kept:
        conn, peer = server.accept()
        ports[peer[1]][1] = conn
    engine = max(descriptors(t).values())
    if engine > max(before.values()) + 1000 + 16:
        raise Fail(f"{engine} descriptors for 500 sessions")
    for n, (c, conn) in enumerate(kept):
        c.sendall(b"%06d" % n)
        conn.sendall(b"%06d" % -n)
    for n, (c, conn) in enumerate(kept):
        eq(get(conn, 6, "outward"), b"%06d" % n, "whose octets")
        eq(get(c, 6, "inward"), b"%06d" % -n, "whose octets")
    for n, (c, conn) in enumerate(kept):
        (c if n & 1 else conn).close()
    for n, (c, conn) in enumerate(kept):
        fin(conn if n & 1 else c, "the end")
        (conn if n & 1 else c).close()
    settled(t, before, 16)


# ---- P47 ------------------------------------------------------------------

@under("connect")
def p47_record_of_a_stream(t):
    c, conn = opened(t)
    remote = "%s:%d" % conn.getsockname()
    c.send(b"abc")
    get(conn, 3, "outward")
    conn.sendall(b"defgh")
    c.read(5)
    conn.close()
    fin(c.sock, "the remote's FIN")
    c.close()
    record = t.until(lambda: t.records("association", remote=remote),
                     "its record")[0]
    for key, value in (("command", "connect"), ("label", "wire-tcp"),
                       ("in-octets", "5"), ("out-octets", "3"),
                       ("reason", "remote"), ("via", None)):
        if value is not None:
            eq(record.get(key), value, f"{key} of {record}")
    eq(record.get("client"), f"{c.host}:{c.port}", "client")
    session = t.until(lambda: t.records("session", sid=record["sid"]),
                      "the session's record")[0]
    eq(session.get("reason"), "remote", "why the session ended")
    eq(session.get("requests"), "1", "requests")


@under("connect")
def p47_record_of_a_failure(t):
    for addr, reason in (((OUT, 9), "refused"), (Swallower(t).addr,
                                                 "timeout")):
        c = t.connect().none()
        connect(c, addr)
        c.read(10)
        remote = "%s:%d" % addr
        record = t.until(lambda r=remote: t.records("association", remote=r),
                         "its record")[-1]
        eq(record.get("reason"), reason, f"reason of {record}")
        eq(record.get("out-octets"), "0", f"octets of {record}")
