/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_calls.h"

static void each_writer_has_marks_of_its_own(void)
{
	CLEANUP(stream_destroyp) struct stream *stream = connected();
	struct stream_addition one = addition(DORA_CHANGE, "a");
	struct stream_id marks[DORA_N_KINDS] = {[DORA_CHANGE] = {7, 1}};
	struct stream_window window = {
		.writer = "w", .marks = marks, .additions = &one, .n = 1};
	bool there = false;

	CHECK_INT(stream_send(stream, &window, places, NULL), STREAM_DONE);
	CHECK(window.marked);
	CHECK_INT(places[DORA_CHANGE].mark.ms, 0); /* as it was before */
	CHECK_INT(stream_look(stream, "w", places, NULL), STREAM_DONE);
	CHECK_INT(stream_id_compare(places[DORA_CHANGE].mark, marks[DORA_CHANGE]), 0);
	CHECK_INT(places[DORA_INCIDENT].mark.ms, 0);
	CHECK_INT(stream_look(stream, "another", places, NULL), STREAM_DONE);
	CHECK_INT(places[DORA_CHANGE].mark.ms, 0);
	marks[DORA_CHANGE] = one.id;
	CHECK_INT(stream_mark(stream, "another", marks, NULL), STREAM_DONE);
	CHECK_INT(stream_look(stream, "another", places, NULL), STREAM_DONE);
	CHECK_INT(stream_id_compare(places[DORA_CHANGE].mark, one.id), 0);

	CHECK_INT(stream_has(stream, DORA_CHANGE, one.id, &there, NULL), STREAM_DONE);
	CHECK(there);
	one.id.n++;
	CHECK_INT(stream_has(stream, DORA_CHANGE, one.id, &there, NULL), STREAM_DONE);
	CHECK(!there);
}

static void streams_of_another_number_of_shards_are_found(void)
{
	CLEANUP(stream_destroyp) struct stream *plain = connected();
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_options options = {.url = server.url, .prefix = "t", .shards = 2};
	CLEANUP(stream_destroyp) struct stream *sharded = stream_create(&options, NULL);
	const char *stray = NULL;

	CHECK_INT(stream_stray(plain, arena, &stray, NULL), STREAM_DONE);
	CHECK(stray == NULL);
	fill(plain, 1);
	CHECK_INT(stream_stray(plain, arena, &stray, NULL), STREAM_DONE);
	CHECK(stray == NULL);
	CHECK_INT(stream_connect(sharded, NULL), STREAM_DONE);
	CHECK_INT(stream_stray(sharded, arena, &stray, NULL), STREAM_DONE);
	CHECK(stray && strstr(stray, "stream t:change ") != NULL);
	(void)private_redis_do(&server, "DEL t:change");
	(void)private_redis_do(&server, "XADD t:{2}:incident * id x");
	CHECK_INT(stream_stray(sharded, arena, &stray, NULL), STREAM_DONE);
	CHECK(stray && strstr(stray, "stream t:{2}:incident ") != NULL);
}

/* Keys of which a group reads only some, as a worker does that has a part of the shards. */
static void a_group_reads_only_what_is_its_own(void)
{
	const struct stream_options options = {.url = server.url, .prefix = "t", .shards = 8};
	CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, NULL);
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	bool mine[8 * DORA_N_KINDS] = {0};
	const struct stream_group half = {.name = "rollup", .consumer = "h", .mine = mine};
	size_t n_read = 0;

	CHECK_INT(stream_connect(stream, NULL), STREAM_DONE);
	(void)private_redis_do(&server, "FLUSHALL");
	CHECK_INT(stream_group_create(stream, &half, NULL), STREAM_DONE);
	for (size_t key = 0; key < 8 * DORA_N_KINDS; key++) {
		char command[64];

		mine[key] = stream_key_shard(stream, key) % 2 == 1;
		(void)snprintf(command, sizeof(command), "XADD %s * id %zu",
			stream_key(stream, key), key);
		(void)private_redis_do(&server, command);
	}
	for (int round = 0; round < 100; round++) {
		struct stream_batch batch = read_new(stream, &half, 3, arena);

		for (size_t i = 0; i < batch.entries.n; i++)
			CHECK(mine[strtoul(
				stream_entry_field(&batch.entries.items[i], "id"), NULL, 10)]);
		n_read += batch.entries.n;
	}
	CHECK_INT(n_read, 4 * DORA_N_KINDS);
}

int main(void)
{
	private_redis_init(&server);
	RUN(each_writer_has_marks_of_its_own);
	RUN(streams_of_another_number_of_shards_are_found);
	RUN(a_group_reads_only_what_is_its_own);
	private_redis_clear(&server);
	return tap_done();
}
