/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

static enum stream_result queue_top(struct stream *stream, const char *key, struct error *err)
{
	const char *argv[] = {"XINFO", "STREAM", key};
	size_t lengths[] = {5, 6, strlen(key)};

	return ask_later(stream, ARRAY_LEN(argv), argv, lengths, err);
}

static enum stream_result queue_addition(
	struct stream *stream, const struct stream_addition *addition, struct error *err)
{
	const char *key = stream->keys[addition->key];
	const char *argv[3 + 2 * DORA_N_FIELDS] = {"XADD", key, "*"};
	size_t lengths[3 + 2 * DORA_N_FIELDS] = {4, strlen(key), 1};
	size_t n = 3;

	for (size_t i = 0; i < addition->n_fields && i < DORA_N_FIELDS; i++) {
		argv[n] = addition->fields[i].name;
		lengths[n++] = strlen(addition->fields[i].name);
		argv[n] = addition->fields[i].value;
		lengths[n++] = addition->fields[i].n;
	}
	return ask_later(stream, n, argv, lengths, err);
}

/* The reply to XINFO STREAM; "ERR no such key" is a good answer too. */
static enum stream_result take_top(
	struct stream *stream, struct stream_id *out, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	struct error words = {0};
	enum stream_result result = next_reply(stream, &reply, &words);

	if (result == STREAM_DONE) {
		*out = reply_id(reply_member(reply, "last-generated-id"));
		return STREAM_DONE;
	}
	if (result == STREAM_WRONG && strstr(words.text, "no such key")) {
		*out = (struct stream_id){0};
		return STREAM_DONE;
	}
	error_setf(err, "%s", words.text);
	return result;
}

static enum stream_result take_addition(
	struct stream *stream, struct stream_addition *addition, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	enum stream_result result = next_reply(stream, &reply, err);

	if (result != STREAM_DONE)
		return result;
	addition->id = reply_id(reply);
	if (!addition->id.ms && !addition->id.n)
		return not_redis(stream, "its answer to XADD", err);
	return STREAM_DONE;
}

static enum stream_result queue_all(struct stream *stream, const bool *touched,
	const struct stream_addition *additions, size_t n, struct error *err)
{
	enum stream_result result = STREAM_DONE;

	for (size_t key = 0; key < stream->n_keys && result == STREAM_DONE; key++) {
		if (touched[key])
			result = queue_top(stream, stream->keys[key], err);
	}
	for (size_t i = 0; i < n && result == STREAM_DONE; i++)
		result = queue_addition(stream, &additions[i], err);
	return result;
}

/* Reads all the replies, whatever they say: the connection stays in step. The first failure is
 * the result. */
static enum stream_result take_all(struct stream *stream, struct stream_addition *additions,
	size_t n, size_t *out_acknowledged, struct error *err)
{
	enum stream_result first = STREAM_DONE;

	for (size_t i = 0; i < n; i++) {
		enum stream_result result = take_addition(stream, &additions[i], err);

		if (result == STREAM_BROKEN)
			return result;
		if (first == STREAM_DONE)
			first = result;
		if (first == STREAM_DONE)
			*out_acknowledged = i + 1;
	}
	return first;
}

static enum stream_result take_tops(
	struct stream *stream, const bool *touched, struct stream_id *tops, struct error *err)
{
	enum stream_result first = STREAM_DONE;

	for (size_t key = 0; key < stream->n_keys; key++) {
		if (!touched[key])
			continue;
		enum stream_result result = take_top(stream, &tops[key], err);

		if (result == STREAM_BROKEN)
			return result;
		if (first == STREAM_DONE)
			first = result;
	}
	return first;
}

struct window {
	const bool *touched; /* by key: whose top is asked for */
	struct stream_addition *additions;
	size_t n;
};

static enum stream_result send_window(struct stream *stream, const struct window *window,
	struct stream_id *tops, size_t *out_acknowledged, struct error *err)
{
	*out_acknowledged = 0;
	set_patience(stream, 0);
	enum stream_result result =
		queue_all(stream, window->touched, window->additions, window->n, err);
	if (result != STREAM_DONE)
		return result;
	enum stream_result seen = take_tops(stream, window->touched, tops, err);
	if (seen == STREAM_BROKEN)
		return seen;
	result = take_all(stream, window->additions, window->n, out_acknowledged, err);
	if (seen != STREAM_DONE) {
		*out_acknowledged = 0; /* what was there before is not known */
		return result == STREAM_BROKEN ? result : seen;
	}
	return result;
}

enum stream_result stream_send(struct stream *stream, struct stream_addition *additions,
	size_t n, struct stream_id *tops, size_t *out_acknowledged, struct error *err)
{
	bool *touched = xcalloc(stream->n_keys, sizeof(*touched));

	for (size_t i = 0; i < n; i++)
		touched[additions[i].key] = true;
	struct window window = {.touched = touched, .additions = additions, .n = n};
	enum stream_result result = send_window(stream, &window, tops, out_acknowledged, err);
	free(touched);
	return result;
}

enum stream_result stream_tops(struct stream *stream, struct stream_id *tops, struct error *err)
{
	bool *touched = xcalloc(stream->n_keys, sizeof(*touched));
	size_t none;

	for (size_t key = 0; key < stream->n_keys; key++)
		touched[key] = true;
	struct window window = {.touched = touched};
	enum stream_result result = send_window(stream, &window, tops, &none, err);
	free(touched);
	return result;
}
