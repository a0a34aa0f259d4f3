/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/arena.h"
#include "database.h"
#include "ledger/version.h"
#include "store/migration.h"

#include <string.h>

static void look_at_ledger(struct findings *findings, const char *path, struct arena *arena)
{
	struct ledger_versions versions;
	struct error err = {0};

	if (!ledger_versions(path, &versions, &err))
		check_note(findings, "ledger", FINDING_BAD, err.text);
	else if (!versions.there)
		check_note(findings, "ledger", FINDING_GOOD,
			arena_printf(
				arena, "%s is not there yet: dorad receive makes it", path));
	else if (versions.there > versions.ours)
		check_note(findings, "ledger", FINDING_BAD,
			arena_printf(arena,
				"%s is of version %d, made by a later dorad; this one knows "
				"versions up to %d: run the later one",
				path, (int)versions.there, (int)versions.ours));
	else if (versions.there == versions.ours)
		check_note(findings, "ledger", FINDING_GOOD,
			arena_printf(arena, "%s is of version %d and stays so", path,
				(int)versions.there));
	else
		check_note(findings, "ledger", FINDING_PENDING,
			arena_printf(arena,
				"%s goes from version %d to %d when dorad receive starts; who "
				"connects meanwhile waits at the socket. The version before "
				"cannot read it afterwards",
				path, (int)versions.there, (int)versions.ours));
}

/* The comment at the head of a migration, as one line; ends before a paragraph or a line that
 * begins with `until` (NULL: none), or begins after the word `from`. */
static const char *head_of(
	struct arena *arena, const char *sql, const char *from, const char *until)
{
	char *words = arena_alloc(arena, strlen(sql) + 1);
	bool inside = false;
	size_t n = 0;

	for (const char *line = sql; strncmp(line, "--", 2) == 0;) {
		const char *text = line + 2 + strspn(line + 2, " ");
		size_t length = strcspn(text, "\n");
		bool named = from && strncmp(text, from, strlen(from)) == 0;
		bool spdx = strncmp(text, "SPDX-", 5) == 0;

		if (inside && (!length || (until && strncmp(text, until, strlen(until)) == 0)))
			break;
		if (named)
			text += strspn(text + strlen(from), " ") + strlen(from);
		inside = inside || named || (!from && length && !spdx);
		length = strcspn(text, "\n");
		if (inside) {
			if (n)
				words[n++] = ' ';
			for (size_t i = 0; i < length; i++)
				words[n++] = text[i];
		}
		line = text + length + (text[length] == '\n');
	}
	words[n] = '\0';
	return words;
}

#define MEANWHILE "Meanwhile:"

static void look_at_migration(
	struct findings *findings, const struct migration *migration, struct arena *arena)
{
	const char *meanwhile = head_of(arena, migration->sql, MEANWHILE, NULL);

	check_note(findings, migration->name, FINDING_PENDING,
		arena_printf(arena, "%s Meanwhile %s",
			head_of(arena, migration->sql, NULL, MEANWHILE),
			*meanwhile ? meanwhile
				   : "stop dorad rollup and dorad portal: it is not known to "
				     "leave the running version unharmed."));
}

static void look_at_schema(
	struct findings *findings, const struct config *config, struct arena *arena)
{
	const char *conninfo =
		config->migrate.postgres ? config->migrate.postgres : config->rollup.postgres;
	const struct store_options options = {
		.conninfo = conninfo,
		.application = "dorad check",
		.read_only = true,
		.account = COMMAND_ACCOUNT,
	};
	struct error err = {0};
	size_t there = 0;

	if (!conninfo) {
		check_note(findings, "schema", FINDING_WARNING,
			"rollup.postgres is not set: there is no database to look at");
		return;
	}
	CLEANUP(store_destroyp) struct store *store = store_create(&options, &err);
	if (!store || store_connect(store, &err) != STORE_FINE ||
		migration_count(store, &there, &err) != STORE_FINE) {
		check_note(findings, "schema", FINDING_BAD, err.text);
		return;
	}
	if (!there) {
		check_note(findings, "schema", FINDING_PENDING,
			"the database has none yet: dorad migrate makes it");
		return;
	}
	check_note(findings, "schema", FINDING_GOOD,
		arena_printf(
			arena, "the database has %zu of %zu migrations", there, n_migrations));
	for (; there < n_migrations; there++)
		look_at_migration(findings, &migrations[there], arena);
}

void check_upgrade(struct findings *findings, const struct config *config)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	look_at_ledger(findings, config->receive.ledger, arena);
	look_at_schema(findings, config, arena);
}
