/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_SCHEMA_PRIV_H
#define DORAD_LEDGER_SCHEMA_PRIV_H

#include "db_priv.h"

/* What is in the file at this version. */
enum schema_result {
	SCHEMA_GOOD,
	SCHEMA_NEWER,   /* made by a later dorad: err says so */
	SCHEMA_OLDER,   /* and not to be migrated: err says by whom it is */
	SCHEMA_FOREIGN, /* a database, but not a ledger */
	SCHEMA_TROUBLE, /* *code says what */
};

/* Creates or, where it may, migrates, in one transaction. */
enum schema_result schema_prepare(
	struct db *db, bool may_migrate, int *code, struct error *err);

/* Terms of queries that are to use an index of such rows: word for word those of the index. Not
 * IN: SQLite would build a table of the words for each row that it writes. */
#define ROW_EXPIRES "(state = 'forwarded' OR state = 'ignored') AND n_bad = 0 AND stays = 0"
#define ROW_TROUBLED "(state = 'quarantined' OR state = 'dead' OR n_bad > 0)"

/* The ledger's own id: eight hex digits as a number. False: code says why not, SQLITE_CORRUPT
 * where what is read is none. */
bool schema_read_id(struct db *db, uint32_t *out, int *code);

#endif
