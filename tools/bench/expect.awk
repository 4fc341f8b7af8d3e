# SPDX-License-Identifier: GPL-2.0
# Reads figures, "KEY PEER VALUE", and then what they are to be, "KEY VALUE": TAP.  Fails when
# one isn't there, or is beyond 5 % above.

NR == FNR { figure[$1] = $3; next }

/^#/ { next }

{
	is = figure[$1]
	ok = is + 0 > 0 && $2 + 0 > 0 && is <= $2 * 1.05
	bad += !ok
	printf "# cost %s %s recorded %s\n", $1, is == "" ? "failed" : is, $2 == "" ? "nothing" : $2
	if (!ok && is + 0 > 0)
		print "# if it's meant to cost that: make bench-accept"
	printf "%sok %d - %s\n", ok ? "" : "not ", ++n, $1
}

END {
	printf "1..%d\n", n
	exit bad > 0
}
