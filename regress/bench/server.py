"""The servers that are measured, ours and others', each with all its
processes; and what these have used of processor and memory."""

import ctypes
import os
import shutil
import signal
import subprocess
import time

from net import EGRESS, SERVER

HERE = os.path.dirname(os.path.abspath(__file__))
STUB = os.path.join(HERE, "stub.t")
SETTLE = 0.005


class Fail(Exception):
    """A server or a load did not do its part."""


def on_core(which):
    """The words that keep a command on one core, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[which])] if len(cores) > 1 else []


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


libc = ctypes.CDLL(None)


def with_us():
    """A server ends when we do, even if we are killed outright."""
    libc.prctl(1, signal.SIGTERM)               # PR_SET_PDEATHSIG


def cpu_clock(pid):
    """ns of processor time of a process: all its threads, also those that
    ended, exact and not by ticks.  clock_getcpuclockid(3) on Linux."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def find_ksoftirqd():
    """The kernel's helper on the servers' core: what it does for them when
    they are much interrupted is in nobody's figures."""
    name = f"ksoftirqd/{min(os.sched_getaffinity(0))}"
    for pid in os.listdir("/proc"):
        if pid.isdigit() and read(f"/proc/{pid}/comm").strip() == name:
            return int(pid)
    return None


KSOFTIRQD = find_ksoftirqd()


def helper():
    """ns of that helper, or 0 where there is none to be seen."""
    return cpu_clock(KSOFTIRQD) if KSOFTIRQD else 0


class Server:
    """A server in the namespace fw."""

    def __init__(self, net, words, port, stderr):
        self.port = port
        self.seen = {}              # pid: the last that was seen of it
        self.stderr = stderr
        self.words = words
        self.child = subprocess.Popen(
            ["ip", "netns", "exec", net.names["fw"]] + on_core(0) + words,
            stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
            start_new_session=True, preexec_fn=with_us)

    def listening(self):
        """Is there a socket at its port?"""
        for kind, states in (("tcp", ("0A",)), ("udp", ("07", "01"))):
            table = read(f"/proc/{self.child.pid}/net/{kind}")
            for words in map(str.split, table.splitlines()[1:]):
                if words[1].endswith(f":{self.port:04X}") and \
                        words[3] in states:
                    return True
        return False

    def wait(self, limit=30):
        end = time.monotonic() + limit
        while not self.listening():
            if self.child.poll() is not None or time.monotonic() > end:
                raise Fail(f"{os.path.basename(self.words[0])} did not "
                           f"start: {self.last_words()}")
            time.sleep(0.01)

    def last_words(self):
        self.stderr.flush()
        lines = read(self.stderr.name).strip().splitlines()
        return lines[-1] if lines else "no reason given"

    def pids(self):
        """It and its descendants."""
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += [int(p) for task in self.tasks(pid) for p in
                     read(f"/proc/{pid}/task/{task}/children").split()]
        return found

    @staticmethod
    def tasks(pid):
        try:
            return os.listdir(f"/proc/{pid}/task")
        except OSError:
            return []

    def clocks(self, role=None):
        """ns of all processes, or of the one that plays the role."""
        for pid in self.pids():
            if role and f": {role}\0" not in read(f"/proc/{pid}/cmdline"):
                continue
            try:
                self.seen[pid] = cpu_clock(pid)
            except OSError:
                pass                # it ended: the last that was seen stays
        return sum(self.seen.values())

    def cpu(self, role=None):
        """The same, once what it was doing has come to rest."""
        before = self.clocks(role)
        for _ in range(200):
            time.sleep(SETTLE)
            now = self.clocks(role)
            if now - before < 50000:
                break
            before = now
        return now

    def memory(self):
        """Octets: what is its own, and its share of what is shared."""
        total = 0
        for pid in self.pids():
            for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def descriptors(self):
        total = 0
        for pid in self.pids():
            try:
                total += len(os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                pass
        return total

    def stop(self):
        pids = self.pids()
        self.child.terminate()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:
            # by number, and only what was ours a moment ago
            if os.path.isdir(f"/proc/{pid}") and \
                    os.getsid(pid) == self.child.pid:
                os.kill(pid, signal.SIGKILL)
        self.child.wait(5)


BASE = """
set log none
set limit { sessions 20000, sessions-per-host 20000, receivers-per-host 4000 }
set limit { associations 200000, associations-per-session 200000 }
listen on fwin port @PORT@ auth none
inside on fwin
egress on fwout
"""

RULES = """
block all
pass receive from 10.0.0.0/24 to 239.1.0.0/16
pass udp from 10.0.0.0/24 to 198.18.0.0/15
pass { connect, associate } from 10.0.0.0/24 to 192.0.2.0/24
"""


def log(room, port):
    return open(os.path.join(room, f"log.{port}"), "w", encoding="ascii")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o600)


def ours(net, room, port, rules=RULES):
    """socksmd, under these rules."""
    binary = os.path.abspath(os.environ.get("SOCKSMD") or os.path.join(
        HERE, "../../socksmd/socksmd"))
    conf = os.path.join(room, f"conf.{port}")
    write(conf, BASE.replace("@PORT@", str(port)) + rules)
    return Server(net, [binary, "-d", "-f", conf, "-s",
                        os.path.join(room, f"control.{port}")], port,
                  log(room, port))


def stub(net, room, port, *words):
    return Server(net, [STUB, *[str(w) for w in words]], port,
                  log(room, port))


DANTE = """
logoutput: /dev/null
internal: 10.0.0.1 port = @PORT@
external: 192.0.2.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
"""


def danted(net, room, port):
    """Dante, if it is installed."""
    binary = shutil.which("danted", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if not binary:
        return None
    conf = os.path.join(room, f"conf.{port}")
    write(conf, DANTE.replace("@PORT@", str(port)))
    return Server(net, [binary, "-f", conf, "-p",
                        os.path.join(room, "danted.pid")], port,
                  log(room, port))


def microsocks(net, room, port):
    """microsocks, if it is installed."""
    binary = shutil.which("microsocks")
    if not binary:
        return None
    # it logs every session; as the others do not, to where it costs least
    return Server(net, [binary, "-i", SERVER, "-p", str(port), "-b", EGRESS],
                  port, open(os.devnull, "w", encoding="ascii"))
