/* SPDX-License-Identifier: Apache-2.0 */
#include "db_priv.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "body_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUSY_POLL_US 500

/*
 * RELIABILITY.md section 9. Checkpoints are the mover's business; a log that grew because
 * somebody read for long gives the disk back when it is begun anew. A body that retention
 * deleted should not be readable in the file, where that costs no extra writing.
 */
static const char settings[] = "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA wal_autocheckpoint = 0;"
			       "PRAGMA journal_size_limit = 33554432;"
			       "PRAGMA secure_delete = FAST;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA mmap_size = 0;"
			       "PRAGMA cache_size = -8192;";

/*
 * Bodies are personal data: the file is its owner's alone, and SQLite gives its side files the
 * same mode. A file that is there is not opened: to close it again would drop the locks that
 * this process has on it through SQLite (fcntl(2)), and the next program to look at the ledger
 * would take itself for the last one and remove the log beneath the receiver.
 */
static bool make_private(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
		return true;
	}
	if (errno == EEXIST && access(path, R_OK | W_OK) == 0)
		return true;
	error_setf(err, "%s: %s; want a file and a folder that this user may write to", path,
		strerrordesc_np(errno));
	return false;
}

/* Before its first use SQLite is told not to count its memory: the counting takes a lock each
 * time, and nobody asks. */
static void start_library(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_initialize();
}

/* SQLite's own handler sleeps for up to 100 ms: behind an import that commits every few
 * milliseconds, an answer would wait as long for each of them. */
static int wait_a_moment(void *context, int times)
{
	const struct db *db = context;
	const struct timespec moment = {.tv_nsec = BUSY_POLL_US * 1000};

	if (times >= db->busy_ms * 1000 / BUSY_POLL_US)
		return 0;
	(void)nanosleep(&moment, NULL);
	return 1;
}

struct db *db_open(const char *path, int busy_ms, int *code, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, start_library);
	*code = SQLITE_CANTOPEN;
	if (!make_private(path, err)) {
		free(db);
		return NULL;
	}
	db->unpacker = body_unpacker_create();
	*code = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (*code == SQLITE_OK) {
		(void)sqlite3_db_config(
			db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
		db->busy_ms = busy_ms;
		(void)sqlite3_busy_handler(db->handle, wait_a_moment, db);
		*code = db_run(db, settings);
	}
	if (*code == SQLITE_OK)
		return db;
	error_setf(err, "%s: %s", path, db->handle ? db_words(db) : sqlite3_errstr(*code));
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < db->n_cached; i++)
		(void)sqlite3_finalize(db->cache[i].statement);
	(void)sqlite3_close_v2(db->handle);
	body_unpacker_destroy(db->unpacker);
	free(db);
}

sqlite3_stmt *db_statement(struct db *db, const char *sql)
{
	for (int i = 0; i < db->n_cached; i++) {
		if (db->cache[i].sql == sql) {
			(void)sqlite3_reset(db->cache[i].statement);
			return db->cache[i].statement;
		}
	}
	assert(db->n_cached < DB_MAX_STATEMENTS);
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
		    NULL) != SQLITE_OK)
		return NULL;
	db->cache[db->n_cached].sql = sql;
	db->cache[db->n_cached++].statement = statement;
	return statement;
}

int db_code(const struct db *db)
{
	return sqlite3_extended_errcode(db->handle);
}

const char *db_words(const struct db *db)
{
	return sqlite3_errmsg(db->handle);
}

int db_run(struct db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
}

/* The write-ahead log as SQLite has it open; NULL: *code says why. */
static sqlite3_file *log_of(const struct db *db, int *code)
{
	sqlite3_file *log = NULL;

	*code = sqlite3_file_control(
		db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
	return *code == SQLITE_OK && log && log->pMethods ? log : NULL;
}

int db_sync(struct db *db)
{
	int code;
	sqlite3_file *log = log_of(db, &code);

	if (code != SQLITE_OK)
		return code;
	return log ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : SQLITE_IOERR_FSYNC;
}

int db_done(struct db *db, sqlite3_stmt *statement)
{
	if (!statement)
		return db_code(db);
	int code = sqlite3_step(statement);

	while (code == SQLITE_ROW)
		code = sqlite3_step(statement);
	int reset = sqlite3_reset(statement);
	return code == SQLITE_DONE ? SQLITE_OK : reset;
}

int64_t db_number(struct db *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *statement = db_statement(db, sql);
	int64_t number = otherwise;

	if (statement && sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	if (statement)
		(void)sqlite3_reset(statement);
	return number;
}

void bind_text(sqlite3_stmt *statement, int i, const char *text)
{
	if (text)
		(void)sqlite3_bind_text(statement, i, text, -1, SQLITE_STATIC);
	else
		(void)sqlite3_bind_null(statement, i);
}

void bind_number(sqlite3_stmt *statement, int i, int64_t number)
{
	(void)sqlite3_bind_int64(statement, i, number);
}

void bind_bytes(sqlite3_stmt *statement, int i, const void *bytes, size_t n)
{
	(void)sqlite3_bind_blob64(statement, i, n ? bytes : "", n, SQLITE_STATIC);
}

enum trouble db_trouble(int code)
{
	switch (code & 0xff) { /* the primary code of an extended one */
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return TROUBLE_NONE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return TROUBLE_BUSY;
	case SQLITE_FULL:
		return TROUBLE_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_PROTOCOL:
		return TROUBLE_DISK;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return TROUBLE_CORRUPT;
	case SQLITE_NOMEM:
		out_of_memory();
	default:
		return TROUBLE_OTHER;
	}
}

enum trouble db_trouble_of(const struct db *db, int code)
{
	int error = 0;
	int unused;
	sqlite3_file *log = code == SQLITE_IOERR_WRITE ? log_of(db, &unused) : NULL;

	if (log)
		(void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error == EDQUOT ? TROUBLE_FULL : db_trouble(code);
}
