/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"
#include "database.h"
#include "rollup_whole.h"
#include "store/spread.h"

#include <stdio.h>
#include <stdlib.h>

/* Where Postgres is, is not known here, nor how many cores it has: beside the one that puts in
 * place, three take two cores whole, at little more than two do, and use four. */
#define DEFAULT_SESSIONS 3
#define MOST_SESSIONS 64

/*
 * One session's transaction begins and ends it (schemas/postgres, rebuild_begin()) and puts in
 * place what the others compute meanwhile. What is to be done, and in which order, the database
 * says.
 */
struct rebuild {
	struct store **sessions;
	size_t n_sessions;
	char *run; /* its name */
	struct spread *spread;
};

static bool connect_all(
	const struct command_line *line, const struct config *config, struct rebuild *rebuild)
{
	for (size_t i = 0; i < rebuild->n_sessions; i++) {
		rebuild->sessions[i] = command_store(line, config->rollup.postgres, false);
		if (!rebuild->sessions[i])
			return false;
	}
	return true;
}

static enum store_class begin(struct rebuild *rebuild, struct store *store, struct error *err)
{
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	enum store_class class =
		store_query(store, "SELECT dorad_data.rebuild_begin()", NULL, 0, &rows, err);

	free(rebuild->run);
	rebuild->run = class == STORE_FINE ? xstrdup(store_value(rows, 0, 0)) : NULL;
	return class;
}

/* The step after one (NULL: the first), which it replaces; NULL again when there is none. */
static enum store_class take_step(
	struct rebuild *rebuild, struct store_rows **step, struct error *err)
{
	const char *values[] = {rebuild->run, *step ? store_value(*step, 0, 0) : NULL};
	struct store_rows *rows = NULL;
	/* The session that began may be at work. */
	enum store_class class = store_query(rebuild->sessions[0],
		"SELECT step, task, takes_over FROM dorad_data.rebuild_tasks($1, $2)", values,
		ARRAY_LEN(values), &rows, err);

	store_rows_destroy(*step);
	*step = NULL;
	if (class == STORE_FINE && store_n_rows(rows) > 0)
		*step = rows;
	else
		store_rows_destroy(rows);
	return class;
}

static enum store_class do_step(
	struct rebuild *rebuild, const struct store_rows *step, struct error *err)
{
	const char **tasks = xcalloc((size_t)store_n_rows(step), sizeof(*tasks));
	size_t n = 0;

	for (int i = 0; i < store_n_rows(step); i++) {
		if (*store_value(step, i, 2) == 't')
			spread_keep(rebuild->spread, store_value(step, i, 1));
		else
			tasks[n++] = store_value(step, i, 1);
	}
	enum store_class class = spread_run(rebuild->spread, tasks, n, err);
	free(tasks);
	return class;
}

static enum store_class do_all(struct rebuild *rebuild, struct error *err)
{
	CLEANUP(store_rows_destroyp) struct store_rows *step = NULL;
	enum store_class class = take_step(rebuild, &step, err);

	while (class == STORE_FINE && step) {
		class = do_step(rebuild, step, err);
		if (class == STORE_FINE)
			class = take_step(rebuild, &step, err);
	}
	return class == STORE_FINE ? spread_finish(rebuild->spread, err) : class;
}

static enum store_class work(struct store *store, void *context, struct error *err)
{
	struct rebuild *rebuild = context;
	enum store_class class = begin(rebuild, store, err);

	if (class != STORE_FINE)
		return class;
	rebuild->spread = spread_create(rebuild->sessions, rebuild->n_sessions, store, err);
	class = rebuild->spread ? do_all(rebuild, err) : STORE_AGAIN;
	spread_destroy(rebuild->spread);
	rebuild->spread = NULL;
	if (class != STORE_FINE)
		return class;
	const char *values[] = {rebuild->run};
	return store_query(store, "SELECT dorad_data.rebuild_finish($1)", values, 1, NULL, err);
}

static int run(const struct command_line *line, struct rebuild *rebuild)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, false);
	if (!store || !connect_all(line, config, rebuild))
		return EXIT_FAILED;
	if (store_transact(store, work, rebuild, &err) == STORE_FINE)
		return EXIT_DONE;
	/* Should this fail too, the next rebuild does it. */
	const char *values[] = {rebuild->run};
	(void)store_query(store, "SELECT dorad_data.rebuild_forget($1)", values, 1, NULL, NULL);
	return command_fail(line, "%s", err.text);
}

static bool n_sessions(const struct command_line *line, size_t *out)
{
	const char *given = command_option(line, "--sessions", 0);
	char *end = NULL;
	unsigned long n = given ? strtoul(given, &end, 10) : DEFAULT_SESSIONS;

	*out = n;
	return n >= 1 && n <= MOST_SESSIONS && (!given || (*end == '\0' && *given != '-'));
}

int rollup_rebuild(const struct command_line *line)
{
	struct rebuild rebuild = {0};

	if (!n_sessions(line, &rebuild.n_sessions))
		return command_misuse(line, "--sessions %s: want a number from 1 to %d",
			command_option(line, "--sessions", 0), MOST_SESSIONS);
	rebuild.sessions = xcalloc(rebuild.n_sessions, sizeof(struct store *));
	int code = run(line, &rebuild);
	for (size_t i = 0; i < rebuild.n_sessions; i++)
		store_destroy(rebuild.sessions[i]);
	free(rebuild.sessions);
	free(rebuild.run);
	return code;
}
