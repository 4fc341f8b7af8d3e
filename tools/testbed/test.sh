#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test.sh TIER... - run tiers (kunit debug kcsan coverage stock bpftrace others icount check
# uapi), report, and end with one line `N passed, N failed`. Kernels that are not in the cache
# are built meanwhile; a tier runs as soon as what it needs is there.
. "$(dirname "$0")/lib.sh"

begin=$SECONDS
mkdir -p "$LOG"
TIMES=$(mktemp "$LOG/times.XXXXXX")	# step() adds to it
export TIMES

# What each run needs in the cache; a tier is one run or more.
declare -A NEEDS=(
	[uapi]='' [kunit]='uml' [6.1]='6.1 tools' [icount]='6.1 tools' [6.12]='6.12 tools'
	[bpftrace]='6.1' [debug]='debug tools' [coverage]='debug tools' [kcsan]='kcsan tools'
	[6.12-cloud]='6.12-cloud tools' [6.1-rt]='6.1-rt tools' [6.12-rt]='6.12-rt tools'
	[check]='tools 6.1 6.12 6.1-rt 6.12-rt clang'
)
runs=()
for tier; do
	case $tier in
	stock) runs+=(6.1 6.12) ;;
	others) runs+=(6.12-cloud 6.1-rt 6.12-rt) ;;
	kunit|uapi|check|debug|kcsan|coverage|icount|bpftrace|6.1|6.12) runs+=("$tier") ;;
	*) die "no such tier: $tier" ;;
	esac
done

# What UML shows needn't be shown again, but for what several CPUs are for.
debug_kunit=${KUNIT:-1}
[[ " ${runs[*]} " != *" kunit "* ]] || debug_kunit=${KUNIT:-slow}

packages=(mawk make gcc libc6-dev rsync kmod perl libelf1 busybox-static cpio netbase xz-utils)
wanted=()
for run in "${runs[@]}"; do
	case $run in
	uapi)  packages+=(g++ gcc-multilib g++-multilib libc6-dev-i386 dwarves clang pkgconf) ;;
	check) packages+=(sparse clang lld llvm scdoc man-db groff-base mandoc manpages manpages-dev iproute2) ;;
	debug|kcsan|coverage|icount|bpftrace|6.*)
		packages+=(qemu-system-x86 gcc-multilib libc6-dev-i386 libjansson-dev) ;;
	esac
	for kernel in ${NEEDS[$run]}; do
		"$TESTBED/kernel.sh" --is-cached "$kernel" || wanted+=("$kernel")
	done
done
if [ ${#wanted[@]} -gt 0 ]; then
	"$TESTBED/space.sh" test
	case " ${wanted[*]} " in
	*" uml "*|*" debug "*|*" kcsan "*|*" clang "*|*" tools "*)
		. "$TESTBED/source.sh"
		packages+=("$SOURCE_PKG" "${BUILD_PKGS[@]}") ;;
	esac
fi
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
need "${packages[@]}"

# Two lines of supply. The debug kernel comes first: its run is the longest, and the others, and what
# they need, have the other CPU meanwhile.  UML comes last: what check needs is there sooner.
supply() {
	local k names=()
	for k; do
		[[ " ${wanted[*]} " != *" $k "* ]] || names+=("$k")
	done
	[ ${#names[@]} = 0 ] || "$TESTBED/kernel.sh" "${names[@]}" >/dev/null
}
jobs=()
if [ ${#wanted[@]} -gt 0 ]; then
	set -m			# a process group each, to be able to end it whole
	supply 6.1 6.12 6.1-rt 6.12-rt 6.12-cloud </dev/null &
	jobs+=($!)
	{ supply tools debug clang uml kcsan && "$TESTBED/kernel.sh" --drop-source; } </dev/null &
	jobs+=($!)
	set +m
fi
suppliers=("${jobs[@]}")
# A run that is interrupted leaves no build behind.
stop() {
	local j
	rm -f "$TIMES"
	for j in "${jobs[@]}"; do
		kill -- "-$j" 2>/dev/null || true
	done
}
trap stop EXIT
trap 'exit 130' INT TERM

tap_run() {
	local what=$1
	{ echo "@begin program $what"
	  "$TESTBED/$2" && status=0 || status=$?
	  echo "@end program $status"; } |
		tee "$LOG/$what.tap" |
		mawk -W interactive -v kernel="$what" -v result="$LOG/$what.result" \
			-v machine=0 -f "$TESTBED/report.awk"
}

run_one() {
	local start=$SECONDS
	rm -f "$LOG/$1.result"
	say "== $1"
	case $1 in
	uapi)  tap_run uapi uapi-check.sh ;;
	check) tap_run check check.sh ;;
	kunit) "$TESTBED/tier.sh" uml ;;
	debug) KUNIT=$debug_kunit "$TESTBED/tier.sh" debug ;;
	*)     "$TESTBED/tier.sh" "$1" ;;
	esac || broken+=("$1")
	printf '%s\t%s\n' "$((SECONDS - start))" "run $1" >>"$TIMES"
}

