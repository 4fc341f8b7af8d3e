# SPDX-License-Identifier: GPL-2.0
# coverage.awk -v top=DIRECTORY/ -v least=PERCENT uncovered LINES
# LINES is what gcov prints of all objects. A header's lines are in many of them, and core.c's
# files in one: what has run anywhere has run. `uncovered` has lines
#
#	FILE FUNCTION: TEXT OF THE LINE	# WHY

function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }

FNR == 1 { nfile++ }

nfile == 1 && /^(#|$)/ { next }
nfile == 1 {
	at = index($0, "\t# ")
	key = trim(at ? substr($0, 1, at - 1) : $0)
	reason[key] = at ? trim(substr($0, at + 3)) : ""
	if (reason[key] == "") {
		print "no reason: " $0
		bad++
	}
	next
}

/^ *-: *0:Source:/ {
	file = $0
	sub(/^ *-: *0:Source:/, "", file)
	ours = index(file, top "module/") == 1
	file = substr(file, length(top) + 1)
	inside = ""
	next
}
!ours || !/^ *[-0-9#=*]+: *[0-9]+:/ { next }
{
	count = $0
	sub(/:.*/, "", count)
	rest = substr($0, index($0, ":") + 1)
	line = rest + 0
	rest = substr(rest, index(rest, ":") + 1)
}
# A function begins in the first column.
match(rest, /^[a-z][^;=]*\(/) {
	inside = substr(rest, 1, RLENGTH - 1)
	sub(/\(.*/, "", inside)
	sub(/.*[^A-Za-z0-9_]/, "", inside)
}
count ~ /-/ { next }
{
	text[file, line] = inside ": " trim(rest)
	if (!((file, line) in seen)) {
		seen[file, line] = 1
		lines[file]++
		if (line > last[file])
			last[file] = line
		if (!(file in number)) {
			number[file] = ++nfiles
			name[nfiles] = file
		}
	}
	if (count !~ /[#=]/)
		ran[file, line] = 1
}

END {
	by_name = "sort -k5"
	for (i = 1; i <= nfiles; i++) {
		file = name[i]
		n = 0
		for (line = 1; line <= last[file]; line++) {
			if (!((file, line) in seen))
				continue
			if ((file, line) in ran) {
				n++
				continue
			}
			key = file " " text[file, line]
			if (key in reason) {
				known++
				used[key] = 1
			} else {
				unknown = unknown "  " key "\n"
				bad++
			}
		}
		printf "%6.1f%%  %4d of %4d  %s\n", 100 * n / lines[file], n, lines[file], file | by_name
		all += lines[file]
		done += n
	}
	close(by_name)
	for (key in reason)
		if (!(key in used))
			print "runs after all, or is gone: " key
	if (unknown != "")
		printf "no test runs, and tools/testbed/uncovered has not:\n%s", unknown
	percent = all ? 100 * done / all : 0
	printf "coverage: %.1f%% of %d lines of module/; %d are known not to run\n", percent, all, known
	exit percent < least || bad
}
