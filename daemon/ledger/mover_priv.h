/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_MOVER_PRIV_H
#define DORAD_LEDGER_MOVER_PRIV_H

#include "db_priv.h"

#include <pthread.h>
#include <stdatomic.h>

struct ledger;

/*
 * What was committed stands in the write-ahead log; moving it into the file takes as long as
 * many commits do. The mover does it beside the writer, through a connection of its own, in
 * pieces. SQLite begins the log anew only when all of it has been moved, which the mover cannot
 * reach while commits go on: the writer moves the last little bit itself, between two commits.
 */
struct mover {
	pthread_t thread;
	bool runs;
	pthread_mutex_t moving; /* held while the log is moved, by whoever does; and: */
	struct db *db;          /* NULL: opened when there is something to move */
	pthread_mutex_t lock;   /* and: */
	pthread_cond_t wake;
	bool wanted;
	bool stopping;
	/* The log as it is known to be moved: pages in the lower half, and in the upper one
	 * n_begun as it was before. */
	_Atomic uint64_t moved;
	_Atomic uint32_t n_begun; /* how often the log was begun anew; raised by the writer */
	/* The writer's, all in pages: */
	int64_t log;       /* as of its last commit */
	int64_t asked_at;  /* when it last wanted something moved */
	int64_t finish_at; /* from there on it would move the last bit itself */
	int64_t force_at;  /* from there on it moves all there is, however long that takes */
};

void mover_init(struct mover *mover);
bool mover_start(struct ledger *ledger, struct error *err);
void mover_stop(struct ledger *ledger);
void mover_clear(struct mover *mover);

/* Nobody moves anything until mover_resume(); for the writer, whose connections change. */
void mover_pause(struct mover *mover);
void mover_disconnect(struct mover *mover);
void mover_resume(struct mover *mover);

/* A visitor's connection: its commits move the log, too, unless that is doubted. */
void mover_visit(struct ledger *ledger);

/* By the writer: when it has committed (the log is so long now), a little later, and when it
 * has nothing else to do. */
void mover_note_log(struct ledger *ledger, int64_t pages);
void mover_after_commit(struct ledger *ledger);
void mover_when_idle(struct ledger *ledger);
void mover_rest(struct mover *mover); /* gives its connection's memory back */

/* By the writer: moves what there is, now. */
void mover_move_all(struct ledger *ledger, bool truncate);

#endif
