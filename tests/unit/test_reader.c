/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/source/form.h"
#include "../../daemon/source/observe.h"
#include "../../daemon/source/reader.h"

#include "tap.h"

struct scene {
	struct arena *arena;
	struct error err;
	json_t *tree;
	struct reader reader;
};

static void open_scene(struct scene *scene, const char *text)
{
	*scene = (struct scene){.arena = arena_create(), .tree = json_loads(text, 0, NULL)};
	scene->reader = (struct reader){
		.value = scene->tree, .place = "", .arena = scene->arena, .err = &scene->err};
	CHECK(scene->tree != NULL);
}

static void close_scene(struct scene *scene)
{
	json_decref(scene->tree);
	arena_destroy(scene->arena);
}

static void the_first_complaint_stays_and_needed_fields_then_give_nothing(void)
{
	struct scene scene;

	open_scene(&scene, "{\"a\":{\"b\":7},\"t\":\"soon\"}");
	CHECK_STR(reader_string(&scene.reader, "a.b"), "");
	CHECK_STR(scene.err.text, "a.b: want a text, got 7");
	CHECK_STR(reader_id(&scene.reader, "a.c"), "");
	CHECK_INT(reader_time(&scene.reader, "t"), 0);
	CHECK_STR(scene.err.text, "a.b: want a text, got 7");
	close_scene(&scene);
}

static void a_complaint_says_what_was_there(void)
{
	static const struct {
		const char *path;
		const char *words;
	} cases[] = {
		{"missing", "missing: want a text, it is missing"},
		{"null", "null: want a text, got null"},
		{"empty", "empty: want a text, got \"\""},
		{"list", "list: want a text, got [1]"},
		{"long", "long: want a text, got something else"},
		{"list.0", "list.0: want a text, it is missing"},
	};
	struct scene scene;

	open_scene(&scene,
		"{\"null\":null,\"empty\":\"\",\"list\":[1],"
		"\"long\":[\"01234567890123456789012345678901234567890123456789\"]}");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&scene.err, 0, sizeof(scene.err));
		(void)reader_string(&scene.reader, cases[i].path);
		CHECK_STR(scene.err.text, cases[i].words);
	}
	struct reader nothing = {.place = "", .arena = scene.arena, .err = &scene.err};
	memset(&scene.err, 0, sizeof(scene.err));
	(void)reader_string(&nothing, "");
	CHECK_STR(scene.err.text, "the body: want a text, it is missing");
	close_scene(&scene);
}

static void an_entry_of_a_list_is_named_by_its_number(void)
{
	struct scene scene;

	open_scene(&scene, "{\"a\":{\"list\":[{\"id\":1},{\"no\":2},\"text\"]}}");
	struct reader inner = reader_at(&scene.reader, "a");
	CHECK_INT(reader_count(&inner, "list"), 3);
	CHECK_INT(reader_count(&inner, "other"), 0);
	struct reader second = reader_entry(&inner, "list", 1);
	CHECK_STR(reader_id(&second, "id"), "");
	CHECK_STR(scene.err.text, "a.list[1].id: want an id, it is missing");
	struct reader third = reader_entry(&inner, "list", 2);
	CHECK_STR(reader_text(&third, ""), "text");
	CHECK(!reader_has(&third, "x"));
	struct reader none = reader_entry(&inner, "list", 3);
	CHECK(!reader_has(&none, ""));
	close_scene(&scene);
}

