/* SPDX-License-Identifier: Apache-2.0 */
#include "chunks_priv.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <string.h>

/*
 * The chunk decoder. A small limit, so that it is met. The data is what a plain second reading
 * of the same bytes gives: sizes by strtoul(), no states.
 */
#define LIMIT 4096

struct decoded {
	enum http_refusal why;
	bool done;
	size_t used;
	size_t n;
	char bytes[LIMIT];
};

static void decode(const char *bytes, size_t n, size_t each, struct decoded *out)
{
	struct chunks chunks = {.max_bytes = LIMIT};
	size_t end = 0;

	*out = (struct decoded){0};
	while (out->why == HTTP_REFUSAL_NONE && chunks.state != CHUNKS_DONE) {
		struct http_data in = {bytes + out->used, end - out->used};
		struct http_data data;
		size_t used;

		if (in.n == 0 && end == n)
			break;
		if (in.n == 0) {
			end = n - end > each ? end + each : n;
			continue;
		}
		out->why = chunks_feed(&chunks, &in, &used, &data);
		FUZZ_WANT(used <= in.n);
		FUZZ_WANT(out->n + data.n <= LIMIT);
		if (data.n > 0)
			memcpy(out->bytes + out->n, data.bytes, data.n);
		out->n += data.n;
		out->used += used;
	}
	out->done = chunks.state == CHUNKS_DONE;
}

/* What was accepted whole, read once more in another way. */
static void check_accepted(const char *bytes, const struct decoded *decoded)
{
	const char *at = bytes;
	size_t n = 0;

	for (;;) {
		char *end;
		unsigned long size = strtoul(at, &end, 16);

		FUZZ_WANT(end > at && end - at <= CHUNK_SIZE_DIGITS);
		FUZZ_WANT(*end == '\r' || *end == ';');
		at = strstr(end, "\r\n") + 2;
		if (size == 0)
			break;
		FUZZ_WANT(n + size <= decoded->n);
		FUZZ_WANT(memcmp(decoded->bytes + n, at, size) == 0);
		n += size;
		FUZZ_WANT(memcmp(at + size, "\r\n", 2) == 0);
		at += size + 2;
	}
	FUZZ_WANT(n == decoded->n);
	FUZZ_WANT(memcmp(bytes + decoded->used - 2, "\r\n", 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	static struct decoded whole;
	static struct decoded split;

	if (n < 1)
		return 0;
	char *bytes = xstrndup("", 0);
	bytes = xrealloc(bytes, n);
	memcpy(bytes, input + 1, n - 1);
	bytes[n - 1] = '\0';

	decode(bytes, n - 1, n, &whole);
	decode(bytes, n - 1, (size_t)input[0] % 16 + 1, &split);
	FUZZ_WANT(whole.why == split.why && whole.done == split.done);
	FUZZ_WANT(whole.n == split.n && memcmp(whole.bytes, split.bytes, whole.n) == 0);
	if (whole.done) {
		FUZZ_WANT(whole.used == split.used);
		check_accepted(bytes, &whole);
	}
	free(bytes);
	return 0;
}
