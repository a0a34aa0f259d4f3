/* SPDX-License-Identifier: Apache-2.0 */
#include "source/gather.h"
#include "source/source.h"

#include "base/arena.h"
#include "fuzz.h"

#include <string.h>

/*
 * What a system's API answers, as deliveries: the first byte says which system. Whatever the
 * objects are, each delivery is read, and none of its lines is other than events, left out or
 * bad with words; the same objects make the same deliveries, however the stream is cut.
 */
struct run {
	struct gather *gather;
	const struct source *source;
	uint64_t hash;
	size_t n_bytes;
};

static bool shown(void *context, const char *text, int64_t *out_us)
{
	(void)context;
	*out_us = INT64_C(1780000000000000) + (int64_t)strlen(text);
	return text[0] == '2';
}

static bool deliver(void *context, const char *body, size_t n)
{
	static const struct header header = {IMPORT_HEADER, "1"};
	struct run *run = context;
	struct arena *arena = arena_create();
	struct normalised made = {.list = {.arena = arena}};
	const struct delivery delivery = {
		.endpoint = "import",
		.headers = &header,
		.n_headers = 1,
		.body = body,
		.n_body = n,
		.received_us = INT64_C(1782820800000000),
	};

	FUZZ_WANT(n && body[n - 1] == '\n');
	enum verdict verdict = source_normalise(run->source, &delivery, &made);
	FUZZ_WANT(verdict != VERDICT_MALFORMED);
	FUZZ_WANT(verdict == VERDICT_EVENTS || made.list.n == 0);
	for (size_t i = 0; i < made.n_bad; i++)
		FUZZ_WANT(made.bad[i].reason && made.bad[i].reason[0]);
	for (size_t i = 0; i < n; i++)
		run->hash = (run->hash ^ (unsigned char)body[i]) * UINT64_C(0x100000001b3);
	run->n_bytes += n;
	arena_destroy(arena);
	return true;
}

static bool take(void *context, const char *bytes, size_t n, size_t line)
{
	struct run *run = context;

	(void)line;
	return gather_take(run->gather, bytes, n, "fuzz:1");
}

static struct run run_once(const char *system, const char *text, size_t n, size_t piece)
{
	struct run run = {.source = source_find(system)};
	const struct gather_options options = {
		.system = system,
		.to_utc = shown,
		.deliver = deliver,
		.context = &run,
	};
	struct error err = {0};
	bool good = true;

	run.gather = gather_create(&options, &err);
	FUZZ_WANT(run.gather && run.source);
	struct documents *documents = documents_create(gather_pages(run.gather), take, &run);
	for (size_t i = 0; i < n && good; i += piece)
		good = documents_feed(documents, text + i, i + piece > n ? n - i : piece, &err);
	FUZZ_WANT(good == !err.text[0]);
	documents_destroy(documents);
	FUZZ_WANT(gather_end(run.gather));
	gather_destroy(run.gather);
	return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	size_t n_systems = 0;

	while (gather_system_at(n_systems))
		n_systems++;
	if (n == 0)
		return 0;
	const char *system = gather_system_at(bytes[0] % n_systems);
	struct run whole = run_once(system, (const char *)bytes + 1, n - 1, n);
	struct run cut = run_once(system, (const char *)bytes + 1, n - 1, 7);
	FUZZ_WANT(whole.hash == cut.hash && whole.n_bytes == cut.n_bytes);
	return 0;
}
