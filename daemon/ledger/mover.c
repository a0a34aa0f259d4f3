/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/log.h"
#include "base/timestamp.h"

#include <errno.h>
#include <string.h>

#define PAGE_BYTES 4096

/* Of the most that the log may become (RELIABILITY.md section 9): what is worth moving while
 * commits go on, what the writer may move between two of them, and when it would. Many small
 * pieces: a sync of little is soon over, and commits wait for the same disk. */
#define PIECE_PART 8
#define LAST_BIT_PART 32
#define FINISH_PART 2
#define IDLE_PART 16

/* From so many on a visitor moves what it can: the owner may not be running, and the log must
 * not grow without end. */
#define VISITOR_PAGES 1000

static int64_t most_pages(const struct ledger *ledger)
{
	return ledger->wal_most_bytes / PAGE_BYTES;
}

static int64_t pages_behind(struct mover *mover)
{
	uint64_t moved = atomic_load(&mover->moved);
	bool of_this_log = (uint32_t)(moved >> 32) == atomic_load(&mover->n_begun);
	int64_t behind = mover->log - (of_this_log ? (int64_t)(uint32_t)moved : 0);

	return behind > 0 ? behind : 0;
}

/*
 * Under the lock moving. SQLITE_OK or not; *whole: nothing was left. What is not known to be on
 * the disk in the log must not get into the file: should the power fail, an older state of some
 * pages would stand in the log before a newer one of others in the file.
 */
static int move(struct ledger *ledger, struct db *db, int mode, bool *whole)
{
	struct mover *mover = &ledger->mover;

	*whole = false;
	if (atomic_load(&ledger->writer.log_doubted))
		return SQLITE_BUSY;
	/* Should the log be begun anew meanwhile, this says nothing about the new one. */
	uint64_t n_begun = atomic_load(&mover->n_begun);
	int n_log = 0;
	int n_moved = 0;
	int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &n_log, &n_moved);

	if (code == SQLITE_IOERR_FSYNC)
		round_doubt(ledger, EIO);
	*whole = code == SQLITE_OK && n_moved == n_log;
	if (code == SQLITE_OK && n_moved >= 0)
		atomic_store(&mover->moved, n_begun << 32 | (uint32_t)n_moved);
	return code;
}

static void complain(const struct ledger *ledger, int code, const char *words)
{
	enum trouble trouble = db_trouble(code);

	if (trouble != TROUBLE_NONE && trouble != TROUBLE_BUSY && trouble != TROUBLE_FULL)
		log_error("ledger checkpoint file=%s: %s", ledger->path, words);
}

static void set_limits(struct ledger *ledger, int64_t from)
{
	ledger->mover.asked_at = from;
	ledger->mover.finish_at = from + most_pages(ledger) / FINISH_PART;
	ledger->mover.force_at = from + most_pages(ledger);
}

void mover_note_log(struct ledger *ledger, int64_t pages)
{
	struct mover *mover = &ledger->mover;

	if (pages < mover->log || !mover->force_at) {
		(void)atomic_fetch_add(&mover->n_begun, 1);
		set_limits(ledger, 0);
	}
	mover->log = pages;
}

static void want(struct mover *mover)
{
	(void)pthread_mutex_lock(&mover->lock);
	if (!mover->wanted) {
		mover->wanted = true;
		(void)pthread_cond_signal(&mover->wake);
	}
	(void)pthread_mutex_unlock(&mover->lock);
}

/* Under the lock moving. Where a reader holds some of it back, the log grows by as much again
 * before the next try. */
static void move_as_writer(struct ledger *ledger, int mode)
{
	struct mover *mover = &ledger->mover;
	bool whole = false;

	if (!ledger->writing)
		return;
	int code = move(ledger, ledger->writing, mode, &whole);
	complain(ledger, code, db_words(ledger->writing));
	if (mode == SQLITE_CHECKPOINT_TRUNCATE && whole)
		mover_note_log(ledger, 0);
	else
		set_limits(ledger, mover->log);
}

