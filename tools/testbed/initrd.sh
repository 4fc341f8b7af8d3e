#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initrd.sh BUILD OUTPUT - pack the machine's file system: busybox, our init,
# the modules of build/BUILD and the programs. Taken from the environment:
# MODE (test, run, shell), PROGRAMS, UNWATCHED, EXAMPLES, KUNIT_GLOB, KUNIT, PATIENCE, JOB: see
# guest/; EXTRA is a directory to copy into it.
. "$(dirname "$0")/lib.sh"

name=$1 out=$2 MODE=${MODE:-test} PROGRAMS=${PROGRAMS-}
need busybox-static cpio netbase
kernel=$("$TESTBED/kernel.sh" --image "$(kernel_of "$name")")
root=$(mktemp -d "$BUILD/$name/root.XXXXXX")
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"		# it becomes /

mkdir -p "$root"/{bin,etc,modules/extra,tests,examples,transcripts,root}
cp "$(command -v busybox)" "$root/bin/busybox"
install -m 755 "$TESTBED/guest/init" "$root/init"
cp "$TESTBED/guest/testbed.sh" "$TESTBED"/guest/{motd,passwd,group,profile} "$root/etc/"
cp /etc/services /etc/protocols "$root/etc/"
find "$BUILD/$name/src" -name '*.ko' -exec cp -t "$root/modules" {} +
# The machine has no use for it, and netport.ko is read often: 10 MB with, 0.3 without.
strip --strip-debug "$root"/modules/*.ko
[ ! -d "$kernel/extra" ] || cp "$kernel"/extra/*.ko "$root/modules/extra/"
case $name in
uml) ;;		# no SMP, no 32-bit programs, slow system calls: KUnit only
*)
	for dir in bin examples transcripts; do
		[ -z "$(compgen -G "$BUILD/user/$dir/*")" ] ||
			cp "$BUILD/user/$dir"/* "$root/$dir/"
	done
	# Unpacking all of them takes its time.
	for p in "$BUILD"/user/tests/*; do
		case "$MODE: $PROGRAMS ${UNWATCHED-} " in
		shell:*|*" ${p##*/}"[\ /]*) strip -o "$root/tests/${p##*/}" "$p" ;;
		esac
	done
	;;
esac

[ -z "${EXTRA-}" ] || cp -a "$EXTRA/." "$root/"

# Quoted for the guest's shell.
quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }
{
	echo "MODE=$(quoted "$MODE")"
	echo "KUNIT_GLOB=$(quoted "${KUNIT_GLOB-}")"
	echo "KUNIT=$(quoted "${KUNIT-}")"
	echo "PROGRAMS=$(quoted "$PROGRAMS")"
	echo "UNWATCHED=$(quoted "${UNWATCHED-}")"
	echo "EXAMPLES=$(quoted "${EXAMPLES-}")"
	echo "PATIENCE=$(quoted "${PATIENCE:-300}")"
	echo "JOB=$(quoted "${JOB-}")"
} >"$root/etc/testbed.conf"

(cd "$root" && find . -print0 | cpio -0 --quiet -o -H newc -R 0:0) >"$out.tmp"
mv "$out.tmp" "$out"
