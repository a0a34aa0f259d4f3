/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_XALLOC_H
#define DORAD_BASE_XALLOC_H

#include <stddef.h>

/*
 * Memory or the end of the process: no caller checks for NULL. Safe because every input is
 * capped (body, headers, connections, batch) and a delivery is answered 200 only after it was
 * kept. Free with free(). Sizes of 0 give a pointer that may be freed.
 *
 * The end is an exit, with 71 (sysexits.h: EX_OSERR) and a line on stderr, and no crash: what a
 * machine without memory was busy with is not to blame for it.
 */
void out_of_memory(void) __attribute__((noreturn));
void *xmalloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((alloc_size(2), returns_nonnull));
void *xreallocarray(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t n) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *bytes, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

#endif
