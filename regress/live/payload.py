"""payload.py FILE.pcap: writes the payload of every UDP datagram in a capture
of Ethernet frames to standard output, in order."""

import struct
import sys


def frames(data):
    magic = struct.unpack("<I", data[:4])[0]
    if magic not in (0xa1b2c3d4, 0xa1b23c4d):
        sys.exit("payload.py: not a capture of this machine's byte order")
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack("<I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def payload(frame):
    if frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return b""
    udp = 14 + (frame[14] & 15) * 4
    size = struct.unpack("!H", frame[udp + 4:udp + 6])[0]
    return frame[udp + 8:udp + size]


with open(sys.argv[1], "rb") as file:
    for one in frames(file.read()):
        sys.stdout.buffer.write(payload(one))
