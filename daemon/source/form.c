/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *percent_decode(const char *text, size_t n, struct arena *arena, size_t *out_n)
{
	char *decoded = arena_alloc(arena, n + 1);
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		int high = n - i > 2 ? hex_digit(text[i + 1]) : -1;
		int low = n - i > 2 ? hex_digit(text[i + 2]) : -1;

		decoded[length] = text[i];
		if (text[i] == '%' && high >= 0 && low >= 0) {
			decoded[length] = (char)(high * 16 + low);
			i += 2;
		}
		length++;
	}
	*out_n = length;
	return decoded;
}

char *form_decode(const char *text, size_t n, struct arena *arena, size_t *out_n)
{
	char *spaced = arena_memdup(arena, text, n);

	for (size_t i = 0; i < n; i++) {
		if (spaced[i] == '+')
			spaced[i] = ' ';
	}
	return percent_decode(spaced, n, arena, out_n);
}

char *form_field(
	const char *body, size_t n, const char *name, struct arena *arena, size_t *out_n)
{
	size_t n_name = strlen(name);
	const char *end = body + n;

	while (body < end) {
		const char *stop = memchr(body, '&', (size_t)(end - body));
		size_t length = (size_t)((stop ? stop : end) - body);

		if (length > n_name && memcmp(body, name, n_name) == 0 && body[n_name] == '=')
			return form_decode(
				body + n_name + 1, length - n_name - 1, arena, out_n);
		body += length + 1;
	}
	return NULL;
}
