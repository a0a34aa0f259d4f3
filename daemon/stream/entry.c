/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool number(const char *text, size_t n, uint64_t *out)
{
	uint64_t value = 0;

	if (n == 0 || n > 20)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool stream_id_parse(const char *text, size_t n, struct stream_id *out)
{
	const char *dash = memchr(text, '-', n);
	struct stream_id id;

	if (!dash)
		return false;
	size_t before = (size_t)(dash - text);
	if (!number(text, before, &id.ms) || !number(dash + 1, n - before - 1, &id.n))
		return false;
	*out = id;
	return true;
}

void stream_id_format(struct stream_id id, char out[static STREAM_ID_TEXT_MAX])
{
	(void)snprintf(out, STREAM_ID_TEXT_MAX, "%" PRIu64 "-%" PRIu64, id.ms, id.n);
}

int stream_id_compare(struct stream_id a, struct stream_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return 0;
}

const char *stream_entry_field(const struct stream_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->n_fields; i++) {
		if (strcmp(entry->fields[i].name, name) == 0)
			return entry->fields[i].value;
	}
	return NULL;
}
