# SPDX-License-Identifier: GPL-2.0
# abi.awk RECORD NOW - how two ABIs differ: `broken` is what callers of the first can't do with
# the second; `new` is what the first doesn't have.  Exit status 1 if anything is broken, 2 if there
# is only something new.

function say(what, line, was)
{
	print what ": " line (was != "" ? " (was: " was ")" : "")
	count[what]++
}

# The first field's record: NAME of KIND, and the rest.
function value_of(line)
{
	sub(/^[^ ]+ [^ ]+ /, "", line)
	return line
}

/^#/ || NF < 3 { next }
FILENAME == ARGV[1] { old[$1, $2] = value_of($0); kind[$1, $2] = $1; name[$1, $2] = $2; next }
{ now[$1, $2] = value_of($0); kind[$1, $2] = $1; name[$1, $2] = $2 }

# A structure may grow at its end, and so may what is there; padding may get a meaning.
function only_grown(key,	was, is, owner)
{
	split(old[key], was, " ")
	split(now[key], is, " ")
	if (kind[key] == "struct")
		return is[1] + 0 > was[1] + 0
	if (kind[key] == "command")
		return is[1] == was[1] && is[2] + 0 > was[2] + 0
	if (kind[key] != "field")
		return 0
	owner = name[key]
	sub(/\..*/, "", owner)
	return value_of(now[key]) == value_of(old[key]) && is[1] == was[1] && \
	       is[2] + 0 > was[2] + 0 && was[1] + was[2] == old["struct", owner] + 0
}

function is_padding(key)
{
	return kind[key] == "field" && name[key] ~ /\.__pad/
}

END {
	for (key in old) {
		line = kind[key] " " name[key] " "
		if (!(key in now))
			say(is_padding(key) ? "new" : "broken", line "is gone", old[key])
		else if (now[key] != old[key])
			say(only_grown(key) || is_padding(key) ? "new" : "broken", \
			    line now[key], old[key])
	}
	for (key in now)
		if (!(key in old))
			say("new", kind[key] " " name[key] " " now[key])
	exit count["broken"] ? 1 : count["new"] ? 2 : 0
}
