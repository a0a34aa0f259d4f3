/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/document.h"
#include "../../daemon/source/source_priv.h"

#include "tap.h"

#include <ftw.h>
#include <stdlib.h>

#ifdef DORAD_SIMDJSON
#define SECOND_WAY document_read_simdjson
#else
#define SECOND_WAY document_read
#endif

/* Texts that parsers disagree about, and what both ways have to make of them. */
static const struct {
	const char *text;
	const char *want; /* NULL: refused */
} texts[] = {
	{"{}", "{}"},
	{" [1, 2.5, true, null, \"a\"] ", "[1,2.5,true,null,\"a\"]"},
	{"{\"a\":1,\"a\":{\"b\":2}}", "{\"a\":{\"b\":2}}"},
	{"{\"a\":{\"b\":2},\"\\u0061\":3}", "{\"a\":3}"},
	{"[9223372036854775807,-9223372036854775808]",
		"[9223372036854775807,-9223372036854775808]"},
	{"[9223372036854775808]", NULL},
	{"[18446744073709551615]", NULL},
	{"{\"unwanted\":[{\"deep\":9999999999999999999}]}", NULL},
	{"[-9223372036854775809]", NULL},
	{"[123456789012345678901234567890]", NULL},
	{"[\"9223372036854775808\"]", "[\"9223372036854775808\"]"},
	{"[1e5, 1E-400, -0]", "[100000.0,0.0,0]"},
	{"[1e400]", NULL},
	{"[01]", NULL},
	{"[1.]", NULL},
	{"[+1]", NULL},
	{"[NaN]", NULL},
	{"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\xef\xbf\xbdy\"}"},
	{"{\"x\\u0000y\":1}", "{\"x\xef\xbf\xbdy\":1}"},
	{"{\"a\":\"x\\\\u0000y\"}", "{\"a\":\"x\\\\u0000y\"}"},
	{"{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}"},
	{"{\"a\":\"\\ud800\"}", NULL},
	{"{\"a\":\"\\ud800\\u0041\"}", NULL},
	{"{\"a\":\"\\udc00\"}", NULL},
	{"{\"a\":\"\x80\"}", NULL},
	{"{\"a\":\"\xc0\xaf\"}", NULL},
	{"{\"a\":\"\xed\xa0\x80\"}", NULL},
	{"{\"a\":\"\xf4\x90\x80\x80\"}", NULL},
	{"{\"a\":\"\xef\xbf\xbf\"}", "{\"a\":\"\xef\xbf\xbf\"}"},
	{"{\"a\":\"\t\"}", NULL},
	{"{\"a\":\"\\x\"}", NULL},
	{"{\"a\":1} x", NULL},
	{"{\"a\":1}{}", NULL},
	{"{\"a\":1,}", NULL},
	{"{a:1}", NULL},
	{"{'a':1}", NULL},
	{"[1,", NULL},
	{"[", NULL},
	{"", NULL},
	{"   ", NULL},
	{"7", NULL},
	{"\"a\"", NULL},
	{"null", NULL},
	{"// a\n{}", NULL},
	{"{\"\":1}", "{\"\":1}"},
};

static void check_same(const char *bytes, size_t n, const struct wanted *wanted)
{
	struct error first_words = {0};
	struct error second_words = {0};
	json_t *first = document_read_jansson(bytes, n, wanted, &first_words);
	json_t *second = SECOND_WAY(bytes, n, wanted, &second_words);

	CHECK((first == NULL) == (second == NULL));
	CHECK(!first || json_equal(first, second));
	CHECK((first == NULL) == (first_words.text[0] != '\0'));
	CHECK_STR(second_words.text, first_words.text);
	json_decref(first);
	json_decref(second);
}

static void both_ways_read_or_refuse_the_same_texts(void)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct error err = {0};
		json_t *tree = document_read(texts[i].text, strlen(texts[i].text), NULL, &err);
		char *got = tree ? json_dumps(tree, JSON_COMPACT) : NULL;

		printf("# %s\n", texts[i].text);
		CHECK_STR(got, texts[i].want);
		check_same(texts[i].text, strlen(texts[i].text), NULL);
		free(got);
		json_decref(tree);
	}
}

static void a_byte_within_the_text_that_is_nul_is_refused(void)
{
	static const char text[] = "{\"a\":1\0}";
	static const char after[] = "{\"a\":1}\0";

	check_same(text, sizeof(text) - 1, NULL);
	check_same(after, sizeof(after) - 1, NULL);
	CHECK(document_read(after, sizeof(after) - 1, NULL, NULL) == NULL);
}

