/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_WAL_PRIV_H
#define DORAD_LEDGER_WAL_PRIV_H

#include "base/error.h"

#include <stdbool.h>

struct ledger;

/* The write-ahead log, once for each thread that syncs it; it is renewed. For the owner, whose
 * writing connection is open. */
bool wal_open(struct ledger *ledger, struct error *err);
void wal_close(struct ledger *ledger);

/*
 * By the writer: writes the log over with itself and syncs it. SQLITE_OK: what is read of it is
 * on the disk. Else it stays doubted.
 *
 * "Itself" is what memory has. Linux keeps there what it could not write, but may drop it when
 * memory is short; then what the disk has is read instead. None of that has been told to
 * anybody: it came after the last good sync. But SQLite's index of the log still counts it, and
 * what is committed behind such a hole would be lost with the power. So the ledger is opened
 * again afterwards, and SQLite, being the first, goes through the log and its sums up to the
 * hole. What is left: a command that has the ledger open all the while keeps the index as it
 * is, and at the start, where that walk comes before this, memory may be short just in between.
 */
int wal_renew(struct ledger *ledger);

#endif
