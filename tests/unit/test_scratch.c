/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scratch.h"

#include "tap.h"

#include <stdint.h>
#include <stdlib.h>

static void pieces_are_apart_aligned_and_may_be_larger_than_the_block(void)
{
	char *pieces[64];

	scratch_begin();
	for (size_t i = 0; i < 64; i++) {
		pieces[i] = scratch_alloc(i + 1);
		memset(pieces[i], (int)i, i + 1);
		CHECK_INT((uintptr_t)pieces[i] % 16, 0);
	}
	char *large = scratch_alloc((size_t)8 << 20);
	CHECK(!scratch_holds_all());
	memset(large, 1, (size_t)8 << 20);
	for (size_t i = 0; i < 64; i++) {
		CHECK_INT(pieces[i][0], i);
		CHECK_INT(pieces[i][i], i);
		scratch_free(pieces[i]);
	}
	scratch_free(large);
	scratch_free(NULL);
	scratch_end();
	CHECK(!scratch_holds_all());
	scratch_begin();
	CHECK(scratch_holds_all()); /* nothing yet */
	scratch_end();
	scratch_drop();
}

static void what_was_made_outside_may_be_freed_inside_and_after(void)
{
	char *before = scratch_alloc(10);
	char *other = scratch_alloc(10);

	scratch_begin();
	scratch_free(before);
	scratch_end();
	scratch_drop();
	scratch_free(other);
	free(scratch_alloc(0)); /* outside, it is malloc */
	CHECK(true);
}

int main(void)
{
	RUN(pieces_are_apart_aligned_and_may_be_larger_than_the_block);
	RUN(what_was_made_outside_may_be_freed_inside_and_after);
	return tap_done();
}