static void a_byte_order_mark_is_skipped(void)
{
	json_t *tree = document_read("\xef\xbb\xbf{\"a\":1}", 10, NULL, NULL);

	CHECK_INT(json_integer_value(json_object_get(tree, "a")), 1);
	json_decref(tree);
}

static char *nested(size_t depth, size_t *out_n)
{
	char *text = malloc(2 * depth);

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	*out_n = 2 * depth;
	return text;
}

static void depth_has_a_limit_and_it_is_the_same_both_ways(void)
{
	for (size_t depth = DOCUMENT_MAX_DEPTH - 2; depth < DOCUMENT_MAX_DEPTH + 3; depth++) {
		size_t n;
		char *text = nested(depth, &n);
		struct error err = {0};
		json_t *tree = document_read(text, n, NULL, &err);

		CHECK((tree != NULL) == (depth <= DOCUMENT_MAX_DEPTH));
		CHECK_STR(err.text, tree ? "" : "the body is nested deeper than 256");
		check_same(text, n, NULL);
		json_decref(tree);
		free(text);
	}
}

static void so_many_values_are_refused_before_they_are_built(void)
{
	size_t n = 3 * (DOCUMENT_MAX_TOKENS / 2) + 16;
	char *text = malloc(n);
	struct error err = {0};

	for (size_t i = 0; i < n; i++)
		text[i] = "[],"[i % 3];
	text[0] = '[';
	text[1] = '1';
	text[n - 1] = ']';
	check_same(text, n, NULL);
	CHECK(document_read(text, n, NULL, &err) == NULL);
	CHECK_STR(err.text, "the body has more than 500000 values");
	free(text);
}

static void a_long_number_is_found_wherever_it_stands(void)
{
	for (size_t at = 0; at < 64; at++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "{\"%.*s\":9223372036854775808}", (int)at,
			"................................................................");
		check_same(text, strlen(text), NULL);
		CHECK(document_read(text, strlen(text), NULL, NULL) == NULL);
	}
}

static const struct wanted some[] = {
	{"a"},
	OBJECT("list", {"id"}, OBJECT("inner", {"x"})),
	{0},
};

static void only_what_is_wanted_is_built(void)
{
	static const char text[] =
		"{\"z\":1,\"a\":{\"all\":[1,{\"of\":\"it\"}]},\"list\":[{\"id\":1,\"no\":2,"
		"\"inner\":{\"x\":1,\"y\":2}},7,{\"id\":{\"whole\":1}}],\"ab\":1}";
	json_t *tree = document_read(text, sizeof(text) - 1, some, NULL);
	char *got = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);

	CHECK_STR(got,
		"{\"a\":{\"all\":[1,{\"of\":\"it\"}]},\"list\":[{\"id\":1,\"inner\":{\"x\":1}},"
		"7,"
		"{\"id\":{\"whole\":1}}]}");
	check_same(text, sizeof(text) - 1, some);
	free(got);
	json_decref(tree);
}

static size_t n_bodies;

static int read_fixture(const char *path, const struct stat *info, int type, struct FTW *place)
{
	if (type != FTW_F || strcmp(path + place->base, "body") != 0)
		return 0;

	FILE *file = fopen(path, "rbe");
	char *body = malloc((size_t)info->st_size + 1);
	size_t n = fread(body, 1, (size_t)info->st_size, file);

	(void)fclose(file);
	check_same(body, n, NULL);
	for (size_t i = 0; source_at(i); i++)
		check_same(body, n, source_at(i)->wanted);
	if (!tap_ok)
		printf("# %s\n", path);
	n_bodies++;
	free(body);
	return tap_ok ? 0 : 1;
}

static void both_ways_give_the_same_of_every_fixture(void)
{
	const char *root = getenv("DORAD_SOURCE_ROOT");
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fixtures", root ? root : ".");
	CHECK_INT(nftw(path, read_fixture, 16, FTW_PHYS), 0);
	CHECK(n_bodies > 10);
}

int main(void)
{
	RUN(both_ways_read_or_refuse_the_same_texts);
	RUN(a_byte_within_the_text_that_is_nul_is_refused);
	RUN(a_byte_order_mark_is_skipped);
	RUN(depth_has_a_limit_and_it_is_the_same_both_ways);
	RUN(so_many_values_are_refused_before_they_are_built);
	RUN(a_long_number_is_found_wherever_it_stands);
	RUN(only_what_is_wanted_is_built);
	RUN(both_ways_give_the_same_of_every_fixture);
	return tap_done();
}
