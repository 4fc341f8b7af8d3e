#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest-latency.sh - in the machine of make latency: what netport_latency.ko has seen of the
# workload at two sizes, as "SIZE ...", and of the selftests, as "tests ...".

results=/sys/kernel/debug/netport_latency

for limit in max_per_owner max_per_uid max_per_netns; do
	echo 4000000 >/sys/module/netport/parameters/$limit
done
insmod /modules/netport_latency.ko || exit

# told NAME COMMAND...
told() {
	local name=$1
	shift
	echo >$results
	"$@" || return
	sleep 2		# for what is put off
	sed "s/^/latency $name /" $results
}

beside() {
	unshare -n /bench/latency "$1"
}

# Those that fail say so elsewhere; here they only have to run, and not for long: a second is as
# many instructions as it has nanoseconds.  What they have started ends with their namespace.
tests() {
	local program
	for program in /tests/*; do
		unshare -p -f sh -c "timeout -s KILL 2 $program; :" </dev/null >/dev/null 2>&1 ||
			true
		# One of them looks at what is traced.
		echo 0 >/sys/kernel/debug/tracing/events/enable
	done
}

told 1000 beside 1000 && told 1000000 beside 1000000 && told tests tests
