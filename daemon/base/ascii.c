/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ascii.h"

#include <stdint.h>
#include <string.h>

#define EACH(byte) (UINT64_MAX / 255 * (byte)) /* eight times the same byte */

/* Eight bytes at a time. Only what is refused itself borrows from or carries into the next. */
static bool is_visible(uint64_t bytes)
{
	uint64_t below = bytes - EACH(0x20); /* the highest bit: the byte was below 0x20 */
	uint64_t above = bytes + EACH(0x01); /* or it was 0x7f */

	return ((bytes | below | above) & EACH(0x80)) == 0;
}

bool ascii_is_visible(const char *text, size_t n)
{
	uint64_t last = EACH(' ');

	for (; n >= sizeof(last); n -= sizeof(last), text += sizeof(last)) {
		uint64_t bytes;

		memcpy(&bytes, text, sizeof(bytes));
		if (!is_visible(bytes))
			return false;
	}
	memcpy(&last, text, n);
	return is_visible(last);
}
