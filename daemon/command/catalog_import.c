/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include "base/plural.h"
#include "base/xalloc.h"
#include "config/backstage.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (4 << 20) /* bytes; they are written by hand */

static void say(void *context, const char *words)
{
	(void)context;
	fprintf(stderr, "dorad catalog: %s\n", words);
}

static bool read_file(struct backstage *backstage, const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	bool done = false;

	if (!file) {
		error_setf(err, "%s: %s", path, strerrordesc_np(errno));
		return false;
	}
	char *bytes = xmalloc(MAX_FILE);
	size_t n = fread(bytes, 1, MAX_FILE, file);
	if (ferror(file) || n == MAX_FILE)
		error_setf(err, "%s: cannot be read, or is larger than %d MiB", path,
			MAX_FILE >> 20);
	else
		done = backstage_read(backstage, path, bytes, n, err);
	free(bytes);
	(void)fclose(file);
	return done;
}

static bool has_name(const char *name)
{
	return strcmp(name, "catalog-info.yaml") == 0 || strcmp(name, "catalog-info.yml") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A file as it is named, a pipe too; in a folder those called catalog-info.yaml. */
static bool is_wanted(const FTSENT *entry)
{
	bool named = entry->fts_level == FTS_ROOTLEVEL;

	return (named && entry->fts_info == FTS_DEFAULT) ||
		(entry->fts_info == FTS_F && (named || has_name(entry->fts_name)));
}

/* What cannot be looked at. A link whose end is gone is no error to fts, and is one here. */
static bool cannot_be_read(const FTSENT *entry)
{
	return entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR ||
		entry->fts_info == FTS_DNR ||
		(entry->fts_info == FTS_SLNONE && entry->fts_level == FTS_ROOTLEVEL);
}

static bool read_all(
	struct backstage *backstage, char *const *paths, size_t *n_files, struct error *err)
{
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	bool done = true;

	if (!walk) {
		error_setf(err, "%s: %s", paths[0], strerrordesc_np(errno));
		return false;
	}
	for (FTSENT *entry; done && (entry = fts_read(walk));) {
		if (cannot_be_read(entry)) {
			error_setf(err, "%s: %s", entry->fts_path,
				strerrordesc_np(entry->fts_errno ? entry->fts_errno : ENOENT));
			done = false;
		} else if (is_wanted(entry)) {
			done = read_file(backstage, entry->fts_path, err);
			(*n_files)++;
		} else if (entry->fts_info == FTS_D && strcmp(entry->fts_name, ".git") == 0) {
			(void)fts_set(walk, entry, FTS_SKIP);
		}
	}
	(void)fts_close(walk);
	/* An empty catalogue would be applied as readily as any. */
	if (done && !*n_files)
		error_setf(err, "%s%s: no catalog-info.yaml there", paths[0],
			paths[1] ? " and the others" : "");
	return done && *n_files;
}

int catalog_import(const struct command_line *line)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct backstage *backstage = backstage_create(arena);
	size_t n = command_n_arguments(line) - 1;
	size_t n_files = 0;
	struct error err = {0};

	if (n == 0)
		return command_misuse(
			line, "import: which files? name catalog-info.yaml files, or folders");
	char **paths = xcalloc(n + 1, sizeof(*paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = arena_strdup(arena, command_argument(line, i + 1));
	bool done = read_all(backstage, paths, &n_files, &err);
	free(paths);
	if (!done)
		return command_fail(line, "%s", err.text);

	backstage_settle(backstage, say, NULL);
	backstage_write(backstage, stdout);
	size_t n_services = backstage_n_services(backstage);
	fprintf(stderr, "dorad catalog: %zu %s, %zu %s\n", n_files,
		plural((int64_t)n_files, "file", "files"), n_services,
		plural((int64_t)n_services, "service", "services"));
	return EXIT_DONE;
}
