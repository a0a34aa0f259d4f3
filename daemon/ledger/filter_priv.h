/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_FILTER_PRIV_H
#define DORAD_LEDGER_FILTER_PRIV_H

#include "ledger/list.h"
#include "rows_priv.h"

/* Which rows a filter means; the delivery table is d. No other term speaks of d.seq but as
 * +d.seq: SQLite takes one lower and one upper bound of it, and any two. */
#define FILTER_WHERE                                    \
	"(:endpoint IS NULL OR d.endpoint = :endpoint)" \
	" AND d.seq BETWEEN :from AND :to"              \
	" AND (:since = 0 OR d.received_us >= :since)"  \
	" AND (:until = 0 OR d.received_us < :until)"   \
	" AND (:state IS NULL OR d.state = :state"      \
	"	OR (:state = 'quarantined' AND d.n_bad > 0))"

/* after: only rows of larger numbers. */
void filter_bind(sqlite3_stmt *statement, const struct ledger_filter *filter, int64_t after);
void bind_named(sqlite3_stmt *statement, const char *name, int64_t number);

#endif
