/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_SCRATCH_H
#define DORAD_BASE_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory for trees of JSON that live no longer than the reading of one delivery: between
 * scratch_begin() and scratch_end() of a thread the pieces follow one another in one block,
 * freeing one is nothing, and the next delivery starts over in the same memory. Outside, and
 * for what does not fit, it is malloc. Whatever was made in between must be gone by
 * scratch_end(). Under a sanitizer it is always malloc, so that it sees each mistake.
 */
void *scratch_alloc(size_t size); /* never NULL */
void scratch_free(void *piece);   /* in the thread that made it */

void scratch_begin(void);
void scratch_end(void);

/* Whether all that was made since scratch_begin() is in the block: it may then be left there,
 * without being freed piece by piece. */
bool scratch_holds_all(void);

void scratch_drop(void); /* gives the thread's block back */

#endif
