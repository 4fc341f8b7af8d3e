#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mutants.sh [PATTERN] - does the fuzzer find what is wrong? Puts one bug after the other of
# mutants/ into a copy of the tree, boots Debian's 6.1 with that, and says how long it took.
# mutants.sh --check - does each line of each change something?
#
# A mutant is a sed script. Its second line says of which file, and what is wrong then.
. "$(dirname "$0")/../testbed/lib.sh"

mutants=$TOP/tools/fuzz/mutants

# check SCRIPT FILE
check() {
	local line
	while read -r line; do
		! sed "$line" "$TOP/$2" | cmp -s - "$TOP/$2" ||
			die "the mutant $(basename "$1") changes nothing in $2 by: $line"
	done < <(sed 1,2d "$1")
}

# told SCRIPT - what its second line says: FILE: WHY
told() { sed -n '2s/^# //p' "$1"; }

for script in "$mutants"/*.sed; do
	IFS=: read -r file _ < <(told "$script")
	check "$script" "$file"
done
[ "${1:-}" != --check ] || exit 0

copy=$BUILD/mutants seconds=60
mkdir -p "$copy" "$LOG"
missed=0 n=0
printf '%-12s %-7s %8s %9s  %s\n' mutant '' seconds steps why
for script in "$mutants"/*.sed; do
	name=$(basename "$script" .sed)
	# shellcheck disable=SC2254
	case $name in ${1:-*}) ;; *) continue ;; esac
	n=$((n + 1))
	IFS=: read -r file why < <(told "$script")
	rsync -rlpc --delete --exclude=/build --exclude=/.git "$TOP/" "$copy/"
	sed -i -f "$script" "$copy/$file"
	FUZZ_SECONDS=$seconds SHRINK=0 KERNEL=6.1 "$copy/tools/fuzz/fuzz.sh" \
		>"$LOG/mutant-$name.log" 2>&1 || true
	read -r took steps < <(sed -n 's/^fuzz: FAILED after \([0-9.]*\) s, \([0-9]*\) steps.*/\1 \2/p' \
		"$LOG/mutant-$name.log") || true
	if [ -n "${took:-}" ]; then
		verdict=found
	elif grep -q 'the machine died\|splat FAILED' "$LOG/mutant-$name.log"; then
		verdict=crashed
	else
		verdict=MISSED
		missed=$((missed + 1))
	fi
	printf '%-12s %-7s %8s %9s %s\n' "$name" "$verdict" "${took:--}" "${steps:--}" "$why"
done
echo "$n mutants, $missed missed"
[ "$missed" = 0 ]
