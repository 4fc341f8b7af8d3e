#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest.sh - in the machine: run what is in /bench/plan, lines of "KEY PEER TIMES", and tell "KEY
# PEER VALUE" for each, the median, or "KEY PEER failed".  Each is a process in a network namespace
# of its own.

netport=/sys/module/netport/parameters
for limit in max_per_owner max_per_uid max_per_netns; do
	echo 4000000 >$netport/$limit
done
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/bench

# The host is to pick from as many ports as netport does.
alone() {
	unshare -n sh -c 'ip link set lo up
		echo "16000 65535" >/proc/sys/net/ipv4/ip_local_port_range
		exec "$@"' sh "$@"
}

in_cgroup() {
	(echo 0 >/sys/fs/cgroup/bench/cgroup.procs && alone "$@")
}

# result MODULE PARAMETER - what a module has measured, which is loaded.
result() {
	cat "/sys/module/$1/parameters/$2"
}

# In hundredths.
pair_of() {
	result "$1" pair | sed 's/..$/.&/'
}

lookup() {
	[ -d /sys/module/netport_lookups ] ||
		insmod /modules/netport_lookups.ko count="${1#lookup_}" || return
	echo "$1 $2 $(result netport_lookups "$2")"
	# Both peers' are measured at once, netport's first.
	[ "$2" = netport ] || rmmod netport_lookups
}

# floor KEY - the module that does as little as one can, with nothing in it.
floor() {
	local status=0
	insmod /modules/netport_floor.ko || return
	case $1 in
	kapi_pair) echo "$1 floor $(pair_of netport_floor)" ;;
	*)         alone /bench/netport floor "$1" || status=$? ;;
	esac
	rmmod netport_floor
	return $status
}

run() {
	local program
	case $2 in
	netport) program=/bench/netport ;;
	udp|tcp) program=/bench/host ;;
	portserver|portpicker) program=/bench/portserver.py ;;
	*)       program=/bench/$2 ;;
	esac
	case $1:$2 in
	*:floor) floor "$1" ;;
	kapi_pair:netport)
		insmod /modules/netport_bench.ko || return
		echo "$1 $2 $(pair_of netport_bench)"
		rmmod netport_bench
		;;
	lookup_*)    lookup "$1" "$2" ;;
	*_charged:*) in_cgroup "$program" "$2" "$1" ;;
	*)           alone "$program" "$2" "$1" ;;
	esac
}

# So that what earlier ones have left doesn't serve the next.
shrink_slabs() {
	local cache
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
	sleep 1		# some are freed after a grace period
}

once() {
	case $1 in memory*) shrink_slabs ;; esac
	run "$1" "$2" </dev/null || echo "$1 $2 failed"
	# What the last one left behind ends by itself; sleeping is free here.
	sleep 2
}

# several KEY PEER TIMES
several() {
	local i
	for i in $(seq "$3"); do
		once "$1" "$2"
	done >/tmp/several
	grep -m 1 failed /tmp/several ||
		sort -k 3 -n /tmp/several | sed -n "$((($3 + 1) / 2))p"
}

while read -r key peer times; do
	case $times in
	1) once "$key" "$peer" ;;
	*) several "$key" "$peer" "$times" ;;
	esac
done </bench/plan
