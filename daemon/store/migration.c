/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migration.h"

#include "event/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any number nobody else uses: "dorad", in bytes. */
#define LOCK "430013964644"

/* Read by every command at its start, so the roles that run them may. */
static const char note_table[] =
	"CREATE SCHEMA IF NOT EXISTS dorad_data;"
	"CREATE TABLE IF NOT EXISTS dorad_data.migration ("
	" version integer PRIMARY KEY,"
	" name text NOT NULL,"
	" sha256 text NOT NULL,"
	" applied_at timestamptz NOT NULL DEFAULT now());"
	"COMMENT ON TABLE dorad_data.migration IS 'Which migrations this database has had.';"
	"COMMENT ON COLUMN dorad_data.migration.version IS 'Its number, from 1 without gaps.';"
	"COMMENT ON COLUMN dorad_data.migration.name IS 'The file it came from.';"
	"COMMENT ON COLUMN dorad_data.migration.sha256 IS 'Of the file, in hex.';"
	"COMMENT ON COLUMN dorad_data.migration.applied_at IS 'When it was applied.'";

static bool fits(const struct store_rows *rows, int row, struct error *err)
{
	const char *name = store_value(rows, row, 1);

	if ((size_t)row >= n_migrations) {
		error_setf(err,
			"the database has migration %s, which this dorad (%s, up to %zu) does "
			"not"
			" know; install the newer one",
			name, DORAD_VERSION, n_migrations);
		return false;
	}

	const struct migration *migration = &migrations[row];
	char hex[DIGEST_HEX_MAX];
	digest_hex(migration->sql, migration->n, hex);
	if (strtol(store_value(rows, row, 0), NULL, 10) == migration->version &&
		strcmp(hex, store_value(rows, row, 2)) == 0)
		return true;
	error_setf(err,
		"migration %s was applied with SHA-256 %.12s, this dorad's %s has %.12s: a"
		" migration must not change; use the dorad that made this database",
		name, store_value(rows, row, 2), migration->name, hex);
	return false;
}

enum store_class migration_count(struct store *store, size_t *out_applied, struct error *err)
{
	CLEANUP(store_rows_destroyp) struct store_rows *table = NULL;
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;

	/* Not to_regclass(): it may remember from before the lock that there was no such table.
	 */
	enum store_class class = store_query(store,
		"SELECT 1 FROM pg_tables WHERE schemaname = 'dorad_data' AND tablename = "
		"'migration'",
		NULL, 0, &table, err);
	if (class != STORE_FINE)
		return class;
	*out_applied = 0;
	if (store_n_rows(table) == 0)
		return STORE_FINE;

	class = store_query(store,
		"SELECT version, name, sha256 FROM dorad_data.migration ORDER BY version", NULL,
		0, &rows, err);
	if (class != STORE_FINE)
		return class;
	for (int row = 0; row < store_n_rows(rows); row++) {
		if (!fits(rows, row, err))
			return STORE_WRONG;
	}
	*out_applied = (size_t)store_n_rows(rows);
	return STORE_FINE;
}

enum store_class migration_check(struct store *store, struct error *err)
{
	size_t applied = 0;
	enum store_class class = migration_count(store, &applied, err);

	if (class != STORE_FINE || applied == n_migrations)
		return class;
	error_setf(err,
		"the database has %zu of this dorad's %zu migrations; run dorad migrate first",
		applied, n_migrations);
	return STORE_LATER;
}

struct application {
	size_t next;
	bool applied;
};

static enum store_class apply(struct store *store, void *context, struct error *err)
{
	struct application *application = context;
	const struct migration *migration = &migrations[application->next];
	size_t there = 0;

	/* Whoever is at it may take its time. */
	enum store_class class = store_script(store,
		"SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(" LOCK ")", err);
	if (class == STORE_FINE)
		class = migration_count(store, &there, err);
	if (class != STORE_FINE)
		return class;

	application->applied = there == application->next;
	if (!application->applied)
		return STORE_FINE;

	char version[16];
	char hex[DIGEST_HEX_MAX];
	(void)snprintf(version, sizeof(version), "%d", migration->version);
	digest_hex(migration->sql, migration->n, hex);
	class = store_script(store, migration->sql, err);
	if (class == STORE_FINE)
		class = store_script(store, note_table, err);
	if (class == STORE_FINE)
		class = store_query(store,
			"INSERT INTO dorad_data.migration (version, name, sha256)"
			" VALUES ($1, $2, $3)",
			(const char *const[]){version, migration->name, hex}, 3, NULL, err);
	if (class != STORE_FINE)
		error_prefixf(err, "%s", migration->name);
	return class;
}

enum store_class migration_apply(
	struct store *store, size_t next, bool *out_applied, struct error *err)
{
	struct application application = {.next = next};
	enum store_class class = store_transact(store, apply, &application, err);

	*out_applied = application.applied;
	return class;
}
