#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunitpy.sh - the suites as kernel developers run theirs: netport linked into Debian's kernel
# sources (tools/intree.sh), and the kernel's own kunit.py.  The sources are unpacked to
# build/linux and stay there, with the User-mode Linux that is built in them.
. "$(dirname "$0")/lib.sh"
. "$TESTBED/source.sh"

need "$SOURCE_PKG" "${BUILD_PKGS[@]}" python3 mawk
linux=$BUILD/linux
result=$LOG/kunitpy.result
mkdir -p "$LOG"
rm -f "$result"
version=$(source_version)
if [ "$(cat "$linux/.netport" 2>/dev/null)" != "$version" ]; then
	rm -rf "$linux"
	unpack_source "$linux"
	echo "$version" >"$linux/.netport"
fi
"$TOP/tools/intree.sh" link "$linux"
[ ! -d /usr/lib/ccache ] || export PATH=/usr/lib/ccache:$PATH
cd "$linux"
start=$SECONDS status=0
./tools/testing/kunit/kunit.py run --jobs="$JOBS" --kunitconfig=net/netport/kunit \
	${T:+"$T"} 2>&1 | tee "$LOG/kunitpy.log" || status=$?

# Its last words: Ran 3 tests: passed: 1, failed: 1, skipped: 1
mawk -v status="$status" -v took="$((SECONDS - start))" -v release="$version" -v result="$result" \
	-v whole="${T:+0}" '
	/Testing complete\. Ran/ {
		for (i = 1; i < NF; i++)
			n[$i] = $(i + 1) + 0
	}
	END {
		passed = n["passed:"] + 0
		skipped = n["skipped:"] + 0
		failed = n["failed:"] + n["crashed:"] + n["errors:"]
		if (!failed && (status || !passed))
			failed = 1
		line = sprintf("%-8s %-26s %d passed, %d failed%s; %d s", "kunitpy", release,
			passed, failed, skipped ? ", " skipped " skipped" : "", took)
		print line
		printf "%d %d %d\n%s\n", passed, failed, skipped, line >result
		if (whole == "")
			print "whole" >result
		exit failed > 0
	}' "$LOG/kunitpy.log"
