#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kcov.sh SECONDS - boot the debug kernel with a module that tells KCOV where it has been, and have
# AFL++ look for inputs that go elsewhere. What it finds is in build/kcov: corpus.inc, if all went
# well; and queue, crash, hang, or if it ended badly without a crash, last: inputs, the newest
# first.
. "$(dirname "$0")/../../testbed/lib.sh"

seconds=$1
need qemu-system-x86 busybox-static cpio netbase mawk
mkdir -p "$LOG" "$BUILD/kcov"
rm -f "$BUILD"/kcov/{corpus.inc,queue,crash,hang,last}
"$TESTBED/modules.sh" kcov
"$TESTBED/user.sh" kcov
afl=$("$TOP/tools/fuzz/kcov/afl.sh")
extra=$BUILD/kcov/extra
rm -rf "$extra"
mkdir -p "$extra/fuzz"
cp -a "$afl/." "$extra/"
cp -t "$extra/fuzz" "$BUILD/user/kcov/fuzz" "$TOP"/tools/fuzz/kcov/{guest.sh,corpus.inc}
EXTRA=$extra MODE=run JOB="sh /fuzz/guest.sh $seconds" "$TESTBED/initrd.sh" kcov "$BUILD/kcov/initrd"
rm -rf "$extra"

# Its memory is a file for as long as it runs, and a little longer.
dir=$BUILD
[ "$(df -Pm /dev/shm | awk 'NR == 2 { print $4 }')" -lt 1200 ] || dir=/dev/shm
MEMORY=$(mktemp "$dir/netport-kcov.XXXXXX")
export MEMORY
trap 'rm -f "$MEMORY"' EXIT
status=0
TIMEOUT=$((seconds * 2 + 600)) \
	"$TESTBED/vm.sh" kcov "$BUILD/kcov/initrd" "$LOG/kcov.console" | tee "$LOG/kcov.tap" |
	sed -u '/^[a-z]* "/d' |
	mawk -W interactive -v kernel=kcov -v result="$LOG/kcov.result" \
		-v console="$LOG/kcov.console" -v machine=1 -f "$TESTBED/report.awk" || status=$?

for what in queue crash hang corpus; do
	sed -n "s/\r$//; s/^$what //p" "$LOG/kcov.tap" >"$BUILD/kcov/$what"
done
sed -n 's/^kcov: //p' "$LOG/kcov.tap" | tail -n 1
if [ "$status" = 0 ]; then
	{
		echo "/* SPDX-License-Identifier: GPL-2.0 */"
		sort "$BUILD/kcov/corpus" | awk '{ print length(), $0 }' | sort -s -n -k 1,1 | cut -d' ' -f2-
	} >"$BUILD/kcov/corpus.inc"
	echo "$(grep -c '^"' "$BUILD/kcov/corpus.inc") inputs have all edges: make fuzz-kcov-accept"
elif [ -s "$BUILD/kcov/crash" ]; then
	echo "the input that did it is in $BUILD/kcov/crash"
else
	"$BUILD/user/kcov/fuzz" last "$MEMORY" >"$BUILD/kcov/last" || true
	echo "what ran last is in $BUILD/kcov/last"
fi
exit "$status"
