#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# python.sh - have Debian's Python with pytest, portpicker and portserver in the cache; print its
# directory.
. "$(dirname "$0")/lib.sh"
. "$TESTBED/unpacked.sh"

download() {
	local python

	python=$(apt-cache depends python3-minimal |
		sed -nE 's/^ *(Pre)?Depends: (python3\.[0-9]+)-minimal$/\2/p')
	[ -n "$python" ] || { echo "no package of Python 3 is known here"; return 1; }
	apt_download "$python-minimal" "lib$python-minimal" "lib$python-stdlib" \
		python3-portpicker python3-psutil libc6 libexpat1 libffi8 zlib1g \
		python3-pytest python3-attr python3-iniconfig python3-more-itertools \
		python3-packaging python3-pkg-resources python3-pluggy python3-py
}

tidy() {
	local root=$1 libs

	ln -sf "$(basename "$root"/usr/bin/python3.*)" "$root/usr/bin/python3"
	rm -rf "${root:?}"/usr/share "$root"/usr/lib/*/gconv \
		"$root"/usr/lib/python3.*/{test,pydoc_data,lib2to3,ensurepip,idlelib,tkinter}
	# As their installation would, by their own means: an emulated machine takes seconds for it.
	libs=$(printf '%s:' "$root"/{,usr/}lib/*-linux-gnu)
	PYTHONHOME=$root/usr "$root"/lib64/ld-linux-*.so.* --library-path "$libs" \
		"$root/usr/bin/python3" -m compileall -q -s "$root" "$root"/usr/lib/python3*
}

unpacked python-pytest python3-pytest "Debian's Python" 300
