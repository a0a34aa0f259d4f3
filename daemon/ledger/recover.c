/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/list.h"

#include "base/xalloc.h"
#include "rows_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_ROWS 64

/*
 * Row by row, by number: a page that cannot be read costs the rows on it and those whose body
 * hangs from it, no more. An index or a page in the middle of a tree that is broken costs what
 * is below it.
 */
static const char one_row[] =
	"SELECT " ROW_COLUMNS "	FROM delivery AS d JOIN body AS b USING (seq)"
	"	WHERE d.seq = ?";

/* So many numbers in a row under which nothing can be read are tried one by one: more than a
 * page or two of the file's trees hold. Behind them it goes on in ever longer steps. */
#define MOST_UNREADABLE 100000

/* Numbers may end where the readable part ends; what AUTOINCREMENT remembers is in a table of
 * its own, and the bodies have numbers too. */
static int64_t last_number(struct db *db)
{
	static const char *const asks[] = {
		"SELECT seq FROM sqlite_sequence WHERE name = 'delivery'",
		"SELECT max(seq) FROM delivery",
		"SELECT max(seq) FROM body",
	};
	int64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		int64_t number = db_number(db, asks[i], 0);
		last = number > last ? number : last;
	}
	return last < INT64_MAX ? last : INT64_MAX - 1; /* there is one behind it */
}

static int64_t first_number(struct db *db)
{
	int64_t first = db_number(db, "SELECT min(seq) FROM delivery", 1);

	return first > 0 ? first : 1;
}

struct kept_rows {
	struct ledger_entry entries[KEEP_ROWS];
	size_t n;
};

static enum ledger_result keep(struct ledger *ledger, struct kept_rows *rows, struct error *err)
{
	enum ledger_result result = LEDGER_DONE;

	if (rows->n)
		result = ledger_keep_now(ledger, rows->entries, rows->n, NULL, err);
	rows->n = 0;
	return result;
}

/* 1 a row, 0 none, -1 one that cannot be read. */
static int salvage_row(struct db *db, int64_t seq, struct arena *arena, struct ledger_row *row)
{
	sqlite3_stmt *select = db_statement(db, one_row);

	if (!select)
		return -1;
	bind_number(select, 1, seq);
	int code = sqlite3_step(select);
	if (code == SQLITE_ROW)
		row_read(db, select, arena, row);
	int reset = sqlite3_reset(select);
	if (code == SQLITE_DONE)
		return 0;
	return code == SQLITE_ROW && reset == SQLITE_OK && row->body ? 1 : -1;
}

/* The first row of this number or a later one: 1 there is, 0 there is none, -1 it cannot be
 * told, for the way there is broken. */
static int seek(struct db *db, int64_t from, int64_t *out)
{
	static const char sql[] =
		"SELECT seq FROM delivery WHERE seq >= ? ORDER BY seq LIMIT 1";
	sqlite3_stmt *select = db_statement(db, sql);

	if (!select)
		return -1;
	bind_number(select, 1, from);
	int code = sqlite3_step(select);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(select, 0);
	(void)sqlite3_reset(select);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

/* Whether the same is found from everywhere in between: a row whose number is garbage hides
 * those that come after it. */
static bool all_say(struct db *db, int64_t from, int64_t to, int found, int64_t row)
{
	for (uint64_t step = 1; step < (uint64_t)(to - from); step *= 2) {
		int64_t other = row;

		if (seek(db, from + (int64_t)step, &other) != found || other != row)
			return false;
	}
	return true;
}

/* Behind a hole too large to be walked through: what garbage says of the last number is no
 * reason to walk for years. */
static int64_t leap(struct db *db, int64_t from, int64_t last)
{
	int64_t bad = from; /* nothing can be told of it */
	int64_t good = last + 1;
	int64_t row;

	for (uint64_t step = 1; step < (uint64_t)(last - from) && good > last; step *= 2) {
		int64_t at = from + (int64_t)step;

		if (seek(db, at, &row) >= 0)
			good = at;
		else
			bad = at;
	}
	while (good - bad > 1) {
		int64_t middle = bad + (good - bad) / 2;

		if (seek(db, middle, &row) >= 0)
			good = middle;
		else
			bad = middle;
	}
	return good;
}

/* Which number to try next; beyond the last: there is no more. */
struct walk {
	int64_t seq;
	int64_t last;
	int64_t n_blind; /* numbers in a row of which nothing could be told */
};

static void walk_on(struct db *db, struct walk *walk, int64_t from)
{
	int64_t row = walk->last + 1;

	walk->seq = from;
	if (from > walk->last)
		return;
	int found = seek(db, from, &row);
	walk->n_blind = found < 0 ? walk->n_blind + 1 : 0;
	if (found >= 0 && all_say(db, from, row, found, row))
		walk->seq = row;
	else if (walk->n_blind > MOST_UNREADABLE)
		walk->seq = leap(db, from, walk->last);
}

static enum ledger_result salvage(
	struct ledger *ledger, struct db *db, struct ledger_salvage *out, struct error *err)
{
	struct walk walk = {.last = last_number(db)};
	enum ledger_result result = LEDGER_DONE;

	walk_on(db, &walk, first_number(db));
	while (walk.seq <= walk.last && result == LEDGER_DONE) {
		CLEANUP(arena_destroyp) struct arena *arena = arena_create();
		struct kept_rows rows = {.n = 0};
		size_t bytes = 0;

		for (; walk.seq <= walk.last && rows.n < KEEP_ROWS && bytes < (4U << 20);
			walk_on(db, &walk, walk.seq + 1)) {
			struct ledger_row row;
			int found = salvage_row(db, walk.seq, arena, &row);

			out->n_lost += found < 0;
			if (found <= 0)
				continue;
			rows.entries[rows.n++] = (struct ledger_entry){
				.endpoint = row.endpoint,
				.source = row.source,
				.delivery_id = row.delivery_id,
				.kind = row.kind,
				.headers = row.headers,
				.n_headers = row.n_headers,
				.body = (char *)(uintptr_t)
						row.body, /* borrowed: never written to */
				.n_body = row.n_body,
				.received_us = row.received_us,
			};
			bytes += row.n_body;
			out->n_read++;
		}
		result = keep(ledger, &rows, err);
	}
	return result;
}

enum ledger_result ledger_recover(
	struct ledger *ledger, const char *aside, struct ledger_salvage *out, struct error *err)
{
	int code = SQLITE_OK;

	*out = (struct ledger_salvage){0};
	if (access(aside, R_OK) != 0) {
		error_setf(err, "%s: %s", aside, strerrordesc_np(errno));
		return LEDGER_FAILED;
	}
	struct db *db = db_open(aside, 1000, &code, err);
	if (!db)
		return LEDGER_FAILED;
	enum ledger_result result = salvage(ledger, db, out, err);
	db_close(db);
	return result;
}
