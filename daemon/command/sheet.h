/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_SHEET_H
#define DORAD_COMMAND_SHEET_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a command prints: aligned columns for people, or with --json one array of objects. */
struct sheet;

enum sheet_type {
	SHEET_TEXT,
	SHEET_NUMBER, /* to the right; in JSON as it stands */
	SHEET_BOOL,   /* "t" or "f"; yes and no for people */
	SHEET_JSON,   /* a JSON text, as it stands in both */
};

struct sheet_column {
	const char *name; /* heading, and key in JSON */
	enum sheet_type type;
};

struct sheet *sheet_create(const struct sheet_column *columns, size_t n_columns);
void sheet_destroy(struct sheet *sheet); /* NULL is fine */
DEFINE_CLEANUP(struct sheet *, sheet_destroy);

/* One row of as many cells as columns; copied. NULL: null, empty for people. */
void sheet_add(struct sheet *sheet, const char *const *cells);

/* No rows: "[]", and nothing for people. */
void sheet_print(const struct sheet *sheet, bool json, FILE *to);

#endif
