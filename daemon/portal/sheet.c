/* SPDX-License-Identifier: Apache-2.0 */
#include "sheet_priv.h"

#include <assert.h>

struct sheet sheet_open(struct markup *markup, const char *class, const char *caption,
	const char *const *titles)
{
	markup_open(markup, "div", "class", "wide", NULL);
	markup_open(markup, "table", "class", class, NULL);
	markup_element(markup, "caption", "unseen", caption);
	markup_open(markup, "thead", NULL);
	markup_open(markup, "tr", NULL);
	for (const char *const *title = titles; *title; title++) {
		markup_open(markup, "th", "scope", "col", NULL);
		markup_text(markup, *title);
		markup_close(markup);
	}
	markup_close_n(markup, 2);
	markup_open(markup, "tbody", NULL);
	return (struct sheet){.markup = markup, .titles = titles};
}

void sheet_close(struct sheet *sheet)
{
	markup_close_n(sheet->markup, 3);
}

void sheet_row(struct sheet *sheet)
{
	sheet->column = 0;
	markup_open(sheet->markup, "tr", NULL);
}

void sheet_row_end(struct sheet *sheet)
{
	markup_close(sheet->markup);
}

void sheet_cell(struct sheet *sheet)
{
	const char *title = sheet->titles[sheet->column];

	assert(title);
	if (sheet->column++ == 0)
		markup_open(sheet->markup, "th", "scope", "row", NULL);
	else
		markup_open(sheet->markup, "td", "data-title", title, NULL);
}

void sheet_text(struct sheet *sheet, const char *text)
{
	sheet_cell(sheet);
	markup_text(sheet->markup, text ? text : "\xE2\x80\x93"); /* U+2013 */
	markup_close(sheet->markup);
}
