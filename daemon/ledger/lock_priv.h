/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_LOCK_PRIV_H
#define DORAD_LEDGER_LOCK_PRIV_H

#include "ledger/ledger.h"

/*
 * <name>.lock beside the ledger: who owns it, and which row is being read. A flock on a file of
 * its own, because closing a second descriptor of the database would drop SQLite's locks. What
 * is noted of the row is a mapped page: it outlives the process, and costs no sync.
 */
struct lock;

/* LEDGER_HELD: err names the holder. */
enum ledger_opening lock_take(const char *ledger_path, struct lock **out, struct error *err);
void lock_drop(struct lock *lock); /* NULL is fine */

void lock_note_reading(struct lock *lock, int64_t seq);
void lock_note_read(struct lock *lock);
void lock_absolve(struct lock *lock, int64_t seq);
const char *lock_crashed_on(const struct lock *lock, int64_t seq);

/* Nobody knows what the log is on the disk, or it is known again. Others must not move it into
 * the file then; lock_says_doubt() is for them, with or without an owner. */
void lock_note_doubt(struct lock *lock, bool doubted);
bool lock_says_doubt(const char *ledger_path);

#endif
