# SPDX-License-Identifier: GPL-2.0
# Reads lines "latency RUN LONGEST COUNT FUNCTION [netport]", and prints for each function the
# longest time in each run.  Fails if one is half as long again with a million held as it was with
# a thousand, and the way into an interrupt isn't all of that; or if nothing was seen.

$1 == "latency" && $NF == "[netport]" {
	if ($3 + 0 > longest[$2, $5] + 0)
		longest[$2, $5] = $3
	if (!($5 in seen)) {
		seen[$5] = 1
		order[++n] = $5
	}
}

END {
	format = "%-32s %9s %9s %9s  %s\n"
	printf format, "bottom halves off in", "1,000", "1,000,000", "tests", ""
	for (i = 1; i <= n; i++) {
		small = longest[1000, order[i]] + 0
		large = longest[1000000, order[i]] + 0
		grows = small > 0 && large > small * 1.5 + 2000
		bad += grows
		printf format, order[i], small, large, longest["tests", order[i]] + 0,
			grows ? "GROWS" : ""
		if (large > most)
			most = large
	}
	printf "longest with a million held: %d instructions; functions that grow: %d\n", most, bad
	exit bad || !n
}
