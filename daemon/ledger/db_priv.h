/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_DB_PRIV_H
#define DORAD_LEDGER_DB_PRIV_H

#include "base/cleanup.h"
#include "base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One SQLite connection and its prepared statements. Codes are SQLite's extended ones; one
 * thread at a time. A statement is found by the address of its text, so texts are static.
 */
#define DB_MAX_STATEMENTS 48

struct db {
	sqlite3 *handle;
	int busy_ms;                    /* how long it waits for a lock */
	struct body_unpacker *unpacker; /* for the rows that are read through it */
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} cache[DB_MAX_STATEMENTS];
	int n_cached;
};

/* Opens or creates (0600), sets what every connection needs. NULL: *code and err say why. */
struct db *db_open(const char *path, int busy_ms, int *code, struct error *err);

/* Does not checkpoint: what is left in the write-ahead log is read by the next to open. */
void db_close(struct db *db); /* NULL is fine */

/* Prepared and reset; NULL: db_code() says why. */
sqlite3_stmt *db_statement(struct db *db, const char *sql);

int db_code(const struct db *db);
const char *db_words(const struct db *db);

/* Plain statements, no results. SQLITE_OK or the code. */
int db_run(struct db *db, const char *sql);

/* Steps a bound statement that gives no rows, and resets it. SQLITE_OK or the code. */
int db_done(struct db *db, sqlite3_stmt *statement);

/* Syncs the write-ahead log: what was committed before, by whomever, stays. For a connection
 * that has read. SQLITE_OK or the code. */
int db_sync(struct db *db);

/* The first column of the first row, or otherwise if there is none or it failed. */
int64_t db_number(struct db *db, const char *sql, int64_t otherwise);

/* NULL binds NULL. The text must live until the statement is reset. */
void bind_text(sqlite3_stmt *statement, int i, const char *text);
void bind_number(sqlite3_stmt *statement, int i, int64_t number);
void bind_bytes(sqlite3_stmt *statement, int i, const void *bytes, size_t n);

/* What a failure asks for. */
enum trouble {
	TROUBLE_NONE,
	TROUBLE_BUSY,    /* another process writes: once more */
	TROUBLE_FULL,    /* no space: make some */
	TROUBLE_DISK,    /* read, write or sync failed: believe nothing, open again */
	TROUBLE_CORRUPT, /* what was read is not what was written: set aside */
	TROUBLE_OTHER,   /* a mistake of ours */
};

enum trouble db_trouble(int code);

/* The same of a commit that failed just now on this connection: to SQLite a quota that is used
 * up is a disk that fails. */
enum trouble db_trouble_of(const struct db *db, int code);

#endif
