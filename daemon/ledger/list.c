/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/list.h"

#include "filter_priv.h"

#include <inttypes.h>

/* Read in pages: a reader that stands still (a pager) must not hold the log. */
#define PAGE_ROWS 500

static void read_summary(sqlite3_stmt *select, struct arena *arena, struct ledger_summary *out)
{
	*out = (struct ledger_summary){
		.seq = sqlite3_column_int64(select, 0),
		.received_us = sqlite3_column_int64(select, 1),
		.endpoint = column_text(select, 2, arena),
		.source = column_text(select, 3, arena),
		.kind = column_text(select, 4, arena),
		.delivery_id = column_text(select, 5, arena),
		.state = column_text(select, 6, arena),
		.reason = column_text(select, 7, arena),
		.n_events = sqlite3_column_int64(select, 8),
		.n_bad = sqlite3_column_int64(select, 9),
		.n_body = sqlite3_column_int64(select, 10),
		.again = sqlite3_column_int(select, 11) != 0,
	};
}

struct page {
	struct ledger_summary items[PAGE_ROWS];
	size_t n;
};

static int read_page(struct db *db, const struct ledger_filter *filter, int64_t after,
	struct arena *arena, struct page *page)
{
	static const char sql[] =
		"SELECT d.seq, d.received_us, d.endpoint, d.source, d.kind, d.delivery_id,"
		"	CASE WHEN d.n_bad > 0 AND d.state = 'forwarded' THEN 'quarantined'"
		"		ELSE d.state END,"
		"	d.reason, d.n_events, d.n_bad, d.n_body,"
		"	EXISTS (SELECT 1 FROM again AS a WHERE a.seq = d.seq)"
		"	FROM delivery AS d"
		"	WHERE " FILTER_WHERE "	ORDER BY d.seq LIMIT :limit";
	sqlite3_stmt *select = db_statement(db, sql);
	int code;

	page->n = 0;
	if (!select)
		return db_code(db);
	filter_bind(select, filter, after);
	bind_named(select, ":limit", PAGE_ROWS);
	while ((code = sqlite3_step(select)) == SQLITE_ROW)
		read_summary(select, arena, &page->items[page->n++]);
	int reset = sqlite3_reset(select);
	return code == SQLITE_DONE ? SQLITE_OK : reset;
}

/* The number before the last so many that fit. */
static int64_t find_start(struct db *db, const struct ledger_filter *filter)
{
	static const char sql[] =
		"SELECT min(seq) - 1 FROM (SELECT d.seq FROM delivery AS d"
		"	WHERE " FILTER_WHERE "	ORDER BY d.seq DESC LIMIT :limit)";
	sqlite3_stmt *select = db_statement(db, sql);
	int64_t start = 0;

	if (!select)
		return 0;
	filter_bind(select, filter, 0);
	bind_named(select, ":limit", filter->last);
	if (sqlite3_step(select) == SQLITE_ROW)
		start = sqlite3_column_int64(select, 0);
	(void)sqlite3_reset(select);
	return start;
}

bool ledger_list(struct ledger *ledger, const struct ledger_filter *filter,
	void (*each)(void *context, const struct ledger_summary *summary), void *context,
	struct error *err)
{
	struct page page = {.n = 0};
	int64_t after = 0;
	bool first = true;
	int code = SQLITE_OK;

	do {
		CLEANUP(arena_destroyp) struct arena *arena = arena_create();
		struct db *db = ledger_begin_reading(ledger);

		if (first && db && filter->last)
			after = find_start(db, filter);
		first = false;
		code = db ? read_page(db, filter, after, arena, &page) : SQLITE_CANTOPEN;
		if (code != SQLITE_OK)
			ledger_reading_failed(ledger, db, err);
		ledger_end_reading(ledger);
		for (size_t i = 0; i < page.n && code == SQLITE_OK; i++)
			each(context, &page.items[i]);
		if (page.n)
			after = page.items[page.n - 1].seq;
	} while (code == SQLITE_OK && page.n == PAGE_ROWS);
	return code == SQLITE_OK;
}

bool ledger_count(struct ledger *ledger, struct ledger_counts *out, struct error *err)
{
	struct db *db = ledger_begin_reading(ledger);

	*out = (struct ledger_counts){0};
	if (db) {
		/* What is after the cursor is never deleted. */
		out->backlog = db_number(db,
			"SELECT max(0, coalesce((SELECT max(seq) FROM delivery), 0) - cursor)"
			"	FROM ledger",
			-1);
		out->oldest_us = db_number(db,
			"SELECT received_us FROM delivery"
			"	WHERE seq > (SELECT cursor FROM ledger) ORDER BY seq LIMIT 1",
			0);
		out->again = db_number(db, "SELECT count(*) FROM again", 0);
		out->quarantined = db_number(db,
			"SELECT count(*) FROM delivery WHERE " ROW_TROUBLED
			"	AND state <> 'dead'",
			0);
		out->dead = db_number(db,
			"SELECT count(*) FROM delivery WHERE " ROW_TROUBLED
			"	AND state = 'dead'",
			0);
		out->last_us = db_number(
			db, "SELECT received_us FROM delivery ORDER BY seq DESC LIMIT 1", 0);
		out->bytes = db_number(db,
			"SELECT (p.page_count - f.freelist_count) * s.page_size"
			"	FROM pragma_page_count AS p, pragma_freelist_count AS f,"
			"	pragma_page_size AS s",
			0);
	}
	bool counted = db && out->backlog >= 0;
	if (!counted)
		ledger_reading_failed(ledger, db, err);
	ledger_end_reading(ledger);
	return counted;
}

bool ledger_holds_import(
	struct ledger *ledger, const char *delivery_id, bool *out, struct error *err)
{
	static const char sql[] =
		"SELECT 1 FROM delivery WHERE endpoint = 'import' AND delivery_id = ?";
	struct db *db = ledger_begin_reading(ledger);
	sqlite3_stmt *select = db ? db_statement(db, sql) : NULL;
	int code = SQLITE_CANTOPEN;

	if (select) {
		bind_text(select, 1, delivery_id);
		code = sqlite3_step(select);
		(void)sqlite3_reset(select);
	}
	*out = code == SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		ledger_reading_failed(ledger, db, err);
	ledger_end_reading(ledger);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

int64_t ledger_count_rows(struct ledger *ledger)
{
	struct db *db = ledger_begin_reading(ledger);
	int64_t n = db ? db_number(db, "SELECT count(*) FROM delivery", -1) : -1;

	ledger_end_reading(ledger);
	return n;
}

bool ledger_endpoints(struct ledger *ledger,
	void (*each)(void *context, const char *endpoint, int64_t last_us), void *context,
	struct error *err)
{
	static const char sql[] = "SELECT endpoint, max(received_us) FROM delivery"
				  "	GROUP BY endpoint ORDER BY endpoint";
	struct db *db = ledger_begin_reading(ledger);
	sqlite3_stmt *select = db ? db_statement(db, sql) : NULL;
	int code = SQLITE_CANTOPEN;

	while (select && (code = sqlite3_step(select)) == SQLITE_ROW)
		each(context, (const char *)sqlite3_column_text(select, 0),
			sqlite3_column_int64(select, 1));
	if (code != SQLITE_DONE)
		ledger_reading_failed(ledger, db, err);
	if (select)
		(void)sqlite3_reset(select);
	ledger_end_reading(ledger);
	return code == SQLITE_DONE;
}
