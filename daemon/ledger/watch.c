/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

/* How often it looks: at nothing it need not look often, for what comes meanwhile has its whole
 * patience before it. */
#define WATCH_US INT64_C(100000)
#define WATCH_IDLE_US INT64_C(1000000)

/* Answers those whose patience is over, in the writer's place: it may be stuck in a sync.
 * True: somebody waits. */
static bool answer_late(struct writer *writer, struct job_list *list, int64_t now)
{
	struct job *next;

	for (struct job *job = TAILQ_FIRST(list); job; job = next) {
		next = TAILQ_NEXT(job, entry);
		if (!job->waits || job->answered || now - job->queued_us < LEDGER_PATIENCE_US)
			continue;
		job->answered = true;
		writer->health.n_refused++;
		job->late(job, writer_bad_result(writer));
		if (list == &writer->queue) {
			queue_remove(writer, job);
			job->done(job, LEDGER_LATE); /* answered: only frees */
		}
	}
	return !TAILQ_EMPTY(list);
}

void *watch_run(void *context)
{
	struct ledger *ledger = context;
	struct writer *writer = &ledger->writer;

	(void)pthread_setname_np(pthread_self(), "ledger-watch");
	(void)pthread_mutex_lock(&writer->lock);
	while (!writer->stopped) {
		int64_t now = now_us(CLOCK_MONOTONIC);
		struct round *round;
		bool busy = false;

		TAILQ_FOREACH(round, &writer->rounds, entry)
		busy |= answer_late(writer, &round->jobs, now);
		busy |= answer_late(writer, &writer->batch, now);
		busy |= answer_late(writer, &writer->queue, now);
		(void)writer_wait(writer, &writer->ticks, busy ? WATCH_US : WATCH_IDLE_US);
	}
	(void)pthread_mutex_unlock(&writer->lock);
	return NULL;
}
