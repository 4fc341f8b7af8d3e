/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What afl-compiler-rt.o has; it comes without a header.
 */
#ifndef _AFL_H
#define _AFL_H

#include <linux/types.h>

extern __u8 *__afl_area_ptr, *__afl_fuzz_ptr;
extern unsigned int *__afl_fuzz_len;
extern int __afl_sharedmem_fuzzing;

int __afl_persistent_loop(unsigned int n);
void __afl_manual_init(void);

#endif /* _AFL_H */
