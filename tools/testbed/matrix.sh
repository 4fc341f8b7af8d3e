#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# matrix.sh - write into README.md what ran on which kernel, as build/log/*.result has it. A row
# whose tests were not run here, or not as a whole, stays as it is.
. "$(dirname "$0")/lib.sh"

readme=$TOP/README.md
begin='<!-- what ran where: `make matrix` writes this -->'
end='<!-- end of what ran where -->'

# RESULT-FILE|what it is|what it is built with|what runs there
kernels() {
	cat <<-'EOF'
	6.1|Debian 6.1|gcc W=1, sparse|selftests, each command in 32 bit too, examples
	6.12|Debian 6.12|gcc W=1, sparse|selftests, examples
	6.12-cloud|Debian 6.12, cloud|gcc W=1|the same
	6.1-rt|Debian 6.1, PREEMPT_RT|gcc W=1|the same
	6.12-rt|Debian 6.12, PREEMPT_RT|gcc W=1|the same
	debug|6.12 with KASAN, UBSAN, lockdep, kmemleak; 4 CPUs|gcc W=1|KUnit, selftests, examples
	kcsan|6.12 with KCSAN, lockdep; 4 CPUs|gcc W=1|the same
	uml|6.12 User-mode Linux with KASAN, UBSAN, lockdep, failslab|gcc W=1|KUnit
	kunitpy|6.12 User-mode Linux, netport in the kernel's tree|kunit.py|KUnit
	clang|6.12 configured with clang|clang W=1|nothing
	EOF
}

# Its release, and what came of it; the result as a machine's last words have it.
row() {
	local file=$LOG/$1.result key="| $2 |" release result

	if [ "$1" = clang ]; then
		echo "$key - | $3 | $4 | |"
	elif [ "$(sed -n 3p "$file" 2>/dev/null)" = whole ]; then
		read -r _ release result < <(sed -n 2p "$file")
		echo "$key $release | $3 | $4 | ${result%; *} |"
	else
		grep -F "$key" <<<"$old" || echo "$key | $3 | $4 | not yet |"
	fi
}

grep -qxF "$begin" "$readme" && grep -qxF "$end" "$readme" || die "README.md has no place for it"
old=$(sed -n "/^$begin/,/^$end/p" "$readme")
new=$(echo "| kernel | release | built with | ran there | result |"
	echo "|---|---|---|---|---|"
	while IFS='|' read -r name what built ran; do
		row "$name" "$what" "$built" "$ran"
	done < <(kernels))
TABLE=$new awk -v begin="$begin" -v end="$end" '
	$0 == end { inside = 0 }
	!inside
	$0 == begin { inside = 1; print ENVIRON["TABLE"] }
' "$readme" >"$BUILD/README.md"
cat "$BUILD/README.md" >"$readme"
