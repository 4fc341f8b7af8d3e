# SPDX-License-Identifier: GPL-2.0
# Sourced after source.sh: kernels built from Debian's kernel source.
#
# A finished kernel is a directory of the cache, named by the source's version
# and a hash of the configuration:
#   kernel    the image (bzImage, or the UML program); clang has none
#   tree/     what building modules needs, the kernel's sources apart
#   release   what uname -r says in it
# shellcheck shell=bash

built_fragments() {
	case $1 in
	uml)   set -- uml quick ;;
	debug) set -- x86 debug quick ;;
	kcsan) set -- x86 kcsan ;;
	clang) set -- x86 ;;
	*)     die "no such kernel: $1" ;;
	esac
	printf "$TESTBED/config/%s.config\n" "$@"
}

# built_cached NAME - print NAME's directory in the cache, if it is there.
built_cached() {
	local version
	version=$(source_version)
	# shellcheck disable=SC2046
	newest "$CACHE/kernel-$1-${version:-*}-$(config_key $(built_fragments "$1"))"
}

# merge_fragments FILE... - one line a symbol, the last one given wins.
merge_fragments() {
	awk -F= '/^CONFIG_/ { v[$1] = $2 } END { for (s in v) print s "=" v[s] }' "$@" | sort
}

# configure SRC OBJ FRAGMENT MAKE-ARGUMENT... - tinyconfig and the fragment;
# every symbol of the fragment must have taken.
configure() {
	local src=$1 obj=$2 fragment=$3 line bad=0
	shift 3

	mkdir -p "$obj"
	make -s -C "$src" O="$obj" "$@" KCONFIG_ALLCONFIG="$fragment" tinyconfig
	(cd "$src" && scripts/kconfig/merge_config.sh -m -O "$obj" "$obj/.config" "$fragment")
	make -s -C "$src" O="$obj" "$@" olddefconfig
	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$obj/.config" ;;
		*)   grep -qxF -- "$line" "$obj/.config" ;;
		esac || { echo "did not take: $line"; bad=1; }
	done <"$fragment"
	return "$bad"
}

# keep_tree SRC OBJ DEST MAKE-ARGUMENT... - copy what module builds need.
keep_tree() {
	local src=$1 obj=$2 dest=$3 f
	shift 3

	[ -e "$obj/Module.symvers" ] || : >"$obj/Module.symvers"
	# shellcheck disable=SC2016
	make -s -C "$src" O="$obj" "$@" run-command \
		KBUILD_RUN_COMMAND='+$(srctree)/scripts/package/install-extmod-build '"$dest"
	cp "$obj/.config" "$dest/"
	case " $* " in
	*" ARCH=um "*)
		# UML leans on arch/x86: its makefiles and headers.
		(cd "$src" && find arch/x86 arch/um \( -name 'Makefile*' -o -name 'Kconfig*' \
			-o -name '*.h' -o -name '*.tbl' \) -type f -print0) |
			tar -C "$src" --null -T - -cf - | tar -C "$dest" -xf -
		for f in arch/x86/include/generated arch/um/include/generated; do
			[ ! -d "$obj/$f" ] || rsync -a "$obj/$f" "$dest/${f%/*}/"
		done
		;;
	esac
}

# build_kernel NAME - configure, build and keep kernel NAME; print its directory.
build_kernel() {
	local name=$1 src obj tmp entry image args=()

	need "${BUILD_PKGS[@]}"
	src=$(source_tree)
	obj=$src/obj-$name		# below the source: paths stay relative for ccache
	# shellcheck disable=SC2046
	entry=$CACHE/kernel-$name-$(source_version)-$(config_key $(built_fragments "$name"))
	rm -rf "$CACHE/tmp.$name".*	# of a run that was interrupted
	tmp=$(mktemp -d "$CACHE/tmp.$name.XXXXXX")
	# What it has not seen isn't preprocessed a second time.
	[ ! -d /usr/lib/ccache ] || export PATH=/usr/lib/ccache:$PATH CCACHE_DEPEND=1

	case $name in
	uml)   args=(ARCH=um); image=linux ;;
	debug|kcsan) args=(ARCH=x86_64); image=arch/x86/boot/bzImage ;;
	clang) args=(ARCH=x86_64 LLVM=1); image= ;;
	esac
	# A fragment may tell make how to compile what is the kernel's own, and no module's.
	# shellcheck disable=SC2046
	mapfile -O ${#args[@]} -t args < <(grep -h '^CFLAGS_KERNEL=' $(built_fragments "$name"))
	# shellcheck disable=SC2046
	merge_fragments $(built_fragments "$name") >"$tmp/fragment"
	quiet "$LOG/kernel-$name-config.log" configure "$src" "$obj" "$tmp/fragment" "${args[@]}" ||
		die "the configuration of kernel $name did not take"
	if [ -n "$image" ]; then
		quiet "$LOG/kernel-$name.log" \
			make -C "$src" O="$obj" "${args[@]}" -j"$JOBS" || die "kernel $name did not build"
		cp "$obj/$image" "$tmp/kernel"
		cp "$obj/System.map" "$tmp/"
	else
		# No image, no list of symbols: modpost only warns about them.
		quiet "$LOG/kernel-$name.log" \
			make -C "$src" O="$obj" "${args[@]}" -j"$JOBS" modules_prepare ||
			die "kernel $name did not build"
	fi
	quiet "$LOG/kernel-$name-tree.log" \
		keep_tree "$src" "$obj" "$tmp/tree" "${args[@]}" || die "kernel $name: cannot keep its tree"
	cp "$obj/include/config/kernel.release" "$tmp/release"
	rm -rf "$obj" "$entry"
	mv -T "$tmp" "$entry"
}
