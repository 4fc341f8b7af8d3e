#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh - everything that is found without running: warnings on each
# kernel's headers (W=1, gcc and clang, PREEMPT_RT too), sparse, checkpatch,
# kernel-doc. Says so in TAP.
. "$(dirname "$0")/lib.sh"

need sparse clang lld llvm perl
cd "$TOP"
tools=$("$TESTBED/kernel.sh" tools)
out=$BUILD/check
mkdir -p "$out" "$LOG"
n=0

try() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >"$out/log" 2>&1 </dev/null; then
		echo "ok $n $name"
	else
		cat "$out/log"
		echo "not ok $n $name"
	fi
}

# From clean: a warning shows only when the file is compiled.
from_clean() {
	local lock
	exec {lock}>"$BUILD/$1.lock"
	flock "$lock"
	rm -rf "${BUILD:?}/$1/src"
	"$TESTBED/modules.sh" "$@"
	exec {lock}>&-
}
sparse() { "$TESTBED/modules.sh" "$1" C=2 CF=-Wsparse-error; }

for kernel in 6.1 6.12 6.1-rt 6.12-rt clang; do
	try "W=1 $kernel" from_clean "$kernel"
done
for kernel in 6.1 6.12; do
	try "sparse $kernel" sparse "$kernel"
done

# What checkpatch says of any code outside the kernel's own tree, and no more.
outside=FILE_PATH_CHANGES		# MAINTAINERS is not ours
outside+=,LINUX_VERSION_CODE		# one header bridges 6.1 and 6.12
outside+=,CONSTANT_COMPARISON		# which takes KERNEL_VERSION() for a constant
# In the module: initialisers and loops made by a macro use an argument twice; and what exports
# into our namespace is defined somewhere.
module=$outside,MACRO_ARG_REUSE,EXPORT_SYMBOL
# In a uapi header: BIT() is the kernel's own.
uapi=$outside,BIT_MACRO
kunit=$outside,MACRO_ARG_REUSE
# In programs: the harness's macros flow and look like functions; libc has no strscpy.
programs=$outside,BIT_MACRO,CAMELCASE,NEW_TYPEDEFS,STRCPY,PREFER_KERNEL_TYPES
programs+=,COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_WITH_FLOW_CONTROL,PARENTHESIS_ALIGNMENT
programs+=,EMBEDDED_FUNCTION_NAME

# checkpatch NAME IGNORED DIRECTORY...
checkpatch() {
	local name=$1 ignored=$2 files
	shift 2
	mapfile -t files < <(find "$@" -name '*.[ch]' | sort)
	[ ${#files[@]} = 0 ] || try "checkpatch --strict: $name (${#files[@]} files)" \
		perl "$tools/checkpatch.pl" --no-tree --strict --no-summary --terse --show-types \
		--ignore "$ignored" -f "${files[@]}"
}
checkpatch module "$module" module tools/selftests/modules
checkpatch uapi "$uapi" uapi
checkpatch kunit "$kunit" kunit
checkpatch programs "$programs" tools/*/*.[ch]

kernel_doc() {
	perl "$tools/kernel-doc" -none -Werror "$@"
}
mapfile -t documented < <(find module uapi -name '*.[ch]' | sort)
try "kernel-doc (${#documented[@]} files)" kernel_doc "${documented[@]}"

# The README's programs are the ones that the tests compile and run.
in_readme() {
	[[ "$(cat README.md)" == *"$(grep -v SPDX-License "$1")"* ]]
}
for example in $(compgen -G 'tools/example/*.c'); do
	try "README.md has $example" in_readme "$example"
done

spdx() {
	local f bad=0
	while read -r f; do
		[ ! -f "$f" ] || head -n 3 "$f" | grep -q SPDX-License-Identifier || { echo "$f: no SPDX line"; bad=1; }
	done < <(find Kbuild Makefile module uapi kunit tools .ci -type f \
		! -name '*.md' ! -path '*/guest/passwd' ! -path '*/guest/group' ! -path '*/guest/motd')
	return $bad
}
try "SPDX lines" spdx
echo "1..$n"
