/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_KEEP_PRIV_H
#define DORAD_PORTAL_KEEP_PRIV_H

#include "base/cleanup.h"
#include "store/batch.h"

#include <stdint.h>

/*
 * What is the same for everybody and takes long to count, kept for thirty times as long as the
 * counting took: on a small database next to nothing, never more than a minute. While one
 * worker counts again the others go on with what there is. Any thread.
 */
struct keep;

enum keep_what {
	KEEP_ASSURANCE,
	KEEP_DATA,
	KEEP_DATA_API,
	KEEP_N,
};

#define KEEP_ASKS 5

struct keep_question {
	enum keep_what what;
	const struct store_ask *asks; /* always the same for one `what` */
	size_t n_asks;
};

/* The rows of some asks, as long as anybody holds them. */
struct kept;

/* How long what took so long is kept. */
int64_t keep_for_us(int64_t took_us);

struct keep *keep_create(void);
void keep_destroy(struct keep *keep); /* NULL is fine */

/* STORE_FINE: *out is set, to be dropped with kept_drop(). */
enum store_class keep_ask(struct keep *keep, const struct keep_question *question,
	struct store *store, struct kept **out, struct error *err);

struct store_rows *kept_rows(const struct kept *kept, size_t i);
void kept_drop(struct kept *kept); /* NULL is fine */

#endif
