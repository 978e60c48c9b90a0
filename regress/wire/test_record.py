"""P47, P48: the record in the log, and what one client may hold."""

import re
import select
import subprocess
import time

from conf import ALICE, BOTH, NOTHING, PASSWORD, SENDING, under
from env import INSIDE, SERVER2
from socks import (ANY, MULTI, MU, RECV, SEND, Fail, datagram, eq,
                   udp_bind, userpass)
from test_relay import receiver

ALL = RECV | SEND


def record(t, kind, **match):
    """The one record that matches, when it has been written."""
    t.until(lambda: t.records(kind, **match),
            f"a record of the {kind} with {match}")
    got = t.records(kind, **match)
    eq(len(got), 1, f"records of the {kind} with {match}")
    return got[0]


def wants(got, **keys):
    """The record has these keys with these values."""
    for key, value in keys.items():
        key = key.replace("_", "-")
        if key not in got:
            raise Fail(f"no {key}= in the record {got}")
        if callable(value):
            if not value(got[key]):
                raise Fail(f"{key}={got[key]} in the record {got}")
        else:
            eq(got[key], str(value), f"{key} in the record {got}")


def seconds(low, high):
    def judge(text):
        try:
            return low <= float(text.rstrip("s")) <= high
        except ValueError:
            return False
    return judge


# ---- P47 ------------------------------------------------------------------

def p47_association(t):
    """Who, what, how long, how much, drops by reason, and why it ended."""
    group = t.group(ALICE)
    c = t.enhanced(port=1081, user=("alice", PASSWORD))
    member, stranger, listener = t.inside(), t.inside(), t.listener(group)
    out = t.outside()
    aid = c.bound(group, ALL, ttl=3, local=member.addr).aid
    for _ in range(3):
        t.sent(member, c.relay, aid, listener)
    for _ in range(5):
        t.heard(out, group, member, aid)
    for _ in range(2):
        stranger.send(datagram(aid, t.payload()), c.relay)
    t.sent(member, c.relay, aid, listener)
    time.sleep(1.1)                 # so that the duration is not nothing
    c.release(aid)
    got = record(t, "association", group=f"{group[0]}:{group[1]}")
    wants(got, user="alice", client=f"{c.host}:{c.port}", label="wire-alice",
          reason="release", duration=seconds(1, 10),
          in_datagrams=5, in_octets=5 * 48, out_datagrams=4,
          out_octets=4 * 48)
    judge_form(t, "association")


def p47_reasons(t):
    """Why an association ended: released, or its connection did."""
    for what, end, reason in (("fin", None, "client"),
                              ("reset", None, "reset"),
                              ("send", b"\xff\0\0", "protocol")):
        group = t.group(BOTH)
        c = t.enhanced()
        c.bound(group)
        getattr(c, what)(*([end] if end else []))
        if what != "reset":
            c.closed(what)
            c.close()               # the server may wait for that, see below
        got = record(t, "association", group=f"{group[0]}:{group[1]}")
        wants(got, reason=reason)
        got = record(t, "session", client=f"{c.host}:{c.port}")
        wants(got, reason=reason)


def p47_session(t):
    c = t.enhanced(port=1081, user=("bob", PASSWORD))
    c.bound(t.group(BOTH))
    c.alive()
    time.sleep(1.1)
    c.fin()
    got = record(t, "session", client=f"{c.host}:{c.port}")
    wants(got, user="bob", reason="client", duration=seconds(1, 10))
    judge_form(t, "session")


def p47_session_that_fails(t):
    """A refused login, no method, a bad request: each leaves its record."""
    c = t.connect(port=1081)
    c.send(b"\5\1\2" + userpass("alice", "wrong"))
    c.read(4)
    ended(t, c, "auth")
    c = t.connect(port=1081)
    c.methods(0)
    ended(t, c, "method")
    c = t.connect()
    c.send(b"GET")
    ended(t, c, "protocol")


def ended(t, c, reason):
    """The server has closed; so do we, and the record is there."""
    c.closed(reason)
    c.close()
    wants(record(t, "session", client=f"{c.host}:{c.port}"), reason=reason)


def p47_client_that_does_not_close(t):
    """The server may let its last octets arrive, but not for ever."""
    c = t.connect(port=1081)
    c.methods(0)
    c.closed("no method")
    t.until(lambda: t.records("session", client=f"{c.host}:{c.port}"),
            "a record though the client stays", 10)


