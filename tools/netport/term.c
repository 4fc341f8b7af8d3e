// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "term.h"

#define PROGRESS_MS	200

static bool colored, chosen, shown;

void choose_color(const char *when)
{
	colored = !strcmp(when, "always");
	chosen = strcmp(when, "auto");
	if (chosen && !colored && strcmp(when, "never"))
		errx(STATUS_USAGE, "'%s' is no time for colour: auto, always or never", when);
}

const char *color_on(enum color color)
{
	static const char *const on[] = {
		"", "\033[31m", "\033[32m", "\033[33m", "\033[34m", "\033[1m",
	};

	if (!chosen) {
		const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

		colored = isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
			  !(term && !strcmp(term, "dumb"));
		chosen = true;
	}
	return colored ? on[color] : "";
}

const char *color_off(enum color color)
{
	return *color_on(color) ? "\033[0m" : "";
}

bool has_progress(void)
{
	static int terminal = -1;

	if (terminal < 0)
		terminal = isatty(STDERR_FILENO);
	return terminal;
}

void progress(const char *format, ...)
{
	struct winsize size = { .ws_col = 80 };
	static uint64_t last;
	struct timespec now;
	char line[1024];
	uint64_t ms;
	va_list ap;

	if (!has_progress())
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
	/* What is done at once needs no word. */
	last = last ?: ms;
	if (ms - last < PROGRESS_MS)
		return;
	last = ms;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* One that goes on in the next line can't be overwritten. */
	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	fprintf(stderr, "\r%.*s\033[K", size.ws_col ? size.ws_col - 1 : 79, line);
	shown = true;
}

void end_progress(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
