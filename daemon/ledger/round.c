/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

/*
 * Commits do not sync (PRAGMA synchronous = NORMAL): a thread that has committed passes the
 * turn on and syncs the log itself, while the next one commits. A sync that begins after a
 * commit covers it and all before it, so whoever is done first ends the rounds of the others,
 * too. What SQLite has moved from the log into the file meanwhile it has synced there before it
 * begins the log anew: then a round is safe without its own sync.
 */

/* Deliveries first, so that the forwarder finds them in memory when it is told. */
static void end_all(struct job_list *list)
{
	struct job *next;

	for (struct job *job = TAILQ_FIRST(list); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (job->waits)
			job_end(list, job, LEDGER_DONE);
	}
	while (!TAILQ_EMPTY(list))
		job_end(list, TAILQ_FIRST(list), LEDGER_DONE);
}

/* All of one list to the end of another. */
static void move_all(struct job_list *to, struct job_list *from)
{
	TAILQ_CONCAT(to, from, entry);
}

/* Under the lock: takes what is told at the commit out of the batch. */
static void take_lightly(struct writer *writer, struct job_list *out)
{
	struct job *next;

	for (struct job *job = TAILQ_FIRST(&writer->batch); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (!job->lightly)
			continue;
		TAILQ_REMOVE(&writer->batch, job, entry);
		TAILQ_INSERT_TAIL(out, job, entry);
	}
}

/* Under the lock: the rest of the batch waits for its sync. */
static void add_round(struct writer *writer, struct round *round)
{
	TAILQ_INIT(&round->jobs);
	move_all(&round->jobs, &writer->batch);
	round->first_seq = writer->batch_seq;
	round->waits = true;
	TAILQ_INSERT_TAIL(&writer->rounds, round, entry);
	writer->n_syncing++;
}

bool round_begin(struct committer *self)
{
	struct writer *writer = &self->ledger->writer;
	struct job_list over = TAILQ_HEAD_INITIALIZER(over);

	(void)pthread_mutex_lock(&writer->lock);
	writer->health.n_commits++;
	take_lightly(writer, &over);
	bool begun = !TAILQ_EMPTY(&writer->batch);
	if (begun)
		add_round(writer, &self->round);
	writer->batch_seq = 0;
	(void)pthread_mutex_unlock(&writer->lock);
	end_all(&over);
	return begun;
}

/* Under the lock. */
static void remove_rounds(struct writer *writer, const struct round *last)
{
	struct round *round;

	do {
		round = TAILQ_FIRST(&writer->rounds);
		TAILQ_REMOVE(&writer->rounds, round, entry);
		round->waits = false;
	} while (round != last);
}

/* Under the lock: the jobs up to and with those of a round. How many were waited for. */
static size_t collect(struct writer *writer, const struct round *last, struct job_list *out)
{
	struct round *round = TAILQ_FIRST(&writer->rounds);
	const struct job *job;
	size_t n = 0;

	for (; round != last; round = TAILQ_NEXT(round, entry))
		move_all(out, &round->jobs);
	move_all(out, &round->jobs);
	TAILQ_FOREACH(job, out, entry)
	n += job->waits;
	return n;
}

/* The rounds stay in their list until their jobs have been told: up to then the forwarder does
 * not look for them in the file. */
static void finish(struct committer *self)
{
	struct writer *writer = &self->ledger->writer;
	struct job_list done = TAILQ_HEAD_INITIALIZER(done);

	(void)pthread_mutex_lock(&writer->finishing);
	(void)pthread_mutex_lock(&writer->lock);
	bool mine = self->round.waits && !atomic_load(&writer->log_doubted);
	size_t n_kept = mine ? collect(writer, &self->round, &done) : 0;
	writer->health.n_kept += n_kept;
	(void)pthread_mutex_unlock(&writer->lock);
	if (mine) {
		if (n_kept)
			trouble_is_over(self->ledger);
		end_all(&done);
		(void)pthread_mutex_lock(&writer->lock);
		remove_rounds(writer, &self->round);
		(void)pthread_mutex_unlock(&writer->lock);
		ledger_wake(self->ledger);
	}
	(void)pthread_mutex_unlock(&writer->finishing);
}

void round_doubt(struct ledger *ledger, int error)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	lock_note_doubt(ledger->lock, true);
	writer->sync_error = error;
	writer->n_doubts++;
	atomic_store(&writer->log_doubted, true);
	(void)pthread_cond_signal(&writer->wake);
	(void)pthread_mutex_unlock(&writer->lock);
}

int round_sync_error(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	while (writer->sync_error && writer->n_syncing)
		(void)pthread_cond_wait(&writer->synced, &writer->lock);
	int error = writer->sync_error;
	writer->sync_error = 0;
	(void)pthread_mutex_unlock(&writer->lock);
	return error;
}

uint64_t round_n_doubts(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	uint64_t n = writer->n_doubts;
	(void)pthread_mutex_unlock(&writer->lock);
	return n;
}

void round_believe(struct ledger *ledger, bool renewed, uint64_t n_doubts)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	bool doubted = !renewed || n_doubts != writer->n_doubts;
	atomic_store(&writer->log_doubted, doubted);
	lock_note_doubt(ledger->lock, doubted);
	(void)pthread_mutex_unlock(&writer->lock);
}

void round_sync(struct committer *self)
{
	struct writer *writer = &self->ledger->writer;

	if (fdatasync(self->log) == 0)
		finish(self);
	else
		round_doubt(self->ledger, errno);
	(void)pthread_mutex_lock(&writer->lock);
	if (--writer->n_syncing == 0)
		(void)pthread_cond_signal(&writer->synced);
	(void)pthread_mutex_unlock(&writer->lock);
}

void round_wait_for_all(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	while (writer->n_syncing)
		(void)pthread_cond_wait(&writer->synced, &writer->lock);
	(void)pthread_mutex_unlock(&writer->lock);
}

void round_take_back(struct writer *writer)
{
	struct round *round;

	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_FOREACH(round, &writer->rounds, entry)
	move_all(&writer->batch, &round->jobs);
	if (!TAILQ_EMPTY(&writer->rounds))
		remove_rounds(writer, TAILQ_LAST(&writer->rounds, round_list));
	(void)pthread_mutex_unlock(&writer->lock);
}

int64_t round_first_seq(struct writer *writer)
{
	const struct round *round;
	int64_t first = 0;

	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_FOREACH(round, &writer->rounds, entry)
	{
		first = round->first_seq;
		if (first)
			break;
	}
	if (!first)
		first = writer->batch_seq;
	(void)pthread_mutex_unlock(&writer->lock);
	return first ? first : INT64_MAX;
}
