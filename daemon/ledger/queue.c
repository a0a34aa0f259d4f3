/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/timestamp.h"

#include <errno.h>

/* RELIABILITY.md section 9: what one commit takes at most, and how long it waits for more. */
#define BATCH_BYTES ((size_t)4 << 20)
#define BATCH_JOBS 4096
#define LINGER_US 2000
#define LINGER_STEP_US 250
/* Fewer that wait are not worth a sleep, which lasts as long as a busy machine pleases. */
#define LINGER_FROM 8

/* How long a patient job waits for a delivery to be committed with: each commit writes pages
 * that the next one writes again. */
#define PATIENT_US INT64_C(20000)
/* The forwarder waits for its settlement, and these wait for the forwarder. */
#define PATIENT_BEHIND_US INT64_C(2000)

#define IDLE_US INT64_C(1000000)

bool writer_wait(struct writer *writer, pthread_cond_t *cond, int64_t us)
{
	struct timespec until = timespec_of_us(now_us(CLOCK_MONOTONIC) + us);

	return pthread_cond_timedwait(cond, &writer->lock, &until) != ETIMEDOUT;
}

enum ledger_result writer_bad_result(const struct writer *writer)
{
	if (writer->health.full)
		return LEDGER_FULL;
	return writer->health.failing ? LEDGER_FAILED : LEDGER_LATE;
}

void queue_remove(struct writer *writer, struct job *job)
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
		refused = writer_bad_result(writer);
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

/* After trouble a little patience: what did not go does not go at once. */
static void wait_for_work(struct ledger *ledger)
{
	struct writer *writer = &ledger->writer;
	int64_t rest_us = writer->retry_at_us - now_us(CLOCK_MONOTONIC);

	while (rest_us > 0 && !writer->stopping) {
		(void)writer_wait(writer, &writer->wake, rest_us);
		rest_us = writer->retry_at_us - now_us(CLOCK_MONOTONIC);
	}
	if (!writer->n_queued && !writer->stopping && !writer->sync_error)
		(void)writer_wait(writer, &writer->wake,
			writer->bad_since_us ? WRITER_RETRY_US : IDLE_US);
	while (writer->n_queued && writer->n_queued == writer->n_patient && !writer->stopping &&
		!writer->sync_error) {
		const struct job *first = TAILQ_FIRST(&writer->queue);
		rest_us = first->queued_us - now_us(CLOCK_MONOTONIC) +
			(recent_holds_any(&ledger->recent) ? PATIENT_BEHIND_US : PATIENT_US);
		if (rest_us <= 0)
			break;
		(void)writer_wait(writer, &writer->wake, rest_us);
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

void queue_wait(struct ledger *ledger)
{
	wait_for_work(ledger);
	linger(&ledger->writer);
}

/* Deliveries stay in the queue while it is bad: what is left of the disk is for making room. */
void queue_take_batch(struct writer *writer, bool with_deliveries)
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
		queue_remove(writer, job);
		TAILQ_INSERT_TAIL(&writer->batch, job, entry);
	}
}

void job_end(struct job_list *list, struct job *job, enum ledger_result result)
{
	TAILQ_REMOVE(list, job, entry);
	job->done(job, result);
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
	while ((job = TAILQ_FIRST(&over)))
		job_end(&over, job, result);
}
