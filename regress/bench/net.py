"""The ground the benchmarks stand on: three network namespaces, named after
our pid and removed on every exit.

    out                      fw                         in
    out0 192.0.2.10/24  --  fwout 192.0.2.1/24
         198.18.0.0/15      fwin  10.0.0.1/24   --   in0 10.0.0.2/24

All of 198.18.0.0/15 are addresses of the namespace outside.  The cables take a
burst in one piece, as a card does that cuts it by itself.
"""

import os
import re
import shutil
import subprocess
import tempfile

CLIENT, SERVER = "10.0.0.2", "10.0.0.1"
EGRESS, OUTSIDE, FAR = "192.0.2.1", "192.0.2.10", "198.18.0.0/15"
WHERE = ("out", "fw", "in")

# One server's sessions must not run the next one out of ports, nor one
# server's buffers be another's: all are alike in every namespace.
SYSCTLS = (
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    ("ipv4/ip_local_port_range", "32768 65535"),
    ("ipv4/tcp_tw_reuse", "1"),
)


def ip(*words):
    done = subprocess.run(["ip", *words], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def room():
    """A directory of ours; named after our pid as well."""
    path = tempfile.mkdtemp(prefix=f"socksmd-bench-{os.getpid()}-")
    os.chmod(path, 0o755)
    return path


def sweep():
    """What a predecessor left that was killed outright."""
    for name in os.listdir(tempfile.gettempdir()):
        old = re.match(r"socksmd-bench-(\d+)-", name)
        if old and not os.path.isdir(f"/proc/{old[1]}"):
            shutil.rmtree(os.path.join(tempfile.gettempdir(), name),
                          ignore_errors=True)
    have = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE,
                          text=True, check=False).stdout
    for name, pid in re.findall(r"^(bench(\d+)-\w+)", have, re.M):
        if not os.path.isdir(f"/proc/{pid}"):
            ip("netns", "del", name)


class Net:
    """The namespaces."""

    def __init__(self):
        self.names = {w: f"bench{os.getpid()}-{w}" for w in WHERE}
        self.made = []

    def up(self):
        sweep()
        for where, name in self.names.items():
            ip("netns", "add", name)
            self.made.append(name)
            for key, value in SYSCTLS:
                self.sysctl(name, key, value)
            self.ip(where, "link", "set", "lo", "up")
        self.cable("fwout", EGRESS, "out", "out0", OUTSIDE)
        self.cable("fwin", SERVER, "in", "in0", CLIENT)
        self.ip("out", "route", "add", "local", FAR, "dev", "lo")
        self.ip("fw", "route", "add", FAR, "via", OUTSIDE)

    @staticmethod
    def sysctl(name, key, value):
        """Where the system has it."""
        path = f"/proc/sys/net/{key}"
        subprocess.run(["ip", "netns", "exec", name, "sh", "-c",
                        f"[ ! -e {path} ] || echo {value} >{path}"],
                       check=False, stderr=subprocess.DEVNULL)

    def ip(self, where, *words):
        ip("-n", self.names[where], *words)

    def cable(self, fwdev, fwaddr, where, dev, addr):
        self.ip("fw", "link", "add", fwdev, "type", "veth", "peer", "name",
                dev, "netns", self.names[where])
        self.ip("fw", "addr", "add", f"{fwaddr}/24", "dev", fwdev)
        self.ip(where, "addr", "add", f"{addr}/24", "dev", dev)
        self.ip("fw", "link", "set", fwdev, "up")
        self.ip(where, "link", "set", dev, "up")

    def down(self):
        while self.made:
            subprocess.run(["ip", "netns", "del", self.made.pop()],
                           check=False, stderr=subprocess.DEVNULL)
