/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_SPREAD_H
#define DORAD_STORE_SPREAD_H

#include "store/store.h"

/*
 * Statements side by side: each is a transaction of its own, on whichever connection is free,
 * begun in their order. One that fails is not tried again; no others are begun then, those at
 * work are cancelled, and err is about the first that failed. Returns when all are at rest.
 */
enum store_class store_spread(struct store *const *stores, size_t n_stores,
	const char *const *statements, size_t n, struct error *err);

#endif
