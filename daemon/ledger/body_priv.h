/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_BODY_PRIV_H
#define DORAD_LEDGER_BODY_PRIV_H

#include "base/arena.h"
#include "base/error.h"
#include "source/source.h"

/* How a body lies in the file. */
struct body_packed {
	const char *encoding; /* "plain" or "zstd" */
	const void *bytes;
	size_t n;
};

struct body_packer;

struct body_packer *body_packer_create(void);
void body_packer_destroy(struct body_packer *packer);
void body_packer_rest(struct body_packer *packer); /* gives its memory back until then */

/* Compressed where that saves a tenth; the result holds until the next call, or as long as the
 * body. */
struct body_packed body_pack(struct body_packer *packer, const char *body, size_t n);

/* What unpacking needs each time, made once. One thread at a time. */
struct body_unpacker;

struct body_unpacker *body_unpacker_create(void);
void body_unpacker_destroy(struct body_unpacker *unpacker); /* NULL is fine */

/* The bytes as received, n of them, or NULL with words. */
const char *body_unpack(struct body_unpacker *unpacker, const struct body_packed *packed,
	size_t n, struct arena *arena, struct error *err);

/* Headers as text, "name: value\n" each, and back. */
char *headers_pack(const struct header *headers, size_t n); /* the caller frees it */
const struct header *headers_unpack(const char *text, struct arena *arena, size_t *out_n);

#endif
