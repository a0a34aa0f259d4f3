/* SPDX-License-Identifier: Apache-2.0 */
#include "group_priv.h"

#include <string.h>
#include <time.h>

/* Keys of a read; twice as many each time nothing was there. Unsharded, it is all of them. */
#define FIRST_KEYS 8

/* At least so many of each key, however many are read at once. */
#define LEAST_COUNT 16

/* Between two looks at a cluster in which nothing was new: from one to the other, doubling. */
#define FIRST_LOOK_MS 5
#define LAST_LOOK_MS 100

void losses_add(void *context, const char *id)
{
	struct losses *losses = context;

	if (losses->n == losses->room) {
		size_t room = losses->room ? losses->room * 2 : 16;
		struct stream_loss *items = arena_alloc(losses->arena, room * sizeof(*items));

		for (size_t i = 0; i < losses->n; i++)
			items[i] = losses->items[i];
		losses->items = items;
		losses->room = room;
	}
	losses->items[losses->n++] =
		(struct stream_loss){.key = losses->key, .id = arena_strdup(losses->arena, id)};
}

/* Some keys in a row, which one round of commands is about. */
struct slice {
	const char **keys;
	const size_t *places; /* of each among the stream's; the whole only */
	size_t n;
	size_t count; /* entries of each */
	int64_t block_ms;
};

static void begin_read(
	struct words *words, const struct group_reading *reading, const struct slice *slice)
{
	words_list(words,
		(const char *const[]){"XREADGROUP", "GROUP", reading->group->name,
			reading->group->consumer, "COUNT", NULL});
	words_number(words, (int64_t)slice->count);
	if (slice->block_ms) {
		words_text(words, "BLOCK");
		words_number(words, slice->block_ms);
	}
	words_text(words, "STREAMS");
}

/* One command where one server has all keys; else one a key. */
static void add_reads(struct commands *commands, const struct stream *stream,
	const struct group_reading *reading, const struct slice *slice)
{
	struct words *words = NULL;

	for (size_t i = 0; i < slice->n; i++) {
		if (!words || stream->owner) {
			words = commands_add(commands, slice->keys[i]);
			begin_read(words, reading, slice);
		}
		words_text(words, slice->keys[i]);
		if (stream->owner)
			words_text(words, reading->from);
	}
	for (size_t i = 0; i < slice->n && !stream->owner; i++)
		words_text(words, reading->from);
}

struct taking {
	struct losses *losses;
	struct stream_batch *out;
};

/* [[key, entries] ...] of XREADGROUP, or nil. */
static enum stream_result take(void *context, size_t i, const struct answer *answer)
{
	struct taking *taking = context;
	struct losses *losses = taking->losses;
	const redisReply *reply = answer->reply;

	(void)i;
	if (answer->result != STREAM_DONE || reply->type == REDIS_REPLY_NIL)
		return answer->result;
	if (reply->type != REDIS_REPLY_ARRAY)
		return STREAM_BROKEN;
	for (size_t n = 0; n < reply->elements; n++) {
		const redisReply *pair = reply->element[n];

		if (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2 ||
			pair->element[0]->type != REDIS_REPLY_STRING)
			return STREAM_BROKEN;
		losses->key = arena_strdup(losses->arena, pair->element[0]->str);
		entries_add(&taking->out->entries, losses->key, pair->element[1], losses->arena,
			losses_add, losses);
	}
	return STREAM_DONE;
}

static enum stream_result read_slice(struct stream *stream, const struct group_reading *reading,
	const struct slice *slice, struct taking *taking, struct error *err)
{
	struct commands commands = {.arena = taking->losses->arena};

	add_reads(&commands, stream, reading, slice);
	stream->block_ms = slice->block_ms;
	enum stream_result result = ask_all(stream, &commands, take, taking, err);
	stream->block_ms = 0;
	return result;
}

/* The group's keys, from the one whose turn it is. What was given before is finished, whosever
 * the key has become. */
