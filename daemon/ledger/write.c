/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/rows.h"
#include "ledger_priv.h"

#include "base/timestamp.h"

#include <string.h>

/* A job that its caller waits for. */
struct errand {
	struct job job;
	ledger_writing *write;
	void *context;
	char words[160];
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool is_over;
	enum ledger_result result;
};

static struct errand *errand_of(struct job *job)
{
	return (struct errand *)(void *)job; /* its first member */
}

static int errand_run(struct ledger *ledger, struct db *db, struct job *job)
{
	struct errand *errand = errand_of(job);
	int code = errand->write(ledger, db, errand->context);

	if (code != SQLITE_OK)
		(void)snprintf(errand->words, sizeof(errand->words), "%s", db_words(db));
	return code;
}

static void errand_done(struct job *job, enum ledger_result result)
{
	struct errand *errand = errand_of(job);

	(void)pthread_mutex_lock(&errand->lock);
	errand->result = result;
	errand->is_over = true;
	(void)pthread_cond_signal(&errand->over);
	(void)pthread_mutex_unlock(&errand->lock);
}

/* kind: a job that says how it is done. */
static enum ledger_result write_through_writer(struct ledger *ledger, struct job kind,
	ledger_writing *write, void *context, struct error *err)
{
	kind.run = errand_run;
	kind.done = errand_done;
	struct errand errand = {
		.job = kind,
		.write = write,
		.context = context,
	};

	(void)pthread_mutex_init(&errand.lock, NULL);
	(void)pthread_cond_init(&errand.over, NULL);
	(void)writer_queue(ledger, &errand.job);
	(void)pthread_mutex_lock(&errand.lock);
	while (!errand.is_over)
		(void)pthread_cond_wait(&errand.over, &errand.lock);
	(void)pthread_mutex_unlock(&errand.lock);
	(void)pthread_mutex_destroy(&errand.lock);
	(void)pthread_cond_destroy(&errand.over);
	if (errand.result != LEDGER_DONE)
		error_setf(err, "ledger %s: %s", ledger_result_name(errand.result),
			errand.words[0] ? errand.words : "not committed");
	return errand.result;
}

static enum ledger_result write_here(
	struct ledger *ledger, ledger_writing *write, void *context, struct error *err)
{
	struct db *db = ledger->writing;
	int code = db_run(db, "BEGIN IMMEDIATE");

	if (code == SQLITE_OK)
		code = write(ledger, db, context);
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code == SQLITE_OK)
		return LEDGER_DONE;
	error_setf(err, "%s: %s", ledger->path, db_words(db));
	enum trouble trouble = db_trouble_of(db, code);
	if (!sqlite3_get_autocommit(db->handle))
		(void)db_run(db, "ROLLBACK");
	return trouble == TROUBLE_FULL ? LEDGER_FULL : LEDGER_FAILED;
}

enum ledger_result ledger_write(
	struct ledger *ledger, ledger_writing *write, void *context, struct error *err)
{
	const struct job kind = {.lightly = false};

	return ledger->owner ? write_through_writer(ledger, kind, write, context, err)
			     : write_here(ledger, write, context, err);
}

enum ledger_result ledger_write_lightly(struct ledger *ledger, bool patient,
	ledger_writing *write, void *context, struct error *err)
{
	const struct job kind = {.lightly = true, .patient = patient};

	return ledger->owner ? write_through_writer(ledger, kind, write, context, err)
			     : write_here(ledger, write, context, err);
}

void ledger_wait_news(struct ledger *ledger, int64_t timeout_us)
{
	struct writer *writer = &ledger->writer;
	struct timespec until = timespec_of_us(now_us(CLOCK_MONOTONIC) + timeout_us);

	(void)pthread_mutex_lock(&writer->lock);
	while (!writer->news_told && !writer->stopping) {
		if (pthread_cond_timedwait(&writer->news, &writer->lock, &until) != 0)
			break;
	}
	writer->news_told = false;
	(void)pthread_mutex_unlock(&writer->lock);
}

void ledger_wake(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	writer->news_told = true;
	(void)pthread_cond_broadcast(&writer->news);
	(void)pthread_mutex_unlock(&writer->lock);
}

/* Under the lock; NULL: nothing waits. */
static const struct job *oldest_job(const struct writer *writer)
{
	const struct round *round;

	TAILQ_FOREACH(round, &writer->rounds, entry)
	{
		if (!TAILQ_EMPTY(&round->jobs))
			return TAILQ_FIRST(&round->jobs);
	}
	return TAILQ_EMPTY(&writer->batch) ? TAILQ_FIRST(&writer->queue)
					   : TAILQ_FIRST(&writer->batch);
}

void ledger_health(struct ledger *ledger, struct ledger_health *out)
{
	struct writer *writer = &ledger->writer;
	int64_t now = now_us(CLOCK_MONOTONIC);
	int64_t oldest = 0;

	(void)pthread_mutex_lock(&writer->lock);
	*out = writer->health;
	const struct job *job = oldest_job(writer);
	if (job)
		oldest = job->queued_us;
	out->n_waiting = writer->n_queued;
	out->waiting_bytes = writer->queued_bytes;
	out->behind_us = oldest ? now - oldest : 0;
	out->beat_age_us = now - writer->beat_us;
	(void)pthread_mutex_unlock(&writer->lock);
}
