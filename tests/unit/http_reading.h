/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_HTTP_READING_H
#define DORAD_TESTS_HTTP_READING_H

/*
 * Reads bytes with the request reader, and again in every other split, which must say the same.
 * What it says is kept as text, so that two readings compare with strcmp().
 */
#include "http/reader.h"

#include "tap.h"

#include <stdlib.h>

#define LIMIT 1000000 /* largest body in these tests */

struct reading {
	enum http_step end; /* MORE, DONE or REFUSED */
	enum http_refusal refusal;
	size_t used; /* bytes up to and with the end of the request */
	char *text;  /* head and body as they were understood; freed by reading_clear() */
	size_t n_text;
	size_t n_body;
	char body[256]; /* its beginning */
};

static void reading_note(struct reading *reading, const char *bytes, size_t n)
{
	reading->text = realloc(reading->text, reading->n_text + n + 1);
	memcpy(reading->text + reading->n_text, bytes, n);
	reading->n_text += n;
	reading->text[reading->n_text] = '\0';
}

static void reading_note_head(struct reading *reading, const struct http_reader *reader)
{
	const struct http_view *view = http_reader_view(reader);
	char line[256];
	int n = snprintf(line, sizeof(line), "%d %d%d%d%d %" PRId64 "\n", (int)view->method,
		http_reader_is_11(reader), http_reader_wants_close(reader),
		http_reader_expects_100(reader), http_reader_has_body(reader),
		view->content_length);

	reading_note(reading, line, (size_t)n);
	reading_note(reading, view->path, strlen(view->path) + 1);
	reading_note(reading, view->query ? view->query : "-",
		view->query ? strlen(view->query) : 1);
	for (size_t i = 0; i < view->n_headers; i++) {
		reading_note(reading, "\n", 1);
		reading_note(reading, view->headers[i].name, strlen(view->headers[i].name) + 1);
		reading_note(reading, view->headers[i].value, strlen(view->headers[i].value));
	}
	reading_note(reading, "\n", 1);
}

static void reading_note_body(struct reading *reading, const struct http_data *data)
{
	for (size_t i = 0; i < data->n && reading->n_body + i < sizeof(reading->body) - 1; i++)
		reading->body[reading->n_body + i] = data->bytes[i];
	reading->n_body += data->n;
	reading_note(reading, data->bytes, data->n);
}

/* Feeds a copy of exactly n bytes, so that a sanitizer sees a read past them. */
static void reading_feed(
	struct reading *reading, struct http_reader *reader, const char *bytes, size_t n)
{
	char *copy = malloc(n ? n : 1);
	size_t at = 0;

	memcpy(copy, bytes, n);
	do {
		size_t used;
		struct http_data data;

		reading->end = http_reader_feed(reader, copy + at, n - at, &used, &data);
		at += used;
		if (reading->end == HTTP_STEP_HEAD)
			reading_note_head(reading, reader);
		if (reading->end == HTTP_STEP_DATA)
			reading_note_body(reading, &data);
	} while (reading->end == HTTP_STEP_HEAD || reading->end == HTTP_STEP_DATA);
	reading->used += at;
	free(copy);
}

/* cuts: how many bytes each feed takes; the rest goes in one. */
static struct reading reading_split(const char *bytes, size_t n, size_t first, size_t each)
{
	struct reading reading = {0};
	struct http_reader *reader = http_reader_create(LIMIT);
	size_t at = 0;

	reading_note(&reading, "", 0);
	do {
		size_t take = at == 0 ? first : each;
		if (take > n - at)
			take = n - at;
		reading_feed(&reading, reader, bytes + at, take);
		at += take;
	} while (reading.end == HTTP_STEP_MORE && at < n);
	reading.refusal = http_reader_refusal(reader);
	http_reader_destroy(reader);
	return reading;
}

static void reading_clear(struct reading *reading)
{
	free(reading->text);
	reading->text = NULL;
}

