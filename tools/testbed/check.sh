#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh - everything that is found without running: warnings on each
# kernel's headers (W=1, gcc and clang, PREEMPT_RT too), sparse, checkpatch,
# kernel-doc, the man pages, what the documents promise. Says so in TAP.
. "$(dirname "$0")/lib.sh"

need sparse clang lld llvm perl
cd "$TOP"
tools=$("$TESTBED/kernel.sh" tools)
out=$BUILD/check
mkdir -p "$out" "$LOG"
n=0

# What has been clean and is unchanged isn't looked at again: one line each in build/check/clean,
# with what it was looked at with and what it was.  `make clean` forgets all.
touch "$out/clean"
mapfile -t lines <"$out/clean"
declare -A was_clean=()
for line in "${lines[@]}"; do
	was_clean[$line]=1
done
: >"$out/clean.new"
unchanged() { [ -n "${was_clean[$1]:-}" ] && echo "$1" >>"$out/clean.new"; }
is_clean() { printf '%s\n' "$@" | tee -a "$out/clean" >>"$out/clean.new"; }

# digest FILE... - one hash of all of them and of their names.
digest() { sha256sum "$@" | sha256sum | cut -c1-16; }
all_below() { find "$@" -type f ! -name '*.ko' ! -name '*.o' ! -name '.*' | sort; }

try() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >"$out/log" 2>&1 </dev/null; then
		echo "ok $n $name"
	else
		cat "$out/log"
		echo "not ok $n $name"
		return 1
	fi
}

# try_changed DIGEST NAME COMMAND... - likewise, unless that has been clean already.
try_changed() {
	local line="$2: $1"
	shift
	if unchanged "$line"; then
		n=$((n + 1))
		echo "ok $n $1 # as when it was clean"
	else
		! try "$@" || is_clean "$line"
	fi
}

# No file that has warnings is up to date for modules.sh, so that all are seen.
build() {
	local lock status=0
	exec {lock}>"$BUILD/$1.lock"
	flock "$lock"
	"$TESTBED/modules.sh" "$@" || status=$?
	exec {lock}>&-
	return $status
}
sparse() { build "$1" C=2 CF=-Wsparse-error; }

for kernel in 6.1 6.12 6.1-rt 6.12-rt clang; do
	try "W=1 $kernel" build "$kernel" || true
done
mapfile -t files < <(all_below Kbuild module uapi kunit tools/selftests/modules)
sources=$(digest "${files[@]}" "$(type -P sparse)" "$TESTBED"/{check,modules}.sh)
for kernel in 6.1 6.12; do
	where=$("$TESTBED/kernel.sh" "$kernel")
	try_changed "${where##*/} $sources" "sparse $kernel" sparse "$kernel"
done

# What checkpatch says of any code outside the kernel's own tree, and no more.
outside=FILE_PATH_CHANGES		# MAINTAINERS is not ours
outside+=,LINUX_VERSION_CODE		# one header bridges 6.1 and 6.12
outside+=,CONSTANT_COMPARISON		# which takes KERNEL_VERSION() for a constant
# In the module: initialisers and loops made by a macro use an argument twice; and what exports
# into our namespace is defined somewhere; and what is asked of a lock isn't whether we have it.
module=$outside,MACRO_ARG_REUSE,EXPORT_SYMBOL,USE_LOCKDEP
# Tracepoints have a form of their own; and what they have in common are fields and assignments.
trace=$module,COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,OPEN_ENDED_LINE
trace+=,PARENTHESIS_ALIGNMENT
# In a uapi header: BIT() is the kernel's own.
uapi=$outside,BIT_MACRO
kunit=$outside,MACRO_ARG_REUSE
# In samples: a table of functions is a macro that makes members and calls.
samples=$module,COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,MACRO_ARG_PRECEDENCE
# In programs: the harness's macros flow and look like functions; libc has no strscpy.
programs=$outside,BIT_MACRO,CAMELCASE,NEW_TYPEDEFS,STRCPY,PREFER_KERNEL_TYPES
programs+=,COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_WITH_FLOW_CONTROL,PARENTHESIS_ALIGNMENT
programs+=,EMBEDDED_FUNCTION_NAME,EMBEDDED_FILENAME

