# SPDX-License-Identifier: GPL-2.0
# Reads lines "KEY PEER VALUE"; prints them as a table, with the goals of the file ROWS, and
# writes them to the file JSON.  Fails if something wasn't measured; an unmet goal is none of that.

# Neither unmeasured nor "failed", nor "dropped" as the machine didn't have the CPUs.
function known(x) { return x != "" && x != "failed" && x != "dropped" }

# 12700 as 12.7k, and so on.
function short(x) {
	if (!known(x))
		return x == "" ? "-" : x
	if (x >= 1e6)
		return sprintf("%.2fM", x / 1e6)
	if (x >= 1e5)
		return sprintf("%.0fk", x / 1e3)
	return sprintf(x < 100 ? "%.2f" : "%.0f", x)
}

# The least of the goal's terms; "" if it can't be said.
function reckon(key, text,   i, n, terms, t, least, factor, of, x) {
	least = ""
	n = split(text, terms, " ")
	for (i = 1; i <= n; i++) {
		t = terms[i]
		sub(/^>=/, "", t)
		factor = of = t
		x = t + 0
		if (sub(/[*].*/, "", factor)) {
			sub(/^[^*]*[*]/, "", of)
			x = sub(/^@/, "", of) ? value[key, of] : value[of, "netport"]
			if (!known(x))
				return ""
			x *= factor
		}
		if (least == "" || x < least + 0)
			least = x
	}
	return least
}

function number(x) { return !known(x) ? "null" : sprintf("%.10g", x) }

NF == 3 && $2 ~ /^[a-z]+$/ {
	value[$1, $2] = $3
	seen[$1] = 1
	if ($3 == "failed") {
		printf "bench: %s of %s failed\n", $1, $2 >"/dev/stderr"
		failed = 1
	}
}

$1 == "chains" && NF == 4 {
	if (!($2 in lengths))
		tables[++ntables] = $2
	buckets[$2, $3] = $4
	if ($3 >= lengths[$2] + 0)
		lengths[$2] = $3
}

END {
	printf "{\"kernel\": \"%s\",\n \"date\": \"%s\",\n \"method\": \"%s\",\n \"rows\": [", \
		kernel, date, method >json
	format = "%-58s %9s %9s %9s %9s %9s %7s %9s  %s\n"
	printf format, "work (" kernel ")", "netport", "floor", "UDP", "TCP", "gVisor", "ratio",
		"goal", "met"
	while ((getline line <rows) > 0) {
		if (line ~ /^#/)
			continue
		split(line, f, / *[|] */)
		key = f[1]
		if (!(key in seen))
			continue
		ours = value[key, "netport"]
		goal = reckon(key, f[4])
		minimum = f[4] ~ /^>=/
		met = goal == "" || !known(ours) ? "null" : \
			(minimum ? ours + 0 >= goal + 0 : ours + 0 <= goal + 0) ? "true" : "false"
		best = peers = ""
		n = split(f[3], peer, " ")
		for (i = 1; i <= n; i++) {
			x = value[key, peer[i]]
			if (x == "")
				continue
			peers = peers (peers == "" ? "" : ", ") "\"" peer[i] "\": " number(x)
			if (peer[i] != "floor" && known(x) && (best == "" || (minimum ? x + 0 > best + 0 : x + 0 < best + 0)))
				best = x
		}
		ratio = best == "" || !known(ours) || !(ours + 0) || key == "control" ? "" : sprintf("%.2f", minimum ? ours / best : best / ours)
		unit = f[2]
		sub(/,.*/, "", unit)
		printf format, f[5] (unit == "instructions" ? "" : " [" unit "]"), short(ours),
			short(value[key, "floor"]), short(value[key, "udp"]), short(value[key, "tcp"]), short(value[key, "gvisor"]),
			ratio, goal == "" ? "" : (minimum ? ">= " : "") short(goal),
			met == "true" ? "yes" : met == "false" ? "NO" : ""
		# Whoever has no column.
		for (i = 1; i <= n; i++)
			if (peer[i] ~ /^port/ && (key, peer[i]) in value)
				printf "%58s %9s\n", peer[i], short(value[key, peer[i]])
		printf "%s\n  {\"key\": \"%s\", \"work\": \"%s\", \"unit\": \"%s\", \"netport\": %s, \"peers\": {%s}, \"goal\": %s, \"met\": %s}",
			sep, key, f[5], f[2], number(ours), peers, number(goal), met >json
		sep = ","
		total += met != "null"
		good += met == "true"
	}
	printf "\n],\n \"chains\": {" >json
	for (t = 1; t <= ntables; t++) {
		printf "%schains of %s with 1M held, by length:", (t > 1 ? "" : "\n"), tables[t]
		printf "%s\"%s\": [", (t > 1 ? ", " : ""), tables[t] >json
		for (i = 0; i <= lengths[tables[t]]; i++) {
			printf " %d: %d", i, buckets[tables[t], i]
			printf "%s%d", (i ? ", " : ""), buckets[tables[t], i] >json
		}
		print ""
		printf "]" >json
	}
	print "}}" >json
	printf "%d of %d goals met; ratio: how often netport is better than the best peer; floor: the least\n", good, total
	exit failed
}
