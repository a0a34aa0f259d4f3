/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include "base/decimal.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const json_t *member(const json_t *value, const char *name, size_t n)
{
	return json_object_getn(value, name, n); /* NULL of what is no object */
}

/* With null. */
static const json_t *walk(const struct reader *reader, const char *path)
{
	const json_t *value = reader->value;

	while (value && *path) {
		size_t n = (size_t)(strchrnul(path, '.') - path);

		value = member(value, path, n);
		path += n + (path[n] == '.');
	}
	return value;
}

const json_t *reader_find(const struct reader *reader, const char *path)
{
	const json_t *value = walk(reader, path);

	return json_is_null(value) ? NULL : value;
}

bool reader_has(const struct reader *reader, const char *path)
{
	return reader_find(reader, path) != NULL;
}

bool reader_is_null(const struct reader *reader, const char *path)
{
	return json_is_null(walk(reader, path));
}

static const char *place_of(const struct reader *reader, const char *path)
{
	if (!*path || !*reader->place)
		return *path ? path : reader->place;
	return arena_printf(reader->arena, "%s.%s", reader->place, path);
}

struct reader reader_at(const struct reader *reader, const char *path)
{
	struct reader inner = *reader;

	inner.value = reader_find(reader, path);
	inner.place = place_of(reader, path);
	return inner;
}

size_t reader_count(const struct reader *reader, const char *path)
{
	return json_array_size(reader_find(reader, path)); /* 0 for what is no list */
}

struct reader reader_entry(const struct reader *reader, const char *path, size_t i)
{
	struct reader inner = *reader;

	inner.value = json_array_get(reader_find(reader, path), i);
	inner.place = arena_printf(reader->arena, "%s[%zu]", place_of(reader, path), i);
	return inner;
}

void reader_complain(const struct reader *reader, const char *path, const char *wanted)
{
	const json_t *value = walk(reader, path);
	const char *place = place_of(reader, path);
	char shown[48] = "";

	if (!*place)
		place = "the body";
	if (json_is_string(value))
		error_setf(reader->err, "%s: want %s, got \"%.40s\"", place, wanted,
			json_string_value(value));
	else if (value &&
		json_dumpb(value, shown, sizeof(shown) - 1, JSON_ENCODE_ANY) < sizeof(shown))
		error_setf(reader->err, "%s: want %s, got %s", place, wanted, shown);
	else
		error_setf(reader->err, "%s: want %s, %s", place, wanted,
			value ? "got something else" : "it is missing");
}

const char *reader_text(const struct reader *reader, const char *path)
{
	const char *text = json_string_value(reader_find(reader, path));

	return text && *text ? text : NULL;
}

const char *reader_string(const struct reader *reader, const char *path)
{
	const char *text = reader_text(reader, path);

	if (!text)
		reader_complain(reader, path, "a text");
	return text ? text : "";
}

const char *reader_first(const struct reader *reader, const char *const *paths)
{
	for (; *paths; paths++) {
		const char *text = reader_text(reader, *paths);

		if (text)
			return text;
	}
	return NULL;
}

const char *reader_id_or_null(const struct reader *reader, const char *path)
{
	const json_t *value = reader_find(reader, path);

	if (json_is_integer(value)) {
		char digits[DECIMAL_MAX];
		size_t n = decimal_format(json_integer_value(value), digits);

		return arena_memdup(reader->arena, digits, n + 1);
	}
	return reader_text(reader, path);
}

const char *reader_id(const struct reader *reader, const char *path)
{
	const char *id = reader_id_or_null(reader, path);

	if (!id)
		reader_complain(reader, path, "an id");
	return id ? id : "";
}

bool reader_time_at(const struct reader *reader, const char *path, int64_t *out_us)
{
	const json_t *value = reader_find(reader, path);

	if (json_is_integer(value))
		return timestamp_from_number(json_integer_value(value), out_us);
	if (json_is_real(value) && json_real_value(value) > 0 && json_real_value(value) < 9e18)
		return timestamp_from_number((int64_t)json_real_value(value), out_us);
	return json_is_string(value) &&
		timestamp_parse(json_string_value(value), json_string_length(value), out_us);
}

int64_t reader_time(const struct reader *reader, const char *path)
{
	int64_t at_us = 0;

	if (!reader_time_at(reader, path, &at_us))
		reader_complain(reader, path, "a time");
	return at_us;
}

bool reader_int(const struct reader *reader, const char *path, int64_t *out)
{
	const json_t *value = reader_find(reader, path);

	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	double real = json_real_value(value);
	if (json_is_real(value) && real >= INT32_MIN && real <= INT32_MAX &&
		real == (int32_t)real) {
		*out = (int32_t)real;
		return true;
	}
	const char *text = reader_text(reader, path);
	if (!text || strlen(text) > 18)
		return false;
	char *end;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || *text == ' ' || *text == '+')
		return false;
	*out = number;
	return true;
}

static bool is_word(const json_t *value, const char *word)
{
	return json_is_string(value) && strcasecmp(json_string_value(value), word) == 0;
}

bool reader_is_true(const struct reader *reader, const char *path)
{
	const json_t *value = reader_find(reader, path);

	return json_is_true(value) || is_word(value, "true") || is_word(value, "1");
}

bool choice_find(const struct choice *choices, size_t n, const char *word, int *out)
{
	for (size_t i = 0; word && i < n; i++) {
		if (strcasecmp(choices[i].word, word) == 0) {
			*out = choices[i].value;
			return true;
		}
	}
	return false;
}
