# SPDX-License-Identifier: GPL-2.0
# Sourced after lib.sh: Debian's own kernels, unpacked and not installed.
#
# A finished one is a directory of the cache, named by its ABI:
#   kernel    the image (of -rt only once it has been asked for: they are built against more
#             often than booted)
#   tree      link to the headers, for building modules
#   release   what uname -r says in it
#   extra/    a few of its modules, for the machine under test
# shellcheck shell=bash

# Network drivers that Debian has as modules and the selftests may want.
STOCK_EXTRA=(dummy veth)

# stock_abi NAME - the newest ABI of a series, as in 6.1, 6.1-rt, 6.12-cloud.
stock_abi() {
	local series=${1%%-*} flavour=amd64
	[ "$1" = "$series" ] || flavour=${1#*-}-amd64
	apt-cache pkgnames "linux-headers-$series." |
		sed -nE "s/^linux-headers-(${series//./\\.}\.[0-9]+(-[0-9]+|\+deb[0-9]+(\.[0-9]+)?)-$flavour)\$/\1/p" |
		sort -V | tail -n 1
}

# stock_debs NAME ABI - the packages that make up a stock kernel.
stock_debs() {
	echo "linux-headers-$2"
	apt-cache depends "linux-headers-$2" |
		sed -nE 's/^ *Depends: (linux-headers-[^ ]*common[^ ]*|linux-kbuild-[^ ]*)$/\1/p' | sort -u
	case $1 in
	*-rt) ;;
	*) echo "linux-image-$2" ;;
	esac
}

# stock_download NAME - download NAME's packages to the current directory.
stock_download() {
	local abi debs

	abi=$(stock_abi "$1")
	[ -n "$abi" ] || { echo "no package of the $1 kernel is known here"; return 1; }
	mapfile -t debs < <(stock_debs "$1" "$abi")
	apt_download "${debs[@]}"
}

# unpack_image DEB DIR - take the image and a few modules out of the package.
unpack_image() {
	local deb=$1 dir=$2 m patterns=()

	for m in "${STOCK_EXTRA[@]}"; do
		patterns+=("*/drivers/net/$m.ko*")
	done
	dpkg-deb --fsys-tarfile "$deb" | tar -C "$dir" --wildcards -xf - \
		'./boot/vmlinuz-*' "${patterns[@]}"
	mkdir "$dir/extra"
	find "$dir/lib/modules" -name '*.ko*' -exec mv -t "$dir/extra" {} +
	find "$dir/extra" -name '*.xz' -exec xz -d {} +
	mv "$dir"/boot/vmlinuz-* "$dir/kernel"
	rm -rf "${dir:?}/boot" "${dir:?}/lib"
}

unpack_stock() {
	local from=$1 dir=$2 deb headers common

	for deb in "$from"/*.deb; do
		case $deb in
		*/linux-image-*) unpack_image "$deb" "$dir" ;;
		*) dpkg-deb -x "$deb" "$dir" ;;
		esac
	done
	headers=$(basename "$(find "$dir/usr/src" -mindepth 1 -maxdepth 1 -name 'linux-headers-*amd64')")
	common=$(basename "$(find "$dir/usr/src" -mindepth 1 -maxdepth 1 -name 'linux-headers-*common*')")
	# The one absolute path in these packages.
	sed -i "s|/usr/src/$common|\$(dir \$(lastword \$(MAKEFILE_LIST)))../$common|" \
		"$dir/usr/src/$headers/Makefile"
	# Only for BTF, which these tests have no use for.
	rm -f "$dir/usr/src/$headers/vmlinux"
	ln -s "usr/src/$headers" "$dir/tree"
	echo "${headers#linux-headers-}" >"$dir/release"
}

get_stock() {
	local name=$1 tmp

	need_space "$CACHE" 600 "Debian's $name kernel"
	rm -rf "$CACHE/tmp.stock-$name".*	# of a run that was interrupted
	mkdir -p "$LOG"
	tmp=$(mktemp -d "$CACHE/tmp.stock-$name.XXXXXX")
	(fetch "stock-$name" "Debian's $name kernel" "$tmp/debs" stock_download "$name")
	mkdir "$tmp/root"
	quiet "$LOG/stock-$name.log" unpack_stock "$tmp/debs" "$tmp/root" ||
		die "cannot unpack Debian's $name kernel"
	mv -T "$tmp/root" "$CACHE/stock-$name-$(cat "$tmp/root/release")"
	rm -rf "$tmp"
}

# get_image NAME DIR - of a kernel in the cache that was only built against so far.
get_image() {
	local name=$1 dir=$2 tmp

	mkdir -p "$LOG"
	tmp=$(mktemp -d "$CACHE/tmp.stock-$name.XXXXXX")
	(fetch "stock-$name" "Debian's $name kernel" "$tmp/debs" \
		apt_download "linux-image-$(cat "$dir/release")")
	mkdir "$tmp/root"
	quiet "$LOG/stock-$name.log" unpack_image "$tmp"/debs/*.deb "$tmp/root" ||
		die "cannot unpack Debian's $name kernel"
	rm -rf "$dir/extra"
	mv "$tmp/root/extra" "$tmp/root/kernel" "$dir/"
	rm -rf "$tmp"
}

# stock_cached NAME - print NAME's directory in the cache, if it is there.
stock_cached() {
	newest "$CACHE/stock-$1-[0-9]*"
}
