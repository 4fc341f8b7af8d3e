# SPDX-License-Identifier: GPL-2.0
# Sourced after lib.sh: Debian's kernel source package, unpacked on demand.
# shellcheck shell=bash disable=SC2034

SOURCE_PKG=linux-source-6.12
BUILD_PKGS=(flex bison bc libelf-dev libssl-dev xz-utils rsync make gcc libc6-dev
	kmod cpio ccache dwarves)

# Big directories of which a test kernel compiles nothing. Their Kconfig and
# Makefiles stay, or the configuration could not be read.
SOURCE_SKIP=(drivers/gpu/drm drivers/net/ethernet drivers/net/wireless
	drivers/media drivers/staging drivers/scsi drivers/infiniband sound)

source_version() {
	dpkg-query -W -f='${Version}' "$SOURCE_PKG" 2>/dev/null || true
}

# config_key FRAGMENT... - a short hash of the fragments' contents.
config_key() {
	cat "$@" | sha256sum | cut -c1-12
}

# unpack_source DIR - the sources, in DIR, as it is not there yet.
unpack_source() {
	local d skip=() parent=${1%/*} tmp

	need "$SOURCE_PKG" xz-utils
	need_space "$parent" 4500 "building kernels"
	for d in "${SOURCE_SKIP[@]}"; do
		skip+=(--exclude="*/$d/*.c" --exclude="*/$d/*.h")
	done
	rm -rf "$parent"/tmp.source.*	# of a run that was interrupted
	tmp=$(mktemp -d "$parent/tmp.source.XXXXXX")
	step "unpack $SOURCE_PKG" tar -C "$tmp" --strip-components=1 "${skip[@]}" \
		-xf "/usr/src/$SOURCE_PKG.tar.xz"
	mv -T "$tmp" "$1"
}

# source_tree - print the unpacked source tree; unpack it if it is not there.
# It is dropped again by drop_source(): only what was made of it is kept.
source_tree() {
	local dir

	need "$SOURCE_PKG"
	dir=$CACHE/source-$(source_version)
	[ -d "$dir" ] || unpack_source "$dir"
	printf '%s\n' "$dir"
}

drop_source() {
	rm -rf "$CACHE"/source-* "$CACHE"/tmp.source.*
}

# tools_cached - print the directory with checkpatch, kernel-doc and the
# kselftest headers of the source package, if it is there.
tools_cached() {
	local version

	version=$(source_version)
	newest "$CACHE/tools-${version:-*}"
}

get_tools() {
	local src tmp

	src=$(source_tree)
	rm -rf "$CACHE"/tmp.tools.*
	tmp=$(mktemp -d "$CACHE/tmp.tools.XXXXXX")
	cp "$src"/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch,kernel-doc} \
		"$src"/tools/testing/selftests/{kselftest.h,kselftest_harness.h} "$tmp"
	mv -T "$tmp" "$CACHE/tools-$(source_version)"
}
