/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_BODY_PRIV_H
#define DORAD_HTTP_BODY_PRIV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a body as they come: in memory up to BODY_MEMORY_BYTES, then in a file without
 * a name, which is mapped when the body is complete. Whether n bytes are memory or a mapping
 * follows from n alone. Of a file as much of its end is in memory.
 */
#define BODY_MEMORY_BYTES (256 * 1024)

struct body {
	char *bytes; /* memory, or the mapping of a complete one; of a file the tail */
	size_t n;
	size_t size;   /* of the memory */
	size_t n_tail; /* not in the file yet */
	int fd;        /* of the file; -1: none */
};

#define BODY_EMPTY ((struct body){.fd = -1})

/* expected: the length that was announced; -1: none was. False: the file could not be written;
 * err says why. */
bool body_append(struct body *body, const char *bytes, size_t n, int64_t expected,
	const char *folder, struct error *err);

/* Complete: bytes holds all n of them (NULL if n is 0). False as before. */
bool body_finish(struct body *body, const char *folder, struct error *err);

/* What it costs now. */
size_t body_memory(const struct body *body);
size_t body_file(const struct body *body);

/* Leaves a mapping's pages to the page cache, until somebody reads them again. */
void body_rest(const struct body *body);

void body_clear(struct body *body);

#endif
