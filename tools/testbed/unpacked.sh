# SPDX-License-Identifier: GPL-2.0
# Sourced after lib.sh by what has programs of Debian's in the cache for the machine under test.
# shellcheck shell=bash

# unpacked NAME PACKAGE WHAT MEGABYTES - have WHAT in the cache, unpacked and not installed; print
# its directory, which the machine can have for /. It's named NAME and the version of PACKAGE.
# download() gets the packages to the current directory, tidy() is given the directory that they
# are unpacked in.
unpacked() {
	local name=$1 package=$2 what=$3 megabytes=$4

	[ -n "$(newest "$CACHE/$name-*")" ] || unpack "$name" "$package" "$what" "$megabytes" >&2
	newest "$CACHE/$name-*"
}

unpack() {
	local name=$1 package=$2 what=$3 megabytes=$4 tmp deb

	need_space "$CACHE" "$megabytes" "$what"
	mkdir -p "$CACHE"
	rm -rf "$CACHE/tmp.$name".*	# of a run that was interrupted
	tmp=$(mktemp -d "$CACHE/tmp.$name.XXXXXX")
	mkdir "$tmp/root"
	chmod 755 "$tmp/root"
	(
		fetch "$name" "$what" "$tmp/debs" download
		for deb in *.deb; do
			dpkg-deb -x "$deb" "$tmp/root"
		done
		tidy "$tmp/root"
		mv -T "$tmp/root" "$CACHE/$name-$(dpkg-deb -f "$package"_*.deb Version)"
	)
	rm -rf "$tmp"
}
