"""The configurations the daemon runs under, and what it does not serve yet."""

import env

# What this milestone leaves out.  Strike a word when the server serves it:
# the tests then expect the real answer in place of X'07'.
NOT_YET = {
    "bind", "associate",    # RFC 1928
    "tcp-encapsulation",    # draft 3.4
    "mm",                   # MM-mode is answered by MU-mode
    "fragments",            # FRAG other than 0 is dropped
}


def served(feature):
    return feature not in NOT_YET


def unless(feature, answer):
    """The answer once the feature is served, X'07' until then."""
    return answer if served(feature) else 0x07


PASSWORD = "correct horse"
LONG_NAME = "l" * 63                # as long as socksmd takes them
LONG = "l" * 255                    # as long as RFC 1929 allows


def users():
    """name:hash[:group,...], each hash format with one right password."""
    sha512 = env.crypt(PASSWORD, "$6$rounds=5000$wiretests$")
    lines = [
        f"alice:{sha512}:staff",
        f"bob:{env.crypt(PASSWORD, '$y$j9T$abcdefgh$')}",
        f"carol:{env.crypt(PASSWORD, '$2b$05$abcdefghijklmnopqrstuu')}",
        "locked:*",
        # no crypt(3) has this one
        "foreign:$99$wiretests$" + sha512.rsplit("$", 1)[1],
        # an empty password, rightly hashed: still no login (P3)
        f"empty:{env.crypt('', '$6$rounds=5000$wiretests$')}",
        f"{LONG_NAME}:{env.crypt(LONG, '$6$rounds=5000$wiretests$')}",
    ]
    return "\n".join(lines) + "\n"


# Groups by second octet: what the ruleset says about 239.N.0.0/16.
BOTH, RECEIVE, SENDING, DEFAULT, NOTHING, ALICE, HOST3, HIGH, SINGLE = \
    range(1, 10)

MAIN = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
listen on fwin port 1081 auth userpass
listen on fwin port 1082 auth { userpass, none }
listen on fwin port 1083 auth { none, userpass }
inside on fwin
egress on fwout
users file "@USERS@"

block log all
pass receive from any to 239.1.0.0/16 port 5000:5999 label "wire-both"
pass send from any to 239.1.0.0/16 port 5000:5999 ttl <= 32 label "wire-both"
pass receive from any to 239.2.0.0/16
pass send from any to 239.3.0.0/16 ttl <= 32
pass receive from any to 239.4.0.0/16
pass send from any to 239.4.0.0/16
pass receive from any to 239.6.0.0/16 user alice label "wire-alice"
pass send from any to 239.6.0.0/16 user alice ttl <= 32 label "wire-alice"
pass receive from 10.0.0.3 to 239.7.0.0/16
pass send from any to 239.8.0.0/16 ttl <= 255
pass receive from any to 239.9.0.0/16
block deliver from 192.0.2.66 to any
block deliver from any to 239.9.0.0/16
pass deliver from 192.0.2.10 to 239.9.0.0/16
"""

if served("unicast"):
    MAIN += "pass udp from any to 192.0.2.0/24 port 7000:7999\n"

# The careless ruleset of P43 and P45, with one group of 224.0.0.0/24 named.
CARELESS = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
table <control> const { 224.0.0.0/24 }
pass receive from any to any
pass send from any to any ttl <= 255
pass receive from any to 224.0.0.0/4
pass send from any to 224.0.0.0/4 ttl <= 255
pass receive from any to <control>
pass receive from any to 224.0.0.77
pass send from any to 224.0.0.78 ttl <= 255
"""

