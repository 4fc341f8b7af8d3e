# SPDX-License-Identifier: GPL-2.0
# Reads lines "KEY RUN LONGEST COUNT FUNCTION [netport]", and prints for each function the
# longest time in each run: with 1000 held, with LARGE, and in the tests.  Fails if one is half as
# long again with LARGE as it was with a thousand, and the way into an interrupt isn't all of
# that; or if nothing was seen.  Set with -v: key, large.

$1 == key && $NF == "[netport]" {
	if ($3 + 0 > longest[$2, $5] + 0)
		longest[$2, $5] = $3
	if (!($5 in seen)) {
		seen[$5] = 1
		order[++n] = $5
	}
}

END {
	format = "%-32s %9s %9s %9s  %s\n"
	printf format, "bottom halves off in", 1000, large, "tests", ""
	for (i = 1; i <= n; i++) {
		few = longest[1000, order[i]] + 0
		many = longest[large, order[i]] + 0
		grows = few > 0 && many > few * 1.5 + 2000
		bad += grows
		printf format, order[i], few, many, longest["tests", order[i]] + 0,
			grows ? "GROWS" : ""
		if (many > most)
			most = many
	}
	printf "longest with %d held: %d instructions; functions that grow: %d\n", large, most, bad
	exit bad || !n
}
