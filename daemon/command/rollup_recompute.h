/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROLLUP_RECOMPUTE_H
#define DORAD_COMMAND_ROLLUP_RECOMPUTE_H

#include "rollup.h"

/*
 * Working off what is marked in Postgres. A worker has two hands for it, each a session: its
 * own, which keeps events as well, and that of its helper, a thread that recomputes while
 * events are kept. What is to be done is said by the marks, which are as durable as the events:
 * so a hand is told only that there is something, and whoever comes next finds what one left.
 */

/* One statement in a transaction that may take its time: the limit is for keep(). value: $1 */
enum store_class rollup_patiently(struct store *store, const char *sql, const char *value,
	struct store_rows **out, struct error *err);

/* Says in the log that a transaction failed; and if nothing of ours should, whether that is
 * because the database has been migrated to another version meanwhile. */
void rollup_hand_failed(struct store *store, enum store_class class, const char *doing,
	const struct error *err);

/* Moves the clock (NULL: to now). */
enum rollup_progress rollup_hand_advance(struct rollup_hand *hand, const char *as_of);
/* One transaction's worth of what is marked. IDLE: nothing is. */
enum rollup_progress rollup_hand_work(struct rollup_hand *hand);
/* The same of what can be done while more comes in. IDLE: too little, or others are at it. */
enum rollup_progress rollup_hand_work_ahead(struct rollup_hand *hand);

/* The plans of a session are made once, for tables as large as they were then, and Postgres
 * sees that they have grown only when they are next analysed: a year of history may come in
 * between. So they are made anew after 1, 2, 4, 8 ... transactions; n: how many there were. */
enum store_class rollup_plan_anew(struct store *store, int64_t n, struct error *err);

/* Sets the clock (NULL: to now) of a database that has never had one. */
enum rollup_progress rollup_start_clock(struct rollup *rollup, const char *as_of);
/* --once: moves the clock (NULL: to now), works off all that is marked, with both hands. */
enum rollup_progress rollup_recompute(struct rollup *rollup, const char *as_of);

/* The helper. NULL: err says why there is none. */
struct rollup_helper *rollup_helper_start(struct rollup *rollup, struct error *err);
/* Something was marked; behind: and more is to come at once, so that it should do only what
 * will not have to be done again. */
void rollup_helper_tell(struct rollup_helper *helper, bool behind);
/* For how long it has been at it; 0: it is at rest. */
int64_t rollup_helper_busy_us(struct rollup_helper *helper);
/* Ends it, after the transaction at hand; hurry: a statement that takes longer than another
 * second is cancelled. NULL is fine. */
void rollup_helper_stop(struct rollup_helper *helper, bool hurry);

#endif
