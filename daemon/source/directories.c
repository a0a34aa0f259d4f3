/* SPDX-License-Identifier: Apache-2.0 */
#include "observe.h"

#include <stdlib.h>
#include <string.h>

struct directories {
	struct arena *arena;
	const char **names;
	size_t n;
	size_t room;
};

static void add(struct directories *directories, const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash ? (size_t)(slash - file) : 0;
	size_t last = directories->n - 1;

	/* Files of one directory mostly follow one another. */
	if (directories->n && strncmp(directories->names[last], file, n) == 0 &&
		directories->names[last][n] == '\0')
		return;
	if (directories->n == directories->room) {
		directories->room = directories->room ? 2 * directories->room : 16;
		const char **names =
			arena_alloc(directories->arena, directories->room * sizeof(*names));
		if (directories->n)
			memcpy(names, directories->names, directories->n * sizeof(*names));
		directories->names = names;
	}
	directories->names[directories->n++] = arena_strndup(directories->arena, file, n);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* False: there were more than an event may hold. */
static bool put(const struct directories *directories, struct dora_event *event)
{
	size_t n = 0;

	if (directories->n)
		qsort(directories->names, directories->n, sizeof(*directories->names),
			by_bytes);
	dora_put_list(event, "origin.paths");
	for (size_t i = 0; i < directories->n; i++) {
		if (i && strcmp(directories->names[i], directories->names[i - 1]) == 0)
			continue;
		if (n++ == DORA_PATHS_MAX)
			return false;
		dora_put_entry(event, "origin.paths", directories->names[i]);
	}
	return true;
}

void commit_put_paths(struct intake *in, struct dora_event *event, const struct reader *commit,
	size_t most_files)
{
	static const char *const lists[] = {"added", "removed", "modified"};
	struct directories directories = {.arena = in->arena};
	size_t n_files = 0;
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *files = reader_find(commit, lists[i]);
		size_t at;
		json_t *file;

		known = known || json_is_array(files);
		n_files += json_array_size(files);
		json_array_foreach((json_t *)(uintptr_t)files, at, file) {
			if (json_is_string(file))
				add(&directories, json_string_value(file));
		}
	}
	if (known && (!put(&directories, event) || n_files >= most_files))
		dora_put_bool(event, "origin.paths_truncated", true);
}
