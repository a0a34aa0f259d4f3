/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What libFuzzer calls for a new input of a target that reads JSON: half of them are changed as
 * bytes, half as the documents that they are.
 */
#include "fuzz.h"
#include "shapes.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t room); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed);

/* xorshift64*: the same change for the same seed. */
static size_t below(uint64_t *state, size_t n)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (size_t)((*state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* What is in quotes, changed as bytes and kept where it still is UTF-8. */
static void change_text(json_t *text)
{
	uint8_t bytes[512];
	size_t n = json_string_length(text);

	if (n > sizeof(bytes) / 2)
		return;
	memcpy(bytes, json_string_value(text), n);
	n = LLVMFuzzerMutate(bytes, n, sizeof(bytes));
	(void)json_string_setn(text, (const char *)bytes, n);
}

static void change(json_t *documents, uint64_t *state)
{
	size_t n = shapes_places(documents);

	if (n == 0)
		return;
	size_t place = below(state, n);
	json_t *value = shapes_at(documents, place);
	switch (below(state, 4)) {
	case 0:
		if (json_is_string(value)) {
			change_text(value);
			return;
		}
		break;
	case 1: /* what is elsewhere in it */
		shapes_put(documents, place,
			json_deep_copy(shapes_at(documents, below(state, n))));
		return;
	default:
		break;
	}
	shapes_change(documents, place, below(state, shapes_count()));
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed)
{
	uint64_t state = (uint64_t)seed * 2 + 1;
	size_t at;
	json_t *documents = below(&state, 2) ? shapes_read(bytes, n, &at) : NULL;

	if (!documents)
		return LLVMFuzzerMutate(bytes, n, room);
	for (size_t times = 1 + below(&state, 3); times > 0; times--)
		change(documents, &state);
	size_t n_made;
	uint8_t *made = shapes_write(bytes, at, documents, &n_made);
	json_decref(documents);
	bool fits = n_made <= room;
	if (fits)
		memcpy(bytes, made, n_made);
	free(made);
	return fits ? n_made : LLVMFuzzerMutate(bytes, n, room);
}
