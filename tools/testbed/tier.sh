#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tier.sh TIER - build for the kernel of that name, boot it, run its tests, report.
# icount is Debian's 6.1 on a machine whose clock counts instructions.
# T chooses tests by name (globs): SUITE or SUITE.CASE of KUnit, PROGRAM or
# PROGRAM.TEST of the selftests. Leaves the counts in build/log/TIER.result.
. "$(dirname "$0")/lib.sh"

name=$1 kernel=$1
T=${T:-}
need mawk
rm -f "$LOG/$name.result"

# One at a time for each kernel: two would build in one directory.
mkdir -p "$BUILD" "$LOG"
[ "$name" != icount ] || kernel=6.1
exec {lock}>"$BUILD/$kernel.lock"
flock "$lock"

"$TESTBED/modules.sh" "$kernel"
kunit='' programs='' examples=''
case $name in
uml)
	kunit=${T:-*}
	SMP=1
	;;
debug)
	kunit=${T:-*}
	SMP=${SMP:-4}
	MEM=${MEM:-1G} PATIENCE=${PATIENCE:-900}
	;;
icount)
	export ICOUNT=1
	T=${T:-cost}
	;;
esac
[ "${KUNIT:-1}" = 1 ] || kunit=
if [ "$name" != uml ] && [ "${SELFTESTS:-1}" = 1 ]; then
	"$TESTBED/user.sh" tests bin examples
	# shellcheck disable=SC2254
	for p in "$BUILD"/user/tests/*; do
		p=${p##*/}
		[ "$p" != '*' ] || continue
		# A KASAN kernel takes its time: 32-bit programs there only by name.
		case $name:$p:$T in debug:*.32:) continue ;; esac
		# What calls cost shows where instructions are the clock.
		case $name:$p:$T in icount:*) ;; *:cost*:) continue ;; esac
		case $p in
		${T:-*}) programs+=" $p" ;;
		${T%%.*} | ${T%%.*}.32) [ "$T" = "${T#*.}" ] || programs+=" $p/${T#*.}" ;;
		esac
	done
	for p in "$BUILD"/user/examples/*; do
		p=${p##*/}
		# shellcheck disable=SC2254
		case $p in
		'*') ;;
		${T:-*}) examples+=" $p" ;;
		esac
	done
fi

export SMP MEM PATIENCE
export KUNIT_GLOB=$kunit PROGRAMS=$programs EXAMPLES=$examples
MODE='test' "$TESTBED/initrd.sh" "$kernel" "$BUILD/$kernel/initrd"
[ -z "$kunit" ] || export APPEND="${APPEND:-} kunit.filter_glob=$kunit"
"$TESTBED/vm.sh" "$kernel" "$BUILD/$kernel/initrd" "$LOG/$name.console" 2>>"$LOG/$name.vm" |
	tee "$LOG/$name.tap" |
	mawk -W interactive -v kernel="$name" -v result="$LOG/$name.result" \
		-v console="$LOG/$name.console" -v machine=1 -f "$TESTBED/report.awk"
