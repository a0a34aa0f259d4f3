/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_BASE64_H
#define DORAD_SOURCE_BASE64_H

#include "base/arena.h"

#include <stddef.h>

/*
 * RFC 4648 section 4, as Pub/Sub and CloudEvents carry bytes in JSON; white space around it is
 * skipped. NULL: it is none. The bytes belong to the arena and have a NUL after them. Pure.
 */
char *base64_read(const char *text, size_t n, struct arena *arena, size_t *out_n);

#endif
