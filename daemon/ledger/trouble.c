/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMPLAIN_US INT64_C(10000000)

/* Once in ten seconds: a full disk is not helped by log lines. */
static bool may_complain(struct writer *writer)
{
	int64_t now = now_us(CLOCK_MONOTONIC);

	if (writer->complained_us && now - writer->complained_us < COMPLAIN_US)
		return false;
	writer->complained_us = now;
	(void)pthread_mutex_lock(&writer->lock);
	writer->complained = true;
	(void)pthread_mutex_unlock(&writer->lock);
	return true;
}

/* After trouble with the disk nothing that a connection remembers is believed. */
static void connect_again(struct ledger *ledger, bool corrupt, const char *why)
{
	struct error err = {0};

	round_wait_for_all(&ledger->writer);
	(void)ledger_begin_reading(ledger);
	mover_pause(&ledger->mover);
	ledger_disconnect(ledger);
	if (corrupt)
		(void)ledger_set_aside(ledger, why);
	if (ledger_connect(ledger, &err) != LEDGER_OPENED && may_complain(&ledger->writer))
		log_error("ledger cannot be opened again: %s", err.text);
	mover_resume(&ledger->mover);
	ledger_end_reading(ledger);
}

/* What seemed mended and comes back at once is the same trouble; what comes later is another,
 * whose first deliveries are waited for. */
static void note_health(struct writer *writer, bool full, bool failing)
{
	int64_t now = now_us(CLOCK_MONOTONIC);
	bool is_bad = full || failing;

	(void)pthread_mutex_lock(&writer->lock);
	bool was_bad = writer->health.full || writer->health.failing;
	bool begins = is_bad && !was_bad && now - writer->mended_us > LEDGER_PATIENCE_US;
	writer->health.full = full;
	writer->health.failing = failing;
	writer->health.n_errors += is_bad;
	if (begins || (is_bad && !writer->bad_since_us))
		writer->bad_since_us = now;
	if (was_bad && !is_bad)
		writer->mended_us = now;
	(void)pthread_mutex_unlock(&writer->lock);
}

void trouble_is_over(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	/* What was committed before it became bad says nothing. */
	bool over = writer->bad_since_us && !writer->health.full && !writer->health.failing;
	bool say = over && writer->complained;
	writer->complained &= !say;
	if (over)
		writer->bad_since_us = 0;
	(void)pthread_mutex_unlock(&writer->lock);
	if (say)
		log_info("ledger works again");
}

/* The largest delivery that waits: room must be made for that. */
static int64_t largest_waiting(struct writer *writer)
{
	const struct job *job;
	size_t largest = 0;

	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_FOREACH(job, &writer->queue, entry)
	{
		if (job->waits && job->bytes > largest)
			largest = job->bytes;
	}
	(void)pthread_mutex_unlock(&writer->lock);
	return (int64_t)largest;
}

/* Moves all of a list to the end of another, for the watch to see. */
static void hand_over(struct writer *writer, struct job_list *to, struct job_list *from)
{
	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_CONCAT(to, from, entry);
	(void)pthread_mutex_unlock(&writer->lock);
}

/* A mistake in one job must not cost the others: each alone. True: some were committed, and are
 * the batch now. */
static bool run_singly(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	struct job_list jobs = TAILQ_HEAD_INITIALIZER(jobs);
	struct job_list good = TAILQ_HEAD_INITIALIZER(good);
	struct job *job;

	hand_over(writer, &jobs, &writer->batch);
	while ((job = TAILQ_FIRST(&jobs))) {
		struct job_list one = TAILQ_HEAD_INITIALIZER(one);

		TAILQ_REMOVE(&jobs, job, entry);
		TAILQ_INSERT_TAIL(&one, job, entry);
		hand_over(writer, &writer->batch, &one);
		int code = writer_run_batch(ledger);
		if (code == SQLITE_OK) {
			hand_over(writer, &good, &writer->batch);
			continue;
		}
		log_error("ledger refused a row: %s", sqlite3_errstr(code));
		/* Not once more: it would be refused once more. */
		(void)pthread_mutex_lock(&writer->lock);
		TAILQ_REMOVE(&writer->batch, job, entry);
		writer->health.n_refused += job->waits && !job->answered;
		(void)pthread_mutex_unlock(&writer->lock);
		job->done(job, LEDGER_FAILED);
	}
	hand_over(writer, &writer->batch, &good);
	return !TAILQ_EMPTY(&writer->batch);
}

static void complain_of_disk(struct ledger *ledger, const char *words)
{
	if (may_complain(&ledger->writer))
		log_error("ledger failing file=%s: %s", ledger->path, words);
	note_health(&ledger->writer, false, true);
}

