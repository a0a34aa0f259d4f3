/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/xalloc.h"
#include "config/catalog.h"
#include "rollup.h"

#include <stdlib.h>
#include <string.h>

#define CATALOG_EVERY_US 5000000
#define MINUTE_US 60000000
#define STANDING_EVERY_US 5000000

/* A transaction of recomputation should take about this long, as one of keep() should: each has
 * costs of its own, and holds locks. */
#define FAST_US 300000
#define SLOW_US 1000000
#define FEWEST_SERVICES 16
#define MOST_SERVICES 256

/* A daemon looks for new events this often while it recomputes. */
#define RECOMPUTE_AT_MOST_US 5000000

/* While events keep coming, months are computed at most so often, and for at most a sixth of
 * the time: a year of history is computed a few times, not once for each batch. */
#define RECOMPUTE_EVERY_US 10000000
#define RECOMPUTE_SHARE 5

/* When all is computed it lets as much time go by as that took: what comes in meanwhile is
 * computed together. Else each event of a steady flow would have its months to itself. */
#define CALM_AT_MOST_US 1000000

/* One worker trims at a time; any number nobody else uses: "trim", in bytes. */
#define TRIM_LOCK "1953655149"

enum rollup_progress rollup_store_failed(struct rollup *rollup, enum store_class class,
	const char *doing, const struct error *err)
{
	rollup->own_pending = true;
	if (class == STORE_WRONG || class == STORE_POISON)
		log_error("postgres doing=%s class=%s error=%s", doing, store_class_name(class),
			LOG_QUOTE(err->text));
	else
		log_warn("postgres doing=%s class=%s error=%s", doing, store_class_name(class),
			LOG_QUOTE(err->text));
	return ROLLUP_STUCK;
}

struct statement {
	const char *sql;
	const char *values[2];
	int n_values;
	struct store_rows *rows;
};

/* What takes its time: the limit on statements is for keep(). */
static enum store_class patiently(struct store *store, void *context, struct error *err)
{
	struct statement *statement = context;
	enum store_class class =
		store_script(store, "SET LOCAL statement_timeout = '30min'", err);

	if (class != STORE_FINE)
		return class;
	return store_query(store, statement->sql, statement->values, statement->n_values,
		&statement->rows, err);
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
	struct statement statement = {
		.sql = "SELECT scope, name, months, changed_values"
		       " FROM dorad_data.apply_catalog($1::jsonb, false)",
		.values = {json},
		.n_values = 1,
	};
	enum store_class class = store_transact(rollup->store, patiently, &statement, &err);

	free(json);
	if (class == STORE_FINE) {
		log_info("catalog applied=%s changed=%d", rollup->config->rollup.catalog,
			store_n_rows(statement.rows));
		rollup->dirty = true;
	}
	store_rows_destroy(statement.rows);
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

static enum rollup_progress advance(struct rollup *rollup, const char *as_of)
{
	struct error err = {0};
	struct statement statement = {
		/* By the clock: workers whose clocks differ a little do not turn it back. */
		.sql = "SELECT dorad_data.advance(coalesce($1::timestamptz, clock_timestamp()),"
		       " $1 IS NULL)",
		.values = {as_of},
		.n_values = 1,
	};
	enum store_class class = store_transact(rollup->store, patiently, &statement, &err);

	store_rows_destroy(statement.rows);
	return class == STORE_FINE ? ROLLUP_WORKED
				   : rollup_store_failed(rollup, class, "advance", &err);
}

enum rollup_progress rollup_start_clock(struct rollup *rollup, const char *as_of)
{
	struct error err = {0};
	struct statement statement = {
		.sql = "SELECT dorad_data.start_clock(coalesce($1::timestamptz,"
		       " clock_timestamp()))",
		.values = {as_of},
		.n_values = 1,
	};
	enum store_class class = store_transact(rollup->store, patiently, &statement, &err);

	store_rows_destroy(statement.rows);
	return class == STORE_FINE ? ROLLUP_WORKED
				   : rollup_store_failed(rollup, class, "clock", &err);
}

static void adapt(struct rollup *rollup, int64_t took_us)
{
	if (took_us > SLOW_US && rollup->services > FEWEST_SERVICES)
		rollup->services /= 2;
	else if (took_us < FAST_US && rollup->services < MOST_SERVICES)
		rollup->services *= 2;
}

/* Postgres makes the plans of a session once, for tables as large as they were then, and sees
 * that they have grown only when they are next analysed: a year of history may come in between.
 * So they are made anew after 1, 2, 4, 8 ... transactions of recomputation. */
static enum store_class plan_anew(struct rollup *rollup, struct error *err)
{
	int64_t n = rollup->counts.recomputed;

	return (n & (n - 1)) == 0 ? store_script(rollup->store, "DISCARD PLANS", err)
				  : STORE_FINE;
}

/* One transaction's worth. */
static enum rollup_progress recompute_some(struct rollup *rollup)
{
	struct error err = {0};
	char services[16];
	struct statement statement = {
		.sql = "SELECT dorad_data.recompute($1::integer)",
		.values = {services},
		.n_values = 1,
	};
	int64_t began_us = rollup_now_us();

	if (rollup->services == 0)
		rollup->services = FEWEST_SERVICES;
	(void)snprintf(services, sizeof(services), "%zu", rollup->services);
	enum store_class class = store_transact(rollup->store, patiently, &statement, &err);
	bool more = class == STORE_FINE && strcmp(store_value(statement.rows, 0, 0), "0") != 0;

	store_rows_destroy(statement.rows);
	if (class != STORE_FINE)
		return rollup_store_failed(rollup, class, "recompute", &err);
	if (!more)
		return ROLLUP_IDLE;
	adapt(rollup, rollup_now_us() - began_us);
	rollup->counts.recomputed++;
	class = plan_anew(rollup, &err);
	return class == STORE_FINE ? ROLLUP_WORKED
				   : rollup_store_failed(rollup, class, "plans", &err);
}

enum rollup_progress rollup_recompute(struct rollup *rollup, const char *as_of)
{
	int64_t began_us = rollup_now_us();
	enum rollup_progress progress = advance(rollup, as_of);

	while (progress == ROLLUP_WORKED && wakeup_wait(rollup->wakeup, 0) &&
		(rollup->once || rollup_now_us() - began_us < RECOMPUTE_AT_MOST_US))
		progress = recompute_some(rollup);
	if (progress == ROLLUP_IDLE)
		rollup->dirty = false;

	int64_t now_us = rollup_now_us();
	int64_t took_us = now_us - began_us;
	int64_t rest_us = took_us * RECOMPUTE_SHARE;
	rollup->due.recompute_us =
		now_us + (rest_us > RECOMPUTE_EVERY_US ? rest_us : RECOMPUTE_EVERY_US);
	rollup->due.calm_us = now_us;
	if (progress == ROLLUP_IDLE)
		rollup->due.calm_us += took_us < CALM_AT_MOST_US ? took_us : CALM_AT_MOST_US;
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
	enum store_class class = store_transact(rollup->store, trim, rollup, &err);
	return class == STORE_FINE ? ROLLUP_WORKED
				   : rollup_store_failed(rollup, class, "trim", &err);
}
