/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes_priv.h"
#include "head_priv.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 19

/*
 * What each field may be. `word`: its one value, in any case of letters. `why`: the refusal of
 * any other. `heads_only`: a trailer may not be it.
 */
static const struct {
	const char *name;
	const char *word;
	enum http_refusal why;
	bool heads_only;
} rules[] = {
	[FIELD_OTHER] = {NULL, NULL, HTTP_REFUSAL_NONE, false},
	[FIELD_CONNECTION] = {"connection", NULL, HTTP_REFUSAL_NONE, false},
	[FIELD_CONTENT_ENCODING] = {"content-encoding", "identity", HTTP_REFUSAL_ENCODING,
		false},
	[FIELD_CONTENT_LENGTH] = {"content-length", NULL, HTTP_REFUSAL_LENGTH_VALUE, true},
	[FIELD_EXPECT] = {"expect", "100-continue", HTTP_REFUSAL_EXPECT, false},
	[FIELD_HOST] = {"host", NULL, HTTP_REFUSAL_HOST, true},
	[FIELD_TRANSFER_ENCODING] = {"transfer-encoding", "chunked", HTTP_REFUSAL_CODING, true},
};

bool framing_may_trail(const char *name)
{
	for (int kind = FIELD_CONNECTION; kind <= FIELD_TRANSFER_ENCODING; kind++) {
		if (strcmp(rules[kind].name, name) == 0)
			return !rules[kind].heads_only;
	}
	return true;
}

enum field_kind framing_kind(const struct framing *framing, const char *name)
{
	for (int kind = FIELD_CONNECTION; kind <= FIELD_TRANSFER_ENCODING; kind++) {
		if (*rules[kind].name != *name || strcmp(rules[kind].name, name) != 0)
			continue;
		/* An expectation from HTTP/1.0 is ignored (RFC 9110 section 10.1.1). */
		return kind == FIELD_EXPECT && !framing->is_11 ? FIELD_OTHER
							       : (enum field_kind)kind;
	}
	return FIELD_OTHER;
}

enum http_refusal framing_begin(struct framing *framing, enum field_kind kind)
{
	framing->at = 0;
	framing->ended = false;
	switch (kind) {
	case FIELD_HOST:
		if (framing->has_host)
			return HTTP_REFUSAL_HOST;
		framing->has_host = true;
		return HTTP_REFUSAL_NONE;
	case FIELD_CONTENT_LENGTH:
		if (framing->has_length)
			return HTTP_REFUSAL_LENGTH_REPEATED;
		if (framing->chunked)
			return HTTP_REFUSAL_LENGTH_AND_CODING;
		framing->has_length = true;
		return HTTP_REFUSAL_NONE;
	case FIELD_TRANSFER_ENCODING:
		if (framing->has_length)
			return HTTP_REFUSAL_LENGTH_AND_CODING;
		/* HTTP/1.0 knows none (RFC 9112 section 6.1): its framing is faulty. */
		if (framing->chunked || !framing->is_11)
			return HTTP_REFUSAL_CODING;
		framing->chunked = true;
		return HTTP_REFUSAL_NONE;
	case FIELD_OTHER:
	case FIELD_CONNECTION:
	case FIELD_CONTENT_ENCODING:
	case FIELD_EXPECT:
		return HTTP_REFUSAL_NONE;
	}
	__builtin_unreachable();
}

static enum http_refusal add_digit(struct framing *framing, char byte)
{
	if (!byte_is(byte, BYTE_DIGIT) || framing->at >= LENGTH_DIGITS)
		return HTTP_REFUSAL_LENGTH_VALUE;
	framing->length = framing->length * 10 + (byte - '0');
	if (framing->length > framing->max_body_bytes)
		return HTTP_REFUSAL_BODY_LENGTH;
	return HTTP_REFUSAL_NONE;
}

static enum http_refusal add(struct framing *framing, enum field_kind kind, char byte)
{
	if (byte == ' ' || byte == '\t') {
		framing->ended = true;
		return HTTP_REFUSAL_NONE;
	}
	if (framing->ended)
		return rules[kind].why;
	if (kind == FIELD_CONTENT_LENGTH) {
		enum http_refusal why = add_digit(framing, byte);
		if (why != HTTP_REFUSAL_NONE)
			return why;
	} else if (kind == FIELD_HOST) {
		if (!byte_is(byte, BYTE_HOST))
			return HTTP_REFUSAL_HOST;
	} else if (rules[kind].word[framing->at] != byte_lower(byte)) {
		return rules[kind].why;
	}
	framing->at++;
	return HTTP_REFUSAL_NONE;
}

enum http_refusal framing_bytes(
	struct framing *framing, enum field_kind kind, const char *bytes, size_t n)
{
	if (kind == FIELD_CONNECTION)
		return HTTP_REFUSAL_NONE;

	for (size_t i = 0; i < n; i++) {
		enum http_refusal why = add(framing, kind, bytes[i]);
		if (why != HTTP_REFUSAL_NONE)
			return why;
	}
	return HTTP_REFUSAL_NONE;
}

/* Connection is a list of options (RFC 9110 section 7.6.1); one of them concerns us. */
static bool lists_close(const char *value)
{
	while (*value) {
		size_t n = strcspn(value, ", \t");

		if (n == strlen("close") && strncasecmp(value, "close", n) == 0)
			return true;
		value += n;
		value += strspn(value, ", \t");
	}
	return false;
}

enum http_refusal framing_end(struct framing *framing, enum field_kind kind, const char *value)
{
	if (kind == FIELD_OTHER)
		return HTTP_REFUSAL_NONE;
	if (kind == FIELD_CONNECTION) {
		framing->close = framing->close || lists_close(value);
		return HTTP_REFUSAL_NONE;
	}
	if (framing->at == 0)
		return rules[kind].why;
	if (rules[kind].word && rules[kind].word[framing->at])
		return rules[kind].why; /* a part of the word */
	if (kind == FIELD_EXPECT)
		framing->expects_100 = true;
	return HTTP_REFUSAL_NONE;
}
