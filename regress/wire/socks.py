"""An independent SOCKS V5 client with the UDP and multicast extensions.

Every packet is built from raw octets, so that a test can also send what no
honest client would.  Nothing here is shared with the C sources: it is written
from the specifications alone, and what it reads back it reads strictly.
"""

import errno
import fcntl
import select
import socket
import struct
import sys
import termios
import time

# UDP BIND flags (draft 3.3, 4.2)
RECV, SEND, UNICAST, TCPENC = 0x0001, 0x0002, 0x0004, 0x0008
MULTI, MU, MM = 0x0010, 0x0020, 0x0040
# commands of the control channel
BIND, RELEASE, SETTTL = 0x05, 0x06, 0x07
# packet types
REQUEST, REPLY, DATA = 0x01, 0x02, 0x03

# How long an answer may take before a test gives up, and how long "nothing
# arrives" is watched.  Neither decides a test that goes well.
PATIENCE = 4.0
QUIET = 0.25

ANY = ("0.0.0.0", 0)

verbose = False


class Fail(Exception):
    """The server did not do what the statement says."""


class Skip(Exception):
    """The test cannot be run here, or not yet."""


def trace(who, arrow, data):
    if verbose:
        for off in range(0, min(len(data), 256), 32):
            print(f"  {who} {arrow} {data[off:off + 32].hex(' ')}",
                  file=sys.stderr)
        if len(data) > 256:
            print(f"  {who} {arrow} ... {len(data)} octets", file=sys.stderr)


def eq(got, want, what):
    """Fail unless got is want, showing octets as hex."""
    if got == want:
        return
    show = [v.hex(" ") or "nothing" if isinstance(v, bytes) else repr(v)
            for v in (got, want)]
    show = [s if len(s) < 200 else s[:200] + "..." for s in show]
    raise Fail(f"{what}: got {show[0]}, want {show[1]}")


def code(value):
    return f"X'{value:02X}'"


# ---- octets ---------------------------------------------------------------

def addr4(host, port):
    return struct.pack("!B4sH", 1, socket.inet_aton(host), port)


def name(text, port):
    raw = text.encode("latin-1") if isinstance(text, str) else text
    return struct.pack("!BB", 3, len(raw)) + raw + struct.pack("!H", port)


def request(cmd, addr=None, ver=5, rsv=0):
    """A SOCKS request; addr is ATYP, address and port as they stand."""
    if addr is None:
        addr = addr4(*ANY)
    return struct.pack("!BBB", ver, cmd, rsv) + addr


# draft 3.1.1.1 to the letter, "all other fields SHOULD be 0s"
ENHANCED = request(0x04, bytes(7))


def userpass(user, password, ver=1):
    user = user.encode("latin-1") if isinstance(user, str) else user
    password = (password.encode("latin-1") if isinstance(password, str)
                else password)
    return (struct.pack("!BB", ver, len(user)) + user +
            struct.pack("!B", len(password)) + password)


def control(cmd, flags=0, rsvd=0, tid=0, aid=0, tail=b"", size=None,
            ptype=REQUEST):
    """A control packet; size and tail may lie."""
    if size is None:
        size = 13 + len(tail)
    return struct.pack("!BHBHBHL", ptype, size, cmd, flags, rsvd, tid,
                       aid) + tail


def udp_bind(group, flags, ttl=0, tid=0, aid=0, local=ANY):
    """A UDP BIND; group and local are (host, port) or ready octets."""
    tail = b"".join(a if isinstance(a, bytes) else addr4(*a)
                    for a in (local, group))
    return control(BIND, flags, ttl, tid, aid, tail)


def encapsulated(aid, data, size=None):
    """A SOCKS-UDP-DATA-REQUEST (draft 3.4)."""
    return struct.pack("!BHL", DATA, 7 + len(data) if size is None else size,
                       aid) + data


def datagram(aid, data, rsv=0, frag=0, dgid=0):
    """A client's or server's datagram (draft 3.5)."""
    return struct.pack("!BBHL", rsv, frag, dgid, aid) + data


