#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# space.sh run|test - refuse now, rather than fail later, on a full disk.
# The figures are what a cold run used, and some room.
. "$(dirname "$0")/lib.sh"

case $1 in
run)  cache=600 tree=200 ;;
test) cache=4100 tree=1300 ;;
*)    die "space.sh: run or test?" ;;
esac
mount_of() {
	local d=$1
	while [ ! -d "$d" ]; do
		d=$(dirname "$d")
	done
	stat -c %d "$d"
}
if [ "$(mount_of "$CACHE")" = "$(mount_of "$BUILD")" ]; then
	need_space "$CACHE" $((cache + tree)) "make $1"
else
	need_space "$CACHE" "$cache" "make $1"
	need_space "$BUILD" "$tree" "make $1"
fi
