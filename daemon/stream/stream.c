/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void make_keys(struct stream *stream)
{
	size_t n_shards = stream_n_shards(stream);

	stream->keys = xcalloc(DORA_N_KINDS * n_shards, sizeof(*stream->keys));
	stream->mark_keys = xcalloc(n_shards, sizeof(*stream->mark_keys));
	for (size_t shard = 0; shard < n_shards; shard++) {
		for (int kind = 0; kind < DORA_N_KINDS; kind++) {
			const char *name = dora_kind_name((enum dora_kind)kind);

			stream->keys[stream->n_keys++] = stream->n_shards
				? xasprintf("%s:{%zu}:%s", stream->prefix, shard, name)
				: xasprintf("%s:%s", stream->prefix, name);
		}
		stream->mark_keys[shard] = stream->n_shards
			? xasprintf("%s:{%zu}:marks", stream->prefix, shard)
			: xasprintf("%s:marks", stream->prefix);
	}
	stream->dead_key = xasprintf("%s:dead", stream->prefix);
}

struct stream *stream_create(const struct stream_options *options, struct error *err)
{
	struct address address;

	if (!stream_address_parse(options->url, &address, err)) {
		error_prefixf(err, "redis");
		return NULL;
	}
	if (address.cluster && !options->shards) {
		error_setf(err,
			"redis: a cluster spreads what is sharded: want shards, of 1 to %d, "
			"some for each of its masters (16 for three)",
			STREAM_SHARDS_MAX);
		stream_address_clear(&address);
		return NULL;
	}
	/* hiredis writes with write(): a server that went away must be an error, not an end. */
	(void)signal(SIGPIPE, SIG_IGN);

	struct stream *stream = xcalloc(1, sizeof(*stream));
	stream->address = address;
	stream->password_file = options->password_file ? xstrdup(options->password_file) : NULL;
	stream->prefix = xstrdup(options->prefix);
	stream->n_shards = (size_t)options->shards;
	stream->where = xstrdup(options->url);
	make_keys(stream);
	return stream;
}

void stream_destroy(struct stream *stream)
{
	if (!stream)
		return;
	stream_disconnect(stream);
	for (size_t i = 0; i < stream->n_nodes; i++) {
		free(stream->nodes[i].host.name);
		free(stream->nodes[i].where);
	}
	free(stream->nodes);
	free(stream->owner);
	for (size_t i = 0; i < stream->n_keys; i++)
		free(stream->keys[i]);
	for (size_t i = 0; i < stream_n_shards(stream); i++)
		free(stream->mark_keys[i]);
	free(stream->mark_keys);
	free(stream->keys);
	free(stream->dead_key);
	free(stream->where);
	free(stream->prefix);
	free(stream->password_file);
	stream_address_clear(&stream->address);
	free(stream->command.bytes);
	free(stream);
}

size_t stream_n_keys(const struct stream *stream)
{
	return stream->n_keys;
}

const char *stream_key(const struct stream *stream, size_t i)
{
	return stream->keys[i];
}

enum dora_kind stream_key_kind(const struct stream *stream, size_t i)
{
	(void)stream;
	return (enum dora_kind)(i % DORA_N_KINDS);
}

size_t stream_n_shards(const struct stream *stream)
{
	return stream->n_shards ? stream->n_shards : 1;
}

size_t stream_key_shard(const struct stream *stream, size_t key)
{
	(void)stream;
	return key / DORA_N_KINDS;
}

