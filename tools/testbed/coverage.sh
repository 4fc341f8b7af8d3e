#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# coverage.sh - which lines of module/ do the tests run? KUnit suites and selftests on the debug
# kernel, the module built so that gcov counts; then for each file how many of its lines have
# run, and what hasn't. A line that nothing runs is to be in tools/testbed/uncovered, with the
# reason; at least LEAST percent of all have to run. RUN=0 looks at the last run again.
# Leaves what gcov says of each line in build/coverage/lines.
. "$(dirname "$0")/lib.sh"

need mawk gcc
status=0
[ "${RUN:-1}" = 0 ] || "$TESTBED/test.sh" coverage || status=$?

out=$BUILD/coverage src=$BUILD/coverage/src
rm -rf "$out/data"
mkdir -p "$out/data"
sed -n 's/^@gcov //p' "$LOG/coverage.tap" | tr -d '\r' | base64 -d | tar -C "$out/data" -xz ||
	die "coverage: the machine did not tell"

# What has been counted has the path of the object that counts.
for data in "$out/data$src"/module/*.gcda; do
	notes=${data#"$out/data"}
	cp "${notes%.gcda}.gcno" "${data%.gcda}.gcno"
	gcov -t "$data"
done >"$out/lines" 2>"$LOG/gcov.log" || { cat "$LOG/gcov.log" >&2; die "coverage: gcov failed"; }

mawk -v top="$src/" -v least="${LEAST:-95}" -f "$TESTBED/coverage.awk" \
	"$TESTBED/uncovered" "$out/lines" || status=1
exit "$status"
