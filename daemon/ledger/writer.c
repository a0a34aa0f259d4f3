/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* RELIABILITY.md section 9: what one commit takes at most, and how long it waits for more. */
#define BATCH_BYTES ((size_t)4 << 20)
#define BATCH_JOBS 4096
#define LINGER_US 2000
#define LINGER_STEP_US 250
/* Fewer that wait are not worth a sleep, which lasts as long as a busy machine pleases. */
#define LINGER_FROM 8

/* How long a patient job waits for a delivery to be committed with: each commit is a sync, and
 * those of deliveries are what somebody waits for. */
#define PATIENT_US INT64_C(20000)
/* The forwarder waits for its settlement, and these wait for the forwarder. */
#define PATIENT_BEHIND_US INT64_C(2000)

#define IDLE_US INT64_C(1000000)
#define EXPIRE_US INT64_C(10000000)
#define EXPIRE_MORE_US INT64_C(200000)
/* How often the watch looks: at nothing it need not look often, for what comes meanwhile
 * has its whole patience before it. */
#define WATCH_US INT64_C(100000)
#define WATCH_IDLE_US INT64_C(1000000)

/* Under the lock; false: the time is over. */
static bool wait_on(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t us)
{
	int64_t until_us = now_us(CLOCK_MONOTONIC) + us;
	struct timespec until = {
		.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};

	return pthread_cond_timedwait(cond, lock, &until) != ETIMEDOUT;
}

static enum ledger_result bad_result(const struct writer *writer)
{
	if (writer->health.full)
		return LEDGER_FULL;
	return writer->health.failing ? LEDGER_FAILED : LEDGER_LATE;
}

static void unqueue(struct writer *writer, struct job *job)
{
	TAILQ_REMOVE(&writer->queue, job, entry);
	writer->n_queued--;
	writer->n_patient -= job->patient;
	writer->queued_bytes -= job->bytes;
}

bool writer_queue(struct ledger *ledger, struct job *job)
{
	struct writer *writer = &ledger->writer;
	bool taken = true;

	job->queued_us = now_us(CLOCK_MONOTONIC);
	(void)pthread_mutex_lock(&writer->lock);
	enum ledger_result refused = LEDGER_CLOSING;
	if (writer->stopping) {
		taken = false;
	} else if (job->waits && (writer->health.full || writer->health.failing) &&
		job->queued_us - writer->bad_since_us > LEDGER_PATIENCE_US) {
		/* It has been bad for longer than a sender waits: say so at once. */
		refused = bad_result(writer);
		taken = false;
	}
	if (taken) {
		TAILQ_INSERT_TAIL(&writer->queue, job, entry);
		writer->n_queued++;
		writer->n_patient += job->patient;
		writer->queued_bytes += job->bytes;
		(void)pthread_cond_signal(&writer->wake);
	} else if (job->waits) {
		writer->health.n_refused++;
	}
	(void)pthread_mutex_unlock(&writer->lock);
	if (!taken)
		job->done(job, refused);
	return taken;
}

/* Under the lock. After trouble a little patience: what did not go does not go at once. */
static void wait_for_work(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	int64_t rest_us = writer->retry_at_us - now_us(CLOCK_MONOTONIC);

	while (rest_us > 0 && !writer->stopping) {
		(void)wait_on(&writer->wake, &writer->lock, rest_us);
		rest_us = writer->retry_at_us - now_us(CLOCK_MONOTONIC);
	}
	if (!writer->n_queued && !writer->stopping)
		(void)wait_on(&writer->wake, &writer->lock,
			writer->bad_since_us ? WRITER_RETRY_US : IDLE_US);
	while (writer->n_queued && writer->n_queued == writer->n_patient && !writer->stopping) {
		const struct job *first = TAILQ_FIRST(&writer->queue);
		rest_us = first->queued_us - now_us(CLOCK_MONOTONIC) +
			(recent_holds_any(&ledger->recent) ? PATIENT_BEHIND_US : PATIENT_US);
		if (rest_us <= 0)
			break;
		(void)wait_on(&writer->wake, &writer->lock, rest_us);
	}
}

/* Only when several wait, and only while more keep coming. */
static void linger(struct writer *writer)
{
	int64_t until_us = now_us(CLOCK_MONOTONIC) + LINGER_US;

	while (writer->n_queued - writer->n_patient >= LINGER_FROM &&
		writer->queued_bytes < BATCH_BYTES && now_us(CLOCK_MONOTONIC) < until_us &&
		!writer->stopping) {
		size_t before = writer->n_queued;

		(void)pthread_mutex_unlock(&writer->lock);
		struct timespec step = {.tv_nsec = LINGER_STEP_US * 1000};
		(void)nanosleep(&step, NULL);
		(void)pthread_mutex_lock(&writer->lock);
		if (writer->n_queued == before)
			break;
	}
}

