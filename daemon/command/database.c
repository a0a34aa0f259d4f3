/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "base/xalloc.h"
#include "store/migration.h"

#include <stdlib.h>

struct store *command_store(
	const struct command_line *line, const char *conninfo, bool read_only)
{
	struct error err = {0};
	struct store_options options = {
		.conninfo = conninfo,
		.application = "dorad",
		.read_only = read_only,
		.account = COMMAND_ACCOUNT,
	};
	struct store *store = store_create(&options, &err);

	if (store && store_connect(store, &err) == STORE_FINE)
		return store;
	store_destroy(store);
	(void)command_fail(line, "%s", err.text);
	return NULL;
}

struct store *command_rollup_store(
	const struct command_line *line, const struct config *config, bool read_only)
{
	struct error err = {0};

	if (!config->rollup.postgres) {
		(void)command_fail(line,
			"%s: rollup.postgres is needed: which database, as in"
			" \"host=/run/postgresql dbname=dorad\"",
			config->path);
		return NULL;
	}

	struct store *store = command_store(line, config->rollup.postgres, read_only);
	if (!store || migration_check(store, &err) == STORE_FINE)
		return store;
	store_destroy(store);
	(void)command_fail(line, "%s", err.text);
	return NULL;
}

static enum sheet_type type_of(const struct store_rows *rows, int column)
{
	if (store_column_is_number(rows, column))
		return SHEET_NUMBER;
	if (store_column_is_bool(rows, column))
		return SHEET_BOOL;
	return store_column_is_json(rows, column) ? SHEET_JSON : SHEET_TEXT;
}

struct sheet *sheet_of_rows(const struct store_rows *rows)
{
	size_t n = (size_t)store_n_columns(rows);
	struct sheet_column *columns = xcalloc(n, sizeof(*columns));
	const char **cells = xcalloc(n, sizeof(*cells));

	for (size_t i = 0; i < n; i++)
		columns[i] = (struct sheet_column){
			store_column_name(rows, (int)i), type_of(rows, (int)i)};
	struct sheet *sheet = sheet_create(columns, n);
	for (int row = 0; row < store_n_rows(rows); row++) {
		for (size_t i = 0; i < n; i++)
			cells[i] = store_value(rows, row, (int)i);
		sheet_add(sheet, cells);
	}
	free(cells);
	free(columns);
	return sheet;
}
