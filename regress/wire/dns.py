"""A name server that says what a test wants said, and remembers who asked.

It listens in the firewall's namespace on two addresses, for the daemon alone,
and is written from RFC 1035 without a line of the daemon's.
"""

import socket
import struct
import threading
import time

A, CNAME, AAAA, OPT = 1, 5, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5

SERVERS = ("127.0.0.1", "127.0.0.2")
RESOLV = "".join(f"nameserver {s}\n" for s in SERVERS) + \
    "search wrong.test\noptions timeout:1 attempts:1\n"
HOSTS = """127.0.0.1\tlocalhost
192.0.2.10\tHosts-Out.test alias.test	# a comment
192.0.2.66\thosts-blocked.test
"""


def encode(name):
    return b"".join(bytes([len(p)]) + p
                    for p in name.encode().split(b".") if p) + b"\0"


def pack(kind, value):
    if kind == A:
        return socket.inet_aton(value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    return encode(value)


class Query:
    def __init__(self, server, peer, raw):
        self.server, self.peer, self.raw = server, peer, raw
        self.id, self.flags, _, _, _, extra = struct.unpack("!6H", raw[:12])
        off, labels = 12, []
        while raw[off]:
            labels.append(raw[off + 1:off + 1 + raw[off]])
            off += 1 + raw[off]
        self.spelt = b".".join(labels).decode("latin-1")
        self.name = self.spelt.lower()
        self.type = struct.unpack("!H", raw[off + 1:off + 3])[0]
        self.question = raw[12:off + 5]
        self.edns = extra == 1

    def answer(self, records=(), rcode=NOERROR, ident=None, question=None,
               flags=0x8180):
        """records: [(owner, type, value)]; owner None: what was asked."""
        body = b""
        for owner, kind, value in records:
            data = pack(kind, value)
            body += (b"\xc0\x0c" if owner is None else encode(owner)) + \
                struct.pack("!HHLH", kind, 1, 60, len(data)) + data
        return struct.pack("!6H", self.id if ident is None else ident,
                           flags | rcode, 1, len(records), 0, 0) + \
            (question or self.question) + body


class Dns:
    """names: what each is answered with: a function of the query that gives
    a datagram, a list of them, or None for silence."""

    def __init__(self, net):
        self.names = {}
        self.asked = []
        self.socks = []
        with net.ns("fw"):
            for server in SERVERS:
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sock.bind((server, 53))
                self.socks.append(sock)
        for sock in self.socks:
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        server = sock.getsockname()[0]
        while True:
            try:
                raw, peer = sock.recvfrom(4096)
            except OSError:
                return
            query = Query(server, peer, raw)
            self.asked.append(query)
            how = self.names.get(query.name)
            got = how(query) if how else query.answer(rcode=NXDOMAIN)
            for data in [got] if isinstance(got, bytes) else got or []:
                sock.sendto(data, peer)

    def close(self):
        for sock in self.socks:
            sock.close()

    # -- what a name is

    def set(self, name, *addresses, delay=0):
        """The name has these addresses, of either family."""
        def how(query):
            if delay:
                time.sleep(delay)
            return query.answer([(None, query.type, a) for a in addresses
                                 if (":" in a) == (query.type == AAAA)])
        self.names[name] = how

    def questions(self, name):
        return [q for q in self.asked if q.name == name]
