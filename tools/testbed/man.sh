#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# man.sh build|lint|references - build the man pages in build/man/, or say what is wrong with
# them.
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

"$1"
