/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/heap.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * RELIABILITY.md section 9. A full disk can only be emptied by writing: deleting rows goes
 * through the write-ahead log, and moving the log into the file makes the file grow. So a
 * reserve as large as the log may become is held in a file of its own and given back when the
 * disk is full; the log is moved before it outgrows the reserve.
 */
#define WAL_LEAST_BYTES (INT64_C(256) << 10)
#define WAL_MOST_BYTES (INT64_C(16) << 20)

/* A delivery forwarded just now may still be what restores a Redis that forgets its last
 * second or two. */
#define MIN_AGE_US INT64_C(5000000)

#define EXPIRE_ROWS 200

/* What a commit writes beside the bodies. */
#define SLACK_BYTES (INT64_C(64) << 10)

static int on_wal(void *context, sqlite3 *handle, const char *name, int n_pages)
{
	(void)handle;
	(void)name;
	mover_note_log(context, n_pages);
	return SQLITE_OK;
}

void space_watch(struct ledger *ledger)
{
	(void)sqlite3_wal_hook(ledger->writing->handle, on_wal, ledger);
}

void space_give_reserve(struct ledger *ledger)
{
	/* If it cannot be given back, the writes that need it fail, and say so. */
	if (ledger->reserve_fd >= 0 && ftruncate(ledger->reserve_fd, 0) != 0)
		return;
}

static bool take_reserve(struct ledger *ledger)
{
	struct stat file;
	off_t want = (off_t)ledger->wal_most_bytes;

	if (ledger->reserve_fd < 0)
		return true;
	if (fstat(ledger->reserve_fd, &file) == 0 && file.st_size >= want)
		return true;
	if (posix_fallocate(ledger->reserve_fd, 0, want) == 0)
		return true;
	space_give_reserve(ledger);
	return false;
}

void space_open(struct ledger *ledger)
{
	char *path = xasprintf("%s-reserve", ledger->path);
	struct statvfs disk;

	ledger->wal_most_bytes = WAL_MOST_BYTES;
	if (statvfs(ledger->path, &disk) == 0) {
		int64_t sixteenth = (int64_t)(disk.f_blocks * disk.f_frsize / 16);

		if (sixteenth < WAL_MOST_BYTES)
			ledger->wal_most_bytes =
				sixteenth > WAL_LEAST_BYTES ? sixteenth : WAL_LEAST_BYTES;
	}
	ledger->reserve_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	(void)take_reserve(ledger);
}

void space_close(struct ledger *ledger)
{
	if (ledger->reserve_fd >= 0)
		(void)close(ledger->reserve_fd);
	ledger->reserve_fd = -1;
}

/*
 * The oldest rows that may go: handled, not marked for replay, and neither quarantined, dead,
 * in part bad, nor a correction; nor forwarded just now, however long they had waited for that,
 * by the clock of Redis, unless that is another one altogether.
 */
static const char pick_old[] =
	"INSERT INTO temp.going (seq)"
	"	SELECT d.seq FROM main.delivery AS d"
	"	WHERE d.received_us < ?1"
	"	AND " ROW_EXPIRES "	AND d.seq <= (SELECT cursor FROM main.ledger)"
	"	AND NOT EXISTS (SELECT 1 FROM main.again AS a WHERE a.seq = d.seq)"
	"	AND NOT EXISTS (SELECT 1 FROM main.made AS m WHERE m.seq = d.seq"
	"		AND m.entry_ms BETWEEN ?3 AND ?4)"
	"	AND d.received_us NOT BETWEEN ?5 AND ?6"
	"	ORDER BY d.received_us LIMIT ?2";

static const char *const delete_picked[] = {
	"DELETE FROM main.body WHERE seq IN (SELECT seq FROM temp.going)",
	"DELETE FROM main.made WHERE seq IN (SELECT seq FROM temp.going)",
	"DELETE FROM main.delivery WHERE seq IN (SELECT seq FROM temp.going)",
	"DELETE FROM temp.going",
};

struct span {
	int64_t from_us;
	int64_t to_us;
};

/* No row is of then. */
static const struct span never = {.from_us = INT64_MAX, .to_us = INT64_MIN};

/* Which rows go: those received before, but for those forwarded or received just now. */
struct going {
	int64_t before_us;
	struct span forwarded;
	struct span received;
};

static int pick(struct db *db, const struct going *going, int64_t *n)
{
	sqlite3_stmt *insert = db_statement(db, pick_old);

	if (!insert)
		return db_code(db);
	bind_number(insert, 1, going->before_us);
	bind_number(insert, 2, EXPIRE_ROWS);
	bind_number(insert, 3, going->forwarded.from_us / 1000);
	bind_number(insert, 4, going->forwarded.to_us / 1000);
	bind_number(insert, 5, going->received.from_us);
	bind_number(insert, 6, going->received.to_us);
	int code = db_done(db, insert);
	*n = code == SQLITE_OK ? sqlite3_changes64(db->handle) : 0;
	return code;
}