bool stream_find_key(const struct stream *stream, const char *name, size_t *out)
{
	for (size_t i = 0; i < stream->n_keys; i++) {
		if (strcmp(stream->keys[i], name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

bool stream_fails_over(const struct stream *stream)
{
	return stream->address.cluster || stream->address.master;
}

/* FNV-1a: stable over versions, so that an entity stays in its shard. */
static uint64_t hash(const char *text)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return value;
}

size_t stream_key_of(const struct stream *stream, enum dora_kind kind, const char *entity)
{
	return (size_t)(hash(entity) % stream_n_shards(stream)) * DORA_N_KINDS + (size_t)kind;
}
/* Redis drops entries by itself when it is full and its policy is not noeviction. */
static const char *eviction_warning(const char *info, struct arena *arena)
{
	const char *limit = strstr(info, "\nmaxmemory:");
	const char *policy = strstr(info, "\nmaxmemory_policy:");

	if (!limit || !policy || strncmp(limit, "\nmaxmemory:0\r", 13) == 0)
		return NULL;
	policy += strlen("\nmaxmemory_policy:");
	size_t n = strcspn(policy, "\r\n");

	if (n == strlen("noeviction") && strncmp(policy, "noeviction", n) == 0)
		return NULL;
	return arena_printf(arena,
		"maxmemory-policy is %.*s: when memory is short Redis throws events away; "
		"set it to noeviction",
		(int)n, policy);
}

static enum stream_result probe_node(struct stream *stream, size_t node, struct arena *arena,
	const char **out_warning, struct error *err)
{
	static const char *const ping[] = {"PING", NULL};
	static const char *const info[] = {"INFO", "memory", NULL};
	CLEANUP(reply_freep) redisReply *pong = NULL;
	CLEANUP(reply_freep) redisReply *memory = NULL;

	enum stream_result result = ask_node(stream, node, &pong, err, ping);
	if (result != STREAM_DONE)
		return result;
	result = ask_node(stream, node, &memory, NULL, info);
	if (result == STREAM_DONE && memory->type == REDIS_REPLY_STRING && !*out_warning)
		*out_warning = eviction_warning(memory->str, arena);
	/* A login that may not ask INFO is a careful one, not a broken one. */
	return result == STREAM_BROKEN ? result : STREAM_DONE;
}

static bool owns_slots(const struct stream *stream, size_t node)
{
	for (size_t slot = 0; slot < SLOTS; slot++) {
		if (stream->owner[slot] == node + 1)
			return true;
	}
	return false;
}

enum stream_result stream_probe(
	struct stream *stream, struct arena *arena, const char **out_warning, struct error *err)
{
	enum stream_result result = STREAM_DONE;

	*out_warning = NULL;
	if (!stream->n_nodes) {
		error_setf(err, "redis is not connected");
		return STREAM_BROKEN;
	}
	for (size_t i = 0; i < stream->n_nodes && result == STREAM_DONE; i++) {
		if (stream->owner && !owns_slots(stream, i))
			continue;
		if (stream->owner)
			result = node_open(stream, i, err);
		if (result == STREAM_DONE)
			result = probe_node(stream, i, arena, out_warning, err);
	}
	return result;
}

struct stray {
	const struct commands *commands;
	const char **out;
};

/* Redis writes 0 where there is no such key. */
static enum stream_result take_length(void *context, size_t i, const struct answer *answer)
{
	const struct stray *stray = context;

	if (answer->result == STREAM_DONE && reply_number(answer->reply, 0) > 0 && !*stray->out)
		*stray->out = stray->commands->items[i].key;
	return answer->result == STREAM_WRONG ? STREAM_DONE : answer->result;
}

static void add_length(struct commands *commands, const char *key)
{
	words_list(commands_add(commands, key), (const char *const[]){"XLEN", key, NULL});
}

enum stream_result stream_stray(
	struct stream *stream, struct arena *arena, const char **out_warning, struct error *err)
{
	struct commands commands = {.arena = arena};
	struct stray stray = {.commands = &commands, .out = out_warning};

	*out_warning = NULL;
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const char *name = dora_kind_name((enum dora_kind)kind);

		/* Of more shards than now; and of none, where there are some now. */
		for (size_t shard = stream->n_shards; shard < STREAM_SHARDS_MAX; shard++)
			add_length(&commands,
				arena_printf(
					arena, "%s:{%zu}:%s", stream->prefix, shard, name));
		if (stream->n_shards)
			add_length(
				&commands, arena_printf(arena, "%s:%s", stream->prefix, name));
	}
	enum stream_result result = ask_all(stream, &commands, take_length, &stray, err);
	if (*out_warning)
		*out_warning = arena_printf(arena,
			"stream %s is of another number of shards than %zu and nobody reads "
			"it: "
			"let the roll-up finish with the old number, then delete it",
			*out_warning, stream->n_shards);
	return result;
}
