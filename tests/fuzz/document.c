/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/document.h"

#include "fuzz.h"

#include <string.h>

/*
 * JSON as a tree. The two ways of reading it agree on what is JSON and on every value; what is
 * wanted of it is part of the whole; a tree written as JSON is read as the same tree.
 */
static const struct wanted some[] = {
	{"a"},
	OBJECT("b", {"a"}, OBJECT("c", {"id"})),
	{"custom*"},
	{0},
};

static json_t *read_once(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err)
{
	json_t *tree = document_read(bytes, n, wanted, err);

	FUZZ_WANT(!tree == (err->text[0] != '\0'));
	FUZZ_WANT(!tree || json_is_object(tree) || json_is_array(tree));
	return tree;
}

#ifdef DORAD_SIMDJSON
static void want_agreement(const char *bytes, size_t n, const struct wanted *wanted)
{
	struct error one = {0};
	struct error other = {0};
	json_t *jansson = document_read_jansson(bytes, n, wanted, &one);
	json_t *simdjson = document_read_simdjson(bytes, n, wanted, &other);

	FUZZ_WANT(!jansson == !simdjson);
	FUZZ_WANT(!jansson || json_equal(jansson, simdjson));
	json_decref(jansson);
	json_decref(simdjson);
}
#endif

static void check_written(json_t *tree)
{
	struct error err = {0};
	char *text = json_dumps(tree, JSON_COMPACT);

	FUZZ_WANT(text);
	json_t *again = document_read(text, strlen(text), NULL, &err);
	FUZZ_WANT(again && json_equal(tree, again));
	json_decref(again);
	free(text);
}

/* Every member that was picked is that of the whole, where it was wanted whole. */
static void check_picked(const json_t *whole, const json_t *picked)
{
	if (!json_is_object(whole))
		return;
	FUZZ_WANT(json_is_object(picked));
	FUZZ_WANT(json_object_size(picked) <= json_object_size(whole));
	FUZZ_WANT(!json_object_get(whole, "a") == !json_object_get(picked, "a"));
	if (json_object_get(whole, "a"))
		FUZZ_WANT(
			json_equal(json_object_get(whole, "a"), json_object_get(picked, "a")));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	const char *bytes = (const char *)input;
	struct error err = {0};
	struct error some_err = {0};
	json_t *whole = read_once(bytes, n, NULL, &err);
	json_t *picked = read_once(bytes, n, some, &some_err);

	FUZZ_WANT(!whole == !picked);
	if (whole) {
		check_written(whole);
		check_picked(whole, picked);
	}
	json_decref(whole);
	json_decref(picked);
#ifdef DORAD_SIMDJSON
	want_agreement(bytes, n, NULL);
	want_agreement(bytes, n, some);
#endif
	return 0;
}
