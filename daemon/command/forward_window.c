/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_priv.h"
#include "forward_row.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

#define WINDOW_ROWS 256
#define WINDOW_BYTES ((size_t)4 << 20)

/* One pipelined window (RELIABILITY.md 3.1). */
#define SEND_ENTRIES 512
#define SEND_BYTES ((size_t)4 << 20)

/* What one transaction of the ledger notes: deliveries that are to be answered wait for it, and
 * a window of imports may have made ten thousand events. */
#define SETTLE_EVENTS 400

/* So many rows in a window are a sign of more behind them. */
#define HURRY_ROWS 32

#define RETRY_US INT64_C(250000)

/* The rows of a window and all that they ask of Redis, row by row. */
struct window {
	struct arena *arena;
	struct ledger_rows rows;
	struct row_plan *plans;
	struct stream_addition *additions;
	size_t n_additions;
};

/* What reading a row takes goes before the next is read: the same memory, still cached. */
static void plan_row_within(struct forwarder *forwarder, const struct ledger_row *row,
	struct window *window, struct row_plan *out)
{
	struct ledger *ledger = forwarder->options.ledger;
	const struct source *source = source_find(row->source);
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct normalised normalised = {.list = {.arena = arena}};
	struct delivery delivery = {
		.endpoint = row->endpoint,
		.headers = row->headers,
		.n_headers = row->n_headers,
		.body = row->body,
		.n_body = row->n_body,
		.received_us = row->received_us,
	};
	char name[LEDGER_NAME_MAX];

	const char *blame = ledger_crashed_on(ledger, row->seq);
	if (blame) {
		ledger_name(ledger, row->seq, name);
		log_error("quarantined unread endpoint=%s delivery=%s: it %s", row->endpoint,
			name, blame);
		row_plan_quarantine(row, "crashed", out);
		return;
	}
	if (!row->body || !source) {
		const char *reason = row->body
			? arena_printf(window->arena, "no source %s in this dorad", row->source)
			: row->unreadable;
		row_plan_quarantine(row, reason, out);
		return;
	}
	if (forwarder->options.endpoint_options &&
		!forwarder->options.endpoint_options(
			forwarder->options.context, row->endpoint, &delivery.options) &&
		row_plan_orphan(row, window->arena, out))
		return;
	ledger_reading(ledger, row->seq);
	FAULT_POINT("normalise");
	enum verdict verdict = source_normalise(source, &delivery, &normalised);
	ledger_name(ledger, row->seq, name);
	const struct row_place place = {
		.stream = forwarder->stream,
		.name = arena_strdup(window->arena, name),
		.arena = window->arena,
	};
	row_plan_make(row, verdict, &normalised, &place, out);
	FAULT_POINT("plan");
	ledger_read_well(ledger);
}

static void plan_row(struct forwarder *forwarder, const struct ledger_row *row,
	struct window *window, struct row_plan *out)
{
	scratch_begin();
	plan_row_within(forwarder, row, window, out);
	scratch_end();
}

static void plan_rows(struct forwarder *forwarder, struct window *window)
{
	size_t most = 0;

	window->plans =
		arena_alloc(window->arena, (window->rows.n + 1) * sizeof(*window->plans));
	for (size_t i = 0; i < window->rows.n; i++) {
		plan_row(forwarder, &window->rows.items[i], window, &window->plans[i]);
		most += window->plans[i].n_additions;
	}
	window->additions = arena_alloc(window->arena, (most + 1) * sizeof(*window->additions));
	for (size_t i = 0; i < window->rows.n; i++) {
		for (size_t a = 0; a < window->plans[i].n_additions; a++)
			window->additions[window->n_additions++] =
				window->plans[i].additions[a];
	}
}

static size_t addition_bytes(const struct stream_addition *addition)
{
	size_t bytes = 0;

	for (size_t i = 0; i < addition->n_fields; i++)
		bytes += addition->fields[i].n;
	return bytes;
}

/* How many from here on go in one pipelined window. */
static size_t count_send(const struct stream_addition *additions, size_t n)
{
	size_t bytes = 0;
	size_t count = 0;

	while (count < n && count < SEND_ENTRIES && (count == 0 || bytes < SEND_BYTES))
		bytes += addition_bytes(&additions[count++]);
	return count;
}

/* Of each key the last of these additions, NULL: none. */
static const struct stream_addition **last_of_keys(const struct forwarder *forwarder,
	const struct stream_addition *additions, size_t n, struct arena *arena)
{
	const struct stream_addition **last =
		arena_alloc(arena, (stream_n_keys(forwarder->stream) + 1) * sizeof(*last));

	for (size_t i = 0; i < n; i++)
		last[additions[i].key] = &additions[i];
	return last;
}

