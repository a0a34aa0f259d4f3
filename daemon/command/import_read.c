/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)256 << 10)

static bool take(void *context, const char *bytes, size_t n, size_t line)
{
	struct import *import = context;
	char place[300];

	(void)snprintf(place, sizeof(place), "%.250s:%zu", import->file, line);
	return gather_take(import->gather, bytes, n, place);
}

static bool feed(struct import *import, int fd, struct documents *documents)
{
	static char piece[PIECE_BYTES];
	struct error err = {0};
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)command_fail(
				import->line, "%s: %s", import->file, strerrordesc_np(errno));
			return false;
		}
		import->read_bytes += n;
		if (!documents_feed(documents, piece, (size_t)n, &err))
			break;
		import_progress(import);
	}
	bool whole = n == 0 && documents_end(documents, &err);
	if (!whole && err.text[0]) /* else whoever stopped it has said why */
		(void)command_fail(import->line, "%s: %s", import->file, err.text);
	return whole;
}

static bool read_one(struct import *import, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(documents_destroyp)
	struct documents *documents =
		documents_create(gather_pages(import->gather), take, import);

	import->file = is_stdin ? "standard input" : path;
	if (fd < 0) {
		(void)command_fail(import->line, "%s: %s", path, strerrordesc_np(errno));
		return false;
	}
	bool read = feed(import, fd, documents);
	if (!is_stdin)
		(void)close(fd);
	return read;
}

static int64_t size_of(const char *path)
{
	struct stat file;

	return strcmp(path, "-") != 0 && stat(path, &file) == 0 && S_ISREG(file.st_mode)
		? (int64_t)file.st_size
		: 0;
}

bool import_files(struct import *import)
{
	size_t n = command_n_arguments(import->line);

	if (n == 1)
		return read_one(import, "-");
	for (size_t i = 1; i < n; i++)
		import->all_bytes += size_of(command_argument(import->line, i));
	for (size_t i = 1; i < n; i++) {
		if (!read_one(import, command_argument(import->line, i)))
			return false;
	}
	return true;
}
