#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# latency.sh - for how long netport keeps bottom halves off, on Debian's 6.1 and a machine whose
# clock counts instructions.
. "$(dirname "$0")/../testbed/lib.sh"

BENCH=$TOP/tools/bench
name=6.1
need qemu-system-x86 busybox-static cpio netbase make gcc libc6-dev gcc-multilib libc6-dev-i386 \
	rsync kmod mawk xz-utils perl libelf1
"$TESTBED/kernel.sh" --is-cached "$name" || "$TESTBED/space.sh" run
kernel=$("$TESTBED/kernel.sh" "$name")
mkdir -p "$BUILD" "$LOG"
exec {lock}>"$BUILD/$name.lock"
flock "$lock"

"$TESTBED/modules.sh" "$name"
"$TESTBED/user.sh" bench tests
root=$(mktemp -d "$BUILD/$name/bench.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir "$root/bench"
cp -a "$BUILD/user/bench/latency" "$BENCH/guest-latency.sh" "$root/bench/"

# The module goes and comes in these, or they need what isn't there.
programs=
for program in "$BUILD"/user/tests/*; do
	case ${program##*/} in
	*.32|rmmod|minimal|optional|dg*|datagram|cost) ;;
	*) programs+=" ${program##*/}" ;;
	esac
done
out=$BUILD/$name/initrd-latency
MODE=run JOB="sh /bench/guest-latency.sh" PROGRAMS=$programs EXTRA=$root \
	"$TESTBED/initrd.sh" "$name" "$out"
say "  looking on for some minutes, on $(cat "$kernel/release")"
ICOUNT=1 MEM=${MEM:-2G} TIMEOUT=${TIMEOUT:-3600} \
	"$TESTBED/vm.sh" "$name" "$out" "$LOG/latency.console" 2>>"$LOG/latency.vm" |
	tee "$LOG/latency.tap" |
	mawk -W interactive -v kernel=latency -v result="$LOG/latency.result" \
		-v console="$LOG/latency.console" -v machine=1 -f "$TESTBED/report.awk" \
	>"$LOG/latency.report" || { cat "$LOG/latency.report" >&2; die "the machine is not well"; }
mawk -f "$BENCH/latency.awk" "$LOG/latency.report"