void mover_move_all(struct ledger *ledger, bool truncate)
{
	mover_pause(&ledger->mover);
	move_as_writer(
		ledger, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
	mover_resume(&ledger->mover);
}

/* A sync that fails here the owner's next one need not tell of: nothing more is moved. */
static int on_visitors_log(void *context, sqlite3 *handle, const char *name, int n_pages)
{
	struct ledger *ledger = context;

	(void)name;
	if (n_pages < VISITOR_PAGES || atomic_load(&ledger->writer.log_doubted) ||
		lock_says_doubt(ledger->path))
		return SQLITE_OK;
	int code =
		sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (code == SQLITE_IOERR_FSYNC)
		atomic_store(&ledger->writer.log_doubted, true);
	return SQLITE_OK;
}

void mover_visit(struct ledger *ledger)
{
	(void)sqlite3_wal_hook(ledger->writing->handle, on_visitors_log, ledger);
}

void mover_after_commit(struct ledger *ledger)
{
	struct mover *mover = &ledger->mover;
	int64_t most = most_pages(ledger);
	int64_t behind = pages_behind(mover);
	bool finishing = mover->log >= mover->finish_at;
	int64_t piece = most / (finishing ? LAST_BIT_PART : PIECE_PART);

	if (mover->log >= mover->force_at) {
		mover_move_all(ledger, false);
	} else if (finishing && behind <= most / LAST_BIT_PART) {
		if (pthread_mutex_trylock(&mover->moving) != 0)
			return;
		move_as_writer(ledger, SQLITE_CHECKPOINT_PASSIVE);
		(void)pthread_mutex_unlock(&mover->moving);
	} else if (behind >= piece && mover->log - mover->asked_at >= piece) {
		/* Not again at once: a reader may hold it back, and looking costs, too. */
		mover->asked_at = mover->log;
		want(mover);
	}
}

void mover_when_idle(struct ledger *ledger)
{
	if (pages_behind(&ledger->mover) > most_pages(ledger) / IDLE_PART)
		want(&ledger->mover);
}

void mover_pause(struct mover *mover)
{
	(void)pthread_mutex_lock(&mover->moving);
}

void mover_disconnect(struct mover *mover)
{
	db_close(mover->db);
	mover->db = NULL;
}

void mover_resume(struct mover *mover)
{
	(void)pthread_mutex_unlock(&mover->moving);
}

/* If it moves something just now, another time: a delivery may come. */
void mover_rest(struct mover *mover)
{
	if (pthread_mutex_trylock(&mover->moving) != 0)
		return;
	mover_disconnect(mover);
	mover_resume(mover);
}

/* Under the lock moving. False: not now. What it failed over is the writer's to mend. */
static bool move_piece(struct ledger *ledger)
{
	struct mover *mover = &ledger->mover;
	struct error err = {0};
	bool whole = false;
	int code = SQLITE_OK;

	if (!mover->db)
		mover->db = db_open(ledger->path, 0, &code, &err);
	if (!mover->db) {
		complain(ledger, code, err.text);
		return false;
	}
	code = move(ledger, mover->db, SQLITE_CHECKPOINT_PASSIVE, &whole);
	if (code == SQLITE_OK || db_trouble(code) == TROUBLE_BUSY)
		return true;
	complain(ledger, code, db_words(mover->db));
	if (db_trouble(code) == TROUBLE_CORRUPT)
		atomic_store(&ledger->writer.suspect, TROUBLE_CORRUPT);
	mover_disconnect(mover);
	return false;
}

/* Under the lock; false: there is no more to wait for. */
static bool wait_until_wanted(struct mover *mover, bool rest)
{
	struct timespec until = timespec_of_us(now_us(CLOCK_MONOTONIC) + WRITER_RETRY_US);

	while (rest && !mover->stopping &&
		pthread_cond_timedwait(&mover->wake, &mover->lock, &until) == 0)
		continue;
	while (!mover->wanted && !mover->stopping)
		(void)pthread_cond_wait(&mover->wake, &mover->lock);
	mover->wanted = false;
	return !mover->stopping;
}

static void *mover_run(void *context)
{
	struct ledger *ledger = context;
	struct mover *mover = &ledger->mover;
	bool went = true;

	(void)pthread_setname_np(pthread_self(), "ledger-mover");
	(void)pthread_mutex_lock(&mover->lock);
	while (wait_until_wanted(mover, !went)) {
		(void)pthread_mutex_unlock(&mover->lock);
		mover_pause(mover);
		went = move_piece(ledger);
		mover_resume(mover);
		(void)pthread_mutex_lock(&mover->lock);
	}
	(void)pthread_mutex_unlock(&mover->lock);
	return NULL;
}

void mover_init(struct mover *mover)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&mover->moving, NULL);
	(void)pthread_mutex_init(&mover->lock, NULL);
	(void)pthread_cond_init(&mover->wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

void mover_clear(struct mover *mover)
{
	mover_disconnect(mover);
	(void)pthread_mutex_destroy(&mover->moving);
	(void)pthread_mutex_destroy(&mover->lock);
	(void)pthread_cond_destroy(&mover->wake);
}

bool mover_start(struct ledger *ledger, struct error *err)
{
	int failed = pthread_create(&ledger->mover.thread, NULL, mover_run, ledger);

	ledger->mover.runs = !failed;
	if (failed)
		error_setf(err, "no thread for the ledger: %s", strerrordesc_np(failed));
	return !failed;
}

void mover_stop(struct ledger *ledger)
{
	struct mover *mover = &ledger->mover;

	if (!mover->runs)
		return;
	(void)pthread_mutex_lock(&mover->lock);
	mover->stopping = true;
	(void)pthread_cond_broadcast(&mover->wake);
	(void)pthread_mutex_unlock(&mover->lock);
	(void)pthread_join(mover->thread, NULL);
	mover->runs = false;
}
