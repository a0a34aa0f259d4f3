/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"
#include "rollup.h"
#include "table.h"

#include <stdio.h>

struct whole {
	const char *sql;
	struct store_rows *rows;
};

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	struct whole *whole = context;

	store_rows_destroy(whole->rows);
	whole->rows = NULL;
	return store_query(store, whole->sql, NULL, 0, &whole->rows, err);
}

/* NULL: said why. */
static struct store_rows *run(const struct command_line *line, const char *sql)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};
	struct whole whole = {.sql = sql};

	if (!config)
		return NULL;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, false);
	if (!store)
		return NULL;
	if (store_transact(store, ask, &whole, &err) == STORE_FINE)
		return whole.rows;
	store_rows_destroy(whole.rows);
	(void)command_fail(line, "%s", err.text);
	return NULL;
}

int rollup_rebuild(const struct command_line *line)
{
	CLEANUP(store_rows_destroyp)
	struct store_rows *rows = run(line, "SELECT dorad_data.rebuild()");

	return rows ? EXIT_DONE : EXIT_FAILED;
}

int rollup_verify(const struct command_line *line)
{
	CLEANUP(store_rows_destroyp)
	struct store_rows *rows = run(line, "SELECT * FROM dorad_data.verify()");

	if (!rows)
		return EXIT_FAILED;
	for (int row = 0; row < store_n_rows(rows); row++)
		puts(store_value(rows, row, 0));
	return store_n_rows(rows) ? EXIT_FAILED : EXIT_DONE;
}
