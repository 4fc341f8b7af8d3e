#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# plot.sh - draw the curves of build/bench.json, which make bench has written: pick.svg and
# held.svg beside this script.
. "$(dirname "$0")/../testbed/lib.sh"

BENCH=$TOP/tools/bench
json=$BUILD/bench.json
need gnuplot-nox mawk
[ -e "$json" ] || die "nothing to draw: make bench first"

field() { mawk -v field="$1" -f "$BENCH/curve.awk" "$json"; }

# draw NAME TITLE XLABEL TICS POINTS
draw() {
	local data=$BUILD/bench-$1.data

	mawk -v points="$5" -f "$BENCH/curve.awk" "$json" >"$data"
	! grep -q '^[0-9]* -' "$data" || die "not all of the $1 curve has been measured: make bench"
	gnuplot <<-EOF
		set terminal svg size 860,520 font "sans-serif,14" background rgb "white"
		set output "$BENCH/$1.svg.new"
		set title "$2\n{/*0.8 Linux $(field kernel), one CPU, instructions counted by QEMU, $(field date)}"
		set xlabel "$3"
		set ylabel "instructions"
		set logscale xy
		set format y "%.0s%c"
		set xtics ($4)
		set offsets graph 0.05, graph 0.05, 0, 0
		set grid xtics ytics linecolor rgb "#d8d8d8"
		set key outside right top
		set datafile missing "-"
		set style data linespoints
		set style line 1 linewidth 3 pointtype 7 linecolor rgb "#0060ad"
		set style line 2 linewidth 2 pointtype 9 linecolor rgb "#d9730d"
		set style line 3 linewidth 2 pointtype 5 linecolor rgb "#7a3e9d"
		set style line 4 linewidth 2 pointtype 13 linecolor rgb "#3a8a3a"
		plot "$data" using 1:2 linestyle 1 title "netport", \
			"" using 1:3 linestyle 2 title "UDP bind()", \
			"" using 1:4 linestyle 3 title "TCP bind()", \
			"" using 1:5 linestyle 4 title "gVisor"
	EOF
	sed '1a <!-- SPDX-License-Identifier: GPL-2.0 -->' "$BENCH/$1.svg.new" >"$BENCH/$1.svg"
	rm "$BENCH/$1.svg.new"
	say "  $BENCH/$1.svg"
}

draw pick "Picking a port and giving it back (sockets: bind(0) alone)" "of the range is taken, by the same address" \
	'"0 %%" 1, "50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "all: refused" 10000' \
	'1:pick_empty 2:pick_50 10:pick_90 100:pick_99 1000:pick_999 10000:pick_full'
draw held "Reserving a port and giving it back (sockets: socket, bind, close)" "reservations held" \
	'"0" 100, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6' \
	'100:reserve_release 1000:held_1k 10000:held_10k 100000:held_100k 1000000:held_1m'
