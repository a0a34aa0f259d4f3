/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "rollup.h"
#include "rollup_recompute.h"

#include <stdlib.h>
#include <string.h>

/* An entry handed out so often without being acknowledged goes alone (RELIABILITY.md 3.4). */
#define SUSPECT_TIMES 5

/* A transaction should take about this long: shorter ones waste commits, longer ones hold
 * locks and are lost whole. */
#define FAST_US 500000
#define SLOW_US 2000000
#define SMALLEST_BATCH 16

#define CALM_AT_MOST_US 200000

/* Some entries in a row, and what came of keeping them. */
struct slice {
	const struct stream_entry *entries;
	size_t n;
	char *json; /* as keep() takes them */
	int64_t kept;
	int64_t replaced;
	int64_t unchanged;
};

static enum rollup_progress put_aside(
	struct rollup *rollup, const struct stream_entry *entry, const char *reason)
{
	struct error err = {0};

	log_error("dead stream=%s entry=%s endpoint=%s delivery=%s id=%s reason=%s", entry->key,
		entry->id, LOG_QUOTE(stream_entry_field(entry, "endpoint")),
		LOG_QUOTE(stream_entry_field(entry, "delivery")),
		LOG_QUOTE(stream_entry_field(entry, "id")), LOG_QUOTE(reason));
	/* Twice aside is better than never: the entry is acknowledged last. */
	enum stream_result result = stream_add_dead(rollup->stream, entry, reason, &err);
	if (result == STREAM_DONE)
		result = stream_group_ack(rollup->stream, &rollup->group, entry, 1, &err);
	if (result != STREAM_DONE)
		return rollup_stream_failed(rollup, result, "dead", &err);
	rollup->counts.dead++;
	return ROLLUP_WORKED;
}

static int64_t count_of(const json_t *counts, const char *name)
{
	return json_integer_value(json_object_get(counts, name));
}

static enum store_class keep(struct store *store, void *context, struct error *err)
{
	struct slice *slice = context;
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	const char *json = slice->json;
	enum store_class class =
		store_query(store, "SELECT dorad_data.keep($1::jsonb)", &json, 1, &rows, err);

	if (class != STORE_FINE)
		return class;
	json_auto_t *counts = json_loads(store_value(rows, 0, 0), 0, NULL);
	slice->kept = count_of(counts, "kept");
	slice->replaced = count_of(counts, "replaced");
	slice->unchanged = count_of(counts, "unchanged");
	return STORE_FINE;
}

/* Entries up to n as JSON, ending before the first that cannot be read. An empty slice: that is
 * the first, and fault says why. */
static struct slice compose(const struct stream_entry *entries, size_t n, struct error *fault)
{
	struct slice slice = {.entries = entries};
	size_t size = 0;
	FILE *to = open_memstream(&slice.json, &size);

	if (!to)
		out_of_memory();
	fputc('[', to);
	while (slice.n < n && rollup_event_write(&entries[slice.n], to, fault)) {
		fputc(',', to);
		slice.n++;
	}
	(void)fclose(to);
	slice.json[size - 1] = slice.n ? ']' : '['; /* in place of the last comma */
	return slice;
}

static void adapt(struct rollup *rollup, size_t n, int64_t took_us)
{
	size_t most = (size_t)rollup->config->rollup.batch;

	if (took_us > SLOW_US && rollup->batch > SMALLEST_BATCH)
		rollup->batch /= 2;
	else if (took_us < FAST_US && n >= rollup->batch)
		rollup->batch *= 2;
	if (rollup->batch > most)
		rollup->batch = most;
}

/* As much time goes by as it took, and what comes in meanwhile is kept together: else each
 * event of a steady flow would have a transaction to itself. */
static void calm(struct rollup *rollup, int64_t took_us)
{
	rollup->due.calm_us =
		rollup_now_us() + (took_us < CALM_AT_MOST_US ? took_us : CALM_AT_MOST_US);
}

static enum rollup_progress acknowledge(struct rollup *rollup, const struct slice *slice)
{
	struct error err = {0};

	rollup->counts.kept += slice->kept;
	rollup->counts.replaced += slice->replaced;
	rollup->counts.unchanged += slice->unchanged;
	rollup->counts.batches++;
	if (slice->kept + slice->replaced > 0)
		rollup->dirty = true;
	log_debug("kept events=%zu new=%d replaced=%d unchanged=%d", slice->n, (int)slice->kept,
		(int)slice->replaced, (int)slice->unchanged);

