/* SPDX-License-Identifier: Apache-2.0 */
#include "chunks_priv.h"

#include "bytes_priv.h"

static enum http_refusal end_size(struct chunks *chunks)
{
	if (chunks->n_digits == 0)
		return HTTP_REFUSAL_CHUNK_SIZE;
	chunks->state = CHUNKS_SIZE_LF;
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal on_size(struct chunks *chunks, char byte)
{
	int digit = byte_hex(byte);

	if (digit >= 0) {
		if (++chunks->n_digits > CHUNK_SIZE_DIGITS)
			return HTTP_REFUSAL_CHUNK_SIZE;
		chunks->size = chunks->size * 16 + digit;
		if (chunks->size > chunks->max_bytes - chunks->total)
			return HTTP_REFUSAL_BODY_LENGTH;
		return HTTP_REFUSAL_NONE;
	}
	if (byte == '\r')
		return end_size(chunks);
	if (byte == '\n')
		return HTTP_REFUSAL_LINE_END;
	if (byte != ';' || chunks->n_digits == 0)
		return HTTP_REFUSAL_CHUNK_SIZE;
	chunks->state = CHUNKS_EXTENSION;
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal on_extension(struct chunks *chunks, char byte)
{
	if (byte_is(byte, BYTE_VALUE))
		return HTTP_REFUSAL_NONE;
	if (byte == '\n')
		return HTTP_REFUSAL_LINE_END;
	return byte == '\r' ? end_size(chunks) : HTTP_REFUSAL_CHUNK_LINE;
}

static enum http_refusal on_size_lf(struct chunks *chunks, char byte)
{
	if (byte != '\n')
		return HTTP_REFUSAL_LINE_END;
	chunks->total += chunks->size;
	chunks->state = chunks->size ? CHUNKS_DATA : CHUNKS_TRAILERS;
	return HTTP_REFUSAL_NONE;
}

static void begin_size(struct chunks *chunks)
{
	chunks->state = CHUNKS_SIZE;
	chunks->size = 0;
	chunks->n_digits = 0;
	chunks->n_line = 0;
}

static enum http_refusal on_data_end(struct chunks *chunks, char byte)
{
	if (chunks->state == CHUNKS_DATA_CR) {
		chunks->state = CHUNKS_DATA_LF;
		return byte == '\r' ? HTTP_REFUSAL_NONE : HTTP_REFUSAL_CHUNK_END;
	}
	begin_size(chunks);
	return byte == '\n' ? HTTP_REFUSAL_NONE : HTTP_REFUSAL_CHUNK_END;
}

/* Chunks of a byte each would cost us more than they carry, so that what is not data is
 * counted, too. */
static bool has_room_for_overhead(const struct chunks *chunks, size_t n)
{
	return chunks->overhead + (int64_t)n <=
		CHUNK_OVERHEAD_BYTES + chunks->total / CHUNK_DATA_PER_OVERHEAD;
}

/* A byte of the framing. */
static enum http_refusal on_byte(struct chunks *chunks, char byte)
{
	if (!has_room_for_overhead(chunks, 1))
		return HTTP_REFUSAL_CHUNK_OVERHEAD;
	chunks->overhead++;

	switch (chunks->state) {
	case CHUNKS_SIZE:
	case CHUNKS_EXTENSION:
		if (++chunks->n_line > CHUNK_LINE_MAX_BYTES)
			return HTTP_REFUSAL_CHUNK_LINE;
		return chunks->state == CHUNKS_SIZE ? on_size(chunks, byte)
						    : on_extension(chunks, byte);
	case CHUNKS_SIZE_LF:
		return on_size_lf(chunks, byte);
	case CHUNKS_DATA_CR:
	case CHUNKS_DATA_LF:
		return on_data_end(chunks, byte);
	case CHUNKS_DATA:
	case CHUNKS_TRAILERS:
	case CHUNKS_DONE:
		break;
	}
	__builtin_unreachable();
}

/* The line of a size as nearly everybody writes it, whole, at one go: the bytes used. 0 where
 * it is any other, or one to refuse: on_byte() has the rules. */
static size_t take_plain_size(struct chunks *chunks, const char *bytes, size_t n)
{
	int64_t size = 0;
	size_t at = 0;

	for (int digit; at < n && at < CHUNK_SIZE_DIGITS && (digit = byte_hex(bytes[at])) >= 0;
		at++)
		size = size * 16 + digit;
	if (at == 0 || n - at < 2 || bytes[at] != '\r' || bytes[at + 1] != '\n')
		return 0;
	at += 2;
	if (size > chunks->max_bytes - chunks->total || !has_room_for_overhead(chunks, at))
		return 0;
	chunks->overhead += (int64_t)at;
	chunks->total += size;
	chunks->size = size;
	chunks->state = size ? CHUNKS_DATA : CHUNKS_TRAILERS;
	return at;
}

/* What ends a chunk's data, and the next size; 0 as before. */
static size_t take_plain(struct chunks *chunks, const char *bytes, size_t n)
{
	if (chunks->state == CHUNKS_SIZE && chunks->n_line == 0)
		return take_plain_size(chunks, bytes, n);
	if (chunks->state != CHUNKS_DATA_CR || n < 2 || bytes[0] != '\r' || bytes[1] != '\n' ||
		!has_room_for_overhead(chunks, 2))
		return 0;
	chunks->overhead += 2;
	begin_size(chunks);
	return 2;
}

static void take_data(
	struct chunks *chunks, const struct http_data *in, size_t *used, struct http_data *out)
{
	size_t n = in->n - *used;

	if ((int64_t)n > chunks->size)
		n = (size_t)chunks->size;
	*out = (struct http_data){in->bytes + *used, n};
	*used += n;
	chunks->size -= (int64_t)n;
	if (chunks->size == 0)
		chunks->state = CHUNKS_DATA_CR;
}

static enum http_refusal take_trailers(
	struct chunks *chunks, const struct http_data *in, size_t *used)
{
	struct http_data rest = {in->bytes + *used, in->n - *used};
	size_t n = 0;
	enum http_refusal why = fields_feed(&chunks->trailers, &rest, &n);

	*used += n;
	if (why == HTTP_REFUSAL_NONE && chunks->trailers.state == FIELDS_DONE)
		chunks->state = CHUNKS_DONE;
	return why;
}

enum http_refusal chunks_feed(struct chunks *chunks, const struct http_data *in,
	size_t *out_used, struct http_data *out_data)
{
	*out_used = 0;
	*out_data = (struct http_data){0};
	while (*out_used < in->n && chunks->state != CHUNKS_DONE) {
		enum http_refusal why = HTTP_REFUSAL_NONE;

		if (chunks->state == CHUNKS_DATA) {
			take_data(chunks, in, out_used, out_data);
			return HTTP_REFUSAL_NONE;
		}
		size_t plain = take_plain(chunks, in->bytes + *out_used, in->n - *out_used);
		if (plain > 0)
			*out_used += plain;
		else if (chunks->state == CHUNKS_TRAILERS)
			why = take_trailers(chunks, in, out_used);
		else
			why = on_byte(chunks, in->bytes[(*out_used)++]);
		if (why != HTTP_REFUSAL_NONE)
			return why;
	}
	return HTTP_REFUSAL_NONE;
}
