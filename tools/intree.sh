#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# intree.sh link|unlink LINUX - make this directory net/netport of the unpacked kernel
# sources LINUX, by a link and a line each in net/Kconfig and net/Makefile; or undo that.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd -P)
net=${2:?of which kernel sources?}/net
[ -f "$net/Kconfig" ] && [ -f "$net/Makefile" ] || { echo "no kernel sources: $2" >&2; exit 1; }

unlink_it() {
	sed -i '\|^source "net/netport/Kconfig"$|d' "$net/Kconfig"
	sed -i '\|netport/$|d' "$net/Makefile"
	[ ! -L "$net/netport" ] || rm "$net/netport"
}

unlink_it
case $1 in
link)
	ln -s "$top" "$net/netport"
	sed -i 's|^endif *# if NET$|source "net/netport/Kconfig"\n&|' "$net/Kconfig"
	grep -q netport "$net/Kconfig" || { echo "no end of NET in $net/Kconfig" >&2; exit 1; }
	echo 'obj-$(CONFIG_NETPORT)		+= netport/' >>"$net/Makefile"
	;;
unlink)
	;;
*)
	echo "intree.sh: link or unlink?" >&2
	exit 1
	;;
esac
