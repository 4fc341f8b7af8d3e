# SPDX-License-Identifier: GPL-2.0
# Reads ./rows: prints "KEY PEER TIMES" for what matches one of the globs in PATTERNS, and for the
# rows that the goals of these refer to.  PART is "ratio cpusN" for ratios with so many CPUs,
# "python" for what takes Python, or "others".

function regular(glob) {
	gsub(/[.+^$(){}|\\]/, "\\\\&", glob)
	gsub(/[*]/, ".*", glob)
	gsub(/[?]/, ".", glob)
	return "^" glob "$"
}

function choose(key,   i, n, terms) {
	if (key in chosen)
		return
	chosen[key] = 1
	n = split(goal[key], terms, " ")
	for (i = 1; i <= n; i++)
		if (sub(/^[0-9.]*[*]/, "", terms[i]) && terms[i] !~ /^@/)
			choose(terms[i])
}

BEGIN { npatterns = split(patterns, pattern, " ") }

/^#/ { next }

{ order[++nrows] = $1; peers[$1] = $3; goal[$1] = $4; times[$1] = $2 ~ /peers vary/ ? 5 : 1 }

{ part_of[$1] = $2 == "ratio" ? "ratio " substr($1, 1, 5) : $2 ~ /Python/ ? "python" : "others" }

END {
	for (r = 1; r <= nrows; r++)
		for (i = 1; i <= npatterns; i++)
			if (order[r] ~ regular(pattern[i]))
				choose(order[r])
	for (r = 1; r <= nrows; r++) {
		if (!(order[r] in chosen) || part_of[order[r]] != part)
			continue
		n = split("netport " peers[order[r]], peer, " ")
		for (i = 1; i <= n; i++)
			print order[r], peer[i], peer[i] ~ /^(netport|floor)$/ ? 1 : times[order[r]]
	}
}
