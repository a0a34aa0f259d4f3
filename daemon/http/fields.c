/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes_priv.h"
#include "head_priv.h"

#include <assert.h>
#include <string.h>

/* As in line.c: at least one byte in, *used says how many were taken, none is possible. */
typedef enum http_refusal step(struct fields *fields, const struct http_data *in, size_t *used);

static void keep(struct fields *fields, const char *bytes, size_t n)
{
	if (fields->text)
		text_append(fields->text, bytes, n);
}

/* In small letters. Of a trailer's name no more than tells it from those that may not be one.
 */
static void keep_name(struct fields *fields, const char *bytes, size_t n)
{
	size_t had = fields->text ? 0 : strlen(fields->trailer_name);
	char *name = fields->trailer_name + had;

	if (fields->text) {
		text_append(fields->text, bytes, n);
		name = fields->text->bytes + fields->text->n - n;
	} else {
		n = n < FIELDS_TRAILER_NAME - had ? n : FIELDS_TRAILER_NAME - had;
		memcpy(name, bytes, n);
	}
	for (size_t i = 0; i < n; i++)
		name[i] = byte_lower(name[i]);
}

static enum http_refusal on_start(
	struct fields *fields, const struct http_data *in, size_t *used)
{
	char byte = in->bytes[0];

	if (byte == '\r') {
		*used = 1;
		fields->state = FIELDS_END_LF;
		return HTTP_REFUSAL_NONE;
	}
	if (byte == '\n')
		return HTTP_REFUSAL_LINE_END;
	if (byte == ' ' || byte == '\t')
		return HTTP_REFUSAL_FIELD_FOLD;
	if (!byte_is(byte, BYTE_TOKEN))
		return HTTP_REFUSAL_FIELD_NAME;
	if (fields->n == FIELDS_MAX)
		return HTTP_REFUSAL_FIELDS_COUNT;
	if (fields->text)
		fields->items[fields->n].name = (uint16_t)fields->text->n;
	else
		memset(fields->trailer_name, 0, sizeof(fields->trailer_name));
	fields->n++;
	fields->state = FIELDS_NAME;
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal end_name(struct fields *fields)
{
	fields->state = FIELDS_BEFORE;
	fields->kind = FIELD_OTHER;
	if (!fields->text)
		return framing_may_trail(fields->trailer_name) ? HTTP_REFUSAL_NONE
							       : HTTP_REFUSAL_TRAILER;

	struct field *field = &fields->items[fields->n - 1];
	keep(fields, "", 1);
	field->value = (uint16_t)fields->text->n;
	fields->kind = framing_kind(fields->framing, fields->text->bytes + field->name);
	return framing_begin(fields->framing, fields->kind);
}

static enum http_refusal on_name(
	struct fields *fields, const struct http_data *in, size_t *used)
{
	size_t n = bytes_span(in->bytes, in->n, BYTE_TOKEN);

	keep_name(fields, in->bytes, n);
	*used = n;
	if (n == in->n)
		return HTTP_REFUSAL_NONE;
	if (in->bytes[n] != ':')
		return HTTP_REFUSAL_FIELD_NAME;
	*used = n + 1;
	return end_name(fields);
}

static enum http_refusal on_before(
	struct fields *fields, const struct http_data *in, size_t *used)
{
	if (in->bytes[0] == ' ' || in->bytes[0] == '\t')
		*used = 1;
	else
		fields->state = FIELDS_VALUE;
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal end_value(struct fields *fields)
{
	fields->state = FIELDS_LF;
	if (!fields->text)
		return HTTP_REFUSAL_NONE;

	size_t value = fields->items[fields->n - 1].value;
	struct text *text = fields->text;
	while (text->n > value &&
		(text->bytes[text->n - 1] == ' ' || text->bytes[text->n - 1] == '\t'))
		text->n--;
	keep(fields, "", 1);
	return framing_end(fields->framing, fields->kind, text->bytes + value);
}

static enum http_refusal on_value(
	struct fields *fields, const struct http_data *in, size_t *used)
{
	size_t n = bytes_span(in->bytes, in->n, BYTE_VALUE);

	if (fields->kind != FIELD_OTHER) {
		enum http_refusal why =
			framing_bytes(fields->framing, fields->kind, in->bytes, n);
		if (why != HTTP_REFUSAL_NONE)
			return why;
	}
	keep(fields, in->bytes, n);
	*used = n;
	if (n == in->n)
		return HTTP_REFUSAL_NONE;
	if (in->bytes[n] == '\n')
		return HTTP_REFUSAL_LINE_END;
	if (in->bytes[n] != '\r')
		return HTTP_REFUSAL_FIELD_VALUE;
	*used = n + 1;
	return end_value(fields);
}

static enum http_refusal on_lf(struct fields *fields, const struct http_data *in, size_t *used)
{
	if (in->bytes[0] != '\n')
		return HTTP_REFUSAL_LINE_END;
	*used = 1;
	fields->state = fields->state == FIELDS_LF ? FIELDS_START : FIELDS_DONE;
	return HTTP_REFUSAL_NONE;
}

enum http_refusal fields_feed(
	struct fields *fields, const struct http_data *in, size_t *out_used)
{
	static step *const steps[] = {
		[FIELDS_START] = on_start,
		[FIELDS_NAME] = on_name,
		[FIELDS_BEFORE] = on_before,
		[FIELDS_VALUE] = on_value,
		[FIELDS_LF] = on_lf,
		[FIELDS_END_LF] = on_lf,
	};

	assert(!fields->text == !fields->items);
	*out_used = 0;
	while (*out_used < in->n && fields->state != FIELDS_DONE) {
		struct http_data rest = {in->bytes + *out_used, in->n - *out_used};
		size_t room = FIELDS_MAX_BYTES - fields->n_bytes;
		size_t used = 0;

		if (room == 0)
			return HTTP_REFUSAL_FIELDS_LENGTH;
		if (rest.n > room)
			rest.n = room;
		enum http_refusal why = steps[fields->state](fields, &rest, &used);
		if (why != HTTP_REFUSAL_NONE)
			return why;
		*out_used += used;
		fields->n_bytes += used;
	}
	return HTTP_REFUSAL_NONE;
}