def judge_form(t, kind):
    """One line, KIND and key=value pairs to its end, each key once."""
    lines = [line for line in t.log().splitlines()
             if re.search(rf"\b{kind} [a-z-]+=", line)]
    for line in lines:
        rest = line[re.search(rf"\b{kind} ", line).end():]
        pairs = re.findall(r'([a-z][a-z0-9_.-]*)=("(?:[^"\\]|\\.)*"|[^\s"=]*)',
                           rest)
        eq(" ".join(f"{k}={v}" for k, v in pairs), rest, "form of a record")
        eq(len({k for k, _ in pairs}), len(pairs), f"keys once in {rest}")


def p47_nothing_is_forged(t):
    """What a client says does not become a line, or a pair, of the log."""
    evil = ("x\nassociation user=root client=10.9.9.9",
            'x" reason=forged user="root', "x\x1b[31m", "x\\\nsession a=b",
            "\xff\xfe\x00")
    for name in evil:
        c = t.connect(src=INSIDE[6], port=1081)
        c.send(b"\5\1\2" + userpass(name, "y"))
        eq(c.read(4), b"\5\2\1\1", "login")
        c.closed("login")
        c.close()
        record(t, "session", client=f"{c.host}:{c.port}")
    for kind in ("session", "association"):
        for got in t.records(kind):
            eq("10.9.9.9" in got.get("client", ""), False, "a forged client")
            eq(got.get("user") == "root", False, "a forged user")
            eq(got.get("reason") == "forged", False, "a forged reason")
    for n, char in enumerate(t.log()):
        if char != "\n" and (char < " " or char > "~"):
            raise Fail(f"character {char!r} in the log, at {n}")


def p47_many_are_summed(t):
    """200 associations that end at once: at most 20 records a second and
    session, the rest in summed ones, nothing lost."""
    group = t.group(SENDING)
    c = t.enhanced()
    c.send(b"".join(udp_bind(group, SEND | MULTI, 3, n) for n in range(200)))
    for n in range(200):
        c.reply(n).check(0, SEND | MULTI | MU, None, c.relay, group)
    c.fin()
    t.until(lambda: t.records("session", client=f"{c.host}:{c.port}"),
            "the session's record")
    mine = f"{c.host}:{c.port}"

    def total():
        return sum(int(r.get("count", 1))
                   for r in t.records("association", client=mine))
    t.until(lambda: total() >= 200, "records of 200 associations", 5)
    eq(total(), 200, "associations in the records")
    lines = len(t.records("association", client=mine))
    if not 20 <= lines <= 60:
        raise Fail(f"{lines} records for 200 associations")


def p47_refused_leave_no_record(t):
    """What never was an association has no record of one."""
    group = t.group(NOTHING)
    c = t.enhanced()
    c.refused(0x11, group, ALL, ttl=1)
    c.fin()
    record(t, "session", client=f"{c.host}:{c.port}")
    eq(t.records("association", client=f"{c.host}:{c.port}"), [],
       "records of associations")


# ---- P48 ------------------------------------------------------------------

def p48_one_receiver_per_socket(t):
    """(group, port, client address, client port) once, on whatever control
    connection; a sender beside it is none of that."""
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced()
    member, out = t.inside(), t.outside()
    aid = a.bound(group, local=member.addr).aid
    for c in (a, b):
        for flags, ttl in ((RECV, 0), (ALL, 3)):
            c.bind(group, flags, ttl, local=member.addr).check(0x11,
                                                               flags=None)
            c.bind(group, flags, ttl, local=("0.0.0.0", member.port)).check(
                0x11, flags=None)
    b.bound(group, SEND, ttl=3, local=member.addr)
    a.bound((group[0], 5001), local=member.addr)
    a.bound(t.group(BOTH), local=member.addr)
    t.enhanced(src=INSIDE[1]).bound(group, local=("0.0.0.0", member.port))
    t.heard(out, group, member, aid)
    a.release(aid)
    b.bound(group, local=member.addr)


def p48_direction_added_later(t):
    """Nor by adding RECEIVE-FROM to a sender."""
    group = t.group(BOTH)
    c = t.enhanced()
    member = t.inside()
    c.bound(group, RECV, local=member.addr)
    aid = c.bound(group, SEND, ttl=3, local=member.addr).aid
    c.bind(group, RECV, aid=aid, local=member.addr).check(0x11, flags=None)
    c.set_ttl(aid, 4)


