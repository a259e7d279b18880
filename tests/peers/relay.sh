#!/usr/bin/env bash
# A mail server as senders have it: Postfix that has OpenDKIM sign what it takes and hands it on to a
# sink, which keeps every mail. It stands in for PowerMTA and Momentum: S/MIME first, the server's
# DKIM after.
#
# Usage: relay.sh DIRECTORY TESTDATA PORT NEXT_PORT MILTER_PORT [8bit|7bit]
#
# 7bit: the next hop does not offer 8BITMIME, so that Postfix re-encodes what is not 7-bit. All
# listens on loopback. Each mail becomes DIRECTORY/dump/m.*, and DIRECTORY/log tells of everything.
# Prints PORT when all is up; ends, and ends what it started, with its standard input. Needs root.
set -euo pipefail
directory=$1 testdata=$2 port=$3 next=$4 milter=$5 hop=${6:-8bit}
PATH=$PATH:/usr/sbin:/sbin

cd "$directory"
chmod 755 .
mkdir -p etc queue data dump
chown postfix data
chown nobody dump
log=$directory/log
: >"$log"
chmod 666 "$log"

cat >etc/main.cf <<CONF
compatibility_level = 3.6
config_directory = $directory/etc
queue_directory = $directory/queue
data_directory = $directory/data
maillog_file = $log
maillog_file_prefixes = $directory
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.net
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:$next
smtp_dns_support_level = disabled
smtpd_milters = inet:127.0.0.1:$milter
milter_default_action = tempfail
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
CONF
cat >etc/master.cf <<CONF
127.0.0.1:$port inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n -  0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n -  - trivial-rewrite
bounce    unix - - n -  0 bounce
defer     unix - - n -  0 bounce
trace     unix - - n -  0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -  - proxymap
smtp      unix - - n -  - smtp
relay     unix - - n -  - smtp
showq     unix n - n -  - showq
error     unix - - n -  - error
retry     unix - - n -  - error
discard   unix - - n -  - discard
anvil     unix - - n -  1 anvil
scache    unix - - n -  1 scache
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
CONF

install -m 600 "$testdata/dkim/lab.private" lab.private
cat >opendkim.conf <<CONF
Mode s
Socket inet:$milter@127.0.0.1
Domain example.com
Selector lab
KeyFile $directory/lab.private
Canonicalization relaxed/relaxed
OversignHeaders From
Syslog no
# The directory is a temporary one, of which OpenDKIM thinks ill.
RequireSafeKeys false
UserID root
BaseDirectory $directory
CONF

children=()
master=
finish() {
    # Even where somebody has taken the directory away, and Postfix's own stop finds nothing to stop.
    postfix -c "$directory/etc" stop >/dev/null 2>&1 || { [ -z "$master" ] || kill "$master"; } || true
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null || true
    done
}
trap finish EXIT
trap 'exit 1' TERM INT

opendkim -f -x opendkim.conf </dev/null >>"$log" 2>&1 &
children+=($!)
sink=(-u nobody -R "$directory" -d dump/m.)
[ "$hop" = 8bit ] || sink+=(-8)
smtp-sink "${sink[@]}" "127.0.0.1:$next" 100 </dev/null >>"$log" 2>&1 &
children+=($!)
postfix -c "$directory/etc" start </dev/null >>"$log" 2>&1 || { cat "$log" >&2; exit 1; }
master=$(tr -d ' ' <queue/pid/master.pid)

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for _ in $(seq 200); do
    if listening "$port" && listening "$next" && listening "$milter"; then
        echo "$port"
        cat >/dev/null
        exit 0
    fi
    sleep 0.1
done
echo "relay.sh: not all of it came up:" >&2
cat "$log" >&2
exit 1
