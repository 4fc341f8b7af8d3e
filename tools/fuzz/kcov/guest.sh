#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest.sh SECONDS - in the machine: fuzz, say how it goes, and what is worth keeping. Lines with
# an input have what it is in front: queue, crash, hang, corpus.

. /etc/testbed.sh
export SPLAT PATH=$PATH:/usr/bin
# Who does something that the kernel doesn't survive is killed by it, and what it did is known.
echo 0 >/proc/sys/kernel/panic_on_oops
export AFL_NO_UI=1 AFL_ALLOW_TMP=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_BENCH_UNTIL_CRASH=1
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_QUIET=1 AFL_EXIT_ON_SEED_ISSUES=1
# On a busy machine what takes long is tried again before it's called a hang.
export AFL_HANG_TMOUT=20000
out=/tmp/out/default

# inputs WHAT FILE... - those of the files that are there.
inputs() {
	what=$1
	shift
	for file; do
		[ ! -f "$file" ] || /fuzz/fuzz join "$file" | sed "s/^/$what /"
	done
}

fact() { sed -n "s/^$1 *: *//p" $out/fuzzer_stats 2>/dev/null; }

progress() {
	echo "kcov: $(fact run_time) s: $(fact execs_done) inputs ($(fact execs_per_sec)/s)," \
		"$(fact edges_found) edges, stability $(fact stability), kept $(fact corpus_count)," \
		"crashes $(fact saved_crashes), hangs $(fact saved_hangs)"
}

# What is new in the queue.
queue() {
	touch /tmp/now
	# shellcheck disable=SC2046
	inputs queue $(find $out/queue -maxdepth 1 -type f -newer /tmp/before)
	mv /tmp/now /tmp/before
}

mkdir /tmp/in
touch /tmp/before
/fuzz/fuzz split /fuzz/corpus.inc /tmp/in
afl-fuzz -i /tmp/in -o /tmp/out -V "$1" -t 5000+ -m none -G 1024 -- /fuzz/fuzz >/tmp/afl.log 2>&1 &
afl=$!
told=0
while kill -0 $afl 2>/dev/null; do
	sleep 1
	told=$((told + 1))
	[ $((told % 60)) != 0 ] || { progress; queue; }
done
wait $afl
status=$?
progress
queue
inputs crash $out/crashes/id*
inputs hang $out/hangs/id*
if [ "$(fact saved_crashes)" != 0 ]; then
	for file in $out/crashes/id*; do
		timeout -s KILL 20 /fuzz/fuzz show "$file"
	done
	exit 1
fi
[ "$status" = 0 ] || { tail -n 20 /tmp/afl.log; exit 1; }

# As few as have all edges. Busybox's stat is like that of GNU.
sed "s/-f '%z %N'/-c '%s %n'/" /usr/bin/afl-cmin >/tmp/afl-cmin
sh /tmp/afl-cmin -e -i $out/queue -o /tmp/min -t 5000 -m none -- /fuzz/fuzz >/tmp/cmin.log 2>&1 ||
	{ tail -n 20 /tmp/cmin.log; exit 1; }
inputs corpus /tmp/min/*
[ "$(fact saved_hangs)" = 0 ]
