/* SPDX-License-Identifier: Apache-2.0 */
#include "source/gather.h"

#include "base/xalloc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LEVELS 32                /* of lists and pages around an object */
#define MOST_BYTES ((size_t)64 << 20) /* of an object */
#define KEEP_ROOM_BYTES ((size_t)1 << 20)

/* What stands around the object at hand. */
enum level {
	LEVEL_LIST, /* between [ and ] */
	LEVEL_PAGE, /* within a page, its own fields */
	LEVEL_FIELD /* a page's field that holds one object */
};

struct documents {
	const char *const *pages;
	documents_take *take;
	void *context;

	enum level levels[MOST_LEVELS];
	size_t n_levels;

	char *bytes; /* of the object at hand */
	size_t n;
	size_t room;
	size_t depth; /* within it; 0: none begun */
	bool in_string;
	bool escaped;
	size_t key_at; /* the last string in it: at depth 1 it may be a key */
	size_t key_end;

	size_t line;
	size_t began_line; /* of the object */
};

struct documents *documents_create(
	const char *const *pages, documents_take *take, void *context)
{
	struct documents *documents = xcalloc(1, sizeof(*documents));

	documents->pages = pages;
	documents->take = take;
	documents->context = context;
	documents->line = 1;
	return documents;
}

void documents_destroy(struct documents *documents)
{
	if (!documents)
		return;
	free(documents->bytes);
	free(documents);
}

static bool fail(const struct documents *documents, struct error *err, const char *what)
{
	error_setf(err, "line %zu: no JSON: %s", documents->line, what);
	return false;
}

static void append(struct documents *documents, char byte)
{
	if (documents->n == documents->room) {
		documents->room = documents->room ? 2 * documents->room : 4096;
		documents->bytes = xrealloc(documents->bytes, documents->room);
	}
	documents->bytes[documents->n++] = byte;
}

static void forget(struct documents *documents)
{
	documents->n = documents->depth = documents->key_at = documents->key_end = 0;
	if (documents->room > KEEP_ROOM_BYTES) {
		free(documents->bytes);
		documents->bytes = NULL;
		documents->room = 0;
	}
}

static bool push(struct documents *documents, enum level level, struct error *err)
{
	if (documents->n_levels == MOST_LEVELS)
		return fail(documents, err, "lists within lists within lists");
	documents->levels[documents->n_levels++] = level;
	return true;
}

/* Back within the page whose field has ended: its other fields may hold objects too. */
static void resume_page(struct documents *documents)
{
	append(documents, '{');
	documents->depth = 1;
}

static bool in_level(const struct documents *documents, enum level level)
{
	return documents->n_levels && documents->levels[documents->n_levels - 1] == level;
}

static bool end_list(struct documents *documents, struct error *err)
{
	if (!in_level(documents, LEVEL_LIST))
		return fail(documents, err, "a ] that nothing opened");
	documents->n_levels--;
	if (in_level(documents, LEVEL_PAGE))
		resume_page(documents);
	return true;
}

static bool end_object(struct documents *documents)
{
	bool goes_on = true;

	if (in_level(documents, LEVEL_PAGE)) {
		documents->n_levels--; /* what was of interest in it is told already */
	} else {
		goes_on = documents->take(documents->context, documents->bytes, documents->n,
			documents->began_line);
	}
	forget(documents);
	if (in_level(documents, LEVEL_FIELD)) {
		documents->n_levels--;
		resume_page(documents);
	}
	return goes_on;
}

/* Is this the value of a field that holds a page's objects? */
static bool is_page_field(const struct documents *documents)
{
	const char *key = documents->bytes + documents->key_at;
	size_t n = documents->key_end - documents->key_at;

	if (documents->depth != 1 || !documents->key_end)
		return false;
	for (const char *const *page = documents->pages; *page; page++) {
		if (strlen(*page) == n && memcmp(*page, key, n) == 0)
			return true;
	}
	return false;
}

static bool open_page_field(struct documents *documents, char byte, struct error *err)
{
	bool known = in_level(documents, LEVEL_PAGE);

	forget(documents);
	if (!known && !push(documents, LEVEL_PAGE, err))
		return false;
	if (byte == '[')
		return push(documents, LEVEL_LIST, err);
	documents->began_line = documents->line;
	append(documents, byte);
	documents->depth = 1;
	return push(documents, LEVEL_FIELD, err);
}

/* Outside any object. */
static bool step_between(struct documents *documents, char byte, struct error *err)
{
	if (isspace((unsigned char)byte) || byte == ',' || byte == '\x1e')
		return true; /* 1e: RFC 7464 puts one before each document */
	if (byte == '[')
		return push(documents, LEVEL_LIST, err);
	if (byte == ']')
		return end_list(documents, err);
	if (byte != '{')
		return fail(documents, err, "want an object, a list or a page of objects");
	documents->began_line = documents->line;
	append(documents, byte);
	documents->depth = 1;
	return true;
}

static void step_string(struct documents *documents, char byte)
{
	append(documents, byte);
	if (documents->escaped) {
		documents->escaped = false;
	} else if (byte == '\\') {
		documents->escaped = true;
	} else if (byte == '"') {
		documents->in_string = false;
		documents->key_end = documents->n - 1;
	}
}

static bool step_within(struct documents *documents, char byte, struct error *err)
{
	if (byte == '"') {
		documents->in_string = true;
		append(documents, byte);
		if (documents->depth == 1)
			documents->key_at = documents->n;
		return true;
	}
	if ((byte == '[' || byte == '{') && is_page_field(documents))
		return open_page_field(documents, byte, err);
	append(documents, byte);
	if (byte == '[' || byte == '{')
		documents->depth++;
	else if ((byte == ']' || byte == '}') && --documents->depth == 0)
		return end_object(documents);
	return true;
}

bool documents_feed(struct documents *documents, const char *bytes, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		bool goes_on = true;

		if (documents->in_string)
			step_string(documents, bytes[i]);
		else if (documents->depth)
			goes_on = step_within(documents, bytes[i], err);
		else
			goes_on = step_between(documents, bytes[i], err);
		if (goes_on && documents->n > MOST_BYTES)
			goes_on = fail(documents, err, "an object of more than 64 MiB");
		documents->line += bytes[i] == '\n';
		if (!goes_on)
			return false;
	}
	return true;
}

bool documents_end(struct documents *documents, struct error *err)
{
	if (!documents->depth && !documents->n_levels)
		return true;
	error_setf(err, "line %zu: ends within a document; its last object began at line %zu",
		documents->line, documents->began_line);
	return false;
}
