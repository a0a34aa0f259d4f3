/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/group.h"
#include "stream/send.h"
#include "stream_priv.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

/*
 * What a Redis might answer. The first byte chooses what is asked, the rest is all that the
 * server ever says before it goes. Each call ends with a result; only after "done" does it give
 * anything, and that is whole; whoever is out of step is left.
 */
#define WRITE_MAX 60000 /* what a socket takes without a reader */
#define N_CALLS 9

static const struct stream_group group = {.name = "rollup", .consumer = "a:1"};
static const struct dora_field fields[] = {{"id", "1", 1}, {"data", "{}", 2}};

static void check_entries(const struct stream_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct stream_entry *entry = &entries->items[i];

		FUZZ_WANT(entry->key && entry->id);
		for (size_t at = 0; at < entry->n_fields; at++) {
			FUZZ_WANT(entry->fields[at].name);
			FUZZ_WANT(entry->fields[at].value[entry->fields[at].n] == '\0');
		}
		(void)stream_entry_field(entry, "data");
	}
}

static void check_batch(const struct stream_batch *batch)
{
	check_entries(&batch->entries);
	for (size_t i = 0; i < batch->n_lost; i++)
		FUZZ_WANT(batch->lost[i].key && batch->lost[i].id);
}

static enum stream_result call_send(struct stream *stream, struct arena *arena)
{
	struct stream_addition additions[3];
	struct stream_place *places =
		arena_alloc(arena, stream_n_keys(stream) * sizeof(*places));
	struct stream_window window = {
		.writer = "w", .additions = additions, .n = 3, .n_acknowledged = 77};
	struct error err = {0};

	for (size_t i = 0; i < 3; i++)
		additions[i] =
			(struct stream_addition){.key = i % 2, .fields = fields, .n_fields = 2};
	enum stream_result result = stream_send(stream, &window, places, &err);
	FUZZ_WANT(window.n_acknowledged <= 3);
	FUZZ_WANT(result != STREAM_DONE || window.n_acknowledged == 3);
	for (size_t i = 0; i < window.n_acknowledged; i++)
		FUZZ_WANT(additions[i].id.ms || additions[i].id.n);
	return result;
}

static enum stream_result call_standing(struct stream *stream, struct arena *arena)
{
	size_t n = stream_n_keys(stream);
	struct stream_standing *out = arena_alloc(arena, n * sizeof(*out));
	enum stream_result result = stream_group_standing(stream, group.name, out, NULL);

	for (size_t i = 0; i < n && result == STREAM_DONE; i++)
		FUZZ_WANT(out[i].key);
	return result;
}

static enum stream_result call_reading(
	struct stream *stream, struct arena *arena, unsigned which)
{
	const struct stream_wait wait = {.count = 10};
	const struct stream_claim claim = {.count = 4};
	struct stream_batch batch = {0};
	struct error err = {0};
	enum stream_result result;

	if (which == 0)
		result = stream_group_read_new(stream, &group, &wait, arena, &batch, &err);
	else if (which == 1)
		result = stream_group_read_pending(stream, &group, 10, arena, &batch, &err);
	else
		result = stream_group_claim(stream, &group, &claim, arena, &batch, &err);
	if (result == STREAM_DONE)
		check_batch(&batch);
	FUZZ_WANT((result == STREAM_DONE) == (err.text[0] == '\0'));
	return result;
}

static enum stream_result call(struct stream *stream, struct arena *arena, unsigned which)
{
	struct stream_entries dead;
	const char *warning;
	int64_t deleted;
	enum stream_result result;

	switch (which) {
	case 3:
		return stream_group_create(stream, &group, NULL);
	case 4:
		return call_send(stream, arena);
	case 5:
		return call_standing(stream, arena);
	case 6:
		return stream_trim(stream, &deleted, NULL);
	case 7:
		return stream_probe(stream, arena, &warning, NULL);
	case 8:
		result =
			stream_read_dead(stream, (struct stream_id){0}, 10, arena, &dead, NULL);
		if (result == STREAM_DONE)
			check_entries(&dead);
		return result;
	default:
		return call_reading(stream, arena, which);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct stream_options options = {.url = "redis://localhost", .prefix = "dorad"};
	int ends[2];

	if (n < 1 || n > WRITE_MAX)
		return 0;
	struct stream *stream = stream_create(&options, NULL);
	FUZZ_WANT(stream && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	FUZZ_WANT(write(ends[1], input + 1, n - 1) == (ssize_t)(n - 1));
	FUZZ_WANT(shutdown(ends[1], SHUT_WR) == 0);
	redisContext *redis = redisConnectFd(ends[0]);
	FUZZ_WANT(redis);
	redis->flags |= REDIS_BLOCK;
	stream->nodes = xcalloc(1, sizeof(*stream->nodes));
	stream->nodes[0] = (struct node){.where = xstrdup("a fuzzer"), .redis = redis};
	stream->n_nodes = 1;
	bound_replies(stream, redis);

	enum stream_result result = call(stream, arena, input[0] % N_CALLS);
	FUZZ_WANT(result <= STREAM_WRONG && *stream_result_name(result));
	FUZZ_WANT(result != STREAM_BROKEN || !stream->nodes[0].redis);
	stream_destroy(stream);
	(void)close(ends[1]);
	return 0;
}
