/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "data_priv.h"
#include "event/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * The canonical form of an event's data, straight from its slots: they stand in the order of
 * their names already. It is what canonical_text() makes of the same data as a tree, which a
 * test and the fuzzers hold, at a tenth of the cost.
 */
#define FIRST_ROOM 1024

struct text {
	char *bytes;
	size_t n;
	size_t room;
};

/* Room for n bytes more; where they go. */
static char *reserve(struct text *text, size_t n)
{
	if (text->room - text->n < n) {
		text->room = 2 * text->room + n;
		text->bytes = xrealloc(text->bytes, text->room);
	}
	return text->bytes + text->n;
}

static void put_bytes(struct text *text, const char *bytes, size_t n)
{
	memcpy(reserve(text, n), bytes, n);
	text->n += n;
}

static void put_char(struct text *text, char byte)
{
	*reserve(text, 1) = byte;
	text->n++;
}

/* How a byte is written that a string cannot hold as it is. */
static size_t escape(unsigned char byte, char out[static 6])
{
	static const char short_from[] = "\"\\\b\f\n\r\t";
	static const char short_to[] = "\"\\bfnrt";
	static const char digits[] = "0123456789ABCDEF";
	const char *found = byte ? strchr(short_from, byte) : NULL;

	out[0] = '\\';
	if (found) {
		out[1] = short_to[found - short_from];
		return 2;
	}
	out[1] = 'u';
	out[2] = out[3] = '0';
	out[4] = digits[byte >> 4];
	out[5] = digits[byte & 15];
	return 6;
}

static void put_string(struct text *text, const char *bytes, size_t n)
{
	char *at = reserve(text, 6 * n + 2);

	*at++ = '"';
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			*at++ = bytes[i];
		else
			at += escape(byte, at);
	}
	*at++ = '"';
	text->n = (size_t)(at - text->bytes);
}

static void put_time(struct text *text, int64_t at_us)
{
	char *at = reserve(text, TIMESTAMP_TEXT_MAX + 2);

	*at = '"';
	timestamp_format(at_us, at + 1);
	at[TIMESTAMP_TEXT_MAX] = '"'; /* in place of the NUL */
	text->n += TIMESTAMP_TEXT_MAX + 1;
}

/* As the library writes it. */
static void put_real(struct text *text, double real)
{
	const size_t most = 64;
	json_t *number = json_real(real);
	size_t n = json_dumpb(number, reserve(text, most), most, JSON_ENCODE_ANY);

	assert(n > 0 && n <= most);
	text->n += n;
	json_decref(number);
}

static const struct fields nothing_inside;

static void put_value(struct text *text, struct fields inner, const struct value *value);

static void put_list(struct text *text, const struct value *list)
{
	put_char(text, '[');
	for (unsigned i = 0; i < list->n; i++) {
		if (i)
			put_char(text, ',');
		put_value(text, nothing_inside, &list->entries[i]);
	}
	put_char(text, ']');
}

static void put_flags(struct text *text, const struct value *flags)
{
	put_char(text, '{');
	for (unsigned i = 0; i < flags->n; i++) {
		if (i)
			put_char(text, ',');
		put_value(text, nothing_inside, &flags->flags[i].name);
		put_char(text, ':');
		put_value(text, nothing_inside, &flags->flags[i].value);
	}
	put_char(text, '}');
}

static void put_slots(struct text *text, struct fields fields, const struct value *slots)
{
	char before = '{';

	for (size_t i = 0; i < fields.n; i++) {
		const struct field *field = &fields.list[i];

		if (slots[i].type == VALUE_ABSENT)
			continue;
		char *at = reserve(text, field->n_name + 4);
		*at++ = before;
		*at++ = '"';
		memcpy(at, field->name, field->n_name);
		at += field->n_name;
		*at++ = '"';
		*at++ = ':';
		text->n = (size_t)(at - text->bytes);
		put_value(text, field->inner, &slots[i]);
		before = ',';
	}
	if (before == '{')
		put_char(text, before);
	put_char(text, '}');
}

/* inner: the fields of an object. */
static void put_value(struct text *text, struct fields inner, const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		put_bytes(text, "null", 4);
		return;
	case VALUE_FALSE:
		put_bytes(text, "false", 5);
		return;
	case VALUE_TRUE:
		put_bytes(text, "true", 4);
		return;
	case VALUE_INT:
		text->n += decimal_format(value->number, reserve(text, DECIMAL_MAX));
		return;
	case VALUE_REAL:
		put_real(text, value->real);
		return;
	case VALUE_TIME:
		put_time(text, value->number);
		return;
	case VALUE_TEXT:
		put_string(text, value->text, value->n);
		return;
	case VALUE_LIST:
		put_list(text, value);
		return;
	case VALUE_FLAGS:
		put_flags(text, value);
		return;
	case VALUE_OBJECT:
		put_slots(text, inner, value->slots);
		return;
	case VALUE_ABSENT:
	case VALUE_STRAY:
		break; /* no event that keeps to the contract has one */
	}
	__builtin_unreachable();
}

const char *dora_event_text(const struct dora_event *event, size_t *out_n)
{
	struct dora_data *data = event->data;

	if (!data) {
		*out_n = strlen("null");
		return "null";
	}
	if (!data->text) {
		struct text text = {.bytes = xmalloc(FIRST_ROOM), .room = FIRST_ROOM};

		put_slots(&text, contracts[event->kind].fields, data->slots);
		put_char(&text, '\0');
		data->n_text = text.n - 1;
		data->text = arena_memdup(data->arena, text.bytes, text.n);
		free(text.bytes);
	}
	*out_n = data->n_text;
	return data->text;
}

char *canonical_text(const json_t *value, size_t *out_n)
{
	char *dumped = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	json_free_t give_back;

	assert(dumped); /* it fails on a text that is no UTF-8, and none is in a tree */
	*out_n = strlen(dumped);
	/* jansson's memory is not free()'s while a delivery is read (base/scratch.h). */
	char *text = xmemdup(dumped, *out_n + 1);
	json_get_alloc_funcs(NULL, &give_back);
	give_back(dumped);
	return text;
}
