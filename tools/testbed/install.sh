#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install.sh install|uninstall|dkms-install|dkms-uninstall - put netport on
# this machine, or take it away. DESTDIR is honoured; without it, root is needed.
. "$(dirname "$0")/lib.sh"

DESTDIR=${DESTDIR:-}
version=$(sed -nE 's/^PACKAGE_VERSION="(.*)"/\1/p' "$TOP/dkms.conf")
dkms_src=/usr/src/netport-$version

user_files() {
	need gcc libc6-dev make
	"$TESTBED/user.sh" bin
	install -D -m 644 "$TOP/uapi/linux/netport.h" "$DESTDIR/usr/local/include/linux/netport.h"
	[ ! -x "$BUILD/user/bin/netport" ] ||
		install -D -m 755 "$BUILD/user/bin/netport" "$DESTDIR/usr/local/bin/netport"
	install -d "$DESTDIR/etc/modules-load.d"
	echo netport >"$DESTDIR/etc/modules-load.d/netport.conf"
}

no_user_files() {
	rm -f "$DESTDIR/usr/local/include/linux/netport.h" "$DESTDIR/usr/local/bin/netport" \
		"$DESTDIR/etc/modules-load.d/netport.conf"
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
*)
	die "install.sh: install or uninstall?"
	;;
esac
