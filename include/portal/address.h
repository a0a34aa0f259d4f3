/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_ADDRESS_H
#define DORAD_PORTAL_ADDRESS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Addresses of pages (RFC 3986). A name is one segment of the path, whatever is in it: a slash
 * is %2F. Two names cannot be written so, since browsers resolve "." and ".." however they are
 * encoded (WHATWG URL, "double-dot URL path segment"): they get a ~ before them, and so does a
 * name that already looks like that.
 */
#define ADDRESS_SEGMENTS 8

struct address {
	const char *segments[ADDRESS_SEGMENTS]; /* decoded; of the arena */
	size_t n;
};

/*
 * The segments of a path as sent. A slash at the end makes no segment. False: it has a bad
 * escape, is no UTF-8, holds a NUL, has an empty segment or too many: there is no such page.
 */
bool address_split(struct arena *arena, const char *path, struct address *out);

/* prefix/a/b/c of names, ended by NULL. */
char *address_join(struct arena *arena, const char *prefix, ...) __attribute__((sentinel));

/* The value of the first parameter of that name in a query as sent, decoded; NULL: there is
 * none, or it is malformed. query may be NULL. */
char *address_parameter(struct arena *arena, const char *query, const char *name);

/* Whether each of its parameters can be decoded: what is malformed is not to be passed over as
 * if it had not been asked. query may be NULL. */
bool address_query_is_sound(struct arena *arena, const char *query);

/* address?name=value, or &name=value where it has a query already. */
char *address_with(
	struct arena *arena, const char *address, const char *name, const char *value);

/* A link out of the portal may be followed: http or https, and nothing odd in it. */
bool address_is_web(const char *url);

/* Whether it is UTF-8 without NUL. */
bool address_is_text(const char *bytes, size_t n);

#endif
