/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "tap.h"

static int released[4];
static int n_released;

static void note(void *object)
{
	released[n_released++] = *(int *)object;
}

static void what_an_arena_owns_goes_last_first(void)
{
	static int one = 1;
	static int two = 2;
	struct arena *arena = arena_create();

	arena_own(arena, &one, note);
	arena_own(arena, &two, note);
	CHECK(arena_own(arena, NULL, note) == NULL);
	arena_destroy(arena);
	CHECK_INT(n_released, 2);
	CHECK_INT(released[0], 2);
	CHECK_INT(released[1], 1);
}

static void text_is_copied_and_printed(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	CHECK_STR(arena_strdup(arena, "abc"), "abc");
	CHECK_STR(arena_strndup(arena, "abcdef", 3), "abc");
	CHECK_STR(arena_printf(arena, "%s/%d", "a", 7), "a/7");
}

static void texts_are_joined_as_printf_joins_them(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	char long_one[600];

	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	CHECK_STR(arena_printf(arena, "%s/change/%s", "a", "b"), "a/change/b");
	CHECK_STR(arena_printf(arena, "%s%s", "", ""), "");
	CHECK_STR(arena_printf(arena, "none"), "none");
	CHECK_STR(arena_printf(arena, "100%%"), "100%");
	CHECK_STR(arena_printf(arena, "%s%%%s", "a", "b"), "a%b");
	CHECK_STR(arena_printf(arena, "%s/%.2s/%s", "a", "bcd", "e"), "a/bc/e");
	CHECK_STR(arena_printf(arena, "%s[%zu]", "a", SIZE_MAX / 2), "a[9223372036854775807]");
	CHECK_STR(arena_printf(arena, "%lld%s", -12LL, "b"), "-12b");
	CHECK_STR(arena_printf(arena, "%s/%5zu/%03lld", "a", (size_t)7, 7LL), "a/    7/007");
	CHECK_STR(arena_printf(arena, "%s", long_one), long_one);
	for (size_t n = 250; n < 262; n++) {
		const char *cut = arena_strndup(arena, long_one, n);

		CHECK_INT(strlen(arena_printf(arena, "%s/%s", cut, "b")), n + 2);
	}
}

static void a_null_arena_may_be_destroyed(void)
{
	arena_destroy(NULL);
	CHECK(true);
}

int main(void)
{
	RUN(what_an_arena_owns_goes_last_first);
	RUN(text_is_copied_and_printed);
	RUN(texts_are_joined_as_printf_joins_them);
	RUN(a_null_arena_may_be_destroyed);
	return tap_done();
}
