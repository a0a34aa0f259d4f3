/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/send.h"

#include "stream_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

static const char *mark_key(const struct stream *stream, size_t key)
{
	return stream->mark_keys[stream_key_shard(stream, key)];
}

static const char *mark_field(
	const struct stream *stream, const char *writer, size_t key, struct arena *arena)
{
	return arena_printf(
		arena, "%s:%s", writer, dora_kind_name(stream_key_kind(stream, key)));
}

/* The state of a key is asked with two commands. */
static void add_look(
	struct commands *commands, const struct stream *stream, const char *writer, size_t key)
{
	const char *name = stream->keys[key];
	const char *marks = mark_key(stream, key);

	words_list(commands_add(commands, name),
		(const char *const[]){"XINFO", "STREAM", name, NULL});
	words_list(commands_add(commands, marks),
		(const char *const[]){
			"HGET", marks, mark_field(stream, writer, key, commands->arena), NULL});
}

static void add_mark(struct commands *commands, const struct stream *stream, const char *writer,
	size_t key, struct stream_id id)
{
	const char *name = mark_key(stream, key);
	char text[STREAM_ID_TEXT_MAX];

	stream_id_format(id, text);
	words_list(commands_add(commands, name),
		(const char *const[]){"HSET", name,
			mark_field(stream, writer, key, commands->arena),
			arena_strdup(commands->arena, text), NULL});
}

static void add_addition(struct commands *commands, const struct stream *stream,
	const struct stream_addition *addition)
{
	const char *name = stream->keys[addition->key];
	struct words *words = commands_add(commands, name);

	words_list(words, (const char *const[]){"XADD", name, "*", NULL});
	for (size_t i = 0; i < addition->n_fields; i++) {
		words_text(words, addition->fields[i].name);
		words_bytes(words, addition->fields[i].value, addition->fields[i].n);
	}
}

/* What came of reading marks, or of writing them. */
struct mark_answers {
	struct error refused; /* empty: none was */
	size_t n_good;
};

/* A server that keeps marks from us takes events all the same. */
static enum stream_result take_mark(struct mark_answers *answers, const struct answer *answer)
{
	switch (answer->result) {
	case STREAM_DONE:
		answers->n_good++;
		return STREAM_DONE;
	case STREAM_REFUSED:
	case STREAM_WRONG:
		error_setf(&answers->refused, "%s", answer->words);
		return STREAM_DONE;
	case STREAM_BROKEN:
	case STREAM_LATER:
	case STREAM_NOT_MASTER:
	case STREAM_CLUSTER:
	case STREAM_NO_GROUP:
		return answer->result;
	}
	__builtin_unreachable();
}

static void note_marks(struct error *trouble, const struct mark_answers *answers)
{
	if (answers->refused.text[0] || answers->n_good)
		*trouble = answers->refused;
}

const char *stream_marks_trouble(const struct stream *stream)
{
	if (stream->unread_marks.text[0])
		return stream->unread_marks.text;
	return stream->unwritten_marks.text[0] ? stream->unwritten_marks.text : NULL;
}

/* Where the answers of a window go. */
struct sending {
	const bool *touched; /* by key */
	size_t *looked;      /* keys, in the order in which they are looked at */
	size_t n_looked;
	size_t n_marks;
	struct stream_window *window;
	struct stream_place *places;
	enum stream_result seen; /* the first failure of looking and marking */
	size_t n_seen;           /* answers to that */
	struct mark_answers read;
	struct mark_answers written;
	bool known;               /* out: what was there before */
	enum stream_result *sent; /* of each addition */
};

/* "ERR no such key" is a good answer to XINFO STREAM. */
static enum stream_result take_look(
	struct stream_place *place, bool is_mark, const struct answer *answer)
{
	struct stream_id *id = is_mark ? &place->mark : &place->top;
	bool none = answer->result == STREAM_WRONG && strstr(answer->words, "no such key");

	*id = (struct stream_id){0};
	if (answer->result == STREAM_DONE)
		*id = reply_id(is_mark ? answer->reply
				       : reply_member(answer->reply, "last-generated-id"));
	return none ? STREAM_DONE : answer->result;
}

static enum stream_result take_addition(
	struct stream_addition *addition, const struct answer *answer)
{
	if (answer->result != STREAM_DONE)
		return answer->result;
	addition->id = reply_id(answer->reply);
	return addition->id.ms || addition->id.n ? STREAM_DONE : STREAM_BROKEN;
}

/* First the looks, two a key, then the marks, then the additions. */
static enum stream_result take(void *context, size_t i, const struct answer *answer)
{
	struct sending *sending = context;
	size_t n_looks = 2 * sending->n_looked;
	enum stream_result result = STREAM_DONE;

