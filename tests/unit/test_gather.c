/* SPDX-License-Identifier: Apache-2.0 */
#include "source/gather.h"

#include "../../daemon/source/lineage.h"

#include "tap.h"

#include <stdlib.h>

/* -- documents ----------------------------------------------------------------------------- */

static char seen[4096];

static bool note(void *context, const char *bytes, size_t n, size_t line)
{
	size_t at = strlen(seen);

	(void)context;
	(void)snprintf(seen + at, sizeof(seen) - at, "%zu:%.*s;", line, (int)n, bytes);
	return true;
}

/* In pieces of so many bytes; the words, or NULL. */
static const char *cut(const char *text, size_t piece)
{
	static const char *const pages[] = {"issues", "result", NULL};
	static struct error err;
	struct documents *documents = documents_create(pages, note, NULL);
	bool good = true;
	size_t n = strlen(text);

	err = (struct error){0};
	seen[0] = '\0';
	for (size_t i = 0; i < n && good; i += piece)
		good = documents_feed(documents, text + i, i + piece > n ? n - i : piece, &err);
	good = good && documents_end(documents, &err);
	documents_destroy(documents);
	return good ? NULL : err.text;
}

static const struct {
	const char *text;
	const char *want;
} streams[] = {
	{"", ""},
	{"{\"a\":1}", "1:{\"a\":1};"},
	{"{\"a\":1}{\"b\":[2]}\n{\"c\":\"]}\\\"{\"}",
		"1:{\"a\":1};1:{\"b\":[2]};2:{\"c\":\"]}\\\"{\"};"},
	{"[{\"a\":1},\n{\"b\":2}]\n[]", "1:{\"a\":1};2:{\"b\":2};"},
	{"[[{\"a\":1}],[{\"b\":2}]]", "1:{\"a\":1};1:{\"b\":2};"},
	{"{\"total\":2,\"x\":{\"issues\":[7]},\"issues\":[{\"a\":1},{\"issues\":3}],\"names\":{"
	 "}}",
		"1:{\"a\":1};1:{\"issues\":3};"},
	{"{\"result\":{\"a\":{\"b\":1}},\"y\":[{\"z\":1}]}{\"c\":1}",
		"1:{\"a\":{\"b\":1}};1:{\"c\":1};"},
	{"{\"issues\":[]}", ""},
	{"{\"title\":\"issues\",\"labels\":[1]}", "1:{\"title\":\"issues\",\"labels\":[1]};"},
	{"{\"issues\":[{\"a\":1}],\"result\":[{\"b\":1}],\"issues\":{\"c\":1}}",
		"1:{\"a\":1};1:{\"b\":1};1:{\"c\":1};"},
	{"\x1e{\"a\":1}\n\x1e{\"b\":1}\n", "1:{\"a\":1};2:{\"b\":1};"},
};

static void objects_are_found_in_documents_lists_and_pages_however_they_are_cut(void)
{
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		for (size_t piece = 1; piece < 40; piece++) {
			CHECK(cut(streams[i].text, piece) == NULL);
			CHECK_STR(seen, streams[i].want);
		}
	}
}

static void what_is_no_json_is_told_with_its_line(void)
{
	static const char *const bad[] = {"\n\n7", "\n\n\"x\"", "\n\n]",
		"\n\n{\"a\":", "\n\n[{\"a\":1}", "\n\n{\"issues\":[{}]"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *words = cut(bad[i], 3);

		CHECK(words && strncmp(words, "line 3: ", 8) == 0);
	}
}

static bool count(void *context, const char *bytes, size_t n, size_t line)
{
	(void)bytes;
	(void)line;
	*(size_t *)context += n;
	return true;
}

static void lists_within_lists_are_given_up_before_they_are_too_many(void)
{
	static const char page[] = "{\"issues\":[";
	char lists[40] = "";
	char pages[40 * sizeof(page)] = "";

	(void)memset(lists, '[', sizeof(lists) - 1);
	const char *words = cut(lists, 7);
	CHECK(words && strcmp(words, "line 1: no JSON: lists within lists within lists") == 0);
	for (size_t i = 0; i < 40; i++)
		(void)memcpy(pages + i * strlen(page), page, strlen(page));
	words = cut(pages, 7);
	CHECK(words && strcmp(words, "line 1: no JSON: lists within lists within lists") == 0);
	/* Just as many lists as there may be, and then a page. */
	lists[32] = '\0';
	(void)snprintf(pages, sizeof(pages), "%s%s", lists, page);
	words = cut(pages, 7);
	CHECK(words && strcmp(words, "line 1: no JSON: lists within lists within lists") == 0);
}

static void an_object_may_be_large_and_not_without_end(void)
{
	static const char *const pages[] = {NULL};
	static char piece[1 << 20];
	struct error err = {0};
	size_t taken = 0;
	struct documents *documents = documents_create(pages, count, &taken);

	(void)memset(piece, '1', sizeof(piece));
	CHECK(documents_feed(documents, "[{\"a\":", 6, &err));
	for (int i = 0; i < 3; i++)
		CHECK(documents_feed(documents, piece, sizeof(piece), &err));
	CHECK(documents_feed(documents, "}{\"a\":", 6, &err));
	CHECK_INT(taken, 3 * sizeof(piece) + 6);
	bool goes_on = true;
	for (int i = 0; i < 65 && goes_on; i++)
		goes_on = documents_feed(documents, piece, sizeof(piece), &err);
	CHECK(!goes_on);
	CHECK_STR(err.text, "line 1: no JSON: an object of more than 64 MiB");
	documents_destroy(documents);

	/* Nor a text within it. */
	documents = documents_create(pages, count, &taken);
	goes_on = documents_feed(documents, "{\"a\":\"", 6, &err);
	for (int i = 0; i < 65 && goes_on; i++)
		goes_on = documents_feed(documents, piece, sizeof(piece), &err);
	CHECK(!goes_on);
	documents_destroy(documents);
	documents_destroy(NULL);
}

