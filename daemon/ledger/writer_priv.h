/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_WRITER_PRIV_H
#define DORAD_LEDGER_WRITER_PRIV_H

#include "job_priv.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * A sync may take ten times as long as the last: what comes meanwhile is committed by the next
 * thread, and synced beside it.
 */
#define WRITER_THREADS 3

struct committer {
	pthread_t thread;
	struct ledger *ledger;
	struct round round;
	/* The log, to be synced. A descriptor of its own: Linux tells of a failed write once
	 * through each. -1: not open. */
	int log;
	uint64_t n_rests; /* of the writer's, those that it has followed */
};

/*
 * One thread at a time has the turn. It alone touches ledger->writing, and what is called the
 * writer's: it waits for work, commits it, passes the turn on and only then syncs.
 */
struct writer {
	struct committer committers[WRITER_THREADS];
	size_t n_committers; /* that were started */
	pthread_t watch;
	pthread_mutex_t finishing; /* jobs are told in the order of their commits; and: */
	pthread_mutex_t lock;      /* everything below */
	pthread_cond_t turn;       /* a thread of the writer: it is free */
	pthread_cond_t wake;       /* who has the turn: something has queued, or stop */
	pthread_cond_t ticks;      /* the watch: stop */
	pthread_cond_t news;       /* the forwarder: something was kept */
	pthread_cond_t synced;     /* who has the turn: nobody syncs any more */
	bool turn_taken;
	bool news_told;
	struct job_list queue;
	struct job_list batch;    /* being committed */
	int64_t batch_seq;        /* of its first delivery; 0: of none */
	struct round_list rounds; /* in the order of their commits */
	size_t n_syncing;         /* threads that may end a round */
	int sync_error;           /* errno, until the rounds were put back; 0: none */
	size_t n_queued;
	size_t n_patient; /* of them */
	size_t queued_bytes;
	uint64_t n_rests; /* how often there was nothing to do any more */
	bool stopping;
	bool stopped;
	bool complained;      /* and has not yet said that it works again */
	int64_t bad_since_us; /* when commits began to fail; 0: a delivery was kept since */
	int64_t mended_us;    /* when they seemed to work again */
	struct ledger_health health;
	int64_t beat_us;
	int64_t retry_at_us;           /* nothing is tried before; the writer's */
	int64_t complained_us;         /* the writer's */
	bool idle;                     /* nothing had queued the last time; the writer's */
	_Atomic(enum trouble) suspect; /* what a reader met */
	uint64_t n_doubts;             /* syncs that failed */
	/* One did: nobody knows what the log is on the disk, until it is written anew. */
	atomic_bool log_doubted;
};

void writer_init(struct ledger *ledger);
void writer_clear(struct writer *writer);
bool writer_start(struct ledger *ledger, struct error *err);
void writer_stop(struct ledger *ledger); /* commits what has queued */

/* False: stopping; the job was not taken. */
bool writer_queue(struct ledger *ledger, struct job *job);

/* Under the lock; false: the time is over. */
bool writer_wait(struct writer *writer, pthread_cond_t *cond, int64_t us);
/* Under the lock; of a job that was not kept for longer than is good. */
enum ledger_result writer_bad_result(const struct writer *writer);

/* The batch as a whole, for the writer and its troubles. */
#define WRITER_RETRY_US INT64_C(250000)
int writer_run_batch(struct ledger *ledger); /* SQLITE_OK: committed, not synced */
/* Waiting jobs go back to the head of the queue, but for those already answered. The others end
 * here: whoever waits for them decides. */
void writer_put_back(struct ledger *ledger, enum ledger_result result);

/* watch.c: answers those whose patience is over, whatever the others are stuck in. */
void *watch_run(void *context);

/* trouble.c: a commit failed with this code; and what to do before the next. True: what is left
 * of the batch is committed all the same. */
bool trouble_meet(struct ledger *ledger, int code);
/* A delivery was kept. Any thread of the writer. */
void trouble_is_over(struct ledger *ledger);
/* True: deliveries may be kept. Else what can be done about it has been tried. */
bool trouble_mend(struct ledger *ledger);

/* A transaction's worth. SQLITE_OK or not. */
typedef int ledger_writing(struct ledger *ledger, struct db *db, void *context);

/* Runs write in a transaction and returns when it is synced: through the writer's threads for
 * the owner, here for a visitor. */
enum ledger_result ledger_write(
	struct ledger *ledger, ledger_writing *write, void *context, struct error *err);

/* The same, by the owner: returns after the commit, for what is done once more if a power cut
 * takes it away. patient: together with the next delivery, or after a while. */
enum ledger_result ledger_write_lightly(struct ledger *ledger, bool patient,
	ledger_writing *write, void *context, struct error *err);

#endif