static void reading_must_agree(const struct reading *one, struct reading other, size_t split)
{
	bool same = one->end == other.end && one->refusal == other.refusal &&
		one->n_text == other.n_text &&
		memcmp(one->text, other.text, one->n_text) == 0 &&
		(one->end != HTTP_STEP_DONE || one->used == other.used);

	if (!same)
		printf("# split at %zu: %s after %zu bytes, unsplit %s after %zu\n", split,
			http_refusal_name(other.refusal), other.used,
			http_refusal_name(one->refusal), one->used);
	CHECK(same);
	reading_clear(&other);
}

/* The caller clears it. */
static struct reading read_bytes(const char *bytes, size_t n)
{
	struct reading whole = reading_split(bytes, n, n, n);
	size_t step = n > 4096 ? n / 512 : 1;

	for (size_t first = 1; first < n; first += step)
		reading_must_agree(&whole, reading_split(bytes, n, first, n), first);
	reading_must_agree(&whole, reading_split(bytes, n, 1, 1), 1);
	reading_must_agree(&whole, reading_split(bytes, n, 7, 3), 7);
	return whole;
}

static inline void check_refused(
	const char *bytes, size_t n, enum http_refusal why, int status, const char *where)
{
	struct reading reading = read_bytes(bytes, n);

	if (reading.end != HTTP_STEP_REFUSED || reading.refusal != why ||
		http_refusal_status(why) != status) {
		tap_ok = false;
		printf("# %s: %s, want %s (%s) with %d\n", where,
			reading.end == HTTP_STEP_REFUSED ? http_refusal_name(reading.refusal)
							 : "not refused",
			http_refusal_name(why), http_refusal_rule(why), status);
	}
	reading_clear(&reading);
}

/* What comes behind it, read at one go, neither hides the refusal nor is read. */
static inline void check_refused_whatever_follows(
	const char *bytes, size_t n, enum http_refusal why, const char *where)
{
	static const char more[] = "\r\nabc\r\n0\r\n\r\n";
	char *longer = malloc(n + sizeof(more));

	memcpy(longer, bytes, n);
	memcpy(longer + n, more, sizeof(more));
	struct reading reading = reading_split(longer, n + sizeof(more), n + sizeof(more), n);
	if (reading.refusal != why || reading.used > n) {
		tap_ok = false;
		printf("# %s: with more behind: %s after %zu bytes\n", where,
			http_refusal_name(reading.refusal), reading.used);
	}
	reading_clear(&reading);
	free(longer);
}

/* The same, and one byte less is not refused. */
static inline void check_refused_at_last(
	const char *bytes, size_t n, enum http_refusal why, int status, const char *where)
{
	struct reading before = reading_split(bytes, n - 1, n - 1, n - 1);

	if (before.end != HTTP_STEP_MORE) {
		tap_ok = false;
		printf("# %s: refused before its last byte\n", where);
	}
	reading_clear(&before);
	check_refused(bytes, n, why, status, where);
	check_refused_whatever_follows(bytes, n, why, where);
}

static inline void check_taken(
	const char *bytes, size_t n, const char *body, size_t left, const char *where)
{
	struct reading reading = read_bytes(bytes, n);

	if (reading.end != HTTP_STEP_DONE || strcmp(reading.body, body) != 0 ||
		reading.used != n - left) {
		tap_ok = false;
		printf("# %s: end %d %s, body %s, %zu of %zu bytes used\n", where,
			(int)reading.end, http_refusal_name(reading.refusal), reading.body,
			reading.used, n);
	}
	reading_clear(&reading);
}

#define AT2(line) #line
#define AT1(line) AT2(line)
#define HERE __FILE__ ":" AT1(__LINE__)

/* bytes: a literal, so that it may hold NULs. The last byte must be the one that earns it. */
#define REFUSED(bytes, why, status) \
	check_refused_at_last((bytes), sizeof(bytes) - 1, (why), (status), HERE)
#define TAKEN(bytes, body) check_taken((bytes), sizeof(bytes) - 1, (body), 0, HERE)
#define TAKEN_BUT(bytes, body, left) \
	check_taken((bytes), sizeof(bytes) - 1, (body), (left), HERE)

#endif
