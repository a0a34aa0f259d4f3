/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/heap.h"
#include "base/log.h"

#include <string.h>

#define EXPIRE_US INT64_C(10000000)
#define EXPIRE_MORE_US INT64_C(200000)

/* Known before the commit makes its rows visible. A batch may come in several transactions
 * (trouble.c): the first of all counts. */
static void note_first_seq(struct writer *writer, int64_t seq)
{
	(void)pthread_mutex_lock(&writer->lock);
	writer->batch_seq = seq;
	(void)pthread_mutex_unlock(&writer->lock);
}

static int run_jobs(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	int64_t first_seq = 0;
	struct job *job;

	TAILQ_FOREACH(job, &writer->batch, entry)
	{
		int code = job->run(ledger, ledger->writing, job);

		if (code != SQLITE_OK)
			return code;
		if (!first_seq)
			first_seq = job->seq;
	}
	if (!writer->batch_seq)
		note_first_seq(writer, first_seq);
	return SQLITE_OK;
}

int writer_run_batch(struct ledger *ledger)
{
	struct db *db = ledger->writing;
	int64_t before = ledger->writer.batch_seq;
	int code = db_run(db, "BEGIN IMMEDIATE");

	if (code != SQLITE_OK)
		return code;
	code = run_jobs(ledger);
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code == SQLITE_OK)
		return code;
	if (!sqlite3_get_autocommit(db->handle))
		(void)db_run(db, "ROLLBACK");
	note_first_seq(&ledger->writer, before);
	return code;
}

/* True: it is to be synced. */
static bool commit_batch(struct committer *self)
{
	struct ledger *ledger = self->ledger;
	const struct job *job;
	int64_t bytes = 0;
	bool keeps = false;

	if (!ledger->writing || atomic_load(&ledger->writer.log_doubted)) {
		writer_put_back(ledger, LEDGER_FAILED);
		return false;
	}
	TAILQ_FOREACH(job, &ledger->writer.batch, entry)
	{
		keeps |= job->waits;
		bytes += (int64_t)job->bytes;
	}
	bool room = !keeps || space_has_room(ledger, bytes);
	int code = room ? writer_run_batch(ledger) : SQLITE_FULL;

	if (code != SQLITE_OK && !trouble_meet(ledger, code))
		return false;
	return round_begin(self);
}

/* At the beginning of a turn: what was committed in the last one is being synced meanwhile. */
static void keep_house(struct ledger *ledger)
{
	bool idle = ledger->writer.idle;
	int64_t now = now_us(CLOCK_MONOTONIC);

	if (!ledger->writing || ledger->writer.health.full || ledger->writer.health.failing)
		return;
	if (idle)
		mover_when_idle(ledger);
	else
		mover_after_commit(ledger);
	if (idle && !ledger->rested) {
		space_rest(ledger);
		(void)pthread_mutex_lock(&ledger->writer.lock);
		ledger->writer.n_rests++;
		(void)pthread_mutex_unlock(&ledger->writer.lock);
	}
	ledger->rested = idle;
	if (now >= ledger->expire_at_us) {
		bool more = space_expire(ledger, false);
		ledger->expire_at_us = now + (more ? EXPIRE_MORE_US : EXPIRE_US);
	}
}

/* What the others freed of a busy hour is at the end of this thread's heap, too: it is given
 * back here, each time that the ledger has come to rest. Who has the turn passes it on each
 * second, and wakes one of those who wait. */
static void take_turn(struct committer *self)
{
	struct writer *writer = &self->ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	while (writer->turn_taken) {
		if (self->n_rests == writer->n_rests) {
			(void)pthread_cond_wait(&writer->turn, &writer->lock);
			continue;
		}
		self->n_rests = writer->n_rests;
		(void)pthread_mutex_unlock(&writer->lock);
		heap_rest();
		(void)pthread_mutex_lock(&writer->lock);
	}
	writer->turn_taken = true;
	(void)pthread_mutex_unlock(&writer->lock);
}

