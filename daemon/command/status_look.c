/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "base/xalloc.h"
#include "database.h"
#include "rollup.h"
#include "store/migration.h"
#include "stream/send.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static void look_at_endpoint(void *context, const char *name, int64_t last_us)
{
	struct status *status = context;

	for (size_t i = 0; i < status->n_endpoints; i++) {
		if (strcmp(status->endpoints[i].name, name) == 0) {
			status->endpoints[i].last_us = last_us;
			return;
		}
	}
}

struct regularity {
	int64_t n;
};

static void count_one(void *context, const struct ledger_summary *summary)
{
	struct regularity *regularity = context;

	(void)summary;
	regularity->n++;
}

#define WEEK_US (INT64_C(7) * 86400 * 1000000)
#define REGULAR_N 20

/* Spoke at least 20 times in the three weeks before its last word, and not for a week since. */
static bool is_silent(
	struct ledger *ledger, const struct status_endpoint *endpoint, int64_t now_us)
{
	const struct ledger_filter filter = {
		.endpoint = endpoint->name,
		.since_us = endpoint->last_us - 3 * WEEK_US,
		.last = REGULAR_N,
	};
	struct regularity regularity = {0};

	if (!endpoint->last_us || now_us - endpoint->last_us < WEEK_US)
		return false;
	return ledger_list(ledger, &filter, count_one, &regularity, NULL) &&
		regularity.n >= REGULAR_N;
}

static void look_at_endpoints(
	const struct config *config, struct ledger *ledger, struct status *status)
{
	status->n_endpoints = config->receive.n_endpoints;
	status->endpoints = arena_alloc(
		status->arena, (status->n_endpoints + 1) * sizeof(*status->endpoints));
	for (size_t i = 0; i < status->n_endpoints; i++)
		status->endpoints[i].name = config->receive.endpoints[i].name;
	if (!ledger || !ledger_endpoints(ledger, look_at_endpoint, status, NULL))
		return;
	for (size_t i = 0; i < status->n_endpoints; i++)
		status->endpoints[i].silent =
			is_silent(ledger, &status->endpoints[i], status->now_us);
}

static void look_for_aside(struct status *status)
{
	char *path = ledger_real_path(status->ledger.path);
	char *pattern = arena_printf(status->arena, "%s.corrupt-*Z", path);
	glob_t found;

	free(path);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): the command has one thread
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	status->ledger.aside =
		arena_alloc(status->arena, found.gl_pathc * sizeof(*status->ledger.aside));
	for (size_t i = 0; i < found.gl_pathc; i++)
		status->ledger.aside[status->ledger.n_aside++] =
			arena_strdup(status->arena, found.gl_pathv[i]);
	globfree(&found);
}

static void look_at_ledger(const struct config *config, struct status *status)
{
	struct statvfs disk;
	struct error err = {0};

	status->ledger.path = config->receive.ledger;
	status->receiver.pid = ledger_owner(config->receive.ledger);
	status->receiver.running = status->receiver.pid != 0;
	status->ledger.there = access(config->receive.ledger, F_OK) == 0;
	if (!status->ledger.there) {
		look_at_endpoints(config, NULL, status);
		return;
	}
	look_for_aside(status);
	if (statvfs(config->receive.ledger, &disk) == 0)
		status->ledger.disk_free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
	CLEANUP(ledger_closep)
	struct ledger *ledger = ledger_visit(config->receive.ledger, false, &err);
	if (!ledger || !ledger_count(ledger, &status->ledger.counts, &err))
		status->ledger.trouble = arena_strdup(status->arena, err.text);
	look_at_endpoints(config, ledger, status);
}

static void add_standing(struct status_stream *stream, const struct stream_standing *standing)
{
	int64_t waits = standing->lag > 0 ? standing->lag : 0;

	stream->length += standing->length;
	stream->taken += standing->pending;
	stream->pending += standing->pending + waits;
	stream->lost += standing->lost;
	stream->grouped |= standing->exists;
	if (standing->oldest_us &&
		(!stream->oldest_us || standing->oldest_us < stream->oldest_us))
		stream->oldest_us = standing->oldest_us;
}

static bool look_at_streams(struct stream *stream, struct status *status, struct error *err)
{
	size_t n = stream_n_keys(stream);
	struct stream_standing *standings = arena_alloc(status->arena, n * sizeof(*standings));

	if (stream_group_standing(stream, ROLLUP_GROUP, standings, err) != STREAM_DONE)
		return false;
	for (size_t i = 0; i < n; i++)
		add_standing(&status->redis.streams[standings[i].kind], &standings[i]);
	return true;
}

/* As the forwarder reads it. */
static void look_at_dead(struct stream *stream, struct status *status)
{
	struct stream_entries entries;
	struct error err = {0};

	if (stream_read_dead(stream, (struct stream_id){0}, 1, status->arena, &entries, &err) !=
		STREAM_DONE)
		status->redis.dead_trouble = arena_strdup(status->arena, err.text);
}

static void look_at_redis(const struct config *config, struct status *status)
{
	const struct stream_options options = {
		.url = config->redis,
		.password_file = config->redis_password,
		.prefix = config->stream_prefix,
		.shards = config->shards,
	};
	struct error err = {0};
	const char *stray = NULL;
	CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, &err);

	status->redis.address = config->redis;
	if (!stream || stream_connect(stream, &err) != STREAM_DONE ||
		stream_probe(stream, status->arena, &status->redis.warning, &err) !=
			STREAM_DONE ||
		(config->receive.n_endpoints &&
			stream_rights(stream, status->arena, &status->redis.rights, &err) !=
				STREAM_DONE) ||
		stream_stray(stream, status->arena, &stray, &err) != STREAM_DONE ||
		!look_at_streams(stream, status, &err))
		status->redis.trouble = arena_strdup(status->arena, err.text);
	else if (stray && !status->redis.warning)
		status->redis.warning = stray;
	if (!status->redis.trouble)
		look_at_dead(stream, status);
}

static enum store_class look_at_quality(
	struct store *store, struct status *status, struct error *err)
{
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	enum store_class class = store_query(store,
		"SELECT pushes_after_a_gap, silent_sources FROM dorad.quality_alarm", NULL, 0,
		&rows, err);

	if (class != STORE_FINE)
		return class;
	status->postgres.push_gaps = strtoll(store_value(rows, 0, 0), NULL, 10);
	status->postgres.silent_sources = strtoll(store_value(rows, 0, 1), NULL, 10);
	return STORE_FINE;
}

static void look_at_postgres(const struct config *config, struct status *status)
{
	const struct store_options options = {
		.conninfo = config->rollup.postgres,
		.application = "dorad status",
		.statement_timeout_s = 10,
		.account = COMMAND_ACCOUNT,
	};
	struct error err = {0};

	status->postgres.configured = config->rollup.postgres != NULL;
	if (!status->postgres.configured)
		return;
	CLEANUP(store_destroyp) struct store *store = store_create(&options, &err);
	if (!store || store_connect(store, &err) != STORE_FINE ||
		migration_check(store, &err) != STORE_FINE ||
		look_at_quality(store, status, &err) != STORE_FINE)
		status->postgres.trouble = arena_strdup(status->arena, err.text);
}

void status_look(const struct config *config, struct status *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	out->now_us = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
	look_at_ledger(config, out);
	look_at_redis(config, out);
	look_at_postgres(config, out);
}
