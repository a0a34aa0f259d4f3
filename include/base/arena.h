/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_ARENA_H
#define DORAD_BASE_ARENA_H

#include "base/cleanup.h"

#include <stdarg.h>
#include <stddef.h>

/*
 * Everything that lives as long as one delivery (or one command) and goes with it. Under a
 * sanitizer each piece is a malloc of its own, so that every overrun is seen. Not thread safe:
 * one arena, one thread at a time. What is returned belongs to the arena and is never freed by
 * the caller.
 */
struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* NULL is fine */
DEFINE_CLEANUP(struct arena *, arena_destroy);

void *arena_alloc(struct arena *arena, size_t size); /* zeroed */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t n);
void *arena_memdup(struct arena *arena, const void *bytes, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Calls release(object) when the arena goes, the last owned first. Returns object; NULL is
 * fine. */
void *arena_own(struct arena *arena, void *object, void (*release)(void *object));

#endif
