/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/evp.h>

char *base64_read(const char *text, size_t n, struct arena *arena, size_t *out_n)
{
	while (n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	if (n % 4 != 0 || n > INT_MAX)
		return NULL;

	size_t padding = 0;
	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	char *bytes = arena_alloc(arena, n / 4 * 3 + 1);
	if (n &&
		EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text, (int)n) <
			0)
		return NULL;
	*out_n = n / 4 * 3 - padding;
	bytes[*out_n] = '\0';
	return bytes;
}
