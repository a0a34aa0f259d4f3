/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reader.h"

#include "base/xalloc.h"
#include "chunks_priv.h"
#include "head_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST_BYTES 1024

enum reader_state {
	READER_LINE,
	READER_FIELDS,
	READER_HEAD, /* complete; the caller is told next */
	READER_LENGTH,
	READER_CHUNKS,
	READER_DONE,
	READER_REFUSED,
};

struct http_reader {
	enum reader_state state;
	enum http_refusal refusal;
	struct line line;
	struct fields fields;
	struct framing framing;
	struct chunks chunks;
	struct text text;
	struct field items[FIELDS_MAX];
	int64_t left; /* of a body with a length */
	struct http_header *headers;
	struct http_view view;
};

/* Wipes: a head may hold credentials. */
static void text_clear(struct text *text)
{
	if (text->bytes)
		explicit_bzero(text->bytes, text->n);
	free(text->bytes);
	*text = (struct text){0};
}

/* What it leaves behind is wiped, which xrealloc() would not do. */
static void text_grow(struct text *text, size_t size)
{
	char *bytes = xmalloc(size);

	if (text->n > 0)
		memcpy(bytes, text->bytes, text->n);
	size_t n = text->n;
	text_clear(text);
	*text = (struct text){.bytes = bytes, .n = n, .size = size};
}

void text_append(struct text *text, const char *bytes, size_t n)
{
	if (text->n + n > text->size) {
		size_t size = text->size ? text->size : TEXT_FIRST_BYTES;
		while (size < text->n + n)
			size *= 2;
		text_grow(text, size);
	}
	if (n > 0)
		memcpy(text->bytes + text->n, bytes, n);
	text->n += n;
}

struct http_reader *http_reader_create(int64_t max_body_bytes)
{
	/* Leaves room for one digit more while a length is read. */
	assert(max_body_bytes >= 0 && max_body_bytes < INT64_MAX / 16);

	struct http_reader *reader = xcalloc(1, sizeof(*reader));
	reader->framing.max_body_bytes = max_body_bytes;
	reader->chunks.max_bytes = max_body_bytes;
	reader->fields.text = &reader->text;
	reader->fields.items = reader->items;
	reader->fields.framing = &reader->framing;
	return reader;
}

void http_reader_destroy(struct http_reader *reader)
{
	if (!reader)
		return;
	text_clear(&reader->text);
	free(reader->headers);
	free(reader);
}

size_t http_reader_memory(const struct http_reader *reader)
{
	return reader->text.size > TEXT_FIRST_BYTES ? reader->text.size : 0;
}

/* What only the whole head can tell. */
static enum http_refusal check_head(const struct http_reader *reader)
{
	const struct framing *framing = &reader->framing;

	if (!framing->has_host)
		return HTTP_REFUSAL_HOST;
	if (reader->line.method == HTTP_POST && !framing->has_length && !framing->chunked)
		return HTTP_REFUSAL_NO_LENGTH;
	return HTTP_REFUSAL_NONE;
}

static void fill_view(struct http_reader *reader)
{
	const char *text = reader->text.bytes;
	const struct line *line = &reader->line;

	reader->headers = xcalloc(reader->fields.n, sizeof(*reader->headers));
	for (size_t i = 0; i < reader->fields.n; i++) {
		reader->headers[i].name = text + reader->items[i].name;
		reader->headers[i].value = text + reader->items[i].value;
	}
	reader->view = (struct http_view){
		.method = line->method,
		.path = text,
		.query = line->query ? text + line->query : NULL,
		.headers = reader->headers,
		.n_headers = reader->fields.n,
		.content_length = reader->framing.has_length ? reader->framing.length : -1,
	};
}

static enum http_step refuse(struct http_reader *reader, enum http_refusal why)
{
	reader->state = READER_REFUSED;
	reader->refusal = why;
	return HTTP_STEP_REFUSED;
}

static enum http_refusal read_head(
	struct http_reader *reader, const struct http_data *in, size_t *used)
{
	enum http_refusal why = HTTP_REFUSAL_NONE;

	if (reader->state == READER_LINE) {
		why = line_feed(&reader->line, &reader->text, in, used);
		if (why == HTTP_REFUSAL_NONE && reader->line.state == LINE_DONE) {
			reader->framing.is_11 = reader->line.is_11;
			reader->state = READER_FIELDS;
		}
		return why;
	}
	why = fields_feed(&reader->fields, in, used);
	if (why == HTTP_REFUSAL_NONE && reader->fields.state == FIELDS_DONE) {
		why = check_head(reader);
		reader->state = READER_HEAD;
	}
	return why;
}

static enum http_step begin_body(struct http_reader *reader)
{
	fill_view(reader);
	reader->left = reader->framing.length;
	if (reader->framing.chunked)
		reader->state = READER_CHUNKS;
	else
		reader->state = reader->left > 0 ? READER_LENGTH : READER_DONE;
	return HTTP_STEP_HEAD;
}

static enum http_refusal read_body(struct http_reader *reader, const struct http_data *in,
	size_t *used, struct http_data *out_data)
{
	if (reader->state == READER_CHUNKS) {
		enum http_refusal why = chunks_feed(&reader->chunks, in, used, out_data);
		if (reader->chunks.state == CHUNKS_DONE)
			reader->state = READER_DONE;
		return why;
	}
	*used = (int64_t)in->n > reader->left ? (size_t)reader->left : in->n;
	*out_data = (struct http_data){in->bytes, *used};
	reader->left -= (int64_t)*used;
	if (reader->left == 0)
		reader->state = READER_DONE;
	return HTTP_REFUSAL_NONE;
}

enum http_step http_reader_feed(struct http_reader *reader, const char *bytes, size_t n,
	size_t *out_used, struct http_data *out_data)
{
	*out_used = 0;
	*out_data = (struct http_data){0};
	if (n == 0)
		bytes = ""; /* NULL is fine then */
	for (;;) {
		struct http_data rest = {bytes + *out_used, n - *out_used};
		enum http_refusal why = HTTP_REFUSAL_NONE;
		size_t used = 0;

		if (reader->state == READER_REFUSED)
			return HTTP_STEP_REFUSED;
		if (reader->state == READER_HEAD)
			return begin_body(reader);
		if (reader->state == READER_DONE)
			return HTTP_STEP_DONE;
		if (rest.n == 0)
			return HTTP_STEP_MORE;
		if (reader->state == READER_LINE || reader->state == READER_FIELDS)
			why = read_head(reader, &rest, &used);
		else
			why = read_body(reader, &rest, &used, out_data);
		*out_used += used;
		if (why != HTTP_REFUSAL_NONE)
			return refuse(reader, why);
		if (out_data->n > 0)
			return HTTP_STEP_DATA;
	}
}

enum http_refusal http_reader_refusal(const struct http_reader *reader)
{
	return reader->refusal;
}

const struct http_view *http_reader_view(const struct http_reader *reader)
{
	assert(reader->headers);
	return &reader->view;
}

bool http_reader_is_11(const struct http_reader *reader)
{
	return reader->line.is_11;
}

bool http_reader_wants_close(const struct http_reader *reader)
{
	return reader->framing.close || !reader->line.is_11;
}

bool http_reader_expects_100(const struct http_reader *reader)
{
	return reader->framing.expects_100;
}

bool http_reader_has_body(const struct http_reader *reader)
{
	return reader->framing.chunked || reader->framing.length > 0;
}
