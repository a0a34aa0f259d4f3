/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/shelf.h"

#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>

#include "tap.h"

#define ROOM (1 << 20)

static struct shelf_page page_of(const char *body)
{
	return (struct shelf_page){.type = "text/html",
		.policy = "none",
		.cache = "no-cache",
		.etag = "\"1\"",
		.body = body,
		.n_body = strlen(body)};
}

static void put(struct shelf *shelf, const char *key, const char *version, const char *body)
{
	struct shelf_page page = page_of(body);

	shelf_put(shelf, key, version, &page);
}

static bool is_there(struct shelf *shelf, const char *key, const char *version)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct shelf_page page;

	return shelf_take(shelf, key, version, 0, arena, &page);
}

static void a_page_comes_back_as_it_was_put(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct shelf *shelf = shelf_create(ROOM);
	struct shelf_page page = page_of("<p>a page</p>");
	struct shelf_page got;

	page.link = "</next>; rel=next";
	page.for_all = true;
	shelf_put(shelf, "/a?", "1", &page);
	CHECK(shelf_take(shelf, "/a?", "1", 0, arena, &got));
	shelf_destroy(shelf); /* what was taken is the arena's */
	CHECK_STR(got.type, page.type);
	CHECK_STR(got.policy, page.policy);
	CHECK_STR(got.cache, page.cache);
	CHECK_STR(got.link, page.link);
	CHECK_STR(got.etag, page.etag);
	CHECK(got.for_all);
	CHECK_INT(got.n_body, page.n_body);
	CHECK_STR(got.body, page.body);
}

static void an_empty_page_is_a_page(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct shelf *shelf = shelf_create(ROOM);
	struct shelf_page got;

	put(shelf, "/a?", "1", "");
	CHECK(shelf_take(shelf, "/a?", "1", 0, arena, &got));
	CHECK_INT(got.n_body, 0);
	CHECK(!got.link);
	shelf_destroy(shelf);
}

static void a_page_of_another_version_is_none(void)
{
	struct shelf *shelf = shelf_create(ROOM);

	put(shelf, "/a?", "1", "old");
	CHECK(shelf_has(shelf, "/a?"));
	CHECK(!is_there(shelf, "/a?", "2"));
	CHECK(!shelf_has(shelf, "/a?"));
	put(shelf, "/a?", "2", "new");
	CHECK(is_there(shelf, "/a?", "2"));
	CHECK(!is_there(shelf, "/b?", "2"));
	shelf_destroy(shelf);
}

static void a_page_may_be_shown_for_a_while_whatever_its_version(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct shelf *shelf = shelf_create(ROOM);
	struct shelf_page page = page_of("dear");
	struct shelf_page got;

	put(shelf, "/cheap?", "1", "cheap");
	page.until_us = 1000;
	shelf_put(shelf, "/dear?", "1", &page);
	CHECK(shelf_take(shelf, "/dear?", NULL, 999, arena, &got));
	CHECK_STR(got.body, "dear");
	CHECK(!shelf_take(shelf, "/dear?", NULL, 1000, arena, &got));
	CHECK(!shelf_take(shelf, "/cheap?", NULL, 999, arena, &got));
	CHECK(is_there(shelf, "/dear?", "1"));
	CHECK(is_there(shelf, "/cheap?", "1"));
	shelf_destroy(shelf);
}

static void of_two_pages_with_one_key_the_later_stays(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct shelf *shelf = shelf_create(ROOM);
	struct shelf_page got;

	put(shelf, "/a?", "1", "one");
	put(shelf, "/a?", "1", "another");
	CHECK(shelf_take(shelf, "/a?", "1", 0, arena, &got));
	CHECK_STR(got.body, "another");
	shelf_destroy(shelf);
}

static void what_was_used_least_lately_goes_first(void)
{
	struct shelf *shelf = shelf_create(20000);
	char key[16];

	put(shelf, "/first?", "1", "kept by use");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "/%d?", i);
		put(shelf, key, "1", "a page");
		CHECK(is_there(shelf, "/first?", "1"));
	}
	CHECK(shelf_has(shelf, "/999?"));
	CHECK(!shelf_has(shelf, "/0?"));
	shelf_clear(shelf);
	CHECK(!shelf_has(shelf, "/999?"));
	CHECK(!shelf_has(shelf, "/first?"));
	shelf_destroy(shelf);
}

static void a_page_larger_than_the_shelf_is_not_kept(void)
{
	struct shelf *shelf = shelf_create(100);

	put(shelf, "/a?", "1", "a page");
	CHECK(!shelf_has(shelf, "/a?"));
	shelf_destroy(shelf);
}

static void *use(void *context)
{
	struct shelf *shelf = context;
	char key[16];
	int wrong = 0;

	for (int i = 0; i < 2000; i++) {
		CLEANUP(arena_destroyp) struct arena *arena = arena_create();
		struct shelf_page page;

		(void)snprintf(key, sizeof(key), "/%d?", i % 40);
		if (shelf_take(shelf, key, "1", 0, arena, &page))
			wrong += strcmp(page.body, key) != 0;
		else
			put(shelf, key, "1", key);
	}
	return wrong ? shelf : NULL;
}

static void many_threads_get_the_page_of_their_key(void)
{
	struct shelf *shelf = shelf_create(8000); /* not for all of them */
	pthread_t threads[4];
	void *wrong;

	for (size_t i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, use, shelf), 0);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(threads[i], &wrong), 0);
		CHECK(!wrong);
	}
	shelf_destroy(shelf);
}

int main(void)
{
	RUN(a_page_comes_back_as_it_was_put);
	RUN(an_empty_page_is_a_page);
	RUN(a_page_of_another_version_is_none);
	RUN(a_page_may_be_shown_for_a_while_whatever_its_version);
	RUN(of_two_pages_with_one_key_the_later_stays);
	RUN(what_was_used_least_lately_goes_first);
	RUN(a_page_larger_than_the_shelf_is_not_kept);
	RUN(many_threads_get_the_page_of_their_key);
	return tap_done();
}
