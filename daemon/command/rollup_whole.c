/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_whole.h"

#include "database.h"
#include "table.h"

#include <stdio.h>

struct whole {
	const char *isolation; /* NULL: the usual */
	const char *sql;
	struct store_rows *rows;
};

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	struct whole *whole = context;

	store_rows_destroy(whole->rows);
	whole->rows = NULL;
	if (whole->isolation) {
		enum store_class class = store_script(store, whole->isolation, err);
		if (class != STORE_FINE)
			return class;
	}
	return store_query(store, whole->sql, NULL, 0, &whole->rows, err);
}

/* NULL: said why. */
static struct store_rows *run(const struct command_line *line, struct whole whole)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

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
	struct store_rows *rows =
		run(line, (struct whole){.sql = "SELECT dorad_data.rebuild()"});

	return rows ? EXIT_DONE : EXIT_FAILED;
}

/* Against one snapshot, so that workers go on meanwhile. */
int rollup_verify(const struct command_line *line)
{
	CLEANUP(store_rows_destroyp)
	struct store_rows *rows = run(line,
		(struct whole){
			.isolation = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			.sql = "SELECT * FROM dorad_data.verify()",
		});

	if (!rows)
		return EXIT_FAILED;
	for (int row = 0; row < store_n_rows(rows); row++)
		puts(store_value(rows, row, 0));
	return store_n_rows(rows) ? EXIT_FAILED : EXIT_DONE;
}
