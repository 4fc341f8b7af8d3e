# SPDX-License-Identifier: GPL-2.0
# The examples of PAGE.scd, as files in the directory OUT: PAGE-NAME.c, or PAGE-NAME.session, which
# tools/man/session types.  Each literal block has a comment above it that names the example
# and the words of its output that vary:
#
#	; example NAME [varies WORD...]

function bad(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	failed = 1
	exit
}

FNR == 1 {
	page = FILENAME
	gsub(/^.*\/|\.scd$/, "", page)
}

/^; example / {
	if (name != "")
		bad("no block for example " name)
	name = $3
	varies = $0
	sub(/^; example [^ ]+( varies)?/, "", varies)
	next
}

/^\t*```$/ && !inside {
	if (name == "")
		bad("a block that is no example")
	indent = length($0) - 3
	inside = 1
	file = ""
	next
}

/^\t*```$/ {
	if (file == "")
		bad("an empty example")
	close(file)
	inside = 0
	name = ""
	next
}

inside {
	# As scdoc shows it: a backslash takes another one.
	line = substr($0, indent + 1)
	gsub(/\\\\/, "\001", line)
	gsub(/\\/, "", line)
	gsub(/\001/, "\\", line)
	if (file == "") {
		session = line ~ /^[$#] /
		file = OUT "/" page "-" name (session ? ".session" : ".c")
		if (seen[file]++)
			bad("two examples " name)
		if (session)
			print "#!/bin/sh /bin/session\n; varies" varies >file
	}
	print line >file
}

END {
	if (!failed && (inside || name != ""))
		bad("an example without an end")
	exit failed
}
