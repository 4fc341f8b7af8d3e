#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh [PATTERN...] - measure the rows (all, or those whose keys match a glob): in one boot
# of Debian's 6.1 on a machine whose clock counts instructions, and what several CPUs do by wall
# clock.  A table to stdout, and build/bench.json.
. "$(dirname "$0")/../testbed/lib.sh"

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
cp -a "$BUILD/user/bench/." "$BENCH/guest.sh" "$BENCH/guest-scale.sh" "$root/bench/"
version=$(cat "$kernel/release")
start=$SECONDS

# plan ratio|others - what is to be measured of the rows with that unit.
plan() {
	mawk -F ' *[|] *' -v patterns="${patterns:-*}" -v part="$1" -f "$BENCH/plan.awk" \
		"$BENCH/rows" >"$root/bench/plan"
	[ -s "$root/bench/plan" ]
}

# boot SCRIPT NAME - run the plan by the script in the machine; results to build/log/NAME.report.
boot() {
	local script=$1 run=$2 out=$BUILD/$name/initrd-bench
	MODE=run JOB="sh /bench/$script" EXTRA=$root "$TESTBED/initrd.sh" "$name" "$out"
	TIMEOUT=${TIMEOUT:-3600} "$TESTBED/vm.sh" "$name" "$out" "$LOG/$run.console" \
		2>>"$LOG/$run.vm" |
		tee "$LOG/$run.tap" |
		mawk -W interactive -v kernel="$run" -v result="$LOG/$run.result" \
			-v console="$LOG/$run.console" -v machine=1 -f "$TESTBED/report.awk" |
		tee "$LOG/$run.report" >&2 || die "the machine is not well: $LOG/$run.console"
}

reports=()
patterns=$*
if plan others; then
	say "  $(wc -l <"$root/bench/plan") figures by counting instructions, on $version"
	ICOUNT=1 MEM=${MEM:-3G} boot guest.sh bench
	reports+=("$LOG/bench.report")
fi
for cpus in 2 4; do
	plan "ratio cpus$cpus" || continue
	if [ "$(nproc)" -lt "$cpus" ]; then
		say "  not measured: $cpus CPUs, of which this machine has $(nproc)"
		continue
	fi
	say "  $(wc -l <"$root/bench/plan") figures by wall clock with $cpus CPUs, on $version"
	SMP=$cpus boot guest-scale.sh "bench-cpus$cpus"
	reports+=("$LOG/bench-cpus$cpus.report")
done
if plan python; then
	say "  $(wc -l <"$root/bench/plan") figures likewise, with Python"
	python=$("$TESTBED/python.sh")
	cp -a "$python/." "$root/"
	cp "$BENCH/portserver.py" "$root/bench/"
	ICOUNT=1 boot guest.sh bench-python
	reports+=("$LOG/bench-python.report")
fi
[ ${#reports[@]} -gt 0 ] || die "nothing to measure for ${patterns:-*} (see tools/bench/rows)"
say "  measured in $((SECONDS - start)) s"

mawk -v rows="$BENCH/rows" -v json="$BUILD/bench.json" -v kernel="$version" \
	-v date="$(date -u +%F)" \
	-v method="instructions retired (QEMU TCG, -icount shift=0, 1 CPU, -cpu max), medians; ratios by wall clock (TCG, a thread for each CPU)" \
	-f "$BENCH/table.awk" "${reports[@]}"
