/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_whole.h"

#include "database.h"
#include "table.h"

#include <stdio.h>

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	struct store_rows **rows = context;
	enum store_class class;

	store_rows_destroy(*rows);
	*rows = NULL;
	/* Against one snapshot, so that workers go on meanwhile. */
	class = store_script(store, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", err);
	if (class != STORE_FINE)
		return class;
	return store_query(store, "SELECT * FROM dorad_data.verify()", NULL, 0, rows, err);
}

int rollup_verify(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, false);
	if (!store)
		return EXIT_FAILED;
	if (store_transact(store, ask, &rows, &err) != STORE_FINE)
		return command_fail(line, "%s", err.text);
	for (int row = 0; row < store_n_rows(rows); row++)
		puts(store_value(rows, row, 0));
	return store_n_rows(rows) ? EXIT_FAILED : EXIT_DONE;
}
