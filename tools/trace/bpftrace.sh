#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bpftrace.sh - have Debian's bpftrace in the cache, with its libraries, unpacked and not
# installed; print its directory, which the machine can have for /.
. "$(dirname "$0")/../testbed/lib.sh"

cached() { compgen -G "$CACHE/bpftrace-*" | sort -V | tail -n 1 || true; }

# download - it and all that it depends on, to the current directory.
download() {
	local packages

	packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances bpftrace | sed -n '/^[a-z0-9]/p') || return
	[ -n "$packages" ] || { echo "bpftrace is not known here"; return 1; }
	rm -f ./*.deb
	# shellcheck disable=SC2086
	apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download $packages
}

get() {
	local tmp deb

	need_space "$CACHE" 600 "Debian's bpftrace"
	mkdir -p "$CACHE" "$LOG"
	rm -rf "$CACHE"/tmp.bpftrace.*	# of a run that was interrupted
	tmp=$(mktemp -d "$CACHE/tmp.bpftrace.XXXXXX")
	mkdir "$tmp/debs" "$tmp/root"
	chmod 755 "$tmp/root"
	(
		cd "$tmp/debs"
		if ! download >"$LOG/bpftrace.log" 2>&1; then
			quiet "$LOG/apt-update.log" apt_update || die "apt-get update failed"
			quiet "$LOG/bpftrace.log" download || die "cannot download Debian's bpftrace"
		fi
		for deb in *.deb; do
			dpkg-deb -x "$deb" "$tmp/root"
		done
		rm -rf "$tmp/root/usr/share" "$tmp/root/usr/sbin"
		mv -T "$tmp/root" "$CACHE/bpftrace-$(dpkg-deb -f bpftrace_*.deb Version)"
	)
	rm -rf "$tmp"
}

[ -n "$(cached)" ] || get >&2
cached
