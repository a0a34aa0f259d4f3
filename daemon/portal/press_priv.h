/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_PRESS_PRIV_H
#define DORAD_PORTAL_PRESS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* Packs texts and unpacks them: with zstd, or, where dorad is built without, as they are. Any
 * thread; as many at once as ask. */
struct press;

struct press *press_create(void);
void press_destroy(struct press *press); /* NULL is fine */

/* The caller's, *out_n bytes of it. */
void *press_pack(struct press *press, const char *text, size_t n, size_t *out_n);

/* Into text, which has room for the n bytes that were packed. False: it was something else. */
bool press_unpack(
	struct press *press, const void *packed, size_t n_packed, char *text, size_t n);

#endif
