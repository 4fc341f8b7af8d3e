# SPDX-License-Identifier: GPL-2.0
# Sourced by every script here: where things are, messages, packages, disk.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
export LC_ALL=C

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
TESTBED=$TOP/tools/testbed
BUILD=$TOP/build
LOG=$BUILD/log
CACHE=${NETPORT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netport}
JOBS=${JOBS:-$(nproc)}

# Tiers that run on the kernel of another: which, and what kbuild is told for the modules. Those
# that it's told something are built in a directory of their own, build/TIER; the others share
# that of the kernel.
declare -A TIER_KERNEL=([icount]=6.1 [bpftrace]=6.1 [coverage]=debug [kcov]=debug)
declare -A TIER_KBUILD=([coverage]=GCOV_PROFILE=y [kcov]=KCOV_INSTRUMENT=y)
kernel_of() { echo "${TIER_KERNEL[$1]:-$1}"; }
build_of() { [ -n "${TIER_KBUILD[$1]:-}" ] && echo "$1" || kernel_of "$1"; }

# These scripts start kernel builds of their own: nothing of the caller's
# make, and no cross-compile setting, may leak into them.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
unset ARCH SUBARCH CROSS_COMPILE KDIR KBUILD_OUTPUT O M CC LLVM KCFLAGS LOCALVERSION

say() { printf '%s\n' "$*" >&2; }
die() { say "netport: $*"; exit 1; }

# step WHAT CMD... - run CMD, say WHAT and how long it took.
step() {
	local what=$1 start=$SECONDS
	shift
	say "  $what ..."
	"$@" || return
	say "  $what: $((SECONDS - start)) s"
	[ -z "${TIMES:-}" ] || printf '%s\t%s\n' "$((SECONDS - start))" "$what" >>"$TIMES"
}

# quiet LOGFILE CMD... - keep the output in LOGFILE, show its end on failure.
quiet() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null && return
	tail -n 25 "$log" >&2
	say "netport: failed: $* (log: $log)"
	return 1
}

have_pkg() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
		install --no-install-recommends "$@"
}

apt_update() {
	as_root apt-get -qq -o Acquire::Retries=3 update
}

# apt_download PACKAGE... - Debian's packages, to the current directory.
apt_download() {
	rm -f ./*.deb
	apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download "$@"
}

# fetch NAME WHAT DIR COMMAND... - have it download the packages of WHAT to DIR, with newer lists
# of packages if it takes that; DIR is the current directory then.
fetch() {
	local log=$LOG/$1.log what=$2
	mkdir -p "$LOG" "$3"
	cd "$3" || return
	shift 3
	"$@" >"$log" 2>&1 && return
	quiet "$LOG/apt-update.log" apt_update || die "apt-get update failed"
	quiet "$log" "$@" || die "cannot download $what"
}

# newest GLOB - the newest by version of the paths that match, or nothing.
newest() {
	compgen -G "$1" | sort -V | tail -n 1 || true
}

# need PACKAGE... - have the packages, or install them, or say how.
need() {
	local p missing=()

	command -v apt-get >/dev/null ||
		die "this target needs a Debian machine (no apt-get here)"
	[ "$(dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed)" != $# ] ||
		return 0
	for p; do
		have_pkg "$p" || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null &&
	   ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
		die "please install what is missing: apt-get install ${missing[*]}"
	fi
	say "  installing: ${missing[*]}"
	need_space / 1500 "installing packages"
	if ! quiet "$LOG/apt.log" apt_install "${missing[@]}" 2>/dev/null; then
		quiet "$LOG/apt-update.log" apt_update || die "apt-get update failed"
		quiet "$LOG/apt.log" apt_install "${missing[@]}" ||
			die "please install what is missing: apt-get install ${missing[*]}"
	fi
}

# need_space DIR MB WHY - refuse when DIR's file system has less than MB free.
need_space() {
	local d=$1 free

	while [ ! -d "$d" ]; do
		d=$(dirname "$d")
	done
	free=$(df -Pm "$d" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "not enough disk space: $3 needs $2 MB in $d, which has $free MB free"
}