ready() {
	# shellcheck disable=SC2086
	[ -z "${NEEDS[$1]}" ] || "$TESTBED/kernel.sh" --is-cached ${NEEDS[$1]}
}

supplying() {
	local j
	for j in "${suppliers[@]}"; do
		! kill -0 "$j" 2>/dev/null || return 0
	done
	return 1
}

# The longest run has a lane of its own when there are two CPUs; its report is
# held back, or two would be printed through each other.
aside=''
aside_pid=''
start_aside() {
	say "== $1, aside"
	set -m
	{ run_one "$1"; [ ${#broken[@]} = 0 ]; } </dev/null >"$LOG/$1.report" 2>&1 &
	aside_pid=$!
	jobs+=("$aside_pid")
	set +m
	aside=$1
}

# end_aside - wait for it and print its report.
end_aside() {
	[ -n "$aside" ] || return 0
	wait "$aside_pid" || broken+=("$aside")
	cat "$LOG/$aside.report"
	aside=''
}

without() {
	local run
	todo=()
	for run in "${all[@]}"; do
		[ "$run" = "$1" ] || todo+=("$run")
	done
}

broken=()
todo=("${runs[@]}")
while [ ${#todo[@]} -gt 0 ]; do
	all=("${todo[@]}")
	if [ "$JOBS" -gt 1 ] && [ ${#todo[@]} -gt 1 ] &&
	   [[ " ${todo[*]} " = *" debug "* ]] && ready debug; then
		start_aside debug
		without debug
		continue
	fi
	pick=
	for run in "${todo[@]}"; do
		if ready "$run"; then
			pick=$run
			break
		fi
	done
	if [ -z "$pick" ]; then
		if supplying; then
			sleep 1
			continue
		fi
		pick=${todo[0]}	# its supply failed: let it say why
	fi
	run_one "$pick"
	without "$pick"
done
end_aside

passed=0 failed=0 skipped=0
echo
for run in "${runs[@]}"; do
	file=$LOG/${run/kunit/uml}.result
	if [ -s "$file" ]; then
		{ read -r p f s; read -r line; } <"$file"
		echo "$line"
	else
		echo "$run: did not get as far as a report"
		p=0 f=1 s=0
	fi
	# A run that failed otherwise than by a test is a failure all the same.
	[[ " ${broken[*]-} " != *" $run "* ]] || [ "$f" -gt 0 ] || f=1
	[ "$p" -gt 0 ] || [ "$f" -gt 0 ] || f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "time: $((SECONDS - begin)) s in all;" \
	"$(sort -rn "$TIMES" | awk -F'\t' '{ printf "%s%s %s s", sep, $2, $1; sep = ", " }')"
[ "$skipped" = 0 ] || echo "skipped: $skipped, reasons above"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
