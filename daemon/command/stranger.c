/* SPDX-License-Identifier: Apache-2.0 */
#include "stranger.h"

#include "base/utf8.h"
#include "base/xalloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* C0, DEL, and C1, whose U+009B is to a terminal what ESC [ is. */
static bool drives(const char *character, size_t n)
{
	unsigned char first = (unsigned char)character[0];

	return first < 0x20 || first == 0x7f ||
		(n == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0);
}

/* What is no UTF-8 is not let through; nor is what drives a terminal, but for those spared.
 * spared NULL: all of that is. */
static void put(const char *bytes, size_t n, const char *spared, FILE *to)
{
	while (n) {
		size_t length = utf8_sequence(bytes, n);

		if (!length)
			fputs(unknown, to);
		else if (spared && drives(bytes, length) && !(*bytes && strchr(spared, *bytes)))
			fputc(' ', to);
		else
			(void)fwrite(bytes, 1, length, to);
		length += !length;
		bytes += length;
		n -= length;
	}
}

void stranger_put(const char *text, FILE *to)
{
	put(text, strlen(text), "", to);
}

void stranger_put_lines(const char *bytes, size_t n, FILE *to)
{
	put(bytes, n, "\n\t", to);
}

json_t *stranger_json(const char *text)
{
	if (!text)
		return json_null();
	json_t *string = json_string(text);
	if (string)
		return string;
	char *mended = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&mended, &n);

	if (!to)
		out_of_memory();
	put(text, strlen(text), NULL, to);
	(void)fclose(to);
	string = json_stringn(mended, n);
	free(mended);
	return string;
}
