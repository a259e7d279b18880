#!/usr/bin/env bash
# A real DNS server on loopback, UDP and TCP: dnsmasq, which knows example.com and example.net and nobody
# else to ask.
#
#   dns.sh PORT OPTION…
#
# The options are dnsmasq's, as in --txt-record=NAME,STRING,STRING. Prints PORT when it answers, and ends
# with its standard input.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
port=$1
shift

dnsmasq --no-daemon --conf-file=/dev/null "$@" --port="$port" --listen-address=127.0.0.1 --bind-interfaces \
    --no-resolv --no-hosts --local=/example.com/ --local=/example.net/ --user="$(id -un)" --pid-file= \
    </dev/null >&2 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
trap 'exit 1' TERM INT

for _ in $(seq 200); do
    kill -0 "$server" 2>/dev/null || { echo "dns.sh: dnsmasq has ended" >&2; exit 1; }
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        echo "$port"
        cat >/dev/null
        exit 0
    fi
    sleep 0.1
done
echo "dns.sh: dnsmasq does not answer" >&2
exit 1