/* Deliveries stay in the queue while it is bad: what is left of the disk is for making room. */
static void take_batch(struct writer *writer, bool with_deliveries)
{
	size_t bytes = 0;
	size_t n = 0;
	struct job *next;

	for (struct job *job = TAILQ_FIRST(&writer->queue); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (job->waits && !with_deliveries)
			continue;
		if (n && (bytes + job->bytes > BATCH_BYTES || n >= BATCH_JOBS))
			break;
		bytes += job->bytes;
		n++;
		unqueue(writer, job);
		TAILQ_INSERT_TAIL(&writer->batch, job, entry);
	}
}

static void end_jobs(struct job_list *list, bool waits, enum ledger_result result)
{
	struct job *next;

	for (struct job *job = TAILQ_FIRST(list); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (job->waits != waits)
			continue;
		TAILQ_REMOVE(list, job, entry);
		job->done(job, result);
	}
}

static void tell_news(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	writer->news_told = true;
	(void)pthread_cond_broadcast(&writer->news);
	(void)pthread_mutex_unlock(&writer->lock);
}

/* Ends every job of the batch outside the lock: deliveries first, so that the forwarder finds
 * them in memory when it is told. */
void writer_finish_batch(struct writer *writer, enum ledger_result result)
{
	struct job_list done = TAILQ_HEAD_INITIALIZER(done);
	struct job *job;

	(void)pthread_mutex_lock(&writer->lock);
	TAILQ_CONCAT(&done, &writer->batch, entry);
	TAILQ_FOREACH(job, &done, entry)
	{
		if (!job->waits)
			continue;
		if (result == LEDGER_DONE)
			writer->health.n_kept++;
		else
			writer->health.n_refused += !job->answered;
	}
	writer->health.n_commits += result == LEDGER_DONE;
	(void)pthread_mutex_unlock(&writer->lock);
	end_jobs(&done, true, result);
	end_jobs(&done, false, result);
	if (result == LEDGER_DONE)
		tell_news(writer);
}

void writer_put_back(struct ledger *ledger, enum ledger_result result)
{
	struct writer *writer = &ledger->writer;
	struct job_list over = TAILQ_HEAD_INITIALIZER(over);
	struct job *job;

	(void)pthread_mutex_lock(&writer->lock);
	while ((job = TAILQ_LAST(&writer->batch, job_list))) {
		TAILQ_REMOVE(&writer->batch, job, entry);
		if (job->waits && !job->answered && !writer->stopping) {
			TAILQ_INSERT_HEAD(&writer->queue, job, entry);
			writer->n_queued++;
			writer->queued_bytes += job->bytes;
		} else {
			writer->health.n_refused += job->waits && !job->answered;
			TAILQ_INSERT_HEAD(&over, job, entry);
		}
	}
	(void)pthread_mutex_unlock(&writer->lock);
	while ((job = TAILQ_FIRST(&over))) {
		TAILQ_REMOVE(&over, job, entry);
		job->done(job, result);
	}
}

int writer_run_batch(struct ledger *ledger)
{
	struct db *db = ledger->writing;
	struct job *job;
	int code = db_run(db, "BEGIN IMMEDIATE");

	if (code != SQLITE_OK)
		return code;
	TAILQ_FOREACH(job, &ledger->writer.batch, entry)
	{
		code = job->run(ledger, db, job);
		if (code != SQLITE_OK)
			break;
	}
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code != SQLITE_OK && !sqlite3_get_autocommit(db->handle))
		(void)db_run(db, "ROLLBACK");
	return code;
}

static void commit_batch(struct ledger *ledger)
{
	const struct job *job;

	if (!ledger->writing) {
		writer_put_back(ledger, LEDGER_FAILED);
		return;
	}
	int64_t bytes = 0;
	bool keeps = false;
	TAILQ_FOREACH(job, &ledger->writer.batch, entry)
	{
		keeps |= job->waits;
		bytes += (int64_t)job->bytes;
	}
	bool room = !keeps || space_has_room(ledger, bytes);
	int code = room ? writer_run_batch(ledger) : SQLITE_FULL;

	if (code != SQLITE_OK) {
		trouble_meet(ledger, code);
		return;
	}
	if (keeps && ledger->writer.bad_since_us)
		trouble_is_over(ledger);
	writer_finish_batch(&ledger->writer, LEDGER_DONE);
	mover_after_commit(ledger);
}

