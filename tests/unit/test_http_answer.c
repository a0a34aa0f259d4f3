/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_priv.h"
#include "body_priv.h"

#include "base/cleanup.h"
#include "http/stats.h"
#include "tap.h"

#include <stdlib.h>

#define AT 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110 section 5.6.7 */

static const char *formatted(const struct http_answer *answer, bool head, bool keep_alive)
{
	static char text[1024];
	char *bytes;
	size_t n = answer_format(answer, head, keep_alive, AT, &bytes);

	CHECK(n < sizeof(text));
	memcpy(text, bytes, n);
	text[n] = '\0';
	free(bytes);
	return text;
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

static void an_answer_has_its_date_length_and_end(void)
{
	struct http_header headers[] = {{"ETag", "\"a\""}, {"X", "y\tz"}};
	struct http_answer answer = {.status = 200,
		.content_type = "text/html",
		.headers = headers,
		.n_headers = 2,
		.body = "hello",
		.n_body = 5};

	CHECK_STR(formatted(&answer, false, false),
		"HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/html\r\nContent-Length: 5\r\n"
		"ETag: \"a\"\r\nX: y\tz\r\nConnection: close\r\n\r\nhello");
	CHECK_STR(formatted(&answer, true, true),
		"HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/html\r\nContent-Length: 5\r\n"
		"ETag: \"a\"\r\nX: y\tz\r\n\r\n");
}

static void an_answer_without_a_body_says_so(void)
{
	struct http_answer answer = {.status = 404};

	CHECK_STR(formatted(&answer, false, true),
		"HTTP/1.1 404 Not Found\r\n" DATE "Content-Length: 0\r\n\r\n");
	answer.status = 204;
	CHECK_STR(formatted(&answer, false, true), "HTTP/1.1 204 No Content\r\n" DATE "\r\n");
	answer.status = 304;
	CHECK_STR(formatted(&answer, false, true), "HTTP/1.1 304 Not Modified\r\n" DATE "\r\n");
	answer.body = "page";
	answer.n_body = 4;
	CHECK_STR(formatted(&answer, false, true),
		"HTTP/1.1 304 Not Modified\r\n" DATE
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\n");
	answer.status = 299;
	CHECK(strncmp(formatted(&answer, false, true), "HTTP/1.1 299 -\r\n", 16) == 0);
}

static void a_header_that_would_make_others_is_left_out(void)
{
	struct http_header headers[] = {
		{"Location", "/\r\nSet-Cookie: x"}, {"A\n", "b"}, {"B", "\r"}, {"C", "d"}};
	struct http_answer answer = {
		.status = 302, .headers = headers, .n_headers = ARRAY_LEN(headers)};

	CHECK_STR(formatted(&answer, false, true),
		"HTTP/1.1 302 Found\r\n" DATE "Content-Length: 0\r\nC: d\r\n\r\n");
}

static void every_end_of_a_connection_has_a_name(void)
{
	for (int i = 0; i < HTTP_CLOSE_N; i++)
		CHECK(strlen(http_close_name((enum http_close)i)) > 0);
}

/* A body that comes in pieces, and whether all of it is there at the end. */
static void check_body(size_t n, int64_t announced, size_t each)
{
	struct body body = BODY_EMPTY;
	struct error err = {0};
	char *sent = malloc(n);

	for (size_t i = 0; i < n; i++)
		sent[i] = (char)(i * 7 + i / 251);
	for (size_t at = 0; at < n; at += each) {
		size_t piece = n - at < each ? n - at : each;

		CHECK(body_append(&body, sent + at, piece, announced, "/var/tmp", &err));
		CHECK(body_memory(&body) <= BODY_MEMORY_BYTES);
		CHECK(body_memory(&body) + body_file(&body) >= body.n);
	}
	CHECK(body_finish(&body, "/var/tmp", &err));
	CHECK_INT(body_memory(&body), body_file(&body) ? 0 : body.size);
	CHECK_INT(body.n, n);
	CHECK(memcmp(body.bytes, sent, n) == 0);
	body_rest(&body);
	CHECK(memcmp(body.bytes, sent, n) == 0);
	CHECK_STR(err.text, "");
	body_clear(&body);
	CHECK(body.bytes == NULL);
	free(sent);
}

static void a_body_is_whole_whether_in_memory_or_in_a_file(void)
{
	static const size_t sizes[] = {1, 4096, 4097, BODY_MEMORY_BYTES - 1, BODY_MEMORY_BYTES,
		BODY_MEMORY_BYTES + 1, 2000000};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		check_body(sizes[i], (int64_t)sizes[i], 100000);
		check_body(sizes[i], -1, BODY_MEMORY_BYTES);
		check_body(sizes[i], -1, BODY_MEMORY_BYTES / 3);
		check_body(sizes[i], -1, 77);
	}
}

static void memory_follows_what_came_not_what_was_announced(void)
{
	struct body body = BODY_EMPTY;

	CHECK(body_append(&body, "x", 1, 200000, "/var/tmp", NULL));
	CHECK(body_memory(&body) <= 4096);
	body_clear(&body);
}

static void a_folder_that_takes_no_file_is_named(void)
{
	static char piece[BODY_MEMORY_BYTES];
	struct body body = BODY_EMPTY;
	struct error err = {0};

	CHECK(body_append(&body, piece, sizeof(piece), -1, "/nowhere", &err));
	CHECK(!body_append(&body, piece, 1, -1, "/nowhere", &err));
	CHECK(strstr(err.text, "/nowhere: open: No such file or directory") != NULL);
	body_clear(&body);
}

int main(void)
{
	RUN(an_answer_has_its_date_length_and_end);
	RUN(an_answer_without_a_body_says_so);
	RUN(a_header_that_would_make_others_is_left_out);
	RUN(every_end_of_a_connection_has_a_name);
	RUN(a_body_is_whole_whether_in_memory_or_in_a_file);
	RUN(memory_follows_what_came_not_what_was_announced);
	RUN(a_folder_that_takes_no_file_is_named);
	return tap_done();
}
