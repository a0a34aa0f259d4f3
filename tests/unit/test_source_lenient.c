/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/lenient.h"

#include "tap.h"

#include <stdlib.h>

/* What stands in texts that are no JSON; the second is JSON, NULL for nothing. */
struct pair {
	const char *text;
	const char *want;
};

static void check_tree(json_t *tree, const struct pair *pair)
{
	char *got = tree ? json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	CHECK_STR(got, pair->want);
	free(got);
	json_decref(tree);
}

static void check_json(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_tree(lenient_json(pairs[i].text, strlen(pairs[i].text)), &pairs[i]);
}

static void check_form(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena *arena = arena_create();

		check_tree(
			lenient_form(pairs[i].text, strlen(pairs[i].text), arena), &pairs[i]);
		arena_destroy(arena);
	}
}

static void values_may_stand_without_quotes(void)
{
	static const struct pair pairs[] = {
		{"{\"a\": INC-372, \"b\": Low}", "{\"a\":\"INC-372\",\"b\":\"Low\"}"},
		{"{\"a\": two words ,\n\"b\": x\n}", "{\"a\":\"two words\",\"b\":\"x\"}"},
		{"{\"a\": one, two, \"b\": 3}", "{\"a\":\"one, two\",\"b\":\"3\"}"},
		{"{\"a\": , \"b\": 1,}", "{\"a\":\"\",\"b\":\"1\"}"},
		{"{\"a\": null, \"b\": nullable}", "{\"a\":null,\"b\":\"nullable\"}"},
		{"{\"a\": [x, \"y\", {\"z\": 1}, ]}", "{\"a\":[\"x\",\"y\",{\"z\":\"1\"}]}"},
		{"{\"a\": x}]", "{\"a\":\"x\"}"},
		{"before {\"a\": x} behind", "{\"a\":\"x\"}"},
		{"{\"a\": tab\there}", "{\"a\":\"tab here\"}"},
	};
	check_json(pairs, ARRAY_LEN(pairs));
}

static void quotes_within_a_text_do_not_end_it(void)
{
	static const struct pair pairs[] = {
		{"{\"a\": \"say \"no\" now\", \"b\": \"x\"}",
			"{\"a\":\"say \\\"no\\\" now\",\"b\":\"x\"}"},
		{"{\"a\": \"say \"no\", twice\", \"b\": \"x\"}",
			"{\"a\":\"say \\\"no\\\", twice\",\"b\":\"x\"}"},
		{"{\"a\": \"two\nlines\"}", "{\"a\":\"two lines\"}"},
		{"{\"a\": \"\\u2603 \\\"q\\\"\"}", "{\"a\":\"\xe2\x98\x83 \\\"q\\\"\"}"},
		{"{\"a\": \"\\q \\n\\r\\t\\b\\f \\\\\"}", "{\"a\":\"q       \\\\\"}"},
		{"{\"a\": [\"x\", y]}", "{\"a\":[\"x\",\"y\"]}"},
		{"{\"a\": \"x\",}", "{\"a\":\"x\"}"},
		{"{\"a\": \"x\",", "{\"a\":\"x\"}"},
		{"{\"a\": \"x\"", "{\"a\":\"x\"}"},
	};
	check_json(pairs, ARRAY_LEN(pairs));
}

static void what_is_cut_is_read_up_to_there(void)
{
	static const struct pair pairs[] = {
		{"{\"a\": \"1\", \"b\": \"cu", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b\": cu", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b\":", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b\"", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b\\", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", \"b\" x", "{\"a\":\"1\"}"},
		{"{\"a\": \"1\", b: 2}", NULL}, /* names have to stand in quotes */
		{"{\"a\": [\"1\", \"cu", "{\"a\":[\"1\"]}"},
		{"{\"a\": [", "{\"a\":[]}"},
		{"{\"a\": {\"b\": [x}, \"c\": 1}", "{\"a\":{\"b\":[\"x\"],\"c\":\"1\"}}"},
		{"{", NULL},
		{"{}", NULL},
		{"{\"", NULL},
		{"[\"a\"]", NULL},
		{"", NULL},
		{"text", NULL},
	};
	check_json(pairs, ARRAY_LEN(pairs));
}

