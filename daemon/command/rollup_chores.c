/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/xalloc.h"
#include "config/catalog.h"
#include "rollup.h"
#include "rollup_recompute.h"

#include <stdlib.h>
#include <string.h>

#define CATALOG_EVERY_US 5000000
#define MINUTE_US 60000000
#define STANDING_EVERY_US 5000000

/* One worker trims at a time; any number nobody else uses: "trim", in bytes. */
#define TRIM_LOCK "1953655149"

enum rollup_progress rollup_store_failed(struct rollup *rollup, enum store_class class,
	const char *doing, const struct error *err)
{
	rollup->own_pending = true;
	rollup_hand_failed(rollup->hand.store, class, doing, err);
	return ROLLUP_STUCK;
}

static bool is_as_applied(const struct rollup *rollup, const struct stat *file)
{
	const struct stat *applied = &rollup->catalog;

	return applied->st_ino == file->st_ino && applied->st_size == file->st_size &&
		applied->st_mtim.tv_sec == file->st_mtim.tv_sec &&
		applied->st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

static enum rollup_progress apply_catalog(struct rollup *rollup, const json_t *catalog)
{
	struct error err = {0};
	char *json = json_dumps(catalog, JSON_COMPACT);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	enum store_class class = rollup_patiently(rollup->hand.store,
		"SELECT scope, name, months, changed_values"
		" FROM dorad_data.apply_catalog($1::jsonb, false)",
		json, &rows, &err);

	free(json);
	if (class == STORE_FINE) {
		log_info("catalog applied=%s changed=%d", rollup->config->rollup.catalog,
			store_n_rows(rows));
		rollup->dirty = true;
	}
	if (class == STORE_FINE)
		return ROLLUP_WORKED;
	error_prefixf(&err, "%s", rollup->config->rollup.catalog);
	return rollup_store_failed(rollup, class, "catalog", &err);
}

enum rollup_progress rollup_catalog(struct rollup *rollup)
{
	const char *path = rollup->config->rollup.catalog;
	struct error err = {0};
	struct stat file;

	if (!path || rollup_now_us() < rollup->due.catalog_us)
		return ROLLUP_IDLE;
	rollup->due.catalog_us = rollup_now_us() + CATALOG_EVERY_US;
	if (stat(path, &file) == 0 && is_as_applied(rollup, &file))
		return ROLLUP_IDLE;

	json_auto_t *catalog = catalog_load(path, &err);
	enum rollup_progress progress = ROLLUP_STUCK;
	if (catalog)
		progress = apply_catalog(rollup, catalog);
	else
		log_error("catalog error=%s: what was applied before stands",
			LOG_QUOTE(err.text));
	if (progress == ROLLUP_WORKED)
		rollup->catalog = file;
	else
		rollup->due.catalog_us = rollup_now_us() + MINUTE_US;
	return progress;
}

static enum store_class trim(struct store *store, void *context, struct error *err)
{
	struct rollup *rollup = context;
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	struct error words = {0};
	int64_t deleted = 0;
	enum store_class class = store_query(
		store, "SELECT pg_try_advisory_xact_lock(" TRIM_LOCK ")", NULL, 0, &rows, err);

	if (class != STORE_FINE || strcmp(store_value(rows, 0, 0), "t") != 0)
		return class;
	enum stream_result result = stream_trim(rollup->stream, &deleted, &words);
	rollup->counts.trimmed += deleted;
	if (result != STREAM_DONE)
		(void)rollup_stream_failed(rollup, result, "trim", &words);
	else if (deleted)
		log_info("trimmed entries=%lld", (long long)deleted);
	return STORE_FINE;
}

enum rollup_progress rollup_watch_losses(struct rollup *rollup)
{
	size_t n = stream_n_keys(rollup->stream);
	struct stream_standing *standings = xcalloc(n, sizeof(*standings));
	struct error err = {0};
	enum stream_result result =
		stream_group_standing(rollup->stream, ROLLUP_GROUP, standings, &err);

	for (size_t i = 0; i < n && result == STREAM_DONE; i++) {
		int64_t more = standings[i].lost - rollup->known_losses[i];

		if (more > 0) {
			log_error("loss stream=%s entries=%lld: deleted before they were handed"
				  " out; dorad replay restores them from the ledger",
				standings[i].key, (long long)more);
			rollup->counts.lost += more;
		}
		rollup->known_losses[i] = standings[i].lost;
		rollup->gauges[i].pending = standings[i].pending;
		rollup->gauges[i].lag = standings[i].lag > 0 ? standings[i].lag : 0;
		rollup->gauges[i].oldest_us = standings[i].oldest_us;
	}
	free(standings);
	return result == STREAM_DONE ? ROLLUP_WORKED
				     : rollup_stream_failed(rollup, result, "standing", &err);
}

enum rollup_progress rollup_minute(struct rollup *rollup)
{
	struct error err = {0};

	if (rollup->link.state != LINK_READY)
		return ROLLUP_IDLE;
	if (rollup_now_us() >= rollup->due.standing_us) {
		rollup->due.standing_us = rollup_now_us() + STANDING_EVERY_US;
		if (rollup_watch_losses(rollup) != ROLLUP_WORKED ||
			rollup_receivers(rollup) != ROLLUP_WORKED)
			return ROLLUP_STUCK;
	}
	if (rollup_now_us() < rollup->due.minute_us)
		return ROLLUP_IDLE;
	rollup->due.minute_us = rollup_now_us() + MINUTE_US;
	rollup->dirty = true; /* the clock moved */
	enum store_class class = store_transact(rollup->hand.store, trim, rollup, &err);
	return class == STORE_FINE ? ROLLUP_WORKED
				   : rollup_store_failed(rollup, class, "trim", &err);
}