static void pass_turn(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	writer->turn_taken = false;
	(void)pthread_cond_signal(&writer->turn);
	(void)pthread_mutex_unlock(&writer->lock);
}

/* With the turn. False: it was the last one. */
static bool wait_for_batch(struct ledger *ledger, bool good)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	queue_wait(ledger);
	writer->beat_us = now_us(CLOCK_MONOTONIC);
	bool doubt = writer->sync_error != 0; /* nothing is committed after that */
	if (!doubt)
		queue_take_batch(writer, good || writer->stopping);
	writer->idle = TAILQ_EMPTY(&writer->batch);
	bool more = !writer->stopping || writer->n_queued || !writer->idle || doubt;
	(void)pthread_mutex_unlock(&writer->lock);
	return more;
}

static void *writer_run(void *context)
{
	struct committer *self = context;
	struct ledger *ledger = self->ledger;
	struct writer *writer = &ledger->writer;
	bool more = true;

	(void)pthread_setname_np(pthread_self(), "ledger");
	while (more) {
		take_turn(self);
		bool good = trouble_mend(ledger);
		keep_house(ledger);
		more = wait_for_batch(ledger, good);
		bool committed = !writer->idle && commit_batch(self);
		pass_turn(writer);
		if (committed)
			round_sync(self);
	}
	return NULL;
}

void writer_init(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&writer->finishing, NULL);
	(void)pthread_mutex_init(&writer->lock, NULL);
	(void)pthread_cond_init(&writer->turn, &monotonic);
	(void)pthread_cond_init(&writer->wake, &monotonic);
	(void)pthread_cond_init(&writer->ticks, &monotonic);
	(void)pthread_cond_init(&writer->news, &monotonic);
	(void)pthread_cond_init(&writer->synced, NULL);
	(void)pthread_condattr_destroy(&monotonic);
	TAILQ_INIT(&writer->queue);
	TAILQ_INIT(&writer->batch);
	TAILQ_INIT(&writer->rounds);
	for (size_t i = 0; i < WRITER_THREADS; i++)
		writer->committers[i] = (struct committer){.ledger = ledger, .log = -1};
}

void writer_clear(struct writer *writer)
{
	(void)pthread_mutex_destroy(&writer->finishing);
	(void)pthread_mutex_destroy(&writer->lock);
	(void)pthread_cond_destroy(&writer->turn);
	(void)pthread_cond_destroy(&writer->wake);
	(void)pthread_cond_destroy(&writer->ticks);
	(void)pthread_cond_destroy(&writer->news);
	(void)pthread_cond_destroy(&writer->synced);
}

/* Commits what has queued. */
static void stop_committers(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	(void)pthread_cond_broadcast(&writer->wake);
	(void)pthread_cond_broadcast(&writer->news);
	(void)pthread_mutex_unlock(&writer->lock);
	while (writer->n_committers)
		(void)pthread_join(writer->committers[--writer->n_committers].thread, NULL);
}

bool writer_start(struct ledger *ledger, struct error *err)
{
	struct writer *writer = &ledger->writer;
	int failed = 0;

	writer->beat_us = now_us(CLOCK_MONOTONIC);
	for (size_t i = 0; i < WRITER_THREADS && !failed; i++) {
		struct committer *committer = &writer->committers[i];

		failed = pthread_create(&committer->thread, NULL, writer_run, committer);
		writer->n_committers += !failed;
	}
	if (!failed)
		failed = pthread_create(&writer->watch, NULL, watch_run, ledger);
	if (failed) {
		stop_committers(writer);
		error_setf(err, "no thread for the ledger: %s", strerrordesc_np(failed));
	}
	return !failed;
}

void writer_stop(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	stop_committers(writer);
	(void)pthread_mutex_lock(&writer->lock);
	writer->stopped = true;
	(void)pthread_cond_broadcast(&writer->ticks);
	(void)pthread_mutex_unlock(&writer->lock);
	(void)pthread_join(writer->watch, NULL);
}
