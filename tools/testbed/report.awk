# SPDX-License-Identifier: GPL-2.0
# Reads what the machine under test tells (guest/init), or check.sh: TAP and
# KTAP between @begin and @end, @status, @verdict. Prints progress, what failed
# and why, and skips with their reason. The counts go to the file RESULT.
# -v kernel=NAME -v result=FILE -v machine=N (so many verdicts are due, and nothing less)
# -v console=FILE (the first one's kernel log; FILE1 is the second one's).

function indent(line) { match(line, /^ */); return RLENGTH }
function show(line) { print line; fflush() }
function keep(line) { if (nkept < 400) kept[++nkept] = line }
function forget() { nkept = 0 }

function pass(name) { passed++; bpassed++ }

function fail(name, why,   i) {
	failed++
	bfailed++
	show("  FAILED " kernel " " name (why != "" ? ": " why : ""))
	for (i = nkept > 60 ? nkept - 59 : 1; i <= nkept; i++)
		show("    | " kept[i])
	forget()
}

function skip(name, why) {
	if (why == "" || why == "unknown") {
		fail(name, "skipped without a reason")
		return
	}
	skipped++
	bskipped++
	show("  skipped " kernel " " name ": " why)
}

# A result line of TAP, at any depth. A parent of deeper results is not counted
# again, unless it alone failed.
function tap(line,   depth, ok, name, why, d, children, childfailed) {
	depth = indent(line)
	sub(/^ */, "", line)
	ok = line !~ /^not/
	sub(/^(not )?ok [0-9]+ *(- *)?/, "", line)
	name = line
	why = ""
	if (match(line, / *# *(SKIP|TODO)/)) {
		name = substr(line, 1, RSTART - 1)
		why = substr(line, RSTART + RLENGTH)
		gsub(/^ +| +$/, "", why)
		ok = 2
	} else
		sub(/ +# .*$/, "", name)
	if (depth > 4 && subtest[depth] != "")
		name = subtest[depth] "." name

	results[depth]++
	if (depth in plan && results[depth] == plan[depth]) {
		delete plan[depth]
		results[depth] = 0
	}
	for (d in seen)
		if (d + 0 > depth) {
			children = 1
			if (bad[d])
				childfailed = 1
			delete seen[d]
			delete bad[d]
		}
	seen[depth] = 1
	if (!ok)
		bad[depth] = 1
	if (children && (ok || childfailed)) {
		forget()
		return
	}
	if (ok == 2)
		skip(block "." name, why)
	else if (ok)
		pass(block "." name)
	else
		fail(block "." name)
	forget()
}

BEGIN { passed = failed = skipped = 0; start = systime() }

{ sub(/\r$/, "") }

/^@begin / {
	type = $2; block = $3; inside = 1
	bpassed = bfailed = bskipped = planned = 0
	delete plan; delete results; delete seen; delete bad; delete subtest
	forget()
	bstart = systime()
	next
}

/^@end / {
	code = $3
	for (d in plan)
		if (results[d] + 0 != plan[d])
			fail(block, "planned " plan[d] " tests, saw " results[d] + 0 \
				(code == 137 ? "; killed, or out of time" : ""))
	if (type == "job" || type == "example") {
		if (code == 0)
			pass(block)
		else
			fail(block, "exit status " code)
	} else if (code != 0 && code != 4 && !bfailed)
		fail(block, code == 137 ? "killed, or out of time" : "exit status " code)
	else if (bpassed + bfailed + bskipped == 0)
		fail(block, "ran no test")
	else if (!planned)
		fail(block, "no plan: it stopped early")
	if (type != "job")
		show(sprintf("  %-8s %s: %d passed%s%s (%d s)", kernel, block, bpassed,
			bfailed ? ", " bfailed " FAILED" : "",
			bskipped ? ", " bskipped " skipped" : "", systime() - bstart))
	inside = 0
	blocks++
	forget()
	next
}

/^@release / { release = $2; next }

/^@text / { if (trouble) show("    | " substr($0, 7)); next }

/^@status / {
	what = $2
	$1 = $2 = ""
	sub(/^ +/, "")
	if (!(what in status) || status[what] == "ok")
		status[what] = $0
	trouble = $0 != "ok" && $0 != "unchecked"
	if ($0 == "ok")
		pass(what)
	else if (trouble)
		fail(what, $0)
	next
}

/^@verdict/ { verdicts++; next }

inside && type == "job" { show($0); next }
inside && /^ *(not )?ok [0-9]/ { tap($0); next }
inside && /^ *1\.\.[0-9]+/ {
	d = indent($0)
	n = $0
	sub(/^ *1\.\./, "", n)
	planned = 1
	if (d == 0 && results[d] > 0) {		# a plan may come last, too
		if (results[d] != n + 0)
			fail(block, "planned " n " tests, saw " results[d])
		next
	}
	plan[d] = n + 0
	results[d] = 0
	next
}
inside && /^ *# Subtest: / { subtest[indent($0)] = $3; next }
inside && /^ *(K?TAP version|# module:|# Starting )/ { next }
inside { keep($0); next }

END {
	if (inside)
		fail(block, "the machine stopped in it")
	if (machine && verdicts + 0 < machine) {
		forget()
		fail("verdict", "the machine died, hung or ran out of time; its last words:")
		for (i = 0; i < machine; i++)
			last_words(console (i ? i : ""))
	} else if (machine && !blocks)
		fail("tests", "none was run")
	line = sprintf("%d passed, %d failed%s", passed, failed, skipped ? ", " skipped " skipped" : "")
	if (machine)
		line = line sprintf("; splat %s, leak %s, rmmod %s", word("splat"), word("leak"), word("rmmod"))
	printf "%-8s %-26s %s; %d s\n", kernel, release, line, systime() - start
	printf "%d %d %d\n%-8s %-26s %s; %d s\n", passed, failed, skipped, \
		kernel, release, line, systime() - start >result
	exit failed > 0
}

# Of a kernel that did not get as far as to switch its machine off, if there are several.
function last_words(file,   line, last, n, i) {
	while ((getline line < file) > 0)
		last[++n] = line
	if (machine > 1 && last[n] ~ /reboot: Power down/)
		return
	for (i = n > 40 ? n - 39 : 1; i <= n; i++)
		show("    | " last[i])
}

function word(what) {
	if (!(what in status))
		return "not reached"
	if (status[what] != "ok")
		return status[what]
	return what == "rmmod" ? "clean" : "none"
}
