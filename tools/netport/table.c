// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "table.h"

static unsigned int columns(const struct table *t)
{
	unsigned int n = 0;

	while (t->heads[n])
		n++;
	return n;
}

/* On the screen: what continues a character of UTF-8 takes no room. */
static unsigned int width_of(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void measure(struct table *t, const char *text)
{
	unsigned int n = columns(t);

	for (unsigned int i = 0; i < n; i++, text += strlen(text) + 1)
		if (width_of(text) > t->width[i])
			t->width[i] = width_of(text);
}

static void pad(unsigned int n)
{
	while (n--)
		putchar(' ');
}

static void print(struct table *t, const char *text, enum color color)
{
	unsigned int n = columns(t);

	t->lines++;
	if (t->limit && t->lines > t->limit)
		return;
	for (unsigned int i = 0; i < n; i++, text += strlen(text) + 1) {
		enum color c = i ? COLOR_NONE : color;

		fputs(color_on(c), stdout);
		fputs(text, stdout);
		fputs(color_off(c), stdout);
		if (i + 1 < n)
			pad(t->width[i] - width_of(text) + 2);
	}
	/* Of a screen that is drawn anew, the rest of the line is old. */
	puts(t->limit ? "\033[K" : "");
}

static char *joined(const char *const *cells, unsigned int n)
{
	size_t size = 0;
	char *text, *p;

	for (unsigned int i = 0; i < n; i++)
		size += strlen(cells[i]) + 1;
	text = malloc(size);
	if (!text)
		errx(STATUS_NO_NETPORT, "no memory");
	p = text;
	for (unsigned int i = 0; i < n; i++)
		p = stpcpy(p, cells[i]) + 1;
	return text;
}

void table_end(struct table *t)
{
	if (!t->lines) {
		char *heads = joined(t->heads, columns(t));

		measure(t, heads);
		print(t, heads, COLOR_NONE);
		free(heads);
	}
	for (unsigned int i = 0; i < t->waiting; i++) {
		print(t, t->rows[i].text, t->rows[i].color);
		free(t->rows[i].text);
	}
	t->waiting = 0;
}

void table_row(struct table *t, const char *const *cells, enum color color)
{
	char *text = joined(cells, columns(t));

	measure(t, text);
	t->rows[t->waiting++] = (struct row){ .text = text, .color = color };
	if (t->lines || t->waiting == TABLE_ROWS)
		table_end(t);
}
