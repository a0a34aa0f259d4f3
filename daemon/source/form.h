/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_FORM_H
#define DORAD_SOURCE_FORM_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* application/x-www-form-urlencoded (WHATWG URL section 5.1). Pure. */

/* The value of a field, decoded, with a NUL after it; NULL: there is none. */
char *form_field(
	const char *body, size_t n, const char *name, struct arena *arena, size_t *out_n);

/* %XX, and + for a space; what is no pair of hex digits stays as it is. Ends with a NUL. */
char *form_decode(const char *text, size_t n, struct arena *arena, size_t *out_n);

/* %XX alone, as in a URL's path or a header (RFC 3986 section 2.1). */
char *percent_decode(const char *text, size_t n, struct arena *arena, size_t *out_n);

#endif
