#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# man.sh build|lint|references|examples|help|library|device|admin - build the man pages in
# build/man/, or say what is wrong with them.
. "$(dirname "$0")/lib.sh"

out=$BUILD/man
cd "$TOP"
pages=(tools/man/*.scd)

# When a page was last changed is its date.
build() {
	local page

	need scdoc mawk
	mkdir -p "$out"
	rm -f "$out"/*
	for page in "${pages[@]}"; do
		SOURCE_DATE_EPOCH=$(git log -1 --format=%ct -- "$page" 2>/dev/null | grep . ||
			stat -c %Y "$page") scdoc <"$page" >"$out/scdoc" || die "$page: see above"
		mawk -f tools/man/tidy.awk "$out/scdoc" >"$out/$(basename "$page" .scd)"
	done
	rm "$out/scdoc"
}

# What groff and mandoc warn of, and examples that are wider than a table of netport(1).
lint() {
	local page wide said=0

	need man-db groff-base mandoc
	for page in "$out"/*; do
		LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >"$page.text" | grep . && said=1
		wide=$(LC_ALL=C.UTF-8 awk -v page="$page" 'length > 100 { print page ": too wide: " $0 }' "$page.text")
		rm "$page.text"
		[ -z "$wide" ] || { echo "$wide"; said=1; }
		mandoc -T lint -W warning "$page" || said=1
	done
	return $said
}

# Each NAME(N) is one of ours, or of a package with pages that everybody has.
references() {
	local ref name section known dead=0

	need manpages manpages-dev kmod iproute2
	known=$(dpkg-query -L manpages manpages-dev kmod iproute2 | sed -n 's|^/usr/share/man/man[0-9]/||p'
		printf '%s\n' "${pages[@]}" | sed 's|^.*/||; s|\.scd$|.gz|')
	while read -r ref; do
		name=${ref%(*} section=${ref#*(}
		grep -qxF "$name.${section%)}.gz" <<<"$known" || { echo "nowhere to be found: $ref"; dead=1; }
	done < <(sed 's/\\&//g' "$out"/* | sed -nE 's/\\fB([a-z0-9_.-]+)\\fR(\([1-9]\))/\n\1\2\n/gp' |
		grep -E '^[a-z0-9_.-]+\([1-9]\)$' | sort -u)
	return $dead
}

# An example is run as a reader sees it.
examples() {
	local dir page text example unseen=0

	dir=$(mktemp -d "$BUILD/examples.XXXXXX")
	for page in "${pages[@]}"; do
		rm -f "$dir"/*
		mawk -v OUT="$dir" -f tools/man/examples.awk "$page"
		text=$(LC_ALL=C.UTF-8 man -l "$out/$(basename "$page" .scd)" | tr -s ' \t\n' ' ')
		for example in "$dir"/*; do
			[[ "$text" == *"$(sed '/^#!/d; /^; varies/d' "$example" | tr -s ' \t\n' ' ')"* ]] ||
				{ echo "shown otherwise: ${example##*/}"; unseen=1; }
		done
	done
	rm -r "$dir"
	return $unseen
}

# What each subcommand's --help says, in the form of facts.awk.
helped() {
	local netport=$BUILD/user/bin/netport name

	"$netport" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r name; do
		echo "$name: is a command"
		"$netport" "$name" --help | sed -nE "
			s/^usage: netport $name ?/$name: /p
			s/^  (-., --[^ ]+( [^ ]+)?)( .*|\$)/$name: \1/p"
	done
}

# Synopses and options of netport(1) are those of --help, and none is missing or too many.
help() {
	"$TESTBED/user.sh" bin
	diff -u --label --help --label 'netport(1)' <(helped | sort) \
		<(mawk -f tools/man/facts.awk tools/man/netport.1.scd | sort)
}

# libnetport(3) has the prototypes that <netport.h> has, but for those with the caller's sizes.
library() {
	local header=tools/libnetport/netport.h

	diff -u --label '<netport.h>' --label 'libnetport(3)' \
		<(awk '/^(int|__u64|typedef int|static inline int) netport_/ { line = ""; more = 1 }
			more { sub(/^[ \t]+/, line == "" ? "" : " "); line = line $0 }
			more && /\)(;|$)/ { more = 0; sub(/^static inline /, "", line); sub(/;?$/, ";", line); print line }
			' $header | grep -v '_sized(' | sort) \
		<(sed -nE '/^# SYN/,/^# DESC/ s/^\*([a-z\].*netport_.*;)\*(\+\+)?$/\1/p' tools/man/libnetport.3.scd |
			tr -d '\\' | sort)
}

# netport(4) has the commands and the errors that the header has, and no other name of its own.
device() {
	local header=uapi/linux/netport.h page=tools/man/netport.4.scd

	diff -u --label "$header" --label 'netport(4)' \
		<({ grep -oE '^#define NETPORT_IOC_[A-Z_]+' $header | grep -v MAGIC | cut -d' ' -f2
		    sed -nE 's/^ \*  (E[A-Z0-9]+) .*/\1/p' $header; } | sort) \
		<({ grep -oE 'NETPORT_IOC_[A-Z_]+' $page
		    sed -nE '/^# ERR/,/^# FILES/ s/^\*(E[A-Z0-9]+)\*$/\1/p' $page; } | sort -u) || return
	comm -13 <(grep -oE 'NETPORT_[A-Z0-9_]+' $header | sort -u) \
		<(grep -ohE 'NETPORT_[A-Z0-9_]*[A-Z0-9]' $page tools/man/libnetport.3.scd | sort -u) |
		{ ! grep -vx 'NETPORT_OPT_HOST\|NETPORT_TEXT_LEN'; }
}

# items PAGE SECTION - the names that are items of a section of it.
items() {
	awk -v section="## $2" '/^#/ { on = $0 == section }
		on && /^\*[^ ]*\*(, \*[^ ]*\*)*$/ { gsub(/[*,]|net\.netport\.|netport:/, ""); for (i = 1; i <= NF; i++) print $i }' "$1"
}

# netport(7) has the module's parameters, sysctls, fields, counters and tracepoints.
admin() {
	local page=tools/man/netport.7.scd

	diff -u --label module/ --label 'netport(7)' \
		<(sed -nE 's/^module_param(_named)?\(([a-z_]+),.*/parameter \2/p' module/*.c | sort
		  sed -nE 's/^.*(\.procname = |NP_SYSCTL_LIMIT\()"([a-z_]+)".*/sysctl \2/p' module/sysctl.c | sort
		  sed -nE 's/^.*seq_puts\(m, "(protocol .*)\\n"\);/\1/p' module/proc.c | tr ' ' '\n' | sed 's/^/field /' | sort
		  sed -nE 's/^.*(\[NP_STAT_[A-Z_]*\] = |np_stat_tell\(m, )"([A-Za-z]+)".*/counter \2/p' module/proc.c | sort
		  sed -nE 's/^TRACE_EVENT\(([a-z_]+),/tracepoint \1/p' module/trace.h | sort) \
		<(items $page 'Module parameters' | sed 's/^/parameter /' | sort
		  items $page Sysctls | sed 's/^/sysctl /' | sort
		  items $page /proc/net/netport | sed 's/^/field /' | sort
		  items $page /proc/net/netport_stat | sed 's/^/counter /' | sort
		  items $page Tracepoints | sed 's/^/tracepoint /' | sort)
}

"$1"
