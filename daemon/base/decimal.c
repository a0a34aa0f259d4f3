/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <string.h>

size_t decimal_format(int64_t number, char out[static DECIMAL_MAX])
{
	char digits[DECIMAL_MAX];
	char *at = digits + sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*--at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		*--at = '-';
	size_t n = (size_t)(digits + sizeof(digits) - at);
	memcpy(out, at, n);
	return n - 1;
}
