/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/shelf.h"

#include "base/xalloc.h"
#include "press_priv.h"

#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* What an entry takes besides its texts. */
#define ENTRY_BYTES (sizeof(struct kept) + 128)

struct kept {
	TAILQ_ENTRY(kept) by_use;
	int holders; /* the shelf, and who unpacks it */
	size_t n_bytes;
	const char *key; /* own_key, or, while it is looked for, another's */
	char *own_key;
	char *version;
	char *type; /* and so on, as struct shelf_page says */
	char *policy;
	char *cache;
	char *link;
	char *etag;
	bool for_all;
	int64_t until_us;
	size_t n_body;
	void *packed; /* the body */
	size_t n_packed;
};

TAILQ_HEAD(entries, kept);

struct shelf {
	pthread_mutex_t lock;
	struct press *press;
	size_t most_bytes;
	size_t n_bytes;
	struct entries by_use; /* the last used first */
	void *by_key;          /* tsearch()'s tree of entries */
};

struct shelf *shelf_create(size_t most_bytes)
{
	struct shelf *shelf = xcalloc(1, sizeof(*shelf));

	(void)pthread_mutex_init(&shelf->lock, NULL);
	shelf->press = press_create();
	shelf->most_bytes = most_bytes;
	TAILQ_INIT(&shelf->by_use);
	return shelf;
}

void shelf_destroy(struct shelf *shelf)
{
	if (!shelf)
		return;
	shelf_clear(shelf);
	press_destroy(shelf->press);
	(void)pthread_mutex_destroy(&shelf->lock);
	free(shelf);
}

/* ---- entries ---- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct kept *make(struct press *press, const char *key, const char *version,
	const struct shelf_page *page)
{
	struct kept *entry = xcalloc(1, sizeof(*entry));

	*entry = (struct kept){.holders = 1,
		.own_key = xstrdup(key),
		.version = xstrdup(version),
		.type = copy(page->type),
		.policy = copy(page->policy),
		.cache = copy(page->cache),
		.link = copy(page->link),
		.etag = copy(page->etag),
		.for_all = page->for_all,
		.until_us = page->until_us,
		.n_body = page->n_body};
	entry->key = entry->own_key;
	entry->packed = press_pack(press, page->body, page->n_body, &entry->n_packed);
	entry->n_bytes = ENTRY_BYTES + strlen(key) + strlen(version) + entry->n_packed +
		(page->policy ? strlen(page->policy) : 0) +
		(page->link ? strlen(page->link) : 0);
	return entry;
}

/* Under the lock; or whoever is the last to hold it. */
static void drop(struct kept *entry)
{
	if (--entry->holders > 0)
		return;
	free(entry->own_key);
	free(entry->version);
	free(entry->type);
	free(entry->policy);
	free(entry->cache);
	free(entry->link);
	free(entry->etag);
	free(entry->packed);
	free(entry);
}

static int compare(const void *a, const void *b)
{
	const struct kept *left = a;
	const struct kept *right = b;

	return strcmp(left->key, right->key);
}

static struct kept *find(struct shelf *shelf, const char *key)
{
	const struct kept wanted = {.key = key};
	struct kept *const *found = tfind(&wanted, &shelf->by_key, compare);

	return found ? *found : NULL;
}

static void take_out(struct shelf *shelf, struct kept *entry)
{
	TAILQ_REMOVE(&shelf->by_use, entry, by_use);
	(void)tdelete(entry, &shelf->by_key, compare);
	shelf->n_bytes -= entry->n_bytes;
	drop(entry);
}

/* ---- use ---- */

bool shelf_has(struct shelf *shelf, const char *key)
{
	(void)pthread_mutex_lock(&shelf->lock);
	bool has = find(shelf, key) != NULL;
	(void)pthread_mutex_unlock(&shelf->lock);
	return has;
}

static const char *text_of(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static bool unpack(struct press *press, const struct kept *entry, struct arena *arena,
	struct shelf_page *out)
{
	size_t n = entry->n_body;
	char *body = arena_own(arena, xmalloc(n + 1), free);

	if (!press_unpack(press, entry->packed, entry->n_packed, body, n))
		return false;
	body[n] = '\0';
	*out = (struct shelf_page){.type = text_of(arena, entry->type),
		.policy = text_of(arena, entry->policy),
		.cache = text_of(arena, entry->cache),
		.link = text_of(arena, entry->link),
		.etag = text_of(arena, entry->etag),
		.for_all = entry->for_all,
		.until_us = entry->until_us,
		.body = body,
		.n_body = n};
	return true;
}

bool shelf_take(struct shelf *shelf, const char *key, const char *version, int64_t now_us,
	struct arena *arena, struct shelf_page *out)
{
	(void)pthread_mutex_lock(&shelf->lock);
	struct kept *entry = find(shelf, key);
	if (entry && version && strcmp(entry->version, version) != 0) {
		take_out(shelf, entry); /* it will be made again now */
		entry = NULL;
	}
	if (entry && !version && entry->until_us <= now_us)
		entry = NULL;
	if (entry) {
		entry->holders++;
		TAILQ_REMOVE(&shelf->by_use, entry, by_use);
		TAILQ_INSERT_HEAD(&shelf->by_use, entry, by_use);
	}
	(void)pthread_mutex_unlock(&shelf->lock);
	if (!entry)
		return false;

	bool fine = unpack(shelf->press, entry, arena, out);
	(void)pthread_mutex_lock(&shelf->lock);
	drop(entry);
	(void)pthread_mutex_unlock(&shelf->lock);
	return fine;
}

void shelf_put(struct shelf *shelf, const char *key, const char *version,
	const struct shelf_page *page)
{
	struct kept *made = make(shelf->press, key, version, page);

	(void)pthread_mutex_lock(&shelf->lock);
	struct kept *before = find(shelf, key);
	if (before)
		take_out(shelf, before);
	TAILQ_INSERT_HEAD(&shelf->by_use, made, by_use);
	if (!tsearch(made, &shelf->by_key, compare))
		out_of_memory();
	shelf->n_bytes += made->n_bytes;
	struct kept *last = TAILQ_LAST(&shelf->by_use, entries);
	while (last && shelf->n_bytes > shelf->most_bytes) {
		struct kept *one_before = TAILQ_PREV(last, entries, by_use);

		take_out(shelf, last);
		last = one_before;
	}
	(void)pthread_mutex_unlock(&shelf->lock);
}

void shelf_clear(struct shelf *shelf)
{
	(void)pthread_mutex_lock(&shelf->lock);
	while (!TAILQ_EMPTY(&shelf->by_use))
		take_out(shelf, TAILQ_FIRST(&shelf->by_use));
	(void)pthread_mutex_unlock(&shelf->lock);
}
