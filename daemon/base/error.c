/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * What did not fit ends before a character, not within one: half of one is no UTF-8, which JSON
 * cannot say.
 */
static void end_whole(char *text)
{
	size_t n = strlen(text);
	size_t at = n;

	while (at && n - at < 3 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	unsigned char first = at ? (unsigned char)text[at - 1] : 0;
	size_t whole = first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (n - at + 1 < whole)
		text[at - 1] = '\0';
}

void error_setf(struct error *err, const char *fmt, ...)
{
	if (!err || err->text[0])
		return;

	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (n >= (int)sizeof(err->text)) /* a cut message is still one */
		end_whole(err->text);
}

void error_prefixf(struct error *err, const char *fmt, ...)
{
	if (!err)
		return;

	char words[sizeof(err->text)];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	if (n < 0)
		return;

	size_t used = strlen(words);
	n = snprintf(words + used, sizeof(words) - used, ": %s", err->text);
	if (n >= (int)(sizeof(words) - used))
		end_whole(words);
	memcpy(err->text, words, sizeof(words));
}
