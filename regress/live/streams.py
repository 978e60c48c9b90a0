"""Many receivers of few groups, and their sender, to see that nothing is lost.

	streams.py receive HOST PORT ASSOCIATIONS STOP READY REVOKED
	streams.py send ADDRESS STOP

The receivers stand in 239.1.0.1 and 239.1.1.1, half in each, at ports that
differ; the datagrams are numbered for each group.  When the file READY is
there, they all stand; once the file REVOKED is there, those of 239.1.1.1 may
end.  Both go on until there is the file STOP; then the receivers say how many
datagrams they got, and fail where one of 239.1.0.1 is missing.
"""

import os
import select
import socket
import struct
import sys
import time

GROUPS = ("239.1.0.1", "239.1.1.1")
RECEIVE, MULTICAST, MU = 0x1, 0x10, 0x20
PER_SESSION = 250
RATE = 50                               # datagrams a second and group


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            sys.exit("streams.py: the connection was closed")
        data += more
    return data


def enhanced(host, port):
    sock = socket.create_connection((host, port), 10)
    sock.sendall(b"\x05\x01\x00" + b"\x05\x04\x00\x01" + bytes(6))
    if exactly(sock, 2) != b"\x05\x00" or exactly(sock, 10)[:2] != b"\x01\x00":
        sys.exit("streams.py: no enhanced mode")
    return sock


def bind(sock, group, local):
    body = struct.pack("!BHBHBHI", 1, 27, 5, RECEIVE | MULTICAST | MU, 0, 7, 0)
    body += struct.pack("!B4sH", 1, bytes(4), local)
    body += struct.pack("!B4sH", 1, socket.inet_aton(group), 5000)
    sock.sendall(body)
    reply = exactly(sock, 27)
    if reply[3]:
        sys.exit(f"streams.py: {group} at port {local}: X'{reply[3]:02X}'")
    return struct.unpack("!I", reply[9:13])[0]


def receive(host, port, number, stop, ready, revoked):
    """One socket takes the datagrams of all that share it, by AID: 16 sockets
    would do, but each association has a port of its own (P48)."""
    seen, names, streams = {}, {}, []
    poll = select.epoll()
    sessions = []
    for n in range(number):
        if n % PER_SESSION == 0:
            sessions.append(enhanced(host, port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        udp.bind(("0.0.0.0", 0))
        udp.setblocking(False)
        aid = bind(sessions[-1], GROUPS[n % 2], udp.getsockname()[1])
        seen[aid] = []
        names[aid] = GROUPS[n % 2]
        streams.append(udp)
        poll.register(udp, select.EPOLLIN)
    by_fd = {s.fileno(): s for s in streams}
    with open(ready, "w", encoding="ascii") as file:
        file.write("ready\n")
    stopped = 0
    while not stopped or time.monotonic() < stopped + 1:
        for fd, _ in poll.poll(0.2):
            take(by_fd[fd], seen)
        if not stopped and os.path.exists(stop):
            stopped = time.monotonic()
    judge(seen, names, os.path.exists(revoked))


def take(udp, seen):
    while True:
        try:
            data = udp.recv(2048)
        except BlockingIOError:
            return
        aid, number = struct.unpack("!II", data[4:12])
        seen[aid].append(number)


def judge(seen, names, revoked):
    last = max(max(got, default=0) for aid, got in seen.items()
               if names[aid] == GROUPS[0])
    if last < 100:
        sys.exit(f"streams.py: only {last} datagrams were sent")
    for aid, got in seen.items():
        want = list(range(1, last + 1))
        if names[aid] == GROUPS[1] and revoked:
            want = want[:len(got)]      # then it ended, all at once
            if len(got) == last:
                sys.exit("streams.py: one that was revoked got all")
        if got != want:
            missing = sorted(set(want) - set(got))
            sys.exit(f"streams.py: AID {aid:08x} in {names[aid]}: {len(got)} of "
                     f"{len(want)}, missing {missing[:5]}")
    print(f"{len(seen)} associations, each got all of its {last} datagrams")


def send(address, stop):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 0))
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                   socket.inet_aton(address))
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    number, begun = 0, time.monotonic()
    while not os.path.exists(stop):
        number += 1
        for group in GROUPS:
            udp.sendto(struct.pack("!I", number) + bytes(96), (group, 5000))
        wait = begun + number / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
    print(f"{number} datagrams to each group")


if sys.argv[1] == "receive":
    receive(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
else:
    send(*sys.argv[2:])
