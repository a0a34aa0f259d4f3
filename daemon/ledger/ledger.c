/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "ledger/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long another process's transaction may take. Ours are short; so must theirs be. */
#define OWNER_BUSY_MS 1000
#define VISITOR_BUSY_MS 10000

/* Small enough to be read whole at each start. A larger file's faults show when they are met.
 */
#define CHECK_WHOLE_BYTES (INT64_C(64) << 20)

/* The time, or the next second after which nothing is called yet. */
static char *aside_name(const char *path)
{
	for (int64_t us = now_us(CLOCK_REALTIME);; us += 1000000) {
		char at[TIMESTAMP_TEXT_MAX];

		timestamp_format(us, at);
		char *name = xasprintf("%s.corrupt-%.4s%.2s%.2sT%.2s%.2s%.2sZ", path, at,
			at + 5, at + 8, at + 11, at + 14, at + 17);
		char *log = xasprintf("%s-wal", name);
		bool taken = access(name, F_OK) == 0 || access(log, F_OK) == 0;
		free(log);
		if (!taken)
			return name;
		free(name);
	}
}

/*
 * At no moment is the file without its log, under the one name or the other: beside a file that
 * is new and empty SQLite deletes what log there is. So the log gets its second name first, and
 * renaming the file decides. Where there are no links, the log follows the file.
 */
static bool move_aside(struct ledger *ledger, const char *aside)
{
	char *log = xasprintf("%s-wal", aside);
	char *index = xasprintf("%s-shm", ledger->path);
	bool linked = link(ledger->wal_path, log) == 0;

	FAULT_POINT("aside-linked");
	bool moved = rename(ledger->path, aside) == 0;
	int error = errno;
	FAULT_POINT("aside-moved");
	if (moved && !linked)
		(void)rename(ledger->wal_path, log);
	if (moved && linked)
		(void)unlink(ledger->wal_path);
	if (!moved && linked)
		(void)unlink(log);
	if (moved)
		(void)unlink(index); /* it is made anew from the log */
	free(index);
	free(log);
	errno = error;
	return moved;
}

/* Moves the file, and what belongs to it, to another name. */
bool ledger_set_aside(struct ledger *ledger, const char *why)
{
	char *aside = aside_name(ledger->path);
	bool moved = move_aside(ledger, aside);

	if (moved)
		log_error("ledger corrupt file=%s why=%s: set aside, a new one is begun; "
			  "dorad deliveries recover %s takes what is readable into it",
			aside, LOG_QUOTE(why), aside);
	else
		log_error("ledger corrupt file=%s why=%s: cannot be set aside: %s",
			ledger->path, LOG_QUOTE(why), strerrordesc_np(errno));
	free(aside);
	ledger->writer.health.n_set_aside += moved;
	ledger->generation++;
	return moved;
}

/* "unable to get the page. error code=7": for want of memory, or of the disk for once. */
static bool says_nothing_of_the_file(const char *found)
{
	static const char words[] = "error code=";
	const char *code = strstr(found, words);

	return code &&
		db_trouble((int)strtol(code + strlen(words), NULL, 10)) != TROUBLE_CORRUPT;
}

static bool is_whole(struct ledger *ledger, struct db *db)
{
	static const char sql[] = "PRAGMA quick_check(1)";
	struct stat file;
	bool whole = true;

	if (stat(ledger->path, &file) != 0 || file.st_size > CHECK_WHOLE_BYTES)
		return true;
	sqlite3_stmt *check = db_statement(db, sql);
	int code = check ? sqlite3_step(check) : db_code(db);
	const char *found =
		code == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : NULL;
	if (found)
		whole = strcmp(found, "ok") == 0 || says_nothing_of_the_file(found);
	else
		whole = db_trouble(code) != TROUBLE_CORRUPT;
	if (check)
		(void)sqlite3_reset(check);
	return whole;
}

/* One try. Corrupt is told apart from all else that can be wrong. */
static enum ledger_opening connect_once(struct ledger *ledger, bool *corrupt, struct error *err)
{
	static const char cursor[] = "SELECT cursor FROM ledger";
	int busy_ms = ledger->owner ? OWNER_BUSY_MS : VISITOR_BUSY_MS;
	int code = SQLITE_OK;

