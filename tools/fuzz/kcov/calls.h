/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes to calls of /dev/netport, see calls.c.
 */
#ifndef _CALLS_H
#define _CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define COMMANDS	20

/* Of each command, how many calls there were, and what came of them. */
struct seen {
	unsigned long worked, failed;
};

extern struct seen seen[COMMANDS];
extern bool calls_shown;

const char *command_name(unsigned int nr);
void calls_begin(void);
void calls_run(const __u8 *input, size_t len);
bool calls_tidy(void);

/* hex.c: an input as text, which is what is kept of one. */
#define INPUT_MAX	1024

size_t hex_parse(const char *text, __u8 *input);
void hex_print(const __u8 *input, size_t len);

#endif /* _CALLS_H */
