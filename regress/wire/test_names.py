"""P4, P6, P18, P23: names, which the server resolves and then judges."""

import errno
import socket
import struct
import threading
import time

import dns
from conf import under
from env import BLOCKED, INSIDE, OUT, OUT2, SERVER, wait_for
from socks import (ANY, MULTI, MU, RECV, SEND, UNICAST, Fail, addr4, code,
                   control, eq, name, request, udp_bind)
from test_record import record, wants

CONNECT = 4.0               # timeout connect, as configured


def unique(t, suffix="names.test"):
    """A name that no other test asks for."""
    return f"n{next(t.serial)}.{suffix}"


def server(t, host=OUT, port=None):
    """A listening socket outside, on a port that the ruleset passes."""
    with t.net.ns("out"):
        sock = socket.socket()
    t.keep(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(4)
    sock.bind((host, port or 7000 + next(t.serial) % 900))
    sock.listen()
    return sock


def port_of(sock):
    return sock.getsockname()[1]


def asked(t, to, port, src=INSIDE[0]):
    """The reply to CONNECT to a name: (code, BND)."""
    c = t.connect(src).none()
    c.send(request(1, name(to, port)))
    got = c.read(10, f"reply to CONNECT to {to}")
    eq((got[0], got[2], got[3]), (5, 0, 1), "reply to CONNECT")
    return c, got[1], (socket.inet_ntoa(got[4:8]),
                       struct.unpack("!H", got[8:10])[0])


def refused(t, to, want, port=7000, src=INSIDE[0]):
    c, got, bnd = asked(t, to, port, src)
    if got != want:
        raise Fail(f"CONNECT to {to}: want {code(want)}, got {code(got)}")
    eq(bnd, ANY, "BND of a failure")
    c.closed("after the answer")


def connected(t, to, sock, src=INSIDE[0]):
    """CONNECT to the name reaches that socket, both ways."""
    c, got, bnd = asked(t, to, port_of(sock), src)
    eq(got, 0, f"CONNECT to {to}")
    far, peer = sock.accept()
    c.far = t.keep(far)
    eq(bnd, peer, "BND")
    c.send(b"there")
    eq(far.recv(5), b"there", "towards the server")
    far.sendall(b"back")
    eq(c.read(4, "towards the client"), b"back", "towards the client")
    return c


# ---- P4 -------------------------------------------------------------------

@under("names")
def p04_malformed_names_are_not_resolved(t):
    before = len(t.net.dns.asked)
    for bad in (b"", b"a b.test", b"a\0b.test", b"a\x7f.test", b"a..test",
                b".test", b"a\xe4.test", b"." , b"a.test.."):
        refused(t, bad, 0x01)
    for bad in (b"127.1", b"0x7f000001", b"2130706433", b"fe80::1%lo"):
        refused(t, bad, 0x04)
    refused(t, ".".join(["x" * 63] * 4), 0x01)
    refused(t, "x" * 64 + ".test", 0x04)        # no label is that long
    eq(len(t.net.dns.asked), before, "questions at the name server")


@under("names")
def p04_longest_name_and_trailing_dot(t):
    longest = ".".join(["x" * 63] * 3 + ["y" * 61])
    eq(len(longest), 253, "length")
    sock = server(t)
    t.net.dns.set(longest, OUT)
    connected(t, longest, sock)
    connected(t, longest + ".", sock)
    eq({q.name for q in t.net.dns.questions(longest)}, {longest}, "asked for")


# ---- P6: names that resolve -----------------------------------------------

@under("names")
def p06_name(t):
    """Absolute, both types at once, from ports and ids of their own."""
    sock, who = server(t), unique(t)
    t.net.dns.set(who, OUT)
    connected(t, who, sock)
    got = t.net.dns.questions(who)
    eq(sorted(q.type for q in got), [dns.A, dns.AAAA], "types asked for")
    eq(len({q.id for q in got}), 2, "ids")
    eq([q.flags for q in got], [0x0100] * 2, "flags")
    eq([q for q in t.net.dns.asked if "wrong.test" in q.name], [],
       "search list")


@under("names")
def p06_name_alias(t):
    """Aliases are followed, in whatever order they stand."""
    sock, who = server(t), unique(t)
    chain = [(None, dns.CNAME, "one.test"), ("one.test", dns.CNAME, "Two.test"),
             ("two.test", dns.A, OUT), ("other.test", dns.A, BLOCKED)]
    for records in (chain, chain[::-1]):
        t.net.dns.names[who] = lambda q, r=records: q.answer(
            r if q.type == dns.A else r[:1])
        connected(t, who, sock)


@under("names")
def p06_all_addresses_of_a_name(t):
    """Tried in order: the first refuses, the next is not there, the third
    accepts."""
    sock, who = server(t), unique(t)
    t.net.dns.set(who, OUT2, "192.0.2.99", OUT)
    connected(t, who, sock)
    c, got, _ = asked(t, who, port_of(sock))
    eq(got, 0, "the second time")
    c.close()


@under("names")
def p06_all_addresses_refuse(t):
    who = unique(t)
    t.net.dns.set(who, OUT, OUT2)
    refused(t, who, 0x05, port=7999)


@under("names")
def p06_only_addresses_that_pass(t):
    """What the ruleset refuses is not tried, the others are."""
    sock, who = server(t), unique(t)
    bad = server(t, BLOCKED, port_of(sock))
    bad.settimeout(0.3)
    t.net.dns.set(who, BLOCKED, "10.0.0.1", "203.0.113.5", OUT)
    connected(t, who, sock)
    try:
        bad.accept()
    except socket.timeout:
        return
    raise Fail("a blocked address was connected to")


@under("names")
def p06_no_address_passes(t):
    who = unique(t)
    t.net.dns.set(who, BLOCKED, "203.0.113.5")
    refused(t, who, 0x02)


@under("names")
def p06_more_addresses_than_are_tried(t):
    """Eight at most; a name may have more without harm."""
    sock, who = server(t), unique(t)
    t.net.dns.set(who, *[OUT2] * 7, OUT, *[OUT2] * 12)
    connected(t, who, sock)
    t.net.dns.set(who, *[OUT2] * 8, OUT)
    refused(t, who, 0x05, port=port_of(sock))


@under("names")
def p06_ipv6_address_where_there_is_none(t):
    """An address of a family this host has not does not stand in the way."""
    sock, who = server(t), unique(t)
    t.net.dns.set(who, "2001:db8::1", OUT)
    connected(t, who, sock)
    t.net.dns.set(who, "2001:db8::1")
    with t.net.ns("fw"), socket.socket(socket.AF_INET6) as sock:
        got = sock.connect_ex(("2001:db8::1", 8000))
    refused(t, who, 0x03 if got == errno.ENETUNREACH else 0x01, port=8000)


# ---- P6: names that do not --------------------------------------------------

@under("names")
def p06_name_that_does_not_resolve(t):
    refused(t, unique(t), 0x04)                             # NXDOMAIN
    for rcode in (dns.NOERROR, dns.SERVFAIL, dns.REFUSED, dns.FORMERR):
        who = unique(t)
        t.net.dns.names[who] = lambda q, r=rcode: q.answer(rcode=r)
        refused(t, who, 0x04)


@under("names")
def p06_name_server_is_silent(t):
    """X'04' well before the time for connecting is over."""
    who = unique(t)
    t.net.dns.names[who] = lambda q: None
    began = time.monotonic()
    refused(t, who, 0x04)
    took = time.monotonic() - began
    if took > CONNECT / 2 + 0.7:
        raise Fail(f"X'04' after {took:.1f} s")
    eq({q.server for q in t.net.dns.questions(who)}, set(dns.SERVERS),
       "servers asked")


@under("names")
def p06_silent_names_keep_nobody_from_asking(t):
    """More names wait than may, and others are answered all the same."""
    who = unique(t)
    t.net.dns.names[who] = lambda q: None
    sock = server(t)
    c = t.connect().none()      # first: select() knows 1024 descriptors
    for n in range(1100):
        t.connect(INSIDE[5 + n // 220]).send(
            b"\5\1\0" + request(1, name(who, 7000)))
    began = time.monotonic()
    c.send(request(1, addr4(OUT, port_of(sock))))
    eq(c.read(10, "reply to CONNECT")[1], 0, "reply to CONNECT")
    took = time.monotonic() - began
    if took > 0.5:
        raise Fail(f"answered after {took:.1f} s")


@under("names")
def p06_second_name_server(t):
    """Where the first one is silent or broken, the next one is asked."""
    sock = server(t)
    for first in (lambda q: None, lambda q: q.answer(rcode=dns.SERVFAIL),
                  lambda q: b"\0", lambda q: q.answer(flags=0x8380)):
        who = unique(t)
        t.net.dns.names[who] = lambda q, f=first: f(q) \
            if q.server == dns.SERVERS[0] else \
            q.answer([(None, dns.A, OUT)] if q.type == dns.A else [])
        connected(t, who, sock)


@under("names")
def p06_one_family_is_silent(t):
    """The other one's addresses do not wait for it for long."""
    sock, who = server(t), unique(t)
    t.net.dns.names[who] = lambda q: q.answer([(None, dns.A, OUT)]) \
        if q.type == dns.A else None
    began = time.monotonic()
    connected(t, who, sock)
    took = time.monotonic() - began
    if took > 0.95:
        raise Fail(f"connected after {took:.1f} s")


@under("names")
def p06_forged_answers(t):
    """What does not repeat id, name, spelling and type is not an answer."""
    sock, who = server(t), unique(t, "a-long-enough-name-to-spell.test")

    def how(query):
        if query.type != dns.A:
            return query.answer()
        evil = [(None, dns.A, BLOCKED)]
        other = query.question.swapcase()
        kind = query.question[:-4] + struct.pack("!HH", dns.AAAA, 1)
        return [query.answer(evil, ident=query.id ^ 1),
                query.answer(evil, question=other),
                query.answer(evil, question=kind),
                query.answer(evil, flags=0x0180),
                query.answer(evil)[:11], b"",
                query.answer([(None, dns.A, OUT)])]
    t.net.dns.names[who] = how
    connected(t, who, sock)
    spelt = {q.spelt for q in t.net.dns.questions(who)}
    if spelt == {who}:
        raise Fail("the case of the letters was not mixed")


@under("names")
def p06_forged_source(t):
    """An answer from elsewhere than the name server is not heard."""
    sock, who = server(t), unique(t)
    with t.net.ns("fw"):
        forger = t.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    forger.bind(("127.0.0.3", 53))

    def how(query):
        for _ in range(3):
            forger.sendto(query.answer([(None, query.type, BLOCKED)]
                                       if query.type == dns.A else []),
                          query.peer)
        time.sleep(0.1)
        return query.answer([(None, dns.A, OUT)] if query.type == dns.A
                            else [])
    t.net.dns.names[who] = how
    connected(t, who, sock)


@under("names")
def p06_server_without_edns(t):
    sock, who = server(t), unique(t)
    t.net.dns.names[who] = lambda q: q.answer(rcode=dns.FORMERR) if q.edns \
        else q.answer([(None, dns.A, OUT)] if q.type == dns.A else [])
    connected(t, who, sock)


@under("names")
def p06_broken_answers(t):
    """Loops, cut ends and lengths that lie end as no answer at all."""
    who = unique(t)

    def how(query):
        head = query.answer([(None, query.type, OUT if query.type == dns.A
                              else "2001:db8::1")])
        tails = [head[:-3], head[:-2] + b"\xff\xff\xff",
                 head[:12] + query.question + b"\xc0\xff" + head[-14:],
                 head[:12] + query.question +
                 struct.pack("!BBHHLH", 0xc0, len(head) - 14, 1, 1, 60, 400),
                 head[:6] + b"\xff\xff" + head[8:12] + query.question +
                 bytes(range(64, 200))]
        return [tails[next(t.serial) % len(tails)]]
    t.net.dns.names[who] = how
    for _ in range(3):
        c, got, _ = asked(t, who, 7998)
        if got not in (0x02, 0x04, 0x05):
            raise Fail(f"broken answers: got {code(got)}")
        c.close()


# ---- P6: the hosts file -----------------------------------------------------

@under("names")
def p06_hosts_file(t):
    sock = server(t)
    before = len(t.net.dns.asked)
    connected(t, "hosts-out.test", sock)
    connected(t, "ALIAS.test", sock)
    refused(t, "hosts-blocked.test", 0x02)
    refused(t, "localhost", 0x02)
    refused(t, "what.localhost", 0x02)
    eq(len(t.net.dns.asked), before, "questions at the name server")


# ---- P45, rules -------------------------------------------------------------

@under("names")
def p45_name_of_a_protected_address(t):
    """A name opens nothing that its address would not (port 8000 is passed
    to any)."""
    for address in ("127.0.0.1", SERVER, "192.0.2.1", "169.254.1.1",
                    "0.0.0.0", "255.255.255.255", "192.0.2.255",
                    "::ffff:127.0.0.1", "::1", "fe80::1", "64:ff9b::7f00:1",
                    "2002:a00:1::1", "239.1.1.1"):
        who = unique(t)
        t.net.dns.set(who, address)
        refused(t, who, 0x02, port=8000)


@under("names")
def p45_name_that_changes_its_address(t):
    """What was judged is what is connected: the name is not asked twice."""
    sock, who = server(t), unique(t)
    inner = t.net.dns
    count = {dns.A: 0, dns.AAAA: 0}

    def how(query):
        count[query.type] += 1
        if query.type == dns.AAAA:
            return query.answer()
        return query.answer([(None, dns.A, OUT if count[dns.A] == 1
                              else "127.0.0.1")])
    inner.names[who] = how
    connected(t, who, sock)
    eq(count, {dns.A: 1, dns.AAAA: 1}, "questions")
    refused(t, who, 0x02)


@under("names")
def p06_domain_rule(t):
    """A rule with domain goes by the name that was asked for."""
    sock = server(t, OUT, 8200)
    for who, want in (("www.wide.test", 0), ("a.b.WIDE.test", 0),
                      ("wide.test", 2), ("notwide.test", 2),
                      ("wide.test.other", 2)):
        t.net.dns.set(who.lower(), OUT)
        if want == 0:
            connected(t, who, sock)
        else:
            refused(t, who, want, port=8200)


@under("names")
def p47_connect_by_name(t):
    sock, who = server(t), unique(t)
    t.net.dns.set(who, OUT)
    c = connected(t, who, sock)
    c.close()
    c.far.close()
    got = record(t, "association", client=f"{c.host}:{c.port}")
    wants(got, command="connect", remote=f"{OUT}:{port_of(sock)}", name=who,
          via="fwout", label="wire-names", in_octets=4, out_octets=5)
    for key in ("group", "mode", "encap", "dir"):
        if key in got:
            raise Fail(f"{key}= in the record of a stream")


# ---- P23, P18, P14: UDP BIND ------------------------------------------------

def bind(c, who, port, flags, ttl=0, aid=0):
    tid = c.next_tid()
    return c.ask(udp_bind(name(who, port), flags, ttl, tid, aid),
                 "reply to UDP BIND of a name")


@under("names")
def p23_group_by_name(t):
    group, who = t.group(), unique(t)
    t.net.dns.set(who, group[0])
    c, member, out = t.enhanced(), t.inside(), t.outside()
    got = c.ask(udp_bind(name(who, group[1]), RECV | MULTI, 0, c.next_tid(),
                         0, member.addr))
    got.check(0x00, flags=RECV | MULTI | MU, aid=None, local=c.relay,
              remote=group)
    t.heard(out, group, member, got.aid)


@under("names")
def p23_unicast_by_name(t):
    """One association, to the first address that the ruleset passes."""
    who, far = unique(t), t.outside(port=7100)
    t.net.dns.set(who, BLOCKED, OUT, OUT2)
    c, member = t.enhanced(), t.inside()
    got = c.ask(udp_bind(name(who, 7100), RECV | SEND | UNICAST, 0,
                         c.next_tid(), 0, member.addr))
    eq(got.code, 0, "reply to UDP BIND of a name")
    t.sent(member, c.relay, got.aid, far)


@under("names")
def p23_unicast_by_name_refused(t):
    who = unique(t)
    t.net.dns.set(who, BLOCKED)
    c = t.enhanced()
    bind(c, who, 7100, RECV | SEND | UNICAST).check(0x02)
    t.net.dns.set(who, OUT)
    c.alive()


@under("names")
def p23_name_that_is_no_group(t):
    who, group = unique(t), unique(t)
    t.net.dns.set(who, OUT)
    t.net.dns.set(group, "239.1.0.1")
    c = t.enhanced()
    bind(c, who, 5000, RECV | MULTI).check(0x14)
    bind(c, group, 5000, RECV | UNICAST).check(0x14)


@under("names")
def p14_name_in_order(t):
    """X'07', X'10' and X'14' for port 0 come before X'04' of the name."""
    who = unique(t)
    t.net.dns.names[who] = lambda q: q.answer(rcode=dns.SERVFAIL)
    c = t.enhanced()
    bind(c, who, 5000, MULTI).check(0x07)
    bind(c, who, 5000, RECV | MULTI, aid=0x12345678).check(0x10)
    eq(t.net.dns.questions(who), [], "asked for nothing")
    bind(c, who, 5000, RECV | MULTI).check(0x04)
    c.alive()


@under("names")
def p18_name_is_compared_by_its_address(t):
    group, who, other = t.group(), unique(t), unique(t)
    t.net.dns.set(who, group[0])
    t.net.dns.set(other, t.group()[0])
    c = t.enhanced()
    aid = c.bound(group, RECV).aid
    bind(c, who, group[1], SEND | MULTI, 3, aid).check(
        0x00, flags=SEND | MULTI | MU, aid=aid, local=c.relay, remote=group)
    bind(c, other, group[1], SEND | MULTI, 3, aid).check(0x13)


@under("names")
def p13_names_are_answered_in_order(t):
    """Twenty at once, slow ones first; those that need no name wait."""
    slow, quick = unique(t), unique(t)
    group = t.group()
    t.net.dns.set(slow, group[0], delay=0.05)
    t.net.dns.set(quick, group[0])
    c = t.enhanced()
    tids = [c.next_tid() for _ in range(20)]
    c.send(b"".join(udp_bind(name(slow if n % 5 == 0 else quick, 5000),
                             RECV | MULTI, 0, tid, 0,
                             (INSIDE[0], 20000 + n))
                    for n, tid in enumerate(tids)) +
           control(0xee, 0, 0, c.next_tid()))
    for tid in tids:
        got = c.reply(tid, "reply to UDP BIND of a name")
        if got.code not in (0x00, 0x11):        # 16 receivers of one host
            raise Fail(f"UDP BIND of a name: {code(got.code)}")
    eq(c.reply().code, 0x07, "the command behind them")


@under("names")
def p32_session_ends_while_a_name_is_asked_for(t):
    """Its answer is nobody's, and everybody else goes on."""
    who, sock = unique(t), server(t)
    begun = threading.Event()

    def how(query):
        begun.set()
        time.sleep(0.4)
        return query.answer([(None, dns.A, OUT)] if query.type == dns.A
                            else [])
    t.net.dns.names[who] = how
    for enhanced in (0, 1):
        begun.clear()
        c = t.connect().none()
        if enhanced:
            c.enhance()
            c.send(udp_bind(name(who, 7100), RECV | UNICAST, 0, 1))
        else:
            c.send(request(1, name(who, port_of(sock))))
        wait_for(begun.is_set, "the name server is asked")
        c.reset()                   # a FIN alone might be half a close
    wait_for(lambda: len(t.net.dns.questions(who)) >= 4, "all questions")
    time.sleep(0.5)                     # until the last answer is there
    other = unique(t)
    t.net.dns.set(other, OUT)
    connected(t, other, sock)
