#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm.sh BUILD INITRD CONSOLE-LOG [shell] - boot the kernel of build/BUILD; what its init writes
# to /dev/ttyS1 goes to stdout, the kernel's own messages to CONSOLE-LOG.
# With `shell`, ttyS1 is the terminal. SMP, MEM, TIMEOUT (s), APPEND may be set;
# LEAKS=0 leaves the leak check out (UML).  ICOUNT=1 makes a machine with one CPU on which a
# nanosecond is an instruction, whatever this one is busy with.  MEMORY is a file to have for the
# machine's memory.
. "$(dirname "$0")/lib.sh"

name=$(kernel_of "$1") initrd=$2 console=$3 mode=${4:-batch}
kernel=$("$TESTBED/kernel.sh" "$name")
: >"$console"

# Each test that looks at events makes buffers for them, of pages that are cleared.
append="panic=-1 loglevel=8 log_buf_len=8M printk.time=1 trace_buf_size=64k ${APPEND:-}"
case $name in
uml|debug|kcsan) append+=" kunit.enable=1 kunit.stats_enabled=0" ;;
esac

case $name in
uml)   patience=300 ;;
debug|kcsan) patience=2400 ;;
*)     patience=600 ;;
esac
run=(timeout --foreground -k 5 "${TIMEOUT:-$patience}")
[ "$mode" != shell ] || run=()

if [ "$name" = uml ]; then
	# kmemleak doubles the time of the suites. Where it is wanted, sleeping
	# until it speaks costs nothing: the clock jumps when the machine is idle.
	if [ "${LEAKS:-1}" = 0 ]; then
		append+=" kmemleak=off"
	else
		append+=" time-travel"
	fi
	# shellcheck disable=SC2054
	serial=(con=null con0=null,fd:2 ssl=null ssl1=null,fd:1)
	# shellcheck disable=SC2054
	[ "$mode" != shell ] || serial=(con=null con0=null,fd:2 ssl=null ssl1=fd:0,fd:1)
	# Two may boot at once, and one must not have its library written over.
	need gcc libc6-dev
	xstate=$BUILD/uml/xstate.so
	if [ ! "$xstate" -nt "$TESTBED/xstate.c" ]; then
		gcc -shared -fPIC -O2 -Wall -Werror -o "$xstate.$$" "$TESTBED/xstate.c"
		mv "$xstate.$$" "$xstate"
	fi
	# The UML program talks on stdout before it is a kernel.
	# shellcheck disable=SC2086
	exec env LD_PRELOAD="$xstate" "${run[@]}" "$kernel/kernel" mem="${MEM:-256M}" initrd="$initrd" \
		"${serial[@]}" $append 2>"$console"
fi

# String instructions are emulated one iteration at a time: where they aren't said to be quick,
# the kernel moves more than a byte in one.  And a table of four levels is sooner walked than of
# five.
accel=tcg,thread=multi
cpu=max,-erms,-fsrm,-la57
if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
	accel=kvm
	cpu=host
fi
clock=()
if [ "${ICOUNT:-0}" = 1 ]; then
	accel=tcg cpu=max SMP=1
	clock=(-icount 'shift=0,sleep=off')
	append+=" testbed.icount=1"
fi
serial=(-serial "file:$console" -serial stdio)
[ "$mode" != shell ] || serial=(-serial "file:$console" -serial mon:stdio)
[ "$mode" = shell ] || exec </dev/null
memory=()
if [ -n "${MEMORY:-}" ]; then
	memory=(-machine memory-backend=ram
		-object "memory-backend-file,id=ram,share=on,size=${MEM:-1G},mem-path=$MEMORY")
fi
# A socket for each CPU: a kernel without ACPI is told only of the first CPU in a socket.
cpus=${SMP:-2}
append+=" testbed.cpus=$cpus"
exec "${run[@]}" qemu-system-x86_64 -accel "$accel" "${clock[@]}" -cpu "$cpu" \
	-smp "$cpus,sockets=$cpus,cores=1,threads=1" \
	-m "${MEM:-1G}" "${memory[@]}" -nodefaults -no-user-config -display none -no-reboot \
	"${serial[@]}" -kernel "$kernel/kernel" -initrd "$initrd" \
	-append "console=ttyS0 $append"