static void keep_house(struct ledger *ledger, bool idle)
{
	int64_t now = now_us(CLOCK_MONOTONIC);

	if (!ledger->writing || ledger->writer.health.full || ledger->writer.health.failing)
		return;
	if (idle)
		mover_when_idle(ledger);
	if (idle && !ledger->rested)
		space_rest(ledger);
	ledger->rested = idle;
	if (now >= ledger->expire_at_us) {
		bool more = space_expire(ledger, false);
		ledger->expire_at_us = now + (more ? EXPIRE_MORE_US : EXPIRE_US);
	}
}

static void *writer_run(void *context)
{
	struct ledger *ledger = context;
	struct writer *writer = &ledger->writer;
	bool more = true;

	(void)pthread_setname_np(pthread_self(), "ledger");
	while (more) {
		bool good = trouble_mend(ledger);

		(void)pthread_mutex_lock(&writer->lock);
		wait_for_work(ledger);
		writer->beat_us = now_us(CLOCK_MONOTONIC);
		linger(writer);
		take_batch(writer, good || writer->stopping);
		bool idle = TAILQ_EMPTY(&writer->batch);
		more = !writer->stopping || writer->n_queued || !idle;
		(void)pthread_mutex_unlock(&writer->lock);
		if (!idle)
			commit_batch(ledger);
		keep_house(ledger, idle);
	}
	return NULL;
}

/* Answers those whose patience is over, in the writer's place: it may be stuck in a sync. */
static void answer_late(struct writer *writer, struct job_list *list, int64_t now)
{
	struct job *next;

	for (struct job *job = TAILQ_FIRST(list); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (!job->waits || job->answered || now - job->queued_us < LEDGER_PATIENCE_US)
			continue;
		job->answered = true;
		writer->health.n_refused++;
		job->late(job, bad_result(writer));
		if (list == &writer->queue) {
			unqueue(writer, job);
			job->done(job, LEDGER_LATE); /* answered: only frees */
		}
	}
}

static void *watch_run(void *context)
{
	struct ledger *ledger = context;
	struct writer *writer = &ledger->writer;

	(void)pthread_setname_np(pthread_self(), "ledger-watch");
	(void)pthread_mutex_lock(&writer->lock);
	while (!writer->stopped) {
		int64_t now = now_us(CLOCK_MONOTONIC);

		answer_late(writer, &writer->batch, now);
		answer_late(writer, &writer->queue, now);
		bool idle = TAILQ_EMPTY(&writer->batch) && TAILQ_EMPTY(&writer->queue);
		(void)wait_on(&writer->ticks, &writer->lock, idle ? WATCH_IDLE_US : WATCH_US);
	}
	(void)pthread_mutex_unlock(&writer->lock);
	return NULL;
}

static void init_conds(struct writer *writer)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&writer->lock, NULL);
	(void)pthread_cond_init(&writer->wake, &monotonic);
	(void)pthread_cond_init(&writer->ticks, &monotonic);
	(void)pthread_cond_init(&writer->news, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

bool writer_start(struct ledger *ledger, struct error *err)
{
	struct writer *writer = &ledger->writer;

	TAILQ_INIT(&writer->queue);
	TAILQ_INIT(&writer->batch);
	init_conds(writer);
	writer->beat_us = now_us(CLOCK_MONOTONIC);
	int failed = pthread_create(&writer->thread, NULL, writer_run, ledger);
	if (!failed) {
		failed = pthread_create(&writer->watch, NULL, watch_run, ledger);
		if (failed) {
			writer->stopping = true;
			(void)pthread_join(writer->thread, NULL);
		}
	}
	if (failed)
		error_setf(err, "no thread for the ledger: %s", strerrordesc_np(failed));
	return !failed;
}

void writer_stop(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;

	(void)pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	(void)pthread_cond_broadcast(&writer->wake);
	(void)pthread_cond_broadcast(&writer->news);
	(void)pthread_mutex_unlock(&writer->lock);
	(void)pthread_join(writer->thread, NULL);
	(void)pthread_mutex_lock(&writer->lock);
	writer->stopped = true;
	(void)pthread_cond_broadcast(&writer->ticks);
	(void)pthread_mutex_unlock(&writer->lock);
	(void)pthread_join(writer->watch, NULL);
}
