# SPDX-License-Identifier: GPL-2.0
# The steps of init, see there. Sourced by it; busybox sh.

DEBUGFS=/sys/kernel/debug
KMEMLEAK=$DEBUGFS/kmemleak

# What a kernel says when something is wrong with it.
SPLAT='(^|[^A-Z_])BUG[: ]|WARNING: |INFO: |KASAN: |KCSAN: |UBSAN: |ODEBUG: |Oops|cut here'
SPLAT="$SPLAT|suspicious RCU|possible (circular|recursive|irq)|inconsistent lock state"
SPLAT="$SPLAT|lock held when|held lock freed|bad unlock balance|Invalid wait context"
SPLAT="$SPLAT|scheduling while atomic|sleeping function|stalls? on CPU|self-detected stall"
SPLAT="$SPLAT|blocked for more than|soft lockup|hard LOCKUP|general protection fault"
SPLAT="$SPLAT|[Uu]nable to handle|refcount_t: |corruption|Objects remaining|unreferenced object"
SPLAT="$SPLAT|leaked|ref_tracker|waiting for .* to become free"
SPLAT="$SPLAT|page allocation failure|Bad page|segfault at|Kernel panic"

finish() {
	sync
	exec 3>&-
	sleep 0.2 2>/dev/null || sleep 1	# let the last words out
	grep -q '^vendor_id.*User Mode Linux' /proc/cpuinfo && poweroff -f
	reboot -f
}

# QEMU's emulator (7.2) may go on with what it has translated of an instruction that the kernel has
# changed on another CPU meanwhile: "Oops: int3" in the middle of a function. With a busy CPU
# beside it some hundred changes are enough. So what is in everybody's way is changed once, now: the
# code for memory cgroups is there as long as one is; and a traced event shall not have each switch
# of tasks traced as well, to know their names.
change_code() {
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control && mkdir /sys/fs/cgroup/testbed
	mount -t tracefs tracefs /sys/kernel/tracing &&
		echo 0 >/sys/kernel/tracing/options/record-cmd
} 2>/dev/null

mark_log() {
	if [ -e $KMEMLEAK ]; then
		echo clear >$KMEMLEAK
	fi
	echo "netport testbed: start" >/dev/kmsg
}

# KCSAN tells of every race that it sees, and the kernel has many: ours are those with the
# module's name in a trace, but for what is the kernel's however it was called: who is woken by
# poll() says that it isn't any more, while somebody else wakes it.
our_log() {
	dmesg | sed '1,/netport testbed: start/d' | awk '
		/BUG: KCSAN: / {
			race = 1; ours = 0; text = ""
			theirs = /poll_schedule_timeout/ && /pollwake/
		}
		!race { print; next }
		/\[netport/ { ours = !theirs }
		{ text = text $0 "\n" }
		/========/ { if (ours) printf "%s", text; race = 0 }
		END { if (race && ours) printf "%s", text }'
}

load_netport() {
	insmod /modules/netport.ko || return
	[ -c /dev/netport ] || { echo "no /dev/netport"; return 1; }
}

# parameters MODULE - those on the kernel's command line, for insmod doesn't look there.
parameters() {
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1\.//p"
}

# A CPU that is slow to start, since the host is busy, is left out by the kernel: it goes on, and
# what is for several CPUs is tested with fewer than it's for.
check_cpus() {
	local due there
	due=$(parameters testbed | sed -n 's/^cpus=//p')
	[ -n "$due" ] || return
	there=$(grep -c '^processor' /proc/cpuinfo)
	if [ "$there" = "$due" ]; then
		tell status cpus ok
	else
		tell status cpus "only $there of $due came up"
		dmesg | grep -iE 'smp|cpu ?#?[0-9]' | head -n 20 | sed 's/^/@text /' >&3
	fi
}

# The suites run as their module is loaded; their KTAP is in debugfs.
# run_kunit [FILTER] - those of which that is true.
run_kunit() {
	[ -n "$KUNIT_GLOB" ] || return
	[ -z "${1:-}" ] || echo -n "$1" >/sys/module/kunit/parameters/filter
	# shellcheck disable=SC2046
	insmod /modules/netport_kunit.ko $(parameters netport_kunit) ||
		{ tell status kunit-load FAILED; return; }
	# In one process: UML is slow at making them.
	awk 'FNR == 1 { n = split(FILENAME, dir, "/"); if (NR > 1) print "@end kunit 0"
			print "@begin kunit", dir[n - 1] }
		{ print }
		END { if (NR) print "@end kunit 0" }' $DEBUGFS/kunit/*/results >&3
}

# only PROGRAM GLOB - the harness options that select the tests that match.
only() {
	local name rest
	"/tests/$1" -l 2>&1 | while read -r line; do
		for name in $line; do :; done	# the last column is the test
		# shellcheck disable=SC2254
		case $name in
		$2) echo "-t $name" ;;
		esac
	done
}

