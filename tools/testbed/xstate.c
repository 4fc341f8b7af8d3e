// SPDX-License-Identifier: GPL-2.0
/*
 * To be preloaded into UML (vm.sh).  It keeps 2696 bytes of a process' extended registers, and
 * writes these back with PTRACE_SETREGSET.  Where the processor has more of them (AMX: 11008
 * bytes) the host's kernel refuses that, and init can't be started.  What UML has not is left
 * as it is: its processes don't use it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

long ptrace(enum __ptrace_request request, ...)
{
	static char all[1 << 16];
	struct iovec full = { .iov_base = all, .iov_len = sizeof(all) };
	long (*next)(enum __ptrace_request request, ...) = dlsym(RTLD_NEXT, "ptrace");
	void *addr, *data;
	struct iovec *some;
	va_list args;
	pid_t pid;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);

	if (request == PTRACE_SETREGSET && addr == (void *)NT_X86_XSTATE &&
	    !next(PTRACE_GETREGSET, pid, addr, &full)) {
		some = data;
		if (some->iov_len < full.iov_len) {
			memcpy(all, some->iov_base, some->iov_len);
			data = &full;
		}
	}
	return next(request, pid, addr, data);
}