/* The worst of the keys that these additions touched. */
static enum forward_check check_touched(struct forwarder *forwarder,
	const struct stream_addition *additions, size_t n, struct arena *arena)
{
	const struct stream_addition **last = last_of_keys(forwarder, additions, n, arena);
	enum forward_check worst = FORWARD_ALL_THERE;

	for (size_t key = 0; key < stream_n_keys(forwarder->stream); key++) {
		enum forward_check check =
			last[key] ? forward_check(forwarder, key) : FORWARD_ALL_THERE;

		if (check > worst)
			worst = check;
	}
	return worst;
}

/*
 * *out_acknowledged: how many additions from the first on Redis has taken. What was lost is
 * looked for in each slice, for a FLUSHALL need not break a connection; one between two slices
 * has taken the earlier ones too.
 */
static enum stream_result send_all(struct forwarder *forwarder, struct window *window,
	size_t *out_acknowledged, struct error *err)
{
	enum stream_result result = STREAM_DONE;
	size_t sent = 0;

	while (sent < window->n_additions && result == STREAM_DONE) {
		struct stream_addition *from = &window->additions[sent];
		struct stream_window slice = {
			.writer = forwarder->writer,
			.marks = forwarder->to_mark,
			.additions = from,
			.n = count_send(from, window->n_additions - sent),
		};

		result = stream_send(forwarder->stream, &slice, forwarder->places, err);
		forward_note_marks(forwarder);
		/* Compared with what was marked before this slice. */
		enum forward_check check =
			check_touched(forwarder, from, slice.n_acknowledged, window->arena);
		if (check == FORWARD_STOPPED || (check == FORWARD_LOST && sent)) {
			sent = 0;
			break;
		}
		if (slice.marked)
			forward_marked(forwarder, from, slice.n);
		sent += slice.n_acknowledged;
	}
	*out_acknowledged = sent;
	return result;
}

/* Completes what the rows made with the entries' ids; how many rows are wholly acknowledged. */
static size_t take_ids(struct window *window, size_t n_acknowledged)
{
	size_t at = 0;

	for (size_t i = 0; i < window->rows.n; i++) {
		struct row_plan *plan = &window->plans[i];

		if (at + plan->n_additions > n_acknowledged)
			return i;
		for (size_t a = 0; a < plan->n_additions; a++) {
			struct ledger_made *made = &plan->made[plan->made_of[a]];

			made->entry_ms = window->additions[at + a].id.ms;
			made->entry_n = window->additions[at + a].id.n;
		}
		at += plan->n_additions;
	}
	return window->rows.n;
}

/* The last entry of each key that was acknowledged: later than what was noted before. */
static size_t make_notes(struct forwarder *forwarder, const struct window *window,
	size_t n_acknowledged, struct ledger_note *notes)
{
	const struct stream_addition **last =
		last_of_keys(forwarder, window->additions, n_acknowledged, window->arena);
	size_t n_notes = 0;

	for (size_t key = 0; key < stream_n_keys(forwarder->stream); key++) {
		if (last[key])
			notes[n_notes++] = (struct ledger_note){
				.key = stream_key(forwarder->stream, key),
				.entry_ms = last[key]->id.ms,
				.entry_n = last[key]->id.n,
			};
	}
	return n_notes;
}

static void count_row(struct forwarder_state *state, const struct row_plan *plan)
{
	state->n_rows[plan->outcome.state]++;
	state->n_bad_lines += plan->outcome.n_bad;
	state->n_withdrawn += plan->n_withdrawn;
	if (plan->outcome.reason && strcmp(plan->outcome.reason, "crashed") == 0)
		state->n_crashed++;
	for (size_t a = 0; a < plan->n_additions; a++)
		state->n_events[plan->made[plan->made_of[a]].kind]++;
}

/* What was wanted where, without what was found: the log has nothing of a body. */
static size_t n_without_value(const char *reason)
{
	const char *value = strstr(reason, " got ");

	return value ? (size_t)(value - reason) : strlen(reason);
}

static void log_quarantined(
	const struct ledger_row *row, const char *name, const struct ledger_outcome *outcome)
{
	char reason[240];
	size_t n = n_without_value(outcome->reason);

	(void)snprintf(reason, sizeof(reason), "%.*s", (int)n, outcome->reason);
	log_warn("quarantined endpoint=%s delivery=%s kind=%s reason=%s: dorad deliveries show "
		 "%lld has all of it",
		row->endpoint, name, LOG_QUOTE(outcome->kind), LOG_QUOTE(reason),
		(long long)row->seq);
}

