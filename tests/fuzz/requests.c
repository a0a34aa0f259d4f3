/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the request reader makes of connections, for the differential test. Reads from standard
 * input: four bytes of length (big endian) and as many bytes, the whole of a connection, again
 * and again. Writes a line of JSON for each: {"requests": [[target, method class, body in hex],
 * ...], "end": "more", "close", or the name of the refusal}.
 */
#include "http/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 100000

static void print_json(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

static void print_hex(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", (unsigned char)bytes[i]);
}

struct body {
	char bytes[LIMIT];
	size_t n;
};

/* One request; how many bytes it took, 0: it did not end well, and *end says why. */
static size_t read_one(const char *bytes, size_t n, bool first, const char **end)
{
	static struct body body;
	struct http_reader *reader = http_reader_create(LIMIT);
	enum http_step step;
	size_t at = 0;

	body.n = 0;
	do {
		struct http_data data;
		size_t used;

		step = http_reader_feed(reader, bytes + at, n - at, &used, &data);
		at += used;
		memcpy(body.bytes + body.n, data.n ? data.bytes : "", data.n);
		body.n += data.n;
	} while (step == HTTP_STEP_HEAD || step == HTTP_STEP_DATA);

	if (step == HTTP_STEP_DONE) {
		const struct http_view *view = http_reader_view(reader);

		printf("%s[\"", first ? "" : ", ");
		print_json(view->path);
		if (view->query) {
			(void)putchar('?');
			print_json(view->query);
		}
		printf("\", %d, \"", (int)view->method);
		print_hex(body.bytes, body.n);
		printf("\"]");
		/* The server reads nothing after it (RFC 9112 section 9.6). */
		if (http_reader_wants_close(reader))
			*end = "close";
	} else {
		*end = step == HTTP_STEP_MORE ? "more"
					      : http_refusal_name(http_reader_refusal(reader));
		at = 0;
	}
	http_reader_destroy(reader);
	return at;
}

static void read_connection(const char *bytes, size_t n)
{
	const char *end = "more";
	size_t at = 0;
	bool first = true;

	printf("{\"requests\": [");
	while (at < n && strcmp(end, "close") != 0) {
		size_t used = read_one(bytes + at, n - at, first, &end);

		if (used == 0)
			break;
		at += used;
		first = false;
	}
	printf("], \"end\": \"%s\"}\n", end);
}

int main(void)
{
	unsigned char length[4];

	while (fread(length, 1, sizeof(length), stdin) == sizeof(length)) {
		size_t n = (size_t)length[0] << 24 | (size_t)length[1] << 16 |
			(size_t)length[2] << 8 | length[3];
		char *bytes = malloc(n + 1);

		if (!bytes || fread(bytes, 1, n, stdin) != n)
			return 1;
		read_connection(bytes, n);
		free(bytes);
	}
	return 0;
}
