"""A reload under live sessions: what the new rules still allow goes on, what
they do not ends at once, and the protocol stays what it is (P11, P31, P47)."""

import contextlib
import os
import signal

from conf import PASSWORD, RELOAD, under
from env import OUT, OUT2
from socks import MULTI, RECV, SEND, Fail, datagram, eq, udp_bind
from test_connect import Listener, connect, get, granted
from test_record import record
from test_relay import receiver
from test_unicast import bound as unicast

ALL = RECV | SEND


def hup(t, text):
    """This is the configuration now, and the daemon is told so."""
    path = os.path.join(t.daemon.dir, "users")
    t.daemon.write(t.daemon.conf + ".new", text.replace("@USERS@", path),
                   0o600)
    os.rename(t.daemon.conf + ".new", t.daemon.conf)
    os.kill(t.daemon.child.pid, signal.SIGHUP)


def reload(t, text, want="reloaded: generation"):
    """The daemon has this configuration, or has refused it."""
    seen = t.log().count(want)
    hup(t, text)
    t.until(lambda: t.log().count(want) > seen, f"the daemon says '{want}'")


@contextlib.contextmanager
def changed(t, text):
    """Under another configuration; the first one comes back behind it."""
    reload(t, text)
    try:
        yield
    finally:
        reload(t, RELOAD)


def without(*labels):
    """The configuration without the rules of these labels."""
    return "".join(line + "\n" for line in RELOAD.splitlines()
                   if not any(f'"{label}"' in line for label in labels))


@under("reload")
def p47_revoked_by_a_reload(t):
    """Its AID is gone, its group is left, its record says why; the control
    connection stays, and so does its other association."""
    gone, kept = t.group(2), t.group(1)
    c = t.enhanced()
    member, out = t.inside(), t.outside()
    aid1 = c.bound(gone, RECV, local=member.addr).aid
    aid2 = c.bound(kept, RECV, local=member.addr).aid
    t.heard(out, gone, member, aid1)
    with changed(t, without("second")):
        got = record(t, "association", group=f"{gone[0]}:{gone[1]}")
        eq(got["reason"], "revoked", "why it ended")
        eq(got["label"], "second", "the rule under which it was granted")
        eq(got["in-datagrams"], "1", "what it had relayed")
        t.joined(gone, 0, "left")
        t.heard(out, kept, member, aid2, "the other association")
        out.send(t.payload(), gone)
        member.silent("of what was revoked")
        c.release(aid1, RECV, want=0x10)
        c.refused(0x11, gone, RECV)
        c.release(aid2)
    c.bound(gone, RECV, local=member.addr)


@under("reload")
def p36_nothing_lost(t):
    """Twenty reloads, and a datagram around each: none is missing, none comes
    twice."""
    group = t.group(1)
    c, aid = receiver(t, group)
    out = t.outside()
    for n in range(20):
        data = t.payload()
        out.send(data, group)
        hup(t, without("second") if n % 2 else RELOAD)
        c.expect(datagram(aid, data), what=f"datagram beside reload {n}")
    reload(t, RELOAD)
    c.silent("a second time", 0.1)


@under("reload")
def p36_nothing_lost_to_bad_files(t):
    group = t.group(1)
    c, aid = receiver(t, group)
    out = t.outside()
    for n in range(5):
        reload(t, RELOAD + "pass fly from any to any\n", "reload failed")
        t.heard(out, group, c, aid, f"behind bad file {n}")
    if "revoked" in t.log():
        raise Fail("something was revoked")
    reload(t, RELOAD)


@under("reload")
def p42_limit_lowered(t):
    """Above it: revoked. Below it: goes on, and is held to the new limit."""
    low, high = t.group(1), t.group(1)
    c = t.enhanced()
    member, listener = t.inside(), t.listener(low)
    aid1 = c.bound(low, SEND, ttl=3, local=member.addr).aid
    aid2 = c.bound(high, SEND, ttl=30, local=member.addr).aid
    with changed(t, RELOAD.replace("ttl <= 32", "ttl <= 8")):
        got = record(t, "association", group=f"{high[0]}:{high[1]}")
        eq(got["reason"], "revoked", "why it ended")
        t.sent(member, c.relay, aid1, listener, ttl=3)
        c.set_ttl(aid1, 9, want=0x15)
        c.set_ttl(aid1, 8)
        t.sent(member, c.relay, aid1, listener, ttl=8)
        c.set_ttl(aid2, 3, want=0x10)
        c.refused(0x15, high, SEND, ttl=9)
        c.release(aid1)