class Reply:
    """A control reply of 27 octets (P13), taken apart."""

    def __init__(self, raw):
        self.raw = raw
        (self.ptype, self.size, self.code, self.flags, self.rsvd, self.tid,
         self.aid) = struct.unpack("!BHBHBHL", raw[:13])
        eq(raw[13], 1, f"ATYP of LOCAL in {raw.hex(' ')}")
        eq(raw[20], 1, f"ATYP of REMOTE in {raw.hex(' ')}")
        self.local = (socket.inet_ntoa(raw[14:18]),
                      struct.unpack("!H", raw[18:20])[0])
        self.remote = (socket.inet_ntoa(raw[21:25]),
                       struct.unpack("!H", raw[25:27])[0])
        eq(self.rsvd, 0, f"RSVD of the reply {raw.hex(' ')}")

    def check(self, want, flags=0, aid=0, local=ANY, remote=ANY):
        """All fields exactly; those not given are 'not populated' (P13)."""
        got = (f"REPLY {code(self.code)} FLAGS {self.flags:#06x} "
               f"AID {self.aid:#010x} LOCAL {self.local} REMOTE {self.remote}")
        codes = want if isinstance(want, (set, tuple)) else (want,)
        if self.code not in codes:
            raise Fail(f"want {' or '.join(map(code, sorted(codes)))}, "
                       f"got {got}")
        for field, value in (("flags", flags), ("aid", aid),
                             ("local", local), ("remote", remote)):
            if value is not None and getattr(self, field) != value:
                if field in ("flags", "aid"):
                    value = f"{value:#x}"
                raise Fail(f"want {field.upper()} {value}, got {got}")
        return self


# ---- a TCP connection to the server ---------------------------------------

