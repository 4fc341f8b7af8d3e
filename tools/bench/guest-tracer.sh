#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest-tracer.sh - in the debug kernel's machine of make latency: what the kernel's own tracer of
# the time with interrupts or preemption off has seen of the workload at two sizes, as
# "traced SIZE ...", and of the selftests, as "traced tests ...".

tracing=/sys/kernel/tracing
for limit in max_per_owner max_per_uid max_per_netns; do
	echo 4000000 >/sys/module/netport/parameters/$limit
done
mount -t tracefs tracefs $tracing
echo preemptirqsoff >$tracing/current_tracer || exit
echo sym-offset >$tracing/trace_options

# told NAME COMMAND...
told() {
	local name=$1
	shift
	"$@" >/tmp/told || return
	sed "s/^/traced $name /" /tmp/told
}

beside() {
	unshare -n /bench/latency -t "$1"
}

# Those that fail say so elsewhere; here they only have to run, and not for long.
tests() {
	local program watch
	/bench/latency -w &
	watch=$!
	for program in /tests/*; do
		timeout -s KILL 1 "$program" </dev/null >/dev/null 2>&1 || true
	done
	kill $watch
	wait $watch
}

told 1000 beside 1000 && told 100000 beside 100000 && told tests tests
