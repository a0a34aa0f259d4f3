/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/decimal.h"
#include "base/xalloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Pieces are cut from blocks: a delivery makes dozens of them, and one malloc for each was
 * a tenth of
 * the receiver's time. Under a sanitizer every piece is a block of its own, so that it
 * sees each overrun.
 */
#ifdef __SANITIZE_ADDRESS__
static const size_t block_bytes = 0;
#else
static const size_t block_bytes = 4000;
#endif

struct block {
	struct block *older;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char bytes[];
};

struct owned {
	struct owned *older;
	void (*release)(void *object);
	void *object;
};

struct arena {
	struct block *newest;
	struct owned *last_owned;
};

struct arena *arena_create(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;

	/* What is owned may use pieces of the arena while it is released. */
	for (struct owned *owned = arena->last_owned; owned; owned = owned->older)
		owned->release(owned->object);
	for (struct block *block = arena->newest; block;) {
		struct block *older = block->older;

		free(block);
		block = older;
	}
	free(arena);
}

static struct block *add_block(struct arena *arena, size_t size)
{
	struct block *block = xmalloc(sizeof(*block) + size);

	block->older = arena->newest;
	block->used = 0;
	block->size = size;
	arena->newest = block;
	return block;
}

/* Uninitialised, aligned for anything. */
static char *cut(struct arena *arena, size_t size)
{
	const size_t unit = _Alignof(max_align_t);
	size_t whole = size + (unit - size % unit) % unit;
	struct block *block = arena->newest;

	assert(whole >= size);
	if (!block || block->size - block->used < whole)
		block = add_block(arena, whole > block_bytes ? whole : block_bytes);
	char *piece = block->bytes + block->used;
	block->used += whole;
	return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(cut(arena, size), 0, size);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t n)
{
	char *copy = cut(arena, n);

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
	char *copy = cut(arena, length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = arena_vprintf(arena, fmt, args);
	va_end(args);
	return text;
}

#define HERE_BYTES 256 /* most texts fit, and are formatted once */

/*
 * Most formats are of bytes, %s, %zu and %lld alone: keys, ids and places, several for each
 * event. Negative: this one is not, or does not fit.
 */
static int join(char here[static HERE_BYTES], const char *fmt, va_list args)
{
	size_t n = 0;

	for (; *fmt; fmt++) {
		char digits[DECIMAL_MAX];
		const char *piece = fmt;
		size_t n_piece = 1;

		if (fmt[0] == '%' && fmt[1] == 's') {
			piece = va_arg(args, const char *);
			n_piece = piece ? strlen(piece) : HERE_BYTES;
			fmt += 1;
		} else if (fmt[0] == '%' && fmt[1] == 'z' && fmt[2] == 'u') {
			n_piece = decimal_format((int64_t)va_arg(args, size_t), digits);
			piece = digits;
			fmt += 2;
		} else if (fmt[0] == '%' && fmt[1] == 'l' && strncmp(fmt, "%lld", 4) == 0) {
			n_piece = decimal_format(va_arg(args, long long), digits);
			piece = digits;
			fmt += 3;
		} else if (*fmt == '%') {
			return -1;
		}
		if (n + n_piece >= HERE_BYTES)
			return -1;
		memcpy(here + n, piece, n_piece);
		n += n_piece;
	}
	here[n] = '\0';
	return (int)n;
}

char *arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
	char here[HERE_BYTES];
	va_list again;
	va_copy(again, args);
	int n = join(here, fmt, again);
	va_end(again);
	va_copy(again, args);
	if (n < 0)
		n = vsnprintf(here, sizeof(here), fmt, args);
	if (n < 0)
		n = 0;

	char *text = cut(arena, (size_t)n + 1);
	if ((size_t)n < sizeof(here))
		memcpy(text, here, (size_t)n + 1);
	else
		(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

void *arena_own(struct arena *arena, void *object, void (*release)(void *object))
{
	if (!object)
		return NULL;

	struct owned *owned = arena_alloc(arena, sizeof(*owned));
	owned->release = release;
	owned->object = object;
	owned->older = arena->last_owned;
	arena->last_owned = owned;
	return object;
}
