/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_LENIENT_H
#define DORAD_SOURCE_LENIENT_H

#include "base/arena.h"

#include <jansson.h>
#include <stddef.h>

/*
 * What an administrator's template makes when texts are put in without escaping: JSON whose
 * values may be unquoted ("id": INC-372), hold quotes and line breaks, or be percent-encoded,
 * and forms. Every value comes out as a string, as it stands; nothing is guessed about types.
 * Read as far as it can be: what a cut or crossed place spoils is left out. The arena takes
 * what is needed on the way. Pure.
 */

/* The object that the text holds, NULL where there is none. The caller frees it. */
json_t *lenient_json(const char *text, size_t n);

/*
 * A form: name=value&name[inner]=value as one object. A single field whose value is JSON
 * (payload={...}) is that JSON. NULL: it is no form. The caller frees it.
 */
json_t *lenient_form(const char *text, size_t n, struct arena *arena);

/*
 * Undoes %XX in every string of the tree, in place; and + for a space, in those of a tree that
 * has any %XX at all. Strings that would not be UTF-8 stay as they are, and so do times.
 */
void lenient_decode(json_t *tree, struct arena *arena);

#endif