run_checkpatch() {
	perl "$tools/checkpatch.pl" --no-tree --strict --no-summary --terse --show-types \
		--ignore "$1" -f "${@:2}"
}

# checkpatch NAME IGNORED DIRECTORY... - of each file, since it takes its time.
checkpatch() {
	local name=$1 ignored=$2 files rules sum file line changed=() lines=()
	shift 2
	mapfile -t files < <(find "$@" -name '*.[ch]' | sort)
	[ ${#files[@]} -gt 0 ] || return 0
	rules=$(echo "$ignored" | digest - "$tools"/{checkpatch.pl,spelling.txt,const_structs.checkpatch})
	while read -r sum file; do
		line="checkpatch $file: $rules $sum"
		unchanged "$line" || { changed+=("$file"); lines+=("$line"); }
	done < <(sha256sum "${files[@]}")
	name="checkpatch --strict: $name (${#files[@]} files)"
	if [ ${#changed[@]} = 0 ]; then
		n=$((n + 1))
		echo "ok $n $name # as when they were clean"
	else
		! try "$name" run_checkpatch "$ignored" "${changed[@]}" || is_clean "${lines[@]}"
	fi
}
checkpatch module "$module" module tools/selftests/modules tools/bench/modules ! -name trace.h
checkpatch tracepoints "$trace" module/trace.h
checkpatch uapi "$uapi" uapi
checkpatch kunit "$kunit" kunit
checkpatch samples "$samples" samples/*/netport_*.c
checkpatch programs "$programs" tools/*/*.[ch] tools/fuzz/kcov samples/*/[!n]*.[ch]

kernel_doc() {
	perl "$tools/kernel-doc" -none -Werror "$@"
}
mapfile -t documented < <(find module uapi tools/libnetport/netport.h -name '*.[ch]' | sort)
try_changed "$(digest "$tools/kernel-doc" "${documented[@]}")" \
	"kernel-doc (${#documented[@]} files)" kernel_doc "${documented[@]}"

try "bash completion" tools/transcript/completion.sh || true

# The README's programs are the ones that the tests compile and run.
in_readme() {
	[[ "$(cat README.md)" == *"$(grep -v SPDX-License "$1")"* ]]
}
for example in $(compgen -G 'tools/example/*.c') samples/minimal/*.c; do
	try "README.md has $example" in_readme "$example" || true
done

man_pages() { "$TESTBED/man.sh" build && "$TESTBED/man.sh" "$1"; }
try "man pages: man --warnings, mandoc -T lint" man_pages lint || true
try "man pages: what they refer to" man_pages references || true
try "man pages: examples are run as they are shown" man_pages examples || true
try "netport(1) has what --help says" "$TESTBED/man.sh" help || true
try "libnetport(3) has the library's functions" "$TESTBED/man.sh" library || true
try "netport(4) has the header's commands and errors" "$TESTBED/man.sh" device || true
try "netport(7) has the module's names" "$TESTBED/man.sh" admin || true
try "promises name tests that are there" "$TESTBED/promises.sh" || true
try "mutants change what is there" tools/fuzz/mutants.sh --check || true

spdx() {
	local f bad=0
	while read -r f; do
		[ ! -f "$f" ] || head -n 3 "$f" | grep -q SPDX-License-Identifier || { echo "$f: no SPDX line"; bad=1; }
	done < <(find Kbuild Kconfig Makefile module uapi kunit tools samples .ci -type f \
		! -name '*.md' ! -path '*/guest/passwd' ! -path '*/guest/group' ! -path '*/guest/motd')
	return $bad
}
try "SPDX lines" spdx || true
mv "$out/clean.new" "$out/clean"
echo "1..$n"
