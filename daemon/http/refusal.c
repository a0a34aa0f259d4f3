/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reader.h"

#include <assert.h>

static const struct {
	int status;
	const char *name;
	const char *rule;
} refusals[HTTP_REFUSAL_N] = {
	[HTTP_REFUSAL_NONE] = {200, "none", "-"},
	[HTTP_REFUSAL_METHOD] = {400, "method", "RFC 9110 section 9.1"},
	[HTTP_REFUSAL_TARGET] = {400, "target", "RFC 9112 section 3.2.1"},
	[HTTP_REFUSAL_TARGET_LENGTH] = {414, "target_length", "RFC 9112 section 3"},
	[HTTP_REFUSAL_LINE] = {400, "request_line", "RFC 9112 section 3"},
	[HTTP_REFUSAL_VERSION] = {505, "version", "RFC 9112 section 2.3"},
	[HTTP_REFUSAL_LINE_END] = {400, "line_end", "RFC 9112 section 2.2"},
	[HTTP_REFUSAL_FIELD_NAME] = {400, "field_name", "RFC 9112 section 5.1"},
	[HTTP_REFUSAL_FIELD_FOLD] = {400, "field_fold", "RFC 9112 section 5.2"},
	[HTTP_REFUSAL_FIELD_VALUE] = {400, "field_value", "RFC 9110 section 5.5"},
	[HTTP_REFUSAL_FIELDS_LENGTH] = {431, "fields_length", "RFC 6585 section 5"},
	[HTTP_REFUSAL_FIELDS_COUNT] = {431, "fields_count", "RFC 6585 section 5"},
	[HTTP_REFUSAL_HOST] = {400, "host", "RFC 9112 section 3.2"},
	[HTTP_REFUSAL_LENGTH_VALUE] = {400, "length_value", "RFC 9110 section 8.6"},
	[HTTP_REFUSAL_LENGTH_REPEATED] = {400, "length_repeated", "RFC 9112 section 6.3"},
	[HTTP_REFUSAL_LENGTH_AND_CODING] = {400, "length_and_coding", "RFC 9112 section 6.1"},
	[HTTP_REFUSAL_CODING] = {400, "coding", "RFC 9112 section 6.1"},
	[HTTP_REFUSAL_NO_LENGTH] = {411, "no_length", "RFC 9110 section 15.5.12"},
	[HTTP_REFUSAL_BODY_LENGTH] = {413, "body_length", "RFC 9110 section 15.5.14"},
	[HTTP_REFUSAL_ENCODING] = {415, "encoding", "RFC 9110 section 8.4"},
	[HTTP_REFUSAL_EXPECT] = {417, "expect", "RFC 9110 section 10.1.1"},
	[HTTP_REFUSAL_CHUNK_SIZE] = {400, "chunk_size", "RFC 9112 section 7.1"},
	[HTTP_REFUSAL_CHUNK_LINE] = {400, "chunk_line", "RFC 9112 section 7.1.1"},
	[HTTP_REFUSAL_CHUNK_END] = {400, "chunk_end", "RFC 9112 section 7.1"},
	[HTTP_REFUSAL_CHUNK_OVERHEAD] = {400, "chunk_overhead", "RFC 9112 section 7.1.1"},
	[HTTP_REFUSAL_TRAILER] = {400, "trailer", "RFC 9110 section 6.5.1"},
};

int http_refusal_status(enum http_refusal why)
{
	assert(why < HTTP_REFUSAL_N);
	return refusals[why].status;
}

const char *http_refusal_name(enum http_refusal why)
{
	assert(why < HTTP_REFUSAL_N);
	return refusals[why].name;
}

const char *http_refusal_rule(enum http_refusal why)
{
	assert(why < HTTP_REFUSAL_N);
	return refusals[why].rule;
}
