#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# modules.sh BUILD [MAKE-ARGUMENT...] - build netport.ko and its companions in build/BUILD/src:
# for the kernel of that name (kernel.sh), or as TIER_KBUILD has it (lib.sh).
#
# The sources are copied there first: one tree serves many kernels.
. "$(dirname "$0")/lib.sh"

name=$1
shift
need make gcc libc6-dev rsync kmod perl libelf1
kernel=$("$TESTBED/kernel.sh" "$(kernel_of "$name")")
dst=$BUILD/$name/src
mkdir -p "$dst" "$LOG"
case $name in
clang) compiler=clang ;;
*)     compiler=gcc ;;
esac
# What was built for another kernel of that name, or by another compiler, looks up to date,
# and is not.
made_of="$kernel $($compiler --version | head -n 1)"
if [ "$(cat "$dst/.kernel" 2>/dev/null)" != "$made_of" ]; then
	rm -rf "$dst"
	mkdir -p "$dst"
	echo "$made_of" >"$dst/.kernel"
fi

parts=(Kbuild)
for part in module uapi kunit tools/selftests/modules tools/bench/modules samples; do
	[ ! -d "$TOP/$part" ] || parts+=("$part")
done

# --delete, so that a file removed from the project does not live on there.  By contents: what
# differs becomes newer than what was built of it, however old it is.
changes=$(cd "$TOP" && rsync -rlpciR --delete --delete-excluded \
	--filter='P *.o' --filter='P *.ko' --filter='P *.cmd' --filter='P *.mod' \
	--filter='P *.mod.c' --filter='P *.gcno' --filter='P *.d' --filter='P *.symvers*' \
	--filter='P modules.order' --filter='P /.kernel' --filter='P /.built' \
	--filter='- *.ko' --filter='- *.o' --filter='- .*.cmd' \
	"${parts[@]}" "$dst/")

# make takes seconds for each directory to find out that there is nothing to do.
[ -n "$changes" ] || [ $# -gt 0 ] || [ ! -e "$dst/.built" ] || exit 0
rm -f "$dst/.built"

# Debian's kernels would have them built with what a debugger needs, which is a fifth of the work.
# shellcheck disable=SC2206
args=(-j"$JOBS" W=1 KCFLAGS='-Werror -g0' ${TIER_KBUILD[$name]:-})
case $name in
uml)   args+=(ARCH=um) ;;
clang) args+=(LLVM=1 KBUILD_MODPOST_WARN=1) ;;
esac
[ "${V:-0}" != 1 ] || args+=(V=1)

# The messages name the project's own files, not their copies.
build() {
	make -C "$kernel/tree" "${args[@]}" "$@" 2>&1 |
		sed -u -e "s|$dst/||g" -e '/^make\(\[[0-9]*\]\)\?: \(Entering\|Leaving\) /d' \
			-e '/Skipping BTF generation/d'
}

log=$LOG/modules-$name.log
# Modules that use netport, which UML has not: of the selftests, make bench, and the samples.
users() {
	local dir
	[ "$name" != uml ] || return 0
	for dir in "$dst"/tools/*/modules "$dst"/samples/*/; do
		dir=${dir%/}
		[ -e "$dir/Kbuild" ] || continue
		# The build doesn't see that what it was linked against is another now.
		[ "$dir/Module.symvers" -nt "$dst/Module.symvers" ] || rm -f "$dir/Module.symvers"
		build M="$dir" KBUILD_EXTRA_SYMBOLS="$dst/Module.symvers" "$@" modules || return
	done
}
{
	build M="$dst" "$@" modules && users "$@"
} >"$log" || { grep -vE '^  [A-Z]+ ' "$log" >&2; die "the modules do not build for kernel $name"; }
[ "${V:-0}" != 1 ] || cat "$log" >&2
# What -Werror does not reach: modpost.
if grep -A6 -iE 'warning:' "$log" >&2 && [ "$name" != clang ]; then
	rm -rf "$dst"			# or it would look up to date the next time
	die "the modules build with warnings for kernel $name"
fi
[ $# -gt 0 ] || touch "$dst/.built"
