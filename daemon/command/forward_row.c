/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_row.h"

#include "base/plural.h"

#include <stdlib.h>
#include <string.h>

void row_plan_quarantine(const struct ledger_row *row, const char *reason, struct row_plan *out)
{
	*out = (struct row_plan){
		.outcome =
			{
				.seq = row->seq,
				.again = row->again,
				.state = LEDGER_STATE_QUARANTINED,
				.reason = reason,
				.made = row->made, /* what it once made still stands */
				.n_made = row->n_made,
			},
	};
}

bool row_plan_orphan(const struct ledger_row *row, struct arena *arena, struct row_plan *out)
{
	const struct delivery delivery = {.headers = row->headers, .n_headers = row->n_headers};
	bool refused = row->state == LEDGER_STATE_QUARANTINED || row->n_bad > 0;

	if (!refused || delivery_header(&delivery, IMPORT_HEADER))
		return false;
	row_plan_quarantine(row,
		arena_printf(arena,
			"there is no endpoint %s any more, and so nothing says what it may "
			"speak of: add it to dorad.yaml, then replay",
			row->endpoint),
		out);
	return true;
}

/* (source, id) is the key by which an event is known. */
static int compare(const struct ledger_made *a, const struct ledger_made *b)
{
	int by_id = strcmp(a->id, b->id);

	return by_id ? by_id : strcmp(a->source, b->source);
}

static int compare_pointers(const void *a, const void *b)
{
	return compare(
		*(const struct ledger_made *const *)a, *(const struct ledger_made *const *)b);
}

/* What the row made before, in the order of the key; a row may make thousands. */
struct before {
	const struct ledger_made **sorted;
	bool *met; /* made again */
	size_t n;
};

static void before_init(
	struct before *before, const struct ledger_row *row, struct arena *arena)
{
	*before = (struct before){
		.sorted = arena_alloc(arena, (row->n_made + 1) * sizeof(*before->sorted)),
		.met = arena_alloc(arena, row->n_made + 1),
		.n = row->n_made,
	};
	for (size_t i = 0; i < row->n_made; i++)
		before->sorted[i] = &row->made[i];
	qsort(before->sorted, before->n, sizeof(*before->sorted), compare_pointers);
}

/* NULL: new. */
static const struct ledger_made *before_find(
	struct before *before, const struct ledger_made *key)
{
	const struct ledger_made **found = bsearch(
		&key, before->sorted, before->n, sizeof(*before->sorted), compare_pointers);

	if (!found)
		return NULL;
	before->met[found - before->sorted] = true;
	return *found;
}

struct planning {
	const struct ledger_row *row;
	const struct row_place *place;
	struct row_plan *plan;
};

/* Sends an event to a key, and notes that the row made it. The plan outlives the event's own
 * texts. */
static void plan_event(const struct planning *planning, const struct dora_event *event,
	size_t key, bool withdrawn)
{
	struct row_plan *plan = planning->plan;
	struct arena *arena = planning->place->arena;
	size_t place = plan->outcome.n_made++;
	struct stream_addition *addition = &plan->additions[plan->n_additions];
	struct dora_field *fields = arena_alloc(arena, DORA_N_FIELDS * sizeof(*fields));
	struct dora_event kept = *event;

	kept.id = arena_strdup(arena, event->id);
	kept.source = arena_strdup(arena, event->source);
	kept.subject = arena_strdup(arena, event->subject);
	plan->made_of[plan->n_additions++] = place;
	*addition = (struct stream_addition){
		.key = key,
		.fields = fields,
		.n_fields = dora_event_fields(
			&kept, planning->row->endpoint, planning->place->name, arena, fields),
	};
	plan->made[place] = (struct ledger_made){
		.kind = kept.kind,
		.source = kept.source,
		.id = kept.id,
		.subject = kept.subject,
		.revision = kept.revision,
		.time_us = kept.time_us,
		.withdrawn = withdrawn,
		.key = stream_key(planning->place->stream, addition->key),
	};
}

static void plan_new(
	const struct planning *planning, struct before *before, const struct dora_event *event)
{
	const struct ledger_made key = {.id = event->id, .source = event->source};
	const struct ledger_made *old = before_find(before, &key);
	struct dora_event raised = *event;

	if (old && planning->row->again == LEDGER_AGAIN_BAD_ONLY && !old->withdrawn) {
		planning->plan->made[planning->plan->outcome.n_made++] = *old;
		return;
	}
	/* METRICS.md R1: of two events with one key the higher revision stands, and null before
	 * any data; what comes back after a withdrawal must be above it. */
	if (old && old->revision + old->withdrawn > raised.revision)
		raised.revision = old->revision + old->withdrawn;
	plan_event(planning, &raised,
		stream_key_of(planning->place->stream, raised.kind, dora_event_entity(&raised)),
		false);
}

