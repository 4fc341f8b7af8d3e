#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh demo|shell [KERNEL] - the demonstration, or an interactive shell, in a
# machine with the module loaded. Needs no kernel build: Debian's 6.1.
. "$(dirname "$0")/lib.sh"

mode=$1 name=${2:-6.1}
start=$SECONDS
need qemu-system-x86 busybox-static cpio netbase make gcc libc6-dev rsync kmod \
	mawk xz-utils perl libelf1
"$TESTBED/kernel.sh" --is-cached "$name" || "$TESTBED/space.sh" run
"$TESTBED/kernel.sh" "$name" >/dev/null
"$TESTBED/modules.sh" "$name"
"$TESTBED/user.sh" bin
out=$BUILD/$name/initrd-$mode
say "  ready after $((SECONDS - start)) s; booting $(cat "$("$TESTBED/kernel.sh" "$name")/release")"

if [ "$mode" = shell ]; then
	MODE=shell "$TESTBED/initrd.sh" "$name" "$out"
	exec "$TESTBED/vm.sh" "$name" "$out" "$LOG/shell.console" shell
fi
[ -x "$BUILD/user/bin/demo.sh" ] || die "no tools/demo/demo.sh"
MODE=run JOB=demo.sh "$TESTBED/initrd.sh" "$name" "$out"
TIMEOUT=${TIMEOUT:-240} "$TESTBED/vm.sh" "$name" "$out" "$LOG/run.console" |
	mawk -W interactive -v kernel="demo" -v result="$LOG/run.result" \
		-v console="$LOG/run.console" -v machine=1 -f "$TESTBED/report.awk"
