/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes_priv.h"
#include "head_priv.h"

#include <string.h>

/* Each step is given at least one byte and says in *used how many it took; one that changes
 * the state without taking any is followed by another. */
typedef enum http_refusal step(
	struct line *line, struct text *text, const struct http_data *in, size_t *used);

static const char protocol[] = "HTTP/";

static enum http_method method_of(const char *text)
{
	if (strcmp(text, "GET") == 0)
		return HTTP_GET;
	if (strcmp(text, "HEAD") == 0)
		return HTTP_HEAD;
	if (strcmp(text, "POST") == 0)
		return HTTP_POST;
	if (strcmp(text, "OPTIONS") == 0)
		return HTTP_OPTIONS;
	return HTTP_OTHER;
}

static enum http_refusal on_method(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	(void)text;
	*used = 1;
	if (in->bytes[0] == ' ' && line->at > 0) {
		line->method = method_of(line->method_text);
		line->state = LINE_TARGET;
		return HTTP_REFUSAL_NONE;
	}
	if (!byte_is(in->bytes[0], BYTE_TOKEN) || line->at == METHOD_MAX_BYTES)
		return HTTP_REFUSAL_METHOD;
	line->method_text[line->at++] = in->bytes[0];
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal on_target(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	*used = 1;
	if (in->bytes[0] != '/')
		return HTTP_REFUSAL_TARGET;
	text_append(text, in->bytes, 1);
	line->state = LINE_PATH;
	return HTTP_REFUSAL_NONE;
}

static void end_target(struct line *line, struct text *text)
{
	text_append(text, "", 1);
	line->at = 0;
	line->state = LINE_PROTOCOL;
}

static enum http_refusal on_path(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	size_t n = bytes_span(in->bytes, in->n, BYTE_PATH);

	text_append(text, in->bytes, n);
	*used = n;
	if (n == in->n)
		return HTTP_REFUSAL_NONE;
	*used = n + 1;
	if (in->bytes[n] == ' ') {
		end_target(line, text);
	} else if (in->bytes[n] == '?') {
		text_append(text, "", 1);
		line->query = (uint16_t)text->n;
		line->state = LINE_QUERY;
	} else {
		return HTTP_REFUSAL_TARGET;
	}
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal on_query(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	size_t n = bytes_span(in->bytes, in->n, BYTE_QUERY);

	text_append(text, in->bytes, n);
	*used = n;
	if (n == in->n)
		return HTTP_REFUSAL_NONE;
	*used = n + 1;
	if (in->bytes[n] != ' ')
		return HTTP_REFUSAL_TARGET;
	end_target(line, text);
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal on_protocol(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	(void)text;
	*used = 1;
	if (in->bytes[0] != protocol[line->at])
		return HTTP_REFUSAL_LINE;
	if (++line->at == sizeof(protocol) - 1)
		line->state = LINE_MAJOR;
	return HTTP_REFUSAL_NONE;
}

/* A digit that is not ours is another version; anything else is no request line. */
static enum http_refusal want(struct line *line, char byte, char wanted, enum line_state next)
{
	if (byte == wanted) {
		line->state = next;
		return HTTP_REFUSAL_NONE;
	}
	if (byte == '\n')
		return HTTP_REFUSAL_LINE_END;
	return byte_is(byte, BYTE_DIGIT) ? HTTP_REFUSAL_VERSION : HTTP_REFUSAL_LINE;
}

static enum http_refusal on_version(
	struct line *line, struct text *text, const struct http_data *in, size_t *used)
{
	char byte = in->bytes[0];

	(void)text;
	*used = 1;
	switch (line->state) {
	case LINE_MAJOR:
		return want(line, byte, '1', LINE_DOT);
	case LINE_DOT:
		return want(line, byte, '.', LINE_MINOR);
	case LINE_MINOR:
		line->is_11 = byte == '1';
		return want(line, byte, line->is_11 ? '1' : '0', LINE_CR);
	case LINE_CR:
		return want(line, byte, '\r', LINE_LF);
	case LINE_LF:
		if (byte != '\n')
			return HTTP_REFUSAL_LINE_END;
		line->state = LINE_DONE;
		return HTTP_REFUSAL_NONE;
	case LINE_METHOD:
	case LINE_TARGET:
	case LINE_PATH:
	case LINE_QUERY:
	case LINE_PROTOCOL:
	case LINE_DONE:
		break;
	}
	__builtin_unreachable();
}

enum http_refusal line_feed(
	struct line *line, struct text *text, const struct http_data *in, size_t *out_used)
{
	static step *const steps[] = {
		[LINE_METHOD] = on_method,
		[LINE_TARGET] = on_target,
		[LINE_PATH] = on_path,
		[LINE_QUERY] = on_query,
		[LINE_PROTOCOL] = on_protocol,
		[LINE_MAJOR] = on_version,
		[LINE_DOT] = on_version,
		[LINE_MINOR] = on_version,
		[LINE_CR] = on_version,
		[LINE_LF] = on_version,
	};

	*out_used = 0;
	while (*out_used < in->n && line->state != LINE_DONE) {
		struct http_data rest = {in->bytes + *out_used, in->n - *out_used};
		size_t room = LINE_MAX_BYTES - line->n_bytes;
		size_t used = 0;

		if (room == 0)
			return HTTP_REFUSAL_TARGET_LENGTH;
		if (rest.n > room)
			rest.n = room;
		enum http_refusal why = steps[line->state](line, text, &rest, &used);
		if (why != HTTP_REFUSAL_NONE)
			return why;
		*out_used += used;
		line->n_bytes += used;
	}
	return HTTP_REFUSAL_NONE;
}
