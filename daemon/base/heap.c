/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/xalloc.h"

#include <malloc.h>
#include <stdlib.h>

#ifdef __GLIBC__

/* Where glibc itself ends up after a few large bodies; said here, since a threshold that is
 * set once does not move any more. */
#define LARGE_BYTES (4 << 20)
#define KEEP_BYTES (8 << 20)
#define PAD_BYTES (128 << 10)

/* More than what makes free() look at the end of the heap, less than what has a mapping of its
 * own. */
#define PIECE_BYTES ((size_t)96 << 10)

/* At the end of a heap: from how much on it is given back, and how much of it not. */
static void keep(int most_bytes, int least_bytes)
{
	(void)mallopt(M_TRIM_THRESHOLD, most_bytes); // NOLINT(concurrency-mt-unsafe): hints
	(void)mallopt(M_TOP_PAD, least_bytes);       // NOLINT(concurrency-mt-unsafe)
}

void heap_begin(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); // NOLINT(concurrency-mt-unsafe): alone
	keep(KEEP_BYTES, PAD_BYTES);
}

/* malloc_trim() leaves the free end of a thread's heap alone, which was most of it. */
void heap_rest(void)
{
	keep(0, 0);
	void *volatile piece = xmalloc(PIECE_BYTES);
	free(piece);
	keep(KEEP_BYTES, PAD_BYTES);
	(void)malloc_trim(0);
}

#else

void heap_begin(void)
{
}

void heap_rest(void)
{
}

#endif
