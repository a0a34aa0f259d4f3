/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

static void the_cursor_passes_only_what_was_settled(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "a");
	keep(ledger, "b");
	keep(ledger, "c");
	forward(ledger, 1, "one", 10);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 2);
	CHECK_INT(rows.items[0].seq, 2);
	CHECK_INT(count(ledger).backlog, 2);
	ledger_close(ledger);

	ledger = opened();
	CHECK_INT(next(ledger, arena).n, 2);
	struct ledger_row row;
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	CHECK_INT(row.n_made, 1);
	CHECK_STR(row.made[0].id, "one");
	CHECK_STR(row.made[0].key, "dorad:change");
	CHECK_INT(row.made[0].entry_ms, 10);
	CHECK(!ledger_find(ledger, 99, arena, &row, NULL));
	ledger_close(ledger);
}

static void a_window_is_bounded_by_bytes_but_one_row_always_comes(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_window small = {.rows = 10, .bytes = 3};
	struct ledger_rows rows;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "larger than three");
	keep(ledger, "b");
	CHECK(ledger_next(ledger, &small, arena, &rows, NULL));
	CHECK_INT(rows.n, 1);
}

static void live_rows_come_before_marked_ones(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_filter all = {0};
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "a");
	forward(ledger, 1, "one", 10);
	keep(ledger, "b");
	CHECK_INT(mark(ledger, &all), 1); /* the second needs no mark */
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 2);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_NO);
	forward(ledger, 2, "two", 11);
	rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 1);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_ALL);
	CHECK_STR(rows.items[0].made[0].id, "one");
	const struct ledger_made made = made_of("one", 12);
	const struct ledger_outcome outcome = {
		.seq = 1,
		.again = LEDGER_AGAIN_ALL,
		.state = LEDGER_STATE_FORWARDED,
		.made = &made,
		.n_made = 1,
	};
	CHECK_INT(settle(ledger, &outcome, 1, NULL), LEDGER_DONE);
	CHECK_INT(next(ledger, arena).n, 0);
	CHECK_INT(count(ledger).again, 0);
	CHECK_INT(count(ledger).backlog, 0);
}

static void a_row_with_bad_lines_is_forwarded_and_listed_as_quarantined(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_made made = made_of("one", 10);
	struct bad_line bad[] = {{2, "not JSON"}, {5, "no id"}};
	const struct ledger_outcome outcome = {
		.seq = 1,
		.state = LEDGER_STATE_FORWARDED,
		.made = &made,
		.n_made = 1,
		.bad = bad,
		.n_bad = 2,
	};
	const struct ledger_filter troubled = {.state = "quarantined"};
	char text[200] = "";
	struct ledger_row row;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "a");
	keep(ledger, "b");
	CHECK_INT(settle(ledger, &outcome, 1, NULL), LEDGER_DONE);
	forward(ledger, 2, "two", 11);
	CHECK(ledger_list(ledger, &troubled, collect, text, NULL));
	CHECK_STR(text, "1quarantined ");
	CHECK_INT(count(ledger).quarantined, 1);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	CHECK_INT(row.n_bad, 2);
	CHECK_INT(row.bad[1].line, 5);
	CHECK_STR(row.bad[1].reason, "no id");
	CHECK_INT(mark(ledger, &troubled), 1);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_BAD_ONLY);
	const struct ledger_filter forwarded = {.state = "forwarded"};
	CHECK_INT(mark(ledger, &forwarded), 2);
	CHECK_INT(mark(ledger, &troubled), 1); /* all of it stays asked for */
	rows = next(ledger, arena);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_ALL);
}

