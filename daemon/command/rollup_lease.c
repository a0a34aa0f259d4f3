/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_lease.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A worker that was not heard of for the term is taken for dead; its shards are read by others
 * and what it held pending is theirs after rollup.dead_after. */
#define RENEW_EVERY_US 2000000
#define TERM "15s"

struct leasing {
	const char *sql;
	const char *values[4];
	int n_values;
	struct store_rows *rows;
};

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	struct leasing *leasing = context;

	store_rows_destroy(leasing->rows);
	leasing->rows = NULL;
	return store_query(
		store, leasing->sql, leasing->values, leasing->n_values, &leasing->rows, err);
}

/* "{0,3,7}" */
static void take(struct rollup *rollup, const char *shards)
{
	size_t n_keys = stream_n_keys(rollup->stream);
	int64_t n = 0;

	for (size_t key = 0; key < n_keys; key++)
		rollup->mine[key] = false;
	for (const char *at = shards + 1; *at && *at != '}'; n++) {
		char *end;
		size_t shard = strtoul(at, &end, 10);

		for (size_t key = 0; key < n_keys; key++)
			rollup->mine[key] |= stream_key_shard(rollup->stream, key) == shard;
		at = *end == ',' ? end + 1 : end;
	}
	if (n != rollup->counts.shards) {
		log_info("shards mine=%" PRId64 " of=%zu", n, stream_n_shards(rollup->stream));
		rollup->due.claim_us = 0; /* somebody may have left entries there */
	}
	rollup->counts.shards = n;
}

enum rollup_progress rollup_lease(struct rollup *rollup)
{
	char n_shards[24];
	struct error err = {0};
	struct leasing leasing = {
		.sql = "SELECT dorad_data.lease_shards($1, $2, $3::integer, $4::interval)",
		.values = {rollup->streams, rollup->consumer, n_shards, TERM},
		.n_values = 4,
	};

	if (!rollup->group.mine || rollup_now_us() < rollup->due.lease_us)
		return ROLLUP_IDLE;
	(void)snprintf(n_shards, sizeof(n_shards), "%zu", stream_n_shards(rollup->stream));
	enum store_class class = store_transact(rollup->hand.store, ask, &leasing, &err);
	if (class == STORE_FINE)
		take(rollup, store_value(leasing.rows, 0, 0));
	store_rows_destroy(leasing.rows);
	if (class != STORE_FINE)
		return rollup_store_failed(rollup, class, "lease", &err);
	rollup->due.lease_us = rollup_now_us() + RENEW_EVERY_US;
	return ROLLUP_WORKED;
}

void rollup_leave(struct rollup *rollup)
{
	struct error err = {0};
	struct leasing leasing = {
		.sql = "SELECT dorad_data.leave_shards($1, $2)",
		.values = {rollup->streams, rollup->consumer},
		.n_values = 2,
	};

	if (!rollup->group.mine || rollup->counts.shards == 0)
		return;
	/* In vain: the term ends by itself. */
	if (store_transact(rollup->hand.store, ask, &leasing, &err) != STORE_FINE)
		log_warn("shards not given back error=%s", LOG_QUOTE(err.text));
	store_rows_destroy(leasing.rows);
}
