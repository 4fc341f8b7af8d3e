#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# afl.sh - have Debian's AFL++ in the cache, with its libraries; print its directory.
. "$(dirname "$0")/../../testbed/lib.sh"
. "$TESTBED/unpacked.sh"

# Without the compilers that it depends on: the target brings its coverage itself.
download() {
	apt_download afl++ libpython3.11 libc6 libexpat1 zlib1g
}

tidy() {
	find "${1:?}" ! -type d -regextype egrep ! -regex '.*/(afl-(fuzz|showmap|cmin|compiler-rt.o)|'`
		`'ld-linux-.*|lib(c|m|z|expat|python3.11)\.so\.[0-9.]*)' -delete
	find "$1" -type d -empty -delete
}

unpacked afl afl++ "Debian's AFL++" 100
