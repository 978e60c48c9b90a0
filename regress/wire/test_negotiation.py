"""P1 to P5, P10: methods, passwords, requests, enhanced mode."""

import random
import select
import struct
import time

from conf import NOT_YET, PASSWORD, LONG, LONG_NAME, BOTH, unless
from env import INSIDE, SERVER, SERVER2
from socks import (ENHANCED, RECV, MULTI, MU, Fail, addr4, code, control, eq,
                   name, request, udp_bind, userpass)

AUTH_FAILURE = 1.0          # as configured


def refusal(c, want, what, ver=5):
    """A failed request: ten octets, then a close (P4)."""
    got = c.read(10, what)
    codes = want if isinstance(want, set) else {want}
    if got[1] not in codes:
        raise Fail(f"{what}: want {' or '.join(map(code, sorted(codes)))}, "
                   f"got {got.hex(' ')}")
    eq(got, bytes([ver, got[1], 0, 1]) + bytes(6), what)
    c.closed(f"{what}: after the answer")


# ---- P1 -------------------------------------------------------------------

def p01_first_octet(t):
    for first in (0x00, 0x01, 0x04, 0x06, 0x16, 0x47, 0xff):
        for rest in (b"", b"\1\0", b"ET / HTTP/1.0\r\n\r\n"):
            c = t.connect()
            c.send(bytes([first]) + rest)
            c.closed(f"first octet {first:#04x} and {len(rest)} more")


def p01_no_methods(t):
    c = t.connect()
    eq(c.methods(), b"\5\xff", "NMETHODS 0")
    c.closed("NMETHODS 0")


def p01_no_acceptable_method(t):
    for offered in ((2,), (1,), (0x80,), (0xff,), tuple(range(1, 256))):
        c = t.connect()
        eq(c.methods(*offered), b"\5\xff", f"methods {offered[:4]}")
        c.closed(f"methods {offered[:4]}")


def p01_255_methods(t):
    c = t.connect()
    eq(c.methods(*range(1, 255), 0), b"\5\0", "255 methods, none the last")
    c.enhance().alive()


def p01_handshake_timeout(t):
    """A client that says nothing, or stops half-way, is not kept."""
    half = [t.connect() for _ in range(4)]
    half[1].send(b"\5")
    half[2].send(b"\5\2\0")
    half[3].none().send(request(4)[:9])
    for n, c in enumerate(half):
        c.closed(f"handshake stopped at stage {n}", 5)


# ---- P2 -------------------------------------------------------------------

def p02_order_of_the_configuration(t):
    for port, offered, want in (
            (1082, (0, 2), 2), (1082, (2, 0), 2), (1082, (0,), 0),
            (1082, (2,), 2), (1082, (0x80, 0, 1), 0),
            (1083, (0, 2), 0), (1083, (2, 0), 0), (1083, (2,), 2),
            (1081, (0, 2), 2), (1081, (0,), 0xff),
            (1080, (2, 0), 0), (1080, (0, 0, 0), 0)):
        c = t.connect(port=port)
        eq(c.methods(*offered), bytes([5, want]),
           f"port {port}, methods {offered}")


# ---- P3 -------------------------------------------------------------------

def p03_login(t):
    for user, password in (("alice", PASSWORD), ("bob", PASSWORD),
                           ("carol", PASSWORD), (LONG_NAME, LONG)):
        t.enhanced(port=1081, user=(user, password)).alive()


def p03_success_is_not_held_back(t):
    c = t.connect(port=1081)
    began = time.monotonic()
    c.login("alice", PASSWORD)
    took = time.monotonic() - began
    if took > 0.8 * AUTH_FAILURE:
        raise Fail(f"a right password took {took:.2f} s")


def p03_subnegotiation_version(t):
    for ver in (0, 2, 5):
        c = t.connect(port=1081)
        eq(c.methods(2), b"\5\2", "method selection")
        c.send(userpass("alice", PASSWORD, ver))
        # whether 01 01 comes first is not said; success must not
        try:
            got = c.sock.recv(8)
            eq(got in (b"", b"\1\1"), True,
               f"sub-negotiation version {ver}: {got.hex(' ')}")
            if got:
                c.closed(f"sub-negotiation version {ver}")
        except ConnectionResetError:
            pass


BAD_LOGINS = (
    ("wrong password", "alice", "wrong"),
    ("wrong password, yescrypt", "bob", "wrong"),
    ("wrong password, bcrypt", "carol", "wrong"),
    ("unknown user", "nobody-here", PASSWORD),
    ("locked user", "locked", PASSWORD),
    ("locked user, the asterisk", "locked", "*"),
    ("foreign hash format", "foreign", PASSWORD),
    ("the beginning of a password", "alice", PASSWORD[:-1]),
    ("a password and a NUL", "alice", PASSWORD + "\0"),
    ("a name and a NUL", "alice\0", PASSWORD),
    ("a name in capitals", "ALICE", PASSWORD),
    ("the beginning of a name", "alic", PASSWORD),
    ("a whole line as a name", "alice:", PASSWORD),
    ("longest unknown name", "x" * 255, "y" * 255),
)


