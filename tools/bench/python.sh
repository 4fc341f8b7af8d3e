#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# python.sh - have Debian's Python with portpicker and portserver in the cache, unpacked and not
# installed; print its directory, which the machine can have for /.
. "$(dirname "$0")/../testbed/lib.sh"

cached() { compgen -G "$CACHE/python-*" | sort -V | tail -n 1 || true; }

# download - the packages that it takes, to the current directory.
download() {
	local python

	python=$(apt-cache depends python3-minimal |
		sed -nE 's/^ *(Pre)?Depends: (python3\.[0-9]+)-minimal$/\2/p')
	[ -n "$python" ] || { echo "no package of Python 3 is known here"; return 1; }
	rm -f ./*.deb
	apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download \
		"$python-minimal" "lib$python-minimal" "lib$python-stdlib" \
		python3-portpicker python3-psutil libc6 libexpat1 zlib1g
}

unpack() {
	local root=$1 deb

	for deb in *.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	ln -sf "$(basename "$root"/usr/bin/python3.*)" "$root/usr/bin/python3"
	rm -rf "$root"/usr/share "$root"/usr/lib/python3.*/{test,pydoc_data,lib2to3}
}

get() {
	local tmp

	need_space "$CACHE" 300 "Debian's Python"
	mkdir -p "$CACHE" "$LOG"
	rm -rf "$CACHE"/tmp.python.*	# of a run that was interrupted
	tmp=$(mktemp -d "$CACHE/tmp.python.XXXXXX")
	mkdir "$tmp/debs" "$tmp/root"
	chmod 755 "$tmp/root"
	(
		cd "$tmp/debs"
		if ! download >"$LOG/python.log" 2>&1; then
			quiet "$LOG/apt-update.log" apt_update || die "apt-get update failed"
			quiet "$LOG/python.log" download || die "cannot download Debian's Python"
		fi
		unpack "$tmp/root"
		mv -T "$tmp/root" "$CACHE/python-$(dpkg-deb -f python3-portpicker_*.deb Version)"
	)
	rm -rf "$tmp"
}

[ -n "$(cached)" ] || get >&2
cached
