/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_MIGRATION_H
#define DORAD_STORE_MIGRATION_H

#include "store/store.h"

/*
 * The schema's migrations, carried in the program (schemas/postgres, *.sql): forward only, each
 * applied once in a transaction of its own and noted in dorad_data.migration with its SHA-256.
 */
struct migration {
	int version;      /* 1, 2, 3 ... */
	const char *name; /* "0001_tables.sql" */
	const char *sql;
	size_t n; /* bytes of sql */
};

extern const struct migration migrations[]; /* ended by {0} */
extern const size_t n_migrations;

/*
 * How many of them the database has. STORE_WRONG with words: it has one of another content, or
 * one that this program does not know.
 */
enum store_class migration_count(struct store *store, size_t *out_applied, struct error *err);

/* Whether the database has exactly this program's schema; the words say what to do.
 * STORE_LATER: it lacks some of it, and once that is applied it will do. */
enum store_class migration_check(struct store *store, struct error *err);

/*
 * Applies the one at index next, which must be what migration_count() gave. Two programs at it
 * at once take turns; *out_applied is false where the other was first.
 */
enum store_class migration_apply(
	struct store *store, size_t next, bool *out_applied, struct error *err);

#endif