	if (i >= n_looks + sending->n_marks) {
		size_t n = i - n_looks - sending->n_marks;

		sending->sent[n] = take_addition(&sending->window->additions[n], answer);
		return sending->sent[n];
	}
	bool is_mark = i >= n_looks || i % 2 != 0;
	if (i < n_looks)
		result = take_look(&sending->places[sending->looked[i / 2]], is_mark, answer);
	if (is_mark)
		result = take_mark(i < n_looks ? &sending->read : &sending->written, answer);
	sending->n_seen++;
	if (sending->seen == STREAM_DONE)
		sending->seen = result;
	return result;
}

static void add_looks(
	struct commands *commands, const struct stream *stream, struct sending *sending)
{
	const struct stream_window *window = sending->window;

	for (size_t key = 0; key < stream->n_keys; key++) {
		if (!sending->touched[key])
			continue;
		sending->looked[sending->n_looked++] = key;
		add_look(commands, stream, window->writer, key);
	}
	for (size_t key = 0; window->marks && key < stream->n_keys; key++) {
		if (!sending->touched[key] || !window->marks[key].ms)
			continue;
		sending->n_marks++;
		add_mark(commands, stream, window->writer, key, window->marks[key]);
	}
}

/* In a cluster the looks and marks go first, by themselves: a server that does not answer is
 * found before others have taken what would have to be sent to them again. */
static enum stream_result ask_window(struct stream *stream, struct commands *commands,
	struct sending *sending, struct error *err)
{
	enum stream_result result = STREAM_DONE;

	add_looks(commands, stream, sending);
	size_t n_head = commands->n;
	if (stream->owner) {
		result = ask_all(stream, commands, take, sending, err);
		commands->n = 0;
		sending->n_looked = 0;
		sending->n_marks = 0;
	}
	for (size_t i = 0; result == STREAM_DONE && i < sending->window->n; i++)
		add_addition(commands, stream, &sending->window->additions[i]);
	if (result == STREAM_DONE)
		result = ask_all(stream, commands, take, sending, err);
	sending->known = sending->seen == STREAM_DONE && sending->n_seen == n_head;
	note_marks(&stream->unread_marks, &sending->read);
	note_marks(&stream->unwritten_marks, &sending->written);
	sending->window->marked = sending->known && !stream_marks_trouble(stream);
	return result;
}

static enum stream_result send_window(struct stream *stream, const bool *touched,
	struct stream_window *window, struct stream_place *places, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};
	struct sending sending = {
		.touched = touched,
		.looked = arena_alloc(arena, stream->n_keys * sizeof(*sending.looked)),
		.window = window,
		.places = places,
		.seen = STREAM_DONE,
		.sent = arena_alloc(arena, (window->n + 1) * sizeof(*sending.sent)),
	};

	window->n_acknowledged = 0;
	window->marked = false;
	for (size_t i = 0; i < window->n; i++)
		sending.sent[i] = STREAM_BROKEN; /* until it is answered */
	enum stream_result result = ask_window(stream, &commands, &sending, err);
	/* Where it is not known what was there before, nothing counts. */
	while (sending.known && window->n_acknowledged < window->n &&
		sending.sent[window->n_acknowledged] == STREAM_DONE)
		window->n_acknowledged++;
	return result;
}

enum stream_result stream_send(struct stream *stream, struct stream_window *window,
	struct stream_place *places, struct error *err)
{
	bool *touched = xcalloc(stream->n_keys, sizeof(*touched));

	for (size_t i = 0; i < window->n; i++)
		touched[window->additions[i].key] = true;
	enum stream_result result = send_window(stream, touched, window, places, err);
	free(touched);
	return result;
}

enum stream_result stream_look(struct stream *stream, const char *writer,
	struct stream_place *places, struct error *err)
{
	struct stream_window window = {.writer = writer};
	bool *touched = xcalloc(stream->n_keys, sizeof(*touched));

	for (size_t key = 0; key < stream->n_keys; key++)
		touched[key] = true;
	enum stream_result result = send_window(stream, touched, &window, places, err);
	free(touched);
	return result;
}

enum stream_result stream_has(
	struct stream *stream, size_t key, struct stream_id id, bool *out, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	char text[STREAM_ID_TEXT_MAX];
	const char *name = stream->keys[key];

	stream_id_format(id, text);
	enum stream_result result = ask_words(stream, name, &reply, err,
		(const char *const[]){"XRANGE", name, text, text, NULL});
	*out = result == STREAM_DONE && reply->type == REDIS_REPLY_ARRAY && reply->elements;
	return result;
}

static enum stream_result take_written(void *context, size_t i, const struct answer *answer)
{
	(void)i;
	return take_mark(context, answer);
}

enum stream_result stream_mark(struct stream *stream, const char *writer,
	const struct stream_id *marks, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};
	struct mark_answers answers = {0};

	for (size_t key = 0; key < stream->n_keys; key++) {
		if (marks[key].ms)
			add_mark(&commands, stream, writer, key, marks[key]);
	}
	enum stream_result result = ask_all(stream, &commands, take_written, &answers, err);
	note_marks(&stream->unwritten_marks, &answers);
	return result;
}
