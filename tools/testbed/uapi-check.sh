#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# uapi-check.sh - the uapi header and libnetport's stand alone in C and C++, 64 and 32 bit; the
# uapi has no hidden padding and one layout everywhere; both are as recorded; and who uses the
# library as it is installed can be built and runs. Says so in TAP.
. "$(dirname "$0")/lib.sh"

need gcc g++ gcc-multilib g++-multilib libc6-dev-i386 dwarves clang pkgconf
cd "$TOP"
out=$BUILD/uapi
mkdir -p "$out"
header=uapi/linux/netport.h
n=0

# try NAME CMD... - one line of TAP; what CMD said, when it failed.
try() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >"$out/log" 2>&1; then
		echo "ok $n $name"
	else
		cat "$out/log"
		echo "not ok $n $name"
	fi
}

# stands_alone HEADER FLAG... - included twice and first, with nothing before it.
stands_alone() {
	local header=$1 ext m std flags
	shift
	for ext in c cc; do
		printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$out/use.$ext"
	done
	flags=(-Wall -Wextra -Wshadow -Werror -pedantic -c "$@")
	for m in 64 32; do
		for std in c99 c11 gnu17; do
			try "$header: gcc -m$m -std=$std" gcc -m$m -std=$std "${flags[@]}" \
				-Wc++-compat -o "$out/use.o" "$out/use.c"
		done
		for std in c++11 c++17; do
			try "$header: g++ -m$m -std=$std" g++ -m$m -std=$std "${flags[@]}" \
				-o "$out/use.o" "$out/use.cc"
		done
		try "$header: clang -m$m -std=c11" clang -m$m -std=c11 "${flags[@]}" \
			-o "$out/use.o" "$out/use.c"
	done
}
stands_alone linux/netport.h -Iuapi -Wpadded
stands_alone netport.h -Iuapi -Itools/libnetport

# Offsets, sizes and command numbers, as each compiler lays them out.
{
	echo '#include <linux/netport.h>'
	echo '#include <linux/ioctl.h>'
	sed -nE 's/^#define[ \t]+(NETPORT_IOC_?[A-Z0-9_]*)[ \t]+_IO[A-Z]*\(.*/const unsigned long number_\1 = \1;/p' \
		$header
} >"$out/layout.c"
layout() {
	gcc -m"$1" -Iuapi -g -fno-eliminate-unused-debug-types -c -o "$out/layout$1.o" "$out/layout.c"
	pahole "$out/layout$1.o" | grep -v '/\* *XXX\|cacheline' >"$out/layout$1.txt"
	# The low 32 bits of each number, in the order of the header.
	objcopy -O binary --only-section=.rodata "$out/layout$1.o" "$out/numbers$1.bin"
	od -An -v -t x4 -w$(($1 / 8)) "$out/numbers$1.bin" | awk '{ print $1 }' >"$out/numbers$1.txt"
}
both_layouts() { layout 64 && layout 32; }
try "layouts can be read" both_layouts
structs=$(grep -c '^struct netport_' "$out/layout64.txt" || true)
try "there are structs to compare" test "$structs" -gt 0
try "there are command numbers to compare" test -s "$out/numbers64.txt"
try "64 and 32 bit: same structs ($structs)" diff -u "$out/layout64.txt" "$out/layout32.txt"
try "64 and 32 bit: same command numbers ($(wc -l <"$out/numbers64.txt"))" \
	diff -u "$out/numbers64.txt" "$out/numbers32.txt"
no_holes() { ! pahole --show_private_classes "$out/layout64.o" | grep -B20 'XXX.*\(hole\|padding\)'; }
try "no hidden holes" no_holes
pointers() { ! grep -nE '^[^*/]*\b(int|long|short|char|size_t|void)\b[^(]*;' $header; }
try "fixed-width types only" pointers
licence() { head -n 1 $header | grep -qF 'WITH Linux-syscall-note'; }
try "licence has the syscall note" licence

# The library, in the tree and as it is installed.
try "the ABI is as recorded" tools/libnetport/abi.sh check
try "32-bit library" "$TESTBED/user.sh" lib32
exported() { nm -D --defined-only "$1" | sed -nE 's/.* T (netport_[a-z_]+).*/\1/p' | sort; }
defined() { nm --defined-only "$1" | sed -nE 's/.* T (netport_[a-z_]+)/\1/p' | sort; }
same_symbols() { diff <(exported build/lib/libnetport.so.0) <(defined build/lib/"$1"); }
try "shared and static export the same" same_symbols libnetport.a
try "64 and 32 bit export the same" same_symbols 32/libnetport.a
root=$out/root
rm -rf "$root"
try "libnetport is installed" env DESTDIR="$root" "$TESTBED/install.sh" lib-install

# A C++ user of headers alone, in two translation units.
printf '#include "owner.hh"\nint again(const char *place)\n{\n\treturn netport::binding("tcp", place).port;\n}\n' \
	>"$out/again.cc"
cat >"$out/main.cc" <<-'END'
	#include "owner.hh"
	int again(const char *place);
	int main()
	{
		try {
			netport::owner o;
			netport::reservation r(o, netport::binding("tcp", "*:80"));
			r = netport::pick(o, netport::binding("udp", "*"),
					  [](unsigned int port) { return port % 2 == 0; });
		} catch (const std::system_error &e) {
			return e.code().value() != ENOENT;	// here is no netport
		}
		return again("[::1]:80") == 80 ? 0 : 1;
	}
END
from_pc() {
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/local/lib/pkgconfig \
		pkg-config "$@" libnetport
}
use_installed() {
	local cc=$1
	shift
	# shellcheck disable=SC2046
	"$cc" -Wall -Wextra -Wshadow -Werror -Itools/example $(from_pc --cflags) "$@" \
		$(from_pc --libs) -o "$out/user"
	LD_LIBRARY_PATH=$root/usr/local/lib "$out/user"
}
for std in c++11 c++20; do
	try "a C++ user: g++ -std=$std" use_installed g++ -std=$std "$out/main.cc" "$out/again.cc"
done
try "a C++ user: clang++" use_installed clang++ "$out/main.cc" "$out/again.cc"
try "a C++ user, static" use_installed g++ -static "$out/main.cc" "$out/again.cc"
soname() { readelf -d "$out/user" | grep -q 'NEEDED.*\[libnetport\.so\.0\]'; }
needs_soname() { use_installed g++ "$out/main.cc" "$out/again.cc" && soname; }
try "a shared user needs libnetport.so.0" needs_soname
try "libnetport is uninstalled" env DESTDIR="$root" "$TESTBED/install.sh" lib-uninstall
nothing_left() { [ -z "$(find "$root" ! -type d)" ]; }
try "and nothing is left of it" nothing_left
echo "1..$n"
