#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh [PATTERN...] - measure the rows (all, or those whose keys match a glob) in one
# boot of Debian's 6.1 on a machine whose clock counts instructions; a table to stdout, and
# build/bench.json.
. "$(dirname "$0")/../testbed/lib.sh"
set -f				# patterns aren't for the shell

BENCH=$TOP/tools/bench
name=6.1
need qemu-system-x86 busybox-static cpio netbase make gcc libc6-dev rsync kmod mawk xz-utils \
	perl libelf1 golang-go golang-gvisor-gvisor-dev
"$TESTBED/kernel.sh" --is-cached "$name" || "$TESTBED/space.sh" run
kernel=$("$TESTBED/kernel.sh" "$name")
mkdir -p "$BUILD" "$LOG"
exec {lock}>"$BUILD/$name.lock"
flock "$lock"

"$TESTBED/modules.sh" "$name"
"$TESTBED/user.sh" bench
(cd "$BENCH" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOPROXY=off \
	GOCACHE=$BUILD/go CGO_ENABLED=0 go build -o "$BUILD/user/bench/gvisor" gvisor/main.go) ||
	die "gVisor's PortManager does not build"

root=$(mktemp -d "$BUILD/$name/bench.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir "$root/bench"
cp -a "$BUILD/user/bench/." "$BENCH/guest.sh" "$root/bench/"
mawk -F ' *[|] *' -v patterns="${*:-*}" -f "$BENCH/plan.awk" "$BENCH/rows" \
	>"$root/bench/plan" || die "no row matches ${*:-*} (see tools/bench/rows)"

out=$BUILD/$name/initrd-bench
MODE=run JOB='sh /bench/guest.sh' EXTRA=$root "$TESTBED/initrd.sh" "$name" "$out"
version=$(cat "$kernel/release")
say "  measuring $(wc -l <"$root/bench/plan") figures on $version"
start=$SECONDS
ICOUNT=1 MEM=${MEM:-3G} TIMEOUT=${TIMEOUT:-3600} \
	"$TESTBED/vm.sh" "$name" "$out" "$LOG/bench.console" 2>>"$LOG/bench.vm" |
	tee "$LOG/bench.tap" |
	mawk -W interactive -v kernel=bench -v result="$LOG/bench.result" \
		-v console="$LOG/bench.console" -v machine=1 -f "$TESTBED/report.awk" |
	tee "$LOG/bench.report" >&2 || die "the machine is not well: $LOG/bench.console"
say "  measured in $((SECONDS - start)) s"

mawk -v rows="$BENCH/rows" -v json="$BUILD/bench.json" -v kernel="$version" \
	-f "$BENCH/table.awk" "$LOG/bench.report"