def failures(t, cases):
    """Log in from an address each, at the same time: seconds until the
    answer.  All must be answered 01 01 and closed."""
    waiting, took = {}, {}
    for (what, user, password), host in zip(cases, INSIDE):
        c = t.connect(src=host, port=1081)
        eq(c.methods(2), b"\5\2", "method selection")
        waiting[c.sock] = (c, what, userpass(user, password))
    for sock, (c, what, packet) in waiting.items():
        began = time.monotonic()
        c.send(packet)
        waiting[sock] = (c, what, began)
    end = time.monotonic() + 8
    while waiting:
        ready = select.select(list(waiting), [], [],
                              max(end - time.monotonic(), 0))[0]
        if not ready:
            raise Fail(f"no answer to: {[w[1] for w in waiting.values()]}")
        now = time.monotonic()
        for sock in ready:
            c, what, began = waiting.pop(sock)
            took[what] = now - began
            eq(c.read(2, what), b"\1\1", what)
            c.closed(what, 1.0)
    return took


def p03_failures_are_alike(t):
    """One reply and one time, whatever was wrong: the fixed time, or a
    multiple of it.  The best of three rounds stands against a busy host."""
    late = {}
    for _ in range(3):
        for what, took in failures(t, BAD_LOGINS).items():
            if took < AUTH_FAILURE - 0.005:
                raise Fail(f"{what}: answered after {took:.3f} s")
            late[what] = min(late.get(what, 9), took % AUTH_FAILURE)
    for what, over in late.items():
        if over > 0.08:
            raise Fail(f"{what}: answered {over * 1000:.0f} ms past a "
                       f"multiple of {AUTH_FAILURE:g} s, others "
                       f"{min(late.values()) * 1000:.0f} ms")


def p03_empty_name_or_password(t):
    cases = [("ULEN 0", "", PASSWORD), ("PLEN 0", "alice", ""),
             ("both 0", "", ""), ("PLEN 0, the user's real one", "empty", "")]
    for what, took in failures(t, cases).items():
        if took < AUTH_FAILURE - 0.005:
            raise Fail(f"{what}: answered after {took:.3f} s")


def p03_nothing_behind_a_failed_login(t):
    c = t.connect(port=1081)
    c.send(b"\5\1\2" + userpass("alice", "wrong") + ENHANCED)
    eq(c.read(4), b"\5\2\1\1", "method and login")
    c.closed("failed login with a request behind it")


def p03_guesser_does_not_starve_others(t):
    guessers = []
    for n in range(20):
        c = t.connect(src=INSIDE[3], port=1081)
        c.send(b"\5\1\2" + userpass("alice", f"guess {n}"))
        guessers.append(c)
    c = t.connect(src=INSIDE[4], port=1081)
    began = time.monotonic()
    c.login("bob", PASSWORD)
    took = time.monotonic() - began
    if took > 0.8 * AUTH_FAILURE:
        raise Fail(f"a right password took {took:.2f} s beside 20 guesses")
    for c in guessers:
        eq(c.read(4, "guess", 30), b"\5\2\1\1", "guess")


# ---- P4 -------------------------------------------------------------------

def p04_version(t):
    for ver in (0, 1, 4, 6, 0xff):
        c = t.connect().none()
        c.send(request(4, ver=ver))
        c.closed(f"request with VER {ver}")


def p04_rsv_is_ignored(t):
    for rsv in (1, 0x7f, 0xff):
        c = t.connect().none()
        c.enhance(request(4, rsv=rsv)).alive()


def p04_unknown_command(t):
    for cmd in (0x00, 0x05, 0x0f, 0x11, 0x7f, 0xff):
        c = t.connect().none()
        c.send(request(cmd, addr4("192.0.2.10", 80)))
        refusal(c, 0x07, f"CMD {cmd:#04x}")


def p04_not_served_yet(t):
    """To be struck command by command, with conf.NOT_YET."""
    for feature, cmd in (("connect", 1), ("bind", 2), ("associate", 3),
                         ("features", 0x10)):
        if feature in NOT_YET:
            for addr in (addr4("192.0.2.10", 80), addr4("0.0.0.0", 0),
                         name("host.example", 80)):
                c = t.connect().none()
                c.send(request(cmd, addr))
                refusal(c, 0x07, feature)


def p04_unknown_address_type(t):
    """X'08' for a command that is served; while CONNECT is not, X'07' is as
    good an answer."""
    for atyp in (0, 2, 5, 0x7f, 0xff):
        c = t.connect().none()
        c.send(request(1, bytes([atyp]) + bytes(6)))
        refusal(c, {0x08, unless("connect", 0x08)}, f"ATYP {atyp:#04x}")
    for atyp in (2, 5, 0xff):
        c = t.connect().none()
        c.send(request(4, bytes([atyp]) + bytes(6)))
        refusal(c, 0x08, f"ENHANCED_UDP_MODE, ATYP {atyp:#04x}", ver=1)


