#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# accept.sh - record what netport costs now in tools/bench/expect, which make test compares with.
. "$(dirname "$0")/../testbed/lib.sh"

expect=$TOP/tools/bench/expect
T=expect "$TESTBED/tier.sh" icount >"$LOG/accept.log" 2>&1 || true	# as it's expected to differ
mawk 'NR == FNR { if ($1 == "#" && $2 == "cost" && $4 + 0 > 0) cost[$3] = $4; next }
	/^#/ { print; next }
	!($1 in cost) { print "no figure for " $1 >"/dev/stderr"; exit 1 }
	{ print $1, cost[$1] }' "$LOG/icount.tap" "$expect" >"$expect.new" ||
	{ rm -f "$expect.new"; cat "$LOG/accept.log" >&2; die "nothing accepted"; }
diff "$expect" "$expect.new" >&2 || true
mv "$expect.new" "$expect"
