/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

size_t utf8_sequence(const char *bytes, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)bytes[0];
	size_t want = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4 || want > n)
		return 0;

	uint32_t rune = first & (0xFFU >> (want + 1));
	for (size_t i = 1; i < want; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		rune = rune << 6 | ((unsigned char)bytes[i] & 0x3F);
	}
	if (rune < smallest[want] || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		return 0;
	return want;
}
