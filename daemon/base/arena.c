/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *older;
	void (*release)(void *object); /* NULL: the bytes follow this header */
	void *object;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct piece *newest;
};

struct arena *arena_create(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;

	for (struct piece *piece = arena->newest; piece;) {
		struct piece *older = piece->older;

		if (piece->release)
			piece->release(piece->object);
		free(piece);
		piece = older;
	}
	free(arena);
}

static struct piece *add(struct arena *arena, size_t size)
{
	struct piece *piece = xcalloc(1, sizeof(*piece) + size);

	piece->older = arena->newest;
	arena->newest = piece;
	return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return add(arena, size)->bytes;
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t n)
{
	char *copy = arena_alloc(arena, n);

	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_memdup(arena, text, strlen(text) + 1);
}

char *arena_strndup(struct arena *arena, const char *text, size_t n)
{
	size_t length = strnlen(text, n);
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;

	char *text = arena_alloc(arena, (size_t)n + 1);
	(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

void *arena_own(struct arena *arena, void *object, void (*release)(void *object))
{
	if (!object)
		return NULL;

	struct piece *piece = add(arena, 0);
	piece->release = release;
	piece->object = object;
	return object;
}
