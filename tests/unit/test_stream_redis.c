/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_calls.h"
#include "tap.h"

#include <sys/stat.h>

static const struct stream_group group = {.name = "rollup", .consumer = "here:1"};
static const struct stream_group other = {.name = "rollup", .consumer = "there:1"};

static void a_window_is_acknowledged_in_order_and_says_what_was_there(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	struct stream_addition window[] = {
		addition(DORA_CHANGE, "a"),
		addition(DORA_INCIDENT, "b"),
		addition(DORA_CHANGE, "c"),
	};
	size_t acknowledged = 0;

	CHECK_INT(send(stream, window, 3, &acknowledged, NULL), STREAM_DONE);
	CHECK_INT(acknowledged, 3);
	CHECK_INT(places[DORA_CHANGE].top.ms, 0);
	CHECK(stream_id_compare(window[0].id, window[2].id) < 0);
	CHECK_INT(private_redis_do(&server, "XLEN t:change"), 2);

	struct stream_addition next = addition(DORA_CHANGE, "d");
	CHECK_INT(send(stream, &next, 1, &acknowledged, NULL), STREAM_DONE);
	CHECK_INT(stream_id_compare(places[DORA_CHANGE].top, window[2].id), 0);
	CHECK_INT(stream_look(stream, "w", places, NULL), STREAM_DONE);
	CHECK_INT(stream_id_compare(places[DORA_CHANGE].top, next.id), 0);
	CHECK_INT(places[DORA_DEPLOYMENT].top.ms, 0);
}

static void one_refused_addition_stops_the_count_but_not_the_connection(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	struct stream_addition window[] = {
		addition(DORA_CHANGE, "a"),
		addition(DORA_INCIDENT, "b"),
		addition(DORA_CHANGE, "c"),
	};
	size_t acknowledged = 9;
	struct error err = {0};

	(void)private_redis_do(&server, "SET t:incident x");
	CHECK_INT(send(stream, window, 3, &acknowledged, &err), STREAM_WRONG);
	CHECK(strstr(err.text, "WRONGTYPE") != NULL);
	CHECK_INT(acknowledged, 0); /* what was in that stream before is not known */
	CHECK_INT(stream_look(stream, "w", places, NULL), STREAM_WRONG);
	(void)private_redis_do(&server, "DEL t:incident");
	CHECK_INT(send(stream, window, 3, &acknowledged, NULL), STREAM_DONE);
	CHECK_INT(acknowledged, 3);
}

static void a_full_server_is_told_from_a_dead_one(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	struct stream_addition one = addition(DORA_CHANGE, "a");
	size_t acknowledged;
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const char *warning = NULL;

	(void)private_redis_do(&server, "CONFIG SET maxmemory 1");
	CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_LATER);
	CHECK_INT(acknowledged, 0);
	(void)private_redis_do(&server, "CONFIG SET maxmemory 100000000");
	CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_DONE);
	CHECK_INT(stream_probe(stream, arena, &warning, NULL), STREAM_DONE);
	CHECK(warning == NULL);
	(void)private_redis_do(&server, "CONFIG SET maxmemory-policy allkeys-lru");
	CHECK_INT(stream_probe(stream, arena, &warning, NULL), STREAM_DONE);
	CHECK(warning && strstr(warning, "allkeys-lru") != NULL);
	(void)private_redis_do(&server, "CONFIG SET maxmemory 0");
	(void)private_redis_do(&server, "CONFIG SET maxmemory-policy noeviction");
}

static void a_server_that_went_away_is_connected_to_again(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	struct stream_addition one = addition(DORA_CHANGE, "a");
	size_t acknowledged;

	private_redis_stop(&server, SIGKILL);
	CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_BROKEN);
	CHECK_INT(stream_connect(stream, NULL), STREAM_BROKEN);
	CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_BROKEN);
	private_redis_start(&server);
	CHECK_INT(stream_connect(stream, NULL), STREAM_DONE);
	CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_DONE);
}

static void a_stopped_server_is_given_up_after_two_seconds(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const char *warning;
	struct error err = {0};

	kill(server.pid, SIGSTOP);
	CHECK_INT(stream_probe(stream, arena, &warning, &err), STREAM_BROKEN);
	kill(server.pid, SIGCONT);
	CHECK(strstr(err.text, "no answer in time") != NULL);
	CHECK_INT(stream_connect(stream, NULL), STREAM_DONE);
}

static void a_password_is_read_from_its_file_at_each_connect(void)
{
	char path[128];
	struct error err = {0};
	(void)snprintf(path, sizeof(path), "%s/password", server.folder);
	const struct stream_options options = {
		.url = server.url, .prefix = "t", .password_file = path};
	CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, NULL);

	CHECK_INT(stream_connect(stream, &err), STREAM_REFUSED);
	CHECK(strstr(err.text, path) != NULL);
	FILE *file = fopen(path, "w");
	fputs("wrong\n", file);
	fclose(file);
	(void)chmod(path, 0604);
	err = (struct error){0};
	CHECK_INT(stream_connect(stream, &err), STREAM_REFUSED);
	CHECK(strstr(err.text, "chmod o=") != NULL);
	(void)chmod(path, 0600);
	(void)private_redis_do(&server, "CONFIG SET requirepass right");
	CHECK_INT(stream_connect(stream, NULL), STREAM_REFUSED);
	file = fopen(path, "w");
	fputs("right\n", file);
	fclose(file);
	CHECK_INT(stream_connect(stream, NULL), STREAM_DONE);

	redisContext *context = private_redis_connect(&server);
	freeReplyObject(redisCommand(context, "AUTH right"));
	freeReplyObject(redisCommand(context, "CONFIG SET requirepass %s", ""));
	redisFree(context);
	unlink(path);
}

