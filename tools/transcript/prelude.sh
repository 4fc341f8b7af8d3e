# SPDX-License-Identifier: GPL-2.0
# What the transcripts have in common.
# shellcheck shell=sh
PATH=/transcripts:$PATH

# Tokens, processes and times are others each time.
same() {
	sed -E 's/token [0-9]+/token N/g; s/pid [0-9]+/pid N/g; s/another [0-9.]+ s/another N s/;
		s/^(held:)[0-9.]+s/\1N/'
}

# says COMMAND... - what it says, but for these, and its status.
says() {
	"$@" >.said 2>&1
	set -- $?
	same <.said
	return "$1"
}

# hold NAME COMMAND... - starts what holds something, shows what it says; its pid is in $NAME.
hold() {
	holds=$1
	shift
	: >"$holds"
	"$@" </dev/null >"$holds" 2>&1 &
	eval "$holds=\$!"
	for _ in $(seq 100); do
		[ ! -s "$holds" ] || break
		sleep 0.05
	done
	same <"$holds"
}

# drop PID - ends that, and tells how.
drop() {
	kill "$1"
	wait "$1" 2>/dev/null
}

# until_true COMMAND... - soon, or not at all.
until_true() {
	for _ in $(seq 100); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "never: $*"
}

# column LIST - these columns of what netport ls writes, without its head.
column() {
	sed 1d | tr -s ' ' | cut -d' ' -f"$1" | sort
}

# as_nobody COMMAND... - without privileges.
as_nobody() {
	# Or su takes the options of the command for its own.
	# shellcheck disable=SC2016
	POSIXLY_CORRECT=1 su -s /bin/sh nobody -c 'unset POSIXLY_CORRECT; "$0" "$@"' "$@"
}
