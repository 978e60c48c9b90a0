"""The ground the wire tests stand on: namespaces, the daemon, its log.

Three network namespaces, named after our pid and removed on every exit:

    out                     fw                          in
    out0 192.0.2.10/24  --  fwout  192.0.2.1/24
         192.0.2.11, .66    fwin   10.0.0.1/24,    --   in0 10.0.0.2/24
    out1 198.51.100.10  --  fwout2 198.51.100.1/24          .3 ... .20
                                   10.0.0.9/24

and by IPv6 (ipv6.py), link-local addresses beside them:

    out0 2001:db8:0:1::10, ::11, ::66   fwout  2001:db8:0:1::1
    out1 2001:db8:0:2::10               fwout2 2001:db8:0:2::1
    in0  2001:db8:0:a::2, ::3, ::4      fwin   2001:db8:0:a::1, ::9
"""

import contextlib
import ctypes
import fcntl
import itertools
import os
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import dns
import socks
from socks import Client, Fail, Udp, eq

INSIDE = [f"10.0.0.{n}" for n in range(2, 21) if n != 9]
SERVER, SERVER2 = "10.0.0.1", "10.0.0.9"
OUT, OUT2, BLOCKED = "192.0.2.10", "192.0.2.11", "192.0.2.66"
FAR = "198.51.100.10"
# how a group socket outside finds its interface
HOME = {"out0": OUT, "out1": FAR, "in0": INSIDE[0], "fwout": "192.0.2.1",
        "fwin": SERVER}

# ADDRESSES6[device]: all it has, of which the last is link-local
ADDRESSES6 = {
    "fwout": ["2001:db8:0:1::1", "fe80::1:1"],
    "fwout2": ["2001:db8:0:2::1", "fe80::2:1"],
    "fwin": ["2001:db8:0:a::1", "2001:db8:0:a::9", "fe80::a:1"],
    "out0": ["2001:db8:0:1::10", "2001:db8:0:1::11", "2001:db8:0:1::66",
             "fe80::1:10"],
    "out1": ["2001:db8:0:2::10", "fe80::2:10"],
    "in0": ["2001:db8:0:a::2", "2001:db8:0:a::3", "2001:db8:0:a::4",
            "fe80::a:2"],
}

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def setns(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, CLONE_NEWNET) != 0:
            err = ctypes.get_errno()
            raise OSError(err, f"setns {path}: {os.strerror(err)}")
    finally:
        os.close(fd)


