#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# abi.sh check|accept - is what the library exports, and what its header and the uapi header
# say, still what tools/libnetport/abi has recorded?  What was there must be as it was; what is
# new must be recorded, which accept does.
. "$(dirname "$0")/../testbed/lib.sh"

need gcc libc6-dev dwarves binutils
cd "$TOP"
record=tools/libnetport/abi
out=$BUILD/abi
"$TESTBED/user.sh" lib
mkdir -p "$out"

# prototypes FILE - of the functions whose names come on stdin, "NAME[@VERSION]": without the
# parameters' names.
prototypes() {
	awk '
	FNR == NR { full[$1] = $1; sub(/@.*/, "", full[$1]); name[full[$1]] = $1; next }
	match($0, /netport_[a-z_]+\(/) {
		f = substr($0, RSTART, RLENGTH - 1)
		if (!(f in name))
			next
		returns = substr($0, 1, RSTART - 1)
		sub(/^(static )?(inline )?/, "", returns)
		args = substr($0, RSTART + RLENGTH)
		sub(/\);$/, "", args)
		n = split(args, arg, /, */)
		args = ""
		for (i = 1; i <= n; i++) {
			gsub(/ +/, " ", arg[i])
			if (arg[i] != "void")
				sub(/ ?[a-z_0-9]+$/, "", arg[i])
			args = args (i > 1 ? ", " : "") arg[i]
		}
		sub(/ +$/, "", returns)
		print name[f], returns, "(" args ")"
	}' - <(pfunct -P "$1") | sort -u
}

functions() {
	nm -D --with-symbol-versions --defined-only "$BUILD/lib/libnetport.so.0" |
		awk '$2 == "T" { print $3 }' | prototypes "$BUILD/lib/libnetport.so.0" |
		sed 's/^/function /'
}

# Those are compiled into their callers: here for the sake of who compiles again.
inlines() {
	echo '#include <netport.h>' >"$out/inline.c"
	gcc -g -fkeep-inline-functions "${include[@]}" -c -o "$out/inline.o" "$out/inline.c"
	nm "$out/inline.o" | awk '$2 == "t" { print $3 }' | prototypes "$out/inline.o" |
		sed 's/^/inline /'
}

callbacks() {
	sed -nE 's/^typedef (.*) (netport_[a-z_]+)\((.*)\);/callback \2 \1 (\3)/p' \
		tools/libnetport/netport.h
}

structs() {
	echo '#include <netport.h>' >"$out/struct.c"
	gcc -g -fno-eliminate-unused-debug-types "${include[@]}" -c -o "$out/struct.o" "$out/struct.c"
	pahole "$out/struct.o" | sed 's/ __attribute__((.*))//' | awk '
	/^struct netport_/ { s = $2 }
	/^}/ { s = "" }
	!s { next }
	/\/\* size: / { sub(/,/, "", $3); print "struct", s, $3 }
	/;.*\/\* +[0-9]+ +[0-9]+ \*\// {
		size = $(NF - 1); offset = $(NF - 2)
		sub(/;.*/, "")
		field = $NF; type = $1
		for (i = 2; i < NF; i++)
			type = type " " $i
		if (match(field, /\[.*/)) {
			type = type substr(field, RSTART)
			field = substr(field, 1, RSTART - 1)
		}
		print "field", s "." field, offset, size, type
	}'
}

constants() {
	local name
	{
		echo '#include <netport.h>'
		echo '#include <stdio.h>'
		echo 'int main(void) {'
		gcc -E -dM "${include[@]}" "$out/struct.c" |
			sed -nE 's/^#define (NETPORT_[A-Z0-9_]+) (.*)/\1 \2/p' | sort |
			while read -r name value; do
				case $name:$value in
				*:\"*)	echo "printf(\"constant $name \\\"%s\\\"\\n\", $name);" ;;
				*:_IO*)	echo "printf(\"command $name %#x %u\\n\"," \
						"(unsigned int)_IOC(_IOC_DIR($name), _IOC_TYPE($name)," \
						"_IOC_NR($name), 0), _IOC_SIZE($name));" ;;
				*)	echo "printf(\"constant $name %#llx\\n\"," \
						"(unsigned long long)$name);" ;;
				esac
			done
		echo 'return 0; }'
	} >"$out/constant.c"
	gcc "${include[@]}" -o "$out/constant" "$out/constant.c"
	"$out/constant"
}

include=(-Iuapi -Itools/libnetport)
{ functions; inlines; callbacks; structs; constants; } | sort >"$out/now"
[ -s "$record" ] || die "$record is missing"

# What goes on stdout is what differs; 1 if it breaks callers, 2 if it is only new.
awk -f tools/libnetport/abi.awk "$record" "$out/now" | sort && status=0 || status=$?
case ${1-}:$status in
check:0)
	;;
accept:[02])
	{ sed -n '/^#/p' "$record"; cat "$out/now"; } >"$out/record"
	cp "$out/record" "$record"
	;;
check:2)
	die "not in $record yet, which has what callers may rely on: make abi-accept"
	;;
*:1)
	die "this breaks callers; if it's meant to, take what is broken out of $record by hand"
	;;
*)
	die "abi.sh: check or accept?"
	;;
esac
