/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_DIGEST_H
#define DORAD_EVENT_DIGEST_H

#include <jansson.h>
#include <stddef.h>

#define DIGEST_HEX_MAX 65 /* 64 digits and the NUL */

/* SHA-256 in lower-case hex. Pure. */
void digest_hex(const void *bytes, size_t n, char out[static DIGEST_HEX_MAX]);

/*
 * The canonical form of EVENTS.md: keys sorted, no spaces, as bytes. The caller frees it. The
 * hash of a snapshot (16 hex digits at the end of an id) is taken over this form of its data.
 */
char *canonical_text(const json_t *value, size_t *out_n);

#endif
