/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/command/forward_row.h"

#include "tap.h"

/* What a row asks of Redis, when it is read for the first time and when it is replayed. */
static struct arena *arena;
static struct stream *stream;

static struct dora_event *add(struct normalised *normalised, const char *id)
{
	struct dora_event *event = dora_event_list_add(&normalised->list, DORA_CHANGE);

	event->id = id;
	event->source = "/github/h";
	event->subject = id;
	event->time_us = INT64_C(1780351162000000);
	return event;
}

static struct ledger_made made(const char *id, int64_t revision, bool withdrawn)
{
	return (struct ledger_made){
		.kind = DORA_CHANGE,
		.id = id,
		.source = "/github/h",
		.subject = id,
		.time_us = INT64_C(1780351162000000),
		.revision = revision,
		.withdrawn = withdrawn,
		.key = "dorad:change",
		.entry_ms = 7,
	};
}

static struct row_plan plan(
	const struct ledger_row *row, enum verdict verdict, const struct normalised *normalised)
{
	const struct row_place place = {.stream = stream, .name = "abc-1", .arena = arena};
	struct row_plan out;

	row_plan_make(row, verdict, normalised, &place, &out);
	return out;
}

static const char *field(const struct stream_addition *addition, const char *name)
{
	for (size_t i = 0; i < addition->n_fields; i++) {
		if (strcmp(addition->fields[i].name, name) == 0)
			return arena_strndup(
				arena, addition->fields[i].value, addition->fields[i].n);
	}
	return NULL;
}

static void events_are_sent_and_noted(void)
{
	const struct ledger_row row = {.seq = 1, .endpoint = "gh"};
	struct normalised normalised = {.list = {.arena = arena}, .kind = "push"};

	(void)add(&normalised, "one");
	(void)add(&normalised, "two");
	struct row_plan got = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(got.outcome.state, LEDGER_STATE_FORWARDED);
	CHECK_STR(got.outcome.kind, "push");
	CHECK_INT(got.n_additions, 2);
	CHECK_INT(got.outcome.n_made, 2);
	CHECK_STR(field(&got.additions[1], "id"), "two");
	CHECK_STR(field(&got.additions[1], "endpoint"), "gh");
	CHECK_STR(field(&got.additions[1], "delivery"), "abc-1");
	CHECK_STR(got.made[got.made_of[1]].id, "two");
	CHECK_STR(got.made[1].key, "dorad:change");
}

static void what_is_not_made_any_more_is_withdrawn(void)
{
	const struct ledger_made before[] = {made("b", 0, false), made("a", 3, false)};
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_ALL,
		.made = before,
		.n_made = 2};
	struct normalised normalised = {.list = {.arena = arena}};

	(void)add(&normalised, "b");
	struct row_plan got = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(got.n_additions, 2);
	CHECK_INT(got.n_withdrawn, 1);
	CHECK_STR(field(&got.additions[0], "id"), "b");
	CHECK_STR(field(&got.additions[1], "id"), "a");
	CHECK_STR(field(&got.additions[1], "data"), "null");
	CHECK_STR(field(&got.additions[1], "revision"), "3");
	CHECK_INT(got.outcome.n_made, 2);
	CHECK(got.made[1].withdrawn);
}

static void a_row_that_is_ignored_now_withdraws_all_it_made(void)
{
	const struct ledger_made before = made("a", 0, false);
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_ALL,
		.made = &before,
		.n_made = 1};
	const struct normalised normalised = {.list = {.arena = arena}, .reason = "not ours"};
	struct row_plan got = plan(&row, VERDICT_IGNORED, &normalised);

	CHECK_INT(got.outcome.state, LEDGER_STATE_IGNORED);
	CHECK_STR(got.outcome.reason, "not ours");
	CHECK_INT(got.n_withdrawn, 1);
}

