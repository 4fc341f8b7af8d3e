# SPDX-License-Identifier: GPL-2.0
# What netport.1.scd says that --help says too, one fact to a line: `COMMAND: synopsis`, and
# `COMMAND: -o, --option ARGUMENT`.  An option is a command's if it's an item of its section, or
# if that names it in `Options:`, and then it's an item of OPTIONS.

# Without markup.
function plain(line) {
	gsub(/\+\+$|[*_]/, "", line)
	return line
}

function fact(command, text) {
	print command ": " text
}

/^# / { section = substr($0, 3); command = "" }

section == "SYNOPSIS" && /^\*netport / {
	$0 = plain($0)
	command = $2
	sub(/^netport [^ ]+ ?/, "")
	fact(command, $0)
	fact(command, "-h, --help")
	command = ""
}

/^## netport / {
	command = $3
	described[command] = 1
}

/^\*-.\*, \*--/ {
	if (command != "")
		fact(command, plain($0))
	else if (section == "OPTIONS")
		common[substr($0, 2, 2)] = plain($0)
}

# May go on in the next line.
command != "" && /^Options: / { naming = 1 }
naming {
	line = plain($0)
	while (match(line, /-[A-Za-z]/)) {
		named[command, substr(line, RSTART, 2)] = 1
		line = substr(line, RSTART + 2)
	}
	naming = $0 !~ /\.$/
}

END {
	for (name in named) {
		split(name, part, SUBSEP)
		fact(part[1], part[2] in common ? common[part[2]] : part[2] " is not in OPTIONS")
	}
	for (name in described)
		fact(name, "is a command")
}
