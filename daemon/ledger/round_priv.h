/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_ROUND_PRIV_H
#define DORAD_LEDGER_ROUND_PRIV_H

#include "writer_priv.h"

/* With the turn: the batch is committed. True: it is to be synced, by round_sync()
 * when the turn has been passed on. */
bool round_begin(struct committer *self);
void round_sync(struct committer *self);
/* With the turn: until nobody syncs. */
void round_wait_for_all(struct writer *writer);
/* With the turn, when nobody syncs: all rounds become the batch again. */
void round_take_back(struct writer *writer);
/* Rows from this number on need not be synced yet, and will be told. */
int64_t round_first_seq(struct writer *writer);
/* A sync failed: from now on nothing is told, sent or committed until that is mended. */
void round_doubt(struct ledger *ledger, int error);
/* With the turn: the errno of it, once, when nobody syncs any more. 0: none failed. */
int round_sync_error(struct writer *writer);
/* How often that was; and what came of writing the log anew, begun after so many of them. */
uint64_t round_n_doubts(struct writer *writer);
void round_believe(struct ledger *ledger, bool renewed, uint64_t n_doubts);

#endif