static size_t find_keys(const struct stream *stream, const struct group_reading *reading,
	const char **out, size_t *out_places)
{
	const bool *mine = strcmp(reading->from, ">") == 0 ? reading->group->mine : NULL;
	size_t n = 0;

	for (size_t i = 0; i < stream->n_keys; i++) {
		size_t key = (stream->turn + i) % stream->n_keys;

		if (!mine || mine[key]) {
			out_places[n] = key;
			out[n++] = stream->keys[key];
		}
	}
	return n;
}

/* Until count entries are there or all keys were looked at: memory stays bounded, and what is
 * idle is seen in few round trips. */
static enum stream_result read_some(struct stream *stream, const struct group_reading *reading,
	const struct slice *all, struct taking *taking, struct error *err)
{
	size_t at_once = FIRST_KEYS;
	enum stream_result result = STREAM_DONE;
	size_t done = 0;

	while (done < all->n && result == STREAM_DONE &&
		taking->out->entries.n < reading->count) {
		struct slice slice = {.keys = all->keys + done, .n = all->n - done};

		if (slice.n > at_once)
			slice.n = at_once;
		slice.count = reading->count * FIRST_KEYS / at_once;
		if (slice.count < LEAST_COUNT && slice.count < reading->count)
			slice.count =
				reading->count < LEAST_COUNT ? reading->count : LEAST_COUNT;
		result = read_slice(stream, reading, &slice, taking, err);
		done += slice.n;
		at_once *= 2;
	}
	if (done < all->n)
		stream->turn = all->places[done];
	return result;
}

static bool is_empty(const struct taking *taking)
{
	return taking->out->entries.n == 0 && taking->losses->n == 0;
}

/* False: a signal came. */
static bool rest(int64_t ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	return nanosleep(&time, NULL) == 0;
}

static enum stream_result look_on(struct stream *stream, const struct group_reading *reading,
	const struct slice *all, struct taking *taking, struct error *err)
{
	int64_t rest_ms = FIRST_LOOK_MS;
	enum stream_result result = STREAM_DONE;

	for (int64_t left_ms = reading->block_ms;
		left_ms > 0 && result == STREAM_DONE && is_empty(taking); left_ms -= rest_ms) {
		if (rest_ms > left_ms)
			rest_ms = left_ms;
		if (!rest(rest_ms))
			break;
		result = read_some(stream, reading, all, taking, err);
		if (rest_ms * 2 <= LAST_LOOK_MS)
			rest_ms *= 2;
	}
	return result;
}

enum stream_result group_read(struct stream *stream, const struct group_reading *reading,
	struct losses *losses, struct stream_batch *out, struct error *err)
{
	struct taking taking = {.losses = losses, .out = out};
	size_t *places = arena_alloc(losses->arena, (stream->n_keys + 1) * sizeof(*places));
	struct slice all = {
		.places = places,
		.keys = arena_alloc(losses->arena, (stream->n_keys + 1) * sizeof(*all.keys)),
		.count = reading->count,
		.block_ms = reading->block_ms,
	};
	enum stream_result result = STREAM_DONE;

	*out = (struct stream_batch){0};
	all.n = find_keys(stream, reading, all.keys, places);
	if (!all.n) { /* nothing is this worker's yet */
		if (reading->block_ms)
			(void)rest(reading->block_ms);
		return STREAM_DONE;
	}
	bool may_block = reading->block_ms && !stream->owner;
	if (!may_block || all.n > FIRST_KEYS)
		result = read_some(stream, reading, &all, &taking, err);
	if (result == STREAM_DONE && is_empty(&taking) && may_block)
		result = read_slice(stream, reading, &all, &taking, err);
	else if (result == STREAM_DONE && stream->owner)
		result = look_on(stream, reading, &all, &taking, err);
	out->lost = losses->items;
	out->n_lost = losses->n;
	return result;
}
