#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# latency.sh - for how long netport keeps bottom halves off, and preemption with them, on machines
# whose clock counts instructions: Debian's 6.1, with a module that looks on, and the debug kernel,
# with the kernel's own tracer.
. "$(dirname "$0")/../testbed/lib.sh"

BENCH=$TOP/tools/bench
need qemu-system-x86 busybox-static cpio netbase make gcc libc6-dev gcc-multilib libc6-dev-i386 \
	rsync kmod mawk xz-utils perl libelf1
for name in 6.1 debug; do
	"$TESTBED/kernel.sh" --is-cached "$name" || "$TESTBED/space.sh" run
done
mkdir -p "$BUILD" "$LOG"
"$TESTBED/user.sh" bench tests

# The module goes and comes in these, or they need what isn't there.
programs=
for program in "$BUILD"/user/tests/*; do
	case ${program##*/} in
	*.32|rmmod|minimal|optional|dg*|datagram|cost|torture|fail_nth) ;;
	*) programs+=" ${program##*/}" ;;
	esac
done

# look NAME SCRIPT KEY LARGE - boot the kernel of that name, have SCRIPT run there, and tell what
# its lines "KEY RUN ..." say, the largest RUN of a number being LARGE.
look() {
	local name=$1 script=$2 key=$3 large=$4 kernel lock root out
	kernel=$("$TESTBED/kernel.sh" "$name")
	exec {lock}>"$BUILD/$name.lock"
	flock "$lock"
	"$TESTBED/modules.sh" "$name"
	root=$(mktemp -d "$BUILD/$name/bench.XXXXXX")
	mkdir "$root/bench"
	cp -a "$BUILD/user/bench/latency" "$BENCH/$script" "$root/bench/"
	out=$BUILD/$name/initrd-latency
	MODE=run JOB="sh /bench/$script" PROGRAMS=$programs EXTRA=$root \
		"$TESTBED/initrd.sh" "$name" "$out"
	rm -rf "$root"
	say "  looking on for some minutes, on $(cat "$kernel/release")"
	ICOUNT=1 MEM=${MEM:-3G} TIMEOUT=${TIMEOUT:-3600} APPEND=kmemleak=off \
		"$TESTBED/vm.sh" "$name" "$out" "$LOG/$key.console" 2>>"$LOG/$key.vm" |
		tee "$LOG/$key.tap" |
		mawk -W interactive -v kernel="$key" -v result="$LOG/$key.result" \
			-v console="$LOG/$key.console" -v machine=1 -f "$TESTBED/report.awk" \
		>"$LOG/$key.report" ||
		{ cat "$LOG/$key.report" >&2; die "the machine is not well"; }
	flock -u "$lock"
	mawk -v key="$key" -v large="$large" -f "$BENCH/latency.awk" "$LOG/$key.report"
}

status=0
look 6.1 guest-latency.sh latency 1000000 || status=1
look debug guest-tracer.sh traced 100000 || status=1
exit $status
