/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/form.h"

#include "fuzz.h"

#include <string.h>

/*
 * Forms and percent-encoding: what is decoded is never longer than what was sent, ends with a
 * NUL, holds all bytes that need no decoding, and a field that was encoded by the book is found
 * again.
 */
static bool is_plain(char byte)
{
	return byte != '%' && byte != '+' && byte != '&' && byte != '=';
}

static void check_decoding(const char *text, size_t n, struct arena *arena)
{
	size_t n_form;
	size_t n_percent;
	char *form = form_decode(text, n, arena, &n_form);
	char *percent = percent_decode(text, n, arena, &n_percent);
	size_t plain = 0;

	for (size_t i = 0; i < n; i++)
		plain += is_plain(text[i]);
	FUZZ_WANT(n_form == n_percent && n_form <= n);
	FUZZ_WANT(form[n_form] == '\0' && percent[n_percent] == '\0');
	if (plain == n)
		FUZZ_WANT(n_form == n && memcmp(form, text, n) == 0);
}

/* name=value with every byte of the value as %XX, after another field. */
static void check_field(const char *value, size_t n, struct arena *arena)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char before[] = "xpayload=1&payload=";
	char *body = arena_alloc(arena, sizeof(before) + 3 * n + 3);
	size_t at = sizeof(before) - 1;
	size_t n_found;

	memcpy(body, before, at);
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)value[i];

		body[at++] = '%';
		body[at++] = hex[byte >> 4];
		body[at++] = hex[byte & 15];
	}
	memcpy(body + at, "&y", 2);
	char *found = form_field(body, at + 2, "payload", arena, &n_found);
	FUZZ_WANT(found && n_found == n && memcmp(found, value, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const char *text = (const char *)input;
	size_t n_found;

	check_decoding(text, n, arena);
	check_field(text, n, arena);
	char *found = form_field(text, n, "payload", arena, &n_found);
	if (found)
		FUZZ_WANT(n_found < n && found[n_found] == '\0');
	return 0;
}
