/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_SHEET_PRIV_H
#define DORAD_PORTAL_SHEET_PRIV_H

#include "portal/markup.h"

#include <stdbool.h>

/*
 * A table whose rows have a heading of their own, the first cell. Where the screen is narrow a
 * row becomes a block, and each cell says the title of its column itself.
 */
struct sheet {
	struct markup *markup;
	const char *const *titles; /* of the columns; the last is followed by NULL */
	size_t column;             /* of the next cell */
};

/* class: of the table; caption: what it is, for those who cannot see where it stands. */
struct sheet sheet_open(struct markup *markup, const char *class, const char *caption,
	const char *const *titles);
void sheet_close(struct sheet *sheet);

void sheet_row(struct sheet *sheet);
void sheet_row_end(struct sheet *sheet);

/* Opens the next cell; whoever fills it closes it. */
void sheet_cell(struct sheet *sheet);
/* A cell of text; NULL: a dash. */
void sheet_text(struct sheet *sheet, const char *text);

#endif