# One group on two interfaces (P41).
TWO = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
egress on fwout2
block all
pass receive from any to 239.1.0.0/16 via fwout
pass send from any to 239.1.0.0/16 ttl <= 32 via fwout
pass receive from 10.0.0.3 to 239.1.0.0/16 via fwout2
pass send from 10.0.0.3 to 239.1.0.0/16 ttl <= 32 via fwout2
"""

LIMITS = """
set timeout { handshake 3, auth-failure 1 }
set limit { receivers-per-host 3, groups 4, associations-per-session 6 }
set max-ttl 5
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass receive from any to 239.1.0.0/16
pass send from any to 239.1.0.0/16
"""

IDLE = """
set timeout { handshake 3, auth-failure 1, idle 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass receive from any to 239.1.0.0/16
pass send from any to 239.1.0.0/16
"""

LOCAL_ANY = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass receive from any to 239.1.0.0/16 local any
"""

# Rules for groups as in MAIN, and what unicast associations may.
UNICAST = """
set timeout { handshake 3, auth-failure 1 }
set limit associations-per-session 64
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass receive from any to 239.1.0.0/16
pass udp from any to 192.0.2.0/24 port 7000:7999 label "wire-udp"
pass udp from any to 192.0.2.11
pass udp from any to 192.0.2.66 port != 25
pass udp from any to 192.0.2.12
block udp from any to 192.0.2.12 port { 53, 123 }
pass udp from 10.0.0.2 to 192.0.2.10 port 6100 local any
"""

# Two egress interfaces: the routing table has the choice.
ROUTED = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
egress on fwout2
block all
pass udp from any to { 192.0.2.0/24, 198.51.100.0/24 }
pass receive from any to 239.1.0.0/16 via fwout
"""

DEDICATED = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass udp from any to 192.0.2.0/24 egress dedicated
"""

NO_BASE = """
set timeout { handshake 3, auth-failure 1 }
set extensions multicast
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
pass receive from any to 239.1.0.0/16
pass udp from any to 192.0.2.0/24
"""

# Both families on one listener; ff05::N:0/112 as 239.N.0.0/16 elsewhere.
IPV6 = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
listen on { 2001:db8:0:a::1, 10.0.0.1 } port 1081 auth none
inside on fwin
egress on fwout
table <mapped> const { ::ffff:239.9.0.0/112 }
block log all
pass receive from any to 239.1.0.0/16
pass send from any to 239.1.0.0/16 ttl <= 32
pass receive from any to <mapped>
pass receive from any to ff05::1:0/112 port 5000:5999 label "wire-six"
pass send from any to ff05::1:0/112 port 5000:5999 ttl <= 32 label "wire-six"
pass receive from any to ff05::4:0/112 local any
pass receive from 2001:db8:0:a::3 to ff05::7:0/112
pass receive from fe80::/10 to ff05::8:0/112
pass receive from any to ff05::9:0/112
pass receive from any to ff3e::/32
block deliver from 2001:db8:0:1::66 to any
block deliver from any to ff05::9:0/112
pass deliver from 2001:db8:0:1::10 to ff05::9:0/112
pass connect from any to 2001:db8:0:1::/64 port 7000:7999
pass udp from any to 2001:db8:0:1::/64 port 7000:7999
"""

CARELESS6 = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
table <control> const { ff02::/16, ff01::/16 }
pass receive from any to any
pass send from any to any ttl <= 255
pass receive from any to ff00::/8
pass send from any to ff00::/8 ttl <= 255
pass receive from any to <control>
pass receive from any to ff02::4d
pass send from any to ff02::4d ttl <= 255
pass connect from any to any
pass connect from any to 2000::/3
pass connect from any to ::/0
pass udp from any to any
pass udp from any to ::/0
"""

TWO6 = """
set timeout { handshake 3, auth-failure 1 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
egress on fwout2
block all
pass receive from any to ff05::1:0/112 via fwout
pass send from any to ff05::1:0/112 ttl <= 32 via fwout
pass receive from 2001:db8:0:a::3 to ff05::1:0/112 via fwout2
pass send from 2001:db8:0:a::3 to ff05::1:0/112 ttl <= 32 via fwout2
"""

# What LIST-FEATURES tells depends on who asks (P9).
FEATURES = """
set timeout { handshake 3, auth-failure 1 }
set extensions base
listen on fwin port 1080 auth none
listen on fwin port 1081 label "outer" auth { userpass, none }
listen on fwin port 1082 auth none
inside on fwin
egress on fwout
users file "@USERS@"
block log all
pass connect from 10.0.0.3 to 192.0.2.10 port 7000
block quick connect from 10.0.0.3
pass connect from any to 192.0.2.10 port 7000 user alice
pass connect from 10.0.0.4 to any method none domain "*.example.org"
pass connect from 10.0.0.5 to any listener "outer"
pass connect inet6 from 10.0.0.6 to any
match connect from any to any
pass { bind, associate } from any to any
pass udp from any to any
"""

NO_EXTENSIONS = """
set timeout { handshake 3, auth-failure 1 }
set extensions none
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
pass connect from any to 192.0.2.0/24
"""

# Names, which dns.py knows (P4, P6, P23).
NAMES = """
set timeout { handshake 3, auth-failure 1, connect 4 }
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block log all
pass connect from any to 192.0.2.0/24 port 7000:7999 label "wire-names"
pass connect from any to any port 8000:8099
pass connect from any to any port 8200 domain "*.wide.test"
block connect from any to 192.0.2.66
pass receive from any to 239.1.0.0/16
pass send from any to 239.1.0.0/16
pass udp from any to 192.0.2.0/24 port 7000:7999
block udp from any to 192.0.2.66
"""

# CONNECT: careless on purpose, then what is refused.
CONNECT = """
set timeout { handshake 3, auth-failure 1, connect 2, half-closed 2 }
set limit { sessions 2000, sessions-per-host 1000 }
listen on fwin port 1080 auth none
listen on fwin port 1081 auth userpass
inside on fwin
egress on fwout
egress on fwout2
users file "@USERS@"
pass connect from any to any label "wire-tcp"
block connect from any to 192.0.2.66
pass connect from any to 198.51.100.0/24 timeout idle 1
"""

CONNECT_DROP = """
set timeout { handshake 3, auth-failure 1, connect 2 }
set block-policy drop
listen on fwin port 1080 auth none
inside on fwin
egress on fwout
block all
pass connect from any to 192.0.2.10
"""

# A label for each rule, so that a test can leave it out.
RELOAD = """
set timeout { handshake 3, auth-failure 1 }
set limit { receivers-per-host 64 }
listen on fwin port 1080 auth none
listen on fwin port 1081 auth userpass
listen on fwin port 1082 auth none
inside on fwin
egress on fwout
users file "@USERS@"
block all
pass receive from any to 239.1.0.0/16 label "first"
pass send from any to 239.1.0.0/16 ttl <= 32 label "first"
pass receive from any to 239.2.0.0/16 label "second"
pass udp from any to 192.0.2.0/24 label "peers"
pass connect from any to 192.0.2.0/24 label "streams"
"""

CONFS = {"reload": RELOAD, "connect": CONNECT, "connect-drop": CONNECT_DROP,
         "main": MAIN, "careless": CARELESS, "two": TWO, "limits": LIMITS,
         "idle": IDLE, "local-any": LOCAL_ANY, "unicast": UNICAST,
         "routed": ROUTED, "dedicated": DEDICATED, "no-base": NO_BASE,
         "names": NAMES, "ipv6": IPV6, "careless6": CARELESS6, "two6": TWO6,
         "features": FEATURES, "no-extensions": NO_EXTENSIONS}
# a configuration that an early daemon need not understand yet
OPTIONAL = {"local-any", "dedicated"}


def under(conf):
    """Decorator: the test runs under this configuration (default main)."""
    def mark(function):
        function.conf = conf
        return function
    return mark
