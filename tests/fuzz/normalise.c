/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "base/arena.h"
#include "base/xalloc.h"
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * The normaliser of FUZZ_SOURCE: a line for each header ("name: value"), an empty one, the body
 * (seeds.py makes such inputs of tests/fixtures). It gives events that the contract allows, or
 * says why not; the same again for the same delivery. The endpoint's options are headers too:
 * they start with OPTION.
 */
#define MAX_HEADERS 16
#define RECEIVED_US INT64_C(1782820800000000)
#define OPTION "x-fuzz-option-"

struct input {
	const struct source *source;
	struct delivery delivery;
	struct header headers[MAX_HEADERS];
};

/* The next line, NUL-terminated in place; NULL: the text has ended. */
static char *next_line(char **text)
{
	char *line = *text;
	char *end = line ? strchr(line, '\n') : NULL;

	*text = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* Only what the configuration would take. */
static void read_options(struct input *out)
{
	const char *rollout = delivery_header(&out->delivery, OPTION "rollout");

	out->delivery.options.keep_titles =
		delivery_header(&out->delivery, OPTION "keep-titles") != NULL;
	for (const char *const *word = source_rollouts(out->source); rollout && *word; word++) {
		if (strcmp(*word, rollout) == 0)
			out->delivery.options.rollout = *word;
	}
}

static bool read_input(char *text, size_t n, struct input *out)
{
	char *end = text + n;
	char *rest = text;
	char *line;

	out->source = source_find(FUZZ_SOURCE);
	FUZZ_WANT(out->source);
	out->delivery.endpoint = "fuzz";
	out->delivery.headers = out->headers;
	while ((line = next_line(&rest)) && *line) {
		char *colon = strstr(line, ": ");

		if (!colon || out->delivery.n_headers == MAX_HEADERS)
			return false;
		*colon = '\0';
		for (char *p = line; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		out->headers[out->delivery.n_headers++] = (struct header){line, colon + 2};
	}
	if (!line || !rest)
		return false;
	out->delivery.body = rest;
	out->delivery.n_body = (size_t)(end - rest);
	out->delivery.received_us = RECEIVED_US;
	read_options(out);
	return true;
}

static void want_same_data(const struct dora_event *a, const struct dora_event *b)
{
	size_t n_a;
	size_t n_b;
	const char *text_a = dora_event_text(a, &n_a);
	const char *text_b = dora_event_text(b, &n_b);

	FUZZ_WANT(n_a == n_b && memcmp(text_a, text_b, n_a) == 0);
}

/* The canonical text is what the library writes, byte for byte. */
static void check_text(const struct dora_event *event)
{
	size_t n;
	const char *text = dora_event_text(event, &n);
	json_t *tree = json_loadb(text, n, JSON_DECODE_ANY, NULL);

	FUZZ_WANT(tree);
	char *again = json_dumps(tree, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	FUZZ_WANT(strlen(again) == n && memcmp(text, again, n) == 0);
	free(again);
	json_decref(tree);
}

/* What an entry's fields say is the event again. */
static void check_decoded(const struct dora_event *event, const struct dora_field *fields,
	size_t n, struct arena *arena)
{
	struct dora_event_list again = {.arena = arena};
	json_t *entry = json_object();

	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(entry, fields[i].name,
			strcmp(fields[i].name, "data") == 0
				? json_loadb(
					  fields[i].value, fields[i].n, JSON_DECODE_ANY, NULL)
				: json_stringn(fields[i].value, fields[i].n));
	FUZZ_WANT(dora_event_from_cloudevent(entry, "/other", &again, NULL));
	FUZZ_WANT(again.n == 1 && again.items[0].kind == event->kind);
	FUZZ_WANT(strcmp(again.items[0].id, event->id) == 0);
	FUZZ_WANT(strcmp(again.items[0].source, event->source) == 0);
	FUZZ_WANT(strcmp(again.items[0].subject, event->subject) == 0);
	FUZZ_WANT(again.items[0].time_us == event->time_us);
	FUZZ_WANT(again.items[0].revision == event->revision);
	want_same_data(&again.items[0], event);
	json_decref(entry);
}

static void check_event(const struct dora_event *event, struct arena *arena)
{
	struct dora_field fields[DORA_N_FIELDS];
	struct error err = {0};

	FUZZ_WANT(dora_event_check(event, &err));
	FUZZ_WANT(event->time_us > 0);
	check_text(event);
	check_decoded(
		event, fields, dora_event_fields(event, "fuzz", "1", arena, fields), arena);
}

static void check(const struct input *input, enum verdict verdict, const struct normalised *got)
{
	if (verdict != VERDICT_EVENTS) {
		FUZZ_WANT(got->list.n == 0);
		FUZZ_WANT(got->reason && *got->reason);
	}
	for (size_t i = 0; i < got->list.n; i++)
		check_event(&got->list.items[i], got->list.arena);
	for (size_t i = 0; i < got->n_bad; i++)
		FUZZ_WANT(got->bad[i].line >= 1 &&
			got->bad[i].line <= input->delivery.n_body + 1);
}

static void want_same(const struct normalised *one, const struct normalised *other)
{
	FUZZ_WANT(one->list.n == other->list.n && one->n_bad == other->n_bad);
	for (size_t i = 0; i < one->list.n; i++) {
		const struct dora_event *a = &one->list.items[i];
		const struct dora_event *b = &other->list.items[i];

		FUZZ_WANT(a->kind == b->kind && a->time_us == b->time_us);
		FUZZ_WANT(strcmp(a->id, b->id) == 0 && strcmp(a->source, b->source) == 0);
		want_same_data(a, b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	CLEANUP(arena_destroyp) struct arena *other = arena_create();
	struct input input = {0};

	char *text = arena_alloc(arena, n + 1);
	memcpy(text, bytes, n);
	if (!read_input(text, n, &input))
		return 0;
	struct normalised one = {.list = {.arena = arena}};
	struct normalised again = {.list = {.arena = other}};
	enum verdict verdict = source_normalise(input.source, &input.delivery, &one);
	FUZZ_WANT(source_normalise(input.source, &input.delivery, &again) == verdict);
	check(&input, verdict, &one);
	want_same(&one, &again);
	return 0;
}
