#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# demo.sh - what netport does, shown on real input and checked
#
# Runs in the virtual machine of `make run` as root, with the module loaded; busybox sh
# is enough.  Each step claims something and checks it; the exit status is 0 only if
# every claim held.

here=$(cd "$(dirname "$0")" && pwd)
PATH=$here:$PATH
tmp=$(mktemp -d) || exit 1
LOW=20000 HIGH=20399		# 400 ports: few enough for 8 x 40 picks to collide
LIMIT=120			# seconds that a step may take
steps=0
wrong=0

section() {
	printf '\n== %s\n' "$*"
}

# result STATUS CLAIM: says whether the claim held
result() {
	steps=$((steps + 1))
	if [ "$1" -eq 0 ]; then
		printf '   ok    %s\n' "$2"
	else
		printf '   WRONG %s\n' "$2"
		wrong=$((wrong + 1))
	fi
}

# expect STATUS CLAIM COMMAND...: runs a command, shows it and what it says
expect() {
	want=$1
	claim=$2
	shift 2
	printf '   $ %s\n' "$(quoted "$@")"
	timeout $LIMIT "$@" </dev/null >"$tmp/out" 2>&1
	got=$?
	sed 's/^   //; s/^/   /' "$tmp/out"
	[ $got -eq "$want" ] || printf '   exit status %d instead of %d\n' $got "$want"
	[ $got -eq "$want" ]
	result $? "$claim"
}

# words as one would type them
quoted() {
	line=
	for word; do
		case $word in
		*[!a-zA-Z0-9_.,:/%=-]*) word="'$word'" ;;
		esac
		line="$line${line:+ }$word"
	done
	printf '%s' "$line"
}

# background FILE COMMAND...: starts a command that holds something, its pid in $pid;
# goes on when it has said so in FILE
background() {
	file=$1
	shift
	"$@" </dev/null >"$file" 2>&1 &
	pid=$!
	held="$held $pid"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
		[ -s "$file" ] && kill -0 $pid 2>/dev/null && return 0
		kill -0 $pid 2>/dev/null || break
		sleep 0.2
	done
	return 1
}

release() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

users() {
	sed -n 's/^netport [0-9]* \([0-9]*\) .*/\1/p' /proc/modules
}

cleanup() {
	for p in $held; do
		kill "$p" 2>/dev/null
	done
	netport range "$low" "$high"
	rm -rf "$tmp"
}

[ -c /dev/netport ] || { echo "demo: there is no /dev/netport: load the module first"; exit 1; }
for f in /etc/services /etc/protocols; do
	[ -s $f ] || { echo "demo: there is no $f (package netbase)"; exit 1; }
done
held=
range=$(netport range) || exit 1
low=${range% *}
high=${range#* }
trap cleanup EXIT
begun=$(cut -d. -f1 /proc/uptime)
ip link set lo up 2>/dev/null || ifconfig lo up || exit 1

echo "netport on Linux $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPUs"

section "Every service of /etc/services, reserved for its protocol on every address"
background "$tmp/services" services list
ready=$?
services=$pid
cat "$tmp/services"
[ $ready -eq 0 ]
result $? "one owner, an open file of /dev/netport, holds all of them"
expect 0 "while it lives, nobody else gets any" services held

section "Another network namespace"
expect 0 "all of them are free there: it has a table of its own" unshare -n services free

section "The owner goes, and with it what it held"
release "$services"
expect 0 "all are free again" services free

section "A conflict"
background "$tmp/web" netport reserve tcp 127.0.0.1:8080
ready=$?
web=$pid
printf '   $ netport reserve tcp 127.0.0.1:8080 &\n'
sed 's/^/   /' "$tmp/web"
[ $ready -eq 0 ]
result $? "reserved, until that process goes"
expect 1 "the any-address conflicts with every address" \
	netport reserve tcp '*:8080' -- true
expect 0 "another address doesn't" netport try tcp 127.0.0.2:8080
expect 0 "nor does another family" netport try tcp '[::]:8080'
expect 0 "nor another protocol" netport try udp 127.0.0.1:8080
expect 0 "nor another network namespace" unshare -n netport try tcp 127.0.0.1:8080
release "$web"
# shellcheck disable=SC2016
expect 0 "free as soon as the owner is gone; the next one lasts as long as its command" \
	netport reserve tcp '*:8080' -- sh -c 'echo "running with port $NETPORT_PORT"'

section "Sharing by consent"
background "$tmp/dns" netport reserve udp '*:5353' --share lb
ready=$?
dns=$pid
printf "   \$ netport reserve udp '*:5353' --share lb &\n"
sed 's/^/   /' "$tmp/dns"
[ $ready -eq 0 ]
result $? "reserved for load balancing, as SO_REUSEPORT does"
expect 0 "who says so too, with the same uid, is let in" netport try udp '*:5353' --share lb
expect 1 "who doesn't is not" netport try udp '*:5353'
release "$dns"

section "Workers that pick ports of one address at the same time, and use them"
expect 0 "a small range, so that they meet" netport range $LOW $HIGH
expect 0 "collisions without netport, none with it; each port reaches its worker" workers 8 40

section "A worker dies"
expect 0 "its ports, and no others, go out again at once" crash

section "Nothing is left"
netport range "$low" "$high" && [ "$(netport range)" = "$range" ]
result $? "the range is $range again"
[ "$(users)" = 0 ]
result $? "/proc/modules: nobody has netport open"

printf '\n%d claims checked in %d s: ' $steps $(($(cut -d. -f1 /proc/uptime) - begun))
if [ $wrong -eq 0 ]; then
	echo "all hold"
else
	echo "$wrong WRONG"
fi
[ $wrong -eq 0 ]