# run_programs NAME... - NAME, or NAME/GLOB for some of its tests.
run_programs() {
	local p name glob opts
	for p; do
		name=${p%%/*}
		opts=
		if [ "$name" != "$p" ]; then
			glob=${p#*/}
			opts=$(only "$name" "$glob")
			[ -n "$opts" ] || continue
		fi
		tell begin program "$name"
		# shellcheck disable=SC2086
		timeout -s KILL "$PATIENCE" "/tests/$name" $opts </dev/null >&3 2>&1
		tell end program $?
	done
}

# An example says by its exit status whether it worked.
run_examples() {
	local p
	for p in $EXAMPLES; do
		tell begin example "$p"
		timeout -s KILL "$PATIENCE" "/examples/$p" </dev/null >&3 2>&1
		tell end example $?
	done
}

run_job() {
	tell begin job "$JOB"
	cd /root || return
	# shellcheck disable=SC2086
	sh -c "$JOB" </dev/null >&3 2>&1
	tell end job $?
}

run_shell() {
	cd /root || return
	stty -F /dev/ttyS1 sane
	cat /etc/motd >/dev/ttyS1
	setsid sh -c 'exec sh -l </dev/ttyS1 >/dev/ttyS1 2>&1'
}

# kmemleak doubles the time of what it looks on at. With many CPUs, that's what there are several
# CPUs for, cases of many threads (KUNIT_CASE_SLOW), and programs that see each way in which a call
# can fail; UML sees the rest of the cases. What is in UNWATCHED runs when it's off.
# shellcheck disable=SC2086
run_all() {
	if [ -z "$UNWATCHED" ]; then
		run_kunit
		run_programs $PROGRAMS
		run_examples
		check_rmmod
		check_leaks
		return
	fi
	run_kunit 'speed=slow'
	run_programs $PROGRAMS
	check_rmmod
	check_leaks
	echo off >$KMEMLEAK
	load_netport || { tell status load FAILED; return; }
	[ "$KUNIT" = slow ] || run_kunit 'speed>slow'
	run_programs $UNWATCHED
	run_examples
	check_rmmod
}

check_rmmod() {
	local m bad=
	for m in netport_kunit netport; do
		[ -d /sys/module/$m ] || continue
		rmmod $m || bad="$bad $m"
	done
	[ -e /dev/netport ] && bad="$bad /dev/netport-is-still-there"
	# Once more: a module that leaves something behind does not load again.
	[ -n "$bad" ] || { load_netport && rmmod netport; } || bad=" second-load"
	tell status rmmod "${bad:-ok}"
	if [ -n "$bad" ]; then
		tell text "modules: $(cut -d' ' -f1,3,4 /proc/modules | tr '\n' ';')"
		tell text "processes: $(ps -o pid,args | grep -v '\[' | tr '\n' ';')"
	fi
}

# Which lines of the module have run, as gcov knows it, if it was built for that: packed. A module
# that is gone counts; how long a file of debugfs is shows only as it is read.
tell_coverage() {
	local f
	cd $DEBUGFS/gcov 2>/dev/null || return
	find . -path '*/src/module/*.gcda' | while read -r f; do
		mkdir -p "/tmp/gcov/${f%/*}"
		cat "$f" >"/tmp/gcov/$f"
	done
	cd /
	[ ! -d /tmp/gcov ] || tar -C /tmp/gcov -cz . | base64 | sed 's/^/@gcov /' >&3
}

# When it can't tell sysfs of a slab cache, for want of memory, the kernel forgets the name that it
# has copied for that (sysfs_slab_add): that leak is its own.
our_leaks() {
	awk 'function tell() { if (ours) printf "%s", text }
		/^unreferenced object/ { tell(); ours = 1; text = "" }
		/sysfs_slab_add/ { ours = 0 }
		{ text = text $0 "\n" }
		END { tell() }' $KMEMLEAK
}

check_leaks() {
	local leaks
	if [ ! -e $KMEMLEAK ] || ! echo scan 2>/dev/null >$KMEMLEAK; then
		tell status leak unchecked
		return
	fi
	# It says nothing of what it sees the first time, nor of what is younger
	# than 5 s.
	sleep 6
	echo scan >$KMEMLEAK
	leaks=$(our_leaks)
	if [ -n "$leaks" ]; then
		tell status leak FAILED
		echo "$leaks" | head -n 60 | sed 's/^/@text /' >&3
	else
		tell status leak ok
	fi
}

check_log() {
	local first tainted
	tainted=$(cat /proc/sys/kernel/tainted)
	first=$(our_log | grep -nE "$SPLAT" | head -n 1 | cut -d: -f1)
	if [ -z "$first" ] && [ $((tainted & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))) != 0 ]; then
		first=1
	fi
	# A lockdep report switches lockdep off.
	if [ -z "$first" ] && grep -qs 'debug_locks: *0' /proc/lockdep_stats; then
		first=1
	fi
	if [ -n "$first" ]; then
		tell status splat FAILED
		our_log | tail -n "+$first" | head -n 60 | sed 's/^/@text /' >&3
	else
		tell status splat ok
	fi
}