	FAULT_POINT("rollup-committed");
	enum stream_result result = stream_group_ack(
		rollup->stream, &rollup->group, slice->entries, slice->n, &err);
	if (result == STREAM_DONE)
		return ROLLUP_WORKED;
	return rollup_stream_failed(rollup, result, "acknowledge", &err);
}

static bool server_answers(struct rollup *rollup)
{
	return store_query(rollup->hand.store, "SELECT 1", NULL, 0, NULL, NULL) == STORE_FINE;
}

static enum rollup_progress keep_some(
	struct rollup *rollup, const struct stream_entry *entries, size_t n);

/* Nested as deep as the logarithm of a batch. */
static enum rollup_progress halves( // NOLINT(misc-no-recursion)
	struct rollup *rollup, const struct slice *slice)
{
	size_t half = slice->n / 2;
	enum rollup_progress progress = keep_some(rollup, slice->entries, half);

	if (progress != ROLLUP_WORKED)
		return progress;
	return keep_some(rollup, slice->entries + half, slice->n - half);
}

static enum rollup_progress settle( // NOLINT(misc-no-recursion)
	struct rollup *rollup, const struct slice *slice, enum store_class class,
	const struct error *err)
{
	switch (class) {
	case STORE_FINE:
		return acknowledge(rollup, slice);
	case STORE_POISON:
		if (slice->n == 1)
			return put_aside(rollup, slice->entries, err->text);
		return halves(rollup, slice);
	case STORE_SHRINK:
		if (slice->n == 1 || rollup->wakeup->stop)
			break;
		rollup->batch = slice->n / 2;
		return halves(rollup, slice);
	case STORE_AGAIN:
		/* Alone, ten times in vain, and the server is well: it is the entry. */
		if (slice->n == 1 && slice->entries->times >= SUSPECT_TIMES &&
			server_answers(rollup))
			return put_aside(rollup, slice->entries, err->text);
		break;
	case STORE_LATER:
	case STORE_WRONG:
		break;
	}
	return rollup_store_failed(rollup, class, "keep", err);
}

static enum rollup_progress keep_slice( // NOLINT(misc-no-recursion)
	struct rollup *rollup, struct slice *slice)
{
	struct error err = {0};
	int64_t began_us = rollup_now_us();
	enum store_class class = store_transact(rollup->hand.store, keep, slice, &err);

	int64_t took_us = rollup_now_us() - began_us;

	if (class == STORE_FINE) {
		adapt(rollup, slice->n, took_us);
		calm(rollup, took_us);
		(void)rollup_plan_anew(rollup->hand.store, rollup->counts.batches + 1, NULL);
	}
	return settle(rollup, slice, class, &err);
}

/* In one transaction if it goes; what cannot even be read is put aside on the way. */
static enum rollup_progress keep_some( // NOLINT(misc-no-recursion)
	struct rollup *rollup, const struct stream_entry *entries, size_t n)
{
	enum rollup_progress progress = ROLLUP_WORKED;

	while (n && progress == ROLLUP_WORKED) {
		struct error fault = {0};
		struct slice slice = compose(entries, n, &fault);

		if (slice.n)
			progress = keep_slice(rollup, &slice);
		free(slice.json);
		entries += slice.n;
		n -= slice.n;
		if (n && progress == ROLLUP_WORKED) {
			progress = put_aside(rollup, entries, fault.text);
			entries++;
			n--;
		}
	}
	return progress;
}

static size_t slice_length(
	const struct rollup *rollup, const struct stream_entry *entries, size_t n)
{
	size_t length = 1;

	if (entries->times >= SUSPECT_TIMES)
		return 1;
	while (length < n && length < rollup->batch && entries[length].times < SUSPECT_TIMES)
		length++;
	return length;
}

enum rollup_progress rollup_keep(struct rollup *rollup, const struct stream_entries *entries)
{
	enum rollup_progress progress = ROLLUP_WORKED;
	size_t n;

	for (size_t i = 0; i < entries->n && progress == ROLLUP_WORKED; i += n) {
		n = slice_length(rollup, entries->items + i, entries->n - i);
		progress = keep_some(rollup, entries->items + i, n);
	}
	return progress;
}
