#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bpftrace.sh - have Debian's bpftrace in the cache, with its libraries; print its directory.
. "$(dirname "$0")/../testbed/lib.sh"
. "$TESTBED/unpacked.sh"

# It and all that it depends on.
download() {
	local packages

	packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances bpftrace | sed -n '/^[a-z0-9]/p') || return
	[ -n "$packages" ] || { echo "bpftrace is not known here"; return 1; }
	# shellcheck disable=SC2086
	apt_download $packages
}

tidy() {
	rm -rf "${1:?}/usr/share" "$1/usr/sbin"
}

unpacked bpftrace bpftrace "Debian's bpftrace" 600
