/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/log.h"

#include <stdio.h>

#define COMPLAIN_US INT64_C(10000000)

/* Once in ten seconds: a full disk is not helped by log lines. */
static bool may_complain(struct writer *writer)
{
	int64_t now = now_us(CLOCK_MONOTONIC);

	if (writer->complained_us && now - writer->complained_us < COMPLAIN_US)
		return false;
	writer->complained_us = now;
	writer->complained = true;
	return true;
}

/* After trouble with the disk nothing that a connection remembers is believed. */
static void connect_again(struct ledger *ledger, bool corrupt, const char *why)
{
	struct error err = {0};

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

static void note_health(struct writer *writer, bool full, bool failing)
{
	bool is_bad = full || failing;

	(void)pthread_mutex_lock(&writer->lock);
	writer->health.full = full;
	writer->health.failing = failing;
	writer->health.n_errors += is_bad;
	if (is_bad && !writer->bad_since_us)
		writer->bad_since_us = now_us(CLOCK_MONOTONIC);
	(void)pthread_mutex_unlock(&writer->lock);
}

void trouble_is_over(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	writer->bad_since_us = 0;
	(void)pthread_mutex_unlock(&writer->lock);
	if (writer->complained)
		log_info("ledger works again");
	writer->complained = false;
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

/* A mistake in one job must not cost the others: each alone. */
static void run_singly(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	struct job_list jobs = TAILQ_HEAD_INITIALIZER(jobs);
	struct job *job;

	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_CONCAT(&jobs, &writer->batch, entry);
	(void)pthread_mutex_unlock(&writer->lock);
	while ((job = TAILQ_FIRST(&jobs))) {
		TAILQ_REMOVE(&jobs, job, entry);
		(void)pthread_mutex_lock(&writer->lock);
		TAILQ_INSERT_TAIL(&writer->batch, job, entry);
		(void)pthread_mutex_unlock(&writer->lock);
		int code = writer_run_batch(ledger);
		if (code != SQLITE_OK)
			log_error("ledger refused a row: %s", sqlite3_errstr(code));
		writer_finish_batch(writer, code == SQLITE_OK ? LEDGER_DONE : LEDGER_FAILED);
	}
}

void trouble_meet(struct ledger *ledger, int code)
{
	struct writer *writer = &ledger->writer;
	char words[160];

	writer->retry_at_us = now_us(CLOCK_MONOTONIC) + WRITER_RETRY_US;
	(void)snprintf(words, sizeof(words), "%s", db_words(ledger->writing));
	switch (db_trouble(code)) {
	case TROUBLE_NONE:
		return;
	case TROUBLE_BUSY:
		writer_put_back(ledger, LEDGER_LATE);
		return;
	case TROUBLE_FULL:
		if (may_complain(writer))
			log_error("ledger full file=%s: its disk has no room left and nothing "
				  "more may be deleted; make room there",
				ledger->path);
		note_health(writer, true, false);
		space_give_reserve(ledger);
		writer_put_back(ledger, LEDGER_FULL);
		return;
	case TROUBLE_DISK:
	case TROUBLE_CORRUPT:
		if (may_complain(writer))
			log_error("ledger failing file=%s: %s (%d)", ledger->path, words, code);
		note_health(writer, false, true);
		connect_again(ledger, db_trouble(code) == TROUBLE_CORRUPT, words);
		writer_put_back(ledger, LEDGER_FAILED);
		return;
	case TROUBLE_OTHER:
		run_singly(ledger);
		return;
	}
}

/* A commit that changes nothing and is synced all the same. */
static bool probe(struct ledger *ledger)
{
	return db_run(ledger->writing, "UPDATE ledger SET cursor = cursor") == SQLITE_OK;
}

bool trouble_mend(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	if (writer->suspect != TROUBLE_NONE) {
		bool corrupt = writer->suspect == TROUBLE_CORRUPT;

		writer->suspect = TROUBLE_NONE;
		connect_again(ledger, corrupt, "seen when reading");
	}
	bool good = !writer->health.full && !writer->health.failing;
	if (good && ledger->writing)
		return true;
	if (!ledger->writing)
		connect_again(ledger, false, "");
	if (!ledger->writing) {
		note_health(writer, false, true);
		return false;
	}
	if (writer->health.full && !space_make(ledger, largest_waiting(writer)))
		return false;
	if (!probe(ledger))
		return false;
	note_health(writer, false, false);
	return true;
}
