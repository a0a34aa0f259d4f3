/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_priv.h"

#include "base/log.h"
#include "ledger/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* "dora": what file(1) and a careful reader see in the header. */
#define APPLICATION_ID 0x646f7261

#define ID_MAX 9 /* eight hex digits and the NUL */

/*
 * Each step takes the file from its index as version to the next. Steps are never changed once
 * released: an old ledger is brought forward through all that it lacks.
 *
 * States and their reasons are apart from the bodies: a change of state must not rewrite 15 KB.
 */
static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE ledger ("
	"	only_row INTEGER PRIMARY KEY CHECK (only_row = 1),"
	"	id TEXT NOT NULL,"                 /* the first part of a delivery's name */
	"	cursor INTEGER NOT NULL DEFAULT 0" /* every row up to here has been handled */
	") STRICT;"

	/* One row a request, in the order of keeping. AUTOINCREMENT: retention may empty the
	 * table, and a number must never come again. */
	"CREATE TABLE delivery ("
	"	seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	received_us INTEGER NOT NULL," /* wall clock, a label: seq gives the order */
	"	endpoint TEXT NOT NULL,"
	"	source TEXT NOT NULL,"
	"	delivery_id TEXT," /* the sender's own */
	"	kind TEXT,"        /* the sender's own word */
	/* Not state IN (...): SQLite would build a table of the five for each row it writes. */
	"	state TEXT NOT NULL DEFAULT 'kept' CHECK (state = 'forwarded' OR state = 'kept'"
	"		OR state = 'ignored' OR state = 'quarantined' OR state = 'dead'),"
	"	reason TEXT,"
	"	n_body INTEGER NOT NULL," /* bytes as received */
	"	n_events INTEGER NOT NULL DEFAULT 0,"
	"	n_bad INTEGER NOT NULL DEFAULT 0," /* lines refused while others went on */
	"	stays INTEGER NOT NULL DEFAULT 0"  /* 1: retention leaves it (corrections) */
	") STRICT;"
	"CREATE INDEX delivery_received ON delivery (received_us);"
	"CREATE INDEX delivery_troubled ON delivery (seq)"
	"	WHERE state IN ('quarantined', 'dead') OR n_bad > 0;"
	/* What was imported is known again, when the import is started once more. */
	"CREATE INDEX delivery_imported ON delivery (delivery_id) WHERE endpoint = 'import';"

	"CREATE TABLE body ("
	"	seq INTEGER PRIMARY KEY,"
	"	headers TEXT NOT NULL," /* name: value, a line each */
	"	encoding TEXT NOT NULL CHECK (encoding IN ('plain', 'zstd')),"
	"	bytes BLOB NOT NULL"
	") STRICT;"

	/* The streams and the last entry known of each. */
	"CREATE TABLE stream ("
	"	stream INTEGER PRIMARY KEY,"
	"	key TEXT NOT NULL UNIQUE,"
	"	entry_ms INTEGER NOT NULL,"
	"	entry_n INTEGER NOT NULL"
	") STRICT;"

	/* The events a row made, and the entry each became. */
	"CREATE TABLE made ("
	"	seq INTEGER NOT NULL,"
	"	n INTEGER NOT NULL,"
	"	kind TEXT NOT NULL,"
	"	source TEXT NOT NULL,"
	"	id TEXT NOT NULL,"
	"	subject TEXT NOT NULL,"
	"	revision INTEGER NOT NULL,"
	"	time_us INTEGER NOT NULL,"
	"	withdrawn INTEGER NOT NULL,"
	"	stream INTEGER NOT NULL REFERENCES stream,"
	"	entry_ms INTEGER NOT NULL,"
	"	entry_n INTEGER NOT NULL,"
	"	PRIMARY KEY (seq, n)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX made_entry ON made (stream, entry_ms, entry_n);"

	"CREATE TABLE bad_line ("
	"	seq INTEGER NOT NULL,"
	"	line INTEGER NOT NULL,"
	"	reason TEXT NOT NULL,"
	"	PRIMARY KEY (seq, line)"
	") STRICT, WITHOUT ROWID;"

	/* Rows to be forwarded again. */
	"CREATE TABLE again ("
	"	seq INTEGER PRIMARY KEY,"
	"	how INTEGER NOT NULL CHECK (how IN (1, 2))" /* 1 all of it, 2 its bad lines */
	") STRICT;",

	/* 2. What retention looks at and what is counted, every few seconds: without the rows
	 * that do not matter to it, for they may be millions, and not in the memory. */
	"DROP INDEX delivery_received;"
	"CREATE INDEX delivery_expiring ON delivery (received_us) WHERE " ROW_EXPIRES ";"
	"DROP INDEX delivery_troubled;"
	"CREATE INDEX delivery_troubled ON delivery (state, n_bad) WHERE " ROW_TROUBLED ";",
};