def p04_names(t):
    bad = ("", "a..b", ".a", ".", "a\0b", "a b", "a\nb", "a\x7fb", "a\tb",
           "b\xfccher.example", "\xff", ("a" * 63 + ".") * 3 + "b" * 62)
    numeric = ("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "10.1",
               "fe80::1%in0")
    for text, want in [(b, 0x01) for b in bad] + [(n, 0x04) for n in numeric]:
        c = t.connect().none()
        c.send(request(1, name(text, 80)))
        refusal(c, {want, unless("connect", want)}, f"name {text[:20]!r}")


# ---- P5 -------------------------------------------------------------------

def everything(group, login=None):
    """A whole session in one go, and what must come back, up to the AID."""
    sent = b"\5\1\2" + userpass(*login) if login else b"\5\1\0"
    want = b"\5\2\1\0" if login else b"\5\0"
    sent += ENHANCED + udp_bind(group, RECV | MULTI, tid=0x1234)
    sent += control(0x99, tid=0x5678)
    return sent, want


def check_everything(t, c, want, group):
    eq(c.read(len(want), "method and login"), want, "method and login")
    c.enhanced()
    got = c.reply(0x1234)
    got.check(0, flags=RECV | MULTI | MU, aid=None, local=c.relay,
              remote=group)
    c.reply(0x5678).check(0x07)
    t.joined_now(group, 1, "a pipelined UDP BIND")
    c.alive()


def p05_one_segment(t):
    for port, login in ((1080, None), (1081, ("alice", PASSWORD))):
        group = t.group(BOTH)
        c = t.connect(port=port)
        sent, want = everything(group, login)
        c.send(sent)
        check_everything(t, c, want, group)


def p05_one_octet_per_segment(t):
    for port, login in ((1080, None), (1081, ("alice", PASSWORD))):
        group = t.group(BOTH)
        c = t.connect(port=port)
        sent, want = everything(group, login)
        for n in range(len(sent)):
            c.send_acked(sent[n:n + 1])
            time.sleep(0.001)       # apart; what is tested does not hang on it
        check_everything(t, c, want, group)


def p05_any_cut(t):
    """A long session cut at random places (the same every time)."""
    dice = random.Random(5)
    for _ in range(4):
        group = t.group(BOTH)
        c = t.connect()
        sent, want = everything(group)
        sent += b"".join(control(0x99, tid=n, tail=bytes(dice.randrange(80)))
                         for n in range(100))
        at = 0
        while at < len(sent):
            step = dice.choice((1, 2, 3, 7, 12, 13, 14, 100))
            c.send_acked(sent[at:at + step])
            at += step
        eq(c.read(len(want)), want, "method selection")
        c.enhanced()
        c.reply(0x1234).check(0, flags=RECV | MULTI | MU, aid=None,
                              local=c.relay, remote=group)
        c.reply(0x5678).check(0x07)
        for n in range(100):
            c.reply(n).check(0x07)
        c.alive()


# ---- P10 ------------------------------------------------------------------

def p10_reply(t):
    """Version X'01', then the relay's address, which UDP BIND repeats."""
    for server in (SERVER, SERVER2):
        c = t.enhanced(server=server)
        eq(c.relay[0], server, "BND.ADDR")
        if not c.relay[1]:
            raise Fail("BND.PORT is 0")
        c.bound(t.group(BOTH))


def p10_atyp_zero_is_ten_octets(t):
    """All zeros as the draft has it, or the usual forms: in each the next
    packet begins where it should."""
    for addr in (bytes(7), b"\0" + b"\xff" * 6, addr4("0.0.0.0", 0),
                 addr4("192.0.2.10", 9), name("host.example", 9),
                 b"\4" + bytes(18)):
        c = t.connect().none()
        c.send(request(4, addr) + control(0x99, tid=77))
        c.enhanced()
        c.reply(77).check(0x07)


def p10_only_packets_afterwards(t):
    for again in (ENHANCED, request(1), b"\5\1\0", b"\5"):
        c = t.enhanced()
        c.send(again)
        c.closed(f"{again[:4].hex(' ')} in enhanced mode")


def p10_not_before_the_method(t):
    c = t.connect(port=1081)
    eq(c.methods(2), b"\5\2", "method selection")
    c.send(ENHANCED)
    got = b""
    try:
        got = c.sock.recv(16)
    except (ConnectionResetError, TimeoutError):
        pass
    eq(got[:1] == b"\1" and got[1:2] == b"\0", False,
       f"enhanced mode without a login ({got.hex(' ')})")


def p10_with_each_method(t):
    t.enhanced(port=1081, user=("bob", PASSWORD)).alive()
    t.enhanced(port=1082).alive()


def p10_many_sessions(t):
    """Sixty control connections, each with the same relay."""
    relays = {t.enhanced(src=INSIDE[n % 8]).relay for n in range(60)}
    eq(len(relays), 1, "relays of one listener address")


def p10_struct_of_replies(t):
    """The draft's SIZE and TID stand where a stranger expects them."""
    c = t.enhanced()
    c.send(control(0x99, tid=0xbeef))
    got = c.read(27)
    eq(got[:13], struct.pack("!BHBHBHL", 2, 27, 7, 0, 0, 0xbeef, 0), "head")
    eq(got[13:], addr4("0.0.0.0", 0) * 2, "addresses")
