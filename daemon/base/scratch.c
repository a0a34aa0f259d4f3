/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scratch.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* The trees of a delivery of 25 KB take 60 to 100 KB. It should stay in the cache. */
#ifdef __SANITIZE_ADDRESS__
static const size_t block_bytes = 0;
#else
static const size_t block_bytes = (size_t)256 << 10;
#endif

static _Thread_local struct {
	char *block;
	size_t used;
	bool in_use;
	bool spilled; /* since scratch_begin() some went to malloc */
} scratch;

void *scratch_alloc(size_t size)
{
	const size_t unit = alignof(max_align_t);
	size_t whole = (size + unit - 1) / unit * unit;

	if (!scratch.in_use || whole < size || whole > block_bytes - scratch.used) {
		scratch.spilled = true;
		return xmalloc(size);
	}
	char *piece = scratch.block + scratch.used;
	scratch.used += whole;
	return piece;
}

void scratch_free(void *piece)
{
	uintptr_t at = (uintptr_t)piece - (uintptr_t)scratch.block;

	if (!scratch.block || at >= block_bytes)
		free(piece);
}

void scratch_begin(void)
{
	assert(!scratch.in_use);
	if (!scratch.block)
		scratch.block = xmalloc(block_bytes);
	scratch.used = 0;
	scratch.in_use = true;
	scratch.spilled = false;
}

bool scratch_holds_all(void)
{
	return scratch.in_use && !scratch.spilled;
}

void scratch_end(void)
{
	scratch.in_use = false;
}

void scratch_drop(void)
{
	assert(!scratch.in_use);
	free(scratch.block);
	scratch.block = NULL;
}