static void ids_and_numbers_come_as_numbers_or_texts(void)
{
	struct scene scene;
	int64_t number = -1;

	open_scene(&scene,
		"{\"i\":9223372036854775807,\"s\":\"42\",\"f\":3.0,\"h\":3.5,\"x\":\"4a\","
		"\"e\":\"\",\"p\":\"+4\",\"n\":\"-7\",\"b\":true,"
		"\"g\":101e30,\"m\":-1e300,\"long\":\"1234567890123456789\"}");
	CHECK_STR(reader_id(&scene.reader, "i"), "9223372036854775807");
	CHECK_STR(reader_id(&scene.reader, "s"), "42");
	CHECK_STR(reader_id_or_null(&scene.reader, "b"), NULL);
	CHECK(reader_int(&scene.reader, "i", &number) && number == INT64_MAX);
	CHECK(reader_int(&scene.reader, "s", &number) && number == 42);
	CHECK(reader_int(&scene.reader, "f", &number) && number == 3);
	CHECK(reader_int(&scene.reader, "n", &number) && number == -7);
	static const char *const none[] = {
		"h", "x", "e", "p", "b", "g", "m", "long", "missing"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		CHECK(!reader_int(&scene.reader, none[i], &number));
	CHECK_INT(number, -7);
	close_scene(&scene);
}

static void times_are_texts_or_numbers_since_1970(void)
{
	struct scene scene;
	int64_t at_us = -1;

	open_scene(&scene,
		"{\"t\":\"2026-06-01T21:59:22Z\",\"ms\":1780351162000,\"f\":1780351162.0,"
		"\"neg\":-1.5,\"huge\":1e30,\"year1\":\"0001-01-01T00:00:00Z\",\"b\":true}");
	CHECK_INT(reader_time(&scene.reader, "t"), INT64_C(1780351162000000));
	CHECK_INT(reader_time(&scene.reader, "ms"), INT64_C(1780351162000000));
	CHECK_INT(reader_time(&scene.reader, "f"), INT64_C(1780351162000000));
	static const char *const none[] = {"neg", "huge", "year1", "b", "missing"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		CHECK(!reader_time_at(&scene.reader, none[i], &at_us));
	CHECK_INT(at_us, -1);
	close_scene(&scene);
}

static void flags_come_as_words_too(void)
{
	struct scene scene;

	open_scene(&scene,
		"{\"t\":true,\"s\":\"True\",\"one\":\"1\",\"f\":false,\"fs\":\"false\","
		"\"n\":null,\"i\":1}");
	CHECK(reader_is_true(&scene.reader, "t") && reader_is_true(&scene.reader, "s"));
	CHECK(reader_is_true(&scene.reader, "one") && !reader_is_true(&scene.reader, "i"));
	CHECK(!reader_is_true(&scene.reader, "f") && !reader_is_true(&scene.reader, "n"));
	CHECK(!reader_is_true(&scene.reader, "fs"));
	CHECK(reader_is_null(&scene.reader, "n") && !reader_is_null(&scene.reader, "missing"));
	close_scene(&scene);
}

static void a_form_is_decoded(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	static const char body[] = "a=1&payload=%7b%22x%22%3A%22a+%2B%20%zz%2&payload=2&e=";
	size_t n = 0;

	CHECK_STR(form_field(body, strlen(body), "payload", arena, &n), "{\"x\":\"a + %zz%2");
	CHECK_INT(n, 15);
	CHECK_STR(form_field(body, strlen(body), "e", arena, &n), "");
	CHECK_STR(form_field(body, strlen(body), "b", arena, &n), NULL);
	CHECK_STR(form_field("", 0, "b", arena, &n), NULL);
	CHECK_STR(percent_decode("a+%41", 5, arena, &n), "a+A");
}

static void a_sha_is_hex_and_not_all_zeros(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct intake in = {.arena = arena};

	CHECK_STR(sha_or_null(&in, "5F2DA1A"), "5f2da1a");
	CHECK_STR(sha_or_null(&in, "5f2da1"), NULL);
	CHECK_STR(sha_or_null(&in, "5f2da1g"), NULL);
	CHECK_STR(sha_or_null(&in, "0000000000"), NULL);
	CHECK_STR(sha_or_null(&in, NULL), NULL);
	CHECK_STR(commit_or_null(&in, "ABC"), "abc");
	CHECK_STR(commit_or_null(&in, "0000"), NULL);
	CHECK_STR(commit_or_null(&in, ""), NULL);
}

/* Our own sentences; what counts is the sha after the words. */
static void a_root_cause_is_found_in_what_people_write(void)
{
	static const struct {
		const char *text;
		const char *sha;
	} cases[] = {
		{"Root cause: 5f2da1a9", "5f2da1a9"},
		{"h2. ROOT CAUSE\t**5F2DA1A9**.", "5f2da1a9"},
		{"root cause - `5f2da1a9b`", "5f2da1a9b"},
		{"The root cause is not known.\nRoot cause: 77bbc3c3", "77bbc3c3"},
		{"root cause: 5f2da1a9xyz", NULL},
		{"root cause5f2da1a9", NULL},
		{"root cause: abc", NULL},
		{"root causes: 5f2da1a9", NULL},
		{"cause: 5f2da1a9", NULL},
		{"", NULL},
	};
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct intake in = {.arena = arena};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_STR(root_cause(&in, cases[i].text), cases[i].sha);
	CHECK_STR(root_cause(&in, NULL), NULL);
}

static void the_host_of_an_address_has_no_user_and_no_path(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct intake in = {.arena = arena};

	CHECK_STR(host_of(&in, "https://ann@Git.Example:8443/a@b?c"), "git.example:8443");
	CHECK_STR(host_of(&in, "https://git.example"), "git.example");
	CHECK_STR(host_of(&in, "https:///x"), NULL);
	CHECK_STR(host_of(&in, "git.example"), NULL);
	CHECK_STR(host_of(&in, NULL), NULL);
}

static void numbers_that_order_are_padded(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct intake in = {.arena = arena};

	CHECK_STR(padded(&in, "31889"), "00000000000000031889");
	CHECK_STR(padded(&in, "123456789012345678901"), "123456789012345678901");
	CHECK_STR(padded(&in, "12a"), "12a");
	CHECK_STR(padded(&in, ""), "");
}

int main(void)
{
	RUN(the_first_complaint_stays_and_needed_fields_then_give_nothing);
	RUN(a_complaint_says_what_was_there);
	RUN(an_entry_of_a_list_is_named_by_its_number);
	RUN(ids_and_numbers_come_as_numbers_or_texts);
	RUN(times_are_texts_or_numbers_since_1970);
	RUN(flags_come_as_words_too);
	RUN(a_form_is_decoded);
	RUN(a_sha_is_hex_and_not_all_zeros);
	RUN(a_root_cause_is_found_in_what_people_write);
	RUN(the_host_of_an_address_has_no_user_and_no_path);
	RUN(numbers_that_order_are_padded);
	return tap_done();
}