def ip(*words):
    done = subprocess.run(["ip", *words], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Net:
    """The namespaces and the sockets opened in them."""

    def __init__(self):
        self.names = {w: f"wire{os.getpid()}-{w}" for w in ("out", "fw", "in")}
        self.made = []
        self.own = "/proc/self/ns/net"
        self.home = os.open(self.own, os.O_RDONLY | os.O_CLOEXEC)
        self.dns = None

    def up(self):
        for where in self.names:
            ip("netns", "add", self.names[where])
            self.made.append(where)
            with self.ns(where):
                # nothing is forwarded but by the daemon, no address is
                # there but ours
                self.sysctl("ipv6/conf/all/disable_ipv6", 0)
                self.sysctl("ipv6/conf/default/disable_ipv6", 0)
                self.sysctl("ipv6/conf/default/accept_ra", 0)
                self.sysctl("ipv6/conf/default/addr_gen_mode", 1)
                self.sysctl("ipv6/conf/all/forwarding", 0)
                self.sysctl("ipv4/ip_forward", 0)
                # a forged source is to reach the daemon, not the kernel
                self.sysctl("ipv4/conf/all/rp_filter", 0)
                self.sysctl("ipv4/conf/default/rp_filter", 0)
            self.ip(where, "link", "set", "lo", "up")
        self.pair("fwout", "out", "out0")
        self.pair("fwout2", "out", "out1")
        self.pair("fwin", "in", "in0")
        for where, dev, addrs in (
                ("fw", "fwout", ["192.0.2.1"]),
                ("fw", "fwout2", ["198.51.100.1"]),
                ("fw", "fwin", [SERVER, SERVER2]),
                ("out", "out0", [OUT, OUT2, BLOCKED]),
                ("out", "out1", [FAR]),
                ("in", "in0", INSIDE)):
            for addr in addrs:
                self.ip(where, "addr", "add", f"{addr}/24", "dev", dev)
            for addr in ADDRESSES6[dev]:
                self.ip(where, "addr", "add", f"{addr}/64", "dev", dev,
                        "nodad")
            self.ip(where, "link", "set", dev, "up")
        for where, dev in (("fw", "fwout"), ("fw", "fwout2"), ("fw", "fwin"),
                           ("out", "out0"), ("out", "out1"), ("in", "in0")):
            with self.ns(where):
                wait_for(lambda dev=dev: self.carrier(dev), f"carrier on {dev}")
        self.dns = dns.Dns(self)

    @staticmethod
    def carrier(dev):
        """Both ends up: an interface that only just got its carrier drops
        what is sent at once."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            raw = struct.pack("16sH14s", dev.encode(), 0, b"")
            raw = fcntl.ioctl(sock, 0x8913, raw)            # SIOCGIFFLAGS
        return struct.unpack("16sH14s", raw)[1] & 0x40      # IFF_RUNNING

    def pair(self, fwdev, where, dev):
        self.ip("fw", "link", "add", fwdev, "type", "veth", "peer", "name",
                dev, "netns", self.names[where])

    def ip(self, where, *words):
        ip("-n", self.names[where], *words)

    def sysctl(self, key, value):
        """In the namespace the caller stands in."""
        path = f"/proc/sys/net/{key}"
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))

    def down(self):
        if self.dns:
            self.dns.close()
        while self.made:
            name = self.names[self.made.pop()]
            subprocess.run(["ip", "netns", "del", name], check=False,
                           stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def ns(self, where):
        """Stand in another namespace: a socket stays where it was made."""
        setns(f"/run/netns/{self.names[where]}")
        try:
            yield
        finally:
            if libc.setns(self.home, CLONE_NEWNET) != 0:
                os.abort()

    def pids(self, where):
        got = subprocess.run(["ip", "netns", "pids", self.names[where]],
                             stdout=subprocess.PIPE, text=True, check=False)
        return [int(pid) for pid in got.stdout.split()]

    # -- sockets

    def tcp(self, src, dst, port=0):
        with self.ns("in"):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(socks.PATIENCE)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((src, port))
            sock.connect(dst)
        except OSError:
            sock.close()
            raise
        return sock

    def udp(self, where, host, port=0, ttl=4, loop=0):
        """A unicast socket; what it sends to a group leaves by host."""
        with self.ns(where):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host, port))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                        socket.inet_aton(host))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, loop)
        return Udp(sock, f"{where} {host}:{sock.getsockname()[1]}")

    def member(self, where, dev, group, bind=None):
        """A socket that has joined group on dev, and hears only that."""
        with self.ns(where):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if where == "fw":
            # Beside the relay's sockets, which may have either option.  Not
            # elsewhere: Linux may hand a group's datagram to a socket that
            # shares address and port by SO_REUSEPORT, but joined on another
            # interface.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.setsockopt(socket.IPPROTO_IP, 49, 0)       # IP_MULTICAST_ALL
        sock.bind(bind or group)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(group[0]) +
                        socket.inet_aton(HOME[dev]))
        return Udp(sock, f"{dev} {group[0]}:{group[1]}")

    def igmp(self, group, dev="fwout", where="fw"):
        """How many sockets of the namespace are in the group on dev."""
        want = socket.inet_aton(group[0] if isinstance(group, tuple)
                                else group)[::-1].hex().upper()
        found, current = 0, None
        with self.ns(where):
            with open("/proc/thread-self/net/igmp", encoding="ascii") as file:
                lines = file.read().splitlines()
        for line in lines[1:]:
            words = line.split()
            if not line.startswith("\t"):
                current = words[1]
            elif current == dev and words[0] == want:
                found += int(words[1])
        return found


class Sniffer:
    """Sees every IPv4 packet that arrives on an interface."""

    def __init__(self, net, where, dev):
        with net.ns(where):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                      socket.htons(0x0800))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        self.sock.bind((dev, 0x0800))
        self.drain()

    def drain(self):
        """[(proto, src, dst, sport, dport, ttl, data)] since last time."""
        got = []
        while select.select([self.sock], [], [], 0)[0]:
            raw = self.sock.recv(65600)
            ihl = (raw[0] & 15) * 4
            sport = dport = 0
            data = raw[ihl:]
            if raw[9] == socket.IPPROTO_UDP and \
                    not struct.unpack("!H", raw[6:8])[0] & 0x1fff:
                sport, dport = struct.unpack("!HH", data[:4])
                data = data[8:]
            got.append((raw[9], socket.inet_ntoa(raw[12:16]),
                        socket.inet_ntoa(raw[16:20]), sport, dport, raw[8],
                        data))
        return got

    def not_tcp(self, seconds=0.0):
        """All but TCP and IGMP that came, watched for so long."""
        if seconds:
            time.sleep(seconds)
        return [p for p in self.drain() if p[0] not in (6, 2)]

    def close(self):
        self.sock.close()


def wait_for(condition, what, limit=socks.PATIENCE, step=0.01):
    """Wait for a condition, with a limit; its value is returned."""
    end = time.monotonic() + limit
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Fail(f"{what}: not within {limit:g} s")
        time.sleep(step)


def crypt(password, setting):
    """crypt(3), which Python will no longer have."""
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    lib.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    got = lib.crypt(password.encode(), setting.encode())
    if not got or got.startswith(b"*"):
        raise OSError(f"crypt(3) does not know {setting}")
    return got.decode()


class Daemon:
    """One socksmd in the firewall namespace, under one configuration."""

    def __init__(self, net, binary, conf, users):
        self.net, self.binary = net, binary
        self.dir = tempfile.mkdtemp(prefix="socksmd-wire-")
        os.chmod(self.dir, 0o755)
        self.conf = os.path.join(self.dir, "socksmd.conf")
        self.ctl = os.path.join(self.dir, "socksmd.sock")
        self.errors = os.path.join(self.dir, "log")
        self.child = None
        path = os.path.join(self.dir, "users")
        self.write(path, users, 0o600)
        self.write(self.conf, conf.replace("@USERS@", path), 0o600)
        self.ports = [int(p) for p in
                      re.findall(r"^listen on .* port (\d+)", conf, re.M)]

    @staticmethod
    def write(path, text, mode):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def accepts(self):
        """Does -n take the configuration?  (what it said, or None)"""
        done = subprocess.run([self.binary, "-n", "-f", self.conf],
                              stdout=subprocess.PIPE, text=True, check=False,
                              stderr=subprocess.STDOUT, timeout=10)
        if done.returncode == 0:
            return None
        return (done.stdout.strip().splitlines() or ["no reason given"])[0]

    def start(self):
        with open(self.errors, "wb") as log:
            self.child = subprocess.Popen(
                self.room() +
                ["ip", "netns", "exec", self.net.names["fw"], self.binary,
                 "-d", "-f", self.conf, "-s", self.ctl],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: libc.prctl(1, signal.SIGTERM))
        for port in self.ports:
            wait_for(lambda port=port: self.listening(port),
                     f"socksmd accepts on port {port}", 10)
        # by then it does so on all addresses, and heeds signals
        wait_for(lambda: "socksmd started" in self.log(),
                 "socksmd says that it has started", 10)

    def room(self):
        """The words of a command that gives the daemon a mount namespace of
        its own: with our name server and hosts, and, where they are not
        installed, its user and empty directory."""
        script = 'set -e; '
        for file, text in (("resolv.conf", dns.RESOLV), ("hosts", dns.HOSTS)):
            if not os.path.exists(f"/etc/{file}"):
                continue                # a mount has to lie on something
            path = os.path.join(self.dir, file)
            self.write(path, text, 0o644)
            script += f'mount --bind {path} /etc/{file}; '
        try:
            pwd.getpwnam("_socksmd")
        except KeyError:
            for file, line in (
                    ("passwd", "_socksmd:x:64999:64999::/:/bin/false"),
                    ("group", "_socksmd:x:64999:")):
                with open(f"/etc/{file}", encoding="utf-8") as old:
                    path = os.path.join(self.dir, file)
                    self.write(path, old.read() + line + "\n", 0o644)
                script += f'mount --bind {path} /etc/{file}; '
        if not os.path.isdir("/var/empty"):
            script += 'mount -t tmpfs -o mode=755 none /var; mkdir /var/empty; '
        if script == 'set -e; ':
            return []
        return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                script + 'exec "$@"', "sh"]

    def listening(self, port):
        if self.child.poll() is not None:
            last = self.log().strip().splitlines()[-1:] or [""]
            raise Fail(f"socksmd ended with {self.child.returncode} "
                       f"at start: {last[0]}")
        try:
            self.net.tcp(INSIDE[-1], (SERVER, port)).close()
        except OSError:
            return False
        return True

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def sound(self):
        """It runs, and still accepts."""
        return self.alive() and self.listening(self.ports[0])

    def log(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """SIGTERM; the reasons why that was not a clean end, or nothing."""
        bad = []
        if self.child is None:
            return bad
        ended = self.child.poll()
        if ended is not None:
            bad.append(f"had already ended with {ended}")
        else:
            self.child.send_signal(signal.SIGTERM)
            try:
                ended = self.child.wait(5)
                if ended != 0:
                    bad.append(f"SIGTERM: exit status {ended}")
            except subprocess.TimeoutExpired:
                bad.append("SIGTERM: still there after 5 s")
        with contextlib.suppress(Fail):
            wait_for(lambda: not self.net.pids("fw"), "no child left", 1)
        for pid in self.net.pids("fw"):
            bad.append(f"process {pid} left behind")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait()
        self.child = None
        if not bad and os.path.exists(self.ctl):
            bad.append("control socket left behind")
        return bad

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


RECORD = re.compile(r"\b(session|association) ((?:[a-z][a-z0-9_.-]*="
                    r'(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?: |$))+)', re.M)
PAIR = re.compile(r'([a-z][a-z0-9_.-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)')


class Test:
    """What one test has in its hands; closed behind it."""

    serial = itertools.count(1)

    def __init__(self, net, daemon):
        self.net, self.daemon = net, daemon
        self.open = []
        self.log_from = len(daemon.log())

    def keep(self, thing):
        self.open.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.open):
            thing.close()

    # -- clients

    def connect(self, src=INSIDE[0], port=1080, server=SERVER, sport=0):
        sock = self.net.tcp(src, (server, port), sport)
        return self.keep(Client(sock, f"tcp {src}"))

    def enhanced(self, src=INSIDE[0], port=1080, server=SERVER, user=None):
        """A control connection in enhanced mode."""
        client = self.connect(src, port, server)
        if user:
            client.login(*user)
        else:
            client.none()
        return client.enhance()

    def inside(self, host=INSIDE[0], port=0):
        return self.keep(self.net.udp("in", host, port))

    def outside(self, host=OUT, **options):
        return self.keep(self.net.udp("out", host, **options))

    def listener(self, group, dev="out0"):
        return self.keep(self.net.member("out", dev, group))

    def sniff(self, where, dev):
        return self.keep(Sniffer(self.net, where, dev))

    # -- things nobody else in this run uses

    def group(self, kind=1, port=5000):
        """A group of 239.KIND.0.0/16 of this test's own."""
        n = next(self.serial)
        return (f"239.{kind}.{n >> 8}.{n & 255}", port)

    def payload(self, size=48):
        """Octets that were never sent before (P40 remembers)."""
        return os.urandom(size)

    # -- conditions

    until = staticmethod(wait_for)

    def joined(self, group, count, what, dev="fwout", limit=1.0):
        """The group has so many sockets on dev, soon (P35)."""
        end = time.monotonic() + limit
        while self.net.igmp(group, dev) != count and time.monotonic() < end:
            time.sleep(0.01)
        self.joined_now(group, count, what, dev)

    def joined_now(self, group, count, what, dev="fwout"):
        eq(self.net.igmp(group, dev), count,
           f"{what}: memberships of {group[0]} on {dev}")

    def heard(self, sender, group, receiver, aid, what="group datagram"):
        """Outside to inside: the group's traffic reaches the receiver,
        as the next datagram that it gets."""
        data = self.payload()
        sender.send(data, group)
        return receiver.expect(socks.datagram(aid, data), what=what)

    def sent(self, member, relay, aid, listener, what="member's datagram",
             ttl=None):
        """Inside to outside, as the next datagram that is heard there."""
        data = self.payload()
        member.send(socks.datagram(aid, data), relay)
        return listener.expect(data, ttl=ttl, what=what)

    # -- the log

    def log(self):
        return self.daemon.log()[self.log_from:]

    def records(self, kind, **match):
        """The records of P47 written since the test began."""
        got = []
        for what, rest in RECORD.findall(self.log()):
            pairs = {k: v.strip('"') for k, v in PAIR.findall(rest)}
            if what == kind and all(pairs.get(k) == v
                                    for k, v in match.items()):
                got.append(pairs)
        return got


def note(text):
    print(text, file=sys.stderr, flush=True)
