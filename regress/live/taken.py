"""taken.py PID inside|egress HOST:PORT TEXT: what a program could do that took
over the engine, process PID: it has the engine's sockets and its user, and none
of the filters that keep the engine from setting options.

Sends TEXT to HOST:PORT from each UDP socket with the mark of inside or egress,
and prints for each "sent" or the error.  First it tries to have the socket
leave its interface and its mark behind; exits with 1 if that can be done, and
with 2 if there is no such socket.
"""

import ctypes
import errno
import os
import pwd
import socket
import sys

SYS_PIDFD_GETFD = 438
SO_MARK = 36
MARKS = {"inside": 0x736f6301, "egress": 0x736f6302}
libc = ctypes.CDLL(None, use_errno=True)


def udp_sockets(pid, mark):
    """Duplicates of the process's sockets that bear the mark."""
    pidfd = os.pidfd_open(pid)
    for number in sorted(map(int, os.listdir(f"/proc/{pid}/fd"))):
        if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
            continue
        fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
        if fd == -1:
            raise OSError(ctypes.get_errno(), f"pidfd_getfd {number}")
        sock = socket.socket(fileno=fd)
        if sock.type == socket.SOCK_DGRAM and \
                sock.family in (socket.AF_INET, socket.AF_INET6) and \
                sock.getsockopt(socket.SOL_SOCKET, SO_MARK) == mark:
            yield sock


def tries(sock, option, value):
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    except PermissionError:
        return
    sys.exit(f"option {option} of socket {sock.getsockname()} can be changed")


def main():
    pid, kind, to, text = sys.argv[1:]
    host, _, port = to.rpartition(":")
    socks = list(udp_sockets(int(pid), MARKS[kind]))
    user = pwd.getpwnam("_socksmd")
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    for sock in socks:
        tries(sock, socket.SO_BINDTODEVICE, b"")
        tries(sock, socket.SO_BINDTODEVICE, b"lo")
        tries(sock, SO_MARK, 0)
        try:
            sock.sendto(text.encode(), (host, int(port)))
            print("sent")
        except OSError as error:
            print(errno.errorcode[error.errno])
    if not socks:
        sys.exit(2)


main()
