/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "rollup.h"

#include <time.h>

/* How often the entries of dead workers are looked for, at least. */
#define CLAIM_EVERY_US 10000000

int64_t rollup_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

enum rollup_progress rollup_stream_failed(struct rollup *rollup, enum stream_result result,
	const char *doing, const struct error *err)
{
	enum link_input input = stream_link_input(result);

	rollup->own_pending = true; /* whatever was handed out is still ours */
	if (result == STREAM_NO_GROUP) {
		log_error("loss doing=%s error=%s: the stream was deleted under the group, "
			  "begun anew",
			doing, LOG_QUOTE(err->text));
		input = LINK_BROKE; /* connecting makes the group again */
	}
	(void)link_step(&rollup->link, input);
	log_warn("redis doing=%s class=%s retry_ms=%d error=%s", doing,
		stream_result_name(result), (int)(link_wait_us(&rollup->link) / 1000),
		LOG_QUOTE(err->text));
	return ROLLUP_STUCK;
}

static enum rollup_progress open_link(struct rollup *rollup)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct error err = {0};
	const char *warning = NULL;
	enum stream_result result = stream_connect(rollup->stream, &err);

	if (result == STREAM_DONE)
		result = stream_probe(rollup->stream, arena, &warning, &err);
	if (result == STREAM_DONE)
		result = stream_group_create(rollup->stream, &rollup->group, &err);
	if (result != STREAM_DONE)
		return rollup_stream_failed(rollup, result, "connect", &err);

	(void)link_step(&rollup->link, LINK_OPENED);
	log_info("redis connected=%s consumer=%s", stream_address(rollup->stream),
		rollup->group.consumer);
	if (warning)
		log_warn("redis warning=%s", LOG_QUOTE(warning));
	rollup->own_pending = true;
	rollup->due.claim_us = 0;
	return rollup_receivers(rollup) == ROLLUP_WORKED ? rollup_watch_losses(rollup)
							 : ROLLUP_STUCK;
}

/* A connection on which something can be asked now. */
static enum rollup_progress be_linked(struct rollup *rollup)
{
	switch (rollup->link.state) {
	case LINK_READY:
		return ROLLUP_WORKED;
	case LINK_PAUSED:
		(void)link_step(&rollup->link, LINK_TIMER);
		return ROLLUP_WORKED;
	case LINK_DOWN:
		(void)link_step(&rollup->link, LINK_TIMER);
		return open_link(rollup);
	case LINK_CONNECTING:
		return open_link(rollup);
	}
	__builtin_unreachable();
}

static void alarm_losses(struct rollup *rollup, const struct stream_batch *batch)
{
	for (size_t i = 0; i < batch->n_lost; i++)
		log_error("loss stream=%s entry=%s: deleted before it was handled; dorad replay"
			  " restores it from the ledger",
			batch->lost[i].key, batch->lost[i].id);
	rollup->counts.lost += (int64_t)batch->n_lost;
}

/* What a read gave: keeps it. */
static enum rollup_progress take(struct rollup *rollup, enum stream_result result,
	const char *doing, const struct stream_batch *batch, const struct error *err)
{
	if (result != STREAM_DONE)
		return rollup_stream_failed(rollup, result, doing, err);
	(void)link_step(&rollup->link, LINK_WORKED);
	alarm_losses(rollup, batch);
	if (batch->entries.n == 0)
		return batch->n_lost ? ROLLUP_WORKED : ROLLUP_IDLE;
	return rollup_keep(rollup, &batch->entries);
}

/* After a start or a failure this consumer's own entries come first. */
static enum rollup_progress take_own(struct rollup *rollup, struct arena *arena)
{
	struct stream_batch batch;
	struct error err = {0};
	enum stream_result result = stream_group_read_pending(
		rollup->stream, &rollup->group, rollup->batch, arena, &batch, &err);
	enum rollup_progress progress = take(rollup, result, "read-pending", &batch, &err);

	if (progress == ROLLUP_IDLE)
		rollup->own_pending = false;
	return progress;
}

static enum rollup_progress take_over(struct rollup *rollup, struct arena *arena)
{
	struct stream_batch batch;
	struct error err = {0};
	int64_t dead_after_us = rollup->config->rollup.dead_after_us;
	const struct stream_claim claim = {
		.idle_ms = rollup->once ? 0 : dead_after_us / 1000,
		.count = rollup->batch,
	};
	enum stream_result result =
		stream_group_claim(rollup->stream, &rollup->group, &claim, arena, &batch, &err);

	if (result == STREAM_DONE && batch.entries.n)
		log_info("claimed entries=%zu", batch.entries.n);
	enum rollup_progress progress = take(rollup, result, "claim", &batch, &err);
	if (progress == ROLLUP_IDLE)
		rollup->due.claim_us = rollup_now_us() +
			(dead_after_us < CLAIM_EVERY_US ? dead_after_us : CLAIM_EVERY_US);
	return progress;
}

static enum rollup_progress take_new(
	struct rollup *rollup, int64_t block_ms, struct arena *arena)
{
	struct stream_batch batch;
	struct error err = {0};
	const struct stream_wait wait = {.count = rollup->batch, .block_ms = block_ms};
	enum stream_result result = stream_group_read_new(
		rollup->stream, &rollup->group, &wait, arena, &batch, &err);

	rollup->behind = result == STREAM_DONE && batch.entries.n >= wait.count;
	return take(rollup, result, "read-new", &batch, &err);
}

enum rollup_progress rollup_intake(struct rollup *rollup, int64_t block_ms)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	enum rollup_progress progress = be_linked(rollup);

	if (progress != ROLLUP_WORKED)
		return progress;
	if (rollup->own_pending) {
		progress = take_own(rollup, arena);
		if (progress != ROLLUP_IDLE)
			return progress;
	}
	/* --once waits for nobody: what others hold is theirs while there is other work, for
	 * they may be at it. */
	if (!rollup->once && rollup_now_us() >= rollup->due.claim_us) {
		progress = take_over(rollup, arena);
		if (progress != ROLLUP_IDLE)
			return progress;
	}
	progress = take_new(rollup, block_ms, arena);
	if (rollup->once && progress == ROLLUP_IDLE)
		progress = take_over(rollup, arena);
	return progress;
}