static void tell(struct forwarder *forwarder, const struct window *window, size_t n_rows)
{
	(void)pthread_mutex_lock(&forwarder->lock);
	for (size_t i = 0; i < n_rows; i++)
		count_row(&forwarder->state, &window->plans[i]);
	(void)pthread_mutex_unlock(&forwarder->lock);
	for (size_t i = 0; i < n_rows; i++) {
		const struct ledger_outcome *outcome = &window->plans[i].outcome;
		const struct ledger_row *row = &window->rows.items[i];

		char name[LEDGER_NAME_MAX];

		ledger_absolve(forwarder->options.ledger, row->seq);
		ledger_name(forwarder->options.ledger, row->seq, name);
		if (outcome->state == LEDGER_STATE_QUARANTINED || outcome->n_bad)
			log_quarantined(row, name, outcome);
		else
			log_debug("%s endpoint=%s delivery=%s events=%zu",
				ledger_state_name(outcome->state), row->endpoint, name,
				window->plans[i].n_additions);
	}
}

/* How many of the first rows are noted at once. */
static size_t count_settle(const struct ledger_outcome *outcomes, size_t most)
{
	size_t n_events = 0;
	size_t n = 0;

	while (n < most && (n == 0 || n_events + outcomes[n].n_made <= SETTLE_EVENTS))
		n_events += outcomes[n++].n_made;
	return n;
}

/* Redis has them: the same rows must not be sent again only because the ledger is busy or
 * full. A full disk has room for few rows at a time, and room is made by settling. */
static bool settle_all(struct forwarder *forwarder, struct ledger_settlement *settlement)
{
	size_t rest = settlement->n;
	size_t step = rest;
	bool said = false;

	while (rest) {
		struct error err = {0};

		settlement->n = count_settle(settlement->outcomes, step < rest ? step : rest);
		settlement->hurry = rest >= HURRY_ROWS || settlement->n < rest;
		enum ledger_result result =
			ledger_settle(forwarder->options.ledger, settlement, &err);
		if (result == LEDGER_DONE) {
			settlement->outcomes += settlement->n;
			rest -= settlement->n;
			continue;
		}
		if (!said)
			log_warn("forwarded rows=%zu cannot be noted yet: %s", rest, err.text);
		said = true;
		if (result == LEDGER_FULL && step > 1)
			step = (step + 1) / 2;
		else if (!forwarder_rest(forwarder, RETRY_US))
			return false;
	}
	return true;
}

static void settle(struct forwarder *forwarder, struct window *window, size_t n_rows,
	size_t n_acknowledged)
{
	struct ledger_outcome *outcomes =
		arena_alloc(window->arena, (n_rows + 1) * sizeof(*outcomes));
	struct ledger_note *notes = arena_alloc(
		window->arena, (stream_n_keys(forwarder->stream) + 1) * sizeof(*notes));
	struct ledger_settlement settlement = {
		.outcomes = outcomes,
		.n = n_rows,
		.notes = notes,
		.n_notes = make_notes(forwarder, window, n_acknowledged, notes),
		.generation = window->rows.generation,
	};

	for (size_t i = 0; i < n_rows; i++)
		outcomes[i] = window->plans[i].outcome;
	FAULT_POINT("settle");
	if (!settle_all(forwarder, &settlement))
		return;
	for (size_t i = 0; i < settlement.n_notes; i++)
		forward_mark_later(forwarder, notes[i].key,
			(struct stream_id){notes[i].entry_ms, notes[i].entry_n});
	FAULT_POINT("settled");
	tell(forwarder, window, n_rows);
}

enum stream_result forward_window(struct forwarder *forwarder, enum forward_found *out_found,
	size_t *out_rows, struct error *err)
{
	static const struct ledger_window most = {.rows = WINDOW_ROWS, .bytes = WINDOW_BYTES};
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct window window = {.arena = arena};
	size_t acknowledged = 0;

	*out_rows = 0;
	if (!ledger_next(forwarder->options.ledger, &most, arena, &window.rows, err)) {
		log_warn("ledger cannot be read just now: %s", err->text);
		(void)forwarder_rest(forwarder, RETRY_US);
		*out_found = FORWARD_UNREAD;
		return STREAM_DONE;
	}
	*out_found = window.rows.n ? FORWARD_SOME : FORWARD_NOTHING;
	if (!window.rows.n)
		return STREAM_DONE;
	plan_rows(forwarder, &window);
	enum stream_result result = send_all(forwarder, &window, &acknowledged, err);
	size_t n_rows = take_ids(&window, acknowledged);
	if (n_rows)
		settle(forwarder, &window, n_rows, acknowledged);
	*out_rows = n_rows;
	return result;
}
