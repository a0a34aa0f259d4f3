/* SPDX-License-Identifier: Apache-2.0 */
#include "sheet.h"

#include "base/arena.h"
#include "base/xalloc.h"
#include "stranger.h"

#include <stdlib.h>
#include <string.h>

struct sheet {
	struct arena *arena;
	struct sheet_column *columns;
	size_t n_columns;
	const char **cells; /* row by row */
	size_t n_rows;
};

struct sheet *sheet_create(const struct sheet_column *columns, size_t n_columns)
{
	struct sheet *sheet = xcalloc(1, sizeof(*sheet));

	sheet->arena = arena_create();
	sheet->columns = arena_alloc(sheet->arena, n_columns * sizeof(*columns));
	sheet->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++)
		sheet->columns[i] = (struct sheet_column){
			arena_strdup(sheet->arena, columns[i].name), columns[i].type};
	return sheet;
}

void sheet_destroy(struct sheet *sheet)
{
	if (!sheet)
		return;

	free(sheet->cells);
	arena_destroy(sheet->arena);
	free(sheet);
}

void sheet_add(struct sheet *sheet, const char *const *cells)
{
	size_t at = sheet->n_rows * sheet->n_columns;

	sheet->cells = xreallocarray(sheet->cells, at + sheet->n_columns, sizeof(char *));
	for (size_t i = 0; i < sheet->n_columns; i++)
		sheet->cells[at + i] = cells[i] ? arena_strdup(sheet->arena, cells[i]) : NULL;
	sheet->n_rows++;
}

static const char *cell(const struct sheet *sheet, size_t row, size_t column)
{
	return sheet->cells[row * sheet->n_columns + column];
}

/* As people read it. */
static const char *words(const struct sheet *sheet, size_t row, size_t column)
{
	const char *text = cell(sheet, row, column);

	if (!text)
		return "";
	if (sheet->columns[column].type == SHEET_BOOL)
		return strcmp(text, "t") == 0 ? "yes" : "no";
	return text;
}

/* Characters, not bytes, so that names of any language line up. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static size_t column_width(const struct sheet *sheet, size_t column)
{
	size_t widest = width(sheet->columns[column].name);

	for (size_t row = 0; row < sheet->n_rows; row++) {
		size_t n = width(words(sheet, row, column));
		if (n > widest)
			widest = n;
	}
	return widest;
}

static void print_cell(
	const struct sheet *sheet, size_t column, const char *text, size_t fill, FILE *to)
{
	bool right = sheet->columns[column].type == SHEET_NUMBER;
	bool last = column + 1 == sheet->n_columns;

	if (right)
		fprintf(to, "%*s", (int)fill, "");
	stranger_put(text, to);
	if (!right && !last)
		fprintf(to, "%*s", (int)fill, "");
	fputs(last ? "\n" : "  ", to);
}

static void print_table(const struct sheet *sheet, FILE *to)
{
	if (!sheet->n_rows)
		return;

	size_t *widths = xcalloc(sheet->n_columns, sizeof(*widths));
	for (size_t i = 0; i < sheet->n_columns; i++) {
		widths[i] = column_width(sheet, i);
		print_cell(sheet, i, sheet->columns[i].name,
			widths[i] - width(sheet->columns[i].name), to);
	}
	for (size_t row = 0; row < sheet->n_rows; row++) {
		for (size_t i = 0; i < sheet->n_columns; i++) {
			const char *text = words(sheet, row, i);
			print_cell(sheet, i, text, widths[i] - width(text), to);
		}
	}
	free(widths);
}

static void print_string(const char *text, FILE *to)
{
	json_auto_t *string = stranger_json(text);

	(void)json_dumpf(string, to, JSON_ENCODE_ANY);
}

static void print_value(enum sheet_type type, const char *text, FILE *to)
{
	if (!text) {
		fputs("null", to);
		return;
	}
	switch (type) {
	case SHEET_TEXT:
		print_string(text, to);
		return;
	case SHEET_BOOL:
		fputs(strcmp(text, "t") == 0 ? "true" : "false", to);
		return;
	case SHEET_NUMBER:
	case SHEET_JSON:
		fputs(text, to);
		return;
	}
	__builtin_unreachable();
}

static void print_json(const struct sheet *sheet, FILE *to)
{
	fputc('[', to);
	for (size_t row = 0; row < sheet->n_rows; row++) {
		fputs(row ? ",\n {" : "\n {", to);
		for (size_t i = 0; i < sheet->n_columns; i++) {
			fputs(i ? ", " : "", to);
			print_string(sheet->columns[i].name, to);
			fputs(": ", to);
			print_value(sheet->columns[i].type, cell(sheet, row, i), to);
		}
		fputc('}', to);
	}
	fputs(sheet->n_rows ? "\n]\n" : "]\n", to);
}

void sheet_print(const struct sheet *sheet, bool json, FILE *to)
{
	if (json)
		print_json(sheet, to);
	else
		print_table(sheet, to);
}
