# SPDX-License-Identifier: GPL-2.0
# Reads two files that make bench has written, and prints where they differ: by more than 1 %, or
# 5 % where each call begins at a random port, or what a peer's hash has for a seed decides.  Fails
# if any does, or has what the other one hasn't.  What is measured by wall clock, or told only, is
# left out.

# The string or number that belongs to a name.
function field(name,   s) {
	if (!match($0, "\"" name "\": (\"[^\"]*\"|[^,}]*)"))
		return ""
	s = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
	gsub(/"/, "", s)
	return s
}

function take(key, peer, x, within) {
	if (NR == FNR) {
		first[key, peer] = x
		return
	}
	if (!((key, peer) in first)) {
		printf "%s %s: only in %s\n", key, peer, FILENAME
		bad++
		return
	}
	was = first[key, peer]
	delete first[key, peer]
	compared++
	if (was == x)
		return
	off = was > 0 ? (x / was - 1) * 100 : 100
	if (off < 0 ? -off > within : off > within) {
		printf "%s %s: %s, then %s: %+.1f %% (%d %% allowed)\n", key, peer, was, x, off, within
		bad++
	} else if (within == 1 && (off < 0 ? -off : off) > worst) {
		worst = off < 0 ? -off : off
		worst_of = key " " peer
	}
}

/^  \{"key": / && field("unit") ~ /^(instructions|bytes)/ {
	key = field("key")
	within = field("unit") ~ /random start/ ? 5 : 1
	take(key, "netport", field("netport"), within)
	peers = $0
	sub(/.*"peers": \{/, "", peers)
	sub(/\}.*/, "", peers)
	n = split(peers, peer, /, */)
	for (i = 1; i <= n; i++) {
		split(peer[i], half, /: */)
		gsub(/"/, "", half[1])
		take(key, half[1], half[2],
		     field("unit") ~ /peers vary/ && half[1] != "floor" ? 5 : within)
	}
}

END {
	for (i in first) {
		split(i, half, SUBSEP)
		printf "%s %s: only in %s\n", half[1], half[2], ARGV[1]
		bad++
	}
	printf "%d of %d figures beyond; of the others that may differ by 1 %%, the furthest: %.2f %% (%s)\n",
		bad, compared, worst, worst_of
	exit bad > 0 || !compared
}
