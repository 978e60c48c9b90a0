"""What is measured: stages, each with its servers, their loads and its rows.

All servers of a stage run at once, each with a load of its own, prepared and
waiting; in each row they are loaded in turn.
"""

import os

import server
from net import CLIENT, EGRESS, SERVER

# Ports of the servers; what else a server needs is counted up from these.
OURS, STUB, DANTE, MICRO = 1080, 1081, 1082, 1083
PORTS = {"ours": OURS, "stub": STUB, "danted": DANTE, "microsocks": MICRO}


class Row:
    """One figure of each server.

    n units are asked for, in the words given; a figure is ns per unit times
    scale.  aim: at most that; ratio: at most so many times the stub's; peers:
    below every peer; like: at most ratio_like times that row's.
    """

    def __init__(self, title, unit, n, words="", **aims):
        self.title, self.unit, self.n, self.words = title, unit, n, words
        self.scale = aims.get("scale", 1e-3)
        self.aim = aims.get("aim")
        self.ratio = aims.get("ratio")
        self.peers = aims.get("peers", False)
        self.like = aims.get("like")
        self.what = aims.get("what", "cpu")
        self.role = aims.get("role")


class Stage:
    """Servers, as functions that start one (or give None where it is not
    installed), the loads' words for each, and rows."""

    def __init__(self, name, servers, loads, rows):
        self.name, self.servers, self.loads = name, servers, loads
        self.rows = rows


def start_ours(net, room):
    return server.ours(net, room, OURS)


def start_dante(net, room):
    return server.danted(net, room, DANTE)


def start_micro(net, room):
    return server.microsocks(net, room, MICRO)


def start_stream(net, room):
    return server.stub(net, room, STUB, "stream", SERVER, STUB)


PROXIES = {"ours": start_ours, "stub": start_stream, "danted": start_dante,
           "microsocks": start_micro}


def fanout(quick):
    """A group to so many receivers."""
    def stage(n):
        def start(net, room):
            return server.stub(net, room, 5001, "fanout", "239.1.0.2", 5001,
                               EGRESS, CLIENT, 30000, n)
        units = max(n * 320, 4000 if quick else 60000)
        big = n >= 10
        rows = [Row(f"fanout {n}, bursts of {b}", "us/delivery", units, str(b),
                    aim=2.2 if big else None, ratio=1.25 if big else None)
                for b in (8, 32)]
        rows.append(Row(f"fanout {n}, one by one", "us/delivery",
                        units // 2, "1", aim=6 if big else None))
        return Stage("fanout", {"ours": start_ours, "stub": start},
                     {"ours": ["fanout", "239.1.0.1", "5000", "20000", str(n)],
                      "stub": ["-b", "fanout", "239.1.0.2", "5001", "30000",
                               str(n)]}, rows)
    return [stage(n) for n in ((1, 10, 100) if quick else
                               (1, 10, 100, 1000))]


def unicast(quick):
    """Through so many associations of one client, each to its own remote."""
    def like(n, rest):
        """A single association gets company in each message: no measure for
        datagrams that are mixed."""
        base = 1000 if "mixed" in rest else 1
        return f"unicast {base}, {rest}" if n > base else None

    def stage(n):
        def start(net, room):
            return server.stub(net, room, STUB, "unicast", SERVER, STUB,
                               EGRESS, 2001, 7001, 30000, n)
        units = 4000 if quick else 20000
        rows = []
        for way, word in (("one way", ""), ("round trip", "round")):
            for b, how in ((8, "bursts of 8"), (1, "mixed")):
                rest = f"{way}, {how}"
                rows.append(Row(f"unicast {n}, {rest}", "us/datagram", units,
                                f"{word} {b}", ratio=1.25,
                                like=like(n, rest)))
        return Stage("unicast", {"ours": start_ours, "stub": start},
                     {"ours": ["unicast", "7000", "20000", "0", str(n)],
                      "stub": ["-b", "unicast", "7001", "30000", "2001",
                               str(n)]}, rows)
    return [stage(n) for n in ((1, 1000) if quick else (1, 1000, 100000))]


def associate(quick):
    """UDP ASSOCIATE of RFC 1928, one client and one remote."""
    units = 4000 if quick else 20000
    rows = [Row("UDP ASSOCIATE, one way", "us/datagram", units, "8", aim=6.5,
                peers=True),
            Row("UDP ASSOCIATE, round trip", "us/datagram", units, "round 8",
                aim=12, peers=True)]
    servers = {n: PROXIES[n] for n in ("ours", "danted")}
    return [Stage("associate", servers,
                  {n: ["associate"] for n in servers}, rows)]


def connect(quick):
    """CONNECT sessions, from the first octet to the end."""
    rows = [Row("connect", "us/session", 160 if quick else 1600, aim=250,
                peers=True)]
    return [Stage("connect", PROXIES, {n: ["connect"] for n in PROXIES},
                  rows)]


def tcp(quick):
    """Octets through CONNECT sessions.  ns per octet are s per GB."""
    n = (1 << 26) if quick else (1 << 28)
    rows = [Row("tcp, 1 stream", "s/GB", n, "1", scale=1, aim=0.47),
            Row("tcp, 8 streams", "s/GB", n, "8", scale=1, aim=0.67)]
    return [Stage("tcp", PROXIES, {n: ["tcp"] for n in PROXIES}, rows)]


def idle(quick):
    """What a session, or an association, costs that does nothing."""
    n = 200 if quick else 1000
    rows = [Row("idle CONNECT, memory", "KiB/session", n, scale=1 / 1024,
                aim=4, what="memory"),
            Row("idle CONNECT, descriptors", "/session", n, scale=1, aim=2,
                what="descriptors")]
    sessions = Stage("idle", PROXIES, {n: ["sessions"] for n in PROXIES},
                     rows)
    rows = [Row("idle association, memory", "KiB/association", n * 10,
                scale=1 / 1024, aim=1, what="memory")]
    return [sessions, Stage("idle", {"ours": start_ours},
                            {"ours": ["associations", "20000"]}, rows)]


def many_rules(room, rules, entries):
    """Rules for many small networks, every tenth with the table's help."""
    path = os.path.join(room, "table")
    server.write(path, "".join(
        f"100.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}\n"
        for i in range(entries)))
    text = f'table <many> persist file "{path}"\nblock all\n'
    for i in range(rules):
        to = "<many>" if i % 10 == 9 else \
            f"198.{18 + (i & 1)}.{i >> 5 & 255}.{i << 3 & 255}/29"
        text += f"block udp from 10.0.0.0/{8 + i % 16} to {to} " \
            f"port {1024 + i}:{1024 + i + i % 1000}\n"
    return text


def rules(quick):
    """Questions that the ruleset refuses: policy's time, against that of a
    policy with one rule."""
    def start(net, room):
        return server.ours(net, room, OURS, many_rules(room, 10000, 100000))

    def start_one(net, room):
        return server.ours(net, room, STUB, "block all\n")
    n = 2000 if quick else 20000
    rows = [Row("rules: 10,000 and 100,000 entries", "us/question", n,
                aim=10, role="policy"),
            Row("the same, all processes", "us/question", n)]
    return [Stage("rules", {"ours": start, "stub": start_one},
                  {"ours": ["ask", "20000"], "stub": ["ask", "30000"]},
                  rows)]


ALL = {"fanout": fanout, "unicast": unicast, "associate": associate,
       "connect": connect, "tcp": tcp, "idle": idle, "rules": rules}
