/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

size_t decimal_format(int64_t number, char out[static DECIMAL_MAX])
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	size_t n = number < 0 ? 2 : 1;

	for (uint64_t left = rest; left >= 10; left /= 10)
		n++;
	out[0] = '-';
	char *at = out + n;
	*at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	return n;
}
