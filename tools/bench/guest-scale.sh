#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest-scale.sh - in a machine with several CPUs: for each line "KEY PEER" of /bench/plan, tell
# "KEY PEER RATIO": what CPUs do over what one does, the number of them being in KEY (cpusN,
# cpusN_read).  The median of trials; one counts when a control program right before and right
# after it got 1.85/2 of what the CPUs would be, as else this machine hasn't got them.

MS=150		# of each measurement
TRIALS=40	# at most
ENOUGH=7	# that count
FEW=3		# are not enough

rate() {
	case $1:$2 in
	gvisor:*) /bench/gvisor scale "$3" $MS ;;
	netport:*_read) /bench/scale read "$3" $MS ;;
	*) /bench/scale "$1" "$3" $MS ;;
	esac
}

# ratio PEER KEY CPUS
ratio() {
	local one all
	one=$(rate "$1" "$2" 1) && all=$(rate "$1" "$2" "$3") &&
		awk "BEGIN { printf \"%.3f\", $all / $one }"
}

scales() {
	awk "BEGIN { exit !($1 >= $2 * 0.925) }"
}

trials() {
	local key=$1 peer=$2 cpus=${1#cpus} before=0 after this n=0 kept=0
	cpus=${cpus%%_*}
	: >/tmp/kept
	while [ $n -lt $TRIALS ] && [ $kept -lt $ENOUGH ]; do
		n=$((n + 1))
		scales "$before" "$cpus" || before=$(ratio control "$key" "$cpus")
		scales "$before" "$cpus" || continue
		this=$(ratio "$peer" "$key" "$cpus") || return
		after=$(ratio control "$key" "$cpus")
		if scales "$after" "$cpus"; then
			echo "$this" >>/tmp/kept
			kept=$((kept + 1))
		fi
		before=$after
	done
	echo "  $key of $peer: $kept of $n trials count (control: $before with $cpus CPUs)"
	if [ $kept -lt $FEW ]; then
		echo "$key $peer dropped"
	else
		echo "$key $peer $(sort -n /tmp/kept | sed -n "$(((kept + 1) / 2))p")"
	fi
}

ip link set lo up
while read -r key peer _; do
	trials "$key" "$peer" </dev/null || echo "$key $peer failed"
done </bench/plan