#define VERSION ((int64_t)ARRAY_LEN(steps))

static int make_id(struct db *db)
{
	static const char sql[] = "INSERT INTO ledger (only_row, id) VALUES (1, ?)";
	unsigned char random[4];
	char id[ID_MAX];
	sqlite3_stmt *insert = db_statement(db, sql);

	if (!insert)
		return db_code(db);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return SQLITE_IOERR;
	(void)snprintf(
		id, sizeof(id), "%02x%02x%02x%02x", random[0], random[1], random[2], random[3]);
	bind_text(insert, 1, id);
	return db_done(db, insert);
}

static int migrate(struct db *db, int64_t from)
{
	char pragmas[96];
	int code = SQLITE_OK;

	for (int64_t step = from; step < VERSION && code == SQLITE_OK; step++) {
		code = db_run(db, steps[step]);
		if (code == SQLITE_OK && step == 0)
			code = make_id(db);
	}
	(void)snprintf(pragmas, sizeof(pragmas),
		"PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
		(int)VERSION);
	return code == SQLITE_OK ? db_run(db, pragmas) : code;
}

/* Inside a transaction: two processes may both find an empty file. */
static enum schema_result prepare(struct db *db, bool may_migrate, int *code, struct error *err)
{
	int64_t version = db_number(db, "PRAGMA user_version", -1);
	int64_t application = db_number(db, "PRAGMA application_id", -1);
	int64_t n_tables = db_number(db, "SELECT count(*) FROM sqlite_schema", -1);

	*code = db_code(db);
	if (version < 0 || application < 0 || n_tables < 0)
		return SCHEMA_TROUBLE;
	if (n_tables && application != APPLICATION_ID) {
		error_setf(err, "an SQLite database, but not a ledger; name another file");
		return SCHEMA_FOREIGN;
	}
	if (version > VERSION) {
		error_setf(err,
			"the ledger is of version %lld, made by a later dorad; this one "
			"knows versions up to %lld: run the later one",
			(long long)version, (long long)VERSION);
		return SCHEMA_NEWER;
	}
	if (version && version < VERSION && !may_migrate) {
		error_setf(err,
			"the ledger is of version %lld, made by an earlier dorad; the receiver "
			"of this one makes it version %lld when it starts: start dorad "
			"receive, or start it again",
			(long long)version, (long long)VERSION);
		return SCHEMA_OLDER;
	}
	if (version < VERSION) {
		*code = migrate(db, version);
		if (*code != SQLITE_OK)
			return SCHEMA_TROUBLE;
		if (version)
			log_info("ledger migrated from=%lld to=%lld", (long long)version,
				(long long)VERSION);
	}
	return SCHEMA_GOOD;
}

enum schema_result schema_prepare(struct db *db, bool may_migrate, int *code, struct error *err)
{
	*code = db_run(db, "BEGIN IMMEDIATE");
	if (*code != SQLITE_OK) {
		error_setf(err, "%s", db_words(db));
		return SCHEMA_TROUBLE;
	}
	enum schema_result result = prepare(db, may_migrate, code, err);
	if (result == SCHEMA_GOOD) {
		*code = db_run(db, "COMMIT");
		if (*code == SQLITE_OK)
			return SCHEMA_GOOD;
		result = SCHEMA_TROUBLE;
	}
	if (result == SCHEMA_TROUBLE)
		error_setf(err, "%s", db_words(db));
	(void)db_run(db, "ROLLBACK");
	return result;
}

bool schema_read_id(struct db *db, uint32_t *out, int *code)
{
	static const char sql[] = "SELECT id FROM ledger";
	sqlite3_stmt *select = db_statement(db, sql);
	bool found = false;

	*code = select ? sqlite3_step(select) : db_code(db);
	if (*code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(select, 0);

		found = text && strlen(text) == ID_MAX - 1;
		*out = found ? (uint32_t)strtoul(text, NULL, 16) : 0;
		*code = text ? SQLITE_CORRUPT : SQLITE_NOMEM;
	} else if (*code == SQLITE_DONE) {
		*code = SQLITE_CORRUPT;
	}
	if (select)
		(void)sqlite3_reset(select);
	return found;
}

bool ledger_versions(const char *path, struct ledger_versions *out, struct error *err)
{
	struct db db = {0};

	*out = (struct ledger_versions){.ours = VERSION};
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	int code = sqlite3_open_v2(
		path, &db.handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL);
	if (code == SQLITE_OK)
		out->there = db_number(&db, "PRAGMA user_version", -1);
	bool read = code == SQLITE_OK && out->there >= 0;
	if (!read)
		error_setf(
			err, "%s: %s", path, db.handle ? db_words(&db) : sqlite3_errstr(code));
	for (int i = 0; i < db.n_cached; i++)
		(void)sqlite3_finalize(db.cache[i].statement);
	(void)sqlite3_close_v2(db.handle);
	return read;
}
