/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_FILTER_PRIV_H
#define DORAD_LEDGER_FILTER_PRIV_H

#include "ledger/list.h"
#include "rows_priv.h"

/* Which rows a filter means; the delivery table is d. */
#define FILTER_WHERE                                    \
	"(:endpoint IS NULL OR d.endpoint = :endpoint)" \
	" AND (:seq = 0 OR d.seq = :seq)"               \
	" AND (:since = 0 OR d.received_us >= :since)"  \
	" AND (:until = 0 OR d.received_us < :until)"   \
	" AND (:state IS NULL OR d.state = :state"      \
	"	OR (:state = 'quarantined' AND d.n_bad > 0))"

void filter_bind(sqlite3_stmt *statement, const struct ledger_filter *filter);
void bind_named(sqlite3_stmt *statement, const char *name, int64_t number);

#endif