def p48_sixteen_per_host_and_group(t):
    """Over all connections of the host; the seventeenth is X'11', and a
    place that is left can be taken."""
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced(server=SERVER2)
    aids = [(a, b)[n % 2].bound(group, local=("0.0.0.0", 6000 + n)).aid
            for n in range(16)]
    for c in (a, b):
        c.bind(group, RECV, local=("0.0.0.0", 7000)).check(0x11, flags=None)
        c.bind(group, RECV, local=ANY).check(0x11, flags=None)
    a.bound(group, SEND, ttl=3, local=("0.0.0.0", 7001))
    a.bound(t.group(BOTH), local=("0.0.0.0", 7000))
    t.enhanced(src=INSIDE[1]).bound(group)
    a.release(aids[0])
    b.bound(group, local=("0.0.0.0", 7000))
    b.bind(group, RECV, local=("0.0.0.0", 7002)).check(0x11, flags=None)
    a.fin()
    a.closed("after our FIN")
    for n in range(7):
        t.until(lambda n=n: b.bind(group, RECV, local=(
            "0.0.0.0", 7010 + n)).code == 0, "places of a closed connection")
    b.bind(group, RECV, local=("0.0.0.0", 7020)).check(0x11, flags=None)


def p48_sixteen_count_all_ports_of_a_group(t):
    """"Per client address and group": a group's ports are no way round."""
    group = t.group(BOTH)
    c = t.enhanced()
    for n in range(16):
        c.bound((group[0], 5000 + n % 4), local=("0.0.0.0", 6000 + n))
    for port in (5000, 5009):
        c.bind((group[0], port), RECV, local=("0.0.0.0", 7000)).check(
            0x11, flags=None)


@under("limits")
def p48_receivers_per_host(t):
    group = t.group(BOTH)
    c = t.enhanced()
    for n in range(3):
        c.bound(group, local=("0.0.0.0", 6000 + n))
    c.bind(group, RECV, local=("0.0.0.0", 6009)).check(0x11, flags=None)
    t.enhanced(src=INSIDE[1]).bound(group)


def p48_unknown_port_counts_as_the_connections(t):
    """While a port is to be learnt the control connection's stands in."""
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced()
    a.bound(group, local=ANY)
    a.bind(group, RECV, local=ANY).check(0x11, flags=None)
    b.bound(group, local=ANY)


def p48_taken_port_is_not_learnt(t):
    """A port that another such association holds."""
    group = t.group(BOTH)
    a, b = t.enhanced(), t.enhanced()
    holder, other, out = t.inside(), t.inside(), t.outside()
    aid1 = a.bound(group, local=holder.addr).aid
    aid2 = b.bound(group, local=ANY).aid
    holder.send(datagram(aid2, b"not mine to teach"), b.relay)
    for _ in range(3):
        t.heard(out, group, holder, aid1)
    holder.silent("a second copy", 0.1)
    other.send(datagram(aid2, b"mine"), b.relay)
    for _ in range(20):             # the datagram may overtake the lesson
        out.send(t.payload(), group)
        got = other.drain(0.1)
        if got:
            break
    eq(got[0][:8] if got else b"", datagram(aid2, b""), "learnt after all")


def p48_keepalive(t):
    """As the system shows it: a keepalive timer of 30 s or less."""
    c = t.enhanced()

    def timer():
        done = subprocess.run(["ip", "netns", "exec", t.net.names["fw"],
                               "ss", "-Htno", "state", "established",
                               "dport", "=", f":{c.port}"], text=True,
                              stdout=subprocess.PIPE, check=True)
        return re.search(r"timer:\(keepalive,(?:(\d+)min)?(?:(\d+)sec)?",
                         done.stdout)
    got = t.until(timer, "a keepalive timer")
    if got.group(1) or int(got.group(2) or 0) > 30:
        raise Fail(f"keepalive is not 30 s: {got.group(0)}")


@under("idle")
def p48_idle_time_counts_datagrams(t):
    """idle 1: an association without datagrams ends, and a session without
    associations; one whose groups are busy does not."""
    quiet = t.group(BOTH)
    silent, busy = t.enhanced(), t.enhanced(src=INSIDE[1])
    sending, group = t.enhanced(src=INSIDE[2]), t.group(BOTH)
    member, aid = receiver(t, group, INSIDE[1], c=busy)
    silent.bound(quiet)
    speaker, out = t.inside(INSIDE[2]), t.outside()
    its = sending.bound(t.group(BOTH), SEND, ttl=1, local=speaker.addr).aid
    began = time.monotonic()
    while time.monotonic() < began + 10:
        t.heard(out, group, member, aid)
        speaker.send(datagram(its, t.payload()), sending.relay)
        time.sleep(0.1)
        over = select.select([silent.sock], [], [], 0)[0]
        if over and time.monotonic() > began + 5:
            break
    silent.closed("idle for long", 0)
    t.joined_now(quiet, 0, "idle for long")
    wants(record(t, "association", group=f"{quiet[0]}:{quiet[1]}"),
          reason="idle")
    busy.alive("a busy receiver")
    sending.alive("a busy sender")
    t.heard(out, group, member, aid)
    sending.set_ttl(its, 2)
    t.joined(group, 0, "idle at last", limit=6)
