/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/send.h"
#include "stream_priv.h"

#include <string.h>

/*
 * What a login may not do Redis says as soon as it knows the command, its key and that it has
 * words enough. So a command that writes is asked with a word too many, which is not carried
 * out.
 */
struct rights {
	const struct commands *commands;
	struct arena *arena;
	const char **out;
};

static enum stream_result take_right(void *context, size_t i, const struct answer *answer)
{
	const struct rights *rights = context;
	const struct words *asked = &rights->commands->items[i];

	switch (answer->result) {
	case STREAM_DONE:
		return STREAM_DONE;
	case STREAM_REFUSED:
		break;
	case STREAM_WRONG: /* a word too many, no such key; or not what it should be */
		if (!strstr(answer->words, "WRONGTYPE"))
			return STREAM_DONE;
		break;
	case STREAM_BROKEN:
	case STREAM_LATER:
	case STREAM_NOT_MASTER:
	case STREAM_CLUSTER:
	case STREAM_NO_GROUP:
		return answer->result;
	}
	if (!*rights->out)
		*rights->out = arena_printf(rights->arena, "%s, about %s %s", answer->words,
			asked->argv[0], asked->key);
	return STREAM_DONE;
}

static void add(struct commands *commands, const char *key, const char *const *words)
{
	words_list(commands_add(commands, key), words);
}

enum stream_result stream_rights(
	struct stream *stream, struct arena *arena, const char **out_words, struct error *err)
{
	struct commands commands = {.arena = arena};
	struct rights rights = {.commands = &commands, .arena = arena, .out = out_words};

	*out_words = NULL;
	for (size_t i = 0; i < stream->n_keys; i++) {
		const char *key = stream->keys[i];

		add(&commands, key, (const char *const[]){"XINFO", "STREAM", key, NULL});
		add(&commands, key,
			(const char *const[]){"XRANGE", key, "-", "-", "COUNT", "1", NULL});
		add(&commands, key,
			(const char *const[]){"XADD", key, "*", "f", "v", "more", NULL});
	}
	for (size_t i = 0; i < (stream->n_shards ? stream->n_shards : 1); i++) {
		const char *key = stream->mark_keys[i];

		add(&commands, key, (const char *const[]){"HGET", key, "f", NULL});
		add(&commands, key, (const char *const[]){"HSET", key, "f", "v", "more", NULL});
	}
	return ask_all(stream, &commands, take_right, &rights, err);
}
