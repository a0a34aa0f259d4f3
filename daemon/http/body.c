/* SPDX-License-Identifier: Apache-2.0 */
#include "body_priv.h"

#include "base/xalloc.h"
#include "http/http.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#define FIRST_BYTES 4096

static int complain(struct error *err, const char *what, const char *folder)
{
	error_setf(err, "a large body needs a file in %s: %s: %s", folder, what,
		strerrordesc_np(errno));
	return -1;
}

static int open_spool(const char *folder, struct error *err)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return complain(err, "open", folder);

	char *path = xasprintf("%s/.dorad-body-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		(void)complain(err, "mkostemp", folder);
	else
		(void)unlink(path);
	free(path);
	return fd;
}

static bool write_all(
	int fd, const char *bytes, size_t n, const char *folder, struct error *err)
{
	while (n > 0) {
		ssize_t put = write(fd, bytes, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			(void)complain(err, "write", folder);
			return false;
		}
		bytes += put;
		n -= (size_t)put;
	}
	return true;
}

/* What is in memory becomes what is not in the file yet. */
static bool move_to_file(struct body *body, const char *folder, struct error *err)
{
	body->fd = open_spool(folder, err);
	if (body->fd < 0)
		return false;
	body->bytes = xrealloc(body->bytes, BODY_MEMORY_BYTES);
	body->size = BODY_MEMORY_BYTES;
	body->n_tail = body->n;
	return true;
}

/* Pieces are gathered: a client's chunks of ten bytes must not be a system call each. And only
 * whole buffers are written: the file's pages are then large, and cost the kernel a fourth. */
static bool append_to_file(
	struct body *body, const char *bytes, size_t n, const char *folder, struct error *err)
{
	while (n > 0) {
		size_t room = body->size - body->n_tail;
		size_t taken = n < room ? n : room;

		memcpy(body->bytes + body->n_tail, bytes, taken);
		body->n_tail += taken;
		bytes += taken;
		n -= taken;
		if (body->n_tail < body->size)
			break;
		if (!write_all(body->fd, body->bytes, body->n_tail, folder, err))
			return false;
		body->n_tail = 0;
	}
	return true;
}

/* Grows with what has come, never by what was announced. */
static void grow(struct body *body, size_t wanted, int64_t expected)
{
	size_t size = body->size ? body->size : FIRST_BYTES;

	while (size < wanted)
		size *= 2;
	if (expected > 0 && (size_t)expected >= wanted && (size_t)expected < size)
		size = (size_t)expected;
	body->bytes = xrealloc(body->bytes, size);
	body->size = size;
}

bool body_append(struct body *body, const char *bytes, size_t n, int64_t expected,
	const char *folder, struct error *err)
{
	if (body->fd < 0 && body->n + n > BODY_MEMORY_BYTES && !move_to_file(body, folder, err))
		return false;
	if (body->fd >= 0) {
		if (!append_to_file(body, bytes, n, folder, err))
			return false;
	} else {
		if (body->n + n > body->size)
			grow(body, body->n + n, expected);
		memcpy(body->bytes + body->n, bytes, n);
	}
	body->n += n;
	return true;
}

bool body_finish(struct body *body, const char *folder, struct error *err)
{
	if (body->fd < 0)
		return true;

	assert(body->n > BODY_MEMORY_BYTES);
	if (!write_all(body->fd, body->bytes, body->n_tail, folder, err))
		return false;
	void *mapped = mmap(NULL, body->n, PROT_READ, MAP_SHARED, body->fd, 0);
	if (mapped == MAP_FAILED) {
		error_setf(err, "a large body could not be mapped: %s", strerrordesc_np(errno));
		return false;
	}
	(void)close(body->fd);
	free(body->bytes);
	body->fd = -1;
	body->size = 0;
	body->bytes = mapped;
	return true;
}

size_t body_memory(const struct body *body)
{
	return body->size;
}

size_t body_file(const struct body *body)
{
	return body->n > BODY_MEMORY_BYTES ? body->n : 0;
}

void body_rest(const struct body *body)
{
	if (body->bytes && body->n > BODY_MEMORY_BYTES)
		(void)madvise(body->bytes, body->n, MADV_DONTNEED);
}

void body_clear(struct body *body)
{
	if (body->fd >= 0) {
		(void)close(body->fd);
		free(body->bytes);
	} else {
		http_body_free(body->bytes, body->n);
	}
	*body = BODY_EMPTY;
}

void http_body_free(char *body, size_t n)
{
	if (body && n > BODY_MEMORY_BYTES)
		(void)munmap(body, n);
	else
		free(body);
}
