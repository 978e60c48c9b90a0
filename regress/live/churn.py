"""churn.py HOST PORT SESSIONS BINDS: so many control connections, one after
the other, each with so many UDP BINDs and UDP RELEASEs, both directions of a
group; every answer is checked."""

import socket
import struct
import sys

RECEIVE, SEND, MULTICAST, MU = 0x1, 0x2, 0x10, 0x20
ADDRESS = struct.pack("!B4sH", 1, bytes(4), 0)


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            sys.exit("churn.py: the connection was closed")
        data += more
    return data


def enhanced(host, port):
    sock = socket.create_connection((host, port), 10)
    sock.sendall(b"\x05\x01\x00" + b"\x05\x04\x00\x01" + bytes(6))
    if exactly(sock, 2) != b"\x05\x00":
        sys.exit("churn.py: no method")
    if exactly(sock, 10)[:2] != b"\x01\x00":
        sys.exit("churn.py: no enhanced mode")
    return sock


def command(sock, cmd, flags, ttl, tid, aid, addresses):
    body = struct.pack("!BHBHBHI", 1, 13 + len(addresses), cmd, flags, ttl,
                       tid, aid) + addresses
    sock.sendall(body)
    reply = exactly(sock, 27)
    code, got, aid = reply[3], reply[7:9], struct.unpack("!I", reply[9:13])[0]
    if code or got != struct.pack("!H", tid):
        sys.exit(f"churn.py: command {cmd}: X'{code:02X}'")
    return aid


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    sessions, binds = int(sys.argv[3]), int(sys.argv[4])
    for session in range(sessions):
        sock = enhanced(host, port)
        for n in range(binds):
            group = bytes([239, 1, session % 8, 1 + n % 32])
            aid = command(sock, 5, RECEIVE | SEND | MULTICAST | MU, 4,
                          n & 0xffff, 0, ADDRESS +
                          struct.pack("!B4sH", 1, group, 5000 + n % 7))
            command(sock, 6, RECEIVE | SEND, 0, n & 0xffff, aid, b"")
        sock.close()


main()
