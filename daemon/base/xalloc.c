/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

void out_of_memory(void)
{
	/* No stdio: it may want memory too. */
	static const char words[] = "<2>out of memory, ending\n";
	(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
	_exit(EX_OSERR);
}

static void *alive(void *memory)
{
	if (!memory)
		out_of_memory();
	return memory;
}

void *xmalloc(size_t size)
{
	return alive(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return alive(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return alive(realloc(old, size ? size : 1));
}

void *xreallocarray(void *old, size_t n, size_t size)
{
	return alive(reallocarray(old, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return alive(strdup(text));
}

char *xstrndup(const char *text, size_t n)
{
	return alive(strndup(text, n));
}

void *xmemdup(const void *bytes, size_t n)
{
	void *copy = xmalloc(n);

	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	return alive(n < 0 ? NULL : text);
}