class Client:
    """A control connection, and what has been learnt on it."""

    def __init__(self, sock, label="client"):
        self.sock = sock
        self.label = label
        self.tid = 0x4000
        self.host, self.port = sock.getsockname()[:2]
        self.server = sock.getpeername()[:2]
        self.relay = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # -- octets out and in

    def send(self, data):
        trace(self.label, ">", data)
        self.sock.settimeout(PATIENCE)
        self.sock.sendall(data)

    def send_acked(self, data):
        """One segment, known to the other side's kernel on return."""
        self.send(data)
        end = time.monotonic() + PATIENCE
        while struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ,
                                             b"\0\0\0\0"))[0]:
            if time.monotonic() > end:
                raise Fail("the server's system does not acknowledge")
            time.sleep(0.0005)

    def read(self, count, what="an answer", limit=PATIENCE):
        data = b""
        end = time.monotonic() + limit
        while len(data) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise Fail(f"{what}: {len(data)} of {count} octets "
                           f"within {limit:g} s ({data.hex(' ')})")
            try:
                got = self.sock.recv(count - len(data))
            except ConnectionResetError:
                raise Fail(f"{what}: connection reset") from None
            if not got:
                raise Fail(f"{what}: connection closed after "
                           f"{len(data)} of {count} octets "
                           f"({data.hex(' ')})")
            data += got
        trace(self.label, "<", data)
        return data

    def closed(self, what, limit=2.0):
        """The server closes, and sends nothing before it does."""
        end = time.monotonic() + limit
        left = end - time.monotonic()
        if not select.select([self.sock], [], [], max(left, 0))[0]:
            raise Fail(f"{what}: still open after {limit:g} s")
        try:
            got = self.sock.recv(64)
        except ConnectionResetError:
            return
        if got:
            raise Fail(f"{what}: want close, got {got.hex(' ')}")

    def silent(self, what, seconds=QUIET):
        """Open, and nothing comes."""
        if select.select([self.sock], [], [], seconds)[0]:
            try:
                got = self.sock.recv(64)
            except ConnectionResetError:
                raise Fail(f"{what}: connection reset") from None
            raise Fail(f"{what}: want silence, got "
                       f"{got.hex(' ') or 'a close'}")

    def close(self):
        self.sock.close()

    def fin(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    # -- negotiation

    def methods(self, *offered):
        self.send(struct.pack("!BB", 5, len(offered)) + bytes(offered))
        return self.read(2, "method selection")

    def none(self):
        eq(self.methods(0), b"\5\0", "method selection")
        return self

    def login(self, user, password):
        eq(self.methods(2), b"\5\2", "method selection")
        self.send(userpass(user, password))
        eq(self.read(2, "login"), b"\1\0", "login")
        return self

    def enhance(self, req=ENHANCED):
        """Enhanced UDP mode (P10); the relay's address is remembered."""
        self.send(req)
        return self.enhanced()

    def enhanced(self):
        got = self.read(10, "reply to ENHANCED_UDP_MODE")
        eq(got[:4], b"\1\0\0\1", "reply to ENHANCED_UDP_MODE")
        self.relay = (socket.inet_ntoa(got[4:8]),
                      struct.unpack("!H", got[8:10])[0])
        return self

    # -- control packets

    def next_tid(self):
        self.tid = (self.tid + 1) & 0xffff
        return self.tid

    def reply(self, tid=None, what="control reply"):
        head = self.read(3, what)
        ptype, size = struct.unpack("!BH", head)
        eq(ptype, REPLY, f"{what}: packet type")
        eq(size, 27, f"{what}: SIZE")
        got = Reply(head + self.read(24, what))
        if tid is not None:
            eq(got.tid, tid, f"{what}: TID")
        return got

    def ask(self, packet, what="control reply"):
        """Send a control packet whose TID stands where it belongs."""
        self.send(packet)
        return self.reply(struct.unpack("!H", packet[7:9])[0], what)

    def bind(self, group, flags=RECV, ttl=0, aid=0, local=ANY, tid=None):
        """A multicast UDP BIND; the answer is not judged."""
        tid = self.next_tid() if tid is None else tid
        return self.ask(udp_bind(group, flags | MULTI, ttl, tid, aid, local),
                        "reply to UDP BIND")

    def bound(self, group, flags=RECV, ttl=0, aid=0, local=ANY):
        """A multicast UDP BIND that must succeed, checked in full."""
        got = self.bind(group, flags, ttl, aid, local)
        want = (flags & (RECV | SEND | UNICAST)) | MULTI | MU
        got.check(0x00, flags=want, aid=None, local=self.relay, remote=group)
        if aid:
            eq(got.aid, aid, "AID of a second UDP BIND")
        if not got.aid:
            raise Fail("UDP BIND granted with AID 0")
        return got

    def refused(self, want, group, flags=RECV, ttl=0, aid=0, local=ANY,
                left=0):
        """A UDP BIND that must fail; left is what FLAGS must show."""
        return self.bind(group, flags, ttl, aid, local).check(want,
                                                              flags=left)

    def release(self, aid, flags=RECV | SEND, want=0x00, tail=b""):
        tid = self.next_tid()
        got = self.ask(control(RELEASE, flags, 0, tid, aid, tail),
                       "reply to UDP RELEASE")
        return got.check(want, flags=flags, aid=aid)

    def set_ttl(self, aid, ttl, want=0x00, flags=0, tail=b""):
        tid = self.next_tid()
        got = self.ask(control(SETTTL, flags, ttl, tid, aid, tail),
                       "reply to SET TTL")
        return got.check(want, flags=0, aid=aid)

    def alive(self, what="connection kept"):
        """An unknown command is answered X'07': framing is still right."""
        tid = self.next_tid()
        self.ask(control(0xee, 0, 0, tid), what).check(0x07)


# ---- datagram sockets -----------------------------------------------------

class Udp:
    """A UDP socket of a client or an outsider."""

    def __init__(self, sock, label="udp"):
        self.sock = sock
        self.label = label
        self.addr = sock.getsockname()
        self.port = self.addr[1]
        # a burst is not to be lost in the test itself
        sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE
        sock.setsockopt(socket.IPPROTO_IP, 12, 1)       # IP_RECVTTL

    def send(self, data, to):
        trace(self.label, f"> {to[0]}:{to[1]}", data)
        try:
            self.sock.sendto(data, to)
        except ConnectionRefusedError:
            self.sock.sendto(data, to)

    def get(self, what="a datagram", limit=PATIENCE):
        """(data, source, ttl) of the next datagram."""
        end = time.monotonic() + limit
        while True:
            left = max(end - time.monotonic(), 0)
            if not select.select([self.sock], [], [], left)[0]:
                raise Fail(f"{what}: nothing within {limit:g} s")
            try:
                data, anc, _, src = self.sock.recvmsg(65536, 256)
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:
                    continue
                raise
            ttl = [struct.unpack("i", d)[0] for level, kind, d in anc
                   if (level, kind) == (socket.IPPROTO_IP, 2)]
            trace(self.label, f"< {src[0]}:{src[1]}", data)
            return data, src, ttl[0] if ttl else None

    def expect(self, data, src=None, ttl=None, what="datagram"):
        """The next datagram is exactly this one."""
        got = self.get(what)
        eq(got[0], data, what)
        if src is not None:
            eq(got[1], src, f"{what}: source")
        if ttl is not None:
            eq(got[2], ttl, f"{what}: TTL")
        return got

    def silent(self, what, seconds=QUIET):
        if select.select([self.sock], [], [], seconds)[0]:
            data, src = self.sock.recvfrom(65536)
            raise Fail(f"{what}: want silence, got {data[:64].hex(' ')} "
                       f"from {src[0]}:{src[1]}")

    def drain(self, seconds=0):
        """Whatever has come until it is quiet for so long."""
        got = []
        while select.select([self.sock], [], [], seconds)[0]:
            got.append(self.sock.recvfrom(65536)[0])
        return got

    def close(self):
        self.sock.close()
