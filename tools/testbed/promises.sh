#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# promises.sh - each promise of module/PROMISES.md names tests, and each of them is there.
. "$(dirname "$0")/lib.sh"

cd "$TOP"
page=module/PROMISES.md

# SUITE.CASE of KUnit, and PROGRAM.TEST of the selftests.
tests() {
	awk '/\.name = "netport_/ { gsub(/.*= "|".*/, ""); for (c in cases) print $0 "." c; delete cases }
		match($0, /KUNIT_CASE[A-Z_]*\([a-z_0-9]+/) {
			name = substr($0, RSTART, RLENGTH)
			sub(/.*\(/, "", name)
			cases[name] = 1
		}' kunit/*_test.c
	for program in tools/selftests/*.c; do
		sed -nE "s/^TEST(_F)?(_TIMEOUT)?\(([a-z_0-9]+, *)?([a-z_0-9]+)[,)].*/$(basename "$program" .c).\4/p" "$program"
	done
}

promised=$(sed -n 's/^| .* | \(`.*`\) |$/\1/p' $page)
lines=$(grep -cE '^\| .*\|$' $page)
heads=$(grep -c '^| promise | test |$' $page)
[ "$(grep -c . <<<"$promised")" = $((lines - heads)) ] || { echo "a promise without a test"; exit 1; }
missing=$(grep -oE '`[a-z_0-9]+\.[a-z_0-9]+`' <<<"$promised" | tr -d '`' | sort -u | comm -23 - <(tests | sort -u))
[ -z "$missing" ] || { echo "no such test:"; echo "$missing"; exit 1; }
