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
 */
int wal_renew(struct ledger *ledger);

#endif