	ledger->writing = db_open(ledger->path, busy_ms, &code, err);
	if (!ledger->writing) {
		*corrupt = db_trouble(code) == TROUBLE_CORRUPT;
		return LEDGER_BAD;
	}
	/* By its owner alone: a command of the next version must not change the ledger beneath
	 * a receiver of this one, which could not open it again. */
	switch (schema_prepare(ledger->writing, ledger->owner, &code, err)) {
	case SCHEMA_GOOD:
		break;
	case SCHEMA_TROUBLE:
		*corrupt = db_trouble(code) == TROUBLE_CORRUPT;
		error_prefixf(err, "%s", ledger->path);
		return LEDGER_BAD;
	case SCHEMA_NEWER:
	case SCHEMA_OLDER:
	case SCHEMA_FOREIGN:
		error_prefixf(err, "%s", ledger->path);
		return LEDGER_BAD;
	}
	uint32_t id = 0;
	if (!schema_read_id(ledger->writing, &id, &code)) {
		/* For want of memory, say, which says nothing about the file. */
		*corrupt = db_trouble(code) == TROUBLE_CORRUPT;
		error_setf(err, "%s: its id cannot be read: %s", ledger->path,
			sqlite3_errstr(code));
		return LEDGER_BAD;
	}
	if (ledger->owner && (!ledger_sync_later(ledger, err) || !wal_open(ledger, err)))
		return LEDGER_BAD;
	if (ledger->owner && !is_whole(ledger, ledger->writing)) {
		error_setf(err, "%s: not whole", ledger->path);
		*corrupt = true;
		return LEDGER_BAD;
	}
	atomic_store(&ledger->id, id);
	if (!ledger->owner) {
		mover_visit(ledger);
		return LEDGER_OPENED;
	}
	space_watch(ledger);
	recent_settled(
		&ledger->recent, db_number(ledger->writing, cursor, 0), ledger->generation);
	ledger->reading = db_open(ledger->path, busy_ms, &code, err);
	return ledger->reading ? LEDGER_OPENED : LEDGER_BAD;
}

void ledger_disconnect(struct ledger *ledger)
{
	recent_clear(&ledger->recent);
	mover_disconnect(&ledger->mover);
	wal_close(ledger);
	db_close(ledger->reading);
	db_close(ledger->writing);
	ledger->reading = NULL;
	ledger->writing = NULL;
}

/* RELIABILITY.md section 9: never refuse to start over a corrupt file, never delete it. */
enum ledger_opening ledger_connect(struct ledger *ledger, struct error *err)
{
	struct error words = {0};
	bool corrupt = false;
	enum ledger_opening opening = connect_once(ledger, &corrupt, &words);

	if (opening == LEDGER_OPENED)
		return opening;
	ledger_disconnect(ledger);
	if (corrupt && ledger->owner && ledger_set_aside(ledger, words.text)) {
		words = (struct error){0};
		opening = connect_once(ledger, &corrupt, &words);
		if (opening == LEDGER_OPENED)
			return opening;
		ledger_disconnect(ledger);
	}
	error_setf(err, "%s", words.text);
	return opening;
}

char *ledger_real_path(const char *path)
{
	struct stat file;
	bool is_link = lstat(path, &file) == 0 && S_ISLNK(file.st_mode);
	char *real = is_link ? realpath(path, NULL) : NULL;

	return real ? real : xstrdup(path);
}

static struct ledger *new_ledger(const char *path)
{
	struct ledger *ledger = xcalloc(1, sizeof(*ledger));

	ledger->path = ledger_real_path(path);
	ledger->wal_path = xasprintf("%s-wal", ledger->path);
	ledger->packer = body_packer_create();
	recent_init(&ledger->recent);
	mover_init(&ledger->mover);
	writer_init(ledger);
	ledger->reserve_fd = -1;
	(void)pthread_mutex_init(&ledger->reading_lock, NULL);
	return ledger;
}

