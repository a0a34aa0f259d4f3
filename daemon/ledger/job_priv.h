/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_JOB_PRIV_H
#define DORAD_LEDGER_JOB_PRIV_H

#include "db_priv.h"
#include "ledger/ledger.h"

#include <sys/queue.h>

/*
 * A piece of writing. Some thread of the writer runs what has queued in one transaction; when
 * the log is synced behind it, each is told what came of it. A waiting one is put aside and
 * tried again while the disk is full or misbehaves; the watch answers it in its place when its
 * patience ends.
 */
struct job {
	TAILQ_ENTRY(job) entry;
	int (*run)(
		struct ledger *ledger, struct db *db, struct job *job); /* SQLITE_OK or not */
	void (*done)(struct job *job, enum ledger_result result); /* frees it; not locked */
	/* For jobs that wait: answers early. The job itself lives on. */
	void (*late)(struct job *job, enum ledger_result result);
	int64_t queued_us; /* CLOCK_MONOTONIC */
	int64_t seq;       /* the number of the delivery that run kept; 0: of none */
	size_t bytes;
	bool waits;
	bool patient;  /* need not be committed at once: with the next, or after a while */
	bool lightly;  /* told at the commit: after a power cut it is done once more */
	bool answered; /* under the writer's lock */
};

TAILQ_HEAD(job_list, job);

/* A batch that is committed and not yet known to be synced. */
struct round {
	TAILQ_ENTRY(round) entry;
	struct job_list jobs;
	int64_t first_seq; /* of its deliveries; 0: it kept none */
	bool waits;        /* in the list of rounds */
};

TAILQ_HEAD(round_list, round);

/* Takes from a list and tells. */
void job_end(struct job_list *list, struct job *job, enum ledger_result result);

#endif