static void a_list_is_filtered_and_the_last_so_many_come_oldest_first(void)
{
	char text[200] = "";
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	for (int i = 0; i < 5; i++) {
		struct ledger_entry entry = entry_of(i % 2 ? "odd" : "even", "x", 1);
		entry.received_us = noon_us + i;
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
	}
	const struct ledger_filter last = {.last = 2};
	CHECK(ledger_list(ledger, &last, collect, text, NULL));
	CHECK_STR(text, "4kept 5kept ");
	text[0] = '\0';
	const struct ledger_filter odd = {.endpoint = "odd"};
	CHECK(ledger_list(ledger, &odd, collect, text, NULL));
	CHECK_STR(text, "2kept 4kept ");
	text[0] = '\0';
	const struct ledger_filter span = {.since_us = noon_us + 1, .until_us = noon_us + 3};
	CHECK(ledger_list(ledger, &span, collect, text, NULL));
	CHECK_STR(text, "2kept 3kept ");
}

static int n_listed;

static void count_listed(void *context, const struct ledger_summary *summary)
{
	(void)context;
	n_listed += summary->seq == n_listed + 1;
}

static void a_long_list_comes_in_pages_without_a_gap(void)
{
	static struct ledger_entry entries[1234];
	const struct ledger_filter all = {0};
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	for (int i = 0; i < 1234; i++)
		entries[i] = entry_of("gh", "x", 1);
	CHECK_INT(ledger_keep_now(ledger, entries, 1234, NULL, NULL), LEDGER_DONE);
	n_listed = 0;
	CHECK(ledger_list(ledger, &all, count_listed, NULL, NULL));
	CHECK_INT(n_listed, 1234);
}

static void what_redis_lost_is_marked_exactly(void)
{
	struct ledger_note note = {0};
	int64_t n = -1;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	CHECK(!ledger_noted(ledger, "dorad:change", &note));
	for (int i = 0; i < 5; i++) {
		keep(ledger, "x");
		forward(ledger, i + 1, "id", (uint64_t)(100 + i));
	}
	CHECK(ledger_noted(ledger, "dorad:change", &note));
	CHECK_INT(note.entry_ms, 104);
	const struct ledger_note survived = {.key = "dorad:change", .entry_ms = 102};
	CHECK_INT(ledger_set_back(ledger, &survived, &n, NULL), LEDGER_DONE);
	CHECK_INT(n, 2);
	CHECK_INT(count(ledger).again, 2);
	CHECK(ledger_noted(ledger, "dorad:change", &note));
	CHECK_INT(note.entry_ms, 102);
	const struct ledger_note gone = {.key = "dorad:change"};
	CHECK_INT(ledger_set_back(ledger, &gone, &n, NULL), LEDGER_DONE);
	CHECK_INT(count(ledger).again, 5);
	const struct ledger_note unknown = {.key = "dorad:incident"};
	CHECK_INT(ledger_set_back(ledger, &unknown, &n, NULL), LEDGER_DONE);
	CHECK_INT(n, 0);
}

static void a_dead_event_marks_its_delivery_and_no_other_ledgers(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_note position = {.key = "dorad:dead", .entry_ms = 7};
	struct ledger_note note = {0};
	struct ledger_row row;
	char name[LEDGER_NAME_MAX];
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "x");
	forward(ledger, 1, "id", 1);
	CHECK_INT(ledger_bury(ledger, "ffffffffff-1", "bad", &position, NULL), LEDGER_DONE);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	ledger_name(ledger, 1, name);
	CHECK_INT(ledger_bury(ledger, name, "no such year", &position, NULL), LEDGER_DONE);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_DEAD);
	CHECK_STR(row.reason, "no such year");
	CHECK(ledger_noted(ledger, "dorad:dead", &note));
	CHECK_INT(note.entry_ms, 7);
	CHECK_INT(count(ledger).dead, 1);
}

int main(void)
{
	RUN(the_cursor_passes_only_what_was_settled);
	RUN(a_window_is_bounded_by_bytes_but_one_row_always_comes);
	RUN(live_rows_come_before_marked_ones);
	RUN(a_row_with_bad_lines_is_forwarded_and_listed_as_quarantined);
	RUN(a_list_is_filtered_and_the_last_so_many_come_oldest_first);
	RUN(a_long_list_comes_in_pages_without_a_gap);
	RUN(what_redis_lost_is_marked_exactly);
	RUN(a_dead_event_marks_its_delivery_and_no_other_ledgers);
	remove_all();
	return tap_done();
}
