# SPDX-License-Identifier: GPL-2.0
# Reads bench.json and prints what a curve is made of: a line for each of POINTS, which are
# X:KEY, with X and the instructions of netport, UDP, TCP and gVisor, "-" where there is no figure.
# With FIELD, only that of the file: kernel or date.

field != "" && match($0, "\"" field "\": \"[^\"]*") {
	print substr($0, RSTART + length(field) + 5, RLENGTH - length(field) - 5)
	exit
}

# The number that belongs to a name in this line.
function number(name) {
	if (!match($0, "\"" name "\": [0-9.e+]+"))
		return "-"
	return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
}

match($0, /"key": "[^"]*/) {
	row[substr($0, RSTART + 8, RLENGTH - 8)] = \
		number("netport") " " number("udp") " " number("tcp") " " number("gvisor")
}

END {
	n = split(points, point, " ")
	for (i = 1; i <= n; i++) {
		split(point[i], half, ":")
		print half[1], half[2] in row ? row[half[2]] : "- - - -"
	}
}
