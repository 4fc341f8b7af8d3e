#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# python.sh - have Debian's Python with pytest, portpicker and portserver in the cache, unpacked
# and not installed; print its directory, which the machine can have for /.
. "$(dirname "$0")/lib.sh"

cached() { compgen -G "$CACHE/python-pytest-*" | sort -V | tail -n 1 || true; }

# download - the packages that it takes, to the current directory.
download() {
	local python

	python=$(apt-cache depends python3-minimal |
		sed -nE 's/^ *(Pre)?Depends: (python3\.[0-9]+)-minimal$/\2/p')
	[ -n "$python" ] || { echo "no package of Python 3 is known here"; return 1; }
	rm -f ./*.deb
	apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download \
		"$python-minimal" "lib$python-minimal" "lib$python-stdlib" \
		python3-portpicker python3-psutil libc6 libexpat1 libffi8 zlib1g \
		python3-pytest python3-attr python3-iniconfig python3-more-itertools \
		python3-packaging python3-pkg-resources python3-pluggy python3-py
}

unpack() {
	local root=$1 deb libs

	for deb in *.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	ln -sf "$(basename "$root"/usr/bin/python3.*)" "$root/usr/bin/python3"
	rm -rf "$root"/usr/share "$root"/usr/lib/*/gconv \
		"$root"/usr/lib/python3.*/{test,pydoc_data,lib2to3,ensurepip,idlelib,tkinter}
	# As their installation would, by their own means: an emulated machine takes seconds for it.
	libs=$(printf '%s:' "$root"/{,usr/}lib/*-linux-gnu)
	PYTHONHOME=$root/usr "$root"/lib64/ld-linux-*.so.* --library-path "$libs" \
		"$root/usr/bin/python3" -m compileall -q -s "$root" "$root"/usr/lib/python3*
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
		mv -T "$tmp/root" "$CACHE/python-pytest-$(dpkg-deb -f python3-pytest_*.deb Version)"
	)
	rm -rf "$tmp"
}

[ -n "$(cached)" ] || get >&2
cached
