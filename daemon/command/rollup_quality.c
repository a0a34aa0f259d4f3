/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "rollup.h"

#include <stdlib.h>

/* The question reads the last hundred events of each source. */
#define EVERY_US (INT64_C(15) * 60 * 1000000)

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	struct store_rows **rows = context;

	return store_query(store,
		"SELECT pushes_after_a_gap, silent_sources FROM dorad.quality_alarm", NULL, 0,
		rows, err);
}

/* A line when it gets worse; what it stands at is in /metrics. */
static void note(
	_Atomic int64_t *gauge, const char *value, const char *what, const char *advice)
{
	int64_t n = strtoll(value, NULL, 10);

	if (n > *gauge)
		log_warn("quality %s=%lld: %s", what, (long long)n, advice);
	*gauge = n;
}

enum rollup_progress rollup_quality(struct rollup *rollup)
{
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	struct error err = {0};

	if (rollup_now_us() < rollup->due.quality_us)
		return ROLLUP_IDLE;
	rollup->due.quality_us = rollup_now_us() + EVERY_US;
	enum store_class class = store_transact(rollup->hand.store, ask, &rows, &err);
	if (class != STORE_FINE)
		return rollup_store_failed(rollup, class, "quality", &err);
	note(&rollup->quality.push_gaps, store_value(rows, 0, 0), "pushes_after_a_gap",
		"webhooks of pushes were lost; ask the sender for them again, or import the "
		"history");
	note(&rollup->quality.silent_sources, store_value(rows, 0, 1), "silent_sources",
		"SELECT * FROM dorad.quality_silent WHERE is_silent says which");
	return ROLLUP_WORKED;
}