/* -- lineage ------------------------------------------------------------------------------- */

static char pushes[4096];

static void note_push(void *context, const struct lineage_push *push)
{
	size_t at = strlen(pushes);
	size_t i;
	json_t *one;

	(void)context;
	at += (size_t)snprintf(pushes + at, sizeof(pushes) - at, "%s>%s@%lld",
		push->before ? push->before : "", push->after,
		(long long)(push->landed_us / 1000000));
	json_array_foreach(push->commits, i, one)
		at += (size_t)snprintf(pushes + at, sizeof(pushes) - at, "%s%s", i ? "+" : "=",
			json_string_value(json_object_get(one, "id")));
	(void)snprintf(pushes + at, sizeof(pushes) - at, ";");
}

/* "d 4 b c" is commit d at 4 s with the parents b and c. */
static const char *trace(const char *const *commits)
{
	struct lineage *lineage = lineage_create();

	for (; *commits; commits++) {
		char text[64];
		const char *parents[8] = {NULL};
		size_t n = 0;
		char *rest = NULL;

		(void)snprintf(text, sizeof(text), "%s", *commits);
		const char *sha = strtok_r(text, " ", &rest);
		long long at = strtoll(strtok_r(NULL, " ", &rest), NULL, 10);
		while ((parents[n] = strtok_r(NULL, " ", &rest)))
			n++;
		json_t *entry = json_pack("{s:s}", "id", sha);
		char *packed = json_dumps(entry, 0);
		lineage_add(lineage,
			&(struct lineage_commit){
				.sha = sha, .parents = parents, .committed_us = at * 1000000},
			packed);
		free(packed);
		json_decref(entry);
	}
	pushes[0] = '\0';
	lineage_each(lineage, note_push, NULL);
	CHECK_INT(lineage_n(lineage), 0);
	lineage_destroy(lineage);
	return pushes;
}
#define TRACE(...) trace((const char *const[]){__VA_ARGS__, NULL})

static void commits_on_the_line_land_one_by_one(void)
{
	CHECK_STR(TRACE("c 3 b", "b 2 a", "a 1"), ">a@1=a;a>b@2=b;b>c@3=c;");
}

static void what_a_merge_brings_lands_with_it(void)
{
	/* x and y were made on a branch of a, and merged onto b. */
	CHECK_STR(TRACE("m 9 b y", "y 4 x", "b 3 a", "x 2 a", "a 1"),
		">a@1=a;a>b@3=b;b>m@9=x+y+m;");
}

static void the_order_in_which_they_come_does_not_matter(void)
{
	CHECK_STR(TRACE("a 1", "x 2 a", "b 3 a", "y 4 x", "m 9 b y"),
		">a@1=a;a>b@3=b;b>m@9=x+y+m;");
}

static void what_two_merges_could_have_brought_came_with_the_first(void)
{
	/* The branch is merged at m, goes on, and is merged again at n. */
	CHECK_STR(TRACE("n 9 m z", "z 6 y", "m 5 a y", "y 2 a", "a 1"),
		">a@1=a;a>m@5=y+m;m>n@9=z+n;");
}

static void what_is_before_the_window_is_not_needed(void)
{
	CHECK_STR(TRACE("m 9 b y", "y 4 x"), "b>m@9=y+m;");
	CHECK_STR(TRACE("c 3 b"), "b>c@3=c;");
}

static void a_commit_lands_after_the_one_before_it_whatever_the_clocks_say(void)
{
	/* b's clock was behind, and c has the second of b. */
	CHECK_STR(TRACE("c 5 b", "b 5 a", "a 8"), ">a@8=a;a>b@8=b;b>c@8=c;");
	/* A clock of another century drags nobody along. */
	CHECK_STR(TRACE("b 5 a", "a 4000000000"), ">a@4000000000=a;a>b@5=b;");
}

static void a_commit_twice_is_one(void)
{
	CHECK_STR(TRACE("b 2 a", "a 1", "b 2 a"), ">a@1=a;a>b@2=b;");
}

int main(void)
{
	RUN(objects_are_found_in_documents_lists_and_pages_however_they_are_cut);
	RUN(what_is_no_json_is_told_with_its_line);
	RUN(lists_within_lists_are_given_up_before_they_are_too_many);
	RUN(an_object_may_be_large_and_not_without_end);
	RUN(commits_on_the_line_land_one_by_one);
	RUN(what_a_merge_brings_lands_with_it);
	RUN(the_order_in_which_they_come_does_not_matter);
	RUN(what_two_merges_could_have_brought_came_with_the_first);
	RUN(what_is_before_the_window_is_not_needed);
	RUN(a_commit_lands_after_the_one_before_it_whatever_the_clocks_say);
	RUN(a_commit_twice_is_one);
	return tap_done();
}
