#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# user.sh tests|bin|examples|bench|fuzz|kcov|lib... - build programs for the machines under test,
# static, in build/user/: tests/ (selftests, in 64 and 32 bit), bin/ (command
# and demo), examples/ (the README's), bench/ (of make bench); and libnetport, in build/lib/.
. "$(dirname "$0")/lib.sh"

need make gcc libc6-dev
headers=
afl=
case " $* " in *" tests "*) need gcc-multilib libc6-dev-i386 libjansson-dev ;; esac
case " $* " in *" tests "* | *" kcov "*) headers=$("$TESTBED/kernel.sh" tools) ;; esac
case " $* " in *" kcov "*) afl=$("$TOP/tools/fuzz/kcov/afl.sh") ;; esac
mkdir -p "$BUILD"
exec {lock}>"$BUILD/user.lock"		# several runs may want them at once
flock "$lock"
make -s -C "$TOP" -f "$TESTBED/user.mk" -j"$JOBS" BUILD="$BUILD/user" LIB="$BUILD/lib" \
	HARNESS="$headers" AFL="$afl" "$@" >&2
