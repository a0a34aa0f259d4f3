/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_READER_H
#define DORAD_HTTP_READER_H

#include "http/http.h"

/*
 * One request, read from bytes as they come. Pure: no I/O, no clock. The same bytes give the
 * same result however they are split, and a refusal comes with the first byte that earns it.
 *
 * It accepts METHOD SP origin-form SP HTTP/1.[01] CRLF, fields and a body, and nothing else
 * that RFC 9112 leaves to a server's leniency: where two readers could disagree on where a
 * request ends, the request is refused and nothing after it is read.
 */

/* Why a request was refused: its status, its word for a metric label and the rule's source are
 * in one table (daemon/http/refusal.c). */
enum http_refusal {
	HTTP_REFUSAL_NONE,
	HTTP_REFUSAL_METHOD,            /* not a token, or longer than 32 bytes */
	HTTP_REFUSAL_TARGET,            /* not origin-form */
	HTTP_REFUSAL_TARGET_LENGTH,     /* request line over 8 KiB */
	HTTP_REFUSAL_LINE,              /* not METHOD SP target SP HTTP/ */
	HTTP_REFUSAL_VERSION,           /* not HTTP/1.0 or HTTP/1.1 */
	HTTP_REFUSAL_LINE_END,          /* a bare CR or LF */
	HTTP_REFUSAL_FIELD_NAME,        /* not a token directly followed by a colon */
	HTTP_REFUSAL_FIELD_FOLD,        /* a line that begins with a space or tab */
	HTTP_REFUSAL_FIELD_VALUE,       /* NUL or another control byte */
	HTTP_REFUSAL_FIELDS_LENGTH,     /* over 32 KiB */
	HTTP_REFUSAL_FIELDS_COUNT,      /* over 100 */
	HTTP_REFUSAL_HOST,              /* none, two, or not a host */
	HTTP_REFUSAL_LENGTH_VALUE,      /* Content-Length: not digits only */
	HTTP_REFUSAL_LENGTH_REPEATED,   /* two of them, even when they agree */
	HTTP_REFUSAL_LENGTH_AND_CODING, /* Content-Length beside Transfer-Encoding */
	HTTP_REFUSAL_CODING,         /* Transfer-Encoding: not exactly chunked, or HTTP/1.0 */
	HTTP_REFUSAL_NO_LENGTH,      /* a POST with neither */
	HTTP_REFUSAL_BODY_LENGTH,    /* over the limit */
	HTTP_REFUSAL_ENCODING,       /* Content-Encoding: not identity */
	HTTP_REFUSAL_EXPECT,         /* Expect: not 100-continue */
	HTTP_REFUSAL_CHUNK_SIZE,     /* not 1 to 8 hex digits */
	HTTP_REFUSAL_CHUNK_LINE,     /* its line over 256 bytes, or a control byte in it */
	HTTP_REFUSAL_CHUNK_END,      /* no CRLF after a chunk's data */
	HTTP_REFUSAL_CHUNK_OVERHEAD, /* much more framing than the data needs */
	HTTP_REFUSAL_TRAILER,        /* one that says how long a message is, or whose */
	HTTP_REFUSAL_N,
};

int http_refusal_status(enum http_refusal why);
const char *http_refusal_name(enum http_refusal why);
const char *http_refusal_rule(enum http_refusal why); /* "RFC 9112 section 6.3" */

enum http_step {
	HTTP_STEP_MORE,    /* all bytes are used; want more */
	HTTP_STEP_HEAD,    /* fields are complete: see the view; feed on for the body */
	HTTP_STEP_DATA,    /* some bytes of the body, in *out_data: a part of what was fed */
	HTTP_STEP_DONE,    /* complete; what is left of the bytes is the next request's */
	HTTP_STEP_REFUSED, /* http_reader_refusal() says why; every further feed says so again
			    */
};

struct http_data {
	const char *bytes;
	size_t n;
};

struct http_reader;

struct http_reader *http_reader_create(int64_t max_body_bytes);
/* Wipes: a head may hold credentials. NULL is fine. */
void http_reader_destroy(struct http_reader *reader);

/* Bytes that it holds beyond what every request takes, however small (two KiB). */
size_t http_reader_memory(const struct http_reader *reader);

/* Reads on until there is something to say; *out_used is how many bytes that took. */
enum http_step http_reader_feed(struct http_reader *reader, const char *bytes, size_t n,
	size_t *out_used, struct http_data *out_data);

enum http_refusal http_reader_refusal(const struct http_reader *reader);

/* From HTTP_STEP_HEAD on: method, path, query, headers and content_length are filled in. */
const struct http_view *http_reader_view(const struct http_reader *reader);

bool http_reader_is_11(const struct http_reader *reader);       /* HTTP/1.1 */
bool http_reader_wants_close(const struct http_reader *reader); /* Connection: close, or 1.0 */
bool http_reader_expects_100(const struct http_reader *reader);
bool http_reader_has_body(const struct http_reader *reader); /* chunked, or a length over 0 */

#endif