static void what_comes_back_stands_above_its_withdrawal(void)
{
	const struct ledger_made before = made("a", 2, true);
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_ALL,
		.made = &before,
		.n_made = 1};
	struct normalised normalised = {.list = {.arena = arena}};

	add(&normalised, "a")->revision = 1;
	struct row_plan got = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(got.n_additions, 1);
	CHECK_STR(field(&got.additions[0], "revision"), "3");
	CHECK_INT(got.made[0].revision, 3);
	CHECK(!got.made[0].withdrawn);
}

static void an_unreadable_replay_leaves_what_was_made(void)
{
	const struct ledger_made before = made("a", 0, false);
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_ALL,
		.made = &before,
		.n_made = 1};
	const struct normalised normalised = {
		.list = {.arena = arena}, .kind = "push", .reason = "id: is missing"};
	struct row_plan got = plan(&row, VERDICT_MALFORMED, &normalised);

	CHECK_INT(got.outcome.state, LEDGER_STATE_QUARANTINED);
	CHECK_STR(got.outcome.reason, "id: is missing");
	CHECK_INT(got.n_additions, 0);
	CHECK_INT(got.outcome.n_made, 1);
	CHECK_INT(got.outcome.made[0].entry_ms, 7);
}

static void retried_bad_lines_send_only_what_is_new(void)
{
	const struct ledger_made before[] = {made("a", 0, false), made("z", 0, false)};
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_BAD_ONLY,
		.made = before,
		.n_made = 2};
	struct normalised normalised = {.list = {.arena = arena}};

	(void)add(&normalised, "a");
	(void)add(&normalised, "mended");
	struct row_plan got = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(got.n_additions, 1);
	CHECK_STR(field(&got.additions[0], "id"), "mended");
	CHECK_INT(got.n_withdrawn, 0);
	CHECK_INT(got.outcome.n_made, 3);
	CHECK_STR(got.made[got.made_of[0]].id, "mended");
}

static void bad_lines_are_counted_and_the_first_is_said(void)
{
	const struct ledger_row row = {.seq = 1, .endpoint = "gh"};
	struct bad_line bad[] = {{4, "no id"}, {9, "no time"}};
	struct normalised normalised = {.list = {.arena = arena}, .bad = bad, .n_bad = 2};
	struct row_plan none = plan(&row, VERDICT_EVENTS, &normalised);

	CHECK_INT(none.outcome.state, LEDGER_STATE_QUARANTINED);
	(void)add(&normalised, "a");
	struct row_plan some = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(some.outcome.state, LEDGER_STATE_FORWARDED);
	CHECK_INT(some.outcome.n_bad, 2);
	CHECK_STR(some.outcome.reason, "2 bad lines: line 4: no id");
}

static void ten_thousand_events_are_replayed_in_no_time(void)
{
	static struct ledger_made before[10000];
	const struct ledger_row row = {.seq = 1,
		.endpoint = "gh",
		.again = LEDGER_AGAIN_ALL,
		.made = before,
		.n_made = 10000};
	struct normalised normalised = {.list = {.arena = arena}};

	for (int i = 0; i < 10000; i++) {
		before[i] = made(arena_printf(arena, "id-%d", 9999 - i), 0, false);
		if (i % 2)
			(void)add(&normalised, arena_printf(arena, "id-%d", i));
	}
	struct row_plan got = plan(&row, VERDICT_EVENTS, &normalised);
	CHECK_INT(got.n_additions, 10000);
	CHECK_INT(got.n_withdrawn, 5000);
}

int main(void)
{
	const struct stream_options options = {.url = "redis://nowhere", .prefix = "dorad"};

	arena = arena_create();
	stream = stream_create(&options, NULL);
	RUN(events_are_sent_and_noted);
	RUN(what_is_not_made_any_more_is_withdrawn);
	RUN(a_row_that_is_ignored_now_withdraws_all_it_made);
	RUN(what_comes_back_stands_above_its_withdrawal);
	RUN(an_unreadable_replay_leaves_what_was_made);
	RUN(retried_bad_lines_send_only_what_is_new);
	RUN(bad_lines_are_counted_and_the_first_is_said);
	RUN(ten_thousand_events_are_replayed_in_no_time);
	stream_destroy(stream);
	arena_destroy(arena);
	return tap_done();
}