static void a_group_reads_its_pending_entries_first_and_acknowledges(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct stream_batch batch;

	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	fill(stream, 3);
	CHECK_INT(read_new(stream, &group, 2, arena).entries.n, 2);
	CHECK_INT(stream_group_read_pending(stream, &group, 10, arena, &batch, NULL),
		STREAM_DONE);
	CHECK_INT(batch.entries.n, 2);
	CHECK_STR(stream_entry_field(&batch.entries.items[0], "id"), "x");
	CHECK_STR(batch.entries.items[0].key, "t:change");
	CHECK_INT(stream_group_ack(stream, &group, batch.entries.items, 2, NULL), STREAM_DONE);
	CHECK_INT(stream_group_read_pending(stream, &group, 10, arena, &batch, NULL),
		STREAM_DONE);
	CHECK_INT(batch.entries.n, 0);
	CHECK_INT(read_new(stream, &group, 10, arena).entries.n, 1);
	CHECK_INT(read_new(stream, &group, 10, arena).entries.n, 0);
}

static void a_missing_group_is_told_apart_and_made_again(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_wait wait = {.count = 1};
	struct stream_batch batch;

	CHECK_INT(stream_group_read_new(stream, &group, &wait, arena, &batch, NULL),
		STREAM_NO_GROUP);
	fill(stream, 1);
	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	CHECK_INT(read_new(stream, &group, 10, arena).entries.n, 1);
}

static void what_a_dead_consumer_left_is_taken_over_with_its_count(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_claim claim = {.count = 2};
	struct stream_batch batch;

	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	fill(stream, 3);
	CHECK_INT(read_new(stream, &other, 10, arena).entries.n, 3);
	size_t n_claimed = 0;
	for (;;) {
		CHECK_INT(stream_group_claim(stream, &group, &claim, arena, &batch, NULL),
			STREAM_DONE);
		if (!batch.entries.n)
			break;
		CHECK_INT(batch.entries.items[0].times, 2);
		n_claimed += batch.entries.n;
		CHECK_INT(stream_group_ack(
				  stream, &group, batch.entries.items, batch.entries.n, NULL),
			STREAM_DONE);
	}
	CHECK_INT(n_claimed, 3);
	const struct stream_claim patient = {.count = 2, .idle_ms = 60000};
	fill(stream, 1);
	CHECK_INT(read_new(stream, &other, 10, arena).entries.n, 1);
	CHECK_INT(
		stream_group_claim(stream, &group, &patient, arena, &batch, NULL), STREAM_DONE);
	CHECK_INT(batch.entries.n, 0);
}

static void what_was_deleted_under_the_group_is_reported_as_lost(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_claim claim = {.count = 10};
	struct stream_standing standing[DORA_N_KINDS];
	struct stream_batch batch;

	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	fill(stream, 6);
	CHECK_INT(read_new(stream, &group, 2, arena).entries.n, 2);
	CHECK_INT(read_new(stream, &other, 2, arena).entries.n, 2);
	(void)private_redis_do(&server, "XTRIM t:change MAXLEN 1");
	CHECK_INT(stream_group_read_pending(stream, &group, 10, arena, &batch, NULL),
		STREAM_DONE);
	CHECK_INT(batch.entries.n, 0);
	CHECK_INT(batch.n_lost, 2);
	CHECK_STR(batch.lost[0].key, "t:change");
	CHECK_INT(stream_group_claim(stream, &group, &claim, arena, &batch, NULL), STREAM_DONE);
	CHECK_INT(batch.entries.n, 0);
	CHECK_INT(batch.n_lost, 2);
	CHECK_INT(stream_group_standing(stream, "rollup", standing, NULL), STREAM_DONE);
	CHECK_INT(standing[DORA_CHANGE].pending, 0);
	CHECK_INT(standing[DORA_CHANGE].lag, 1);
	CHECK_INT(standing[DORA_CHANGE].lost, 1);
}