static int expire(struct db *db, const struct going *going, int64_t *n)
{
	int code =
		db_run(db, "CREATE TEMP TABLE IF NOT EXISTS going (seq INTEGER PRIMARY KEY)");

	if (code == SQLITE_OK)
		code = db_run(db, "BEGIN IMMEDIATE");
	if (code != SQLITE_OK)
		return code;
	code = pick(db, going, n);
	for (size_t i = 0; i < ARRAY_LEN(delete_picked) && code == SQLITE_OK && *n; i++)
		code = db_done(db, db_statement(db, delete_picked[i]));
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code != SQLITE_OK && !sqlite3_get_autocommit(db->handle))
		(void)db_run(db, "ROLLBACK");
	return code;
}

static int64_t free_bytes(struct db *db)
{
	static const char pages[] = "SELECT freelist_count FROM pragma_freelist_count";

	return db_number(db, pages, 0) * 4096;
}

/* Bytes of the file that hold something. */
static int64_t used_bytes(struct db *db)
{
	static const char pages[] = "SELECT page_count FROM pragma_page_count";

	return db_number(db, pages, 0) * 4096 - free_bytes(db);
}

bool space_expire(struct ledger *ledger, bool full)
{
	struct db *db = ledger->writing;
	int64_t now = now_us(CLOCK_REALTIME);
	const struct span just_now = {.from_us = now - MIN_AGE_US, .to_us = now + MIN_AGE_US};
	struct going going = {
		.before_us = now - ledger->retention_age_us,
		.forwarded = just_now,
		.received = never,
	};
	int64_t n = 0;

	/* For want of room the oldest go, though a clock that once was wrong says of them that
	 * they are yet to come. */
	if (full) /* what waits to be kept comes before what might be asked for again */
		going = (struct going){
			.before_us = INT64_MAX, .forwarded = never, .received = just_now};
	else if (ledger->retention_bytes && used_bytes(db) > ledger->retention_bytes)
		going.before_us = INT64_MAX;
	else if (!ledger->retention_age_us)
		return false;
	int code = expire(db, &going, &n);
	if (code != SQLITE_OK) {
		enum trouble trouble = db_trouble_of(db, code);
		if (trouble != TROUBLE_FULL && trouble != TROUBLE_BUSY)
			log_error("ledger retention file=%s: %s", ledger->path, db_words(db));
		return false;
	}
	if (n) {
		(void)pthread_mutex_lock(&ledger->writer.lock);
		ledger->writer.health.n_expired += (uint64_t)n;
		(void)pthread_mutex_unlock(&ledger->writer.lock);
		log_debug("ledger retention rows=%lld", (long long)n);
	}
	return n == EXPIRE_ROWS;
}

/*
 * May so many bytes be kept? The file must not grow into what the log needs, or nothing could
 * be written any more, not even to make room: beside the reserve a log's worth of disk stays
 * free. Pages that retention has freed are used again without growth.
 */
bool space_has_room(struct ledger *ledger, int64_t bytes)
{
	struct statvfs disk;
	struct stat log;

	if (statvfs(ledger->path, &disk) != 0)
		return true; /* the commit will tell */
	int64_t available = (int64_t)(disk.f_bavail * disk.f_frsize);
	if (available > 4 * ledger->wal_most_bytes + 2 * bytes)
		return true;
	if (stat(ledger->wal_path, &log) == 0)
		available += log.st_size; /* it is written over */
	int64_t to_grow = available - ledger->wal_most_bytes;
	if (to_grow < 0)
		to_grow = 0;
	return available > bytes + SLACK_BYTES &&
		to_grow + free_bytes(ledger->writing) > bytes + bytes / 4 + SLACK_BYTES;
}

/* No more rows go than the log can take in: their pages serve the next deliveries, and what
 * fills the disk may be somebody else's. */
bool space_make(struct ledger *ledger, int64_t want_bytes)
{
	space_give_reserve(ledger);
	mover_move_all(ledger, true);
	while (free_bytes(ledger->writing) < 2 * ledger->wal_most_bytes &&
		space_expire(ledger, true))
		mover_move_all(ledger, true);
	mover_move_all(ledger, true);
	return take_reserve(ledger) && space_has_room(ledger, want_bytes);
}

void space_rest(struct ledger *ledger)
{
	const struct db *reading = ledger_begin_reading(ledger);

	if (reading)
		(void)sqlite3_db_release_memory(reading->handle);
	ledger_end_reading(ledger);
	(void)sqlite3_db_release_memory(ledger->writing->handle);
	mover_rest(&ledger->mover);
	body_packer_rest(ledger->packer);
	heap_rest();
}
