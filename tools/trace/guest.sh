#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest.sh - in the machine: have bpftrace run both scripts while things happen whose events are
# known, and look at what they say; TAP.

n=0
bad=0

# verdict STATUS WHAT
verdict() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
	else
		sed 's/^/# /' /tmp/held /tmp/refused
		echo "not ok $n $2"
		bad=1
	fi
}

# says SCRIPT WHAT PATTERN - a line like that.
says() {
	grep -qE "$3" "/tmp/$1"
	verdict $? "$1: $2"
}

# A zombie doesn't.
runs() { grep -qs '^State:.[^Z]' "/proc/$1/status"; }

/usr/bin/bpftrace /trace/held.bt >/tmp/held 2>&1 &
held=$!
/usr/bin/bpftrace /trace/refused.bt >/tmp/refused 2>&1 &
refused=$!

# Until both tell of something; they attach to one tracepoint after the other.
until grep -q '127.0.0.1 .*closed' /tmp/held && grep -q '127.0.0.1 ' /tmp/refused; do
	if ! runs $held || ! runs $refused; then
		verdict 1 "attach"
		echo "1..$n"
		exit 1
	fi
	netport reserve tcp 127.0.0.1:9 -- netport reserve tcp 127.0.0.1:9 -- true 2>/dev/null
	sleep 0.5
done
verdict 0 "attach"

netport reserve tcp 10.0.0.1:80 -- sleep 1
netport pick udp '*' --range 50000-50000 -- true
netport reserve tcp 10.0.0.2:81 -- netport reserve tcp '*:81' -- true
netport pick udp 10.0.0.2 --range 50000-50000 -- \
	netport pick udp 10.0.0.2 --range 50000-50000 -- true
netport reserve tcp 10.0.0.3:82 -- netport wait tcp 10.0.0.3:82 --timeout 0.1 -- true
netport reserve tcp 10.0.0.4:83 --persistent -- true
netport release tcp 10.0.0.4:83
netport reserve tcp 10.0.0.5:84 --hold 1 -- true
until grep -q 'hold ended' /tmp/held || ! runs $held; do
	sleep 0.1
done

kill -INT $held $refused
wait $held
verdict $? "held: ends"
wait $refused
verdict $? "refused: ends"

of='^[0-9]+ +0 +[0-9]+'
says held closed "$of +6 +80 +::ffff:10.0.0.1 +[1-9][0-9]{3} +closed"
says held picked "$of +17 +50000 +:: +[0-9]+ +closed"
says held orphan "$of +6 +83 +::ffff:10.0.0.4 +[0-9]+ +orphan"
says held released "$of +6 +83 +::ffff:10.0.0.4 +[0-9]+ +given up"
says held hold "$of +6 +84 +::ffff:10.0.0.5 +- +hold"
says held hold_ended "$of +6 +84 +::ffff:10.0.0.5 +[1-9][0-9]{3} +hold ended"
says held sums '@held_ms\[0\]'
says refused in_use '^[0-9]+ +netport +0 +6 +81 +:: +98 +[0-9]+ +0'
says refused no_port '^[0-9]+ +netport +0 +17 +0 +::ffff:10.0.0.2 +99 +- +-'
says refused sums '@refused\[0, 99, 0\]: 1$'
says refused began_to_wait '@waits\[0, 0\]: 1$'
says refused gave_up '@waits\[0, 4\]: 1$'
says refused probes '\[1\] +2 '

for event in /sys/kernel/tracing/events/netport/*/; do
	event=$(basename "$event")
	grep -q "tracepoint:netport:$event\$" /trace/*.bt
	verdict $? "uses $event"
done
echo "1..$n"
exit $bad
