/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_recompute.h"

#include "base/log.h"
#include "store/migration.h"

#include <stdlib.h>

/* A transaction of recomputation should take about this long, as one of keep() should: each has
 * costs of its own, and holds locks. */
#define FAST_US 300000
#define SLOW_US 1000000
#define FEWEST_SERVICES 16
#define MOST_SERVICES 256

/* Recomputing that goes on for longer is worth a second hand. */
#define JOIN_AFTER_US 300000

/* Ahead, a transaction is worth its costs from so many marks on. */
#define ENOUGH_AHEAD "2000"

struct statement {
	const char *sql;
	const char *value;
	struct store_rows *rows;
};

static enum store_class run(struct store *store, void *context, struct error *err)
{
	struct statement *statement = context;
	enum store_class class =
		store_script(store, "SET LOCAL statement_timeout = '30min'", err);

	store_rows_destroy(statement->rows); /* of an attempt before this one */
	statement->rows = NULL;
	if (class != STORE_FINE)
		return class;
	return store_query(store, statement->sql, &statement->value, 1, &statement->rows, err);
}

enum store_class rollup_patiently(struct store *store, const char *sql, const char *value,
	struct store_rows **out, struct error *err)
{
	struct statement statement = {.sql = sql, .value = value};
	enum store_class class = store_transact(store, run, &statement, err);

	if (class == STORE_FINE && out)
		*out = statement.rows;
	else
		store_rows_destroy(statement.rows);
	return class;
}

void rollup_hand_failed(
	struct store *store, enum store_class class, const char *doing, const struct error *err)
{
	bool ours = class == STORE_WRONG || class == STORE_POISON;
	struct error words = {0};

	log_line(ours ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "postgres doing=%s class=%s error=%s",
		doing, store_class_name(class), LOG_QUOTE(err->text));
	if (class == STORE_WRONG && migration_check(store, &words) == STORE_WRONG)
		log_error("postgres is not as this worker found it: %s", words.text);
}

static enum rollup_progress move_clock(
	struct rollup_hand *hand, const char *sql, const char *as_of, const char *doing)
{
	struct error err = {0};
	enum store_class class = rollup_patiently(hand->store, sql, as_of, NULL, &err);

	if (class == STORE_FINE)
		return ROLLUP_WORKED;
	rollup_hand_failed(hand->store, class, doing, &err);
	return ROLLUP_STUCK;
}

enum rollup_progress rollup_hand_advance(struct rollup_hand *hand, const char *as_of)
{
	/* By the clock: workers whose clocks differ a little do not turn it back. */
	return move_clock(hand,
		"SELECT dorad_data.advance(coalesce($1::timestamptz, clock_timestamp()),"
		" $1 IS NULL)",
		as_of, "advance");
}

enum rollup_progress rollup_start_clock(struct rollup *rollup, const char *as_of)
{
	return move_clock(&rollup->hand,
		"SELECT dorad_data.start_clock(coalesce($1::timestamptz, clock_timestamp()))",
		as_of, "clock");
}

enum store_class rollup_plan_anew(struct store *store, int64_t n, struct error *err)
{
	return (n & (n - 1)) == 0 ? store_script(store, "DISCARD PLANS", err) : STORE_FINE;
}

static void adapt(struct rollup_hand *hand, int64_t took_us)
{
	if (took_us > SLOW_US && hand->services > FEWEST_SERVICES)
		hand->services /= 2;
	else if (took_us < FAST_US && hand->services < MOST_SERVICES)
		hand->services *= 2;
}

/* What takes marks, and returns how many. */
static enum rollup_progress take_marks(
	struct rollup_hand *hand, const char *sql, const char *most)
{
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	struct error err = {0};
	enum store_class class = rollup_patiently(hand->store, sql, most, &rows, &err);

	if (class == STORE_FINE && strtol(store_value(rows, 0, 0), NULL, 10) == 0)
		return ROLLUP_IDLE;
	if (class == STORE_FINE) {
		hand->counts->recomputed++;
		class = rollup_plan_anew(hand->store, ++hand->worked, &err);
	}
	if (class == STORE_FINE)
		return ROLLUP_WORKED;
	rollup_hand_failed(hand->store, class, "recompute", &err);
	return ROLLUP_STUCK;
}

enum rollup_progress rollup_hand_work(struct rollup_hand *hand)
{
	char services[24];
	char sql[80];
	int64_t turn = hand->by_turns ? hand->worked + 1 : 0;
	int64_t began_us = rollup_now_us();

	if (hand->services == 0)
		hand->services = FEWEST_SERVICES;
	(void)snprintf(services, sizeof(services), "%zu", hand->services);
	(void)snprintf(sql, sizeof(sql), "SELECT dorad_data.recompute($1::integer, %d)",
		(int)(turn % 1024));
	enum rollup_progress progress = take_marks(hand, sql, services);
	if (progress == ROLLUP_WORKED)
		adapt(hand, rollup_now_us() - began_us);
	return progress;
}

enum rollup_progress rollup_hand_work_ahead(struct rollup_hand *hand)
{
	return take_marks(hand, "SELECT dorad_data.recompute_ahead($1::integer)", ENOUGH_AHEAD);
}

enum rollup_progress rollup_recompute(struct rollup *rollup, const char *as_of)
{
	struct rollup_hand *hand = &rollup->hand;
	int64_t began_us = rollup_now_us();
	bool alone = true;
	enum rollup_progress progress = rollup_hand_advance(hand, as_of);

	while (progress == ROLLUP_WORKED && wakeup_wait(rollup->wakeup, 0)) {
		/* A few events are recomputed sooner than another session is ready. */
		if (alone &&
			(rollup->counts.batches > 1 ||
				rollup_now_us() - began_us > JOIN_AFTER_US)) {
			rollup_helper_tell(rollup->helper, false);
			alone = false;
		}
		progress = rollup_hand_work(hand);
	}
	return progress;
}
