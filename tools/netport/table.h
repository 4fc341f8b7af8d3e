/* SPDX-License-Identifier: GPL-2.0 */
/* Aligned columns, of any number of rows in constant memory. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>

#include "term.h"

#define TABLE_COLUMNS	12
#define TABLE_ROWS	256

/**
 * struct table - a table that is being written to standard output
 * @heads: the heads of the columns, NULL at the end; the last is for the last column
 * @limit: lines that there is room for, or 0
 * @lines: how many there were, the heads included
 *
 * The widths are those of the first rows, which wait for it; a wider cell later on makes its
 * column wider from there on.
 */
struct table {
	const char	*const *heads;
	unsigned int	limit;
	unsigned int	lines;
	unsigned int	width[TABLE_COLUMNS];
	unsigned int	waiting;
	struct row {
		char		*text;		/* the cells, a zero after each */
		enum color	color;		/* of the first one */
	} rows[TABLE_ROWS];
};

void table_row(struct table *t, const char *const *cells, enum color color);
/* All rows that wait. */
void table_end(struct table *t);

#endif
