#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tier.sh TIER - build for the kernel of that name, boot it, run its tests, report.
# icount is Debian's 6.1 on a machine whose clock counts instructions; what is in
# tools/bench/expect is measured and compared there.
# T chooses tests by name (globs): SUITE or SUITE.CASE of KUnit, PROGRAM or
# PROGRAM.TEST of the selftests; KUNIT=0 and SELFTESTS=0 leave these out, KUNIT=slow, on the debug
# kernel, all cases but those of several threads. Leaves the counts in build/log/TIER.result, and
# there, if nothing was left out, `whole`.
. "$(dirname "$0")/lib.sh"

name=$1
build=$(build_of "$name")
T=${T:-}
all=$T${KUNIT:-1}${SELFTESTS:-1}
need mawk
rm -f "$LOG/$name.result"

# One at a time for each build: two would work in one directory.
mkdir -p "$BUILD" "$LOG"
exec {lock}>"$BUILD/$build.lock"
flock "$lock"

# begin_extra NAME DIR - what else goes into the machine: tests/ and DIR/, empty as yet.
begin_extra() {
	export EXTRA=$BUILD/$1
	rm -rf "$EXTRA"
	mkdir -p "$EXTRA/tests" "$EXTRA/$2"
}

"$TESTBED/modules.sh" "$build"
kunit='' programs='' unwatched='' examples=''
case $name in
uml)
	kunit=${T:-*}
	SMP=1
	;;
debug|kcsan|coverage)
	kunit=${T:-*}
	SMP=${SMP:-4}
	MEM=${MEM:-1G} PATIENCE=${PATIENCE:-900}
	# Who leaks is make debug's business.
	[ "$name" != coverage ] || APPEND="${APPEND:-} kmemleak=off"
	;;
icount)
	export ICOUNT=1
	# shellcheck disable=SC2254,SC2194
	case expect in ${T:-*}) programs+=' expect' ;; esac
	T=${T:-cost}
	"$TESTBED/user.sh" bench
	begin_extra icount bench
	cp -t "$EXTRA/bench" "$BUILD/user/bench/netport" "$TOP/tools/bench/"{guest.sh,expect,expect.awk}
	install -m 755 "$TOP/tools/bench/guest-expect.sh" "$EXTRA/tests/expect"
	;;
bpftrace)
	programs=' bpftrace'
	MEM=${MEM:-2G}
	"$TESTBED/user.sh" bin
	bpftrace=$("$TOP/tools/trace/bpftrace.sh")
	begin_extra bpftrace trace
	cp -a "$bpftrace/." "$EXTRA/"
	cp -t "$EXTRA/trace" "$TOP"/tools/trace/*.bt
	cp "$TOP/tools/trace/guest.sh" "$EXTRA/tests/bpftrace"
	SELFTESTS=0
	;;
esac
# Kernels that check themselves are slow, and many rounds of a race on one stock kernel will do.
case $name in
debug|kcsan|coverage|6.12) APPEND="${APPEND:-} NETPORT_FEWER=1" ;;
esac
[ "${KUNIT:-1}" != 0 ] || kunit=
# shellcheck disable=SC2254,SC2194
case $name:python in
6.1:${T:-*})
	if [ "${SELFTESTS:-1}" = 1 ]; then
		programs+=' python'
		"$TESTBED/user.sh" lib
		python=$("$TESTBED/python.sh")
		begin_extra python python
		cp -a "$python/." "$EXTRA/"
		cp -t "$EXTRA/python" "$BUILD/lib/libnetport.so.0" "$TOP"/tools/selftests/python/*.py \
			"$TOP"/tools/libnetport/{netport.py,abi} "$TOP"/tools/example/test_*.py
		cp "$TOP/tools/selftests/python/run.sh" "$EXTRA/tests/python"
	fi
	;;
esac
if [ "$name" != uml ] && [ "${SELFTESTS:-1}" = 1 ]; then
	"$TESTBED/user.sh" tests bin examples
	# shellcheck disable=SC2254
	for p in "$BUILD"/user/tests/*; do
		p=${p##*/}
		[ "$p" != '*' ] || continue
		# A kernel that checks itself takes its time, and what is one of others that are
		# alike needs no more: 32-bit programs on 6.1 alone, or by name.
		case $name:$p:$T in 6.1:*) ;; *:*.32:) continue ;; esac
		# Each allocation failed in turn is for make faults, and for make coverage.
		case $name:$p:$T in debug:fail_nth: | kcsan:fail_nth:) continue ;; esac
		# What calls cost shows where instructions are the clock.
		case $name:$p:$T in icount:*) ;; *:cost*:) continue ;; esac
		# And what people see of the command is the same everywhere, and so is what the
		# library makes of a call, and a stack says to another.
		case $name:$p:$T in
		6.1:*) ;;
		*:transcript: | *:library*: | *:example: | *:dgtalk:) continue ;;
		esac
		# Those that kmemleak looks on at, if there is more to be done.
		if [ "$name:$kunit" = 'debug:*' ]; then
			case $p in
			batch|fuzz|hostile|lifetime|limits|memcg|netns|refusals|sets|wish) ;;
			*) unwatched+=" $p"; continue ;;
			esac
		fi
		case $p in
		${T:-*}) programs+=" $p" ;;
		${T%%.*} | ${T%%.*}.32) [ "$T" = "${T#*.}" ] || programs+=" $p/${T#*.}" ;;
		esac
	done
	for p in "$BUILD"/user/examples/*; do
		p=${p##*/}
		# What the man pages show is typed on one kernel.
		case $name:$p:$T in 6.1:*) ;; *:*.[1-9]-*:) continue ;; esac
		# shellcheck disable=SC2254
		case $p in
		'*') ;;
		${T:-*}) examples+=" $p" ;;
		esac
	done