static void destroy(struct ledger *ledger)
{
	ledger_disconnect(ledger);
	lock_drop(ledger->lock);
	body_packer_destroy(ledger->packer);
	recent_destroy(&ledger->recent);
	mover_clear(&ledger->mover);
	writer_clear(&ledger->writer);
	(void)pthread_mutex_destroy(&ledger->reading_lock);
	free(ledger->wal_path);
	free(ledger->path);
	free(ledger);
}

enum ledger_opening ledger_open(
	const struct ledger_options *options, struct ledger **out, struct error *err)
{
	struct ledger *ledger = new_ledger(options->path);
	enum ledger_opening opening = lock_take(options->path, &ledger->lock, err);

	ledger->owner = true;
	ledger->retention_age_us = options->retention_age_us;
	ledger->retention_bytes = options->retention_bytes;
	if (opening == LEDGER_OPENED)
		opening = ledger_connect(ledger, err);
	if (opening == LEDGER_OPENED) {
		space_open(ledger);
		if (!mover_start(ledger, err) || !writer_start(ledger, err))
			opening = LEDGER_BAD;
	}
	if (opening != LEDGER_OPENED) {
		mover_stop(ledger);
		space_close(ledger);
		destroy(ledger);
		return opening;
	}
	log_info("ledger open file=%s id=%08" PRIx32, ledger->path, ledger->id);
	*out = ledger;
	return LEDGER_OPENED;
}

struct ledger *ledger_visit(const char *path, bool create, struct error *err)
{
	if (!create && access(path, F_OK) != 0) {
		error_setf(err, "%s: %s; dorad receive makes it", path, strerrordesc_np(errno));
		return NULL;
	}
	struct ledger *ledger = new_ledger(path);

	if (ledger_connect(ledger, err) == LEDGER_OPENED)
		return ledger;
	destroy(ledger);
	return NULL;
}

bool ledger_sync_later(struct ledger *ledger, struct error *err)
{
	if (db_run(ledger->writing, "PRAGMA synchronous = NORMAL") == SQLITE_OK)
		return true;
	error_setf(err, "%s: %s", ledger->path, db_words(ledger->writing));
	return false;
}

bool ledger_sync(struct ledger *ledger, struct error *err)
{
	int code = db_sync(ledger->writing);

	if (code != SQLITE_OK)
		error_setf(err, "%s: cannot be synced: %s", ledger->path, sqlite3_errstr(code));
	return code == SQLITE_OK;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->owner) {
		writer_stop(ledger);
		mover_stop(ledger);
		mover_move_all(ledger, true);
		space_close(ledger);
	}
	destroy(ledger);
}

struct db *ledger_begin_reading(struct ledger *ledger)
{
	(void)pthread_mutex_lock(&ledger->reading_lock);
	return ledger->owner ? ledger->reading : ledger->writing;
}

void ledger_end_reading(struct ledger *ledger)
{
	(void)pthread_mutex_unlock(&ledger->reading_lock);
}

void ledger_reading_failed(struct ledger *ledger, struct db *db, struct error *err)
{
	enum trouble trouble = db ? db_trouble(db_code(db)) : TROUBLE_DISK;

	error_setf(err, "%s: %s", ledger->path, db ? db_words(db) : "not open");
	if (db && (trouble == TROUBLE_DISK || trouble == TROUBLE_CORRUPT))
		atomic_store(&ledger->writer.suspect, trouble);
}

void ledger_name(struct ledger *ledger, int64_t seq, char out[static LEDGER_NAME_MAX])
{
	(void)snprintf(
		out, LEDGER_NAME_MAX, "%08" PRIx32 "-%" PRId64, atomic_load(&ledger->id), seq);
}

void ledger_set_retention(struct ledger *ledger, int64_t age_us, int64_t bytes)
{
	atomic_store(&ledger->retention_age_us, age_us);
	atomic_store(&ledger->retention_bytes, bytes);
}

const char *ledger_result_name(enum ledger_result result)
{
	static const char *const names[] = {
		[LEDGER_DONE] = "done",
		[LEDGER_FULL] = "full",
		[LEDGER_LATE] = "late",
		[LEDGER_FAILED] = "failed",
		[LEDGER_CLOSING] = "closing",
	};

	return names[result];
}
