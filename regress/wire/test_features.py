"""P9: LIST-FEATURES, and what it says of this client."""

import ipv6
from conf import PASSWORD, served, under
from socks import Fail, Skip, addr4, eq, name, request

FEATURES, KEEP = 0x10, 0x01
SCOPE, SOCKS5 = (0x00, 0x10, b"\1\2"), (0x01, 0x05, b"")
TYPES = [(0x02, 0x01, b""), (0x02, 0x03, b""), (0x02, 0x04, b"")]
SELF = (0x04, 0x10, b"\1")
NONE, USERPASS = 0x00, 0x02
TARGET = ("192.0.2.10", 7000)


def flag(keep):
    return bytes([5, 0, keep, 1]) + bytes(6)


def entries(c):
    """The Feature Description List, with the entry that ends it."""
    got = []
    while not got or got[-1][0] != 0xff:
        tag, subtag, size = c.read(3, "an entry of the list")
        got.append((tag, subtag, c.read(size, "its value") if size else b""))
        if len(got) > 64:
            raise Fail("a list without end")
    return got


def ask(c, keep=0, dst=None, rsv=None):
    c.send(request(FEATURES, dst, rsv=keep if rsv is None else rsv))
    eq(c.read(10, "reply to LIST-FEATURES"), flag(keep),
       "reply to LIST-FEATURES")
    return entries(c)


def want(methods=(NONE,), commands=(), extensions=b"\1\2"):
    """The whole list, in the order of P9."""
    return ([SCOPE, SOCKS5] + TYPES + [(0x03, m, b"") for m in methods] +
            [(0x04, n, b"") for n in commands] + [SELF] +
            ([(0x04, 0x04, extensions)] if extensions else []) +
            [(0xff, 0x00, b"")])


def connects(c, code=None):
    """The next request on the connection is a CONNECT."""
    c.send(request(1, addr4(*TARGET)))
    got = c.read(10, "reply to CONNECT")
    eq(got[0], 5, "reply to CONNECT")
    if code is not None:
        eq(got[1], code, "reply to CONNECT")


def p09_the_octets(t):
    """All of them, at once and in order, then a close."""
    c = t.connect().none()
    c.send(request(FEATURES))
    octets = bytes.fromhex(
        "05 00 00 01 00 00 00 00 00 00"
        "00 10 02 01 02"  "01 05 00"  "02 01 00 02 03 00 02 04 00"
        "03 00 00"  "04 10 01 01"  "04 04 02 01 02"  "ff 00 00")
    eq(c.read(len(octets), "reply to LIST-FEATURES"), octets,
       "reply to LIST-FEATURES")
    c.closed("after the list")


def p09_kept_connection(t):
    """X'01' in RSV: granted, and any request follows; again the list, too."""
    c = t.connect().none()
    for _ in range(20):
        eq(ask(c, KEEP), want(), "the list")
    c.enhance().alive()
    c = t.connect().none()
    ask(c, KEEP)
    eq(ask(c), want(), "the list")
    c.closed("after the list that did not ask to keep")
    c = t.connect().none()
    ask(c, KEEP)
    c.send(request(0x7f))
    eq(c.read(10)[1], 0x07, "an unknown command on a kept connection")
    c.closed("after a request that failed")


def p09_other_flags_are_ignored(t):
    for rsv in (0x02, 0x80, 0xfe):
        c = t.connect().none()
        ask(c, 0, rsv=rsv)
        c.closed(f"RSV {rsv:#x}")
    for rsv in (0x03, 0xff):
        c = t.connect().none()
        ask(c, KEEP, rsv=rsv)
        c.enhance().alive()


def p09_whatever_host(t):
    """A host makes no difference, and a name is not looked up."""
    for dst in (addr4("192.0.2.10", 80), addr4("127.0.0.1", 1),
                name("host.example", 80), name("192.0.2.10", 80),
                ipv6.addr("2001:db8::1", 443), ipv6.addr("::", 0)):
        c = t.connect().none()
        eq(ask(c, KEEP, dst), want(), f"the list for {dst.hex(' ')}")
        c.close()
    for dst, code in ((name("", 80), 1), (name("a b", 80), 1),
                      (name("127.1", 80), 4), (bytes([9]) + bytes(6), 8)):
        c = t.connect().none()
        c.send(request(FEATURES, dst, rsv=KEEP))
        got = c.read(10, "reply to LIST-FEATURES")
        eq(got[:4], bytes([5, code, 0, 1]), f"the reply to {dst.hex(' ')}")
        c.closed("after a request that failed")


def p09_pipelined(t):
    """P5 holds here as well: methods, list, list, and the next request in one
    segment."""
    c = t.connect()
    c.send(b"\5\1\0" + request(FEATURES, rsv=KEEP) * 3 +
           request(4, bytes(7)))
    eq(c.read(2), b"\5\0", "method selection")
    for _ in range(3):
        eq(c.read(10), flag(KEEP), "reply to LIST-FEATURES")
        eq(entries(c), want(), "the list")
    c.enhanced().alive()


def p09_octet_by_octet(t):
    c = t.connect().none()
    for octet in request(FEATURES, rsv=KEEP) + request(FEATURES):
        c.send_acked(bytes([octet]))
    for keep in (KEEP, 0):
        eq(c.read(10), flag(keep), "reply to LIST-FEATURES")
        eq(entries(c), want(), "the list")
    c.closed("after the second list")


def p09_login_first(t):
    """Not to anybody: where a login is asked, it comes first."""
    c = t.connect(port=1081)
    eq(c.methods(2), b"\5\2", "method selection")
    c.send(request(FEATURES))
    eq(c.read(2), b"\1\1", "what is no login")
    c.closed("after what is no login")
    c = t.connect(port=1081).login("alice", PASSWORD)
    eq(ask(c), want((USERPASS,)), "the list")


