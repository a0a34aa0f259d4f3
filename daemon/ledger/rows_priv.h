/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_ROWS_PRIV_H
#define DORAD_LEDGER_ROWS_PRIV_H

#include "ledger/rows.h"
#include "ledger_priv.h"

/* The columns that row_read() wants, in its order; the table aliases are d, b and a. */
#define ROW_COLUMNS                                                           \
	"d.seq, d.received_us, d.endpoint, d.source, d.delivery_id, d.kind, " \
	"d.reason, d.state, d.n_body, d.n_events, d.n_bad, b.headers, "       \
	"b.encoding, b.bytes"
#define ROW_N_COLUMNS 14

/* From a statement of db that stands on a row. A body that cannot be unpacked leaves
 * row->body NULL, row->unreadable says why. */
void row_read(struct db *db, sqlite3_stmt *select, struct arena *arena, struct ledger_row *out);

/* The column's text in the arena; NULL for NULL. */
const char *column_text(sqlite3_stmt *select, int column, struct arena *arena);

#endif
