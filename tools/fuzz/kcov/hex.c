// SPDX-License-Identifier: GPL-2.0
/*
 * An input as text, which a line of a corpus has in quotes, and back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

size_t hex_parse(const char *text, __u8 *input)
{
	unsigned int byte;
	size_t n = 0;

	for (; n < INPUT_MAX && sscanf(text, "%2x", &byte) == 1; text += 2)
		input[n++] = byte;
	return n;
}

void hex_print(const __u8 *input, size_t len)
{
	putchar('"');
	while (len--)
		printf("%02x", *input++);
	printf("\",\n");
}
