/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_MARKUP_H
#define DORAD_PORTAL_MARKUP_H

#include "base/cleanup.h"

#include <stddef.h>

/*
 * Writes HTML, and SVG inside it or alone. Names of elements and attributes are the program's
 * own; texts and values may be anybody's and are escaped, always: there is no way to write
 * bytes as they are but markup_trusted(). What comes out is well formed by construction: an
 * element is closed by markup_close(), the last opened first. Bytes that are no UTF-8, and
 * characters that XML does not allow, become U+FFFD.
 */
struct markup;

struct markup *markup_create(void);
void markup_destroy(struct markup *markup); /* NULL is fine */
DEFINE_CLEANUP(struct markup *, markup_destroy);

/*
 * <element name="value" ...>. Pairs of name and value, ended by NULL. A void element of HTML
 * (link, meta, input ...) is closed at once and must not be closed again.
 */
void markup_open(struct markup *markup, const char *element, ...) __attribute__((sentinel));

/* One more attribute of what was opened last, before any content. NULL value: none. */
void markup_set(struct markup *markup, const char *name, const char *value);
void markup_setf(struct markup *markup, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void markup_close(struct markup *markup);
void markup_close_n(struct markup *markup, int n);

void markup_text(struct markup *markup, const char *text); /* NULL is fine: nothing */
void markup_textf(struct markup *markup, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Open, text, close. */
void markup_element(struct markup *markup, const char *element, const char *class,
	const char *text); /* class may be NULL */

/* Bytes of the program's own: a doctype, a stylesheet. Never anything from outside. */
void markup_trusted(struct markup *markup, const char *bytes);

/* What was written; holds until the next call. NUL-terminated. All elements must be closed. */
const char *markup_bytes(const struct markup *markup, size_t *out_n);

#endif
