/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "base/plural.h"

#include <inttypes.h>

#define MINUTE_US INT64_C(60000000)

/* Longer than any restart of Redis or of the roll-up. */
#define BACKLOG_US (5 * MINUTE_US)
#define WAITING_US (15 * MINUTE_US)

/* Below this the ledger's disk is as good as full. */
#define DISK_LEAST_BYTES (INT64_C(256) << 20)

static void act(struct status *status, const char *words)
{
	const char **acts =
		arena_alloc(status->arena, (status->n_acts + 1) * sizeof(*status->acts));

	for (size_t i = 0; i < status->n_acts; i++)
		acts[i] = status->acts[i];
	acts[status->n_acts++] = words;
	status->acts = acts;
}

#define ACT(status, ...) act(status, arena_printf((status)->arena, __VA_ARGS__))

static void judge_ledger(struct status *status)
{
	const struct ledger_counts *counts = &status->ledger.counts;

	if (!status->receiver.running)
		ACT(status, "the receiver is not running: start dorad receive");
	if (status->ledger.trouble)
		ACT(status, "the ledger cannot be read: %s", status->ledger.trouble);
	if (counts->oldest_us && status->now_us - counts->oldest_us > BACKLOG_US)
		ACT(status,
			"deliveries wait to be forwarded since %" PRId64
			" minutes: look at Redis and at the receiver's log",
			(status->now_us - counts->oldest_us) / MINUTE_US);
	if (counts->quarantined)
		ACT(status,
			"%" PRId64 " %s quarantined: dorad deliveries --state quarantined "
			"says why, dorad replay --state quarantined tries again",
			counts->quarantined,
			plural(counts->quarantined, "delivery is", "deliveries are"));
	if (counts->dead)
		ACT(status,
			"%" PRId64 " %s an event that the roll-up cannot use: dorad "
			"deliveries --state dead says why",
			counts->dead, plural(counts->dead, "delivery has", "deliveries have"));
	if (status->ledger.there && status->ledger.disk_free_bytes < DISK_LEAST_BYTES)
		ACT(status, "the ledger's disk has %" PRId64 " MiB left: make room",
			status->ledger.disk_free_bytes >> 20);
	for (size_t i = 0; i < status->ledger.n_aside; i++)
		ACT(status,
			"a corrupt ledger was set aside: dorad deliveries recover %s, then "
			"move "
			"it away",
			status->ledger.aside[i]);
}

static void judge_streams(struct status *status)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const struct status_stream *stream = &status->redis.streams[kind];
		const char *name = dora_kind_name((enum dora_kind)kind);

		if (stream->oldest_us && status->now_us - stream->oldest_us > WAITING_US)
			ACT(status,
				"%s events wait for the roll-up since %" PRId64
				" minutes: is dorad rollup running?",
				name, (status->now_us - stream->oldest_us) / MINUTE_US);
		if (stream->lost)
			ACT(status,
				"%" PRId64 " %s %s deleted before the roll-up had them: "
				"dorad replay restores them",
				stream->lost, name,
				plural(stream->lost, "event was", "events were"));
	}
}

void status_judge(struct status *status)
{
	judge_ledger(status);
	if (status->redis.trouble)
		ACT(status, "%s", status->redis.trouble);
	if (status->redis.warning)
		ACT(status, "redis: %s", status->redis.warning);
	if (status->redis.rights)
		ACT(status, "%s: mend the key or the right to it", status->redis.rights);
	if (status->redis.dead_trouble)
		ACT(status,
			"events that the roll-up cannot use are not read back: %s: mend the "
			"key or the right to it",
			status->redis.dead_trouble);
	judge_streams(status);
	if (status->postgres.trouble)
		ACT(status, "postgres: %s", status->postgres.trouble);
	if (status->postgres.push_gaps)
		ACT(status,
			"%" PRId64 " %s of the last week came after a gap: webhooks were "
			"lost; ask the sender for them again, or import the history",
			status->postgres.push_gaps,
			plural(status->postgres.push_gaps, "push", "pushes"));
	for (size_t i = 0; i < status->n_endpoints; i++) {
		if (status->endpoints[i].silent)
			ACT(status,
				"endpoint %s used to speak and has been silent for %" PRId64
				" days: does its sender still send?",
				status->endpoints[i].name,
				(status->now_us - status->endpoints[i].last_us) /
					(1440 * MINUTE_US));
	}
}
