#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel.sh NAME... - have the kernels in the cache; print one directory a line.
# NAME: uml debug kcsan clang (built here), 6.1 6.12 6.12-cloud 6.1-rt 6.12-rt (Debian's), or
# tools (checkpatch, kernel-doc and the kselftest headers).
# kernel.sh --image NAME - likewise, and what it takes to boot it.
# kernel.sh --is-cached NAME... - are they there? Says it by the exit status.
# kernel.sh --drop-source - remove the unpacked source, no kernel needs it.
. "$(dirname "$0")/lib.sh"
. "$TESTBED/source.sh"
. "$TESTBED/kernel-built.sh"
. "$TESTBED/kernel-stock.sh"

cached() {
	case $1 in
	uml|debug|kcsan|clang) built_cached "$1" ;;
	6.1|6.12|6.12-cloud|6.1-rt|6.12-rt) stock_cached "$1" ;;
	tools) tools_cached ;;
	*) die "no such kernel: $1" ;;
	esac
}

make_one() {
	# Somebody else may have made it while we waited for the lock.
	[ -z "$(cached "$1")" ] || return 0
	case $1 in
	uml|debug|kcsan|clang) step "build kernel $1" build_kernel "$1" ;;
	tools) step "get checkpatch, kernel-doc, kselftest" get_tools ;;
	*) step "download Debian's $1 kernel" get_stock "$1" ;;
	esac
}

# Wait for the lock, but no longer than until somebody else has made it.
ensure() {
	local name=$1 lock fd

	case $name in
	uml|debug|kcsan|clang|tools) lock=source ;;
	*) lock=stock-$name ;;
	esac
	mkdir -p "$CACHE/lock" 2>/dev/null ||
		die "cannot write to the cache directory $CACHE (NETPORT_CACHE names another)"
	exec {fd}>"$CACHE/lock/$lock"
	while [ -z "$(cached "$name")" ]; do
		flock -w 1 "$fd" || continue
		make_one "$name"
		flock -u "$fd"
	done
	exec {fd}>&-
}

if [ "$1" = --is-cached ]; then
	shift
	for name; do
		[ -n "$(cached "$name")" ] || exit 1
	done
	exit 0
fi
if [ "$1" = --image ]; then
	ensure "$2" >&2
	dir=$(cached "$2")
	if [ ! -e "$dir/kernel" ]; then
		exec {fd}>"$CACHE/lock/stock-$2"
		flock "$fd"
		[ -e "$dir/kernel" ] || step "download Debian's $2 kernel" get_image "$2" "$dir" >&2
	fi
	echo "$dir"
	exit 0
fi
if [ "$1" = --drop-source ]; then
	exec {fd}>"$CACHE/lock/source"
	! flock -n "$fd" || drop_source
	exit 0
fi
for name; do
	ensure "$name" >&2
	cached "$name"
done
