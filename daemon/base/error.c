/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_setf(struct error *err, const char *fmt, ...)
{
	if (!err || err->text[0])
		return;

	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(
		err->text, sizeof(err->text), fmt, args); /* a cut message is still one */
	va_end(args);
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
	(void)snprintf(words + used, sizeof(words) - used, ": %s", err->text);
	memcpy(err->text, words, sizeof(words));
}
