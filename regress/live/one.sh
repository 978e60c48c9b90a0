# one.sh FILE FUNCTION: runs one test of the live tier.
#
# Exits 0 if it held, 77 if it cannot run here, else a line "why: ..." says
# why it did not.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
. "$here/../lib/net.sh"
. "$here/lib.sh"
. "$1"

T=
net_up || fail "no namespaces"
T=$NET_TMP
chmod 711 "$T"
cd "$T" || fail "$T"
"$2"
verdict=$?
[ $verdict = 0 ] || fail "$2 returned $verdict"
exit 0
