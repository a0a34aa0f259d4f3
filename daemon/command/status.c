/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "base/plural.h"
#include "base/timestamp.h"
#include "command/command.h"
#include "table.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static double seconds_since(const struct status *status, int64_t at_us)
{
	return at_us && status->now_us > at_us ? (double)(status->now_us - at_us) / 1e6 : 0;
}

static json_t *time_json(int64_t at_us)
{
	char text[TIMESTAMP_TEXT_MAX];

	if (!at_us)
		return json_null();
	timestamp_format(at_us, text);
	return json_string(text);
}

static json_t *texts_json(const char *const *texts, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

static json_t *ledger_json(const struct status *status)
{
	const struct ledger_counts *counts = &status->ledger.counts;
	int64_t waiting = counts->backlog + counts->again;

	return json_pack("{s:s, s:b, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:s?, s:o}",
		"path", status->ledger.path, "there", status->ledger.there, "backlog",
		(json_int_t)waiting, "backlog_age_s", seconds_since(status, counts->oldest_us),
		"replay", (json_int_t)counts->again, "quarantined",
		(json_int_t)counts->quarantined, "dead", (json_int_t)counts->dead, "bytes",
		(json_int_t)counts->bytes, "disk_free_bytes",
		(json_int_t)status->ledger.disk_free_bytes, "last_received_at",
		time_json(counts->last_us), "trouble", status->ledger.trouble, "set_aside",
		texts_json(status->ledger.aside, status->ledger.n_aside));
}

static json_t *streams_json(const struct status *status)
{
	json_t *streams = json_object();

	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const struct status_stream *stream = &status->redis.streams[kind];

		json_object_set_new(streams, dora_kind_name((enum dora_kind)kind),
			json_pack("{s:I, s:I, s:I, s:I, s:f, s:b}", "length",
				(json_int_t)stream->length, "pending",
				(json_int_t)stream->pending, "taken", (json_int_t)stream->taken,
				"lost", (json_int_t)stream->lost, "oldest_age_s",
				seconds_since(status, stream->oldest_us), "group",
				stream->grouped));
	}
	return streams;
}

static json_t *endpoints_json(const struct status *status)
{
	json_t *endpoints = json_object();

	for (size_t i = 0; i < status->n_endpoints; i++) {
		const struct status_endpoint *endpoint = &status->endpoints[i];

		json_object_set_new(endpoints, endpoint->name,
			json_pack("{s:o, s:b}", "last_received_at",
				time_json(endpoint->last_us), "silent", endpoint->silent));
	}
	return endpoints;
}

static void print_json(const struct status *status)
{
	json_t *whole =
		json_pack("{s:b, s:o, s:{s:b, s:I}, s:o, s:{s:s, s:b, s:s?, s:s?}, s:o}", "ok",
			status->n_acts == 0, "act", texts_json(status->acts, status->n_acts),
			"receiver", "running", status->receiver.running, "pid",
			(json_int_t)status->receiver.pid, "ledger", ledger_json(status),
			"redis", "address", status->redis.address, "reachable",
			status->redis.trouble == NULL, "trouble", status->redis.trouble,
			"warning", status->redis.warning, "streams", streams_json(status));

	json_object_set_new(whole, "postgres",
		json_pack("{s:b, s:b, s:s?, s:I, s:I}", "configured",
			status->postgres.configured, "reachable",
			status->postgres.configured && !status->postgres.trouble, "trouble",
			status->postgres.trouble, "pushes_after_a_gap",
			(json_int_t)status->postgres.push_gaps, "silent_sources",
			(json_int_t)status->postgres.silent_sources));
	json_object_set_new(whole, "endpoints", endpoints_json(status));
	(void)json_dumpf(whole, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(whole);
}

/* "3 h ago", for people. */
static const char *ago(const struct status *status, int64_t at_us)
{
	double s = seconds_since(status, at_us);

	if (!at_us)
		return "never";
	if (s < 120)
		return arena_printf(status->arena, "%.0f s ago", s);
	if (s < 7200)
		return arena_printf(status->arena, "%.0f min ago", s / 60);
	if (s < 172800)
		return arena_printf(status->arena, "%.0f h ago", s / 3600);
	return arena_printf(status->arena, "%.0f days ago", s / 86400);
}

static void print_ledger(const struct status *status)
{
	const struct ledger_counts *counts = &status->ledger.counts;

	if (status->receiver.running)
		printf("receiver   running, process %" PRId64 "\n", status->receiver.pid);
	else
		printf("receiver   not running\n");
	printf("ledger     %s%s\n", status->ledger.path,
		status->ledger.there ? "" : " (not there yet)");
	if (!status->ledger.there)
		return;
	printf("           %" PRId64 " %s to be forwarded%s%s, %" PRId64 " to be replayed, "
	       "%" PRId64 " quarantined, %" PRId64 " dead\n",
		counts->backlog, plural(counts->backlog, "waits", "wait"),
		counts->oldest_us ? ", the oldest from " : "",
		counts->oldest_us ? ago(status, counts->oldest_us) : "", counts->again,
		counts->quarantined, counts->dead);
	printf("           %.1f MiB used, %.1f GiB free on its disk\n",
		(double)counts->bytes / (1 << 20),
		(double)status->ledger.disk_free_bytes / (1 << 30));
}

static void print_redis(const struct status *status)
{
	printf("redis      %s, %s\n", status->redis.address,
		status->redis.trouble ? "cannot be used" : "answers");
	if (status->redis.trouble)
		return;
	printf("           %-16s %8s %8s %s\n", "stream", "entries", "waiting", "since");
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const struct status_stream *stream = &status->redis.streams[kind];

		printf("           %-16s %8" PRId64 " %8" PRId64 " %s\n",
			dora_kind_name((enum dora_kind)kind), stream->length, stream->pending,
			stream->oldest_us ? ago(status, stream->oldest_us) : "-");
	}
}

static void print_postgres(const struct status *status)
{
	if (!status->postgres.configured)
		printf("postgres   not configured (rollup.postgres)\n");
	else if (status->postgres.trouble)
		printf("postgres   cannot be used\n");
	else
		printf("postgres   answers, schema as it should be\n"
		       "           %" PRId64 " %s of the last week after a gap, %" PRId64
		       " %s silent for longer than usual\n",
			status->postgres.push_gaps,
			plural(status->postgres.push_gaps, "push", "pushes"),
			status->postgres.silent_sources,
			plural(status->postgres.silent_sources, "source", "sources"));
}

static void print_words(const struct status *status)
{
	print_ledger(status);
	print_redis(status);
	print_postgres(status);
	for (size_t i = 0; i < status->n_endpoints; i++)
		printf("%-10s %-16s last delivery %s\n", i ? "" : "endpoints",
			status->endpoints[i].name, ago(status, status->endpoints[i].last_us));
	printf("\n");
	for (size_t i = 0; i < status->n_acts; i++)
		printf("! %s\n", status->acts[i]);
	if (!status->n_acts)
		printf("all is well\n");
}

static int run_status(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct status status = {.arena = arena};

	if (!config)
		return EXIT_FAILED;
	status_look(config, &status);
	status_judge(&status);
	if (command_wants_json(line))
		print_json(&status);
	else
		print_words(&status);
	return status.n_acts ? EXIT_FAILED : EXIT_DONE;
}

const struct command status_command = {
	.name = "status",
	.arguments = "",
	.summary = "what runs, what waits, and what somebody must do",
	.details = "One screen, or with --json one object. Exit 1 when somebody must act: each "
		   "line "
		   "that\nbegins with ! says what to do.",
	.prints_table = true,
	.run = run_status,
};
