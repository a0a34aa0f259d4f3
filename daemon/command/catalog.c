/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include "config/catalog.h"
#include "database.h"
#include "table.h"

#include "base/plural.h"

#include <stdlib.h>
#include <string.h>

/* The catalogue's file: what was named, else rollup.catalog. NULL: said why. */
static const char *file_of(const struct command_line *line, const struct config *config)
{
	const char *path = command_argument(line, 1);

	if (!path && config)
		path = config->rollup.catalog;
	if (!path)
		(void)command_fail(line, "which file? name one, or set rollup.catalog");
	return path;
}

static int check(const struct command_line *line)
{
	bool named = command_argument(line, 1) != NULL;
	CLEANUP(config_destroyp) struct config *config = named ? NULL : command_config(line);
	struct error err = {0};

	if (!named && !config)
		return EXIT_FAILED;
	const char *path = file_of(line, config);
	if (!path)
		return EXIT_FAILED;
	json_auto_t *catalog = catalog_load(path, &err);
	if (!catalog)
		return command_fail(line, "%s", err.text);
	size_t n_teams = json_array_size(json_object_get(catalog, "teams"));
	size_t n_services = json_array_size(json_object_get(catalog, "services"));
	printf("%s: good: %zu %s, %zu %s\n", path, n_teams,
		plural((int64_t)n_teams, "team", "teams"), n_services,
		plural((int64_t)n_services, "service", "services"));
	return EXIT_DONE;
}

struct application {
	char *json;
	bool dry_run;
	struct store_rows *rows;
};

static enum store_class apply_json(struct store *store, void *context, struct error *err)
{
	struct application *application = context;
	const char *const values[] = {
		application->json, application->dry_run ? "true" : "false"};

	store_rows_destroy(application->rows);
	application->rows = NULL;
	return store_query(store,
		"SELECT scope, name, months, changed_values"
		" FROM dorad_data.apply_catalog($1::jsonb, $2::boolean)",
		values, 2, &application->rows, err);
}

/* "checkout: 14 months, 3 values" */
static void print_changes(const struct store_rows *rows, bool dry_run)
{
	for (int row = 0; row < store_n_rows(rows); row++)
		printf("%s%s: %s months, %s values\n",
			strcmp(store_value(rows, row, 0), "team") == 0 ? "team " : "",
			store_value(rows, row, 1), store_value(rows, row, 2),
			store_value(rows, row, 3));
	if (store_n_rows(rows) == 0)
		puts(dry_run ? "no month would change" : "applied; no month changed");
}

static int apply(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	const char *path = file_of(line, config);
	if (!path)
		return EXIT_FAILED;
	json_auto_t *catalog = catalog_load(path, &err);
	if (!catalog)
		return command_fail(line, "%s", err.text);
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, false);
	if (!store)
		return EXIT_FAILED;

	struct application application = {
		.json = json_dumps(catalog, JSON_COMPACT),
		.dry_run = command_option(line, "--dry-run", 0) != NULL,
	};
	enum store_class class = store_transact(store, apply_json, &application, &err);
	free(application.json);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = application.rows;
	if (class != STORE_FINE)
		return command_fail(line, "%s: %s", path, err.text);
	if (command_wants_json(line)) {
		CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_of_rows(rows);
		sheet_print(sheet, true, stdout);
	} else {
		print_changes(rows, application.dry_run);
	}
	return EXIT_DONE;
}

static int unmapped(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, false);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	if (!store)
		return EXIT_FAILED;
	if (store_query(store, "SELECT * FROM dorad_data.unmapped()", NULL, 0, &rows, &err) !=
		STORE_FINE)
		return command_fail(line, "%s", err.text);
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_of_rows(rows);
	sheet_print(sheet, command_wants_json(line), stdout);
	return EXIT_DONE;
}

static const struct {
	const char *name;
	int (*run)(const struct command_line *line);
	size_t most_arguments; /* 0: any number */
} actions[] = {
	{"apply", apply, 2},
	{"check", check, 2},
	{"import", catalog_import, 0},
	{"unmapped", unmapped, 1},
};

static int run(const struct command_line *line)
{
	const char *action = command_argument(line, 0);
	size_t n = command_n_arguments(line);

	for (size_t i = 0; action && i < ARRAY_LEN(actions); i++) {
		if (strcmp(actions[i].name, action) != 0)
			continue;
		if (actions[i].most_arguments && n > actions[i].most_arguments)
			return command_misuse(line, "%s: one too many: %s", action,
				command_argument(line, actions[i].most_arguments));
		return actions[i].run(line);
	}
	if (action)
		return command_misuse(
			line, "%s: want apply, check, unmapped or import", action);
	return command_misuse(line, "want apply, check, unmapped or import");
}

const struct command catalog_command = {
	.name = "catalog",
	.arguments = "apply|check [FILE] | unmapped | import PATH...",
	.summary = "teams, services and the rules of interpretation",
	.details = "apply     stores a catalogue, recomputes what it changes, and says what "
		   "that was\n"
		   "check     says what is wrong with a file and where; needs no database\n"
		   "unmapped  lists what arrived and has no home, most frequent first\n"
		   "import    prints a catalogue made of Backstage's catalog-info.yaml files; "
		   "a PATH\n"
		   "          may be a folder, which is searched\n\n"
		   "FILE is rollup.catalog of the configuration where none is given.",
	.options =
		(const struct command_option[]){
			{"--dry-run", NULL, "apply: only say what would change", false},
			{0},
		},
	.prints_table = true,
	.run = run,
};