@under("reload")
def p02_methods_of_a_listener(t):
    """New ones for who comes; who is there by one that is gone must go."""
    group = t.group(1)
    a = t.enhanced()
    a.bound(group, RECV)
    b = t.enhanced(port=1081, user=("alice", PASSWORD))
    with changed(t, RELOAD.replace("port 1080 auth none",
                                   "port 1080 auth userpass")):
        a.closed("the session without a login")
        eq(record(t, "session", client=f"{a.host}:{a.port}")["reason"],
           "revoked", "why it ended")
        c = t.connect()
        eq(c.methods(0), b"\x05\xff", "none is offered no more")
        c.closed("no method")
        t.enhanced(user=("alice", PASSWORD)).bound(group, RECV)
        b.alive()


@under("reload")
def p01_listener_gone(t):
    """Who came by it is closed, nobody else can connect, others stay."""
    a, b = t.enhanced(port=1082), t.enhanced()
    with changed(t, "".join(line + "\n" for line in RELOAD.splitlines()
                            if "port 1082" not in line)):
        a.closed("a session of the listener that is gone")
        try:
            t.net.tcp("10.0.0.2", ("10.0.0.1", 1082)).close()
        except ConnectionRefusedError:
            pass
        else:
            raise Fail("it still listens")
        b.alive()
    t.enhanced(port=1082).alive()


@under("reload")
def p40_deliver(t):
    """A source that is blocked by a reload is not relayed to those who were
    there before, and the others are."""
    group = t.group(1)
    c, aid = receiver(t, group)
    good, bad = t.outside(OUT), t.outside(OUT2)
    t.heard(bad, group, c, aid)
    t.heard(good, group, c, aid)
    with changed(t, RELOAD + f"block deliver from {OUT2} to any\n"):
        # the verdict of before holds until the new one has come
        bad.send(t.payload(), group)
        t.heard(good, group, c, aid) if not c.drain(0.2) else None
        for _ in range(3):
            bad.send(t.payload(), group)
            t.heard(good, group, c, aid, "and nothing of the other")
    bad.send(t.payload(), group)
    c.drain(0.2)
    t.heard(bad, group, c, aid, "again")


@under("reload")
def p44_extension_off(t):
    group = t.group(1)
    c, aid = receiver(t, group)
    control = t.enhanced()
    with changed(t, "set extensions base\n" + RELOAD):
        record(t, "association", group=f"{group[0]}:{group[1]}",
               reason="revoked")
        control.refused(0x07, group, RECV)
        t.outside().send(t.payload(), group)
        c.silent("of what was revoked")


@under("reload")
def p06_stream_revoked(t):
    """A CONNECT that is not allowed any more is cut on both sides, and
    recorded; another goes on."""
    first, second = Listener(t, OUT), Listener(t, OUT2)
    ends = []
    for server in (first, second):
        c = t.connect()
        c.none()
        connect(c, server.addr)
        granted(c)
        conn, _ = server.accept()
        conn.sendall(b"hello")
        eq(get(c.sock, 5, "greeting"), b"hello", "greeting")
        ends.append((c, conn))
    with changed(t, RELOAD + f"block connect from any to {OUT2}\n"):
        got = record(t, "association", remote=f"{OUT2}:{second.addr[1]}")
        eq(got["reason"], "revoked", "why it ended")
        with contextlib.suppress(ConnectionResetError):
            eq(ends[1][0].sock.recv(1), b"", "the client's end")
        with contextlib.suppress(ConnectionResetError):
            eq(ends[1][1].recv(1), b"", "the server's end")
        ends[0][0].sock.sendall(b"still")
        eq(get(ends[0][1], 5, "the other stream"), b"still", "the other one")


@under("reload")
def p25_unicast_revoked(t):
    peer, member = t.outside(OUT), t.inside()
    c = t.enhanced()
    got = unicast(c, peer.addr, ALL, local=member.addr)
    member.send(datagram(got.aid, b"x" * 20), c.relay)
    peer.expect(b"x" * 20)
    with changed(t, without("peers")):
        record(t, "association", remote=f"{peer.addr[0]}:{peer.addr[1]}",
               reason="revoked")
        c.release(got.aid, want=0x10)
        member.send(datagram(got.aid, b"y" * 20), c.relay)
        peer.silent("from what was revoked")
        c.alive()


@under("reload")
def p13_questions_in_flight(t):
    """Requests that cross reloads are answered, each once and in order, by
    the rules before or behind."""
    c = t.enhanced()
    group = t.group(2)
    tids = []
    for n in range(40):
        tids.append(c.next_tid())
        c.send(udp_bind((group[0], 5000 + n), RECV | MULTI, 0, tids[-1]))
        if n % 10 == 0:
            hup(t, RELOAD if n % 20 else without("second"))
    for tid in tids:
        got = c.reply(tid)
        if got.code not in (0x00, 0x11):
            raise Fail(f"answered with X'{got.code:02X}'")
    reload(t, RELOAD)
    c.alive()