static void a_standing_says_what_waits_and_since_when(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct stream_standing standing[DORA_N_KINDS];

	fill(stream, 3);
	CHECK_INT(stream_group_standing(stream, "rollup", standing, NULL), STREAM_DONE);
	CHECK(!standing[DORA_CHANGE].exists);
	CHECK_INT(standing[DORA_CHANGE].lag, 3);
	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	CHECK_INT(stream_group_standing(stream, "rollup", standing, NULL), STREAM_DONE);
	CHECK(standing[DORA_CHANGE].exists);
	CHECK_INT(standing[DORA_CHANGE].lag, 3);
	CHECK(standing[DORA_CHANGE].oldest_us > 0);
	struct stream_batch batch = read_new(stream, &group, 1, arena);
	CHECK_INT(stream_group_standing(stream, "rollup", standing, NULL), STREAM_DONE);
	CHECK_INT(standing[DORA_CHANGE].pending, 1);
	CHECK_INT(standing[DORA_CHANGE].lag, 2);
	CHECK_INT(standing[DORA_CHANGE].lost, 0);
	CHECK_INT(stream_group_ack(stream, &group, batch.entries.items, 1, NULL), STREAM_DONE);
	batch = read_new(stream, &group, 9, arena);
	CHECK_INT(stream_group_ack(stream, &group, batch.entries.items, 2, NULL), STREAM_DONE);
	CHECK_INT(stream_group_standing(stream, "rollup", standing, NULL), STREAM_DONE);
	CHECK_INT(standing[DORA_CHANGE].pending, 0);
	CHECK_INT(standing[DORA_CHANGE].lag, 0);
	CHECK_INT(standing[DORA_CHANGE].oldest_us, 0);
}

static void trimming_never_passes_what_a_group_still_needs(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_group slow = {.name = "audit", .consumer = "a"};
	int64_t deleted = -1;

	fill(stream, 5);
	CHECK_INT(stream_trim(stream, &deleted, NULL), STREAM_DONE);
	CHECK_INT(deleted, 0); /* no group, no trimming */
	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	CHECK_INT(stream_trim(stream, &deleted, NULL), STREAM_DONE);
	CHECK_INT(deleted, 0); /* nothing handed out */
	struct stream_batch batch = read_new(stream, &group, 4, arena);
	CHECK_INT(stream_group_ack(stream, &group, batch.entries.items, 2, NULL), STREAM_DONE);
	CHECK_INT(stream_trim(stream, &deleted, NULL), STREAM_DONE);
	CHECK_INT(deleted, 2); /* the third is pending */
	CHECK_INT(stream_group_ack(stream, &group, batch.entries.items + 2, 2, NULL),
		STREAM_DONE);
	CHECK_INT(stream_group_create(stream, &slow, NULL), STREAM_DONE);
	CHECK_INT(stream_trim(stream, &deleted, NULL), STREAM_DONE);
	CHECK_INT(deleted, 0); /* the other group has read none */
	CHECK_INT(private_redis_do(&server, "XLEN t:change"), 3);
	CHECK_INT(private_redis_do(&server, "XGROUP DESTROY t:change audit"), 1);
	CHECK_INT(stream_trim(stream, &deleted, NULL), STREAM_DONE);
	CHECK_INT(deleted, 1); /* the last delivered one stays, and the one not yet read */
}

static void a_dead_entry_keeps_its_fields_and_says_where_it_was(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct stream_entries dead;
	struct stream_id from = {0};

	CHECK_INT(stream_group_create(stream, &group, NULL), STREAM_DONE);
	fill(stream, 1);
	struct stream_batch batch = read_new(stream, &group, 1, arena);
	CHECK_INT(stream_add_dead(stream, &batch.entries.items[0], "no such year", NULL),
		STREAM_DONE);
	CHECK_INT(stream_read_dead(stream, from, 10, arena, &dead, NULL), STREAM_DONE);
	CHECK_INT(dead.n, 1);
	CHECK_STR(stream_entry_field(&dead.items[0], "id"), "x");
	CHECK_STR(stream_entry_field(&dead.items[0], "reason"), "no such year");
	CHECK_STR(stream_entry_field(&dead.items[0], "stream"), "t:change");
	CHECK_STR(stream_entry_field(&dead.items[0], "entry"), batch.entries.items[0].id);
	CHECK(stream_id_parse(dead.items[0].id, strlen(dead.items[0].id), &from));
	CHECK_INT(stream_read_dead(stream, from, 10, arena, &dead, NULL), STREAM_DONE);
	CHECK_INT(dead.n, 0);
}

int main(void)
{
	private_redis_init(&server);
	RUN(a_window_is_acknowledged_in_order_and_says_what_was_there);
	RUN(one_refused_addition_stops_the_count_but_not_the_connection);
	RUN(a_full_server_is_told_from_a_dead_one);
	RUN(a_server_that_went_away_is_connected_to_again);
	RUN(a_stopped_server_is_given_up_after_two_seconds);
	RUN(a_password_is_read_from_its_file_at_each_connect);
	RUN(a_group_reads_its_pending_entries_first_and_acknowledges);
	RUN(a_missing_group_is_told_apart_and_made_again);
	RUN(what_a_dead_consumer_left_is_taken_over_with_its_count);
	RUN(what_was_deleted_under_the_group_is_reported_as_lost);
	RUN(a_standing_says_what_waits_and_since_when);
	RUN(trimming_never_passes_what_a_group_still_needs);
	RUN(a_dead_entry_keeps_its_fields_and_says_where_it_was);
	private_redis_clear(&server);
	return tap_done();
}
