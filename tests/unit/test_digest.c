/* SPDX-License-Identifier: Apache-2.0 */
#include "event/digest.h"
#include "event/dora_event.h"

#include "tap.h"

#include <stdlib.h>

static void the_canonical_form_has_sorted_keys_and_no_spaces(void)
{
	json_t *value =
		json_loads("{\"b\": [1, true], \"a\": {\"d\": null, \"c\": \"é\"}}", 0, NULL);
	size_t n;
	char *text = canonical_text(value, &n);
	char hex[DIGEST_HEX_MAX];

	CHECK_STR(text, "{\"a\":{\"c\":\"é\",\"d\":null},\"b\":[1,true]}");
	CHECK_INT(n, strlen(text));
	digest_hex("abc", 3, hex); /* FIPS 180-4, the first example */
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	free(text);
	json_decref(value);
}

/* Strings with everything that is escaped, numbers, depth, and more members than fit. */
static json_t *make_odd(void)
{
	json_t *value = json_pack("{s:s, s:[i,I,f,f,b,b,n,[],{}], s:{s:{s:[s]}}, s:s}", "text",
		"a\"b\\c/d\b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xf0\x9f\x9a\x80", "numbers", 0,
		(json_int_t)-9223372036854775807LL - 1, 0.1, 1e300, 1, 0, "o", "o", "o", "in",
		"", "", "");
	char name[16];

	for (int i = 99; i > 0; i -= 2) {
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)json_object_set_new(value, name, json_integer(i));
	}
	(void)json_object_set_new(value, "\x01\"", json_stringn("a\0b", 3));
	return value;
}

static void the_canonical_form_is_what_the_library_writes_byte_for_byte(void)
{
	json_t *value = make_odd();
	size_t n;
	char *text = canonical_text(value, &n);
	char *dumped = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	CHECK_STR(text, dumped);
	CHECK_INT(n, strlen(dumped));
	free(text);
	free(dumped);
	text = canonical_text(json_null(), &n);
	CHECK_STR(text, "null");
	free(text);
	json_decref(value);
}

#define BEFORE 16 /* what lies before each piece, so that free() does not know it */

static void *piece_alloc(size_t n)
{
	char *piece = malloc(BEFORE + n);

	return piece ? piece + BEFORE : NULL;
}

static void piece_free(void *piece)
{
	free((char *)piece - BEFORE);
}

static void the_text_of_a_tree_is_freed_whatever_memory_the_tree_is_in(void)
{
	json_malloc_t usual_alloc;
	json_free_t usual_free;
	size_t n;

	json_get_alloc_funcs(&usual_alloc, &usual_free);
	json_set_alloc_funcs(piece_alloc, piece_free);
	json_t *value = json_pack("{s:[i]}", "a", 1);
	char *text = canonical_text(value, &n);
	json_decref(value);
	json_set_alloc_funcs(usual_alloc, usual_free);
	CHECK_STR(text, "{\"a\":[1]}");
	free(text);
}

static void each_kind_has_its_name(void)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const char *name = dora_kind_name((enum dora_kind)kind);
		enum dora_kind again;

		CHECK(dora_kind_from_name(name, strlen(name), &again));
		CHECK_INT(again, kind);
		CHECK(!dora_kind_from_name(name, strlen(name) - 1, &again));
	}
}

int main(void)
{
	RUN(the_canonical_form_has_sorted_keys_and_no_spaces);
	RUN(the_canonical_form_is_what_the_library_writes_byte_for_byte);
	RUN(the_text_of_a_tree_is_freed_whatever_memory_the_tree_is_in);
	RUN(each_kind_has_its_name);
	return tap_done();
}
