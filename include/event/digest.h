/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_DIGEST_H
#define DORAD_EVENT_DIGEST_H

#include <jansson.h>
#include <stddef.h>

#define DIGEST_HEX_MAX 65 /* 64 digits and the NUL */

/* SHA-256 in lower-case hex. Pure. */
void digest_hex(const void *bytes, size_t n, char out[static DIGEST_HEX_MAX]);

/* A tree in the canonical form of dora_event_text(). The caller frees it. */
char *canonical_text(const json_t *value, size_t *out_n);

#endif
