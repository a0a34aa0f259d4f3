/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_HEAD_PRIV_H
#define DORAD_HTTP_HEAD_PRIV_H

#include "http/reader.h"

/*
 * The machines that the reader is made of: request line, fields, what some fields say of the
 * body, chunks. Each is fed bytes, uses some of them (*out_used) and keeps its place. Zeroed is
 * the beginning of each.
 */
#define LINE_MAX_BYTES 8192
#define FIELDS_MAX_BYTES 32768
#define FIELDS_MAX 100
#define FIELDS_TRAILER_NAME 20
#define METHOD_MAX_BYTES 32

/* What is kept of the head, each piece NUL-terminated; pieces are known by their offset.
 * Offsets fit 16 bits: the limits above, and a NUL for each piece, stay below 64 KiB. */
struct text {
	char *bytes;
	size_t n;
	size_t size;
};

void text_append(struct text *text, const char *bytes, size_t n);

enum line_state {
	LINE_METHOD,
	LINE_TARGET, /* first byte: must be / */
	LINE_PATH,
	LINE_QUERY,
	LINE_PROTOCOL, /* HTTP/ */
	LINE_MAJOR,
	LINE_DOT,
	LINE_MINOR,
	LINE_CR,
	LINE_LF,
	LINE_DONE,
};

struct line {
	enum line_state state;
	size_t n_bytes;
	size_t at; /* in the method, or in HTTP/ */
	char method_text[METHOD_MAX_BYTES + 1];
	enum http_method method;
	bool is_11;
	uint16_t query; /* offset in the text; 0: none. The path is at 0. */
};

enum http_refusal line_feed(
	struct line *line, struct text *text, const struct http_data *in, size_t *out_used);

enum field_kind {
	FIELD_OTHER,
	FIELD_CONNECTION,
	FIELD_CONTENT_ENCODING,
	FIELD_CONTENT_LENGTH,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_TRANSFER_ENCODING,
};

/* What the fields say of the message. */
struct framing {
	int64_t max_body_bytes;
	bool is_11;
	bool has_host;
	bool has_length;
	bool chunked;
	bool expects_100;
	bool close;
	int64_t length;
	size_t at;  /* bytes of the value being read, less white space */
	bool ended; /* white space came: nothing else may */
};

enum field_kind framing_kind(const struct framing *framing, const char *name);
/* Whether it may stand in a trailer, where it is dropped. What is of the framing may not: some
 * readers (Node 18) add a trailer's Content-Length to that of the next request. */
bool framing_may_trail(const char *name);
/* A field of this kind begins; the next bytes of its value; its end, white space trimmed. */
enum http_refusal framing_begin(struct framing *framing, enum field_kind kind);
enum http_refusal framing_bytes(
	struct framing *framing, enum field_kind kind, const char *bytes, size_t n);
enum http_refusal framing_end(struct framing *framing, enum field_kind kind, const char *value);

enum fields_state {
	FIELDS_START, /* at the first byte of a line */
	FIELDS_NAME,
	FIELDS_BEFORE, /* white space before the value */
	FIELDS_VALUE,
	FIELDS_LF,     /* after a field's CR */
	FIELDS_END_LF, /* after the empty line's CR */
	FIELDS_DONE,
};

struct field {
	uint16_t name; /* offsets in the text */
	uint16_t value;
};

struct fields {
	enum fields_state state;
	size_t n_bytes;
	size_t n;
	enum field_kind kind; /* of the one being read */
	struct text *text;    /* NULL: trailers, which are checked and dropped */
	char trailer_name[FIELDS_TRAILER_NAME + 1]; /* its beginning */
	struct field *items;                        /* room for FIELDS_MAX; NULL with text */
	struct framing *framing;
};

enum http_refusal fields_feed(
	struct fields *fields, const struct http_data *in, size_t *out_used);

#endif
