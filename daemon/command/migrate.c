/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"
#include "event/digest.h"
#include "store/migration.h"
#include "table.h"

#include <stdio.h>

static void add(struct sheet *sheet, const struct migration *migration, const char *state)
{
	char version[16];
	char hex[DIGEST_HEX_MAX];

	(void)snprintf(version, sizeof(version), "%d", migration->version);
	digest_hex(migration->sql, migration->n, hex);
	sheet_add(sheet, (const char *const[]){version, migration->name, state, hex});
}

/* Adds what it did to sheet. False: err says what stopped it; the ones before it stand. */
static bool apply_all(struct store *store, struct sheet *sheet, struct error *err)
{
	size_t next = 0;

	while (migration_count(store, &next, err) == STORE_FINE) {
		bool applied = false;

		if (next == n_migrations)
			return true;
		if (migration_apply(store, next, &applied, err) != STORE_FINE)
			return false;
		if (applied)
			add(sheet, &migrations[next], "applied");
	}
	return false;
}

static bool list_all(struct store *store, struct sheet *sheet, struct error *err)
{
	size_t next = 0;

	if (migration_count(store, &next, err) != STORE_FINE)
		return false;
	for (size_t i = 0; i < n_migrations; i++)
		add(sheet, &migrations[i], i < next ? "there" : "missing");
	return true;
}

static int migrate(const struct command_line *line)
{
	static const struct sheet_column columns[] = {
		{"version", SHEET_NUMBER},
		{"name", SHEET_TEXT},
		{"state", SHEET_TEXT},
		{"sha256", SHEET_TEXT},
	};
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	const char *conninfo =
		config->migrate.postgres ? config->migrate.postgres : config->rollup.postgres;
	if (!conninfo)
		return command_fail(line,
			"%s: migrate.postgres or rollup.postgres is needed: which database, as "
			"in"
			" \"host=/run/postgresql dbname=dorad\"",
			config->path);

	CLEANUP(store_destroyp) struct store *store = command_store(line, conninfo, false);
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(columns));
	if (!store)
		return EXIT_FAILED;

	bool dry = command_option(line, "--dry-run", 0) != NULL;
	bool done = dry ? list_all(store, sheet, &err) : apply_all(store, sheet, &err);
	sheet_print(sheet, command_wants_json(line), stdout);
	return done ? EXIT_DONE : command_fail(line, "%s", err.text);
}

const struct command migrate_command = {
	.name = "migrate",
	.arguments = "",
	.summary = "bring the database's schema up to this program's",
	.details =
		"Applies the migrations the database has not had yet, each in a transaction of "
		"its\n"
		"own. A database that is newer than this program, or that had a migration of\n"
		"another content, is refused. Running it again, or twice at once, does no "
		"harm.",
	.options =
		(const struct command_option[]){
			{"--dry-run", NULL, "only list which are there and which are missing",
				false},
			{0},
		},
	.prints_table = true,
	.run = migrate,
};
