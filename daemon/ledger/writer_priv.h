/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_WRITER_PRIV_H
#define DORAD_LEDGER_WRITER_PRIV_H

#include "db_priv.h"
#include "ledger/ledger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

/*
 * A piece of writing. The writer runs what has queued in one transaction and tells each what
 * came of it afterwards. A waiting one is put aside and tried again while the disk is full or
 * misbehaves; the watch answers it in its place when its patience ends.
 */
struct job {
	TAILQ_ENTRY(job) entry;
	int (*run)(
		struct ledger *ledger, struct db *db, struct job *job); /* SQLITE_OK or not */
	void (*done)(struct job *job, enum ledger_result result); /* frees it; not locked */
	/* For jobs that wait: answers early. The job itself lives on. */
	void (*late)(struct job *job, enum ledger_result result);
	int64_t queued_us; /* CLOCK_MONOTONIC */
	size_t bytes;
	bool waits;
	bool patient;  /* need not be committed at once: with the next, or after a while */
	bool answered; /* under the writer's lock */
};

TAILQ_HEAD(job_list, job);

struct writer {
	pthread_t thread;
	pthread_t watch;
	pthread_mutex_t lock; /* everything below */
	pthread_cond_t wake;  /* the writer: something has queued, or stop */
	pthread_cond_t ticks; /* the watch: stop */
	pthread_cond_t news;  /* the forwarder: something was committed */
	bool news_told;
	struct job_list queue;
	struct job_list batch; /* being committed */
	size_t n_queued;
	size_t n_patient; /* of them */
	size_t queued_bytes;
	bool stopping;
	bool stopped;
	int64_t bad_since_us;          /* when commits began to fail; 0: they work */
	int64_t retry_at_us;           /* nothing is tried before; the writer's */
	bool complained;               /* and has not yet said that it works again */
	int64_t complained_us;         /* the writer's */
	_Atomic(enum trouble) suspect; /* what a reader met */
	struct ledger_health health;
	int64_t beat_us;
};

bool writer_start(struct ledger *ledger, struct error *err);
void writer_stop(struct ledger *ledger); /* commits what has queued */

/* False: stopping; the job was not taken. */
bool writer_queue(struct ledger *ledger, struct job *job);

/* The batch as a whole, for the writer and its troubles. */
#define WRITER_RETRY_US INT64_C(250000)
int writer_run_batch(struct ledger *ledger);
void writer_finish_batch(struct writer *writer, enum ledger_result result);
/* Waiting jobs go back to the head of the queue, but for those already answered. The others end
 * here: whoever waits for them decides. */
void writer_put_back(struct ledger *ledger, enum ledger_result result);

/* trouble.c: a commit failed with this code; and what to do before the next. */
void trouble_meet(struct ledger *ledger, int code);
/* A delivery was kept. */
void trouble_is_over(struct ledger *ledger);
/* True: deliveries may be kept. Else what can be done about it has been tried. */
bool trouble_mend(struct ledger *ledger);

/* A transaction's worth. SQLITE_OK or not. */
typedef int ledger_writing(struct ledger *ledger, struct db *db, void *context);

/* Runs write in a transaction and returns after the commit: through the writer's thread for the
 * owner, here for a visitor. */
enum ledger_result ledger_write(
	struct ledger *ledger, ledger_writing *write, void *context, struct error *err);

/* The same, by the owner in no hurry: together with the next delivery, or after a while. */
enum ledger_result ledger_write_patiently(
	struct ledger *ledger, ledger_writing *write, void *context, struct error *err);

#endif