fi

export SMP MEM PATIENCE APPEND
export KUNIT_GLOB=$kunit PROGRAMS=$programs UNWATCHED=$unwatched EXAMPLES=$examples
MODE='test' "$TESTBED/initrd.sh" "$build" "$BUILD/$build/initrd"
[ "$name" != bpftrace ] || rm -rf "$EXTRA"	# large, and in there now

# Whoever edits waits for make kunit: with two CPUs, a third of the suites runs beside the others,
# and one waits for a grace period or for a sleeper while the other two have the CPUs.
parts=("$kunit")
if [ "$name:$T" = uml: ] && [ "${LEAKS:-1}" = 0 ] && [ "$JOBS" -gt 1 ]; then
	parts=('netport_[!a-kprsuw]*' 'netport_[a-k]*' 'netport_[prsuw]*')
fi

# boot NUMBER - the machine for that part; all is well if it gives its verdict, however it
# ends then: UML may abort when it is switched off.
boot() {
	local glob=${parts[$1]}
	[ -z "$glob" ] || export APPEND="${APPEND:-} kunit.filter_glob=$glob"
	"$TESTBED/vm.sh" "$build" "$BUILD/$build/initrd" "$LOG/$name.console${1#0}" \
		2>>"$LOG/$name.vm" || true
}

# The machines' reports, one after the other.
boot_all() {
	local i
	for ((i = 1; i < ${#parts[@]}; i++)); do
		boot "$i" >"$LOG/$name.tap$i" </dev/null &
	done
	# A pipe of its own: UML makes its end one that doesn't block, and who else writes there
	# would lose what isn't read in time.
	boot 0 | cat
	wait
	for ((i = 1; i < ${#parts[@]}; i++)); do
		cat "$LOG/$name.tap$i"
	done
}

# The other machines' logs go below the first one's.
join_logs() {
	local i
	for ((i = 1; i < ${#parts[@]}; i++)); do
		[ ! -e "$LOG/$name.console$i" ] || cat "$LOG/$name.console$i" >>"$LOG/$name.console"
		rm -f "$LOG/$name".{console,tap}$i
	done
}
rm -f "$LOG/$name".{console,tap}[0-9]
trap join_logs EXIT
boot_all | tee "$LOG/$name.tap" |
	mawk -W interactive -v kernel="$name" -v result="$LOG/$name.result" \
		-v console="$LOG/$name.console" -v machine=${#parts[@]} -f "$TESTBED/report.awk" && status=0 || status=$?
[ "$all" != 11 ] || echo whole >>"$LOG/$name.result"
exit "$status"