static void what_is_no_text_is_left_out(void)
{
	static const struct pair pairs[] = {
		{"{\"a\": \"\xff\", \"b\": 1}", "{\"b\":\"1\"}"},
		{"{\"a\": \xff, \"b\": 1}", "{\"b\":\"1\"}"},
		{"{\"b\": 1, \"\xff\": 2}", "{\"b\":\"1\"}"},
	};
	check_json(pairs, ARRAY_LEN(pairs));
}

static void depth_and_length_have_an_end(void)
{
	char deep[200] = "";
	char *many = calloc(1, 16384);
	size_t n = 0;

	for (size_t i = 0; i < 30; i++)
		memcpy(deep + 5 * i, "{\"a\":", 6);
	json_t *tree = lenient_json(deep, strlen(deep));
	size_t depth = 0;
	for (json_t *at = tree; at; at = json_object_get(at, "a"))
		depth++;
	CHECK_INT(depth, 16);
	json_decref(tree);

	many[n++] = '{';
	for (int i = 0; i < 600; i++)
		n += (size_t)snprintf(many + n, 16384 - n, "\"f%d\": x, ", i);
	tree = lenient_json(many, n);
	CHECK_INT(json_object_size(tree), 512);
	json_decref(tree);
	free(many);
}

static void a_form_is_an_object(void)
{
	static const struct pair pairs[] = {
		{"a=1&b=two+words%21", "{\"a\":\"1\",\"b\":\"two words!\"}"},
		{"a%5Bx%5D=1&a[y]=2", "{\"a\":{\"x\":\"1\",\"y\":\"2\"}}"},
		{"a=1&a[x]=2", "{\"a\":{\"x\":\"2\"}}"},
		{"a[]=1&[b]=2&c]=3&d[=4",
			"{\"[b]\":\"2\",\"a[]\":\"1\",\"c]\":\"3\",\"d[\":\"4\"}"},
		{"&&a=1&", "{\"a\":\"1\"}"},
		{"a=1&b=%FF&c=%00&%FF=d&%=e", "{\"%\":\"e\",\"a\":\"1\"}"},
		{"a=1&no field&b=2", "{\"a\":\"1\"}"},
		{"payload=%7B%22a%22%3A1%7D", "{\"a\":1}"},
		{"payload=%7B%22a%22%3A+x%7D", "{\"a\":\"x\"}"},
		{"payload=[1]", "{\"payload\":\"[1]\"}"},
		{"a[x]=1", "{\"a\":{\"x\":\"1\"}}"},
		{"=1", NULL},
		{"text", NULL},
		{"", NULL},
	};
	check_form(pairs, ARRAY_LEN(pairs));
}

static void encoded_texts_are_decoded_where_any_is(void)
{
	static const struct pair pairs[] = {
		{"{\"a\":\"x%20y\",\"b\":\"1+2\"}", "{\"a\":\"x y\",\"b\":\"1 2\"}"},
		{"{\"b\":\"1+2\",\"c\":[\"100%\",\"%4\",\"%zz\",\"%4z\"]}",
			"{\"b\":\"1+2\",\"c\":[\"100%\",\"%4\",\"%zz\",\"%4z\"]}"},
		{"{\"b\":[1,null,{\"c\":[\"%41+\"]}],\"d\":\"%FF\",\"e\":\"%00\"}",
			"{\"b\":[1,null,{\"c\":[\"A \"]}],\"d\":\"%FF\",\"e\":\"%00\"}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct arena *arena = arena_create();
		json_t *tree = json_loads(pairs[i].text, 0, NULL);

		lenient_decode(tree, arena);
		check_tree(tree, &pairs[i]);
		arena_destroy(arena);
	}
}

int main(void)
{
	RUN(values_may_stand_without_quotes);
	RUN(quotes_within_a_text_do_not_end_it);
	RUN(what_is_cut_is_read_up_to_there);
	RUN(what_is_no_text_is_left_out);
	RUN(depth_and_length_have_an_end);
	RUN(a_form_is_an_object);
	RUN(encoded_texts_are_decoded_where_any_is);
	return tap_done();
}
