/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_STREAM_CALLS_H
#define DORAD_TESTS_STREAM_CALLS_H

/* The calls of a stream to a private Redis, as tests of it make them again and again. */
#include "stream/group.h"
#include "stream/send.h"

#include "private_redis.h"
#include "tap.h"

static struct private_redis server;

static inline struct stream *connected(void)
{
	const struct stream_options options = {.url = server.url, .prefix = "t"};
	struct error err = {0};
	struct stream *stream = stream_create(&options, &err);

	if (!stream || stream_connect(stream, &err) != STREAM_DONE) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	(void)private_redis_do(&server, "FLUSHALL");
	return stream;
}

static inline struct stream_addition addition(enum dora_kind kind, const char *value)
{
	static struct dora_field fields[64];
	static size_t n;
	struct dora_field *field = &fields[n++ % 64];

	*field = (struct dora_field){.name = "id", .value = value, .n = strlen(value)};
	return (struct stream_addition){.key = (size_t)kind, .fields = field, .n_fields = 1};
}

static struct stream_place places[DORA_N_KINDS];

static inline enum stream_result send(struct stream *stream, struct stream_addition *additions,
	size_t n, size_t *acknowledged, struct error *err)
{
	struct stream_window window = {.writer = "w", .additions = additions, .n = n};
	enum stream_result result = stream_send(stream, &window, places, err);

	*acknowledged = window.n_acknowledged;
	return result;
}

/* Adds n entries to the change stream. */
static inline void fill(struct stream *stream, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct stream_addition one = addition(DORA_CHANGE, "x");
		size_t acknowledged = 0;

		CHECK_INT(send(stream, &one, 1, &acknowledged, NULL), STREAM_DONE);
	}
}

static inline struct stream_batch read_new(struct stream *stream,
	const struct stream_group *who, size_t count, struct arena *arena)
{
	const struct stream_wait wait = {.count = count};
	struct stream_batch batch = {0};

	CHECK_INT(stream_group_read_new(stream, who, &wait, arena, &batch, NULL), STREAM_DONE);
	return batch;
}

#endif
