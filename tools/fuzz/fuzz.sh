#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.sh - boot a machine and let the fuzzer argue with the module in it. Taken from the
# environment: KERNEL (6.1, 6.12, debug, ...), SEED, FUZZ_SECONDS or STEPS, WORKERS (how many do
# so side by side, each in namespaces of its own), FAILURES (after how many to stop).
. "$(dirname "$0")/../testbed/lib.sh"

name=${KERNEL:-6.1}
seconds=${FUZZ_SECONDS:-30}
need qemu-system-x86 busybox-static cpio netbase mawk gcc-multilib libc6-dev-i386
"$TESTBED/modules.sh" "$name"
"$TESTBED/user.sh" fuzz
extra=$BUILD/$name/fuzz-extra
mkdir -p "$extra/bin" "$LOG"
cp "$BUILD/user/tests/fuzz" "$extra/bin/"

export SMP=${SMP:-2} EXTRA=$extra PATIENCE=86400
job="fuzz seed=${SEED:-1} jobs=${WORKERS:-$SMP} failures=${FAILURES:-1} shrink=${SHRINK:-1}"
if [ -n "${STEPS:-}" ]; then
	job+=" steps=$STEPS"
else
	job+=" seconds=$seconds"
fi
MODE=run JOB=$job "$TESTBED/initrd.sh" "$name" "$BUILD/$name/initrd-fuzz"
TIMEOUT=${TIMEOUT:-$((seconds * 4 + 600))} \
	"$TESTBED/vm.sh" "$name" "$BUILD/$name/initrd-fuzz" "$LOG/fuzz.console" |
	mawk -W interactive -v kernel="fuzz" -v result="$LOG/fuzz.result" \
		-v console="$LOG/fuzz.console" -v machine=1 -f "$TESTBED/report.awk"