bool trouble_meet(struct ledger *ledger, int code)
{
	struct writer *writer = &ledger->writer;
	enum trouble trouble = db_trouble_of(ledger->writing, code);
	char words[160];

	writer->retry_at_us = now_us(CLOCK_MONOTONIC) + WRITER_RETRY_US;
	(void)snprintf(words, sizeof(words), "%s (%d)", db_words(ledger->writing), code);
	switch (trouble) {
	case TROUBLE_NONE:
		return true;
	case TROUBLE_BUSY:
		if (may_complain(writer))
			log_warn("ledger busy file=%s: another program has been writing to it "
				 "for over a second, and deliveries wait: look for an open "
				 "transaction, of sqlite3 say, and end it",
				ledger->path);
		writer_put_back(ledger, LEDGER_LATE);
		return false;
	case TROUBLE_FULL:
		if (may_complain(writer))
			log_error("ledger full file=%s: its disk or quota has no room left and "
				  "nothing more may be deleted; make room there",
				ledger->path);
		note_health(writer, true, false);
		space_give_reserve(ledger);
		writer_put_back(ledger, LEDGER_FULL);
		return false;
	case TROUBLE_DISK:
	case TROUBLE_CORRUPT:
		complain_of_disk(ledger, words);
		connect_again(ledger, trouble == TROUBLE_CORRUPT, words);
		writer_put_back(ledger, LEDGER_FAILED);
		return false;
	case TROUBLE_OTHER:
		return run_singly(ledger);
	}
	__builtin_unreachable();
}

/* A sync failed. What was committed and not told is tried anew. */
static void meet_sync_error(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	char words[160];

	int error = round_sync_error(writer);
	if (!error)
		return;
	writer->retry_at_us = now_us(CLOCK_MONOTONIC) + WRITER_RETRY_US;
	(void)snprintf(
		words, sizeof(words), "its log cannot be synced: %s", strerrordesc_np(error));
	complain_of_disk(ledger, words);
	connect_again(ledger, false, words);
	round_take_back(writer);
	writer_put_back(ledger, LEDGER_FAILED);
}

/* What memory had of it and the disk had not may have been dropped before it was written anew.
 * The sums in the log tell, which SQLite looks at when it is opened (wal_priv.h). */
static bool renew_log(struct ledger *ledger)
{
	int code = wal_renew(ledger);

	if (code == SQLITE_OK)
		connect_again(ledger, false, "");
	else if (db_trouble(code) == TROUBLE_DISK)
		complain_of_disk(ledger, sqlite3_errstr(code));
	return code == SQLITE_OK && ledger->writing && !ledger->writer.log_doubted;
}

/* A commit that changes nothing and is synced all the same. To set what is there would not even
 * be written. */
static bool probe(struct ledger *ledger)
{
	int code = db_run(ledger->writing,
		"BEGIN IMMEDIATE; UPDATE ledger SET cursor = cursor + 1;"
		"UPDATE ledger SET cursor = cursor - 1; COMMIT");

	if (code != SQLITE_OK) {
		if (!sqlite3_get_autocommit(ledger->writing->handle))
			(void)db_run(ledger->writing, "ROLLBACK");
		return trouble_meet(ledger, code);
	}
	if (db_sync(ledger->writing) == SQLITE_OK)
		return true;
	round_doubt(ledger, EIO);
	return false;
}

/* What a reader or a sync met while nobody else looked. */
static void look_again(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	/* Whether or not the log has been renewed since. */
	meet_sync_error(ledger);
	if (writer->suspect != TROUBLE_NONE) {
		bool corrupt = writer->suspect == TROUBLE_CORRUPT;

		writer->suspect = TROUBLE_NONE;
		connect_again(ledger, corrupt, "seen when reading");
	}
}

static bool mend(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	look_again(ledger);
	bool good = !writer->health.full && !writer->health.failing && !writer->log_doubted;
	if (good && ledger->writing)
		return true;
	if (!ledger->writing)
		connect_again(ledger, false, "");
	if (!ledger->writing) {
		note_health(writer, false, true);
		return false;
	}
	if (writer->log_doubted && !renew_log(ledger))
		return false;
	if (writer->health.full && !space_make(ledger, largest_waiting(writer)))
		return false;
	if (!probe(ledger))
		return false;
	note_health(writer, false, false);
	return true;
}

/* What waits while it is bad is no reason to try again at once. */
bool trouble_mend(struct ledger *ledger)
{
	bool good = mend(ledger);

	if (!good)
		ledger->writer.retry_at_us = now_us(CLOCK_MONOTONIC) + WRITER_RETRY_US;
	return good;
}
