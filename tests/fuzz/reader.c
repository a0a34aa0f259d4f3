/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reader.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <string.h>

/*
 * The request reader. The first two bytes say how the rest is split. However it is, the result
 * is the same; a request is complete with its last byte and not before; what was understood,
 * written down again, is understood the same.
 */
#define LIMIT 100000

struct result {
	enum http_step end;
	enum http_refusal refusal;
	size_t used;
	char *body;
	size_t n_body;
	struct http_reader *reader; /* for the view */
	bool has_head;
};

static void add_body(struct result *result, const struct http_data *data)
{
	result->body = xrealloc(result->body, result->n_body + data->n);
	memcpy(result->body + result->n_body, data->bytes, data->n);
	result->n_body += data->n;
}

/* Pieces of `first` bytes and then of `each`. */
static struct result read_split(const char *bytes, size_t n, size_t first, size_t each)
{
	struct result result = {.reader = http_reader_create(LIMIT), .body = xmalloc(1)};
	size_t end = first < n ? first : n;

	for (;;) {
		struct http_data data;
		size_t used;

		result.end = http_reader_feed(
			result.reader, bytes + result.used, end - result.used, &used, &data);
		result.used += used;
		FUZZ_WANT(result.used <= end);
		if (result.end == HTTP_STEP_HEAD)
			result.has_head = true;
		else if (result.end == HTTP_STEP_DATA)
			add_body(&result, &data);
		else if (result.end != HTTP_STEP_MORE || end == n)
			break;
		else
			end = n - end > each ? end + each : n;
	}
	result.refusal = http_reader_refusal(result.reader);
	return result;
}

static void clear(struct result *result)
{
	http_reader_destroy(result->reader);
	free(result->body);
}

static bool same_view(const struct http_view *one, const struct http_view *other)
{
	bool same = one->method == other->method && strcmp(one->path, other->path) == 0 &&
		!one->query == !other->query && one->n_headers == other->n_headers;

	if (same && one->query)
		same = strcmp(one->query, other->query) == 0;
	for (size_t i = 0; same && i < one->n_headers; i++)
		same = strcmp(one->headers[i].name, other->headers[i].name) == 0 &&
			strcmp(one->headers[i].value, other->headers[i].value) == 0;
	return same;
}

static void want_same(const struct result *one, const struct result *other)
{
	FUZZ_WANT(one->end == other->end);
	FUZZ_WANT(one->refusal == other->refusal);
	FUZZ_WANT(one->n_body == other->n_body);
	FUZZ_WANT(memcmp(one->body, other->body, one->n_body) == 0);
	FUZZ_WANT(one->has_head == other->has_head);
	if (one->has_head)
		FUZZ_WANT(same_view(
			http_reader_view(one->reader), http_reader_view(other->reader)));
	if (one->end == HTTP_STEP_DONE)
		FUZZ_WANT(one->used == other->used);
}

static bool is_lower_token(const char *name)
{
	for (const char *p = name; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || (*p >= 'A' && *p <= 'Z') || *p == ':')
			return false;
	}
	return *name != '\0';
}

static void check_view(const struct result *result)
{
	const struct http_view *view = http_reader_view(result->reader);
	size_t n_hosts = 0;
	size_t n_lengths = 0;
	size_t n_codings = 0;

	FUZZ_WANT(view->path[0] == '/' && !strpbrk(view->path, "?# \r\n"));
	for (size_t i = 0; i < view->n_headers; i++) {
		const char *value = view->headers[i].value;

		FUZZ_WANT(is_lower_token(view->headers[i].name));
		FUZZ_WANT(!strpbrk(value, "\r\n") && *value != ' ' && *value != '\t');
		n_hosts += strcmp(view->headers[i].name, "host") == 0;
		n_lengths += strcmp(view->headers[i].name, "content-length") == 0;
		n_codings += strcmp(view->headers[i].name, "transfer-encoding") == 0;
	}
	FUZZ_WANT(n_hosts == 1 && n_lengths + n_codings <= 1);
	FUZZ_WANT((view->content_length >= 0) == (n_lengths == 1));
	FUZZ_WANT(view->content_length <= LIMIT && result->n_body <= LIMIT);
	if (result->end == HTTP_STEP_DONE && n_codings == 0)
		FUZZ_WANT((int64_t)result->n_body ==
			(view->content_length < 0 ? 0 : view->content_length));
}

/* The request in one form: a method of one's own for those that are not told apart, a length
 * in place of chunks. */
static void check_written(const struct result *result)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PUT"};
	const struct http_view *view = http_reader_view(result->reader);
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);

	FUZZ_WANT(out != NULL);
	(void)fprintf(out, "%s %s%s%s HTTP/1.%d\r\n", methods[view->method], view->path,
		view->query ? "?" : "", view->query ? view->query : "",
		http_reader_is_11(result->reader));
	for (size_t i = 0; i < view->n_headers; i++) {
		if (strcmp(view->headers[i].name, "transfer-encoding") == 0)
			(void)fprintf(out, "content-length:%zu\r\n", result->n_body);
		else
			(void)fprintf(out, "%s:%s\r\n", view->headers[i].name,
				view->headers[i].value);
	}
	(void)fprintf(out, "\r\n");
	(void)fwrite(result->body, 1, result->n_body, out);
	(void)fclose(out);

	struct result again = read_split(bytes, n, n, n);
	FUZZ_WANT(again.end == HTTP_STEP_DONE && again.used == n);
	FUZZ_WANT(again.n_body == result->n_body);
	FUZZ_WANT(memcmp(again.body, result->body, again.n_body) == 0);
	FUZZ_WANT(http_reader_view(again.reader)->n_headers == view->n_headers);
	clear(&again);
	free(bytes);
}

/* A byte less than what it takes is not enough, and a refusal comes with its byte. */
static void check_last_byte(const char *bytes, const struct result *whole)
{
	struct result last = read_split(bytes, whole->used, whole->used, 1);
	struct result before = read_split(bytes, whole->used - 1, whole->used, 1);

	want_same(whole, &last);
	FUZZ_WANT(before.end == HTTP_STEP_MORE);
	clear(&last);
	clear(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	if (n < 2)
		return 0;

	const char *bytes = (const char *)input + 2;
	n -= 2;
	struct result whole = read_split(bytes, n, n, n);
	struct result split = read_split(bytes, n, input[0], (size_t)input[1] + 1);
	struct result single = read_split(bytes, n, 1, 1);

	want_same(&whole, &split);
	want_same(&whole, &single);
	if (whole.has_head)
		check_view(&whole);
	if (whole.end == HTTP_STEP_DONE) {
		check_written(&whole);
		check_last_byte(bytes, &whole);
	}
	clear(&whole);
	clear(&split);
	clear(&single);
	return 0;
}
