/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void make_keys(struct stream *stream)
{
	size_t n_shards = stream->n_shards ? stream->n_shards : 1;

	stream->keys = xcalloc(DORA_N_KINDS * n_shards, sizeof(*stream->keys));
	for (size_t shard = 0; shard < n_shards; shard++) {
		for (int kind = 0; kind < DORA_N_KINDS; kind++) {
			const char *name = dora_kind_name((enum dora_kind)kind);

			stream->keys[stream->n_keys++] = stream->n_shards
				? xasprintf("%s:{%zu}:%s", stream->prefix, shard, name)
				: xasprintf("%s:%s", stream->prefix, name);
		}
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
	for (size_t i = 0; i < stream->n_keys; i++)
		free(stream->keys[i]);
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

/* FNV-1a: stable over versions, so that an entity stays in its shard. */
static uint64_t hash(const char *text)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return value;
}

size_t stream_key_of(const struct stream *stream, enum dora_kind kind, const char *subject)
{
	size_t shard = stream->n_shards ? (size_t)(hash(subject) % stream->n_shards) : 0;

	return shard * DORA_N_KINDS + (size_t)kind;
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

enum stream_result stream_probe(
	struct stream *stream, struct arena *arena, const char **out_warning, struct error *err)
{
	static const char *const ping[] = {"PING", NULL};
	static const char *const info[] = {"INFO", "memory", NULL};
	CLEANUP(reply_freep) redisReply *pong = NULL;
	CLEANUP(reply_freep) redisReply *memory = NULL;

	*out_warning = NULL;
	enum stream_result result = ask_words(stream, &pong, err, ping);
	if (result != STREAM_DONE)
		return result;
	result = ask_words(stream, &memory, NULL, info);
	if (result == STREAM_DONE && memory->type == REDIS_REPLY_STRING)
		*out_warning = eviction_warning(memory->str, arena);
	/* A login that may not ask INFO is a careful one, not a broken one. */
	return result == STREAM_BROKEN ? result : STREAM_DONE;
}
