/* SPDX-License-Identifier: Apache-2.0 */
#include "config/values.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* Digits, then the name of a unit. */
static bool with_unit(const char *text, const struct unit *units, size_t n_units, int64_t *out)
{
	int64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, *p - '0', &number))
			return false;
	}
	if (p == text)
		return false;
	for (size_t i = 0; i < n_units; i++) {
		if (strcmp(p, units[i].name) == 0)
			return !__builtin_mul_overflow(number, units[i].factor, out);
	}
	return false;
}

bool value_duration_us(const char *text, int64_t *out_us)
{
	static const struct unit units[] = {
		{"s", INT64_C(1000000)},
		{"m", INT64_C(60000000)},
		{"h", INT64_C(3600000000)},
		{"d", INT64_C(86400000000)},
	};
	int64_t value;

	if (!with_unit(text, units, ARRAY_LEN(units), &value))
		return false;
	*out_us = value;
	return true;
}

bool value_bytes(const char *text, int64_t *out_bytes)
{
	static const struct unit units[] = {
		{"", 1},
		{"KiB", INT64_C(1) << 10},
		{"MiB", INT64_C(1) << 20},
		{"GiB", INT64_C(1) << 30},
		{"TiB", INT64_C(1) << 40},
	};
	int64_t value;

	if (!with_unit(text, units, ARRAY_LEN(units), &value))
		return false;
	*out_bytes = value;
	return true;
}

bool value_integer(const char *text, int64_t *out)
{
	static const struct unit units[] = {{"", 1}};
	int64_t value;

	if (!with_unit(text, units, ARRAY_LEN(units), &value))
		return false;
	*out = value;
	return true;
}

bool value_bool(const char *text, bool *out)
{
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (int value = 0; value < 2; value++) {
			if (strcasecmp(text, words[i][value]) == 0) {
				*out = value;
				return true;
			}
		}
	}
	return false;
}
