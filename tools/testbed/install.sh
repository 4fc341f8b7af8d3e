#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install.sh install|uninstall|dkms-install|dkms-uninstall - put netport on
# this machine, or take it away. DESTDIR is honoured; without it, root is needed.
# install.sh lib-install|lib-uninstall - only libnetport.
. "$(dirname "$0")/lib.sh"

DESTDIR=${DESTDIR:-}
version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"/\1/p' "$TOP/dkms.conf")
man=/usr/local/share/man
dkms_src=/usr/src/netport-$version
completion=/usr/local/share/bash-completion/completions/netport

# Where the machine's Python looks for what isn't Debian's, if it has one.
python_dir() {
	/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))' 2>/dev/null || true
}

library_files() {
	local lib=$DESTDIR/usr/local/lib python

	install -D -m 644 "$TOP/uapi/linux/netport.h" "$DESTDIR/usr/local/include/linux/netport.h"
	install -m 644 "$TOP/tools/libnetport/netport.h" "$DESTDIR/usr/local/include/netport.h"
	install -D -m 644 -s "$BUILD/lib/libnetport.so.0" "$lib/libnetport.so.0"
	ln -sf libnetport.so.0 "$lib/libnetport.so"
	install -m 644 "$BUILD/lib/libnetport.a" "$lib/libnetport.a"
	install -D -m 644 "$BUILD/lib/libnetport.pc" "$lib/pkgconfig/libnetport.pc"
	python=$(python_dir)
	[ -z "$python" ] ||
		install -D -m 644 "$TOP/tools/libnetport/netport.py" "$DESTDIR$python/netport.py"
	[ -n "$DESTDIR" ] || ldconfig
}

no_library_files() {
	local lib=$DESTDIR/usr/local/lib python

	rm -f "$DESTDIR/usr/local/include/"{linux/,}netport.h "$lib"/libnetport.{so.0,so,a} \
		"$lib/pkgconfig/libnetport.pc"
	python=$(python_dir)
	[ -z "$python" ] || rm -f "$DESTDIR$python/netport.py"
	[ -n "$DESTDIR" ] || ldconfig
}

user_files() {
	local page

	need gcc libc6-dev make
	"$TESTBED/user.sh" bin lib
	"$TESTBED/man.sh" build
	library_files
	[ ! -x "$BUILD/user/bin/netport" ] ||
		install -D -m 755 "$BUILD/user/bin/netport" "$DESTDIR/usr/local/bin/netport"
	install -D -m 644 "$TOP/tools/netport/netport.bash-completion" "$DESTDIR$completion"
	for page in "$BUILD"/man/*; do
		install -D -m 644 -t "$DESTDIR$man/man${page##*.}" "$page"
	done
	install -d "$DESTDIR/etc/modules-load.d"
	echo netport >"$DESTDIR/etc/modules-load.d/netport.conf"
}

no_user_files() {
	local page

	no_library_files
	for page in "$TOP"/tools/man/*.scd; do
		page=$(basename "$page" .scd)
		rm -f "$DESTDIR$man/man${page##*.}/$page"
	done
	rm -f "$DESTDIR/usr/local/bin/netport" "$DESTDIR/etc/modules-load.d/netport.conf" \
		"$DESTDIR$completion"
}

[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || die "$1 needs root (or DESTDIR)"
case $1 in
install)
	user_files
	if [ -z "$DESTDIR" ]; then
		depmod
		modprobe netport
	fi
	;;
uninstall)
	[ -n "$DESTDIR" ] || [ ! -d /sys/module/netport ] || rmmod netport
	find "$DESTDIR/lib/modules" -path '*/updates/netport*.ko*' -delete
	no_user_files
	[ -n "$DESTDIR" ] || depmod
	;;
dkms-install)
	need dkms
	mkdir -p "$dkms_src"
	(cd "$TOP" && cp -r --parents Kbuild dkms.conf module uapi "$dkms_src/")
	dkms install "netport/$version"
	user_files
	modprobe netport
	;;
dkms-uninstall)
	[ ! -d /sys/module/netport ] || rmmod netport
	dkms remove "netport/$version" --all
	rm -rf "$dkms_src"
	no_user_files
	;;
lib-install)
	need gcc libc6-dev make
	"$TESTBED/user.sh" lib
	library_files
	;;
lib-uninstall)
	no_library_files
	;;
*)
	die "install.sh: install or uninstall?"
	;;
esac