static void plan_withdrawal(const struct planning *planning, const struct ledger_made *old)
{
	const struct dora_event event = {
		.kind = old->kind,
		.id = old->id,
		.revision = old->revision,
		.source = old->source,
		.subject = old->subject,
		.time_us = old->time_us,
	};
	size_t key;

	/* It does not say what it speaks of: it follows what it withdraws. */
	if (!old->key || !stream_find_key(planning->place->stream, old->key, &key))
		key = stream_key_of(planning->place->stream, old->kind, old->subject);
	plan_event(planning, &event, key, true);
	planning->plan->n_withdrawn++;
}

/* Events that were made before and not now. One already withdrawn is withdrawn again when all
 * of the row is sent again: Redis may have lost that too. */
static void plan_gone(const struct planning *planning, struct before *before)
{
	struct row_plan *plan = planning->plan;

	for (size_t i = 0; i < before->n; i++) {
		if (before->met[i])
			continue;
		if (planning->row->again == LEDGER_AGAIN_BAD_ONLY)
			plan->made[plan->outcome.n_made++] = *before->sorted[i];
		else
			plan_withdrawal(planning, before->sorted[i]);
	}
}

static const char *keep_text(const char *text, struct arena *arena)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static const struct bad_line *keep_bad(const struct normalised *normalised, struct arena *arena)
{
	struct bad_line *bad = arena_alloc(arena, (normalised->n_bad + 1) * sizeof(*bad));

	for (size_t i = 0; i < normalised->n_bad; i++)
		bad[i] = (struct bad_line){.line = normalised->bad[i].line,
			.reason = arena_strdup(arena, normalised->bad[i].reason)};
	return bad;
}

/* What the row is from now on. */
static void set_state(struct ledger_outcome *outcome, enum verdict verdict,
	const struct normalised *normalised, struct arena *arena)
{
	outcome->bad = keep_bad(normalised, arena);
	outcome->n_bad = normalised->n_bad;
	outcome->kind = keep_text(normalised->kind, arena);
	switch (verdict) {
	case VERDICT_EVENTS:
		outcome->state = LEDGER_STATE_FORWARDED;
		if (!normalised->n_bad)
			return;
		outcome->reason = arena_printf(arena, "%zu bad %s: line %zu: %s",
			normalised->n_bad, plural((int64_t)normalised->n_bad, "line", "lines"),
			normalised->bad[0].line, normalised->bad[0].reason);
		if (normalised->list.n == 0)
			outcome->state = LEDGER_STATE_QUARANTINED;
		return;
	case VERDICT_IGNORED:
		outcome->state = LEDGER_STATE_IGNORED;
		outcome->reason = keep_text(normalised->reason, arena);
		return;
	case VERDICT_MALFORMED:
		outcome->state = LEDGER_STATE_QUARANTINED;
		outcome->reason = keep_text(normalised->reason, arena);
		return;
	}
	__builtin_unreachable();
}

void row_plan_make(const struct ledger_row *row, enum verdict verdict,
	const struct normalised *normalised, const struct row_place *place,
	struct row_plan *out)
{
	const struct planning planning = {.row = row, .place = place, .plan = out};
	struct arena *arena = place->arena;
	size_t most = normalised->list.n + row->n_made + 1;
	struct before before;

	if (verdict == VERDICT_MALFORMED) { /* that says nothing of what was read before */
		row_plan_quarantine(row, keep_text(normalised->reason, arena), out);
		out->outcome.kind = keep_text(normalised->kind, arena);
		return;
	}
	*out = (struct row_plan){
		.outcome = {.seq = row->seq, .again = row->again},
		.made = arena_alloc(arena, most * sizeof(*out->made)),
		.additions = arena_alloc(arena, most * sizeof(*out->additions)),
		.made_of = arena_alloc(arena, most * sizeof(*out->made_of)),
	};
	out->outcome.made = out->made;
	set_state(&out->outcome, verdict, normalised, arena);
	before_init(&before, row, arena);
	for (size_t i = 0; i < normalised->list.n; i++)
		plan_new(&planning, &before, &normalised->list.items[i]);
	plan_gone(&planning, &before);
}
