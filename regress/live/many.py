"""many.py HOST PORT COUNT ADDRESS ...: one control connection with so many
unicast associations, asked for without waiting for each answer, to the
addresses in turn and ports from 1024 up; every answer is checked.  Then
datagrams flow on some of them, both ways, through an echo outside.  Says
"ready SECONDS" and stays until its input ends.

many.py echo ADDRESS ...: that echo, on the ports of the sample."""

import select
import socket
import struct
import sys
import time

RECEIVE, SEND, UNICAST = 0x1, 0x2, 0x4
SAMPLE = 64         # associations whose datagrams are looked at
AHEAD = 256         # requests that are not answered yet
REPLY = 27


def remote(addresses, n):
    return addresses[n % len(addresses)], 1024 + n // len(addresses)


def sample(addresses, count):
    """Spread over all of them, the last one included."""
    return sorted({(count - 1) * k // (SAMPLE - 1) for k in range(SAMPLE)})


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            sys.exit("many.py: the connection was closed")
        data += more
    return data


def enhanced(host, port):
    sock = socket.create_connection((host, port), 10)
    sock.sendall(b"\x05\x01\x00" + b"\x05\x04\x00\x01" + bytes(6))
    if exactly(sock, 2) != b"\x05\x00":
        sys.exit("many.py: no method")
    reply = exactly(sock, 10)
    if reply[:2] != b"\x01\x00":
        sys.exit("many.py: no enhanced mode")
    return sock, (host, struct.unpack("!H", reply[8:10])[0])


def request(local, to, n):
    tail = b"".join(struct.pack("!B4sH", 1, socket.inet_aton(a), p)
                    for a, p in (local, to))
    return struct.pack("!BHBHBHI", 1, 27, 5, RECEIVE | SEND | UNICAST, 0,
                       n & 0xffff, 0) + tail


def bind_all(sock, local, addresses, count):
    """The AIDs, in order, and how many egress sockets there are."""
    aids, egress, asked, have = [], set(), 0, b""
    while len(aids) < count:
        if asked < count and asked - len(aids) < AHEAD:
            upto = min(count, len(aids) + AHEAD)
            sock.sendall(b"".join(request(local, remote(addresses, n), n)
                                  for n in range(asked, upto)))
            asked = upto
        more = sock.recv(65536)
        if not more:
            sys.exit("many.py: the connection was closed")
        have += more
        while len(have) >= REPLY:
            reply, have = have[:REPLY], have[REPLY:]
            tid, aid = struct.unpack("!HI", reply[7:13])
            if reply[3] or tid != len(aids) & 0xffff or not aid:
                sys.exit(f"many.py: association {len(aids)}: "
                         f"X'{reply[3]:02X}', TID {tid}")
            aids.append(aid)
            egress.add(reply[21:27])
    return aids, len(egress)


def flow(udp, relay, aids, numbers):
    """Each sends its number, and hears it from outside by its own AID."""
    for n in numbers:
        data = struct.pack("!I", n) * 8
        packet = bytes(4) + struct.pack("!I", aids[n]) + data
        udp.sendto(packet, relay)
        if not select.select([udp], [], [], 5)[0]:
            sys.exit(f"many.py: nothing comes back on association {n}")
        if udp.recv(2048) != packet[:8] + data[::-1]:
            sys.exit(f"many.py: something else comes on association {n}")


def echo(addresses, count):
    """Backwards, so that it is not what was sent."""
    socks = []
    for n in sample(addresses, count):
        socks.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        socks[-1].bind(remote(addresses, n))
    print("ready", flush=True)
    while True:
        for sock in select.select(socks, [], [])[0]:
            data, src = sock.recvfrom(2048)
            sock.sendto(data[::-1], src)


def main():
    if sys.argv[1] == "echo":
        echo(sys.argv[3:], int(sys.argv[2]))
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    addresses = sys.argv[4:]
    sock, relay = enhanced(host, port)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((sock.getsockname()[0], 0))
    began = time.monotonic()
    aids, egress = bind_all(sock, udp.getsockname(), addresses, count)
    took = time.monotonic() - began
    if len(set(aids)) != count:
        sys.exit("many.py: an AID twice")
    flow(udp, relay, aids, sample(addresses, count))
    print(f"ready: {count} associations in {took:.1f} s, "
          f"{egress} egress sockets", flush=True)
    sys.stdin.read()


main()
