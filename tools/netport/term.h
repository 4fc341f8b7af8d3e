/* SPDX-License-Identifier: GPL-2.0 */
/* What is for people at a terminal only: colour, progress. */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>

enum color { COLOR_NONE, COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BLUE, COLOR_BOLD };

void choose_color(const char *when);
/* The sequences for standard output, "" where there's no colour. */
const char *color_on(enum color color);
const char *color_off(enum color color);

/* printf() over the line before on standard error, not more often than people read. */
[[gnu::format(printf, 1, 2)]] void progress(const char *format, ...);
bool has_progress(void);
/* And that line away. */
void end_progress(void);

#endif
