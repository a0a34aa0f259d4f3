/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_SPREAD_H
#define DORAD_STORE_SPREAD_H

#include "store/store.h"

/*
 * Statements side by side. Most are transactions of their own, on whichever connection is free.
 * Others belong to one transaction, that of the keeper: they are done there one after another,
 * beside the first.
 */
struct spread;

/* Borrows all of them. The keeper is within store_transact(), and used for nothing else until
 * the spread is at rest. Connects the others; NULL: one of them cannot be. */
struct spread *spread_create(
	struct store *const *stores, size_t n_stores, struct store *keeper, struct error *err);
/* Cancels what is at work and waits for that to be at rest. NULL is fine. */
void spread_destroy(struct spread *spread);
DEFINE_CLEANUP(struct spread *, spread_destroy);

/* For the keeper, after what it was given before. Copies the statement. */
void spread_keep(struct spread *spread, const char *statement);

/*
 * Statements for whoever is free, begun in their order; returns when all of them are done, the
 * keeper may still be at work then. One that fails, the keeper's too, is not tried again: no
 * others are begun, those at work are cancelled, and err is about the first that failed.
 */
enum store_class spread_run(
	struct spread *spread, const char *const *statements, size_t n, struct error *err);

/* Returns when the keeper is done, too. */
enum store_class spread_finish(struct spread *spread, struct error *err);

#endif