def p09_methods_of_the_listener(t):
    """In the order of the configuration, whichever was chosen."""
    for port, methods in ((1082, (USERPASS, NONE)), (1083, (NONE, USERPASS))):
        c = t.connect(port=port).none()
        eq(ask(c), want(methods), f"the list of port {port}")
    c = t.connect(port=1082).login("alice", PASSWORD)
    eq(ask(c), want((USERPASS, NONE)), "the list after a login")


@under("features")
def p09_commands_by_the_ruleset(t):
    """A command is there if some pass rule may match who asks, whatever
    follows in the rule or behind it."""
    more = [n for n, what in ((2, "bind"), (3, "associate")) if served(what)]
    for host, port, login, connect in (
            ("10.0.0.2", 1080, False, False),   # nothing for it
            ("10.0.0.3", 1080, False, True),    # though a block follows
            ("10.0.0.2", 1081, True, True),     # by its user
            ("10.0.0.2", 1081, False, False),   # but not without a login
            ("10.0.0.4", 1081, False, True),    # by its method
            ("10.0.0.4", 1082, False, True),
            ("10.0.0.5", 1081, False, True),    # by the listener
            ("10.0.0.5", 1080, False, False),
            ("10.0.0.6", 1080, False, True)):   # to one family only
        c = t.connect(src=host, port=port)
        c = c.login("alice", PASSWORD) if login else c.none()
        methods = (USERPASS, NONE) if port == 1081 else (NONE,)
        eq(ask(c), want(methods, ([1] if connect else []) + more, b"\1"),
           f"the list for {host} on port {port}, login {login}")
    c = t.connect(src="10.0.0.4", port=1081).login("bob", PASSWORD)
    eq(ask(c), want((USERPASS, NONE), more, b"\1"), "the list for bob")


@under("features")
def p09_agrees_with_reality(t):
    """P44: what is not listed is X'07' or refused; CONNECT on a kept
    connection is judged as on any."""
    if not served("connect"):
        raise Skip("CONNECT is not served yet")
    for host, code in (("10.0.0.3", 0x02), ("10.0.0.2", 0x02)):
        c = t.connect(src=host).none()
        ask(c, KEEP)
        connects(c, code)
        c.closed("after a CONNECT that was refused")
    c = t.connect(port=1081).login("alice", PASSWORD)
    eq((4, 1, b"") in ask(c, KEEP), True, "CONNECT in the list for alice")
    connects(c, 0x05)
    c = t.connect().none().enhance()
    c.bind(t.group(), 1).check(0x07)        # multicast is off
    for cmd, what in ((2, "bind"), (3, "associate")):
        if not served(what):
            c = t.connect().none()
            c.send(request(cmd, addr4(*TARGET)))
            eq(c.read(10)[1], 0x07, f"{what}, which is not listed")


@under("no-base")
def p09_multicast_alone(t):
    eq(ask(t.connect().none()), want(extensions=b"\2"), "the list")


@under("no-extensions")
def p09_no_extensions(t):
    c = t.connect().none()
    eq(ask(c, KEEP), want(commands=(1,), extensions=b""), "the list")
    c.send(request(4, bytes(7)))
    eq(c.read(10)[:2], b"\1\7", "ENHANCED_UDP_MODE where it is off")


@under("ipv6")
def p09_by_ipv6(t):
    """The reply's address is 0.0.0.0 by whatever family it is asked."""
    for src in (None, ipv6.INSIDE_LL):
        c = ipv6.connect(t, src).none()
        eq(ask(c, KEEP), want(commands=(1,)), "the list")
        c.enhance().alive()


@under("ipv6")
def p09_next_request_in_time(t):
    """A kept connection has the handshake's time for what comes next."""
    c = ipv6.connect(t).none()
    ask(c, KEEP)
    c.silent("at once", 1.0)
    c.closed("after the time-out", 4.0)
    c.close()
    client = f"[{c.host}]:{c.port}"
    got = t.until(lambda: t.records("session", client=client), "the record")
    eq(got[0]["reason"], "timeout", "reason")


def p09_records(t):
    """P47: it is a request, and its end has a reason of its own."""
    c = t.connect().none()
    ask(c, KEEP)
    ask(c)
    c.closed("after the list")
    c.close()
    client = f"{c.host}:{c.port}"
    got = t.until(lambda: t.records("session", client=client),
                  "the record")[0]
    eq([got[k] for k in ("reason", "requests", "refused")],
       ["done", "2", "0"], "reason, requests, refused")


def p09_gone_before_the_answer(t):
    """Nobody is left to hear it; the server goes on."""
    for _ in range(50):
        c = t.connect().none()
        c.send(request(FEATURES, rsv=KEEP))
        c.reset()
    eq(ask(t.connect().none()), want(), "the list")


def p09_slow_reader(t):
    """Who asks and does not read is not served without end, nor cut off."""
    c = t.connect().none()
    many = 2000
    c.sock.setblocking(False)
    data, sent = request(FEATURES, rsv=KEEP) * many, 0
    got = b""
    while sent < len(data):
        try:
            sent += c.sock.send(data[sent:sent + 4096])
        except BlockingIOError:
            got += c.read(1000, "lists")
            c.sock.setblocking(False)
    one = len(flag(0)) + sum(3 + len(v) for _, _, v in want())
    got += c.read(many * one - len(got), "all lists", 20)
    eq(got, (flag(KEEP) + b"".join(bytes([a, b, len(v)]) + v
                                   for a, b, v in want())) * many, "lists")
    c.enhance().alive()
